"""Distributions, entropies, the optimum deadzone, and the analysis of a model."""

import argparse
import dataclasses
import json
import math

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("matplotlib")
stats = pytest.importorskip("scipy.stats")

from conftest import REPOSITORY, onnx_model
from scipy import integrate, optimize

import tamis
from tamis import errors
from tamis.study import analysis, analysis_figures, analysis_page, deadzone
from tamis.study.commands import analyze as command
from tamis.study.distributions import DENSITIES, fits, histogram, probabilities
from tamis.study.report import Markup
from tamis.study.weight_statistics import generalized_gaussian_shape, index_entropy, moments, structure, value_entropy

DEMO = REPOSITORY / "Demo" / "digits.onnx"
SAMPLES = {
    "laplace": lambda rng, n: rng.laplace(0.01, 0.05, n), "norm": lambda rng, n: rng.normal(0.1, 0.05, n),
    "logistic": lambda rng, n: rng.logistic(0, 0.05, n), "uniform": lambda rng, n: rng.uniform(-0.1, 0.2, n),
    "expon": lambda rng, n: rng.exponential(0.1, n) - 0.05, "cauchy": lambda rng, n: rng.standard_cauchy(n) * 0.02,
    "gamma": lambda rng, n: rng.gamma(2.5, 0.1, n) - 0.3,
    "alpha": lambda rng, n: stats.alpha.rvs(2.0, loc=-0.1, scale=0.3, size=n, random_state=rng),
}


@pytest.fixture(scope="module")
def demo():
    return analysis.analyze(DEMO)


# Densities


@pytest.mark.parametrize("name", DENSITIES)
@pytest.mark.parametrize("count", [20000, 200000])
def test_known_densities_come_first(name, count):
    ordered = np.sort(SAMPLES[name](np.random.default_rng(5), count).astype(np.float32))
    found = fits(ordered)[0]
    assert found[0].name == name and found[0].rank_by_kl == 1
    assert min(found, key=lambda fit: fit.rank_by_sse).name == name
    assert sorted(fit.rank_by_sse for fit in found) == sorted(fit.rank_by_kl for fit in found) == list(range(1, 9))
    true = {"laplace": (0.01, 0.05), "norm": (0.1, 0.05), "logistic": (0, 0.05), "uniform": (-0.1, 0.3), "expon": (-0.05, 0.1),
            "cauchy": (0, 0.02), "gamma": (2.5, -0.3, 0.1), "alpha": (2, -0.1, 0.3)}[name]
    assert found[0].parameters == pytest.approx(true, rel=0.03, abs=0.002)


@pytest.mark.parametrize("name", ["gamma", "alpha", "logistic", "cauchy"])
def test_fits_are_as_likely_as_those_of_scipy(name):
    values = np.sort(SAMPLES[name](np.random.default_rng(3), 1500))
    ours = next(fit for fit in fits(values)[0] if fit.name == name)
    distribution = getattr(stats, name)
    theirs = distribution.fit(values, *ours.parameters[:-2], loc=ours.parameters[-2], scale=ours.parameters[-1])
    likelihood = [float(distribution.logpdf(values, *parameters).mean()) for parameters in (ours.parameters, theirs)]
    assert likelihood[0] > likelihood[1] - 1e-5


def test_histogram():
    shown = histogram(np.arange(1000.0), bins=10, central=1)
    assert shown.counts.tolist() == [100] * 10 and shown.below == shown.above == 0 and shown.count == 1000
    shown = histogram(np.arange(10000.0))
    assert (shown.below, shown.above) == (5, 5) and shown.edges[0] == 5 and shown.edges[-1] == 9994 and shown.counts.size == 44
    assert shown.density @ np.diff(shown.edges) == pytest.approx(0.999)
    pruned = histogram(np.sort(np.r_[np.zeros(100000), -1.0, 2.0]))
    assert pruned.edges[0] == -1 and pruned.edges[-1] == 2 and pruned.count == 100002


def test_probabilities_are_accurate_in_the_tails():
    edges = np.array([-np.inf, -30, -20, 20, 30, np.inf])
    found = probabilities("norm", (0.0, 1.0), edges)
    assert found[1] == found[3] == pytest.approx(2.7536e-89, rel=1e-3) and found.sum() == pytest.approx(1)


