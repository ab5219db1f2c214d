"""The uniform quantizer with a deadzone for Laplacian weights: its rate and distortion, and the optimum.

Index 0 is |x| < deadzone * step; beyond, bins are one step wide, so that index q covers deadzone + |q| - 1 to deadzone + |q| steps: the
study's family. Its reconstruction is the middle of the bin, step * (|q| + deadzone - 1/2), an offset of 1/2 step from the lower end.

For a Laplacian of scale b (standard deviation sqrt(2) b) the optimum entropy-constrained scalar quantizer is of this family, with the
centroid as reconstruction (Sullivan, "Efficient scalar quantization of exponential and Laplacian random variables", IEEE Trans. Inf.
Theory 42(5), 1996). With lengths in units of b, as the density has no memory, in each bin of width s the centroid lies
c = 1 - s / (e^s - 1) above the lower end, and probabilities fall by e^-s from bin to bin. Minimum of D + lambda H (H in nats) says that
at each threshold both neighbours cost the same:

- between bins q and q + 1, q > 0: (s - c)^2 = c^2 + lambda s, so lambda = s - 2 c;
- between 0 and 1, at t:           t^2 = c^2 + lambda ln(p_0 / p_1), which has one root t.

Rates are order-0 entropies in bits, distortions mean squared errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import optimize

from ..errors import MisuseError

#: The deadzones of the study, with midrise (0) and midtread (0.5).
STUDIED = (0.0, 0.1, 0.25, 0.4, 0.5, 0.7)

_FINEST, _COARSEST = 1e-5, 200.0  # steps, in scales
_LEAST_RATE = 0.001  # bits, below which a rate says nothing
_MIDTREAD = 1e-8  # a step, in scales, below which the optimum is midtread but for rounding


@dataclass(frozen=True)
class Quantizer:
    """A quantizer and what it does to a Laplacian.

    Attributes
    ----------
    scale
        Mean absolute value of the Laplacian.
    step
        Width of the bins besides the one of zero.
    deadzone
        Half the width of the bin of zero, in steps: the study's relative deadzone.
    offset
        From the lower end of a bin to its reconstruction, in steps: 0.5 is the middle.
    rate
        Order-0 entropy of the indices, in bits.
    distortion
        Mean squared error.
    """

    scale: float
    step: float
    deadzone: float
    offset: float
    rate: float
    distortion: float

    @property
    def snr(self) -> float:
        """Variance by distortion, in dB."""
        return 10 * math.log10(2 * self.scale * self.scale / self.distortion)

    @property
    def zeros(self) -> float:
        """Probability of index 0."""
        return -math.expm1(-self.deadzone * self.step / self.scale)

    @property
    def degenerate(self) -> str:
        """Why there is nothing to choose at this step, or nothing at all: its words, or no text."""
        if self.step < _FINEST * self.scale:
            return "the step is so small that every deadzone does nearly the same"
        return "the step is so large that nearly all weights become zero" if self.rate < _LEAST_RATE else ""


def quantizer(scale: float, step: float, deadzone: float, offset: float | None = None) -> Quantizer:
    """The quantizer with these parameters; None for the offset is the centroid.

    Raises
    ------
    MisuseError
        If scale or step is not positive, or the deadzone is negative.
    """
    _require_positive("scale", scale)
    _require_positive("step", step)
    if not 0 <= deadzone < math.inf:
        raise MisuseError(f"deadzone is {deadzone}, expected 0 or more", code="invalid_argument", element="deadzone")
    s, t = step / scale, deadzone * step / scale
    c = _centroid(s)
    outside = math.exp(-t)
    inside = -math.expm1(-t)
    # Variance of the density within a bin, from the second moment 2 - (s^2 + 2 s) / (e^s - 1).
    variance = _second_moment(s) - c * c
    shift = 0.0 if offset is None else offset * s - c
    of_zero = _second_moment(t) * inside
    return Quantizer(
        scale, step, deadzone, c / s if offset is None else offset,
        _entropy(min(inside, outside)) + outside * (1 + _geometric_entropy(s)),
        scale * scale * (of_zero + outside * (variance + shift * shift)))


def optimum_at_step(scale: float, step: float) -> Quantizer:
    """The quantizer of least D + lambda H among those with this step, lambda being that of its bins beyond zero."""
    _require_positive("scale", scale)
    _require_positive("step", step)
    s = step / scale
    c = _centroid(s)
    slope = _slope(s)

    def excess(t: float) -> float:
        """How much zero costs more than the first bin at the threshold t."""
        return t * t - c * c - slope * (math.log(-math.expm1(-t)) + t + math.log(2) - math.log(-math.expm1(-s)))

    if s > _COARSEST:
        # e^-t and e^-s are nothing beside 1: t^2 = 1 + lambda (t + ln 2), in a form that does not cancel.
        half = slope / 2
        t = half + math.hypot(half, math.sqrt(1 + slope * math.log(2)))
    elif s < _MIDTREAD:
        t = s / 2
    else:
        # Where t = s, zero costs more, and the least excess is where its slope is 0; the root is between.
        t = optimize.brentq(excess, c, s + 1, xtol=1e-14 * s) if excess(c) < 0 else c
    return quantizer(scale, step, t / s)


def optimum_at_rate(scale: float, rate: float) -> Quantizer:
    """The quantizer of least distortion at this rate in bits, 0.001 to 16."""
    _require_rate(rate)
    return _at_rate(lambda step: optimum_at_step(scale, step), scale, rate)


def at_rate(scale: float, deadzone: float, rate: float, offset: float | None = None) -> Quantizer | None:
    """The quantizer with this deadzone and offset whose step gives the rate; None where none does: midrise spends a bit on the sign."""
    _require_rate(rate)
    if quantizer(scale, _COARSEST * scale, deadzone).rate >= rate:
        return None
    return _at_rate(lambda step: quantizer(scale, step, deadzone, offset), scale, rate)


def _at_rate(make: Callable[[float], Quantizer], scale: float, rate: float) -> Quantizer:
    log_step = optimize.brentq(
        lambda log: make(scale * math.exp(log)).rate - rate, math.log(_FINEST), math.log(_COARSEST), xtol=1e-12)
    return make(scale * math.exp(log_step))


def _centroid(s: float) -> float:
    """1 - s / (e^s - 1), by its series where that cancels."""
    if s < 1e-2:
        return s / 2 - s * s / 12 + s ** 4 / 720
    return 1 - s * math.exp(-s) / -math.expm1(-s)


def _slope(s: float) -> float:
    """lambda = s - 2 c."""
    return s * s / 6 - s ** 4 / 360 if s < 1e-2 else s - 2 * _centroid(s)


def _second_moment(s: float) -> float:
    """Of a density e^-x on 0 to s, brought to area 1."""
    if s < 1e-2:
        return s * s / 3 - s ** 3 / 12 + s ** 4 / 360 + s ** 5 / 720
    return 2 - (s * s + 2 * s) * math.exp(-s) / -math.expm1(-s)


def _entropy(p: float) -> float:
    """Of an event of this probability and its opposite, in bits."""
    return 0.0 if p <= 0 or p >= 1 else -(p * math.log2(p) + (1 - p) * math.log1p(-p) / math.log(2))


def _geometric_entropy(s: float) -> float:
    """Of a number of bins of width s, of which each next one is less likely by e^-s, in bits."""
    last = -math.expm1(-s)
    return s * math.exp(-s) / last / math.log(2) - math.log2(last)


def _require_positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise MisuseError(f"{name} is {value}, expected a number above 0", code="invalid_argument", element=name)


def _require_rate(rate: float) -> None:
    if not _LEAST_RATE <= rate <= 16:
        raise MisuseError(f"rate is {rate} bits, expected {_LEAST_RATE} to 16", code="invalid_argument", element="rate")
