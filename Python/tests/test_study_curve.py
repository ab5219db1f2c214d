"""Curves of rate against accuracy: their points, the store of points, and what is made of them."""

import csv
import json
import math
import os
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

import tamis
from conftest import REPOSITORY
from tamis.errors import Cancelled, MalformedError, MisuseError, NoInputError, OutputExistsError
from tamis.study import Network, commands, curve_page, evaluation, open_data, points, sweeps
from tamis.study.curves import Curves, default_metric, lost, sweep, table_text
from tamis.study.metrics import METRICS
from tamis.study.point_store import PointStore
from tamis.study.points import Point, Subject, entropy, parsed

DEMO = REPOSITORY / "Demo" / "digits.onnx"
FEW = ["--quality", "6", "15", "--step", "0.0078125", "--point", "--quantizer codebook,levels=16"]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Some of the demo's held-out images, with labels."""
    pytest.importorskip("sklearn")
    sys.path.insert(0, str(DEMO.parent))
    import dataset

    path = tmp_path_factory.mktemp("digits") / "digits.npz"
    _, _, images, labels = dataset.load()
    np.savez(path, image=images[:200], labels=labels[:200])
    return path


@pytest.fixture
def command(monkeypatch):
    """Runs ``tamis-study curve``; returns its exit code."""
    monkeypatch.setattr(commands, "SUB_COMMANDS", ("curve",))
    return lambda *words: commands.main(["curve", *map(str, words)])


@pytest.fixture
def undrawn(monkeypatch):
    """Pages take longest."""
    monkeypatch.setattr(curve_page, "write", lambda *_: None)


@pytest.fixture
def encodes(monkeypatch):
    """The options of every model that is encoded to be measured."""
    made, real = [], tamis.encode

    def counted(model, *rest, **options):
        if not options.get("lossless") and isinstance(model, os.PathLike):
            made.append(options)
        return real(model, *rest, **options)

    monkeypatch.setattr(tamis, "encode", counted)
    return made


@pytest.fixture
def subject(model_path, tmp_path):
    """The made-up network with inputs, without labels."""
    np.savez(tmp_path / "inputs.npz", x=np.random.default_rng(5).standard_normal((64, 96)).astype(np.float32))
    network = Network(model_path)
    return Subject(network, evaluation(network, open_data(tmp_path / "inputs.npz", network)))


def test_entropy_of_a_known_histogram():
    assert entropy(np.array([1, 1, 2])) == 1.5
    assert entropy(np.array([7, 0])) == 0


@pytest.mark.parametrize("delta", [0, 0.25, 0.5, 0.75])
def test_ideal_rate_is_that_of_the_indices(subject, delta):
    """q = s(X) ceil(|X| / step - delta), 0 below delta x step: of all tensors together and tensor by tensor."""
    step = 2 / 2**6
    found = subject.measured(Point("", "", {"step": step, "quantizer": f"deadzone,delta={delta}", "feedback": "none"}))
    indices = []
    for x, _ in subject.tensors():
        q = np.where(np.abs(x) < delta * step, 0, np.maximum(np.ceil(np.abs(x) / step - delta), 0)) * np.sign(x)
        indices.append(q.ravel())

    def bits(q):
        return entropy(np.unique(q, return_counts=True)[1])

    assert found["ideal"] == "pooled"
    assert found["ideal_pooled"] == pytest.approx(bits(np.concatenate(indices)), abs=1e-9)
    assert found["ideal_per_tensor"] == pytest.approx(sum(bits(q) * q.size for q in indices) / subject.weight_count, abs=1e-9)


def test_a_point_is_about_the_file_that_the_product_makes(subject):
    point = Point("trellis", "12 dB", {"quality": 12})
    found = subject.measured(point)
    encoded = tamis.encode(subject.network.path, quality=12)
    assert found["file_bytes"] == len(encoded)
    assert found["bits_per_weight"] == 8 * len(encoded) / subject.weight_count
    assert found["ratio"] == subject.network.nbytes / len(encoded) and found["saving"] == 1 - 1 / found["ratio"]
    with tamis.open(encoded) as model:
        x, y = (np.concatenate([tensor.ravel() for tensor in both]) for both in zip(*subject.tensors(model)))
    assert found["snr_db"] == pytest.approx(10 * math.log10((x**2).sum() / ((x - y) ** 2).sum()))
    assert set(found["metrics"]) >= {"agreement", "kl", "mse_to_original"} and found["ideal"] == ""
    original = subject.measured(sweeps.original())
    assert original["ratio"] == 1 and original["snr_db"] is None and original["metrics"]["agreement"] == 1
    assert original["ideal_pooled"] >= original["ideal_per_tensor"] > 10
    json.dumps([found, original], allow_nan=False)


