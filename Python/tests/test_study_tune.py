"""The search for the smallest file: its statistics, what it writes, what it refuses."""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
import yaml

pytest.importorskip("onnxruntime")
pytest.importorskip("scipy")

import tamis
from conftest import REPOSITORY
from tamis.study import Network, evaluation, open_data
from tamis.study.commands import main
from tamis.study.comparison import compare
from tamis.study.evaluation import metric, require_sense
from tamis.study.recipe import recipe
from tamis.study.trend import Trial, estimates
from tamis.study.tuning import Tuner, halves

DEMO = REPOSITORY / "Demo" / "digits.onnx"


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The demo's held-out images with labels, and some of its training images."""
    pytest.importorskip("sklearn")
    sys.path.insert(0, str(DEMO.parent))
    import dataset

    folder = tmp_path_factory.mktemp("digits")
    training, _, images, labels = dataset.load()
    np.savez(folder / "digits.npz", image=images, labels=labels)
    np.savez(folder / "training.npz", image=training[:64])
    return folder


class Results:
    """Stands for the outputs of a network: a number for each sample."""

    def __init__(self, name, numbers):
        self._name, self._numbers = name, np.asarray(numbers, np.float64)

    def values(self, chosen=None):
        return {self._name: float((self._numbers if chosen is None else self._numbers[chosen]).mean())}

    def each(self, name):
        return self._numbers


def test_paired_proportions():
    before, after = np.ones(100), np.ones(100)
    after[:10], before[10:14] = 0, 0
    found = compare(Results("top1", before), Results("top1", after), "top1", metric("top1", ["top1"]))
    assert (found.worse, found.better, found.count, found.method) == (10, 4, 100, "paired proportions")
    assert found.loss == pytest.approx(6)
    error = np.sqrt(15 - 36 / 102) / 102  # 10.5, 4.5 and 102 after half a sample was added to each cell
    assert (found.low, found.high) == pytest.approx((100 * (6 / 102 - 1.959964 * error), 100 * (6 / 102 + 1.959964 * error)), rel=1e-6)
    half = compare(Results("top1", before), Results("top1", after), "top1", metric("top1", ["top1"]), np.arange(14, 100))
    assert half.loss == 0 and half.low < 0 < half.high


def test_the_interval_covers(rng):
    covered = 0
    for _ in range(400):
        cells = rng.choice([0, 1, 2], 200, p=[0.9, 0.06, 0.04])  # equal, worse, better: a loss of 2 points
        found = compare(Results("top1", cells != 2), Results("top1", cells != 1), "top1", metric("top1", ["top1"]))
        covered += found.low <= 2 <= found.high
    assert 0.92 <= covered / 400 <= 0.99


def test_paired_means():
    before, after = np.zeros(50), np.linspace(0, 0.2, 50)
    found = compare(Results("kl", before), Results("kl", after), "kl", metric("kl", ["kl"]))
    assert found.loss == pytest.approx(0.1) and found.method == "paired means" and found.low < 0.1 < found.high


def test_bootstrap(model_path, tmp_path, rng):
    network = Network(model_path)
    x = rng.standard_normal((80, 96)).astype(np.float32)
    labels = network.session().run(None, {"x": x})[0].argmax(1)
    np.savez(tmp_path / "x.npz", x=x, labels=labels)
    judged = evaluation(network, open_data(tmp_path / "x.npz", network))
    coded = judged.run(network.session(tamis.encode(model_path, quality=0)))
    found = compare(judged.original(), coded, "f1", metric("f1", judged.metrics))
    assert found.method == "bootstrap" and found.low < found.loss < found.high and found.loss > 0


def test_the_trend_knows_more_than_a_trial(rng):
    distances = np.geomspace(0.01, 0.4, 9)
    worse = []
    for _ in range(200):
        losses = 20 * distances + rng.normal(0, 1, 9)
        found = estimates([Trial(x, y, 1.0) for x, y in zip(distances, losses)])
        assert found == sorted(found)
        worse.append(np.abs(found - 20 * distances)[:6].mean() / np.abs(losses - 20 * distances)[:6].mean())
    assert np.mean(worse) < 0.8
    assert estimates([Trial(0.2, 3, None), Trial(0.1, 1, None)]) == [3, 1]


