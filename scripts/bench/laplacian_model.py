#!/usr/bin/env python3
"""Writes an ONNX model of a given size with synthetic weights, for measurements of speed at scale.

    laplacian_model.py --weights 20000000 --out FILE.onnx [--seed 1]

A chain of residual-free blocks: MatMul (w x 4w), Relu, Gemm with transB (w x 4w) and a bias, as in a transformer's feed-forward part.
The weights are Laplacian with a scale of their own for each row, log-normal with a spread of a factor of 1.6, around that of
Glorot's initialisation. Bit for bit the same for the same numbers, on the same numpy.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tamis_command

tamis_command.use_environment()

import numpy as np
import onnx
from onnx import TensorProto, helper


def laplacian(rng, rows, columns):
    typical = np.sqrt(1 / (rows + columns))  # of a Laplacian with this scale the variance is 2 / (rows + columns)
    scales = typical * np.exp(np.log(1.6) * rng.standard_normal((rows, 1)))
    return (rng.laplace(size=(rows, columns)) * scales).astype(np.float32)


def tensor(name, values):
    return helper.make_tensor(name, TensorProto.FLOAT, values.shape, values.astype("<f4").tobytes(), raw=True)


def model(weights, blocks, seed):
    rng = np.random.default_rng(seed)
    width = max(8, round((weights / (8 * blocks)) ** 0.5))
    nodes, tensors, source = [], [], "x"
    for k in range(blocks):
        names = [f"block{k}.{part}" for part in ("up", "down", "bias", "hidden", "rectified")]
        target = "y" if k == blocks - 1 else f"block{k}.output"
        up, down, bias, hidden, rectified = names
        tensors += [tensor(up, laplacian(rng, width, 4 * width)), tensor(down, laplacian(rng, width, 4 * width)),
                    tensor(bias, 0.02 * rng.standard_normal(width).astype(np.float32))]
        nodes += [helper.make_node("MatMul", [source, up], [hidden]), helper.make_node("Relu", [hidden], [rectified]),
                  helper.make_node("Gemm", [rectified, down, bias], [target], transB=1)]
        source = target
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "laplacian", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="laplacian_model.py")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=int, default=20_000_000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    made = model(arguments.weights, arguments.blocks, arguments.seed)
    onnx.checker.check_model(made)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(made.SerializeToString(deterministic=True))
    elements = sum(np.prod(t.dims, dtype=int) for t in made.graph.initializer)
    print(f"{arguments.out}: {elements} weights in {len(made.graph.initializer)} tensors, {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
