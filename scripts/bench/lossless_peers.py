#!/usr/bin/env python3
"""Sizes of the floating-point tensors of models under lossless coders: pcodec, Zstandard, and Zstandard after a shuffle of bytes.

    lossless_peers.py MODEL [MODEL ...]

MODEL is an ONNX or a safetensors file. Each tensor is compressed by itself and counts with at most its own size. Columns: bytes, then each coder's share
of them. It needs onnx, numpy, pcodec and zstandard from PyPI (pip install pcodec zstandard, into the environment that scripts/setup makes). bfloat16 is given to
pcodec as 16-bit integers, since it has no such type.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tamis_command

tamis_command.use_environment()

import numpy as np
import onnx
import zstandard
from onnx import numpy_helper
from pcodec import ChunkConfig, standalone

SAFETENSORS_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
ONNX_TYPES = {onnx.TensorProto.DOUBLE: "<f8", onnx.TensorProto.FLOAT: "<f4", onnx.TensorProto.FLOAT16: "<f2", onnx.TensorProto.BFLOAT16: "<u2"}


def safetensors_values(data):
    """The values of each floating-point tensor. The file: 8 bytes of length, a JSON header of that length, the values."""
    begin = 8 + int.from_bytes(data[:8], "little")
    for entry in json.loads(data[8:begin]).values():
        if entry.get("dtype") in SAFETENSORS_TYPES:
            first, last = entry["data_offsets"]
            yield np.frombuffer(data[begin + first:begin + last], SAFETENSORS_TYPES[entry["dtype"]])


def graph_values(graph):
    """The values of each floating-point initializer and constant of a graph and the graphs in it."""
    tensors = list(graph.initializer)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                tensors.append(attribute.t)
            elif attribute.type == onnx.AttributeProto.GRAPH:
                yield from graph_values(attribute.g)
    for tensor in tensors:
        if tensor.data_type in ONNX_TYPES:
            values = np.ascontiguousarray(numpy_helper.to_array(tensor))
            yield np.frombuffer(values.tobytes(), ONNX_TYPES[tensor.data_type])


def values_of(path):
    if path.suffix == ".safetensors":
        return safetensors_values(path.read_bytes())
    return graph_values(onnx.load(path).graph)


def zstd(data):
    return len(zstandard.ZstdCompressor(level=19).compress(data))


CODERS = {
    "pcodec 8": lambda values: len(standalone.simple_compress(values, ChunkConfig(compression_level=8))),
    "pcodec 12": lambda values: len(standalone.simple_compress(values, ChunkConfig(compression_level=12))),
    "zstd 19": lambda values: zstd(values.tobytes()),
    "shuffle, zstd 19": lambda values: zstd(values.view(np.uint8).reshape(values.size, -1).T.tobytes()),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    print(f"{'model':28} {'bytes':>10}  " + "  ".join(f"{name:>16}" for name in CODERS))
    for path in parser.parse_args().models:
        tensors = [values for values in values_of(path) if values.size > 0]
        total = sum(values.nbytes for values in tensors)
        if total == 0:
            raise SystemExit(f"error: {path}: no floating-point tensors found; expected some among initializers and constants")
        shares = [sum(min(coder(values), values.nbytes) for values in tensors) / total for coder in CODERS.values()]
        print(f"{path.name:28} {total:10}  " + "  ".join(f"{share:15.2%} " for share in shares), flush=True)


if __name__ == "__main__":
    main()
