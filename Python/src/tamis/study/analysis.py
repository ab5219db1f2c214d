"""What the weights of a model are like: of each tensor, and of all together, as one set."""

from __future__ import annotations

import dataclasses
import fnmatch
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tamis

from .._description import TensorInfo
from ..errors import MalformedError, MisuseError
from .deadzone import STUDIED, Quantizer, at_rate, optimum_at_rate, optimum_at_step
from .distributions import Fit, Histogram, fits, histogram
from .network import weights
from .weight_statistics import Moments, Structure, index_entropy, moments, structure, value_entropy

#: The study's step for most of its networks, 2^8 levels on [-1, 1], and a step in deviations at which few networks lose accuracy.
STEP = 2 / 2 ** 8
RELATIVE_STEP = 0.4

#: The smallest and the largest step of a file (Spec/4-units.md).
STEPS = (2.0 ** -100, 2.0 ** 80)

#: Rates in bits at which the optimum deadzone is told.
RATES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)

#: Other histograms than the one that counts, as (share of values, bins): whether the ranks depend on the choice.
_OTHER_HISTOGRAMS = ((0.999, 50), (0.999, 100), (0.999, 400), (0.99, 200), (1.0, 100), (1.0, 200))

_FLOATS = {"float16", "float32", "float64", "bfloat16"}


@dataclass(frozen=True)
class Statistics:
    """Of a set of values.

    Attributes
    ----------
    moments, histogram, fits
        As `weight_statistics` and `distributions` have them; fits in the order of KL.
    value_entropy, index_entropy, relative_index_entropy
        Order-0 entropies in bits: of the values, of midtread indices at the step asked for, and at `RELATIVE_STEP` deviations; the last
        one of all tensors together is the mean over weights, each tensor at its own step.
    optimum
        The best quantizer of this step for the fitted Laplacian.
    """

    moments: Moments
    histogram: Histogram
    fits: list[Fit]
    value_entropy: float
    index_entropy: float
    relative_index_entropy: float
    optimum: Quantizer

    @property
    def by_sse(self) -> list[Fit]:
        return sorted(self.fits, key=lambda fit: fit.rank_by_sse)

    @property
    def laplace(self) -> Fit:
        return next(fit for fit in self.fits if fit.name == "laplace")


@dataclass(frozen=True)
class TensorAnalysis:
    """Of a tensor. The structure is None for one dimension."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    statistics: Statistics
    structure: Structure | None


@dataclass(frozen=True)
class Skipped:
    """A tensor that has no statistics of its own, and why."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class Ranking:
    """The densities, best first, by a histogram of the central share of values with so many bins."""

    share: float
    bins: int
    by_sse: list[str]
    by_kl: list[str]


@dataclass(frozen=True)
class RatePoint:
    """At a rate in bits: the optimum quantizer for the Laplacian fitted to the model, and what other deadzones lose, in dB.

    lost_at_middle, lost_at_centroid: by deadzone, reconstructing to the middle of bins or to centroids; None where the rate is out of
    reach.
    """

    rate: float
    optimum: Quantizer
    lost_at_middle: dict[float, float | None]
    lost_at_centroid: dict[float, float | None]


@dataclass(frozen=True)
class Analysis:
    """Of a model: all its floating-point weights as one set, the histogram of their central 95 %, then tensors by falling size."""

    model: str
    step: float
    whole: Statistics
    middle: Histogram
    tensors: list[TensorAnalysis]
    skipped: list[Skipped]
    rankings: list[Ranking]
    rates: list[RatePoint]

    @property
    def left_out(self) -> int:
        """Values that are not among those of `whole`: integers, and tensors with values that are not finite."""
        return sum(math.prod(tensor.shape) for tensor in self.skipped) - (
            self.whole.moments.count - sum(tensor.statistics.moments.count for tensor in self.tensors))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)


