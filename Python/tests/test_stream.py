"""Decoding while bytes arrive."""

import io
import os
import threading

import numpy as np
import pytest

import tamis

pytest.importorskip("onnx")


@pytest.mark.parametrize("size", [29, 4096, 1 << 30])
def test_tensors_and_pieces(lossy, size):
    wanted = tamis.numpy.load_file(lossy)
    found, file = {}, None
    with tamis.StreamDecoder(pieces=True) as stream:
        assert stream.files == ()

        def fetch():
            nonlocal file
            for info, array in stream.tensors():
                assert info.shape == array.shape
                found[info.name] = array
            for number, offset, piece in stream.pieces():
                if file is None:
                    file = bytearray(stream.files[0].nbytes)
                assert number == 0
                file[offset:offset + len(piece)] = piece

        for start in range(0, len(lossy), size):
            stream.push(lossy[start:start + size])
            fetch()
        stream.finish()
        fetch()
        assert stream.is_checked(0)
        with pytest.raises(tamis.MisuseError):
            stream.is_checked(1)
    assert set(found) == set(wanted) and all(np.array_equal(found[name], wanted[name]) for name in wanted)
    assert bytes(file) == tamis.decode(lossy)


def test_first_tensors_before_the_last_byte(large):
    data = large.read_bytes()
    given = []

    def chunks():
        for start in range(0, len(data), 65536):
            given.append(start)
            yield data[start:start + 65536]

    tensors = tamis.iter_tensors(chunks())
    next(tensors)
    assert len(given) * 65536 < len(data) / 2
    assert len(list(tensors)) == 3


def test_sources(lossy, tmp_path):
    wanted = tamis.numpy.load_file(lossy)
    (tmp_path / "a.tamis").write_bytes(lossy)
    reading, writing = os.pipe()

    def write():
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(lossy)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as pipe:
        for source in (pipe, lossy, memoryview(lossy), tmp_path / "a.tamis", io.BytesIO(lossy), [lossy[:100], lossy[100:]]):
            found = dict(tamis.iter_tensors(source))
            assert set(found) == set(wanted) and all(np.array_equal(found[name], wanted[name]) for name in wanted)
    writer.join()


def test_what_is_missing_or_damaged(lossy):
    for size in (0, 1, 50, len(lossy) // 2, len(lossy) - 1):
        with pytest.raises(tamis.MalformedError) as caught:
            list(tamis.iter_tensors(lossy[:size]))
        assert caught.value.code == ("truncated" if size else "not_tamis")
    damaged = bytearray(lossy)
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(tamis.MalformedError) as caught:
        list(tamis.iter_tensors(damaged))
    assert caught.value.code == "payload_checksum"
    with tamis.StreamDecoder() as stream:
        for _ in range(2):
            with pytest.raises(tamis.MalformedError):
                stream.push(b"no tamis file at all")
    with pytest.raises(ValueError, match="closed"):
        stream.push(b"")
