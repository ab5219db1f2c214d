"""Open files: lists, single tensors, rows."""

import gc
import sys
import threading

import numpy as np
import pytest

import tamis
from conftest import onnx_model

onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def odd(rng):
    """A model with types that numpy lacks."""
    return tamis.encode(onnx_model(rng, bfloat16=True), lossless=True)


def test_what_is_listed(lossy, model):
    with tamis.open(lossy) as opened:
        assert set(opened.tensors) == {t.name for t in model.graph.initializer}
        assert opened.tensors["w0"] == tamis.TensorInfo("w0", "float32", (96, 192), 96 * 192 * 4)
        assert opened.tensors["w0"].size == 96 * 192
        assert "w0" in opened.tensors and "none" not in opened.tensors and len(opened.tensors) == 6
        assert opened.files == (tamis.FileInfo("network.onnx", len(tamis.decode(lossy))),)
        assert opened.aliases == {}
        coding = opened.coding("w0")
        assert coding.mode == "index" and 0 < coding.coded_bytes < len(lossy) and coding.weight_error > 0 and not coding.exact
        assert "6 tensors" in repr(opened)
    assert "closed" in repr(opened)


def test_tensors_are_those_of_the_decoded_file(lossy, model_path, tmp_path):
    wanted = {t.name: onnx.numpy_helper.to_array(t) for t in tamis.onnx.load(lossy).graph.initializer}
    (tmp_path / "a.tamis").write_bytes(lossy)
    for source in (lossy, tmp_path / "a.tamis", str(tmp_path / "a.tamis"), memoryview(lossy), bytearray(lossy)):
        with tamis.open(source) as opened:
            for name, array in wanted.items():
                got = opened.tensor(name)
                assert got.dtype == array.dtype and got.shape == array.shape and got.flags.writeable and got.flags.c_contiguous
                assert np.array_equal(got, array)
                for start, stop in [(0, 0), (0, 1), (1, array.shape[0]), (array.shape[0] // 3, array.shape[0] // 2), (0, array.shape[0])]:
                    rows = opened.rows(name, start, stop)
                    assert rows.dtype == array.dtype and np.array_equal(rows, array[start:stop])


def test_rows_of_a_large_tensor(large):
    with tamis.open(large) as opened:
        whole = opened.tensor("w1")
        for start, stop in [(0, 1), (999, 1003), (1490, 1500), (500, 1400)]:
            assert np.array_equal(opened.rows("w1", start, stop), whole[start:stop])


def test_what_there_is_not(lossy):
    with tamis.open(lossy) as opened:
        for attempt in (opened.tensor, opened.coding, lambda name: opened.rows(name, 0, 1)):
            with pytest.raises(KeyError) as caught:
                attempt("nowhere")
            assert isinstance(caught.value, tamis.NoSuchTensorError) and "nowhere" in str(caught.value) and caught.value.code == "no_such_tensor"
        for rows in [(-1, 3), (3, 2), (0, 97), (97, 98)]:
            with pytest.raises(tamis.MisuseError):
                opened.rows("w0", *rows)
        with pytest.raises(tamis.MisuseError):
            opened.file(1)
        with pytest.raises(ValueError):
            opened.tensor("w0\0")


def test_types_that_numpy_lacks(odd):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with tamis.open(odd) as opened:
        assert opened.tensors["half"].dtype == "bfloat16" and opened.tensors["nibbles"].dtype == "int4"
        half = opened.tensor("half")
        assert half.dtype == ml_dtypes.bfloat16 and np.array_equal(half.astype(np.float32).ravel(), np.arange(32))
        nibbles = opened.tensor("nibbles")
        assert nibbles.dtype == ml_dtypes.int4 and np.array_equal(nibbles.astype(int), (np.arange(255) % 16 - 8).reshape(15, 17))


def test_bits_of_types_that_numpy_lacks(odd, monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with tamis.open(odd) as opened:
        with pytest.raises(tamis.UnsupportedError, match="ml_dtypes"):
            opened.tensor("half")
        bits = opened.tensor("half", raw=True)
        assert bits.dtype == np.uint16 and bits.shape == (4, 8)
        assert np.array_equal((bits.astype(np.uint32) << 16).view(np.float32).ravel(), np.arange(32))
        assert np.array_equal(opened.rows("half", 1, 3, raw=True), bits[1:3])
        packed = opened.tensor("nibbles", raw=True)
        assert packed.dtype == np.uint8 and packed.shape == (128,)
        assert packed[0] == 0x98  # -8 in the lower half, -7 above
        assert opened.tensor("w0", raw=True).dtype == np.float32


def test_aliases(rng):
    weights = rng.normal(0, 1, (60, 60)).astype(np.float32)
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "one"], ["y"]), helper.make_node("MatMul", ["y", "two"], ["z"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 60])], [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 60])],
        [numpy_helper.from_array(weights, name) for name in ("one", "two")])
    encoded = tamis.encode(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), lossless=True)
    with tamis.open(encoded) as opened:
        assert opened.aliases == {"two": "one"} and list(opened.tensors) == ["one"]
        assert np.array_equal(opened.tensor("two"), weights)
    loaded = tamis.numpy.load_file(encoded)
    assert loaded["two"] is loaded["one"]


def test_closing(lossy):
    opened = tamis.open(lossy)
    kept = opened.tensor("w0")
    opened.close()
    opened.close()
    assert opened.closed and kept[0, 0] == kept[0, 0]
    for attempt in (lambda: opened.files, lambda: opened.tensor("w0"), opened.verify, lambda: opened.encoder):
        with pytest.raises(ValueError, match="closed"):
            attempt()


def test_closing_while_others_work(large):
    opened = tamis.open(large)
    results = []
    threads = [threading.Thread(target=lambda: results.append(opened.tensor("w2").sum())) for _ in range(3)]
    [thread.start() for thread in threads]
    while opened._handle._users == 0 and any(thread.is_alive() for thread in threads):
        pass
    opened.close()
    [thread.join() for thread in threads if thread.is_alive()]
    gc.collect()
    assert all(result == results[0] for result in results)


def test_memory_that_is_given_stays_alive(lossy):
    opened = tamis.open(bytes(bytearray(lossy)))
    gc.collect()
    opened.verify()


def test_verify(lossy):
    with tamis.open(lossy) as opened:
        opened.verify()
    damaged = bytearray(lossy)
    damaged[200] ^= 4
    with pytest.raises(tamis.MalformedError):
        tamis.open(damaged).verify()