def test_kl_of_a_constructed_histogram():
    """Half as many in one half of a uniform density as in the other: P = 1/3, 2/3 against Q = 1/2, 1/2."""
    ordered = np.sort(np.r_[np.linspace(0, 0.5, 20001)[:-1], np.linspace(0.5, 1, 40000)])
    uniform = next(fit for fit in fits(ordered, [histogram(ordered, 2, 1.0)])[0] if fit.name == "uniform")
    assert uniform.kl == pytest.approx(1 + math.log2(1 / 3) / 3 + 2 * math.log2(2 / 3) / 3, abs=1e-4)
    assert uniform.sse == pytest.approx(2 * 0.5 * (1 / 3) ** 2 * ordered.std(), rel=1e-3)


@pytest.mark.parametrize("values", [[0, 1], [-1, -1, 5], [0] * 1000 + [1], [1e-40, 2e-40], [-3e38, 3e38], np.arange(7)])
def test_few_or_strange_values(values):
    ordered = np.sort(np.array(values, np.float32))
    found = fits(ordered)[0]
    assert all(math.isfinite(number) for fit in found for number in (*fit.parameters, fit.sse, fit.kl))
    assert all(math.isfinite(number) for number in dataclasses.astuple(moments(ordered)))


# Figures about weights


def test_entropies():
    assert value_entropy(np.arange(8.0)) == 3
    assert value_entropy(np.zeros(5)) == 0
    assert value_entropy(np.array([0.0, -0.0, 1, 1])) == 1
    assert value_entropy(np.array([0.0, 1, 1, 1, 2, 2, 2, 2])) == pytest.approx(3 / 8 + 3 / 8 * math.log2(8 / 3) + 0.5)
    # Ties go toward zero: -0.5, 0.5 -> 0; 1.5 -> 1.
    assert index_entropy(np.array([-0.5, 0.5, 1.5, 1.4]), 1.0) == 1
    assert index_entropy(np.array([-3.0, -0.2, 0.3, 9.0]), 100.0) == 0


def test_index_entropy_over_many_chunks():
    ordered = np.sort(np.random.default_rng(1).laplace(0, 1, 2_200_000).astype(np.float32))
    indices = np.sign(ordered) * np.ceil(np.abs(ordered.astype(float)) / 0.5 - 0.5)
    counts = np.unique(indices, return_counts=True)[1] / ordered.size
    assert index_entropy(ordered, 0.5) == pytest.approx(-(counts * np.log2(counts)).sum())


def test_moments():
    values = np.random.default_rng(2).gamma(2, 1, 50000) - 1
    values[:500] = 0
    found = moments(np.sort(values))
    assert found.mean == pytest.approx(values.mean()) and found.deviation == pytest.approx(values.std())
    assert found.skewness == pytest.approx(stats.skew(values)) and found.kurtosis == pytest.approx(stats.kurtosis(values))
    away = np.abs(values - values.mean()) / values.std()
    assert found.beyond_4 == pytest.approx((away > 4).mean()) and found.beyond_6 == pytest.approx((away > 6).mean())
    assert found.peak == pytest.approx(away.max()) and found.zeros == 0.01


def test_shape_of_the_generalized_gaussian():
    rng = np.random.default_rng(3)
    for shape in (0.6, 1.0, 2.0, 4.0):
        values = np.sort(stats.gennorm.rvs(shape, loc=0.3, size=200000, random_state=rng))
        assert moments(values).shape == pytest.approx(shape, rel=0.03)
    assert generalized_gaussian_shape(0.5) == pytest.approx(1) and generalized_gaussian_shape(2 / math.pi) == pytest.approx(2)
    assert generalized_gaussian_shape(1e-9) == 0.1 and generalized_gaussian_shape(0.9999) == 20


