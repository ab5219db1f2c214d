#!/usr/bin/env python3
"""Makes models whose weights stand in every place where they can, and checks what they were decoded to.

    scripts/check-export.py make FOLDER                 models of several versions, named by what is special about them
    scripts/check-export.py check FLOAT OTHER [--tolerance T]
                                                        the same inputs and outputs, accepted by onnx.checker; with --stored also lists
                                                        the stored types, nodes, versions as one line of JSON

Stored weights of integers must give those of FLOAT bit by bit.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as nh

random = np.random.default_rng(8)


def weight(name, *shape, axes=()):
    """Normal numbers, with scales of their own along some axes."""
    scales = np.exp2(random.integers(-2, 3, [size if axis in axes else 1 for axis, size in enumerate(shape)]))
    return nh.from_array((random.standard_normal(shape) * scales / 8).astype(np.float32), name)


def value(name, *shape, type=T.FLOAT):
    return h.make_tensor_value_info(name, type, shape)


def save(folder, name, nodes, inputs, outputs, initializers, opset, ir_version, values=()):
    graph = h.make_graph(nodes, "g", inputs, outputs, initializers, value_info=list(values))
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=ir_version)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, folder / (name + ".onnx"))


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    x = [value("x", 1, 48, 8, 8)]
    convolutions = [
        h.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]), h.make_node("Relu", ["a"], ["b"]),
        h.make_node("ConvTranspose", ["b", "t"], ["y"]),
    ]
    weights = [weight("w", 64, 48, 3, 3, axes=[0]), weight("t", 64, 48, 2, 2, axes=[1])]
    y = [value("y", 1, 48, 9, 9)]
    save(folder, "rows-11", convolutions, x, y, weights, 11, 6)
    save(folder, "rows-21", convolutions, x, y, weights, 21, 10)
    # Initializers of the oldest format are inputs.
    save(folder, "inputs-7", convolutions, x + [value("w", 64, 48, 3, 3), value("t", 64, 48, 2, 2)], y, weights, 7, 3)
    # More inputs than weights, and one of these the last.
    unused = [value(name, 1) for name in ("i1", "i2", "i3", "i4", "i5")]
    unused_nodes = [h.make_node("Identity", [name.name], ["unused_" + name.name]) for name in unused]
    save(folder, "overridable-11", unused_nodes + convolutions, x + unused + [value("w", 64, 48, 3, 3)], y, weights, 11, 6)
    # Softmax means something else from version 13 on.
    stopped = convolutions[:2] + [h.make_node("Softmax", ["b"], ["c"], axis=1), h.make_node("ConvTranspose", ["c", "t"], ["y"])]
    save(folder, "stopped-12", stopped, x, y, weights, 12, 7)

    ids = [value("ids", 1, 6, type=T.INT64)]
    table, dense = weight("table", 100, 64), weight("dense", 64, 96)
    gathered = [h.make_node("Gather", ["table", "ids"], ["a"]), h.make_node("MatMul", ["a", "dense"], ["y"])]
    save(folder, "gather-13", gathered, ids, [value("y", 1, 6, 96)], [table, dense], 13, 7)
    tied = [
        h.make_node("Gather", ["table", "ids"], ["a"]), h.make_node("Transpose", ["table"], ["b"], perm=[1, 0]), h.make_node("MatMul", ["a", "b"], ["y"]),
    ]
    save(folder, "tied-13", tied, ids, [value("y", 1, 6, 100)], [table], 13, 7)

    recurrent = [weight("w", 2, 128, 48, axes=[0, 1]), weight("r", 2, 128, 32, axes=[0, 1])]
    lstm = [h.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=32, direction="bidirectional")]
    save(folder, "blocks-14", lstm, [value("x", 5, 1, 48)], [value("y", 5, 2, 1, 32)], recurrent, 14, 7)

    def branch(name, *nodes, weights):
        return h.make_graph(list(nodes), name, [], [value(name, 1, 96)], list(weights))

    vector = [value("x", 1, 64), value("choice", type=T.BOOL)]
    nodes = [
        h.make_node("Constant", [], ["k"], value=weight("", 64, 64)), h.make_node("MatMul", ["x", "k"], ["h"]),
        # Names that those of new values could have.
        h.make_node("Identity", ["h"], ["k_scale"]), h.make_node("Identity", ["k_scale"], ["u_stored_3"]),
        h.make_node(
            "If", ["choice"], ["y"],
            then_branch=branch("yes", h.make_node("MatMul", ["u_stored_3", "u"], ["yes"]), weights=[weight("u", 64, 96)]),
            else_branch=branch(
                "no", h.make_node("Constant", [], ["u"], value=weight("", 64, 96)), h.make_node("MatMul", ["u_stored_3", "u"], ["no"]), weights=[])),
    ]
    save(folder, "nested-17", nodes, vector, [value("y", 1, 96)], [], 17, 8)


def feed(session):
    generator = np.random.default_rng(9)
    for given in session.get_inputs():
        shape = [d if isinstance(d, int) and d > 0 else 1 for d in given.shape]
        if given.type == "tensor(int64)":
            yield given.name, generator.integers(0, 50, shape)
        elif given.type == "tensor(bool)":
            yield given.name, np.array(True)
        elif given.type == "tensor(float)":
            yield given.name, generator.standard_normal(shape).astype(np.float32)


def graphs(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from graphs(attribute.g)


def tensors(graph):
    """Name and value of all weights of a graph itself."""
    for tensor in graph.initializer:
        yield tensor.name, tensor
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            yield node.output[0], node.attribute[0].t


def stored_scale(node, values):
    """Scale and zero point of a DequantizeLinear node, in the shape of what they multiply."""
    data, scale = values[node.input[0]], values[node.input[1]]
    attributes = {a.name: a.i for a in node.attribute}
    if "block_size" in attributes:
        scale = np.repeat(scale, attributes["block_size"], axis=attributes["axis"])
    elif scale.ndim == 1:
        scale = scale.reshape([-1 if axis == attributes.get("axis", 1) else 1 for axis in range(data.ndim)])
    return scale, values[node.input[2]].astype(np.float32) if len(node.input) > 2 else np.float32(0)


def check_weights(plain, other):
    """Weights that are stored as integers are bit by bit those of the model that has floats."""
    checked = 0
    for before, after in zip(graphs(plain.graph), graphs(other.graph)):
        expected = {name: nh.to_array(t) for name, t in tensors(before)}
        found = {t.name: nh.to_array(t) for t in after.initializer}
        gathers = {n.output[0]: n.input[0] for n in after.node if n.op_type == "Gather"}
        for node in after.node:
            if node.op_type != "DequantizeLinear" or (node.input[0] not in found and gathers.get(node.input[0]) not in found):
                continue
            source = node.input[0] if node.input[0] in found else gathers[node.input[0]]
            scale, zero = stored_scale(node, {**found, node.input[0]: found[source]})
            name = node.output[0] if node.input[0] in found else source[: source.rindex("_stored")]
            values = ((found[source].astype(np.float32) - zero) * scale).astype(np.float32)
            assert np.array_equal(values, expected[name]), name
            checked += 1
    return checked


def check(plain, other, tolerance, stored):
    model = onnx.load(other)
    onnx.checker.check_model(model, full_check=True)
    checked = check_weights(onnx.load(plain), model)
    options = ort.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.add_session_config_entry("session.disable_qdq_constant_folding", "1")
    sessions = [ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]) for path in (plain, other)]
    inputs = dict(feed(sessions[0]))
    for name in ("choice", None):
        expected, found = (session.run(None, {k: v for k, v in inputs.items() if k in {i.name for i in session.get_inputs()}}) for session in sessions)
        for a, b in zip(expected, found):
            error = np.abs(a - b).max() / max(np.abs(a).max(), 1e-30)
            assert error <= tolerance, f"outputs differ by {error:.2e}"
        if name in inputs:
            inputs[name] = np.array(False)
    if stored:
        all_graphs = list(graphs(model.graph))
        print(json.dumps({
            "opset": next(o.version for o in model.opset_import if o.domain == ""), "ir_version": model.ir_version, "checked": checked,
            "inputs": [i.name for i in model.graph.input],
            "types": sorted(T.DataType.Name(t.data_type) for g in all_graphs for n, t in tensors(g) if np.prod(t.dims) >= 256 and "_scale" not in n),
            "nodes": sorted(n.op_type for g in all_graphs for n in g.node),
        }))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("make").add_argument("folder", type=Path)
    checking = commands.add_parser("check")
    checking.add_argument("plain")
    checking.add_argument("other")
    checking.add_argument("--tolerance", type=float, default=1e-5, help="of outputs, relative to the largest (default: %(default)s)")
    checking.add_argument("--stored", action="store_true", help="list what is stored")
    arguments = parser.parse_args()
    if arguments.command == "make":
        make(arguments.folder)
    else:
        check(arguments.plain, arguments.other, arguments.tolerance, arguments.stored)


if __name__ == "__main__":
    sys.exit(main())
