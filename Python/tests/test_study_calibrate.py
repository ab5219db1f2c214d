"""Statistics of layers' inputs: against the layers' own outputs, and what the encoder makes of them."""

import json

import numpy as np
import pytest

import conftest

for package in ("scipy", "onnx", "onnxruntime", "PIL", "yaml"):
    pytest.importorskip(package)

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import tamis
from tamis.errors import FileError, MisuseError, OutputExistsError
from tamis.study.calibration import calibrate
from tamis.study.commands import main
from tamis.study.data import Arrays
from tamis.study.network import Network
from tamis.study.outputs import require_folder, require_free
from tamis.study.preprocessing import PRESETS

DAMPING = 0.01
DIGITS = conftest.REPOSITORY / "Demo" / "digits.onnx"
CASES = {  # operator, shape of the weight, shape of the input, attributes
    "plain": ("Conv", (6, 4, 3, 3), (12, 4, 9, 8), {}),
    "padded": ("Conv", (6, 4, 3, 2), (12, 4, 9, 8), {"pads": [1, 0, 2, 1], "strides": [2, 1]}),
    "dilated": ("Conv", (6, 4, 3, 3), (12, 4, 9, 8), {"dilations": [1, 2], "pads": [1, 2, 1, 2]}),
    "grouped": ("Conv", (6, 2, 3, 3), (12, 4, 9, 8), {"group": 2, "auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "depthwise": ("Conv", (5, 1, 2, 4), (12, 5, 9, 8), {"group": 5, "auto_pad": "SAME_LOWER"}),
    "valid": ("Conv", (3, 2, 5), (12, 2, 30), {"auto_pad": "VALID", "strides": [3]}),
    "volume": ("Conv", (3, 2, 1, 2, 3), (12, 2, 4, 5, 6), {"pads": [0, 1, 0, 0, 0, 1]}),
    "gemm": ("Gemm", (7, 5), (12, 7), {}),
    "transposed": ("Gemm", (5, 7), (12, 7), {"transB": 1}),
    "right": ("MatMul", (7, 5), (12, 3, 7), {}),
    "left": ("MatMul", (5, 7), (12, 7, 3), {}),
    "turned": ("MatMul", (5, 7), (12, 3, 7), {}),  # behind a Transpose
}


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    """(network of all layers, its data, {name of a layer: (weight, outputs)})."""
    rng = np.random.default_rng(1)
    nodes, weights, inputs, outputs, data = [], [], [], [], {}
    for name, (kind, shape, sample, attributes) in CASES.items():
        data[name] = (rng.standard_normal(sample) + 0.5).astype(np.float32)
        weights.append(numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), f"{name}.weight"))
        operands = [f"{name}.weight", name] if name == "left" else [name, f"{name}.weight"]
        if name == "turned":
            nodes.append(helper.make_node("Transpose", ["turned.weight"], ["turned.transpose"], perm=[1, 0]))
            operands[1] = "turned.transpose"
        # The output of the layer before the last node: inner values are exposed, not only inputs.
        nodes.append(helper.make_node("Identity", [name], [f"{name}.inner"]))
        operands[operands.index(name)] = f"{name}.inner"
        nodes.append(helper.make_node(kind, operands, [f"{name}.out"], **attributes))
        inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *sample[1:]]))
        outputs.append(helper.make_empty_tensor_value_info(f"{name}.out"))
    graph = helper.make_graph(nodes, "layers", inputs, outputs, weights)
    path = tmp_path_factory.mktemp("layers") / "layers.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    network = Network(path)
    found = dict(zip(CASES, onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, data)))
    arrays = {tensor.name.removesuffix(".weight"): numpy_helper.to_array(tensor) for tensor in weights}
    return network, Arrays(data, None, None, network, "made up"), {name: (arrays[name], found[name]) for name in CASES}


