"""The page about a model's weights, for who chooses a quantizer: each figure says what follows from it."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from . import analysis_figures as figures
from .analysis import RELATIVE_STEP, Analysis, TensorAnalysis
from .deadzone import STUDIED
from .distributions import DENSITIES, Fit
from .report import Markup, facts, figure, paragraph, section, side_by_side, table, text_of, write_page


def write(path: str | os.PathLike[str], found: Analysis, *, overwrite: bool = False) -> None:
    """Writes the page; errors are those of `report.write_page`."""
    whole = found.whole
    write_page(path, f"Weights of {found.model}", [
        facts([
            ("weights", whole.moments.count), ("tensors", len(found.tensors)), ("density by SSE", DENSITIES[whole.by_sse[0].name]),
            ("density by KL", DENSITIES[whole.fits[0].name]), ("entropy of the values, bits", whole.value_entropy),
            (f"entropy of indices at step {found.step:.4g}, bits", whole.index_entropy),
            (f"the same at {RELATIVE_STEP:g} deviations of each tensor, bits", whole.relative_index_entropy),
            ("optimum deadzone at the step, in steps", whole.optimum.deadzone), ("largest weight, in deviations", whole.moments.peak)]),
        _distribution(found), _quantizer(found), _tensors(found), *_skipped(found),
    ], lead="All floating-point weights and biases as one set, then each tensor. Distributions, what indices cost, and which quantizer "
            "suits them.",
        overwrite=overwrite)


def _distribution(found: Analysis) -> Markup:
    whole = found.whole
    best = _distinct([*whole.by_sse[:2], *whole.fits[:2], whole.laplace, _of(whole.fits, "norm")])
    laplace, exponent = whole.laplace, whole.moments.shape
    return section(
        "Distribution of all weights", *_warning(found),
        paragraph(
            f"Among eight densities, Laplace is number {laplace.rank_by_sse} by SSE and number {laplace.rank_by_kl} by KL; a code made for "
            f"it wastes {laplace.kl:.3f} bits per weight. Quantizers with a deadzone are made for Laplacians. The generalized Gaussian has "
            f"a shape of {exponent:.2f} (1 Laplace, 2 Gaussian)."),
        side_by_side(
            figure(figures.densities(found.middle, best, logarithmic=False), alt="histogram of the middle of all weights, with densities",
                   caption="The central 95 %, where most indices fall and the rate is decided. Nearest by SSE, which counts errors "
                           f"where weights are many: {_joined(whole.by_sse[:2])}."),
            figure(figures.densities(whole.histogram, best, logarithmic=True), alt="the same with a logarithmic axis",
                   caption=f"On a logarithmic axis a Laplacian is a tent of straight lines, a Gaussian a parabola. {_tails(found)}")),
        _ranking(found), _stability(found),
        side_by_side(
            figure(figures.quantiles(whole, best[:3]), alt="quantiles of weights against those of densities",
                   caption="Quantiles of the weights against those of the densities: on the line, both agree. Where a curve leaves it "
                           "upwards on the right, weights reach farther than the density says."),
            *([figure(figures.shapes(found), alt="shape of the generalized Gaussian of each tensor by its size", caption=_mixture(found))]
              if found.tensors else [])))


def _ranking(found: Analysis) -> Markup:
    rows = [
        [DENSITIES[fit.name], fit.rank_by_sse, fit.sse, fit.rank_by_kl, fit.kl, ", ".join(text_of(value) for value in fit.parameters)]
        for fit in found.whole.by_sse]
    return table(
        ["density", "rank by SSE", "SSE", "rank by KL", "KL, bits", "parameters as in scipy.stats"], rows, sortable=True,
        caption="SSE: squared error of the density against the histogram, integrated, in units of one deviation. KL: bits per weight "
                "that a code made for the density wastes on the bins of the histogram.")


def _stability(found: Analysis) -> Markup:
    rows = [
        [f"{100 * ranking.share:g} %", ranking.bins, _joined(ranking.by_sse[:2]), _joined(ranking.by_kl[:2])] for ranking in found.rankings]
    shown = found.whole.histogram
    return table(
        ["central share of weights", "bins", "first two by SSE", "first two by KL"], rows, numeric=[1],
        caption=f"The same fits, judged by other histograms than the one above ({shown.counts.size} bins over 99.9 %). Over the whole "
                "range (100 %) few bins hold most weights.")


def _quantizer(found: Analysis) -> Markup:
    whole = found.whole
    scale, deviation = whole.laplace.parameters[1], whole.moments.deviation
    rows = [
        [f"{p.rate:g}", p.optimum.step / deviation, p.optimum.step, p.optimum.deadzone, p.optimum.offset, 100 * p.optimum.zeros,
         p.optimum.snr] for p in found.rates]
    lost = [[f"δ = {zone:g}{_named(zone)}", *(_decibels(p.lost_at_middle[zone]) for p in found.rates)] for zone in STUDIED]
    lost += [[f"δ = {zone:g}{_named(zone)}, centroids", *(_decibels(p.lost_at_centroid[zone]) for p in found.rates)] for zone in STUDIED]
    at_four = next(p for p in found.rates if p.rate == 4)
    best = min(STUDIED, key=lambda zone: at_four.lost_at_middle[zone] if at_four.lost_at_middle[zone] is not None else np.inf)
    return section(
        "The quantizer that suits them",
        paragraph(
            "For a Laplacian, the best quantizer of a given entropy has bins of one width but for the one of zero, and reconstructs to "
            "the centroids of bins (Sullivan, 1996). Index 0 is |x| < δΔ. "
            f"The Laplacian fitted here has a mean magnitude of {text_of(scale)}. At the step of {text_of(found.step)}, its optimum is "
            f"δ = {whole.optimum.deadzone:.3f} with centroids {whole.optimum.offset:.3f} steps above the lower ends of bins, at "
            f"{whole.optimum.rate:.3f} bits; midtread indices of the weights themselves take {whole.index_entropy:.3f} bits."
            + (f" Mind that {whole.optimum.degenerate}." if whole.optimum.degenerate else "")),
        *([paragraph("But these weights are far from a Laplacian: take what follows as a hint, and measure.")]
          if whole.laplace.rank_by_kl > 3 else []),
        side_by_side(
            figure(figures.optimum(found), alt="optimum deadzone and offset by rate",
                   caption="From 3 bits on, the optimum is nearly midtread (δ = 0.5) with the middle of bins; below 2 bits a wider "
                           "deadzone pays, and centroids near the lower end."),
            figure(figures.losses(found), alt="loss against the optimum by rate for the study's deadzones",
                   caption="What each deadzone loses against the optimum at equal rate, reconstructing to the middle of bins (cut at "
                           f"4 dB). At 4 bits δ = {best:g} loses least, {at_four.lost_at_middle[best]:.2f} dB. This is error of weights: "
                           "which δ keeps the accuracy, only a run on data shows.")),
        table(["rate, bits", "step, deviations", "step", "δ, steps", "offset, steps", "zeros, %", "SNR, dB"], rows, numeric=range(7),
              caption="The optimum for the fitted Laplacian by rate. The deviation is that of the weights."),
        table(["lost against the optimum, dB", *(f"{p.rate:g} bits" for p in found.rates)], lost, numeric=range(1, 1 + len(found.rates)),
              caption="Reconstruction to the middle of bins as in the study, Δ(|q| + δ − ½), and to centroids. A dash: the rate is out "
                      "of reach."))


def _tensors(found: Analysis) -> Markup:
    if not found.tensors:
        return section("Tensors", paragraph("No tensor has values that differ; there are figures for all together only."))
    headings = ["tensor", "shape", "weights", "histogram", "deviation", "skewness", "excess kurtosis", "largest, deviations",
                "beyond 4 deviations, %", "zeros, %", "value entropy, bits", f"bits at {found.step:.4g}",
                f"bits at {RELATIVE_STEP:g} dev.", "by SSE", "by KL", "shape", "row spread, octaves",
                "column spread, octaves", "correlation along", "of magnitudes", "correlation across", "of magnitudes", "optimum δ"]
    return section(
        "Tensors",
        *([side_by_side(
            figure(figures.spreads(found), alt="row and column spread of tensors", caption=_spreads(found)),
            figure(figures.neighbours(found), alt="correlation of neighbours by tensor", caption=_neighbours(found)))]
          if any(tensor.structure for tensor in found.tensors) else []),
        table(headings, [_row(tensor) for tensor in found.tensors], sortable=True, numeric=[2, *range(4, 13), *range(15, 23)],
              caption="By size; a click on a heading sorts. Histograms: the central 99.9 % of values. Shape: of the generalized "
                      "Gaussian, 1 for a Laplacian, 2 for a Gaussian. Spread: standard deviation of log2 of root mean squares. "
                      "δ: optimum for the fitted Laplacian at the step."))


def _row(tensor: TensorAnalysis) -> list[object]:
    of, m, s = tensor.statistics, tensor.statistics.moments, tensor.structure
    structure = (s.row_spread, s.column_spread, s.along, s.along_magnitude, s.across, s.across_magnitude) if s else (None,) * 6
    return [
        tensor.name, "×".join(map(str, tensor.shape)), m.count, figures.small_histogram(of.histogram), m.deviation, m.skewness, m.kurtosis,
        m.peak,
        100 * m.beyond_4, 100 * m.zeros, of.value_entropy, of.index_entropy, of.relative_index_entropy, DENSITIES[of.by_sse[0].name],
        DENSITIES[of.fits[0].name], m.shape, *structure, of.optimum.deadzone]


def _skipped(found: Analysis) -> list[Markup]:
    if not found.skipped:
        return []
    rows = [[skipped.name, skipped.dtype, "×".join(map(str, skipped.shape)), skipped.reason] for skipped in found.skipped]
    return [section("Left out", table(["tensor", "elements", "shape", "why it has no figures"], rows))]


def _warning(found: Analysis) -> list[Markup]:
    if found.left_out <= found.whole.moments.count:
        return []
    return [paragraph(
        f"Most of the model is left out: {text_of(found.left_out)} values that are integers, or in tensors with values that are not "
        "finite (see the end). If it was quantized before, look at the model that it was made from.")]


def _tails(found: Analysis) -> str:
    m = found.whole.moments
    text = f"{text_of(100 * m.beyond_4)} % of weights lie beyond 4 deviations, the farthest at {m.peak:.1f}. "
    if m.peak > 30:
        return (text + "A step that is set by the largest weight, as that of symmetric 8-bit quantization, is wasted on a few: set it by "
                "the deviation.")
    return text + "A step set by the deviation, not by the largest weight, spends the levels where weights are."


def _mixture(found: Analysis) -> str:
    whole, single = found.whole.moments.shape, _mean(found, lambda t: t.statistics.moments.shape)
    text = f"Shape of each tensor (line: of all together, {whole:.2f}; mean over weights {single:.2f}). "
    if single > whole + 0.2:
        return (text + "Tensors alone are nearer to Gaussians; together, their different scales make the heavy tails. So steps by tensor "
                "save more than a finer model of all.")
    return text + "Tensors are as heavy-tailed as all together: what suits all suits each."


def _spreads(found: Analysis) -> str:
    rows, columns = (_structural_mean(found, name) for name in ("row_spread", "column_spread"))
    if rows is None and columns is None:
        return "No tensor has two rows or columns."
    text = f"How scales differ within tensors, in octaves: mean over weights {text_of(rows)} by rows, {text_of(columns)} by columns. "
    if max(rows or 0, columns or 0) < 0.25:
        return text + "Rows and columns are alike: scale classes save little, one step per tensor serves."
    return (text + "Scale classes that tell the coder which rows or columns are large save bits; steps that follow the rows may save "
            "accuracy.")


def _neighbours(found: Analysis) -> str:
    along, along_magnitude, across, across_magnitude = (
        _structural_mean(found, name) for name in ("along", "along_magnitude", "across", "across_magnitude"))
    if None in (along, along_magnitude, across, across_magnitude):
        return "No tensor has neighbours both along and across rows."
    values, magnitudes = max(abs(along), abs(across)), max(along_magnitude, across_magnitude)
    text = (f"Correlation of neighbours, mean over weights: {along:.3f} along and {across:.3f} across rows; {along_magnitude:.3f} and "
            f"{across_magnitude:.3f} of magnitudes. "
            f"Prediction from a neighbour would gain about {-0.5 * np.log2(1 - min(values, 0.999) ** 2):.3f} bits. ")
    if values > 0.3:
        return text + "Values could be predicted from their neighbours."
    if magnitudes > 0.1:
        return text + "There is little to predict, but large weights have large neighbours: contexts by their magnitudes save bits."
    return text + "Neighbours tell little about each other: an entropy coder gains by scales of rows and columns, if at all."


def _mean(found: Analysis, of: Callable[[TensorAnalysis], float | None]) -> float | None:
    """Over the weights of the tensors that have it."""
    pairs = [(of(tensor), tensor.statistics.moments.count) for tensor in found.tensors]
    pairs = [(value, count) for value, count in pairs if value is not None]
    return sum(value * count for value, count in pairs) / sum(count for _, count in pairs) if pairs else None


def _decibels(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _structural_mean(found: Analysis, name: str) -> float | None:
    return _mean(found, lambda tensor: getattr(tensor.structure, name) if tensor.structure else None)


def _of(fits: list[Fit], name: str) -> Fit:
    return next(fit for fit in fits if fit.name == name)


def _distinct(fits: list[Fit]) -> list[Fit]:
    return list({fit.name: fit for fit in fits}.values())


def _joined(names: list[Fit] | list[str]) -> str:
    return " and ".join(DENSITIES[name if isinstance(name, str) else name.name] for name in names)


def _named(zone: float) -> str:
    return {0.0: " (midrise)", 0.5: " (midtread)"}.get(zone, "")