def test_the_study_quantizes_every_tensor(subject):
    for point in sweeps.chosen("study", [6], True):
        if "quality" in point.options:
            continue
        with tamis.open(tamis.encode(subject.network.path, **point.options)) as model:
            assert not any(model.coding(name).exact for name in model.tensors), point.words


def test_sets_are_valid_and_have_no_point_twice():
    for name in sweeps.SETS:
        found = sweeps.chosen(name, [6, 7, 8, 9, 10], True)
        assert len({point.words for point in found}) == len({(point.method, point.setting) for point in found}) == len(found)
    for point in found:
        point.validate()


def test_which_entropy_is_that_of_the_indices():
    found = {point.method: point.ideal for point in sweeps.chosen("all", [8], True)}
    assert {method for method, ideal in found.items() if ideal == "pooled"} == {
        "midrise", "deadzone 0.1", "deadzone 0.25", "deadzone 0.4", "midtread", "deadzone 0.7", "μ-law", "half"}
    assert {method for method, ideal in found.items() if ideal == "per tensor"} == {
        "μ-law own range", "minifloat", "symmetric", "affine minmax", "affine mse", "codebook"}
    assert parsed("--step 1").ideal == parsed("--quantizer midtread --quality 9").ideal == ""
    assert parsed("--step 1 --quantizer rdoq").ideal == "pooled"


def test_words_of_points():
    point = parsed("--quality=12 --quantizer 'trellis,states=8' --exclude a* --exclude 'b c'")
    assert point.options == {"quality": 12, "quantizer": "trellis,states=8", "exclude": ["a*", "b c"]}
    assert parsed(point.words).options == point.options
    assert (point.method, point.setting) == ("quantizer trellis,states=8 exclude 'a*' exclude 'b c'", "quality 12")
    assert [p.words for p in sweeps.grid(["midtread", "rdoq"], [9], [0.5], ["--lossless"])] == [
        "--quantizer midtread --quality 9", "--quantizer midtread --step 0.5", "--quantizer rdoq --quality 9",
        "--quantizer rdoq --step 0.5", "--lossless"]


@pytest.mark.parametrize("text", [
    "quality 3", "--quality", "--quality x", "--quality 999", "--quantizer nonesuch", "--step 1 --quality 3", "--recipe a.yaml",
    "--quality 1 --quality 2", "--target-size 3Q"])
def test_points_that_make_no_sense(text):
    with pytest.raises(MisuseError, match=re.escape(text.split()[0])):
        parsed(text).validate()


def test_statistics_belong_to_the_key(tmp_path):
    with pytest.raises(NoInputError):
        parsed(f"--statistics {tmp_path}/none").validate()
    path, keys = tmp_path / "statistics", set()
    for content in ("a", "b"):
        path.write_text(content)
        keys.add(parsed(f"--statistics {path}").key({}))
    assert len(keys) == 2


def test_nothing_is_computed_twice(command, undrawn, subject, tmp_path, encodes, capsys):
    arguments = (subject.network.path, "--data", tmp_path / "inputs.npz", *FEW, "-o", tmp_path / "out", "-q")
    assert command(*arguments, "-T", "2") == 0
    assert len(encodes) == 4
    first = capsys.readouterr().out
    assert "codebook" in first and "bits/weight" in first
    table = (tmp_path / "out" / "points.csv").read_bytes()
    assert command(*arguments) == 0
    assert len(encodes) == 4 and (tmp_path / "out" / "points.csv").read_bytes() == table and capsys.readouterr().out == first
    assert command(*arguments, "--point", "--quality 7") == 0
    assert len(encodes) == 5 and encodes[-1]["quality"] == 7