def rows(name, weight):
    """The weight as groups x outputs of a group x weights of an output."""
    kind, _, _, attributes = CASES[name]
    if kind != "Conv" and name not in ("transposed", "left", "turned"):
        weight = weight.T
    groups = attributes.get("group", 1)
    return weight.reshape(groups, len(weight) // groups, -1).astype(np.float64)


def undamped(factor):
    second = factor.astype(np.float64) @ factor.astype(np.float64).transpose(0, 2, 1)
    damping = np.trace(second, axis1=1, axis2=2) / second.shape[1] * DAMPING / (1 + DAMPING)
    return second - damping[:, None, None] * np.eye(second.shape[1])


def test_moments_are_those_of_the_outputs(layers):
    """With W the weight, outputs have the mean W * mean and the mean square |W U|^2 less what the damping adds."""
    network, data, expected = layers
    calls = []
    statistics = calibrate(network, data, threads=1, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(k + 1, len(calls)) for k in range(len(calls))] and not statistics.left_out
    assert set(statistics.factors) == set(statistics.means) == {f"{name}.weight" for name in CASES}
    for name, (weight, outputs) in expected.items():
        factor, mean = statistics.factors[f"{name}.weight"], statistics.means[f"{name}.weight"]
        weight, y = rows(name, weight), outputs.astype(np.float64)
        channel = 1 if CASES[name][0] == "Conv" or name == "left" else y.ndim - 1
        y = np.moveaxis(y, channel, -1).reshape(-1, y.shape[channel])
        assert not np.tril(factor, -1).any() and (np.einsum("gii->gi", factor) > 0).all(), name
        power = np.einsum("goi,gij,goj->go", weight, undamped(factor), weight).ravel()
        np.testing.assert_allclose(power, (y * y).mean(0), rtol=1e-4, err_msg=name)
        np.testing.assert_allclose(np.einsum("goi,gi->go", weight, mean).ravel(), y.mean(0), atol=1e-4, err_msg=name)


def test_passes_and_threads_change_nothing(layers, monkeypatch):
    network, data, _ = layers
    whole = calibrate(network, data, threads=1, columns=20)
    monkeypatch.setattr("tamis.study.calibration._PASS_MOMENTS", 1000)
    calls = []
    parts = calibrate(network, data, threads=2, columns=20, progress=lambda done, total: calls.append(total))
    assert calls[0] > 4
    for name, factor in whole.factors.items():
        np.testing.assert_allclose(parts.factors[name], factor, atol=1e-5, err_msg=name)


def test_recurrent_layers(tmp_path, rng):
    weights = {"w": (2, 24, 5), "r": (2, 24, 6)}
    tensors = [numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), name) for name, shape in weights.items()]
    node = helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=6, direction="bidirectional")
    graph = helper.make_graph(
        [node, helper.make_node("Transpose", ["y"], ["z"], perm=[2, 0, 1, 3])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [7, "n", 5])], [helper.make_empty_tensor_value_info("z")], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    network = Network(tmp_path / "m.onnx")
    x = rng.standard_normal((7, 40, 5)).astype(np.float32)
    statistics = calibrate(network, Arrays({"x": x}, None, None, network, "made up"), threads=1)
    flat = x.reshape(-1, 5).astype(np.float64)
    assert list(statistics.factors) == ["w"]  # the state is not an input
    np.testing.assert_allclose(undamped(statistics.factors["w"])[0], flat.T @ flat / len(flat), atol=1e-3)
    statistics.write(tmp_path / "s.safetensors")
    tamis.encode(network.path, statistics=tmp_path / "s.safetensors", quality=20)


def convolution(path, rng, *, dtype=np.float32, dead=False):
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    shapes = {"a": (8, 3, 3, 3), "b": (4, 8, 1, 1)}
    weights = [numpy_helper.from_array(rng.standard_normal(shape).astype(dtype), name) for name, shape in shapes.items()]
    nodes = [helper.make_node("Conv", ["x", "a"], ["h"]), helper.make_node("Relu", ["h"], ["i"])]
    if dead:
        nodes.append(helper.make_node("Sub", ["i", "i"], ["j"]))
    nodes.append(helper.make_node("Conv", ["j" if dead else "i", "b"], ["y"]))
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", kind, ["n", 3, 16, 16])], [helper.make_tensor_value_info("y", kind, None)], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return Network(path)


