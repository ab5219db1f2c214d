"""Statistics of the inputs of a model's layers, as `tamis.encode(..., statistics=)` takes them (docs/statistics.md)."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnxruntime
from scipy.linalg import lapack

from .._call import Progress
from .._durable import write_durably
from .._safetensors import document
from .data import Data, spread
from .inner_values import InnerValues, run_needed
from .layers import Layer, layers, tables
from .network import Network
from .noise import Noise
from .preprocessing import Preprocessing
from .refusals import refusal

SAMPLES = 64  # that are measured unless told
_BATCH = 8  # samples of a run, if the model leaves that open
_DAMPING = 0.01  # of the mean of the diagonal, added to it
_FAINTEST = 1e-6  # of the mean over all groups: what counts for the diagonal of a group that hardly sees any input
_PASS_MOMENTS = 1 << 25  # values of second moments that are summed up in one pass over the samples
_PASS_INPUTS = 1 << 25  # values of layers' inputs that a run may give


@dataclass
class Statistics:
    """What was measured of a model's layers.

    Attributes
    ----------
    factors
        By the weight's name: U, upper triangular, float32 of shape groups x n x n, with H = U · Uᵀ the second moments of the inputs of the n
        weights of an output.
    means
        By the weight's name: means of the inputs, float32 of shape groups x n.
    left_out
        Weights of layers without statistics, each with the reason.
    words
        What was measured on.
    samples
        How many samples that were.
    model
        The model's file name.
    """

    model: str
    words: str
    samples: int
    factors: dict[str, np.ndarray] = field(default_factory=dict)
    means: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def write(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Writes the safetensors file, whole or not at all.

        Raises
        ------
        OutputExistsError, FileError
            If the file exists and `overwrite` does not say to replace it, or cannot be written.
        """
        tensors = {f"{name}/factor": factor for name, factor in self.factors.items()}
        tensors |= {f"{name}/mean": mean for name, mean in self.means.items()}
        metadata = {"format": "tamis-statistics", "version": "1", "model": self.model, "source": self.words}
        write_durably(document(tensors, metadata), path, overwrite)


class Moments:
    """Sums over a layer's columns x: of x, groups x n, and of x · xᵀ, groups x n x n."""

    def __init__(self, layer: Layer) -> None:
        self.count = 0
        self.first = np.zeros((layer.groups, layer.inputs))
        self.second = np.zeros((layer.groups, layer.inputs, layer.inputs))

    def add(self, columns: np.ndarray) -> None:
        """columns: groups x count x n."""
        self.count += columns.shape[1]
        self.first += np.matmul(np.ones((1, columns.shape[1]), np.float32), columns)[:, 0]
        if len(columns) == 1:
            self.second[0] += columns[0].T @ columns[0]  # half the products, as numpy sees that both are the same
        else:
            self.second += np.matmul(columns.transpose(0, 2, 1), columns)


def calibrate(
    network: Network, data: Data | None = None, *, samples: int = SAMPLES, chosen: np.ndarray | None = None,
    preprocessing: str | os.PathLike[str] | Preprocessing | None = None, shapes: Mapping[str, tuple[int, ...]] | None = None,
    columns: int = 200_000, largest: int = 8192, threads: int = 0, progress: Progress | None = None,
) -> Statistics:
    """Measures the inputs of a network's layers: their means and second moments (Spec/rationale/0014, 0022).

    The samples go through the network as often as memory asks for: each pass takes the layers whose inputs and moments find room.

    Parameters
    ----------
    network
        The model.
    data
        What it is run on, without labels; None for noise, or random tokens.
    samples
        At most that many samples, spread evenly.
    chosen
        Numbers of the samples of `data` to take instead.
    preprocessing, shapes
        Of noise: see `Noise`.
    columns
        Places that are measured of a layer, drawn at random, at the most.
    largest
        Layers with more weights for an output are left out; a factor of 8192 takes 256 MiB.
    threads
        Of ONNX Runtime; 0 for one per processor.
    progress
        Called with the runs that are done, and all.

    Returns
    -------
    Statistics
        The same for the same inputs, but for the rounding of additions.

    Raises
    ------
    MisuseError
        If the model has no layer that could be measured, or does not run on the data: found before the long work. If inputs of a layer
        are not finite.
    """
    for name, value in (("samples", samples), ("columns", columns), ("largest", largest)):
        if value < 1:
            raise refusal(f"{name} is {value}, expected 1 or more", name)
    if data is not None and (preprocessing is not None or shapes):
        raise refusal("preprocessing and shapes are those of noise; the data have their own", "preprocessing")
    inner = InnerValues(network, threads)
    found = layers(inner.graph)
    if not found:
        raise refusal(
            f"{network.name}: expected a convolution, matrix product or recurrent layer with a float weight of its own in the main graph; "
            "there is none to measure, and encoding goes without statistics", "model")
    if data is None:
        data = Noise(network, samples, preprocessing=preprocessing, shapes=shapes, tables=tables(inner.graph))
    chosen = require_samples(data, samples, chosen)
    statistics = Statistics(network.name, data.words if len(chosen) == data.count else f"{len(chosen)} of {data.words}", len(chosen))
    statistics.left_out = {
        layer.weight: f"it has {layer.inputs} weights for an output, more than {largest}, the largest number that is measured"
        for layer in found if layer.inputs > largest}
    found = [layer for layer in found if layer.inputs <= largest]
    runs = list(batches(network, chosen))
    feeds = data.feeds(runs[0])
    sizes = {name: values.shape for name, values in feeds.items()} | inner.shapes(
        dict.fromkeys(layer.data for layer in found if layer.data not in feeds), feeds, data.place)
    parts = list(_passes(found, sizes))
    done = 0
    for part in parts:
        inputs = [name for name in dict.fromkeys(layer.data for layer in part) if name not in feeds]
        session = inner.session(inputs) if inputs else None
        sums = {layer.weight: Moments(layer) for layer in part}
        for batch in runs:
            _measure(session, inputs, data.feeds(batch), data.place, part, sums, len(batch) / sum(map(len, runs)), columns, batch[0])
            done += 1
            if progress is not None:
                progress(done, len(parts) * len(runs))
        del session
        for layer in part:
            moments = sums.pop(layer.weight)
            if not moments.first.any() and not moments.second.any():
                statistics.left_out[layer.weight] = "all its inputs are zero"
                continue
            statistics.means[layer.weight] = (moments.first / moments.count).astype(np.float32)
            statistics.factors[layer.weight] = factor(moments.second, moments.count)
    return statistics


