#!/usr/bin/env python3
"""Holds the coded bytes of every tensor against the order-0 entropy of its quantization indices.

    entropy.py --step S [--deadzone D] MODEL.onnx ...

Every model is encoded with that step and deadzone. For each quantized tensor of two or more dimensions the indices are computed
here, q = sign(x) ceil(|x| / S - D), zero if |x| < D S, so that D = 0.5 rounds to the nearest with ties toward zero; their empirical
order-0 entropy, in bytes, stands against the bytes the file spends on the tensor. The last column is the share of weights whose
decoded value lies nearest to another multiple of the step than q: unless it is 0, the two sides code different indices.
"""
import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tamis_command

tamis_command.use_environment()

import numpy as np
import onnx
from onnx import numpy_helper

import onnx_tensors

FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE, onnx.TensorProto.BFLOAT16}


def indices(x, step, deadzone):
    magnitude = np.abs(x)
    q = np.maximum(np.ceil(magnitude / step - deadzone), 0).astype(np.int64)
    q[magnitude < deadzone * step] = 0
    return np.where(x < 0, -q, q)


def entropy_bytes(q):
    _, counts = np.unique(q, return_counts=True)
    return float(-(counts * np.log2(counts / q.size)).sum() / 8)


class Sources:
    """The float tensors of a model and of its decoded copy, found by the names tamis inspect gives."""

    def __init__(self, original, decoded):
        pairs = zip(onnx_tensors.walk(original), onnx_tensors.walk(decoded), strict=True)
        self.left = [(names, tuple(a.dims), a, b) for (names, a), (_, b) in pairs if a.data_type in FLOATS]

    def take(self, name, shape):
        """The tensor of that name and shape; else one whose name is the end of it; else the next of that shape."""
        fitting = [entry for entry in self.left if entry[1] == shape]
        for test in (lambda n: n == name, lambda n: name.endswith(n), lambda n: True):
            for entry in fitting:
                if any(test(n) for n in entry[0] or [""]):
                    self.left.remove(entry)
                    return tuple(numpy_helper.to_array(t).astype(np.float64) for t in entry[2:])
        return None


def measure(path, step, deadzone, folder):
    """Returns ({tensor name: (elements, entropy bytes, coded bytes, other indices)}, file bytes, names of skipped tensors)."""
    encoded, decoded = folder / "model.tamis", folder / "model.onnx"
    tamis_command.run("encode", path, "-o", encoded, "-f", "-q", "--step", step, "--deadzone", deadzone)
    tamis_command.run("decode", encoded, "-o", decoded, "-f", "-q")
    sources = Sources(onnx.load(path), onnx.load(decoded))
    measured, skipped = {}, []
    for tensor in tamis_command.inspect(encoded)["tensors"]:
        shape, own_step = tuple(tensor["shape"]), tensor.get("step")
        if len(shape) < 2:
            continue
        found = sources.take(tensor["name"], shape) if own_step else None
        if found is None:
            skipped.append(tensor["name"])
            continue
        if abs(own_step / step - 1) > 1e-6:
            print(f"note: {tensor['name']} is coded with the step {own_step}, not {step}", file=sys.stderr)
        x, y = found
        q = indices(x, own_step, deadzone)
        other = int((np.rint(y / own_step) != q).sum())
        measured[tensor["name"]] = (q.size, entropy_bytes(q), tensor["bytes"], other)
    return measured, encoded.stat().st_size, skipped


def cells(name, rows):
    elements, entropy, coded, other = (sum(row[k] for row in rows) for k in range(4))
    if not elements:
        return [name, "0"] + ["-"] * 6
    change = 100 * (coded / entropy - 1) if entropy else float("inf")
    return [name, str(elements), f"{entropy:.0f}", str(coded), f"{8 * entropy / elements:.3f}", f"{8 * coded / elements:.3f}",
            f"{change:+.2f} %", f"{100 * other / elements:.3f} %"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL.onnx")
    parser.add_argument("--step", type=float, required=True)
    parser.add_argument("--deadzone", type=float, default=0.5)
    parser.add_argument("--totals", action="store_true", help="leave the tables of tensors out")
    arguments = parser.parse_args()
    heading = ["", "weights", "entropy bytes", "coded bytes", "entropy b/w", "coded b/w", "difference", "other indices"]
    totals = []
    for path in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            measured, file_bytes, skipped = measure(path, arguments.step, arguments.deadzone, Path(folder))
        if not arguments.totals:
            print(f"\n{path.name}, step {arguments.step}, deadzone {arguments.deadzone}: {file_bytes} bytes in all")
            tamis_command.table(heading, [cells(name, [row]) for name, row in measured.items()])
        if skipped:
            print(f"not counted, as not quantized: {', '.join(skipped)}")
        totals.append((path.name, list(measured.values())))
    print(f"\nTotals at step {arguments.step}, deadzone {arguments.deadzone}, tensors of two or more dimensions")
    rows = [cells(name, measured) for name, measured in totals]
    tamis_command.table(heading, [*rows, cells("all", [row for _, measured in totals for row in measured])])


if __name__ == "__main__":
    main()
