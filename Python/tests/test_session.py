"""ONNX Runtime sessions."""

import os
import subprocess
import sys

import numpy as np
import pytest

import tamis
from conftest import onnx_model

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


def feed(session, seed=0):
    """An input for every input of a session."""
    rng = np.random.default_rng(seed)
    made = {}
    for each in session.get_inputs():
        shape = [size if isinstance(size, int) else 2 for size in each.shape]
        made[each.name] = rng.integers(0, 100, shape) if each.type == "tensor(int64)" else rng.random(shape, np.float32)
    return made


def run(session, seed=0):
    return session.run(None, feed(session, seed))


@pytest.mark.parametrize("gathers", [False, True])
def test_predictions_are_those_of_the_decoded_file(rng, tmp_path, gathers):
    encoded = tmp_path / "a.tamis"
    tamis.encode(onnx_model(rng, gathers=gathers), encoded, quality=25)
    wanted = run(onnxruntime.InferenceSession(tamis.decode(encoded), providers=["CPUExecutionProvider"]))
    for source in (encoded, encoded.read_bytes()):
        session = tamis.session(source)
        assert isinstance(session, onnxruntime.InferenceSession)
        for got, expected in zip(run(session), wanted):
            assert np.array_equal(got, expected)
    assert os.listdir(tmp_path) == ["a.tamis"]


@pytest.mark.parametrize("gathers", [False, True])
@pytest.mark.parametrize("options", [
    {"quality": 20}, {"quality": 20, "grid": "int8"}, {"quality": 10, "grid": "int4"}, {"quantizer": "symmetric,bits=8"},
    {"quantizer": "affine,bits=8"}])
def test_integers_predict_the_same(rng, gathers, options):
    encoded = tamis.encode(onnx_model(rng, gathers=gathers, opset=21), **options)
    operators = [node.op_type for node in tamis.onnx.load(encoded, form="qdq").graph.node]
    if "grid" in options:
        assert operators.count("DequantizeLinear") >= 2
    wanted = run(tamis.session(encoded))
    for got, expected in zip(run(tamis.session(encoded, form="qdq")), wanted):
        assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()
    run(tamis.session(encoded, form="qdq", integer_kernels=True))


def test_options_of_the_caller(lossy, model_path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    first = tamis.session(lossy, sess_options=options)
    second = tamis.session(tamis.encode(model_path, quality=10), sess_options=options)
    third = tamis.session(lossy, sess_options=options, form="qdq")
    assert not np.array_equal(run(first)[0], run(second)[0])
    assert np.allclose(run(first)[0], run(third)[0], rtol=1e-4, atol=1e-5)
    assert first.get_session_options().intra_op_num_threads == 1


@pytest.mark.parametrize("in_place", [True, False])
def test_memory_lives_as_long_as_the_session(lossy, in_place):
    sessions = [tamis.session(lossy, in_place=in_place) for _ in range(5)]
    wanted = run(sessions[0])[0]
    del sessions[:4]
    filler = [np.full(100_000, 7, np.float32) for _ in range(50)]
    assert np.array_equal(run(sessions[0])[0], wanted) and filler
    if in_place:
        sessions[0].set_providers(["CPUExecutionProvider"])
    else:
        with pytest.raises(tamis.MisuseError):
            sessions[0].set_providers(["CPUExecutionProvider"])
    assert np.array_equal(run(sessions[0])[0], wanted)


def test_weights_in_subgraphs(rng, tmp_path):
    from onnx import TensorProto, helper, numpy_helper, save

    def branch(name, values):
        return helper.make_graph(
            [helper.make_node("MatMul", ["x", f"{name}_w"], [f"{name}_y"])], name, [],
            [helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, [1, 64])], [numpy_helper.from_array(values, f"{name}_w")])

    weights = [rng.normal(0, 0.1, (64, 64)).astype(np.float32) for _ in range(3)]
    graph = helper.make_graph(
        [helper.make_node("If", ["c"], ["y"], then_branch=branch("then", weights[0]), else_branch=branch("else", weights[1])),
         helper.make_node("MatMul", ["y", "w"], ["z"])], "g",
        [helper.make_tensor_value_info("c", TensorProto.BOOL, []), helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 64])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 64])], [numpy_helper.from_array(weights[2], "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, tmp_path / "m.onnx")
    encoded = tamis.encode(tmp_path / "m.onnx", quality=30)
    feeds = {"c": np.array(True), "x": rng.random((1, 64), np.float32)}
    wanted = onnxruntime.InferenceSession(tamis.decode(encoded), providers=["CPUExecutionProvider"]).run(None, feeds)[0]
    assert np.array_equal(tamis.session(encoded).run(None, feeds)[0], wanted)
    assert np.allclose(tamis.session(encoded, form="qdq").run(None, feeds)[0], wanted, rtol=1e-5, atol=1e-5)


def test_a_model_without_a_graph(tmp_path):
    tamis.numpy.save_file({"a": np.zeros((4, 4), np.float32)}, tmp_path / "a.tamis")
    with pytest.raises(tamis.UnsupportedError):
        tamis.session(tmp_path / "a.tamis")


def test_a_damaged_file(lossy):
    damaged = bytearray(lossy)
    damaged[-100] ^= 1
    with pytest.raises(tamis.MalformedError):
        tamis.session(damaged)


@pytest.mark.parametrize("name", ["squeezenet1.1", "efficientnet-lite0", "silero-vad", "ppocr-cls", "shufflenet-v2-int8"])
def test_shared_models(models, name, tmp_path):
    encoded = tamis.encode(models / f"{name}.onnx", quality=20, effort=1, grid="int8")
    plain = onnxruntime.InferenceSession(tamis.decode(encoded), providers=["CPUExecutionProvider"])
    inputs = {each.name: shaped(each) for each in plain.get_inputs()}
    wanted = plain.run(None, inputs)
    for got, expected in zip(tamis.session(encoded).run(None, inputs), wanted):
        assert np.array_equal(got, expected)
    for got, expected in zip(tamis.session(encoded, form="qdq").run(None, inputs), wanted):
        assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()


def shaped(each):
    """An input; sizes that are free are as these models want them."""
    rng = np.random.default_rng(1)
    if each.name == "sr":
        return np.array(16000, np.int64)
    free = {"state": [2, 1, 128], "input": [1, 512]}.get(each.name) if len(each.shape) < 4 else None
    shape = free or [size if isinstance(size, int) else {0: 1, 1: 3, 2: 48, 3: 192}[k] for k, size in enumerate(each.shape)]
    return rng.random(shape, np.float32)


# What a session takes at most: its output and the file, 64 MiB, and what the runtime takes for the same model from a path.
MEMORY = """
import os, resource, sys
import numpy, onnxruntime, tamis
kind, path = sys.argv[1:]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
session = tamis.session(path) if kind == "tamis" else onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_peak_memory(rng, tmp_path):
    encoded, plain = tmp_path / "a.tamis", tmp_path / "a.onnx"
    tamis.encode(onnx_model(rng, width=2000), encoded, step=0.05, effort=1)
    tamis.decode(encoded, plain)

    def peak(kind, path):
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, kind, str(path)], check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        return int(done.stdout)

    allowed = peak("onnx", plain) + plain.stat().st_size + encoded.stat().st_size + (64 << 20)
    assert peak("tamis", encoded) <= allowed