def test_halves():
    left_out = np.arange(0, 100, 10)
    first, second = halves(100, left_out, 1)
    assert sorted([*first, *second, *left_out]) == list(range(100)) and len(first) == len(second) == 45
    assert [part.tolist() for part in halves(100, left_out, 1)] == [first.tolist(), second.tolist()]
    assert halves(100, left_out, 2)[0].tolist() != first.tolist()


def test_recipes():
    text = recipe({"quality": 11.5, "effort": None, "exclude": ["*.bias", "yes"]}, {"a: #b*": {"weight": 2.5}}, ["How."])
    assert text.startswith("# How.\nquality: 11.5\n")
    assert yaml.safe_load(text) == {"quality": 11.5, "exclude": ["*.bias", "yes"], "tensors": [{"match": "a: #b*", "weight": 2.5}]}


def test_the_demo(digits, tmp_path, capsys):
    output = tmp_path / "digits.tamis"
    words = ["tune", str(DEMO), "--metric", "top1", "--max-drop", "0.8", "--data", str(digits / "digits.npz"), "--effort", "2", "-o", str(output)]
    assert main([*words, "--calibration", str(digits / "training.npz"), "--json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ratio"] > 25 and found["bytes"] == output.stat().st_size and found["ratio"] == pytest.approx(DEMO.stat().st_size / found["bytes"])
    assert found["confirmed"] and found["held_out"] and found["samples"] == {"calibration": 0, "choosing": 270, "confirming": 270}
    assert found["comparison"]["loss"] <= 0.8 and found["comparison"]["low"] < found["comparison"]["high"]
    # What is reported of the held-out half is so.
    network = Network(DEMO)
    _, confirming = halves(540, np.empty(0), 1)
    with np.load(digits / "digits.npz") as arrays:
        session = network.session(output)
        right = session.run(None, {"image": arrays["image"][confirming]})[0].argmax(1) == arrays["labels"][confirming]
    assert found["comparison"]["copy"] == pytest.approx(right.mean())
    page = (tmp_path / "digits.report.html").read_text()
    assert "chose none of the candidates" in page and "src=\"http" not in page and "href=\"http" not in page
    # Nothing is overwritten without being told.
    assert main([*words, "-q"]) == 73 and "digits.tamis exists already" in capsys.readouterr().err
    # The recipe makes the same file.
    content = yaml.safe_load((tmp_path / "digits.recipe.yaml").read_text())
    rules = {entry["match"]: {"weight": entry["weight"]} for entry in content.pop("tensors", [])}
    assert tamis.encode(DEMO, rules=rules, statistics=tmp_path / "digits.statistics.safetensors", **content) == output.read_bytes()
    if "TAMIS" in os.environ:
        made, command = output.read_bytes(), found["encode"].split()
        subprocess.run([os.environ["TAMIS"], *command[1:], "-f", "-q"], check=True, stdin=subprocess.DEVNULL)
        assert output.read_bytes() == made


def test_without_labels(digits, tmp_path):
    network = Network(DEMO)
    data = open_data(digits / "training.npz", network)
    found = Tuner(network, data, "kl", 0.01, calibration="none", search_allocation=False, effort=2).run(tmp_path)
    assert found.confirmed and found.look.loss <= 0.01 and found.best.options.statistics is None
    assert found.best.fidelity == pytest.approx(found.best.chosen_by.loss) and found.best.fidelity <= 0.01
    # The next step would have been too far.
    assert any(0.01 < entry.fidelity < 0.02 for entry in found.candidates)


@pytest.mark.parametrize("each, held_out", [(True, True), (False, False)])
def test_functions(digits, tmp_path, each, held_out):
    (tmp_path / "judge.py").write_text(
        "import numpy as np\n"
        f"arrays = np.load({str(digits / 'digits.npz')!r})\n"
        "images, labels = arrays['image'][:200], arrays['labels'][:200]\n"
        "def evaluate(session):\n"
        "    right = session.run(None, {'image': images})[0].argmax(1) == labels\n"
        f"    return {{'share': {'right' if each else 'right.mean()'}, 'one': 1}}\n"
        "def ruined(session): return {'wer': 1 - evaluate(session)['share']}\n"
        "def percent(session): return {'top1': 99.0}\n"
        "def mystery(session): return {'cosine': 1.0}\n")
    network = Network(DEMO)
    data = open_data(f"{tmp_path}/judge.py:evaluate", network)
    found = Tuner(network, data, "share", 0.02, calibration="none", search_allocation=False, effort=1).run(tmp_path)
    assert found.held_out is held_out and found.confirmed and (found.look.low is not None) is each
    with pytest.raises(tamis.MisuseError, match="no inputs to calibrate with"):
        Tuner(network, data, "share", 0.02)
    data = open_data(f"{tmp_path}/judge.py:ruined", network)
    found = Tuner(network, data, "wer", 0.02, calibration="none", search_allocation=False, effort=1).run(tmp_path)
    assert found.confirmed and 0 <= found.look.loss <= 0.02  # less is better
    for name, key, message in (("percent", "top1", "expected a share"), ("mystery", "cosine", "is more of it better")):
        with pytest.raises(tamis.MisuseError, match=message):
            Tuner(network, open_data(f"{tmp_path}/judge.py:{name}", network), key, 0.02, calibration="none")


def test_calibration_with_the_data_themselves(digits, tmp_path):
    network = Network(DEMO)
    data, same = (open_data(digits / "digits.npz", network, labels=labels) for labels in (True, False))
    found = Tuner(network, data, "top1", 2, calibration=same)
    assert found.counts == {"calibration": 64, "choosing": 238, "confirming": 238}


def test_copies_that_are_ruined(digits, tmp_path):
    """Outputs that are not finite are a loss without limit, not an end."""
    model = onnx.load(DEMO)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.geomspace(1e-4, 1, 64).astype(np.float32).reshape(8, 8), "divisor"))
    first = model.graph.input[0].name
    for node in model.graph.node:
        node.input[:] = ["divided" if name == first else name for name in node.input]
    model.graph.node.insert(0, onnx.helper.make_node("Div", [first, "divisor"], ["divided"]))
    onnx.save(model, tmp_path / "divided.onnx")
    network = Network(tmp_path / "divided.onnx")
    found = Tuner(network, open_data(digits / "digits.npz", network), "agreement", 5, calibration="none", search_allocation=False, effort=1)
    tuned = found.run(tmp_path)
    assert any(entry.chosen_by.loss == np.inf for entry in tuned.candidates) and np.isfinite(tuned.look.loss)