def test_structure():
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, (64, 32, 3, 3)) * np.exp2(rng.normal(0, 1, 64))[:, None, None, None]
    found = structure(values.astype(np.float32))
    assert found.row_spread == pytest.approx(np.log2(np.sqrt((values ** 2).mean(axis=(1, 2, 3)))).std(), rel=1e-5)
    assert found.column_spread == pytest.approx(np.log2(np.sqrt((values ** 2).mean(axis=(0, 2, 3)))).std(), rel=1e-5)
    rows, magnitudes = values.reshape(64, -1), np.abs(values - values.mean()).reshape(64, -1)
    for wanted, got in (
            ((rows[:, :-1], rows[:, 1:]), found.along), ((rows[:-1], rows[1:]), found.across),
            ((magnitudes[:, :-1], magnitudes[:, 1:]), found.along_magnitude), ((magnitudes[:-1], magnitudes[1:]), found.across_magnitude)):
        assert got == pytest.approx(np.corrcoef(wanted[0].ravel(), wanted[1].ravel())[0, 1], abs=1e-6)
    assert structure(np.arange(4.0)) is None
    alone = structure(np.ones((1, 5)))
    assert alone.row_spread is None and alone.column_spread == 0 and alone.along is alone.across is None


# The deadzone


def measured(step, zone, offset, scale=1.0):
    """Rate and distortion of a quantizer for a Laplacian, by numerical integration."""
    density = lambda x: math.exp(-x / scale) / (2 * scale)
    inner = zone * step
    rate, distortion = 0.0, 2 * integrate.quad(lambda x: x * x * density(x), 0, inner)[0]
    probability = 2 * integrate.quad(density, 0, inner)[0]
    rate -= probability * math.log2(probability) if probability else 0
    for number in range(math.ceil(40 * scale / step)):
        low = inner + number * step
        probability = integrate.quad(density, low, low + step)[0]
        rate -= 2 * probability * math.log2(probability)
        distortion += 2 * integrate.quad(lambda x: (x - low - offset * step) ** 2 * density(x), low, low + step)[0]
    return rate, distortion


@pytest.mark.parametrize("step, zone, offset", [(1.5, 0.6, 0.4), (0.4, 0.25, 0.5), (3.0, 0.0, 0.3), (2.0, 0.7, None)])
def test_rate_and_distortion_of_a_deadzone(step, zone, offset):
    found = deadzone.quantizer(2.0, step, zone, offset)
    assert (found.rate, found.distortion) == pytest.approx(measured(step, zone, found.offset, 2.0), rel=1e-6)


@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_the_optimum_is_that_of_a_search_over_all_thresholds(weight):
    """Minimum of D + weight * H (nats) over 10 free thresholds on each side with centroids: no uniform width, no deadzone assumed."""
    def cost(widths):
        edges = np.concatenate([[0.0], np.cumsum(np.exp(widths)), [np.inf]])
        tails = np.exp(-edges)
        finite = np.where(np.isinf(edges), 0, edges)
        first, second = (finite + 1) * tails, (finite * finite + 2 * finite + 2) * tails
        share, one, two = tails[:-1] - tails[1:], first[:-1] - first[1:], second[:-1] - second[1:]
        away = one[1:] ** 2 / share[1:]
        distortion = two.sum() - away.sum()
        entropy = -share[0] * np.log(share[0]) - (share[1:] * np.log(share[1:] / 2)).sum()
        return distortion + weight * entropy

    found = optimize.minimize(cost, np.full(10, math.log(2 * math.sqrt(weight))), method="BFGS", options={"gtol": 1e-9})
    widths = np.exp(found.x)
    slope = lambda s: s - 2 * (1 - s / math.expm1(s))
    step = optimize.brentq(lambda s: slope(s) - weight, 1e-3, 20)
    best = deadzone.optimum_at_step(1.0, step)
    assert widths[0] == pytest.approx(best.deadzone * step, rel=2e-3)
    assert widths[1:4] == pytest.approx([step] * 3, rel=5e-3)
    assert found.fun == pytest.approx(best.distortion + weight * best.rate * math.log(2), rel=1e-6)


@pytest.mark.parametrize("rate", [0.1, 1.0, 2.5, 6.0])
def test_no_other_deadzone_or_offset_is_better_at_the_same_rate(rate):
    best = deadzone.optimum_at_rate(0.03, rate)
    assert best.rate == pytest.approx(rate)
    for zone in np.linspace(0.05, 0.95, 19):
        for offset in (None, best.offset, 0.5):
            other = deadzone.at_rate(0.03, zone, rate, offset)
            assert other is None or other.rate == pytest.approx(rate) and other.distortion >= best.distortion * (1 - 1e-9)


