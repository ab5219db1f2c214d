"""How much each tensor's quantization changes what a model gives, as `tamis encode --sensitivity` takes it (docs/recipes.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime

import tamis

from .._call import Progress
from .calibration import batches, require_samples
from .data import Data
from .inner_values import InnerValues, run_needed
from .layers import tables
from .network import Network
from .noise import Noise
from .preprocessing import Preprocessing
from .refusals import refusal

SAMPLES = 32  # that outputs are compared on unless told
# Of what was measured, unless told (Spec/rationale/0022).
EXPONENT = 0.5
EXPONENT_OF_NOISE = 0.25
_TYPES = ("float32", "float16")
_RANGE = 64.0  # a weight is at most that times the mean one, and at least that part of it


@dataclass(frozen=True)
class TensorChange:
    """What the quantization of a tensor does.

    Attributes
    ----------
    name
        The tensor.
    count
        Its number of elements.
    change
        Mean squared change of the outputs over their variance, when this tensor, and the bias that takes up its errors, are quantized.
    weight
        For `--sensitivity`: (change ⁄ count) to the power of the exponent; their geometric mean, each counted as often as the tensor has
        elements, is 1.
    """

    name: str
    count: int
    change: float
    weight: float


def sensitivity(
    network: Network, data: Data | None = None, *, chosen: np.ndarray | None = None, statistics: str | os.PathLike[str] | None = None,
    quality: float | None = None, progress: Progress | None = None, threads: int = 0, **more: Any,
) -> dict[str, float]:
    """The weights of `changes` by the tensors' names; it has the same parameters."""
    found = changes(network, data, chosen=chosen, statistics=statistics, quality=quality, progress=progress, threads=threads, **more)
    return {entry.name: entry.weight for entry in found}


def changes(
    network: Network, data: Data | None = None, *, samples: int = SAMPLES, chosen: np.ndarray | None = None,
    statistics: str | os.PathLike[str] | None = None, quality: float | None = None, effort: int | None = None, exponent: float | None = None,
    preprocessing: str | os.PathLike[str] | Preprocessing | None = None, shapes: Mapping[str, tuple[int, ...]] | None = None,
    progress: Progress | None = None, threads: int = 0,
) -> list[TensorChange]:
    """Measures what each tensor's quantization changes.

    The model is encoded once; then one tensor after the other takes its decoded value in the original, with the bias of its layer. The
    allocation of steps takes a tensor of n weights to add relative noise in proportion to n at the outputs (Spec/rationale/0008); what it adds
    in truth, divided by n, is the tensor's sensitivity. Outputs behind a final Softmax are compared before it.

    Parameters
    ----------
    network, data, samples, chosen, preprocessing, shapes, threads
        As for `calibrate`.
    statistics, quality, effort
        As for `tamis.encode`: how the tensors will be quantized.
    exponent
        Of the sensitivity: 0 changes nothing, 1 trusts it; if None, a half, and a quarter for what noise tells.
    progress
        Called with the tensors that are done, and all.

    Returns
    -------
    list of TensorChange
        Of all quantized tensors of two or more dimensions that the main graph has by name, in the order of the file.

    Raises
    ------
    MisuseError
        If the model does not run on the data (found before anything is encoded), gives no floating-point numbers, or nothing was quantized.
    """
    if exponent is None:
        exponent = EXPONENT_OF_NOISE if data is None else EXPONENT
    if not 0 <= exponent <= 1:
        raise refusal(f"exponent is {exponent}, expected 0 to 1", "exponent")
    if data is not None and (preprocessing is not None or shapes):
        raise refusal("preprocessing and shapes are those of noise; the data have their own", "preprocessing")
    inner = InnerValues(network, threads)
    if data is None:
        data = Noise(network, samples, preprocessing=preprocessing, shapes=shapes, tables=tables(inner.graph))
    feeds = [data.feeds(batch) for batch in batches(network, require_samples(data, samples, chosen))]
    outputs = _Outputs(inner, feeds, data.place)
    encoded = tamis.encode(network.path, quality=quality, effort=effort, statistics=statistics, threads=threads)
    constants, biases = _constants(inner.graph), _biases(inner.graph)
    with tamis.open(encoded) as model:
        aliases: dict[str, list[str]] = {}
        for alias, name in model.aliases.items():
            aliases.setdefault(name, []).append(alias)
        names = [
            name for name, info in model.tensors.items()
            if name in constants and info.dtype in _TYPES and len(info.shape) >= 2 and not model.coding(name).exact]
        if not names:
            raise refusal(f"{network.name}: no tensor of its main graph was quantized; there is nothing to weigh", "model")
        measured = []
        for name in names:
            together = [name, *aliases.get(name, []), *(bias for bias in biases.get(name, []) if bias in model.tensors)]
            values = {own: model.tensor(own) for own in together if own in constants}
            measured.append(outputs.change(values))
            if progress is not None:
                progress(len(measured), len(names))
        counts = np.array([model.tensors[name].size for name in names])
    weights = _weights(np.array(measured), counts, exponent)
    return [TensorChange(*entry) for entry in zip(names, counts.tolist(), measured, weights.tolist())]


