"""How much worse a copy of a network is than the original: on the same samples, with a confidence interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .evaluation import Numbers, Outputs
from .metrics import METRICS, Metric

_RESAMPLES = 2000


@dataclass(frozen=True)
class Comparison:
    """Loss of a metric, above 0 where the copy is worse; in points (hundredths) for shares, else in the metric's unit.

    Attributes
    ----------
    original, copy
        The metric itself; shares are 0 … 1.
    loss
        Point estimate; infinite if what the copy gives is not finite.
    low, high
        Confidence interval of the loss; None where the metric is one number that nothing is known about the spread of.
    error
        Standard error of the loss, or None.
    worse, better
        Samples that only the original, and only the copy, gets right; None unless samples are right or wrong.
    count
        Number of samples.
    method
        How the interval was found: ``"paired proportions"``, ``"paired means"``, ``"bootstrap"``, or None.
    """

    original: float
    copy: float
    loss: float
    low: float | None = None
    high: float | None = None
    error: float | None = None
    worse: int | None = None
    better: int | None = None
    count: int = 0
    method: str | None = None


def compare(
    original: Outputs | Numbers, copy: Outputs | Numbers, name: str, metric: Metric, chosen: np.ndarray | None = None,
    confidence: float = 0.95,
) -> Comparison:
    """Compares two results on the samples with the numbers `chosen`, or all.

    Samples that are right or wrong: the interval of Agresti and Min (Statistics in Medicine 24, 2005) for the difference of paired
    proportions, Wald's after half a sample was added to each of the four cells. Means of other numbers: Student's t of the differences.
    Else: percentiles of 2000 bootstrap resamples.

    Parameters
    ----------
    confidence
        Of the interval, between 0 and 1.
    """
    before, after = original.values(chosen)[name], copy.values(chosen)[name]
    if not math.isfinite(after):
        return Comparison(before, after, math.inf)
    scale = (100 if metric.unit == "%" else 1) * (1 if metric.rising else -1)
    pair = [result.each(name) for result in (original, copy)]
    if pair[0] is not None:
        a, b = pair if chosen is None else (values[chosen] for values in pair)
        if np.isin(a, (0, 1)).all() and np.isin(b, (0, 1)).all():
            return _proportions(before, after, a, b, scale, confidence)
        return _means(before, after, a - b, scale, confidence)
    loss = scale * (before - after)
    if not isinstance(original, Outputs) or not math.isfinite(loss):
        return Comparison(before, after, loss)
    return _bootstrap(original, copy, name, metric, chosen, Comparison(before, after, loss), scale, confidence)


def _proportions(before: float, after: float, a: np.ndarray, b: np.ndarray, scale: float, confidence: float) -> Comparison:
    count, lost, won = len(a), int((a > b).sum()), int((b > a).sum())
    centre = (lost - won) / (count + 2)
    error = math.sqrt(max(lost + won + 1 - (lost - won) ** 2 / (count + 2), 0)) / (count + 2)
    reach = stats.norm.ppf((1 + confidence) / 2) * error
    low, high = sorted((scale * max(centre - reach, -1), scale * min(centre + reach, 1)))
    worse, better = (lost, won) if scale > 0 else (won, lost)
    loss = scale * (lost - won) / count
    return Comparison(before, after, loss, low, high, abs(scale) * error, worse, better, count, "paired proportions")


def _means(before: float, after: float, differences: np.ndarray, scale: float, confidence: float) -> Comparison:
    count, loss = len(differences), scale * float(differences.mean())
    if count < 2:
        return Comparison(before, after, loss, count=count)
    error = abs(scale) * float(differences.std(ddof=1)) / math.sqrt(count)
    reach = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * error
    return Comparison(before, after, loss, loss - reach, loss + reach, error, count=count, method="paired means")


def _bootstrap(
    original: Outputs, copy: Outputs, name: str, metric: Metric, chosen: np.ndarray | None, plain: Comparison, scale: float, confidence: float,
) -> Comparison:
    rng, numbers = np.random.default_rng(1), np.arange(len(original.outputs)) if chosen is None else chosen
    before, after = (metric.prepared(result.outputs, result.truth(name)) for result in (original, copy))
    draws = (rng.choice(numbers, len(numbers)) for _ in range(_RESAMPLES))
    losses = [scale * (before(drawn) - after(drawn)) for drawn in draws]
    low, high = np.quantile(losses, ((1 - confidence) / 2, (1 + confidence) / 2))
    return Comparison(
        plain.original, plain.copy, plain.loss, float(low), float(high), float(np.std(losses)), count=len(numbers), method="bootstrap")


def unit(name: str) -> str:
    """The unit of a metric's loss, for a reader."""
    known = METRICS.get(name)
    return name if known is None else {"%": "points", "": known.title}.get(known.unit, known.unit)


def loss_text(loss: float) -> str:
    """A loss with as many digits as are worth reading."""
    text = "0" if loss == 0 else f"{loss:+.2f}" if abs(loss) >= 0.1 else f"{loss:+.2g}"
    return text.replace("-", "−")


def interval_text(comparison: Comparison) -> str:
    """The interval of a loss."""
    return "not known" if comparison.low is None else f"{loss_text(comparison.low)} … {loss_text(comparison.high)}"