def test_limits_of_the_deadzone():
    assert deadzone.optimum_at_step(1, 1e-4).deadzone == pytest.approx(0.5, abs=1e-4)
    assert deadzone.optimum_at_step(1, 20).deadzone > 0.9
    assert deadzone.at_rate(1, 0.0, 0.9) is None  # midrise has no zero: a bit for each sign
    for step in (1e-9, 9.9999e-3, 1.00001e-2, 1e3, 1e6):
        found = deadzone.optimum_at_step(1, step)
        assert all(math.isfinite(number) for number in dataclasses.astuple(found)) and 0.5 <= found.deadzone <= 1 and found.distortion > 0
    near = [deadzone.optimum_at_step(1, step).distortion for step in (9.99999e-3, 1.000001e-2)]
    assert near[0] == pytest.approx(near[1], rel=1e-5)
    series, closed = (deadzone._second_moment(step) / step ** 2 for step in (np.nextafter(1e-2, 0), 1e-2))
    assert series == pytest.approx(closed, rel=1e-10)
    large = [deadzone.optimum_at_step(1, step).deadzone for step in (199.9999999, 200.0000001)]  # where its formula changes
    assert large[0] == pytest.approx(large[1], rel=1e-9)
    for attempt in (lambda: deadzone.optimum_at_step(0, 1), lambda: deadzone.quantizer(1, 1, -1), lambda: deadzone.optimum_at_rate(1, 99)):
        with pytest.raises(errors.MisuseError):
            attempt()


@pytest.mark.parametrize("scale", [1e-40, 0.05, 1e38])
def test_every_step_of_a_file(scale):
    for step in (analysis.STEPS[0], 1e-20, 1e-3, 10, analysis.STEPS[1]):
        found = deadzone.optimum_at_step(scale, step)
        assert 0.5 <= found.deadzone + 1e-9 <= 1 + 1e-9 and math.isfinite(found.snr)
        if step < 1e-5 * scale:  # the differential entropy less that of the step
            assert found.rate == pytest.approx(math.log2(2 * math.e * scale / step)) and "so small" in found.degenerate
        elif step > 20 * scale:
            assert found.rate < 1e-3 and "so large" in found.degenerate


# Models


def test_the_demo(demo):
    assert demo.model == "digits.onnx" and demo.whole.moments.count == sum(t.statistics.moments.count for t in demo.tensors) + sum(
        math.prod(s.shape) for s in demo.skipped if "float" in s.dtype)
    counts = [t.statistics.moments.count for t in demo.tensors]
    assert counts == sorted(counts, reverse=True)
    assert len(demo.whole.fits) == 8 and 0 < demo.whole.index_entropy < demo.whole.value_entropy <= math.log2(demo.whole.moments.count)
    assert [point.rate for point in demo.rates] == list(analysis.RATES) and len(demo.rankings) == 6


def run(*words):
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    arguments = parser.parse_args(["analyze", *map(str, words)])
    return arguments.run(arguments)


def test_json(capsys):
    assert run(DEMO, "--json", "--step", "2/2048", "--tensors", "*weight*") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["step"] == 2 / 2048 and found["tensors"] and all("weight" in tensor["name"] for tensor in found["tensors"])
    assert {fit["name"] for fit in found["whole"]["fits"]} == set(DENSITIES)


def test_table_and_page(demo, tmp_path, capsys, monkeypatch):
    strange = dataclasses.replace(
        demo, model="<i>.onnx", tensors=[dataclasses.replace(t, name=f"<b>{t.name}</b>") for t in demo.tensors],
        skipped=[analysis.Skipped("<u>", "int64", (3,), "a & b")])
    monkeypatch.setattr(command, "analyze", lambda *_, **__: strange)
    path = tmp_path / "report.html"
    assert run(DEMO, "-o", path) == 0
    text = capsys.readouterr().out
    assert "(all)" in text and "By SSE" in text and "Optimum" in text and "<u> 3: a & b" in text
    page = path.read_text()
    assert "://" not in page and "Distribution of all weights" in page and page.count("<figure>") == 8 and "Left out" in page
    assert not {"<b>", "<i>", "<u>"} & {page[k:k + 3] for k in range(len(page))} and page.count("&lt;b&gt;") == len(demo.tensors)
    with pytest.raises(errors.OutputExistsError, match="-f"):
        run(DEMO, "-o", path)
    assert run(DEMO, "-o", path, "-f") == 0
    assert path.read_text() == page


