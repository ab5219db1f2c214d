"""The layers of an ONNX model, and the columns of inputs that their weights are multiplied with.

A layer is a Conv, Gemm, MatMul, LSTM, GRU or RNN of the main graph with a float weight of two or more dimensions that nothing else reads:
an initializer or the value of a Constant, perhaps behind Identity or, for a matrix, Transpose. Its columns are the inputs that the weights
of one output meet at one place, in C order over the weight's input and kernel axes, padding included.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

CHUNK = 1 << 24  # values of columns held at once
COPIES = 3 * 10**8  # values of columns copied for a layer, unless its columns get too few
PRODUCTS = 10**11  # multiplications spent on a layer, unless its columns get too few
FEWEST = 10  # columns for each weight of an output, whatever they cost
_RECURRENT = ("LSTM", "GRU", "RNN")


@dataclass(frozen=True)
class Layer:
    """A weight, and where its inputs are.

    Attributes
    ----------
    weight
        The tensor's name, as Tamis has it.
    data
        Name of the value that the weight is multiplied with.
    groups
        Of a convolution, else 1.
    inputs
        Number of weights of one output.
    node
        What multiplies.
    position
        Place of the weight among the node's inputs.
    shape
        Of the weight, as the node sees it.
    """

    weight: str
    data: str
    groups: int
    inputs: int
    node: onnx.NodeProto
    position: int
    shape: tuple[int, ...]

    @property
    def moments(self) -> int:
        """Values of the second moments of all groups."""
        return self.groups * self.inputs**2

    def columns(self, most: int) -> int:
        """How many columns to measure: `most`, or fewer where they cost much."""
        affordable = min(COPIES // (self.groups * self.inputs), PRODUCTS // self.moments)
        return min(most, max(affordable, FEWEST * self.inputs))

    def blocks(self, data: np.ndarray, most: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Yields columns, groups x count x inputs, of the layer's input `data`: of about `most` places if it has more, drawn by `rng`."""
        data = np.asarray(data, np.float32)
        if self.node.op_type == "Conv":
            yield from self._places(data, -(-most // len(data)), rng)
            return
        if self.node.op_type == "Gemm":
            data = data.T if attributes(self.node).get("transA", 0) else data
        elif self.position == 0:
            data = np.moveaxis(data, -2, -1) if data.ndim > 1 else data
        rows = data.reshape(-1, self.inputs)
        if len(rows) > most:
            rows = rows[np.sort(rng.choice(len(rows), most, replace=False))]
        step = max(CHUNK // self.inputs, 1)
        for k in range(0, len(rows), step):
            yield rows[None, k:k + step]

    def _places(self, data: np.ndarray, share: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Columns of a convolution. share: places of each sample."""
        own, kernel = attributes(self.node), self.shape[2:]
        strides, dilations = (own.get(name, [1] * len(kernel)) for name in ("strides", "dilations"))
        spans = [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations)]
        data = np.pad(data, [(0, 0), (0, 0), *_pads(own, data.shape[2:], spans, strides)])
        places = [(size - span) // stride + 1 for size, span, stride in zip(data.shape[2:], spans, strides)]
        number = math.prod(places)
        chosen = np.arange(number) if number <= share else np.sort(rng.choice(number, share, replace=False))
        corners = np.unravel_index(chosen, places)
        taps = np.unravel_index(np.arange(math.prod(kernel)), kernel)
        index = 0  # of each place and tap, in the data with its spatial axes flattened
        for corner, stride, tap, dilation, size in zip(corners, strides, taps, dilations, data.shape[2:]):
            index = index * size + corner[:, None] * stride + tap[None] * dilation
        samples, channels = data.shape[:2]
        flat = data.reshape(samples, self.groups, channels // self.groups, -1)
        step = max(CHUNK // (samples * self.groups * self.inputs), 1)
        for k in range(0, len(index), step):
            part = np.take(flat, index[k:k + step], axis=3)  # samples, groups, channels, places, taps
            yield part.transpose(1, 0, 3, 2, 4).reshape(self.groups, -1, self.inputs)


def layers(graph: onnx.GraphProto) -> list[Layer]:
    """The layers, in the order of their nodes."""
    uses: dict[str, int] = {}
    _count(graph, uses)
    weights = _weights(graph, uses)
    found = []
    for node in graph.node:
        if node.domain in ("", "ai.onnx") and len(node.input) >= 2:
            for position in (1, 0) if node.op_type == "MatMul" else (1,):
                weight = weights.get(node.input[position])
                data = node.input[0 if position else 1]
                if weight is not None and data not in weights and uses[node.input[position]] == 1:
                    layer = _layer(node, position, *weight, data)
                    if layer is not None and _is_plain(layer.weight):
                        found.append(layer)
    return found


def tables(graph: onnx.GraphProto) -> dict[str, int]:
    """{name of an input: lines of the table that its tokens look up}."""
    shapes = {tensor.name: tensor.dims for tensor in graph.initializer}
    inputs = {value.name for value in graph.input}
    return {node.input[1]: shapes[node.input[0]][0] for node in graph.node
            if node.op_type == "Gather" and node.input[0] in shapes and node.input[1] in inputs}


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _weights(graph: onnx.GraphProto, uses: dict[str, int]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """{name of a value: name of the tensor that it is, the shape it has}, for float tensors as they are or, matrices, transposed."""
    found = {}

    def add(name: str, tensor: onnx.TensorProto) -> None:
        if tensor.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16):
            found[name] = name, tuple(tensor.dims)

    for tensor in graph.initializer:
        add(tensor.name, tensor)
    for value in graph.input:
        found.pop(value.name, None)  # a default that a caller may replace
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            add(node.output[0], node.attribute[0].t)
        elif node.op_type in ("Identity", "Transpose") and node.input[0] in found and uses[node.input[0]] == 1:
            name, shape = found[node.input[0]]
            if node.op_type == "Identity" or len(shape) == 2:
                is_turned = node.op_type == "Transpose" and list(attributes(node).get("perm", [1, 0])) == [1, 0]
                found[node.output[0]] = name, shape[::-1] if is_turned else shape
    return found


def _layer(node: onnx.NodeProto, position: int, name: str, shape: tuple[int, ...], data: str) -> Layer | None:
    if 0 in shape or not data:
        return None
    kind, own = node.op_type, attributes(node)
    groups = own.get("group", 1) if kind == "Conv" else 1
    if kind == "Conv" and len(shape) >= 3 and shape[0] % groups == 0:
        inputs = math.prod(shape[1:])
    elif kind == "Gemm" and len(shape) == 2:
        inputs = shape[1 if own.get("transB", 0) else 0]
    elif kind == "MatMul" and len(shape) >= 2 and math.prod(shape[:-2]) == 1:
        inputs = shape[-2 if position == 1 else -1]
    elif kind in _RECURRENT and len(shape) == 3 and not (len(node.input) > 4 and node.input[4]):  # places behind a sequence's end do not count
        inputs = shape[2]
    else:
        return None
    return Layer(name, data, groups, inputs, node, position, shape)


def _is_plain(name: str) -> bool:
    """Whether a tensor of that name keeps it under Tamis (Spec, "Names of ONNX tensors")."""
    return 0 < len(name.encode()) <= 4096 and not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name)


def _count(graph: onnx.GraphProto, uses: dict[str, int]) -> None:
    """Counts, by the names of values, how often the graph and its subgraphs read them."""
    for value in graph.output:
        uses[value.name] = uses.get(value.name, 0) + 1
    for node in graph.node:
        for name in node.input:
            uses[name] = uses.get(name, 0) + 1
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                _count(inner, uses)


def _pads(own: dict[str, Any], sizes: tuple[int, ...], spans: list[int], strides: list[int]) -> list[tuple[int, int]]:
    """(before, after) along each spatial axis."""
    kind = own.get("auto_pad", b"NOTSET")
    if kind in (b"SAME_UPPER", b"SAME_LOWER"):
        totals = [max((-(-size // stride) - 1) * stride + span - size, 0) for size, span, stride in zip(sizes, spans, strides)]
        return [(total // 2, total - total // 2) if kind == b"SAME_UPPER" else (total - total // 2, total // 2) for total in totals]
    pads = own.get("pads") if kind == b"NOTSET" else None
    return list(zip(pads[:len(sizes)], pads[len(sizes):])) if pads else [(0, 0)] * len(sizes)
