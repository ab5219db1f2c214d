"""Which of eight densities weights follow.

How they are compared:

- Location and scale are free for all, as in scipy.stats, whose names and parameters these have; alpha and gamma have a shape, too.
- Fits are of maximum likelihood: closed for exponential (minimum, mean), uniform (minimum, maximum), Laplace (median, mean absolute
  deviation) and Gaussian; Cauchy and logistic by search; alpha and gamma in closed form or by a scalar search for each location, which
  is searched below the minimum. What is searched for looks at some thousands of means of neighbouring values and at each of the 500
  smallest and largest, not at millions of values.
- The histogram has bins of equal width over the central 99.9 % of values, as many as Rice's rule says (twice the cube root of the
  count), 4 to 200. Over the whole range the order would depend on the bins: networks have single weights at 20 to 200 deviations, so
  that 100 or 200 bins over the range put nearly all weights into a few.
- SSE: sum of (height of the histogram - mean of the density over the bin)^2, times bin width and standard deviation, so that it
  hardly depends on bins or unit. With the density at the middle of bins instead, broad bins change the order.
- KL: sum of P log2(P/Q), in bits, over the bins and the two tails outside; P is the share of values, Q the probability by differences
  of the distribution function, at least 10^-300.
- Densities that the sample does not tell apart go by simplicity: ranks are by SSE and KL plus what a useless parameter is expected to
  gain times ln(count) (Schwarz, "Estimating the dimension of a model", Ann. Statist. 6(2), 1978). Thus an exponential sample is
  not "gamma" for having a shape of 1.003.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special, stats

#: What scipy.stats calls the densities, and what people do.
DENSITIES = {
    "expon": "exponential", "uniform": "uniform", "cauchy": "Cauchy", "laplace": "Laplace", "alpha": "alpha", "logistic": "logistic",
    "gamma": "gamma", "norm": "Gaussian"}

_CENTRAL = 0.999
_LEAST = 1e-300


@dataclass(frozen=True)
class Histogram:
    """Counts of the bins between `edges`, and of what is below and above them."""

    edges: np.ndarray
    counts: np.ndarray
    below: int
    above: int

    @property
    def count(self) -> int:
        return int(self.counts.sum()) + self.below + self.above

    @property
    def density(self) -> np.ndarray:
        """Share of all values by width of bin."""
        return self.counts / self.count / np.diff(self.edges)


@dataclass(frozen=True)
class Fit:
    """A density, its parameters as scipy.stats takes them (shape if any, location, scale), how far it is off, and its ranks from 1."""

    name: str
    parameters: tuple[float, ...]
    sse: float
    kl: float
    rank_by_sse: int = 0
    rank_by_kl: int = 0

    @property
    def distribution(self) -> Any:
        return getattr(stats, self.name)(*self.parameters)


def histogram(ordered: np.ndarray, bins: int | None = None, central: float = _CENTRAL) -> Histogram:
    """The histogram of values that are in order and not all equal; bins as the module says if None."""
    count = ordered.size
    if bins is None:
        bins = min(max(math.ceil(2 * count ** (1 / 3)), 4), 200)
    cut = math.floor(count * (1 - central) / 2)
    low, high = float(ordered[cut]), float(ordered[count - 1 - cut])
    if not low < high:  # of a pruned tensor, say, nearly all of whose values are zero
        low, high = float(ordered[0]), float(ordered[-1])
    edges = np.unique(np.linspace(low, high, bins + 1).astype(ordered.dtype))
    places = np.searchsorted(ordered, edges)
    places[-1] = np.searchsorted(ordered, edges[-1], side="right")
    return Histogram(edges.astype(float), np.diff(places), int(places[0]), int(count - places[-1]))


def fits(ordered: np.ndarray, histograms: list[Histogram] | None = None) -> list[list[Fit]]:
    """The eight densities fitted to values that are in order and not all equal; for each histogram, the best by KL first.

    Fits are the same for all histograms. The time is that of a few passes over the values.
    """
    parameters = _parameters(ordered)
    deviation = float(ordered.std(dtype=float))
    return [_ranked(parameters, deviation, h) for h in histograms or [histogram(ordered)]]


def probabilities(name: str, parameters: tuple[float, ...], edges: np.ndarray) -> np.ndarray:
    """Of a density: the probability between each two neighbouring edges, accurate in both tails."""
    distribution = getattr(stats, name)
    lower, upper = distribution.cdf(edges, *parameters), distribution.sf(edges, *parameters)
    return np.where(lower[:-1] < 0.5, np.diff(lower), -np.diff(upper))


def _ranked(parameters: dict[str, tuple[float, ...]], deviation: float, shown: Histogram) -> list[Fit]:
    count, widths = shown.count, np.diff(shown.edges)
    share = np.concatenate([[shown.below], shown.counts, [shown.above]]) / count
    edges = np.concatenate([[-np.inf], shown.edges, [np.inf]])
    found, sse_cost, kl_cost = [], {}, {}
    # The SSE of the true density is due to the sampling alone: `noise`, to which `effective` bins contribute about equally.
    variance = share[1:-1] * (1 - share[1:-1])
    noise = deviation * float((variance / widths).sum()) / count
    effective = float(variance.sum() ** 2 / (variance ** 2).sum()) if variance.any() else 1.0
    for name, values in parameters.items():
        expected = probabilities(name, values, edges)
        sse = deviation * float(((share - expected)[1:-1] ** 2 / widths).sum())
        filled = share > 0
        kl = float((share[filled] * np.log2(share[filled] / np.maximum(expected[filled], _LEAST))).sum())
        found.append(Fit(name, values, sse, kl))
        sse_cost[name] = sse + len(values) * math.log(count) * noise / effective
        kl_cost[name] = kl + len(values) * math.log2(count) / (2 * count)
    by_sse, by_kl = sorted(sse_cost, key=sse_cost.get), sorted(kl_cost, key=kl_cost.get)
    ranked = [Fit(f.name, f.parameters, f.sse, f.kl, by_sse.index(f.name) + 1, by_kl.index(f.name) + 1) for f in found]
    return sorted(ranked, key=lambda fit: fit.rank_by_kl)


def _parameters(ordered: np.ndarray) -> dict[str, tuple[float, ...]]:
    least, most = float(ordered[0]), float(ordered[-1])
    mean, deviation = float(ordered.mean(dtype=float)), float(ordered.std(dtype=float))
    middle = float(np.median(ordered[(ordered.size - 1) // 2:ordered.size // 2 + 1]))
    values, weights = _condensed(ordered)
    return {
        "expon": (least, mean - least), "uniform": (least, most - least),
        "cauchy": _by_search(values, weights, middle, deviation, lambda z: -np.log1p(z * z)),
        "laplace": (middle, float(weights @ np.abs(values - middle))),
        "alpha": _below(values, weights, _alpha),
        "logistic": _by_search(values, weights, middle, deviation, lambda z: -np.abs(z) - 2 * np.log1p(np.exp(-np.abs(z)))),
        "gamma": _below(values, weights, _gamma), "norm": (mean, deviation)}


def _condensed(ordered: np.ndarray, ends: int = 500, groups: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """A weighted sample that stands for the values: their ends, and means of groups between; weights add up to 1."""
    if ordered.size <= 2 * ends + groups:
        return ordered.astype(float), np.full(ordered.size, 1 / ordered.size)
    starts = np.concatenate([
        np.arange(ends), np.linspace(ends, ordered.size - ends, groups, endpoint=False).astype(int),
        np.arange(ordered.size - ends, ordered.size)])
    sizes = np.diff(starts, append=ordered.size)
    return np.add.reduceat(ordered, starts, dtype=float) / sizes, sizes / ordered.size


def _by_search(
    values: np.ndarray, weights: np.ndarray, middle: float, deviation: float, log_density: Callable[[np.ndarray], np.ndarray],
) -> tuple[float, float]:
    """Location and scale of most likelihood. Where half the values are equal, the scale would go to 0: it stops at 10^-4 deviations."""
    spread = max(float(weights @ np.abs(values - middle)), 1e-4 * deviation)

    def loss(point: np.ndarray) -> float:
        scale = spread * math.exp(max(point[1], math.log(1e-4 * deviation / spread)))
        return math.log(scale) - float(weights @ log_density((values - middle - spread * point[0]) / scale))

    place, log_scale = optimize.minimize(loss, [0.0, math.log(0.6)], method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-10}).x
    return middle + spread * float(place), spread * math.exp(max(float(log_scale), math.log(1e-4 * deviation / spread)))


def _below(
    values: np.ndarray, weights: np.ndarray, given_location: Callable[[np.ndarray, np.ndarray], tuple[float, float, float]],
) -> tuple[float, float, float]:
    """Shape, location and scale of most likelihood, of a density that begins at its location.

    The distance from the location to the minimum is 10^-6 to 100 times the range. (At 0, gamma densities of a shape below 1 are infinite;
    far away, alpha and gamma become Gaussian.) given_location: of values above 0, shape, scale and loss at their best.
    """
    least, width = float(values[0]), float(values[-1] - values[0])

    def loss(log_distance: float) -> float:
        return given_location(values - least + width * math.exp(log_distance), weights)[2]

    grid = np.linspace(math.log(1e-6), math.log(100), 28)
    best = int(np.argmin([loss(point) for point in grid]))
    found = optimize.minimize_scalar(
        loss, bounds=(grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]), method="bounded", options={"xatol": 1e-4})
    distance = width * math.exp(found.x)
    shape, scale, _ = given_location(values - least + distance, weights)
    return shape, least - distance, scale


def _gamma(above: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    """ln(shape) - digamma(shape) = ln(mean) - mean of ln, solved by Newton's method from Minka's start (2002)."""
    mean = float(weights @ above)
    logs = float(weights @ np.log(above / mean))  # at most 0
    gap = max(-logs, 1e-14)
    shape = (3 - gap + math.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(6):
        slope = 1 / shape - float(special.polygamma(1, shape))
        shape = 1 / (1 / shape + (math.log(shape) - float(special.digamma(shape)) - gap) / (shape * shape * slope))
    scale = mean / shape
    loss = -(shape - 1) * (logs + math.log(mean)) + shape + float(special.gammaln(shape)) + shape * math.log(scale)
    return shape, scale, loss


def _alpha(above: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    """With t = 1/y: ln density = ln scale - ln Phi(shape) - (shape - scale t)^2 / 2 - 2 ln y, whose best scale is closed for each shape."""
    inverse = 1 / above
    unit = float(weights @ inverse)
    first, second = 1.0, float(weights @ (inverse / unit) ** 2)
    rest = 2 * float(weights @ np.log(above)) + 0.5 * math.log(2 * math.pi)

    def scale(shape: float) -> float:
        return (shape * first + math.sqrt(shape * shape * first * first + 4 * second)) / (2 * second)

    def loss(log_shape: float) -> float:
        shape = math.exp(log_shape)
        s = scale(shape)
        return float(special.log_ndtr(shape)) + 0.5 * (shape * shape - 2 * shape * s * first + s * s * second) - math.log(s / unit)

    around = math.log(first / math.sqrt(max(second - first * first, 1e-16)))  # the best shape where Phi of it is 1
    if around < math.log(8):
        bounds = min(around, 0) - 6, max(around, 0) + 2
        around = optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6}).x
    shape = math.exp(around)
    return shape, scale(shape) / unit, loss(around) + rest