def test_noise_has_what_the_preprocessing_makes_of_photographs(tmp_path, rng):
    network = convolution(tmp_path / "m.onnx", rng)
    for preprocessing in (None, "caffe", "tf"):
        mean, deviation = (np.zeros(3), np.ones(3)) if preprocessing is None else PRESETS[preprocessing].photographs()
        mean, deviation = np.repeat(mean, 9), np.repeat(deviation, 9)
        statistics = calibrate(network, samples=200, preprocessing=preprocessing, threads=1)
        second, first = undamped(statistics.factors["a"])[0], statistics.means["a"][0]
        spread = np.sqrt(np.diag(second) - first.astype(np.float64)**2)
        assert (np.abs(first - mean) < 0.2 * deviation).all() and np.abs(spread / deviation - 1).max() < 0.2
    again = calibrate(network, samples=200, preprocessing="tf", threads=1)
    assert (again.factors["a"] == statistics.factors["a"]).all()


def test_noise_of_tokens_and_masks(tmp_path, rng):
    network = tmp_path / "m.onnx"
    onnx.save(conftest.onnx_model(rng, gathers=True), network)
    statistics = calibrate(Network(network), samples=64, threads=1)
    assert set(statistics.factors) == {"w0", "w1", "w2"} and statistics.words == "64 samples of noise"


def test_float16_and_inputs_of_zeros(tmp_path, rng):
    assert set(calibrate(convolution(tmp_path / "h.onnx", rng, dtype=np.float16), threads=1, samples=4).factors) == {"a", "b"}
    statistics = calibrate(convolution(tmp_path / "d.onnx", rng, dead=True), threads=1, samples=4)
    assert set(statistics.factors) == {"a"} and statistics.left_out == {"b": "all its inputs are zero"}


def test_a_model_that_prescribes_the_number_of_samples(tmp_path, rng):
    convolution(tmp_path / "m.onnx", rng)
    model = onnx.load(tmp_path / "m.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    onnx.save(model, tmp_path / "m.onnx")
    assert set(calibrate(Network(tmp_path / "m.onnx"), samples=6, threads=1).factors) == {"a", "b"}


def test_refusals(tmp_path, rng):
    network = convolution(tmp_path / "m.onnx", rng)
    data = Arrays({"x": np.ones((3, 3, 16, 16), np.float32)}, None, None, network, "ones.npz")
    with pytest.raises(MisuseError, match="samples is 0, expected 1 or more"):
        calibrate(network, samples=0)
    with pytest.raises(MisuseError, match="those of noise"):
        calibrate(network, data, preprocessing="torch")
    with pytest.raises(MisuseError, match="one or more of 0 to 2"):
        calibrate(network, data, chosen=np.array([3]))
    with pytest.raises(MisuseError, match=r"a sample cannot have the shape 3x8x8"):
        calibrate(network, shapes={"x": (3, 8, 8)})
    wrong = Arrays({"x": np.full((3, 3, 16, 16), np.nan, np.float32)}, None, None, network, "nan.npz")
    with pytest.raises(MisuseError, match="inputs of a are not finite on nan.npz"):
        calibrate(network, wrong)
    table = tmp_path / "table.onnx"
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), table)
    with pytest.raises(MisuseError, match="table.onnx: expected a convolution, matrix product or recurrent layer"):
        calibrate(Network(table))


