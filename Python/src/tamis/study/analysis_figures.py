"""The figures of the page about weights."""

from __future__ import annotations

import numpy as np

from .analysis import Analysis, Statistics
from .deadzone import STUDIED
from .distributions import DENSITIES, Fit, Histogram
from .plots import COLOURS, INK, line, look, new, sparkline, svg
from .report import Markup

_FILL = {"color": INK, "alpha": 0.16, "linewidth": 0}


def densities(bins: Histogram, shown: list[Fit], *, logarithmic: bool) -> Markup:
    """A histogram and densities on it; those of `shown` keep their colours in all figures."""
    edges, heights = bins.edges, bins.density
    with look():
        drawing, axes = new()
        axes.stairs(heights, edges, fill=True, label="weights", baseline=heights[heights > 0].min() / 10 if logarithmic else 0, **_FILL)
        points = np.linspace(edges[0], edges[-1], 400)
        for number, fit in enumerate(shown):
            axes.plot(points, fit.distribution.pdf(points), label=DENSITIES[fit.name], **line(number))
        if logarithmic:
            axes.set_yscale("log")
            axes.set_ylim(heights[heights > 0].min() / 3, heights.max() * 3)
        else:
            axes.set_ylim(0, 1.25 * heights.max())
        axes.set_xlabel("weight")
        axes.set_ylabel("density, logarithmic" if logarithmic else "density")
        axes.legend(loc="upper right")
        return svg(drawing)


def quantiles(of: Statistics, shown: list[Fit]) -> Markup:
    """Quantiles of the histogram against those of densities, in deviations from the mean."""
    counts = np.concatenate([[of.histogram.below], of.histogram.counts])
    share = np.cumsum(counts) / of.histogram.count
    inner = (share > 0) & (share < 1)
    mean, deviation = of.moments.mean, of.moments.deviation
    values = (of.histogram.edges[inner] - mean) / deviation
    with look():
        drawing, axes = new()
        reach = 1.15 * max(abs(values[0]), abs(values[-1])) if values.size else 1.0
        axes.plot([-reach, reach], [-reach, reach], color=INK, linewidth=0.8, alpha=0.5)
        for number, fit in enumerate(shown):
            axes.plot((fit.distribution.ppf(share[inner]) - mean) / deviation, values, label=DENSITIES[fit.name], **line(number))
        axes.set_xlim(-1.5 * reach, 1.5 * reach)
        axes.set_ylim(-reach, reach)
        axes.set_xlabel("quantile of the density, deviations")
        axes.set_ylabel("quantile of the weights, deviations")
        axes.legend(loc="upper left")
        return svg(drawing)


def shapes(found: Analysis) -> Markup:
    """Shape of the generalized Gaussian of each tensor by its size."""
    with look():
        drawing, axes = new()
        axes.scatter(
            [t.statistics.moments.count for t in found.tensors], [t.statistics.moments.shape for t in found.tensors], s=16,
            color=COLOURS[0], alpha=0.8)
        axes.axhline(found.whole.moments.shape, color=COLOURS[1], linewidth=1.4)
        for shape, name in ((1, "Laplacian"), (2, "Gaussian")):
            axes.axhline(shape, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
            axes.annotate(
                name, (1, shape), xycoords=("axes fraction", "data"), xytext=(-2, 2), textcoords="offset points", ha="right", fontsize=8.5)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_yticks(ticks := [0.2, 0.5, 1, 2, 5, 10, 20], [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_xlabel("weights of the tensor")
        axes.set_ylabel("shape of the generalized Gaussian")
        return svg(drawing)


def optimum(found: Analysis) -> Markup:
    """Deadzone and offset of the optimum by rate."""
    rates = [point.rate for point in found.rates]
    with look():
        drawing, axes = new()
        axes.plot(rates, [point.optimum.deadzone for point in found.rates], label="deadzone δ", **line(0, markers=True))
        axes.plot(rates, [point.optimum.offset for point in found.rates], label="offset of the reconstruction", **line(1, markers=True))
        axes.axhline(0.5, color=INK, alpha=0.5, linewidth=0.8, linestyle=":")
        axes.set_xlabel("rate, bits per weight")
        axes.set_ylabel("steps")
        axes.legend()
        return svg(drawing)


def losses(found: Analysis) -> Markup:
    """What the study's deadzones lose with the middle of bins, by rate."""
    with look():
        drawing, axes = new()
        for number, zone in enumerate(STUDIED):
            pairs = [(p.rate, p.lost_at_middle[zone]) for p in found.rates if p.lost_at_middle[zone] is not None]
            axes.plot(*zip(*pairs), label=f"δ = {zone:g}", **line(number, markers=True))
        axes.set_ylim(0, 4)
        axes.set_xlim(0, max(p.rate for p in found.rates) + 0.3)
        axes.set_xlabel("rate, bits per weight")
        axes.set_ylabel("lost against the optimum, dB")
        axes.legend(ncols=2)
        return svg(drawing)


def spreads(found: Analysis) -> Markup:
    """Row spread against column spread, the area of a dot by the size of its tensor."""
    shown = [t for t in found.tensors if t.structure and t.structure.row_spread is not None and t.structure.column_spread is not None]
    with look():
        drawing, axes = new()
        axes.scatter(
            [t.structure.row_spread for t in shown], [t.structure.column_spread for t in shown], s=_areas(shown), color=COLOURS[0],
            alpha=0.6, linewidths=0)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("spread of row scales, octaves")
        axes.set_ylabel("spread of column scales, octaves")
        return svg(drawing)


def neighbours(found: Analysis) -> Markup:
    """Correlation of magnitudes along and across rows, the area of a dot by the size of its tensor."""
    shown = [t for t in found.tensors if t.structure and t.structure.along is not None and t.structure.across is not None]
    with look():
        drawing, axes = new()
        for number, (words, suffix) in enumerate((("values", ""), ("magnitudes", "_magnitude"))):
            pairs = [
                (getattr(t.structure, "along" + suffix), getattr(t.structure, "across" + suffix), area)
                for t, area in zip(shown, _areas(shown))]
            pairs = [pair for pair in pairs if None not in pair]
            along, across, areas = zip(*pairs) if pairs else ((), (), ())
            axes.scatter(along, across, s=areas, color=COLOURS[number], marker="os"[number], alpha=0.6, linewidths=0, label=words)
        axes.axhline(0, color=INK, alpha=0.5, linewidth=0.8)
        axes.axvline(0, color=INK, alpha=0.5, linewidth=0.8)
        axes.set_xlabel("correlation along rows")
        axes.set_ylabel("correlation across rows")
        axes.legend()
        return svg(drawing)


def small_histogram(shown: Histogram, bins: int = 40) -> Markup:
    """For a cell of a table."""
    starts = np.unique(np.linspace(0, shown.counts.size, min(bins, shown.counts.size), endpoint=False).astype(int))
    sizes = np.diff(starts, append=shown.counts.size)
    return sparkline(np.add.reduceat(shown.counts, starts) / sizes)


def _areas(tensors: list) -> list[float]:
    largest = max((t.statistics.moments.count for t in tensors), default=1)
    return [10 + 150 * t.statistics.moments.count / largest for t in tensors]
