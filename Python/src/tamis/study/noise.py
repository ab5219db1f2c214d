"""Inputs for a network of which no data is at hand: noise whose amplitude falls as 1/f, as in natural images; random tokens."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .data import Data
from .network import DTYPES, Network
from .preprocessing import Preprocessing, preprocessing as find_preprocessing
from .refusals import refusal

CORRELATION = 0.9  # between the channels of an image
TOKENS, EDGE = 32, 224  # what dimensions that the model leaves open become
_CHANNELS = (1, 3)  # of images


class Noise(Data):
    """Noise for each input of a network, the same in every run, sample by sample.

    Parameters
    ----------
    network
        Inputs of floats get noise, integers that look up lines of a table random tokens, other integers and truth values ones, as masks.
    samples
        How many.
    preprocessing
        Of the images that the network is made for: noise gets the mean and deviation that photographs have after it. Without, they are 0 and 1.
    shapes
        {name of an input: shape of a sample}, where 224 or 32 tokens for what the model leaves open would not do.
    tables
        {name of an input: lines of the table that it looks up}.

    Raises
    ------
    MisuseError
        If there is no noise for an input, or what is said of it does not fit.
    """

    def __init__(
        self, network: Network, samples: int = 64, *, preprocessing: str | os.PathLike[str] | Preprocessing | None = None,
        shapes: Mapping[str, tuple[int, ...]] | None = None, tables: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(samples, None, None, f"{samples} samples of noise", "noise")
        self._tables = dict(tables or {})
        self._mean, self._deviation, self._preprocessing = np.zeros(1), np.ones(1), None
        if preprocessing is not None:
            self._preprocessing = find_preprocessing(preprocessing).fitted(network)[0]
            self._mean, self._deviation = self._preprocessing.photographs()
        shapes = dict(shapes or {})
        for name in shapes:
            network.require_input(name)
        self._entries = []
        for entry in network.inputs:
            kind = np.dtype(DTYPES.get(entry.type, object))
            if kind.kind not in "fib":
                raise refusal(f"{network.name}: input {entry.name} is a {entry.type}, for which there is no noise; give data", entry.name)
            self._entries.append((entry.name, kind, self._shape(network, entry, kind, shapes.get(entry.name))))

    def feeds(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        made = {}
        for place, (name, kind, shape) in enumerate(self._entries):
            if shape is None:
                made[name] = np.ones((), kind)
            else:
                made[name] = np.stack([self._sample(np.random.default_rng([1, place, int(k)]), name, kind, shape) for k in chosen])
        return made

    @property
    def inputs_digest(self) -> str:
        return hashlib.sha256(repr((self.count, self._entries, self._tables, self._preprocessing)).encode()).hexdigest()

    def _shape(self, network: Network, entry: Any, kind: np.dtype, given: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """Of a sample; None for an input without axes."""
        if not entry.shape:
            return None
        prescribed = [size if isinstance(size, int) and size > 0 else None for size in entry.shape[1:]]
        if given is not None:
            if len(given) != len(prescribed) or any(size not in (None, own) for size, own in zip(prescribed, given)):
                raise refusal(
                    f"{network.name}: input {entry.name} has the shape {entry.shape}, samples along the first axis; a sample cannot have "
                    f"the shape {'x'.join(map(str, given))}", "shape")
            return tuple(given)
        if self._preprocessing is not None:
            depth = 1 if self._preprocessing.channels == "grey" else 3
            height, width = self._preprocessing.crop
            return (depth, height, width) if self._preprocessing.layout == "nchw" else (height, width, depth)
        return tuple(size or (EDGE if kind.kind == "f" else TOKENS) for size in prescribed)

    def _sample(self, rng: np.random.Generator, name: str, kind: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
        if kind.kind in "ib":
            return (rng.integers(0, self._tables[name], shape) if name in self._tables else np.ones(shape)).astype(kind)
        channels_last = len(shape) == 3 and shape[-1] in _CHANNELS and shape[0] not in _CHANNELS
        values = noise(rng, (shape[-1], *shape[:-1]) if channels_last else shape)
        numbers = (-1,) + (1,) * (len(shape) - 1)
        values = values * self._deviation.reshape(numbers) + self._mean.reshape(numbers)
        return (np.moveaxis(values, 0, -1) if channels_last else values).astype(kind)


def noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Noise of mean 0 and deviation 1: 1/f along the axes behind the first, whose channels are correlated, or white if there are none."""
    if len(shape) < 2:
        return rng.standard_normal(shape)
    frequencies = np.meshgrid(*(np.fft.fftfreq(n) for n in shape[1:]), indexing="ij")
    distance = np.sqrt(sum(f * f for f in frequencies))
    distance.flat[0] = 1 / max(shape[1:])  # so that samples differ in their brightness, too
    amplitude = 1 / distance
    amplitude /= np.sqrt((amplitude**2).mean())
    axes = tuple(range(1, len(shape)))

    def drawn(channels: int) -> np.ndarray:
        white = rng.standard_normal((channels, *shape[1:]), np.float32)
        return np.fft.ifftn(np.fft.fftn(white, axes=axes) * amplitude, axes=axes).real

    return np.sqrt(CORRELATION) * drawn(1) + np.sqrt(1 - CORRELATION) * drawn(shape[0])
