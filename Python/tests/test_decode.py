"""Whole files: encode, decode, options, what is refused."""

import hashlib
import os
import threading

import numpy as np
import pytest

import tamis

onnx = pytest.importorskip("onnx")


def test_lossless_gives_the_same_bytes(model_path, lossless):
    assert isinstance(lossless, bytes)
    decoded = tamis.decode(lossless)
    assert isinstance(decoded, bytes)
    assert decoded == model_path.read_bytes()


def test_paths_in_and_out(model_path, tmp_path):
    encoded, back = tmp_path / "a.tamis", tmp_path / "back.onnx"
    assert tamis.encode(model_path, encoded, lossless=True) is None
    assert tamis.decode(encoded, back) is None
    assert back.read_bytes() == model_path.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.tamis", "back.onnx"]


def test_memory_and_path_give_the_same_bytes(model, model_path, lossy, tmp_path):
    data = model_path.read_bytes()
    for source in (data, bytearray(data), memoryview(data), model):
        assert tamis.encode(source, quality=25, file_name="network.onnx") == lossy
    tamis.encode(data, tmp_path / "m.tamis", quality=25, file_name="network.onnx")
    assert (tmp_path / "m.tamis").read_bytes() == lossy
    assert os.stat(tmp_path / "m.tamis").st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_threads_do_not_change_bytes(model_path, lossy):
    assert tamis.encode(model_path, quality=25, threads=1) == lossy
    assert tamis.decode(lossy, threads=1) == tamis.decode(lossy, threads=3)


def test_outputs_are_not_replaced_unasked(model_path, lossy, tmp_path):
    output = tmp_path / "kept"
    output.write_bytes(b"mine")
    for attempt in (
            lambda: tamis.encode(model_path, output), lambda: tamis.encode(model_path.read_bytes(), output), lambda: tamis.decode(lossy, output)):
        with pytest.raises(FileExistsError) as caught:
            attempt()
        assert isinstance(caught.value, tamis.OutputExistsError) and caught.value.code == "output_exists"
        assert output.read_bytes() == b"mine"
    tamis.decode(lossy, output, overwrite=True)
    assert output.read_bytes() == tamis.decode(lossy)
    tamis.encode(model_path.read_bytes(), output, overwrite=True, quality=25, file_name="network.onnx")
    assert output.read_bytes() == lossy
    assert os.listdir(tmp_path) == ["kept"]


@pytest.mark.parametrize("target", [
    {"quality": 30}, {"bits_per_weight": 5}, {"target_size": 60000}, {"target_size": "60K"}, {"snr": 25}, {"step": 0.01},
    {"quality": np.float32(20)}, {}])
def test_targets(model_path, target):
    encoded = tamis.encode(model_path, **target)
    assert len(encoded) < model_path.stat().st_size
    if "target_size" in target:
        assert len(encoded) <= 61440
    tamis.decode(encoded)


def test_settings_of_single_tensors(model_path):
    encoded = tamis.encode(
        model_path, quality=20, effort=3, exclude=["w2"], quantizer="midtread", feedback="none",
        rules={"w0": {"quantizer": {"name": "affine", "bits": 8}}, "b*": {"quantizer": "exact"}})
    with tamis.open(encoded) as opened:
        assert opened.coding("w2").exact and opened.coding("b0").exact
        assert not opened.coding("w0").exact and not opened.coding("w1").exact
        assert opened.coding("w1").step > 0
        assert "--quality 20" in opened.options
        assert opened.encoder == tamis.encoder_name


@pytest.mark.parametrize("options", [
    {"quality": 1e9}, {"quality": "fine"}, {"effort": 10}, {"effort": 0}, {"quality": 10, "snr": 10}, {"lossless": True, "step": 1},
    {"quantizer": "magic"}, {"quantizer": object()}, {"rules": {"*": {"colour": 1}}}, {"allocation": "best"}, {"threads": -1},
    {"exclude": ["a\0b"]}, {"bits_per_weight": float("nan")}, {"feedback": "loud"}])
def test_options_out_of_range(model_path, options):
    with pytest.raises(tamis.MisuseError) as caught:
        tamis.encode(model_path, **options)
    assert isinstance(caught.value, ValueError) and caught.value.family == "misuse" and str(caught.value)


@pytest.mark.parametrize("source", [b"", b"\0", b"not a model", b"\xff" * 100])
def test_no_model(source):
    with pytest.raises(tamis.MalformedError) as caught:
        tamis.encode(source)
    assert caught.value.family == "malformed" and caught.value.code


@pytest.mark.parametrize("source", [3, None, ["model.onnx"]])
def test_what_is_no_source(source):
    with pytest.raises((tamis.MisuseError, TypeError)):
        tamis.encode(source)
    with pytest.raises(TypeError):
        tamis.decode(source)


def test_a_file_that_is_not_there(tmp_path):
    for attempt in (tamis.decode, tamis.open, tamis.encode, tamis.numpy.load_file, tamis.onnx.load):
        with pytest.raises(FileNotFoundError) as caught:
            attempt(tmp_path / "nowhere")
        assert isinstance(caught.value, tamis.NoInputError) and caught.value.family == "io"
    with pytest.raises(ValueError):
        tamis.decode("zero\0byte")


