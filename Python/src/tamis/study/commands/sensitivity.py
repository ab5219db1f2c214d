"""``tamis-study sensitivity``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..._durable import write_durably
from ..network import Network
from ..sensitivity import EXPONENT, EXPONENT_OF_NOISE, SAMPLES, changes
from .arguments import ProgressLine, add_output, add_speech, add_threads, show, table
from .calibrate import add_samples, new_output, noise_options, samples


def add(subcommands: Any) -> None:
    parser = subcommands.add_parser(
        "sensitivity", help="measure which tensors hurt, for 'tamis encode --sensitivity'",
        description="Measures how much the outputs change when one tensor after the other is quantized, for 'tamis encode --sensitivity', "
                    "which gives sensitive tensors finer steps. Say --statistics and --quality as they will be said to encode.")
    parser.add_argument("model", metavar="MODEL.onnx")
    add_output(parser, "WEIGHTS.json", "what to write (default: MODEL-sensitivity.json beside the model)")
    add_samples(parser, SAMPLES)
    parser.add_argument("--statistics", type=Path, metavar="FILE", help="measured inputs of the layers, as tamis-study calibrate writes them")
    parser.add_argument("--quality", type=float, metavar="DB", help="quality that the model will be encoded at (default: 15)")
    parser.add_argument("--effort", type=int, metavar="1..9", help="effort that it will be encoded with (default: 5)")
    parser.add_argument("--exponent", type=_exponent, metavar="E",
                        help=f"how far to trust what is measured: 0 not at all, 1 fully "
                             f"(default: {EXPONENT:g}, or {EXPONENT_OF_NOISE:g} for noise)")
    add_threads(parser)
    add_speech(parser)
    parser.set_defaults(run=_run)


def _exponent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 1")
    return value


def _run(arguments: argparse.Namespace) -> int:
    network = Network(arguments.model)
    output = new_output(arguments, network, "-sensitivity.json")
    data = samples(arguments, network)
    with ProgressLine(arguments, f"weighing {network.name}") as progress:
        found = changes(
            network, data, samples=arguments.samples, statistics=arguments.statistics, quality=arguments.quality, effort=arguments.effort,
            exponent=arguments.exponent, threads=arguments.threads, progress=progress, **noise_options(arguments, network))
    text = json.dumps({entry.name: float(f"{entry.weight:.4g}") for entry in found}, indent=1, ensure_ascii=False)
    write_durably(text.encode() + b"\n", output, arguments.force)

    def tell() -> None:
        rows = sorted(found, key=lambda entry: -entry.change)
        table(["tensor", "elements", "change of the outputs", "weight"],
              [[entry.name, str(entry.count), f"{entry.change:.3g}", f"{entry.weight:.3g}"] for entry in rows])
        print(f"{output}: weights of {len(found)} tensors")

    show(arguments, {"output": output, "tensors": [vars(entry) for entry in found]}, tell)
    return 0
