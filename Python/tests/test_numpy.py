"""Dictionaries of arrays."""

import numpy as np
import pytest

import tamis


def test_there_and_back(rng, tmp_path):
    arrays = {
        "float32": rng.normal(0, 1, (30, 40)).astype(np.float32), "float64": rng.normal(0, 1, (3, 4)), "float16": np.ones((5, 6), np.float16),
        "int64": np.arange(10), "int8": np.arange(10, dtype=np.int8), "bool": np.array([True, False]), "uint16": np.arange(6, dtype=np.uint16),
        "scalar": np.float32(3.5), "strided": np.arange(24, dtype=np.int32).reshape(4, 6)[:, ::2],
        "großer Name": np.zeros(3, np.uint8), "big endian": np.arange(4, dtype=">i4")}
    tamis.numpy.save_file(arrays, tmp_path / "a.tamis", lossless=True, metadata={"made": "here"})
    loaded = tamis.numpy.load_file(tmp_path / "a.tamis")
    assert set(loaded) == set(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == np.asarray(array).dtype.newbyteorder("=") and loaded[name].shape == np.shape(array)
        assert np.array_equal(loaded[name], array)
    assert b'"made":"here"' in tamis.decode(tmp_path / "a.tamis")


def test_types_of_ml_dtypes(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    arrays = {
        "b": np.arange(32, dtype=np.float32).astype(ml_dtypes.bfloat16).reshape(4, 8),
        "f8": np.arange(8, dtype=np.float32).astype(ml_dtypes.float8_e4m3fn)}
    tamis.numpy.save_file(arrays, tmp_path / "a.tamis", lossless=True)
    loaded = tamis.numpy.load_file(tmp_path / "a.tamis")
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype and loaded[name].tobytes() == array.tobytes()


def test_quantized(rng, tmp_path):
    weights = rng.normal(0, 1, (300, 200)).astype(np.float32)
    tamis.numpy.save_file({"w": weights}, tmp_path / "a.tamis", snr=30)
    assert (tmp_path / "a.tamis").stat().st_size < weights.nbytes / 4
    noise = tamis.numpy.load_file(tmp_path / "a.tamis")["w"] - weights
    assert abs(10 * np.log10((weights ** 2).sum() / (noise ** 2).sum()) - 30) < 0.5


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([None]), np.zeros(3, np.complex128), np.zeros(2, "datetime64[s]")])
def test_types_that_cannot_be_kept(array, tmp_path):
    with pytest.raises(tamis.MisuseError, match="'a'"):
        tamis.numpy.save_file({"a": array}, tmp_path / "a.tamis")
    assert not (tmp_path / "a.tamis").exists()


def test_many_small_tensors(rng, tmp_path):
    arrays = {f"t{k}": rng.normal(0, 1, 50).astype(np.float32) for k in range(500)}
    tamis.numpy.save_file(arrays, tmp_path / "a.tamis", lossless=True)
    loaded = tamis.numpy.load_file(tmp_path / "a.tamis")
    assert all(np.array_equal(loaded[name], array) for name, array in arrays.items())