def test_a_folder_that_is_not_there(model_path, lossy, tmp_path):
    for attempt in (
            lambda: tamis.encode(model_path, tmp_path / "no" / "a"), lambda: tamis.encode(model_path.read_bytes(), tmp_path / "no" / "a"),
            lambda: tamis.decode(lossy, tmp_path / "no" / "a")):
        with pytest.raises(OSError) as caught:
            attempt()
        assert isinstance(caught.value, tamis.FileError)


def test_damage_is_refused(lossy, tmp_path):
    damaged = bytearray(lossy)
    damaged[len(damaged) // 2] ^= 1
    for attempt in (tamis.decode, lambda data: tamis.decode(data, tmp_path / "none.onnx")):
        with pytest.raises(tamis.MalformedError) as caught:
            attempt(bytes(damaged))
        error = caught.value
        assert error.code == "payload_checksum" and error.unit and error.byte_offset > 0 and error.reason in str(error)
    for size in [*range(0, 100, 7), *range(100, len(lossy), 997)]:
        with pytest.raises(tamis.TamisError):
            tamis.decode(lossy[:size])
    assert os.listdir(tmp_path) == []


def test_limits(lossy):
    with pytest.raises(tamis.LimitError) as caught:
        tamis.decode(lossy, limits=tamis.Limits(output_bytes=1000))
    assert caught.value.code == "limit_exceeded" and caught.value.family == "limit"
    with pytest.raises(tamis.MisuseError):
        tamis.Limits(files=-1)


@pytest.mark.parametrize("options", [{"file": 1}, {"file": -1}, {"form": "int"}, {"dtype": "int8"}, {"single_file": True, "external": True}])
def test_ways_of_decoding_that_are_none(lossy, options):
    with pytest.raises(tamis.MisuseError):
        tamis.decode(lossy, **options)


def test_progress(large):
    seen = []
    tamis.decode(large, progress=lambda done, total: seen.append((done, total)))
    assert seen and all(0 <= done <= total for done, total in seen) and [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_an_exception_of_progress_comes_out(large, model_path):
    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        tamis.decode(large, progress=stop)
    with pytest.raises(RuntimeError, match="enough"):
        tamis.encode(model_path, progress=stop)


def test_external_data(model, tmp_path):
    other = onnx.ModelProto()
    other.CopyFrom(model)
    onnx.save(other, tmp_path / "big.onnx", save_as_external_data=True, location="big.bin", size_threshold=0)
    encoded = tamis.encode(tmp_path / "big.onnx", lossless=True)
    assert [file.name for file in tamis.open(encoded).files] == ["big.onnx", "big.bin"]
    assert tamis.decode(encoded, file=1) == (tmp_path / "big.bin").read_bytes()
    (tmp_path / "out").mkdir()
    tamis.decode(encoded, tmp_path / "out" / "big.onnx")
    for name in ("big.onnx", "big.bin"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / name).read_bytes()
    single = onnx.load_model_from_string(tamis.decode(encoded, single_file=True))
    assert [onnx.numpy_helper.to_array(t).tobytes() for t in single.graph.initializer] == [
        onnx.numpy_helper.to_array(t).tobytes() for t in model.graph.initializer]
    assert tamis.onnx.load(encoded).graph.initializer[0].raw_data == model.graph.initializer[0].raw_data
    with pytest.raises(tamis.TamisError):
        tamis.encode((tmp_path / "big.onnx").read_bytes())


def test_external_layout(lossy, tmp_path):
    tamis.decode(lossy, tmp_path / "m.onnx", external="weights.bin")
    assert sorted(os.listdir(tmp_path)) == ["m.onnx", "weights.bin"]
    there = onnx.load(tmp_path / "m.onnx")
    plain = tamis.onnx.load(lossy)
    assert [onnx.numpy_helper.to_array(t).tobytes() for t in there.graph.initializer] == [
        onnx.numpy_helper.to_array(t).tobytes() for t in plain.graph.initializer]


def test_half_floats(lossy):
    half = tamis.onnx.load(lossy, dtype="float16")
    onnx.checker.check_model(half)
    kinds = {t.name: t.data_type for t in half.graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kinds.values()


def test_onnx_load(lossy, model):
    loaded = tamis.onnx.load(lossy)
    assert [n.op_type for n in loaded.graph.node] == [n.op_type for n in model.graph.node]
    assert loaded.SerializeToString() == tamis.decode(lossy)


def test_models_without_a_graph(tmp_path):
    tamis.numpy.save_file({"a": np.zeros((4, 4), np.float32)}, tmp_path / "a.tamis")
    with pytest.raises(tamis.UnsupportedError, match="no ONNX model"):
        tamis.onnx.load(tmp_path / "a.tamis")


def test_many_threads_at_once(lossy):
    wanted = hashlib.sha256(tamis.decode(lossy)).digest()
    wrong = []

    def work():
        for _ in range(20):
            if hashlib.sha256(tamis.decode(lossy)).digest() != wanted:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not wrong