def test_strange_tensors_are_listed(tmp_path, rng):
    broken = rng.normal(size=300).astype(np.float32)
    broken[7] = np.nan
    tamis.numpy.save_file({
        "w": rng.laplace(0, 0.1, (30, 20)).astype(np.float32), "half": rng.normal(size=(8, 9)).astype(np.float16),
        "double": rng.normal(size=50), "broken": broken, "constant": np.ones(9, np.float32), "one": np.ones(1, np.float32),
        "integers": np.arange(50, dtype=np.int64)}, tmp_path / "a.tamis", lossless=True)
    found = analysis.analyze(tmp_path / "a.tamis")
    assert {t.name for t in found.tensors} == {"w", "half", "double"}
    reasons = {s.name: s.reason for s in found.skipped}
    assert set(reasons) == {"broken", "constant", "one", "integers"}
    assert "1 of 300 values" in reasons["broken"] and "equal" in reasons["constant"] and "int64" in reasons["integers"]
    assert found.whole.moments.count == 600 + 72 + 50 + 9 + 1 and found.left_out == 300 + 50


def test_tensors_of_constants(tmp_path, monkeypatch):
    """Nothing can be said of a tensor alone, but of all together."""
    tamis.numpy.save_file({"a": np.ones(9, np.float32), "b": np.zeros(3, np.float32)}, tmp_path / "a.tamis", lossless=True)
    found = analysis.analyze(tmp_path / "a.tamis")
    assert found.tensors == [] and found.whole.value_entropy == pytest.approx(0.811, abs=1e-3) and found.left_out == 0
    monkeypatch.setattr(analysis_figures, "svg", lambda _: Markup("<svg></svg>"))
    analysis_page.write(tmp_path / "a.html", found)
    assert (tmp_path / "a.html").read_text().count("<figure>") == 5  # those that show tensors are left out


def test_bfloat16(tmp_path, rng):
    (tmp_path / "a.tamis").write_bytes(tamis.encode(onnx_model(rng, bfloat16=True), lossless=True))
    found = analysis.analyze(tmp_path / "a.tamis", tensors="half")
    assert found.tensors[0].dtype == "bfloat16" and found.whole.moments.maximum == 31 and found.whole.value_entropy == 5


def test_refusals(tmp_path):
    with pytest.raises(errors.NoInputError):
        run(tmp_path / "none.onnx")
    with pytest.raises(errors.MisuseError, match="no tensor fits .*there are"):
        run(DEMO, "--tensors", "nothing*")
    with pytest.raises(errors.MisuseError, match="no such folder"):
        run(DEMO, "-o", tmp_path / "none" / "a.html")
    with pytest.raises(errors.MisuseError, match="step"):
        analysis.analyze(DEMO, step=0)
    tamis.numpy.save_file({"a": np.zeros(9, np.float32)}, tmp_path / "equal.tamis", lossless=True)
    with pytest.raises(errors.MalformedError, match="all weights are equal"):
        run(tmp_path / "equal.tamis")
    tamis.numpy.save_file({"a": np.arange(9)}, tmp_path / "integers.tamis", lossless=True)
    with pytest.raises(errors.MalformedError, match="no floating-point weights"):
        run(tmp_path / "integers.tamis")
    with pytest.raises(errors.MisuseError, match="is a folder"):
        run(DEMO, "-o", tmp_path, "-f")
    for step in ("0", "x", "1/0", "-1", "inf", "1e-200", "1e200"):
        with pytest.raises(SystemExit):
            run(DEMO, f"--step={step}")


def test_squeezenet(models):
    """The study's file was another version of the network: 20.221 bits, 4.67 at midtread 2^8."""
    found = analysis.analyze(models / "squeezenet1.1.onnx")
    assert found.whole.value_entropy == pytest.approx(20.221, abs=0.01)
    assert found.whole.index_entropy == pytest.approx(4.67, abs=0.02)
    assert "laplace" in [fit.name for fit in found.whole.by_sse[:2]]
