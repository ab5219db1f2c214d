#!/usr/bin/env python3
"""Writes statistics of the demo's layers (docs/statistics.md) without Tamis: for tests that come before its C library is built.

    digits_statistics.py DIGITS.onnx INPUTS.npz OUT.safetensors
"""
import json
import sys

import numpy as np
import onnx
import onnxruntime

model = onnx.load(sys.argv[1])
layers = {node.input[1]: node for node in model.graph.node if node.op_type in ("Conv", "Gemm")}
model.graph.output.extend(onnx.ValueInfoProto(name=node.input[0]) for node in layers.values())
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
values = session.run([node.input[0] for node in layers.values()], {"image": np.load(sys.argv[2])["image"]})

tensors = {}
for (weight, node), x in zip(layers.items(), values):
    x = x.astype(np.float64)
    if node.op_type == "Conv":  # 3x3 with one place of padding
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)]), (3, 3), axis=(2, 3))
        x = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, 9 * x.shape[1])
    second = x.T @ x / len(x)
    second += 0.01 * np.diag(second).mean() * np.eye(len(second))
    tensors[f"{weight}/factor"] = np.linalg.cholesky(second[::-1, ::-1])[::-1, ::-1].astype("<f4")
    tensors[f"{weight}/mean"] = x.mean(0, keepdims=True).astype("<f4")

header, offset = {"__metadata__": {"format": "tamis-statistics", "version": "1"}}, 0
for name, tensor in tensors.items():
    header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]}
    offset += tensor.nbytes
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(sys.argv[3], "wb") as file:
    file.write(len(text).to_bytes(8, "little") + text)
    for tensor in tensors.values():
        file.write(np.ascontiguousarray(tensor).data)