def test_written_whole_or_not_at_all(tmp_path, rng):
    statistics = calibrate(convolution(tmp_path / "m.onnx", rng), samples=4, threads=1)
    statistics.write(tmp_path / "s")
    with pytest.raises(OutputExistsError):
        statistics.write(tmp_path / "s")
    statistics.write(tmp_path / "s", overwrite=True)
    (tmp_path / "s").rename(tmp_path / "s.safetensors")
    with tamis.open(tamis.encode(tmp_path / "s.safetensors", lossless=True)) as written:
        assert set(written.tensors) == {"a/factor", "a/mean", "b/factor", "b/mean"}
        assert (written.tensor("b/factor") == statistics.factors["b"]).all()


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A file of training images of the demo, and the path of held-out ones."""
    sklearn = pytest.importorskip("sklearn.datasets")
    images = sklearn.load_digits().images.astype(np.float32)[:, None]
    held_out = np.isin(np.arange(len(images)) // 10 % 10, (1, 4, 7))
    path = tmp_path_factory.mktemp("digits") / "inputs.npz"
    np.savez(path, image=images[~held_out][:256])
    return path, images[held_out]


def test_the_demo_from_end_to_end(digits, tmp_path, capsys):
    """At equal size, measured inputs leave less error at the outputs than synthetic ones."""
    path, held_out = digits
    out = tmp_path / "digits.safetensors"
    assert main(["calibrate", str(DIGITS), "--data", str(path), "--samples", "256", "-o", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"] == 256 and found["layers"] == 5 and found["bytes"] == out.stat().st_size
    original = Network(DIGITS).session().run(None, {"image": held_out})[0]
    errors = {}
    for name, statistics in (("synthetic", None), ("measured", out)):
        encoded = tamis.encode(DIGITS, target_size=60_000, effort=2, statistics=statistics)
        outputs = tamis.session(encoded).run(None, {"image": held_out})[0]
        errors[name] = float(((outputs - original)**2).mean())
    assert errors["measured"] < 0.75 * errors["synthetic"], errors


def test_the_command(digits, tmp_path, capsys):
    path, _ = digits
    out = tmp_path / "s.safetensors"
    assert main(["calibrate", str(DIGITS), "--noise", "--samples", "8", "-o", str(out)]) == 0
    told = capsys.readouterr()
    assert "5 layers" in told.out and not told.err
    assert main(["calibrate", str(DIGITS), "--samples", "8", "-o", str(tmp_path / "same.safetensors")]) == 0
    assert "note: measured on noise, as there is no --data" in capsys.readouterr().err
    assert (tmp_path / "same.safetensors").stat().st_size == out.stat().st_size
    assert main(["calibrate", str(DIGITS), "--noise", "-o", str(out)]) == 73
    assert "exists already" in capsys.readouterr().err
    for options, code, words in (
            (["--data", str(tmp_path / "none.npz")], 66, "no such file"), (["--data", str(path), "--noise"], 64, "not allowed with"),
            (["--noise", "--shape", "image=1x8xx"], 64, "expected"), (["--noise", "--shape", "image=1x9x9"], 64, "cannot have the shape 1x9x9")):
        try:
            found = main(["calibrate", str(DIGITS), *options, "-f", "-o", str(out)])
        except SystemExit as stop:
            found = stop.code
        assert found == code and words in capsys.readouterr().err, options


def test_outputs_are_looked_at_before_the_work(tmp_path, monkeypatch):
    model, taken = tmp_path / "model.onnx", tmp_path / "taken"
    model.write_bytes(b"model")
    taken.symlink_to(tmp_path / "nothing")
    require_free([tmp_path / "new", model], True, [None, "module.py:function", tmp_path])
    for path, overwrite, kind, words in (
            (tmp_path / "none" / "x", False, MisuseError, "none: no such folder"), (tmp_path, True, MisuseError, "is a folder"),
            (tmp_path / ".." / tmp_path.name / "model.onnx", True, MisuseError, "is read, and would be replaced"),
            ("/dev/null", True, MisuseError, "no regular file"), (taken, False, OutputExistsError, "exists already")):
        with pytest.raises(kind, match=words):
            require_free([path], overwrite, [model])
    monkeypatch.setattr("os.access", lambda path, mode: False)
    for refused in (lambda: require_free([tmp_path / "new"], False), lambda: require_folder(tmp_path / "a" / "b")):
        with pytest.raises(FileError, match="no permission to write into"):
            refused()


def test_statistics_of_real_models(models):
    network = Network(models / "squeezenet1.1.onnx")
    statistics = calibrate(network, samples=2, preprocessing="torch")
    assert len(statistics.factors) == 26 and not statistics.left_out
