"""Which points a study of rate and accuracy takes: the conditions of the study that Tamis grew from, qualities, and all quantizers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .points import Point, Subject, parsed

SETS = ("study", "quality", "all")
#: Exponent and mantissa bits; the study's, widest first.
MINIFLOATS = ((4, 7), (3, 6), (3, 4), (4, 3), (3, 3), (2, 4), (2, 3), (1, 4), (2, 2), (1, 3), (1, 2), (0, 3))
_DEADZONES = {"midrise": "midrise", "deadzone 0.1": "deadzone,delta=0.1", "deadzone 0.25": "deadzone,delta=0.25",
              "deadzone 0.4": "deadzone,delta=0.4", "midtread": "midtread", "deadzone 0.7": "deadzone,delta=0.7"}
#: Names of what is coded as Tamis does unless told otherwise, and of the same steps without what it adds to rounding.
DEFAULT, ROUNDED = "trellis σ√n", "midtread σ√n"
#: Methods whose points differ in more than fineness: between them lies nothing.
SCATTERED = ("minifloat", "half")
_QUALITIES = (6, 9, 12, 15, 18, 22, 28, 34)


def chosen(name: str, levels: Sequence[int], ranged: bool) -> list[Point]:
    """The points of a set. levels: the exponents i of 2^i levels on [-1, 1]; ranged: whether some weight lies outside of that.

    μ-law, whose levels near 0 are closer together, gets a quarter of the levels.
    """
    fewer = [i - 2 for i in levels if i > 2]
    study = [*one_step(levels), *mu_law(fewer, ranged), *minifloats(), *integers((8, 4)), *codebooks((256, 64, 32, 16))]
    quality = [*qualities(DEFAULT, _QUALITIES), *qualities(ROUNDED, (9, 12, 15, 18, 24), quantizer="midtread", feedback="none")]
    if name == "quality":
        return quality
    if name == "study":
        return [*study, *quality]
    more = [
        *qualities("midtread σ√n feedback", _QUALITIES, quantizer="midtread"), *qualities("rdoq σ√n", _QUALITIES, quantizer="rdoq"),
        *qualities("trellis one step", (9, 12, 15, 18), allocation="global"), *integers((7, 6, 5, 3)), *affine(), *codebooks((128, 8))]
    return [*study, *quality, *more]


def original() -> Point:
    return Point("original", "", None)


def one_step(levels: Iterable[int]) -> Iterator[Point]:
    """Uniform quantizers with one step for all tensors, Δ = 2 ⁄ 2^i."""
    for (method, quantizer), i in itertools.product(_DEADZONES.items(), levels):
        yield Point(method, f"2^{i}", {"step": 2 / 2**i, "quantizer": quantizer, "feedback": "none"})


def mu_law(levels: Sequence[int], ranged: bool) -> Iterator[Point]:
    """μ-law with μ = 255 on [-1, 1], what is outside being clipped; and on each tensor's own range, where there is something outside."""
    for i in levels:
        yield Point("μ-law", f"2^{i}", _every(f"mu-law,mu=255,range=1,levels={2**i}"))
    for i in (levels[1:4] or levels) if ranged else ():
        yield Point("μ-law own range", f"2^{i}", _every(f"mu-law,mu=255,levels={2**i}"))


def minifloats() -> Iterator[Point]:
    for e, m in MINIFLOATS:
        yield Point("minifloat", f"{1 + e + m}:{e},{m}", _every(f"minifloat,e={e},m={m}"))
    yield Point("half", "16:5,10", _every("half"))


def integers(bits: Iterable[int]) -> Iterator[Point]:
    for b in bits:
        yield Point("symmetric", f"{b} bits", _every(f"symmetric,bits={b}"))


def affine() -> Iterator[Point]:
    for calibration, b in itertools.product(("minmax", "mse"), (8, 6, 4)):
        yield Point(f"affine {calibration}", f"{b} bits", _every(f"affine,bits={b},calibration={calibration}"))


def codebooks(sizes: Iterable[int]) -> Iterator[Point]:
    for size in sizes:
        yield Point("codebook", f"{size} levels", _every(f"codebook,levels={size}"))


def qualities(method: str, decibels: Iterable[float], **options: Any) -> Iterator[Point]:
    for quality in decibels:
        yield Point(method, f"{quality:g} dB", {"quality": quality, **options})


def grid(quantizers: Sequence[str], decibels: Sequence[float], steps: Sequence[float], options: Sequence[str]) -> list[Point]:
    """The points of a command line: every quantizer with every quality and step, and options word by word."""
    targets = [f"--quality {value:.10g}" for value in decibels] + [f"--step {value:.10g}" for value in steps]
    named = [f"--quantizer {quantizer}" for quantizer in quantizers]
    pairs = itertools.product(named or [""], targets or [""]) if named or targets else ()
    return [parsed(text) for text in (*(f"{name} {target}".strip() for name, target in pairs), *options)]


def fitting_levels(subject: Subject) -> tuple[list[int], bool]:
    """Five exponents i of 2^i levels, from about 2 bits a weight on; and whether any weight is outside [-1, 1].

    A step Δ that is small against a tensor's deviation σ takes log2(σ ⁄ Δ) + 2 bits, nearly: 1.94 for a Laplacian, 2.05 for a Gaussian.
    """
    logarithms, counted, largest = 0.0, 0, 0.0
    for x, _ in subject.tensors():
        deviation = float(np.sqrt((x * x).mean())) if x.size else 0.0
        if deviation > 0:
            logarithms, counted = logarithms + x.size * np.log2(deviation), counted + x.size
            largest = max(largest, float(np.abs(x).max()))
    first = int(np.clip(np.ceil(1 - logarithms / max(counted, 1)), 2, 20))
    return list(range(first, first + 5)), largest > 1


def _every(quantizer: str) -> dict[str, Any]:
    """Options by which each tensor is quantized, also those so small that they would be kept exactly."""
    return {"rules": {"*": {"quantizer": quantizer}}}
