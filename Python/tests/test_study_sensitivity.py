"""Which tensors hurt when they are quantized, and what the encoder makes of that."""

import json

import numpy as np
import pytest

import conftest

for package in ("scipy", "onnx", "onnxruntime", "PIL", "yaml"):
    pytest.importorskip(package)

import onnx
from onnx import TensorProto, helper, numpy_helper

import tamis
from tamis.errors import MisuseError
from tamis.study.calibration import calibrate
from tamis.study.commands import main
from tamis.study.data import Arrays, spread
from tamis.study.network import Network
from tamis.study.sensitivity import changes, sensitivity

DIGITS = conftest.REPOSITORY / "Demo" / "digits.onnx"


@pytest.fixture
def branches(tmp_path, rng):
    """Two equal matrices, of which one acts on the output a hundred times as much; and a Softmax behind them."""
    weights = {name: rng.standard_normal((64, 64)).astype(np.float32) for name in ("loud", "soft")}
    tensors = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    nodes = [
        helper.make_node("Constant", [], ["soft"], value=tensors[1]), helper.make_node("Constant", [], ["factor"], value_float=0.01),
        helper.make_node("MatMul", ["x", "loud"], ["a"]), helper.make_node("MatMul", ["x", "soft"], ["b"]),
        helper.make_node("Mul", ["b", "factor"], ["c"]), helper.make_node("Add", ["a", "c"], ["z"]),
        helper.make_node("Softmax", ["z"], ["y"], axis=-1)]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 64])], tensors[:1])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    network = Network(tmp_path / "m.onnx")
    return network, Arrays({"x": rng.standard_normal((40, 64)).astype(np.float32)}, None, None, network, "made up"), weights


def test_a_tensor_that_matters_more_weighs_more(branches):
    network, data, weights = branches
    calls = []
    found = {entry.name: entry for entry in changes(network, data, threads=1, exponent=1, progress=lambda done, total: calls.append((done, total)))}
    assert set(found) == {"loud", "soft"} and calls == [(1, 2), (2, 2)]
    # The change is that of the sums behind which the Softmax lies.
    decoded = tamis.open(tamis.encode(network.path)).tensor("loud")
    x = data.feeds(spread(40, 32))["x"]
    z = x @ weights["loud"] + 0.01 * x @ weights["soft"]
    assert found["loud"].change == pytest.approx(np.square(x @ (decoded - weights["loud"])).mean() / z.var(), rel=0.01)
    assert 3e3 < found["loud"].change / found["soft"].change < 3e4
    assert found["loud"].weight == pytest.approx(64, rel=0.3) and found["loud"].weight * found["soft"].weight == pytest.approx(1)
    half = sensitivity(network, data, threads=1)
    assert 7 < half["loud"] < 14 and half["loud"] * half["soft"] == pytest.approx(1)
    flat = sensitivity(network, data, threads=1, exponent=0)
    assert flat == {"loud": 1, "soft": 1}


def test_weights_help_the_encoder(branches, tmp_path):
    """At equal size, weights leave less error at the outputs; statistics and chosen samples are taken."""
    network, data, _ = branches
    calibrate(network, data, threads=1).write(tmp_path / "s.safetensors")
    weights = sensitivity(network, data, chosen=np.arange(8), statistics=tmp_path / "s.safetensors", quality=10, threads=1)
    x = data.feeds(np.arange(20, 40))
    original = np.log(network.session().run(None, x)[0])
    errors = []
    for rules in ({}, {name: {"weight": weight} for name, weight in weights.items()}):
        encoded = tamis.encode(network.path, target_size=5000, statistics=tmp_path / "s.safetensors", rules=rules)
        errors.append(np.square(np.log(tamis.session(encoded).run(None, x)[0]) - original).mean())
    assert errors[1] < 0.5 * errors[0], errors


def test_biases_go_with_their_weights(rng):
    """The decoded bias takes up what the weight's errors add on average."""
    from tamis.study.sensitivity import _biases

    model = conftest.onnx_model(rng)
    assert _biases(model.graph) == {"w0": ["b0"], "w1": ["b1"], "w2": ["b2"]}
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["b", "p"], ["y"])], "g", [], [],
        [numpy_helper.from_array(np.zeros(2, np.float32), name) for name in "wb"])
    assert _biases(graph) == {"w": ["b"]}


def test_noise_is_enough(tmp_path, rng):
    onnx.save(conftest.onnx_model(rng, gathers=True), tmp_path / "m.onnx")
    network = Network(tmp_path / "m.onnx")
    weights = {exponent: sensitivity(network, quality=10, threads=1, exponent=exponent) for exponent in (None, 0.25, 0.5)}
    assert set(weights[None]) == {"w0", "w1", "w2", "table"}
    assert weights[None] == weights[0.25] != weights[0.5]  # noise is trusted less than data


def test_refusals(branches, tmp_path):
    network, data, _ = branches
    with pytest.raises(MisuseError, match="exponent is 2, expected 0 to 1"):
        changes(network, data, exponent=2)
    wrong = Arrays({"x": np.full((3, 64), np.inf, np.float32)}, None, None, network, "inf.npz")
    with pytest.raises(MisuseError, match="outputs are not finite on inf.npz"):
        changes(network, wrong)
    same = Arrays({"x": np.zeros((3, 64), np.float32)}, None, None, network, "zeros.npz")
    with pytest.raises(MisuseError, match="are the same for all of zeros.npz"):
        changes(network, same)


def test_the_command(tmp_path, capsys):
    out = tmp_path / "w.json"
    arguments = ["sensitivity", str(DIGITS), "--noise", "--samples", "16", "--quality", "12", "-T", "1", "-o", str(out)]
    assert main(arguments) == 0
    assert "change of the outputs" in capsys.readouterr().out
    weights = json.loads(out.read_text())
    assert "fc1.weight" in weights and all(0 < weight < 100 for weight in weights.values())
    assert main(arguments) == 73 and "exists already" in capsys.readouterr().err
    assert main([*arguments, "-f", "--json"]) == 0
    assert {entry["name"] for entry in json.loads(capsys.readouterr().out)["tensors"]} == set(weights)