def factor(second: np.ndarray, count: int) -> np.ndarray:
    """U, upper triangular with U · Uᵀ the moments `second` ⁄ `count`, with 1 % of the mean of their diagonal added to it.

    All are of shape groups x n x n; `second` is overwritten.
    """
    second /= count
    diagonal = np.einsum("gii->gi", second)  # a view
    means = diagonal.mean(1)
    diagonal += (_DAMPING * np.maximum(means, _FAINTEST * means.mean()))[:, None]
    factors = np.empty(second.shape, np.float32)
    for group, upper in zip(second, factors):
        # With J the reversal and L · Lᵀ = J · H · J, U = J · L · J. The reversed copy is overwritten by L.
        lower, info = lapack.dpotrf(np.asfortranarray(group[::-1, ::-1]), lower=1, clean=1, overwrite_a=1)
        if info != 0:
            raise ArithmeticError(f"second moments are not positive definite (minor {info})")
        upper[...] = lower[::-1, ::-1]
    return factors


def _measure(
    session: onnxruntime.InferenceSession | None, inputs: list[str], feeds: Mapping[str, np.ndarray], place: str, part: list[Layer],
    sums: dict[str, Moments], share: float, columns: int, seed: int,
) -> None:
    """Adds the columns of a batch. share: of the batch in all samples."""
    values = dict(feeds)
    if session is not None:
        values |= zip(inputs, run_needed(session, inputs, feeds, place))
    for layer in part:
        total = sums[layer.weight]
        rng = np.random.default_rng([zlib.crc32(layer.weight.encode()), int(seed)])  # places do not depend on the other layers of the pass
        for block in layer.blocks(values[layer.data], max(round(share * layer.columns(columns)), 1), rng):
            total.add(block)
        if not np.isfinite(total.first).all() or not np.isfinite(np.einsum("gii->gi", total.second)).all():
            raise refusal(
                f"the inputs of {layer.weight} are not finite on {place}; are the inputs of the model scaled as it expects (preprocessing)?",
                "preprocessing")


def require_samples(data: Data, samples: int, chosen: np.ndarray | None) -> np.ndarray:
    """Numbers of the samples to run."""
    if chosen is None:
        return spread(data.count, min(samples, data.count))
    chosen = np.asarray(chosen, np.int64)
    if chosen.ndim != 1 or chosen.size == 0 or chosen.min() < 0 or chosen.max() >= data.count:
        raise refusal(f"chosen are numbers of samples, one or more of 0 to {data.count - 1}", "chosen")
    return chosen


def batches(network: Network, chosen: np.ndarray) -> Iterator[np.ndarray]:
    """Numbers of the samples of each run. A model that prescribes how many gets the first ones again where the last run is short of them."""
    size = network.batch(_BATCH)
    if network.batch(0) > 0:
        chosen = np.resize(chosen, -(-len(chosen) // size) * size)
    for start in range(0, len(chosen), size):
        yield chosen[start:start + size]


def _passes(found: Iterable[Layer], sizes: Mapping[str, tuple[int, ...]]) -> Iterator[list[Layer]]:
    """Divides the layers so that the moments and inputs of each part find room in memory. sizes: shapes of the inputs of a run."""
    part: list[Layer] = []
    moments, inputs = 0, set()
    for layer in found:
        grown = inputs | {layer.data}
        if part and (moments + layer.moments > _PASS_MOMENTS or sum(int(np.prod(sizes[name])) for name in grown) > _PASS_INPUTS):
            yield part
            part, moments, grown = [], 0, {layer.data}
        part.append(layer)
        moments += layer.moments
        inputs = grown
    if part:
        yield part
