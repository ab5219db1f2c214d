#!/usr/bin/env python3
"""Encodes and decodes whole ONNX models and holds the results against the originals.

    check-models.py [--models DIR] [--only GLOB] [MODEL.onnx ...]

For each model:
- encoded as tamis does by default and decoded, it must pass tamis verify, must be accepted by onnx.checker if the original was, and
  must run in ONNX Runtime on random inputs if the original does, giving outputs of the same names, types and shapes, finite where the
  original's are; the largest difference of an output, relative to its largest magnitude, is reported;
- encoded with every tensor excluded from quantization and decoded, it must have the SHA-256 it had.
Each failure is listed, and makes the exit code 1. TAMIS names the command; by default it is the release build.
"""
import argparse
import fnmatch
import hashlib
import sys
import tempfile
from pathlib import Path

import tamis_command

tamis_command.use_environment()

import numpy as np
import onnx
import onnxruntime

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(int64)": np.int64,
         "tensor(int32)": np.int32, "tensor(int8)": np.int8, "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_}
# What to try for an input's open dimensions, until the model runs: height and width of an image, length of a sequence.
GUESSES = [(48, 320, 576), (224, 224, 128), (64, 64, 16), (32, 32, 1)]


def random_inputs(session, guess, rng):
    height, width, length = guess
    inputs = {}
    for entry in session.get_inputs():
        shape = [d if isinstance(d, int) and d > 0 else None for d in entry.shape]
        open_sizes = {4: [1, 3, height, width], 3: [1, 1, length], 2: [1, length], 1: [1]}.get(len(shape), [1] * len(shape))
        shape = [d if d is not None else size for d, size in zip(shape, open_sizes)]
        kind = TYPES[entry.type]
        if np.issubdtype(kind, np.floating):
            value = rng.standard_normal(shape).astype(kind)
        elif kind is np.bool_ or "mask" in entry.name:
            value = np.ones(shape, kind)
        elif shape == []:
            value = np.array(16000, kind)  # a sampling rate, where models take a lone integer
        else:
            value = rng.integers(0, 2 if "type" in entry.name else 100, shape).astype(kind)
        inputs[entry.name] = value
    return inputs


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_original(path):
    """Returns (inputs, outputs by name) for the first guess of shapes the model runs on, or (None, why not)."""
    try:
        original = session(path)
    except Exception as error:
        return None, str(error)
    problem = "no guess of its input shapes fits"
    for guess in GUESSES:
        try:
            inputs = random_inputs(original, guess, np.random.default_rng(7))
            return inputs, outputs(original, inputs)
        except Exception as error:
            problem = str(error)
    return None, problem


def outputs(runnable, inputs):
    return dict(zip([o.name for o in runnable.get_outputs()], runnable.run(None, inputs)))


def difference(expected, found):
    """The largest relative difference of an output, and the list of what is wrong beyond a difference."""
    largest, wrong = 0.0, []
    if list(expected) != list(found):
        return largest, [f"outputs are {list(found)}, were {list(expected)}"]
    for name, a in expected.items():
        b = found[name]
        if not isinstance(a, np.ndarray):
            continue
        if a.shape != b.shape or a.dtype != b.dtype:
            wrong.append(f"output {name} is {b.dtype} {b.shape}, was {a.dtype} {a.shape}")
        elif np.issubdtype(a.dtype, np.floating):
            if not np.isfinite(b[np.isfinite(a)]).all():
                wrong.append(f"output {name} is no longer finite")
            a, b = a.astype(np.float64), b.astype(np.float64)
            scale = np.abs(a).max(initial=0)
            if scale > 0:
                largest = max(largest, float(np.abs(a - b).max() / scale))
    return largest, wrong


def accepted_by_checker(path):
    try:
        onnx.checker.check_model(str(path))
        return True, ""
    except Exception as error:
        return False, str(error).strip().splitlines()[0]


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(path, folder):
    """Returns (row of the table, failures)."""
    row = {"model": path.name, "bytes": path.stat().st_size}
    failures = []
    encoded, decoded = folder / "model.tamis", folder / "model.onnx"

    try:
        tamis_command.run("encode", path, "-o", encoded, "-f", "-q")
        facts = tamis_command.inspect(encoded)
        row |= {"encoded": encoded.stat().st_size, "bits_per_weight": facts["bits_per_weight"]}
        tamis_command.run("verify", encoded)
        tamis_command.run("decode", encoded, "-o", decoded, "-f", "-q")
        row["snr_db"] = tamis_command.compare(path, decoded)["snr_db"]
        was_accepted, _ = accepted_by_checker(path)
        accepted, why = accepted_by_checker(decoded)
        if was_accepted and not accepted:
            failures.append(f"onnx.checker refuses the decoded model: {why}")
        inputs, expected = run_original(path)
        if inputs is None:
            row["note"] = f"original does not run: {expected.splitlines()[0][:60]}"
        else:
            row["difference"], wrong = difference(expected, outputs(session(decoded), inputs))
            failures += wrong
    except Exception as error:
        failures.append(f"lossy: {error}")

    try:
        tamis_command.run("encode", path, "-o", encoded, "-f", "-q", "--exclude", "*")
        row["lossless"] = encoded.stat().st_size
        tamis_command.run("decode", encoded, "-o", decoded, "-f", "-q")
        if sha256(decoded) != sha256(path):
            failures.append("lossless: the decoded file has another SHA-256 than the original")
        else:
            row["same"] = True
    except Exception as error:
        failures.append(f"lossless: {error}")
    return row, failures


def cells(row):
    def cell(key, form):
        return form(row[key]) if key in row else "-"

    return [
        row["model"], str(row["bytes"]), cell("encoded", str), cell("encoded", lambda n: f"{row['bytes'] / n:.2f}"),
        cell("bits_per_weight", lambda b: "-" if b is None else f"{b:.3f}"), cell("snr_db", tamis_command.decibels),
        cell("difference", lambda d: f"{d:.1e}"), cell("lossless", str), cell("lossless", lambda n: f"{row['bytes'] / n:.3f}"),
        cell("same", lambda _: "same"), row.get("note", ""),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="MODEL.onnx", type=Path)
    parser.add_argument("--models", type=Path, default=tamis_command.ROOT / ".." / "shared" / "models", metavar="DIR")
    parser.add_argument("--only", default="*", metavar="GLOB", help="only models whose file name matches")
    arguments = parser.parse_args()
    files = arguments.files or sorted(p for p in arguments.models.glob("*.onnx") if fnmatch.fnmatch(p.name, arguments.only))
    if not files:
        if arguments.models.is_dir() and arguments.only != "*":
            raise SystemExit(f"error: no model in {arguments.models} matches {arguments.only}")
        print("skipped: no shared models")
        return 0
    rows, failures = [], []
    for path in files:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{path.name} ...", file=sys.stderr, flush=True)
            row, failed = check(path, Path(folder))
        rows.append(row)
        failures += [f"{path.name}: {failure}" for failure in failed]
    heading = ["model", "bytes", ".tamis", "ratio", "bits/weight", "SNR dB", "output diff.", "lossless", "ratio", "SHA-256", ""]
    tamis_command.table(heading, [cells(row) for row in rows])
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{len(files)} models, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