def analyze(
    source: str | os.PathLike[str], *, step: float = STEP, tensors: str = "*", progress: Callable[[int, int], None] | None = None,
) -> Analysis:
    """Looks at the floating-point weights of a model; one that is stored under several names counts once.

    Parameters
    ----------
    source
        An ONNX, safetensors or ``.tamis`` file. Of a ``.tamis`` file that is not lossless, the weights are those after quantization.
    step
        At which indices are counted.
    tensors
        Only tensors whose names fit this pattern, as of files in a shell.
    progress
        Is called with the numbers of values that were done and that there are.

    Raises
    ------
    MisuseError
        If the step is not one of a file, 2^-100 to 2^80, or no tensor fits the pattern.
    MalformedError
        If there is nothing to look at: no floating-point weights, or all of one value.
    """
    if not STEPS[0] <= step <= STEPS[1]:
        raise MisuseError(f"step is {step}, expected 2^-100 to 2^80", code="invalid_argument", element="step")
    found: list[TensorAnalysis] = []
    skipped: list[Skipped] = []
    kept: list[np.ndarray] = []
    with weights(source) as model:
        chosen = [info for info in model.tensors.values() if fnmatch.fnmatchcase(info.name, tensors)]
        if not chosen:
            some = ", ".join(list(model.tensors)[:3])
            raise MisuseError(
                f"{source}: no tensor fits {tensors}; "
                + (f"there are {len(model.tensors)}, such as {some}" if some else "the model has none"),
                code="invalid_argument", element="tensors", file=os.fspath(source))
        floats = [info for info in chosen if info.dtype in _FLOATS]
        skipped += [
            _skipped(info, f"elements are {info.dtype}, expected floating-point numbers of 16 bits or more")
            for info in chosen if info not in floats]
        total, done = 2 * sum(info.size for info in floats), 0
        for info in floats:
            values = _values(model, info)
            if not np.isfinite(values).all():
                skipped.append(_skipped(info, f"{int((~np.isfinite(values)).sum())} of {values.size} values are infinite or not a number"))
            else:
                kept.append(values.ravel())
                ordered = np.sort(kept[-1])
                if ordered.size and ordered[0] < ordered[-1]:
                    found.append(TensorAnalysis(info.name, info.dtype, info.shape, _statistics(ordered, step), structure(values)))
                else:
                    skipped.append(_skipped(info, "a single value" if info.size == 1 else "all values are equal"))
            done += info.size
            if progress:
                progress(done, total)
    together = np.concatenate(kept) if kept else np.zeros(0)
    kept.clear()
    together.sort()
    if not together.size or together[0] == together[-1]:
        raise MalformedError(
            f"{source}: " + ("all weights are equal" if together.size else "no floating-point weights")
            + ", expected some that differ: there is nothing to analyze", code="malformed", file=os.fspath(source))
    counts = [tensor.statistics.moments.count for tensor in found]
    relative = float(np.average([tensor.statistics.relative_index_entropy for tensor in found], weights=counts)) if found else None
    whole = _statistics(together, step, relative)
    rankings, middle = _rankings(together), histogram(together, 100, 0.95)
    if progress:
        progress(total, total)
    found.sort(key=lambda tensor: -tensor.statistics.moments.count)
    return Analysis(Path(source).name, step, whole, middle, found, skipped, rankings, rate_points(whole.laplace.parameters[1]))


def rate_points(scale: float) -> list[RatePoint]:
    """The optimum for a Laplacian of this mean absolute value at `RATES`, and the study's deadzones."""
    points = []
    for rate in RATES:
        best = optimum_at_rate(scale, rate)
        points.append(RatePoint(
            rate, best, {zone: _lost(best, at_rate(scale, zone, rate, 0.5)) for zone in STUDIED},
            {zone: _lost(best, at_rate(scale, zone, rate)) for zone in STUDIED}))
    return points


def _lost(best: Quantizer, other: Quantizer | None) -> float | None:
    return None if other is None else best.snr - other.snr


def _statistics(ordered: np.ndarray, step: float, relative: float | None = None) -> Statistics:
    measured, shown = moments(ordered), histogram(ordered)
    ranked = fits(ordered, [shown])[0]
    laplace = next(fit for fit in ranked if fit.name == "laplace")
    return Statistics(
        measured, shown, ranked, value_entropy(ordered), index_entropy(ordered, step),
        index_entropy(ordered, RELATIVE_STEP * measured.deviation) if relative is None else relative,
        optimum_at_step(laplace.parameters[1], step))


def _rankings(ordered: np.ndarray) -> list[Ranking]:
    shown = [histogram(ordered, bins, share) for share, bins in _OTHER_HISTOGRAMS]
    return [
        Ranking(share, bins, [fit.name for fit in sorted(ranked, key=lambda fit: fit.rank_by_sse)], [fit.name for fit in ranked])
        for (share, bins), ranked in zip(_OTHER_HISTOGRAMS, fits(ordered, shown))]


def _skipped(info: TensorInfo, reason: str) -> Skipped:
    return Skipped(info.name, info.dtype, info.shape, reason)


def _values(model: tamis.Model, info: TensorInfo) -> np.ndarray:
    """float32, or float64 as it is."""
    if info.dtype == "bfloat16":  # the upper half of a float32
        return (model.tensor(info.name, raw=True).astype(np.uint32) << 16).view(np.float32)
    values = model.tensor(info.name)
    return values if info.dtype == "float64" else values.astype(np.float32, copy=False)
