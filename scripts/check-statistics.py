#!/usr/bin/env python3
"""Holds what scripts/statistics measures against the outputs of the layers themselves, under ONNX Runtime.

Layers of every kind are made up: convolutions of one to three axes with strides, dilations, pads and groups; Gemm and MatMul both
ways. With W a layer's weight, its outputs must have the mean W * mean and the mean square |W U|^2 less what the damping adds.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import tamis_command

tamis_command.use_environment()

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

DAMPING = 0.01
CASES = {  # operator, shape of the weight, shape of the input, attributes
    "plain": ("Conv", (6, 4, 3, 3), (12, 4, 9, 8), {}),
    "padded": ("Conv", (6, 4, 3, 2), (12, 4, 9, 8), {"pads": [1, 0, 2, 1], "strides": [2, 1]}),
    "dilated": ("Conv", (6, 4, 3, 3), (12, 4, 9, 8), {"dilations": [1, 2], "pads": [1, 2, 1, 2]}),
    "grouped": ("Conv", (6, 2, 3, 3), (12, 4, 9, 8), {"group": 2, "auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "depthwise": ("Conv", (5, 1, 2, 4), (12, 5, 9, 8), {"group": 5, "auto_pad": "SAME_LOWER"}),
    "valid": ("Conv", (3, 2, 5), (12, 2, 30), {"auto_pad": "VALID", "strides": [3]}),
    "volume": ("Conv", (3, 2, 1, 2, 3), (12, 2, 4, 5, 6), {"pads": [0, 1, 0, 0, 0, 1]}),
    "gemm": ("Gemm", (7, 5), (12, 7), {}),
    "transposed": ("Gemm", (5, 7), (12, 7), {"transB": 1}),
    "right": ("MatMul", (7, 5), (12, 3, 7), {}),
    "left": ("MatMul", (5, 7), (12, 7, 3), {}),
}


def model(rng):
    nodes, weights, inputs, outputs, data = [], [], [], [], {}
    for name, (kind, shape, sample, attributes) in CASES.items():
        data[name] = (rng.standard_normal(sample) + 0.5).astype(np.float32)
        weights.append(numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), f"{name}.weight"))
        operands = [f"{name}.weight", name] if name == "left" else [name, f"{name}.weight"]
        nodes.append(helper.make_node(kind, operands, [f"{name}.out"], **attributes))
        inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *sample[1:]]))
        outputs.append(helper.make_empty_tensor_value_info(f"{name}.out"))
    graph = helper.make_graph(nodes, "layers", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), data


def read(path):
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    return {name: np.frombuffer(data[begin + entry["data_offsets"][0]:begin + entry["data_offsets"][1]], "<f4").reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


def rows(name, weight):
    """The weight as groups x outputs of a group x weights of an output."""
    kind, _, _, attributes = CASES[name]
    if kind != "Conv" and name not in ("transposed", "left"):
        weight = weight.T
    groups = attributes.get("group", 1)
    return weight.reshape(groups, len(weight) // groups, -1).astype(np.float64)


def main():
    rng, failed = np.random.default_rng(1), False
    made, data = model(rng)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        onnx.save(made, folder / "layers.onnx")
        np.savez(folder / "inputs.npz", **data)
        command = [sys.executable, Path(__file__).with_name("statistics"), folder / "layers.onnx", "--inputs", folder / "inputs.npz"]
        subprocess.run([*command, "-o", folder / "out.safetensors", "--batch", "5"], check=True, stdout=subprocess.DEVNULL)
        measured = read(folder / "out.safetensors")
        session = onnxruntime.InferenceSession(folder / "layers.onnx", providers=["CPUExecutionProvider"])
        outputs = dict(zip(CASES, session.run(None, data)))
    for tensor in made.graph.initializer:
        name = tensor.name.removesuffix(".weight")
        weight, y = rows(name, numpy_helper.to_array(tensor)), outputs[name].astype(np.float64)
        channel = 1 if CASES[name][0] == "Conv" or name == "left" else y.ndim - 1
        y = np.moveaxis(y, channel, -1).reshape(-1, y.shape[channel])
        factor, mean = measured[f"{tensor.name}/factor"].astype(np.float64), measured[f"{tensor.name}/mean"].astype(np.float64)
        second = factor @ factor.transpose(0, 2, 1)
        damping = np.trace(second, axis1=1, axis2=2) / second.shape[1] * DAMPING / (1 + DAMPING)
        second -= damping[:, None, None] * np.eye(second.shape[1])
        power = np.einsum("goi,gij,goj->go", weight, second, weight).ravel()
        off = (np.abs(np.tril(factor, -1)).max(), np.abs(power / (y * y).mean(0) - 1).max(),
               np.abs(np.einsum("goi,gi->go", weight, mean).ravel() - y.mean(0)).max())
        bad = not max(off) < 1e-4
        failed |= bad
        print(f"{name:12} below the diagonal {off[0]:.0e}, mean square off by {off[1]:.0e}, mean by {off[2]:.0e}{'  WRONG' * bad}")
    raise SystemExit("error: the statistics are not those of the layers' inputs" if failed else 0)


if __name__ == "__main__":
    main()
