#!/usr/bin/env python3
"""Accuracy of digit classifiers on the demo's held-out images, under ONNX Runtime.

    evaluate.py [--json] [--at-least PERCENT] [--tolerance POINTS] MODEL.onnx [OTHER.onnx ...]

The others are also compared with the first: on how many images the same digit wins, and the largest and mean |difference| of a logit.
--at-least fails (exit code 1) if a model is less accurate; --tolerance, if one of the others is that much worse than the first.
Needs numpy, scikit-learn and onnxruntime.
"""
import argparse
import json
import os
import sys

import numpy as np
import onnxruntime

import dataset


def logits(path, images):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0].astype(np.float64)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL.onnx")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--at-least", type=float, default=0, metavar="PERCENT")
    parser.add_argument("--tolerance", type=float, default=100, metavar="POINTS")
    arguments = parser.parse_args()
    _, _, images, labels = dataset.load()
    rows, reference = [], None
    for path in arguments.models:
        scores = logits(path, images)
        right = int((scores.argmax(1) == labels).sum())
        row = {"model": path, "bytes": os.path.getsize(path), "images": len(labels), "right": right, "accuracy": right / len(labels)}
        if reference is None:
            reference = scores
        else:
            difference = np.abs(scores - reference)
            row["agreement"] = float((scores.argmax(1) == reference.argmax(1)).mean())
            row["max_abs_logit_difference"] = float(difference.max())
            row["mean_abs_logit_difference"] = float(difference.mean())
        rows.append(row)
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        show(rows)
    least = max(arguments.at_least / 100, rows[0]["accuracy"] - arguments.tolerance / 100)
    failed = [row for row in rows if row["accuracy"] < least]
    for row in failed:
        print(f"error: {row['model']} is less accurate than {100 * least:.2f} %", file=sys.stderr)
    raise SystemExit(1 if failed else 0)


def show(rows):
    for row in rows:
        line = f"{os.path.basename(row['model'])}: {row['right']} of {row['images']} held-out images right ({100 * row['accuracy']:.2f} %)"
        if "agreement" in row:
            line += (f"; same digit as the first model on {100 * row['agreement']:.2f} %, logits differ by "
                     f"{row['mean_abs_logit_difference']:.4f} on average, {row['max_abs_logit_difference']:.4f} at most")
        print(line)


if __name__ == "__main__":
    main()
