"""Figures about weights: moments, outliers, entropies, shape, scales of rows and columns, correlation of neighbours."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

_CHUNK = 1 << 20  # values that are worked on at a time, so that memory stays near that of the weights


@dataclass(frozen=True)
class Moments:
    """Of values of which not all are equal.

    Attributes
    ----------
    count, mean, deviation, minimum, maximum
        The deviation divides by the count.
    skewness, kurtosis
        Third and fourth central moment in deviations; of the kurtosis, what it exceeds that of a Gaussian (3) by: a Laplacian has 3.
    zeros
        Share of values that are 0.
    beyond_4, beyond_6
        Share of values farther than 4 and 6 deviations from the mean. Of a Laplacian: 0.0035 and 0.0002; of a Gaussian: 6e-5 and 2e-9.
    peak
        Largest distance from the mean, in deviations.
    shape
        Exponent of the generalized Gaussian whose (E|x - mean|)^2 / E(x - mean)^2 is that of the values (Mallat, "A theory for
        multiresolution signal decomposition", IEEE Trans. PAMI 11(7), 1989; Sharifi and Leon-Garcia, IEEE Trans. Circuits Syst. Video
        Technol. 5(1), 1995): 2 for a Gaussian, 1 for a Laplacian, less for heavier tails; 0.1 to 20.
    """

    count: int
    mean: float
    deviation: float
    skewness: float
    kurtosis: float
    minimum: float
    maximum: float
    zeros: float
    beyond_4: float
    beyond_6: float
    peak: float
    shape: float


@dataclass(frozen=True)
class Structure:
    """Of a tensor of two or more dimensions. None where there is a single row or column, or nothing varies.

    Attributes
    ----------
    row_spread, column_spread
        Standard deviation of log2 of the root mean squares of rows and of columns. A row is all that has one index of the first axis (of
        a convolution: an output channel), a column all that has one index of the second (an input channel of the group). Those of
        zeros only are left out.
    along, along_magnitude
        Correlation of neighbours, and of their magnitudes, along rows: as they follow each other in memory within an index of the first
        axis.
    across, across_magnitude
        The same for neighbours in adjacent rows. Magnitudes are distances from the mean of the tensor.
    """

    row_spread: float | None
    column_spread: float | None
    along: float | None
    along_magnitude: float | None
    across: float | None
    across_magnitude: float | None


def moments(ordered: np.ndarray) -> Moments:
    """Of values that are in order and not all equal."""
    count = ordered.size
    mean = float(ordered.mean(dtype=float))
    sums = np.zeros(4)
    for start in range(0, count, _CHUNK):
        away = ordered[start:start + _CHUNK].astype(float) - mean
        square = away * away
        sums += np.abs(away).sum(), square.sum(), (square * away).sum(), (square * square).sum()
    absolute, variance, third, fourth = sums / count
    deviation = math.sqrt(variance)
    low, high = float(ordered[0]), float(ordered[-1])

    def share_beyond(deviations: float) -> float:
        room = np.finfo(ordered.dtype)
        edges = np.clip([mean - deviations * deviation, mean + deviations * deviation], room.min, room.max).astype(ordered.dtype)
        return 1 - float(np.searchsorted(ordered, edges[1], side="right") - np.searchsorted(ordered, edges[0])) / count

    zeros = float(np.searchsorted(ordered, ordered.dtype.type(0), side="right") - np.searchsorted(ordered, ordered.dtype.type(0))) / count
    return Moments(
        count, mean, deviation, third / deviation ** 3, fourth / variance ** 2 - 3, low, high, zeros, share_beyond(4), share_beyond(6),
        max(high - mean, mean - low) / deviation, generalized_gaussian_shape(absolute * absolute / variance))


def generalized_gaussian_shape(ratio: float) -> float:
    """The shape whose (E|x|)^2 / E(x^2) = gamma(2/shape)^2 / (gamma(1/shape) gamma(3/shape)) is this; 0.1 to 20."""
    def log_ratio(log_shape: float) -> float:
        inverse = math.exp(-log_shape)
        return 2 * special.gammaln(2 * inverse) - special.gammaln(inverse) - special.gammaln(3 * inverse)

    low, high, wanted = math.log(0.1), math.log(20), math.log(ratio)
    if wanted <= log_ratio(low):
        return 0.1
    if wanted >= log_ratio(high):
        return 20.0
    return math.exp(optimize.brentq(lambda x: log_ratio(x) - wanted, low, high))


def value_entropy(ordered: np.ndarray) -> float:
    """Order-0 entropy of values that are in order, in bits: each distinct value is a symbol; 0 and -0 are one."""
    return _run_entropy(np.flatnonzero(ordered[1:] != ordered[:-1]), ordered.size)


def index_entropy(ordered: np.ndarray, step: float) -> float:
    """Order-0 entropy of the indices of midtread, in bits: ties go toward zero. The values are in order."""
    changes, last = [], None
    for start in range(0, ordered.size, _CHUNK):
        scaled = ordered[start:start + _CHUNK].astype(float) / step
        indices = np.copysign(np.ceil(np.abs(scaled) - 0.5), scaled)
        if last is not None and indices[0] != last:
            changes.append(np.array([start - 1]))
        changes.append(np.flatnonzero(indices[1:] != indices[:-1]) + start)
        last = indices[-1]
    return _run_entropy(np.concatenate(changes), ordered.size)


def structure(values: np.ndarray) -> Structure | None:
    """Of a tensor; None if it has fewer than two dimensions."""
    if values.ndim < 2:
        return None
    rows = values.reshape(values.shape[0], -1)
    mean = float(values.mean(dtype=float))
    # E[x^2] of each element of the first two axes; whole rows at a time.
    power = np.empty(values.shape[:2])
    for start, stop in _row_ranges(rows):
        block = values[start:stop].astype(float)
        power[start:stop] = (block * block).reshape(stop - start, values.shape[1], -1).mean(axis=2)
    along, along_magnitude = _correlations(rows, mean, (slice(None), slice(None, -1)), (slice(None), slice(1, None)), overlap=0)
    across, across_magnitude = _correlations(rows, mean, (slice(None, -1),), (slice(1, None),), overlap=1)
    return Structure(_spread(power.mean(axis=1)), _spread(power.mean(axis=0)), along, along_magnitude, across, across_magnitude)


def _run_entropy(changes: np.ndarray, count: int) -> float:
    runs = np.diff(changes, prepend=-1, append=count - 1)
    return max(math.log2(count) - float((runs * np.log2(runs)).sum()) / count, 0.0)


def _spread(powers: np.ndarray) -> float | None:
    logs = 0.5 * np.log2(powers[powers > 0])
    return float(logs.std()) if logs.size > 1 else None


def _row_ranges(rows: np.ndarray) -> list[tuple[int, int]]:
    height = max(1, _CHUNK // max(rows.shape[1], 1))
    return [(start, min(start + height, rows.shape[0])) for start in range(0, rows.shape[0], height)]


def _correlations(rows: np.ndarray, mean: float, first: tuple, second: tuple, overlap: int) -> tuple[float | None, float | None]:
    """Pearson's correlation of the values that `first` and `second` choose, and of their magnitudes; blocks overlap by so many rows."""
    sums = np.zeros((2, 6))
    for start, stop in _row_ranges(rows):
        block = rows[start:min(stop + overlap, rows.shape[0])].astype(float) - mean
        for number, part in enumerate((block, np.abs(block))):
            a, b = part[first].ravel(), part[second].ravel()
            sums[number] += a.size, a.sum(), b.sum(), a @ a, b @ b, a @ b
    found = []
    for count, a, b, aa, bb, ab in sums:
        variance = (aa * count - a * a) * (bb * count - b * b)
        found.append(float((ab * count - a * b) / math.sqrt(variance)) if variance > 1e-18 * (aa * bb * count * count) else None)
    return found[0], found[1]
