"""Finds the layers of an ONNX model and measures the second moments of what their weights are multiplied with.

A layer is a Conv, Gemm or MatMul of the main graph with a weight of two or more dimensions that is a float32 initializer or value of a
Constant, and that nothing else reads. Its columns are the inputs that the weights of one output meet at one place, in C order over the
weight's input and kernel axes, padding included.
"""
import math
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

CHUNK = 1 << 24  # values of columns held at once
COPIES = 3 * 10**8  # values of columns copied for a layer, unless its columns get too few
PRODUCTS = 10**11  # multiplications spent on a layer, unless its columns get too few
FEWEST = 10  # columns for each weight of an output, whatever they cost


@dataclass
class Layer:
    """A weight, and where its inputs are."""
    weight: str  # as tamis inspect names it
    data: str  # the value that the weight is multiplied with
    groups: int
    inputs: int  # weights of one output
    node: onnx.NodeProto
    shape: tuple  # of the weight

    def values(self):
        """Of a second-moment matrix, all groups."""
        return self.groups * self.inputs**2

    def columns(self, most):
        """How many columns to measure: `most`, or fewer where they cost much."""
        affordable = min(COPIES // (self.groups * self.inputs), PRODUCTS // self.values())
        return min(most, max(affordable, FEWEST * self.inputs))


class Moments:
    """Sums over a layer's columns: of x, groups x inputs, and of x times its transpose, groups x inputs x inputs."""

    def __init__(self, layer):
        self.count = 0
        self.first = np.zeros((layer.groups, layer.inputs))
        self.second = np.zeros((layer.groups, layer.inputs, layer.inputs))

    def add(self, columns):
        """columns: groups x count x inputs."""
        self.count += columns.shape[1]
        self.first += columns.sum(1, dtype=np.float64)
        self.second += np.matmul(columns.transpose(0, 2, 1), columns)


def layers(graph):
    """Yields the layers, in the order of their nodes."""
    known = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            known[node.output[0]] = node.attribute[0].t
    uses = {}
    _count(graph, uses)
    for node in graph.node:
        if node.domain in ("", "ai.onnx") and len(node.input) >= 2:
            for position in (1, 0) if node.op_type == "MatMul" else (1,):
                tensor = known.get(node.input[position])
                data = node.input[1 - position]
                if tensor is not None and tensor.data_type == TensorProto.FLOAT and data not in known and uses[node.input[position]] == 1:
                    layer = _layer(node, position, tuple(tensor.dims), data)
                    if layer is not None and _is_plain(layer.weight):
                        yield layer


def _layer(node, position, shape, data):
    name, attributes = node.input[position], _attributes(node)
    if 0 in shape:
        return None
    if node.op_type == "Conv" and len(shape) >= 3:
        groups = attributes.get("group", 1)
        return Layer(name, data, groups, math.prod(shape[1:]), node, shape) if shape[0] % groups == 0 else None
    if node.op_type == "Gemm" and len(shape) == 2:
        return Layer(name, data, 1, shape[1 if attributes.get("transB", 0) else 0], node, shape)
    if node.op_type == "MatMul" and len(shape) >= 2 and math.prod(shape[:-2]) == 1:
        return Layer(name, data, 1, shape[-2 if position == 1 else -1], node, shape)
    return None


def _is_plain(name):
    """Whether a tensor of that name keeps it under Tamis (Spec, "Names of ONNX tensors")."""
    return 0 < len(name.encode()) <= 4096 and not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name)


def _count(graph, uses):
    """Counts, by the names of values, how often the graph and its subgraphs read them."""
    for value in graph.output:
        uses[value.name] = uses.get(value.name, 0) + 1
    for node in graph.node:
        for name in node.input:
            uses[name] = uses.get(name, 0) + 1
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                _count(inner, uses)


def _attributes(node):
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def blocks(layer, data, most, rng):
    """Yields columns (groups x count x inputs) of the layer's input `data`: of about `most` places if it has more, drawn by rng."""
    data = np.asarray(data, np.float32)
    if layer.node.op_type == "Conv":
        yield from _convolution_blocks(layer, data, -(-most // len(data)), rng)
        return
    if layer.node.op_type == "Gemm":
        data = data.T if _attributes(layer.node).get("transA", 0) else data
    elif layer.node.input[0] == layer.weight:
        data = np.moveaxis(data, -2, -1) if data.ndim > 1 else data
    rows = data.reshape(-1, layer.inputs)
    if len(rows) > most:
        rows = rows[np.sort(rng.choice(len(rows), most, replace=False))]
    step = max(CHUNK // layer.inputs, 1)
    for k in range(0, len(rows), step):
        yield rows[None, k:k + step]


def _convolution_blocks(layer, data, share, rng):
    """share: places of each sample."""
    attributes, kernel = _attributes(layer.node), layer.shape[2:]
    strides, dilations = (attributes.get(name, [1] * len(kernel)) for name in ("strides", "dilations"))
    spans = [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations)]
    pads = _pads(attributes, data.shape[2:], spans, strides)
    data = np.pad(data, [(0, 0), (0, 0), *pads])
    places = [(size - span) // stride + 1 for size, span, stride in zip(data.shape[2:], spans, strides)]
    number = math.prod(places)
    chosen = np.arange(number) if number <= share else np.sort(rng.choice(number, share, replace=False))
    corners = np.unravel_index(chosen, places)
    taps = np.unravel_index(np.arange(math.prod(kernel)), kernel)
    index = 0  # of each place and tap, in the data with its spatial axes flattened
    for corner, stride, tap, dilation, size in zip(corners, strides, taps, dilations, data.shape[2:]):
        index = index * size + corner[:, None] * stride + tap[None] * dilation
    samples, channels = data.shape[:2]
    flat = data.reshape(samples, layer.groups, channels // layer.groups, -1)
    step = max(CHUNK // (samples * layer.groups * layer.inputs), 1)
    for k in range(0, len(index), step):
        part = np.take(flat, index[k:k + step], axis=3)  # samples, groups, channels, places, taps
        yield part.transpose(1, 0, 3, 2, 4).reshape(layer.groups, -1, layer.inputs)


def _pads(attributes, sizes, spans, strides):
    """(before, after) along each spatial axis."""
    kind = attributes.get("auto_pad", b"NOTSET")
    if kind in (b"SAME_UPPER", b"SAME_LOWER"):
        totals = [max((-(-size // stride) - 1) * stride + span - size, 0) for size, span, stride in zip(sizes, spans, strides)]
        return [(total // 2, total - total // 2) if kind == b"SAME_UPPER" else (total - total // 2, total // 2) for total in totals]
    pads = attributes.get("pads") if kind == b"NOTSET" else None
    return list(zip(pads[:len(sizes)], pads[len(sizes):])) if pads else [(0, 0)] * len(sizes)