class _Outputs:
    """The original's outputs for some feeds, and how far others are from them."""

    def __init__(self, inner: InnerValues, feeds: list[dict[str, np.ndarray]], words: str) -> None:
        self._inner, self._feeds, self._words = inner, feeds, words
        makers = {name: node for node in inner.graph.node for name in node.output}
        self._names = []
        for value in inner.graph.output:
            maker = makers.get(value.name)
            is_score = maker is not None and maker.op_type == "Softmax" and maker.input[0] in makers
            self._names.append(maker.input[0] if is_score else value.name)
        self._names = [name for name in dict.fromkeys(self._names) if name in makers]
        self._originals = self._run(inner.session(self._names))
        for batch in self._originals:
            if not all(np.isfinite(values).all() for values in batch.values()):
                raise refusal(
                    f"outputs are not finite on {words}; are the inputs of the model scaled as it expects (preprocessing)?", "preprocessing")
        self._variances = {name: np.concatenate([batch[name].ravel() for batch in self._originals]).var() for name in self._originals[0]}
        if not any(self._variances.values()):
            raise refusal(
                f"the outputs {', '.join(self._names)} are the same for all of {words}, or no floating-point numbers; no change can be measured",
                "data")

    def change(self, replaced: Mapping[str, np.ndarray]) -> float:
        """Mean squared change over the variance, on average over outputs, when the model has these tensors in place of its own."""
        found = self._run(self._inner.session(self._names, replaced))
        changes = []
        for name, variance in self._variances.items():
            if variance == 0:
                continue
            squared = total = 0.0
            for batch, original in zip(found, self._originals):
                if batch[name].shape != original[name].shape:
                    raise refusal(
                        f"output {name} changes its shape with the weights, from {list(original[name].shape)} to {list(batch[name].shape)}; "
                        "sensitivities are for models whose outputs have one shape", "model")
                squared += float(np.square(batch[name] - original[name]).sum())
                total += original[name].size
            changes.append(squared / total / variance)
        return float(np.mean(changes))

    def _run(self, session: onnxruntime.InferenceSession) -> list[dict[str, np.ndarray]]:
        """For each feed, the outputs that are floating-point numbers, as float64."""
        found = []
        for feeds in self._feeds:
            values = zip(self._names, run_needed(session, self._names, feeds, self._words))
            found.append({name: own.astype(np.float64) for name, own in values if isinstance(own, np.ndarray) and own.dtype.kind == "f"})
        return found


def _weights(changes: np.ndarray, counts: np.ndarray, exponent: float) -> np.ndarray:
    """Sensitivities to the power of `exponent`, with 1 for their mean."""
    sensitivities = changes / counts
    if not sensitivities.any():
        return np.ones(len(changes))
    # Where no change is seen there is none to be sure of.
    logarithms = exponent * np.log(np.maximum(sensitivities, sensitivities.max() * 1e-12))
    middle = float(np.average(logarithms, weights=counts))
    return np.exp(np.clip(logarithms - middle, -np.log(_RANGE), np.log(_RANGE)))


def _constants(graph: onnx.GraphProto) -> set[str]:
    """Names of values that are tensors of the model's."""
    return {tensor.name for tensor in graph.initializer} | {node.output[0] for node in graph.node if node.op_type == "Constant"}


def _biases(graph: onnx.GraphProto) -> dict[str, list[str]]:
    """{weight: what is added to the outputs of its layer}, of convolutions and matrix products."""
    constants, found = _constants(graph), {}
    products = {}
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose", "Gemm") and len(node.input) > 2 and node.input[2] in constants:
            found.setdefault(node.input[1], []).append(node.input[2])
        elif node.op_type in ("Conv", "ConvTranspose", "MatMul", "Gemm"):
            products[node.output[0]] = [name for name in node.input if name in constants]
        elif node.op_type == "Add":
            for product, bias in (node.input, reversed(node.input)):
                for weight in products.get(product, []) if bias in constants else []:
                    found.setdefault(weight, []).append(bias)
    return found
