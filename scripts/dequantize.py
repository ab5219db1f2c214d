#!/usr/bin/env python3
"""A float copy of an ONNX model of 8-bit integers: weights of float32, and layers that compute with them.

    dequantize.py MODEL.onnx -o OUT.onnx [--activations]

Takes models whose integers are between QuantizeLinear and DequantizeLinear, and those with operators of integers: QLinearConv,
QLinearMatMul, and QLinearAdd of ONNX Runtime. Constants become float32 initializers, scale times (integer - zero point). Between the
layers, values are no longer rounded: where the zero point is the least integer, so that a ReLU had gone into the rounding, there is a
Relu; with --activations they are rounded and clipped as before. (ONNX Runtime 1.31 computes such graphs as the integers do only with its
graph optimizations disabled.)
"""
import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

LEAST = {onnx.TensorProto.UINT8: 0, onnx.TensorProto.INT8: -128, onnx.TensorProto.UINT16: 0, onnx.TensorProto.INT16: -(1 << 15)}
# Operators whose inputs are two operands, each value, scale and zero point, and the scale and zero point of the result.
OPERATORS = {"QLinearConv": "Conv", "QLinearMatMul": "MatMul", "QLinearAdd": "Add"}
# These move values about and choose among them: integers or not is all the same.
INDIFFERENT = {
    "Concat", "Flatten", "Gather", "Identity", "MaxPool", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"}


class Refused(Exception):
    """The model is not one that this takes."""


class Float:
    """The graph as it is built up. `floats` has, for a value that was of integers, the one of floats in its place."""

    def __init__(self, model, activations):
        self.graph, self.activations = model.graph, activations
        self.constants = {tensor.name: tensor for tensor in self.graph.initializer}
        self.floats, self.nodes, self.made = {}, [], {}

    def array(self, name):
        if name not in self.constants:
            raise Refused(f"{name} is computed, expected a constant scale or zero point")
        return numpy_helper.to_array(self.constants[name])

    def zero_point(self, name):
        """The zero point and the type of its integers; that of none is 0, uint8."""
        return (self.array(name), self.constants[name].data_type) if name else (np.uint8(0), onnx.TensorProto.UINT8)

    def value(self, name, scale, zero, axis=0):
        """The float value in place of integers: a computed one, or an initializer made of the constant."""
        if name in self.floats:
            return self.floats[name]
        if name not in self.constants:
            raise Refused(f"{name} is of integers, and does not come from a quantized operator")
        made = f"{name}_float"
        if made not in self.made:
            integers, parts = self.array(name).astype(np.float64), []
            for part in (np.asarray(zero, np.float64), np.asarray(scale, np.float64)):
                lines = [1] * integers.ndim
                if part.size > 1:
                    lines[axis] = -1
                parts.append(part.reshape(lines))
            self.made[made] = numpy_helper.from_array(((integers - parts[0]) * parts[1]).astype(np.float32), made)
        return made

    def rounded(self, name, result, scale, zero):
        """Leads the float value `name` on as what stands for the integers `result`."""
        if self.activations:
            self.nodes.append(helper.make_node("QuantizeLinear", [name, scale, zero], [result]))
            self.nodes.append(helper.make_node("DequantizeLinear", [result, scale, zero], [f"{result}_float"]))
            self.floats[result] = f"{result}_float"
            return
        point, kind = self.zero_point(zero)
        self.floats[result] = name
        if (point == LEAST[kind]).all():
            self.nodes.append(helper.make_node("Relu", [name], [f"{result}_float"]))
            self.floats[result] = f"{result}_float"

    def add(self, node):
        if node.op_type == "QuantizeLinear":
            self.rounded(node.input[0], node.output[0], *node.input[1:3], *[""] * (3 - len(node.input)))
        elif node.op_type == "DequantizeLinear":
            axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)
            zero = self.zero_point(node.input[2] if len(node.input) > 2 else "")[0]
            self.floats[node.output[0]] = self.value(node.input[0], self.array(node.input[1]), zero, axis)
        elif node.op_type in OPERATORS:
            self.add_operator(node)
        elif any(name in self.floats for name in node.input) and node.op_type in INDIFFERENT:
            self.add_plain(node)
            self.floats.update((name, name) for name in node.output)
        elif "Integer" in node.op_type or node.op_type.startswith(("QLinear", "QGemm", "DynamicQuantize")):
            raise Refused(f"the operator {node.op_type} ({node.name or node.output[0]}) is not among those this knows")
        else:
            self.add_plain(node)

    def add_plain(self, node):
        node.input[:] = [self.floats.get(name, name) for name in node.input]
        self.nodes.append(node)

    def add_operator(self, node):
        """An operator of integers as that of floats, and the rounding of its result."""
        kind, given = OPERATORS[node.op_type], [*node.input, *[""] * (9 - len(node.input))]
        axis = -1 if kind == "MatMul" else 0
        inputs = [self.value(given[k], self.array(given[k + 1]), self.zero_point(given[k + 2])[0], axis) for k in (0, 3)]
        if given[8]:  # the bias of a convolution
            inputs.append(self.value(given[8], self.array(given[1]).astype(np.float64) * self.array(given[4]), 0))
        name = f"{node.output[0]}_exact"
        made = helper.make_node(kind, inputs, [name], name=node.name)
        made.attribute.extend(node.attribute)
        self.nodes.append(made)
        self.rounded(name, node.output[0], *given[6:8])


def dequantized(model, activations=False):
    """The model of floats; `model` is used up."""
    building = Float(model, activations)
    for node in list(model.graph.node):
        building.add(node)
    graph = model.graph
    for output in graph.output:
        last = building.floats.get(output.name, output.name)
        if last != output.name:
            building.nodes.append(helper.make_node("Identity", [last], [output.name]))
    used = {name for node in building.nodes for name in node.input}
    kept = [tensor for tensor in (*graph.initializer, *building.made.values()) if tensor.name in used]
    for field, entries in (("node", building.nodes), ("initializer", kept), ("value_info", [])):
        del getattr(graph, field)[:]
        getattr(graph, field).extend(entries)
    del model.graph.quantization_annotation[:]
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL.onnx")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.onnx")
    parser.add_argument("--activations", action="store_true", help="values between layers stay rounded")
    arguments = parser.parse_args()
    try:
        model = dequantized(onnx.load(arguments.model), arguments.activations)
    except (Refused, OSError) as error:
        raise SystemExit(f"error: {arguments.model}: {error}")
    onnx.save(model, arguments.output)


if __name__ == "__main__":
    main()