def test_metrics_of_which_the_original_has_no_end(digits):
    network = Network(DEMO)
    with pytest.raises(tamis.MisuseError, match="psnr_to_original of the original is infinite"):
        Tuner(network, open_data(digits / "digits.npz", network, labels=False), "psnr_to_original", 1, calibration="none")


def test_proof(digits, tmp_path):
    network = Network(DEMO)
    data = open_data(digits / "digits.npz", network)
    found = Tuner(network, data, "top1", 2, calibration="none", search_allocation=False, prove=True, effort=1).run(tmp_path)
    assert found.confirmed and found.look.high <= 2


@pytest.mark.parametrize("words, code, message", [
    (["--metric", "mse", "--max-drop", "1"], 64, "metric mse: it does not fit the data; what fits: top1"),
    (["--metric", "top1", "--max-drop", "-1"], 64, "max-drop is -1.0, expected 0 or more"),
    (["--metric", "top1", "--max-drop", "1", "--no-labels"], 64, "it needs labels, and the data have none"),
    (["--metric", "top1", "--max-drop", "1", "--samples", "80"], 64, "80 samples, of which 64 are for calibration"),
    (["--metric", "top1", "--max-drop", "1", "--calibration", "none.npz"], 66, "none.npz: no such file"),
    (["--metric", "top1", "--max-drop", "1", "--model-output", "x"], 64, "has no output x"),
    (["--metric", "top1", "--max-drop", "1", "--effort", "12"], 64, "effort"),
    (["--metric", "top1", "--max-drop", "one"], 64, "invalid float value"),
])
def test_refusals(digits, tmp_path, capsys, words, code, message):
    try:
        found = main(["tune", str(DEMO), "--data", str(digits / "digits.npz"), "-o", str(tmp_path / "x.tamis"), "-q", *words])
    except SystemExit as exit:
        found = exit.code
    assert found == code and message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_labels_of_another_numbering(digits, tmp_path):
    with np.load(digits / "digits.npz") as arrays:
        np.savez(tmp_path / "wrong.npz", image=arrays["image"], labels=(arrays["labels"] + 1) % 10)
    network = Network(DEMO)
    with pytest.raises(tamis.MisuseError, match="no more than guesses among 10 classes"):
        require_sense(evaluation(network, open_data(tmp_path / "wrong.npz", network)))