def test_what_is_written(command, digits, tmp_path, capsys):
    assert command(DEMO, "--data", digits, *FEW, "-o", tmp_path / "out", "-q", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metric"] == "top1" and found["max_loss"] == 0.8 and len(found["points"]) == 5 and found["weights"] == 223402
    confusion = found["points"][0]["confusion"]
    assert confusion["classes"] == 10 and sum(count for _, _, count in confusion["counts"]) == 200
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "points.jsonl", "points.csv", "report.html", "rate-distortion.svg", "accuracy.svg", "nearness.svg", "nearness-ideal.svg"}
    with open(tmp_path / "out" / "points.csv", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0])[:10] == [
        "method", "setting", "file_bytes", "bits_per_weight", "ratio", "saving", "ideal", "ideal_pooled", "ideal_per_tensor", "snr_db"]
    assert {"top1", "top5", "balanced_accuracy", "precision", "recall", "f1", "agreement", "kl"} <= set(rows[0])
    assert {"top1_difference_error", "options"} <= set(rows[0])
    assert rows[0]["method"] == "original" and rows[0]["snr_db"] == "" and len(rows) == 5
    assert [float(row["kl"]) for row in rows] == [point["metrics"]["kl"] for point in found["points"]]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Confusion" in page and found["sentence"][:40] in page
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", page) and "@import" not in page and "url(http" not in page
    assert (tmp_path / "out" / "accuracy.svg").read_text().startswith('<svg xmlns="http://www.w3.org/2000/svg"')


def test_without_labels(command, undrawn, subject, tmp_path, capsys):
    assert command(subject.network.path, "--data", tmp_path / "inputs.npz", *FEW, "-o", tmp_path / "out", "-q", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metric"] == "agreement" and found["points"][0]["confusion"] is None


def test_a_function_judges_one_session_at_a_time(command, undrawn, subject, tmp_path, capsys):
    (tmp_path / "judge.py").write_text("""
import threading, time
import numpy as np
lock = threading.Lock()
def judge(session):
    assert lock.acquire(blocking=False)
    time.sleep(0.02)
    found = session.run(None, {"x": np.ones((1, 96), np.float32)})[0]
    lock.release()
    return {"error": float(np.abs(found).mean())}
""")
    arguments = (subject.network.path, "--data", f"{tmp_path}/judge.py:judge", *FEW, "-o", tmp_path / "out", "-q", "-T", "3")
    assert command(*arguments) == 0
    assert "--max-loss says" in capsys.readouterr().out
    assert command(*arguments, "--max-loss", "100") == 0
    assert "With at most 100 of error lost, the smallest file is that of" in capsys.readouterr().out


def test_a_changed_model_is_another_one(command, undrawn, subject, tmp_path, encodes, capsys):
    import onnx

    out, changed = tmp_path / "out", tmp_path / "changed.onnx"
    changed.write_bytes(subject.network.path.read_bytes())
    arguments = (changed, "--data", tmp_path / "inputs.npz", "--quality", "15", "-o", out, "-q")
    assert command(*arguments) == 0
    model = onnx.load(changed)
    model.doc_string = "changed"
    onnx.save(model, changed)
    assert command(*arguments) == 73
    assert "points of changed.onnx" in capsys.readouterr().err and len(encodes) == 1
    assert command(*arguments, "-f") == 0
    assert len(encodes) == 2 and len((out / "points.jsonl").read_text().splitlines()) == 3


def test_a_new_encoder_measures_anew(monkeypatch):
    before = parsed("--quality 3").key({"model": "a"})
    assert before == parsed("--quality 3.0").key({"model": "a"}) != parsed("--quality 3").key({"model": "b"})
    monkeypatch.setattr(tamis, "encoder_name", "tamis 99")
    assert parsed("--quality 3").key({"model": "a"}) != before


def test_what_a_killed_run_left_of_a_line_is_cut_off(tmp_path):
    words = {"model": "m.onnx", "data": "few samples"}
    with PointStore(tmp_path / "s", {"model": "a"}, words) as store:
        store.add("k", {"file_bytes": 3})
        with pytest.raises(MisuseError, match="another run"):
            PointStore(tmp_path / "s", {"model": "a"}, words)
    path = tmp_path / "s" / "points.jsonl"
    whole = path.read_bytes()
    for cut in (whole + b'{"key": "l", "file', whole[:-1], whole[:4], b""):
        path.write_bytes(cut)
        with PointStore(tmp_path / "s", {"model": "a"}, words) as store:
            assert store.get("k") == ({"file_bytes": 3} if cut.startswith(whole) else None)
            store.add("l", {"file_bytes": 4})
        assert all(isinstance(json.loads(line), dict) for line in path.read_text().splitlines())
        with PointStore(tmp_path / "s", {"model": "a"}, words) as store:
            assert store.get("l") == {"file_bytes": 4}
    path.write_bytes(whole + b"no JSON\n")
    with pytest.raises(MalformedError, match="line 3"):
        PointStore(tmp_path / "s", {"model": "a"}, words)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(OutputExistsError, match="other files"):
        PointStore(tmp_path / "other", {"model": "a"}, words)
    with pytest.raises(OutputExistsError, match="is a file"):
        PointStore(tmp_path / "other" / "file", {"model": "a"}, words)


def test_a_killed_process_goes_on(command, undrawn, subject, tmp_path, encodes):
    out = tmp_path / "out"
    program = "import sys; from tamis.study import commands; commands.SUB_COMMANDS = ('curve',); sys.exit(commands.main())"
    qualities = [*map(str, range(1, 21))]
    arguments = [str(subject.network.path), "--data", str(tmp_path / "inputs.npz"), "--quality", *qualities, "-o", str(out), "-q"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, "curve", *arguments, "-T", "1"], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    while process.poll() is None and (not (out / "points.jsonl").exists() or (out / "points.jsonl").read_bytes().count(b"\n") < 4):
        time.sleep(0.005)
    process.kill()
    process.wait()
    finished = (out / "points.jsonl").read_bytes().count(b"\n") - 2  # besides the heading and the original
    assert 2 <= finished < 20
    assert command(*arguments) == 0
    assert len(encodes) == 20 - finished


def test_failure_stops_the_rest(subject, tmp_path):
    (tmp_path / "statistics").write_text("none")
    with PointStore(tmp_path / "s", subject.identity, {"model": "m", "data": "d"}) as store:
        with pytest.raises(tamis.TamisError):
            sweep(subject, store, [parsed(f"--statistics {tmp_path}/statistics"), *sweeps.qualities("", range(60))], threads=1)
    assert len((tmp_path / "s" / "points.jsonl").read_text().splitlines()) < 10
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Cancelled):
        subject.measured(Point("", "", {"quality": 3}), stopped)


@pytest.mark.parametrize(("words", "code", "told"), [
    (["--data", "none.npz", "-o", "out"], 66, "no such file"),
    (["--data", "DIGITS"], 64, "-o FOLDER is missing"),
    (["--data", "DIGITS", "-o", "out", "--metric", "psnr"], 64, "does not fit"),
    (["--data", "DIGITS", "-o", "out", "--quality", "999"], 64, "point '--quality 999'"),
    (["--data", "DIGITS", "-o", "out", "--levels", "30"], 64, "expected exponents"),
    (["--data", "DIGITS", "-o", "out", "--levels", "6", "--quality", "9"], 64, "--levels is for the points of --set"),
    (["--data", "DIGITS", "-o", "out", "--max-loss", "-1"], 64, "expected 0 or more"),
    (["--data", "WRONG", "-o", "out"], 64, "no more than guesses"),
    (["--data", "DIGITS", "-o", "out", "--point", "--quantizer 'x"], 64, "no closing quotation"),
    (["--data", "DIGITS", "-o", "out", "--set", "study", "--levels", "23"], 64, "levels: is 2097152"),
    (["--data", "DIGITS", "-o", "wrong.npz"], 73, "wrong.npz is a file"),
    (["--data", "DIGITS", "-o", "wrong.npz/out"], 64, "wrong.npz is a file, expected a folder"),
])
def test_refusals_before_the_long_work(command, digits, tmp_path, monkeypatch, encodes, capsys, words, code, told):
    monkeypatch.chdir(tmp_path)
    with np.load(digits) as arrays:
        np.savez("wrong.npz", image=arrays["image"], labels=(arrays["labels"] + 1) % 10)
    assert command(DEMO, *[{"DIGITS": digits, "WRONG": "wrong.npz"}.get(word, word) for word in words]) == code
    assert told in capsys.readouterr().err and not encodes


def test_statistics_that_are_none_are_refused_before_the_long_work(command, digits, tmp_path, encodes, capsys):
    (tmp_path / "statistics").write_text("none")
    point = f"--quality 12 --statistics {tmp_path}/statistics"
    assert command(DEMO, "--data", digits, "--quality", "9", "--point", point, "-o", tmp_path / "out") == 64
    assert "statistics" in capsys.readouterr().err and len(encodes) == 1 and not (tmp_path / "out").exists()


def row(method, size, top1, kl):
    return {
        "method": method, "setting": str(size), "words": "", "options": None, "file_bytes": size, "bits_per_weight": size / 100,
        "ratio": 3200 / size, "saving": 1 - size / 3200, "ideal": "per tensor", "ideal_pooled": 1.0, "ideal_per_tensor": 1.0,
        "snr_db": None, "metrics": {"top1": top1, "kl": kl}, "errors": {"top1": 0.01}, "confusion": None}


def test_summary_and_winners():
    rows = [row("original", 3200, 0.9, 0.0), row("a", 200, 0.85, 0.1), row("a", 300, 0.895, 0.05), row("a", 400, 0.91, 0.02),
            row("b", 200, 0.7, 0.2), row("b", 300, 0.88, 0.08), row("b", 400, 0.9, 0.005),
            row("minifloat", 250, 0.9, 1e-6), row("c", 100, 0.1, 4.0)]
    curves = Curves.judged(rows, "top1", None)
    best = [(method, row and row["file_bytes"]) for method, row in curves.summary()]
    assert best == [("minifloat", 250), ("a", 300), ("b", 400), ("c", None)]
    (low, middle, first), (after, high, second) = curves.winners()
    assert low == pytest.approx(2, abs=0.01) and (first, high, second) == ("a", 4, "b") and 3 < middle < after < 4
    assert "minifloat (250): 2.50 bits/weight, 12.80 times smaller" in curves.sentence() and "a from 2.0 to" in curves.sentence()
    assert len(curve_page.summary_cells(curves)[1]) == 4 and table_text(curves).count("\n") == 10
    edge = Curves.judged([row("original", 3200, 0.834, 0.0), row("a", 200, 0.826, 0.1)], "top1", None)
    assert edge.best(edge.points) is edge.points[0]
    assert Curves.judged(rows[:1], "kl", None).max_loss is None and default_metric(["kl", "agreement"]) == "agreement"


def test_a_point_that_computes_no_numbers(subject, tmp_path, monkeypatch):
    """A copy whose outputs are not finite is a point as any other, without metrics."""
    class Broken:
        def values(self):
            return dict.fromkeys(subject.evaluation.metrics, math.nan)

        def each(self, name):
            return None

        def confusion(self):
            return None

    real, broken = subject.evaluation.run, [Broken()]
    monkeypatch.setattr(subject.evaluation, "run", lambda *rest: broken.pop() if broken else real(*rest))
    asked = [*sweeps.qualities("a", (3, 9, 15)), *sweeps.qualities("b", (6, 12), quantizer="midtread")]
    with PointStore(tmp_path / "s", subject.identity, {"model": "m", "data": "d"}) as store:
        rows = sweep(subject, store, asked, threads=1)
        assert sweep(subject, store, asked, threads=1) == rows  # all are kept
    broken = rows[1]
    assert set(broken["metrics"].values()) == {None} and broken["undefined"] == subject.evaluation.metrics and broken["errors"] == {}
    for name in subject.evaluation.metrics:
        curves = Curves.judged(rows, name, 100.0)
        assert curves.loss(broken) == math.inf and curves.best(rows[1:2]) is None and broken is not curves.best(curves.points)
        assert curve_page.shown(name, broken) == "–"
    only = Curves.judged(rows[:2], "agreement", None)
    assert only.summary() == [("a", None)] and "no point loses at most" in only.sentence().lower()
    lines = list(csv.DictReader(table_text(curves).splitlines()))
    assert lines[1]["agreement"] == "" and float(lines[2]["agreement"]) > 0
    assert "–" in curve_page.summary_cells(only)[1][0] and len(curve_page.drawn(only)) == 2
    curve_page.write(tmp_path, curves, {"model": "m", "weights": 1, "data": "d", "samples": 64})
    assert "<svg" in (tmp_path / "report.html").read_text()


def test_a_point_asked_for_twice_stays_on_its_curve(subject, tmp_path):
    with PointStore(tmp_path / "s", subject.identity, {"model": "m", "data": "d"}) as store:
        rows = sweep(subject, store, [*sweeps.qualities(sweeps.DEFAULT, (9,)), *sweeps.grid([], [9], [], [])], threads=1)
    assert [row["method"] for row in rows] == ["original", sweeps.DEFAULT]


def test_interruption(command, undrawn, subject, tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tamis.study.commands.curve.sweep", interrupted)
    assert command(subject.network.path, "--data", tmp_path / "inputs.npz", "--quality", "9", "-o", tmp_path / "out") == 130
    assert capsys.readouterr().err == "error: interrupted; finished points are kept, and the same command goes on\n"


def test_losses():
    assert lost(METRICS["top1"], 0.9, 0.85) == pytest.approx(5)
    assert lost(METRICS["rmse"], 1.0, 1.5) == 0.5
    assert lost(METRICS["psnr"], None, None) == 0 and lost(METRICS["psnr"], None, 30.0) == math.inf
    assert points.Point("", "", None).words == "the original"
