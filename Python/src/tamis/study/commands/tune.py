"""``tamis-study tune``: the smallest file that keeps a metric."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..comparison import interval_text, loss_text, unit
from ..data import open_data
from ..metrics import METRICS
from ..network import Network
from ..outcome import tune
from ..tuning import Tuned
from ..tuning_page import verdict
from . import arguments as shared
from ..refusals import refusal

_EPILOG = """\
Some of the samples measure the inputs of layers and are not evaluated; of the
others, half choose the file, and half, which chose nothing, confirm it. The
loss on these is reported with its confidence interval. Beside FILE.tamis are
written FILE.recipe.yaml and FILE.statistics.safetensors, from which tamis
encode makes the same file, and FILE.report.html. The exit code is 1 if no file
was confirmed to be within the limit; the finest of those that were held against
the confirming half is written then.

  tamis-study tune model.onnx --metric top1 --max-drop 0.8 --data images/ --preprocessing torch
  tamis-study tune model.onnx --metric agreement --max-drop 5 --data inputs.npz
"""


def add(sub_commands: Any) -> None:
    parser = sub_commands.add_parser(
        "tune", help="the smallest file that keeps a metric",
        description="Finds the smallest file that keeps a metric, and says how sure that is.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("--metric", required=True, metavar="NAME", help=f"{', '.join(METRICS)}, or one of a function's")
    parser.add_argument("--max-drop", required=True, type=float, metavar="D",
                        help="how much of the metric may be lost: points for shares such as top1, else in its unit; for kl, the divergence")
    parser.add_argument("--better", choices=("higher", "lower"), help="which values of a function's metric are better, where its name does not tell")
    shared.add_data(parser)
    group = parser.add_argument_group("search")
    group.add_argument("--calibration", metavar="SOURCE", help="other data whose inputs are measured, without labels; noise; or none")
    group.add_argument("--calibration-samples", type=shared.positive, default=64, metavar="N",
                       help="samples of the data that are measured and not evaluated (default: 64)")
    group.add_argument("--prove", action="store_true",
                       help="the limit holds for the upper end of the confidence interval, not for the estimate alone")
    group.add_argument("--confidence", type=float, default=95, metavar="PERCENT", help="of the interval (default: 95)")
    group.add_argument("--quick", action="store_true", help="do not measure which tensors matter")
    group.add_argument("--effort", type=int, metavar="E", help="1 to 9: how hard to look for fewer bits (default: 5)")
    group.add_argument("--exclude", action="append", default=[], metavar="GLOB", help="tensors to be kept bit by bit")
    group.add_argument("--seed", type=int, default=1, metavar="N", help="of the division into halves (default: 1)")
    shared.add_output(parser, "FILE.tamis", "default: MODEL.tamis")
    shared.add_threads(parser)
    shared.add_speech(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if not 50 <= arguments.confidence < 100:
        raise refusal(f"confidence is {arguments.confidence:g} %, expected 50 to below 100", "confidence")
    network = Network(arguments.model)
    calibration, preprocessing = arguments.calibration, arguments.preprocessing
    if not Path(arguments.data).is_dir() and calibration is not None and Path(calibration).is_dir():
        arguments.preprocessing = None  # it is that of the images to calibrate with
    data = shared.data(arguments, network)
    if calibration not in (None, "noise", "none"):
        calibration = open_data(calibration, network, labels=False, preprocessing=preprocessing if Path(calibration).is_dir() else None)
    tuned, found = tune(
        network, data, arguments.metric, arguments.max_drop, arguments.output or network.path.with_suffix(".tamis"), overwrite=arguments.force,
        calibration=calibration, calibration_samples=arguments.calibration_samples, prove=arguments.prove, confidence=arguments.confidence / 100,
        search_allocation=not arguments.quick, rising=None if arguments.better is None else arguments.better == "higher",
        seed=arguments.seed, output_name=arguments.model_output, threads=arguments.threads,
        tell=lambda text: _tell(arguments, text), effort=arguments.effort, exclude=arguments.exclude)
    shared.show(arguments, found, lambda: _print(tuned, found))
    return 0 if tuned.confirmed else 1


def _tell(arguments: argparse.Namespace, text: str) -> None:
    if not arguments.quiet:
        print(text, file=sys.stderr, flush=True)


def _print(tuned: Tuned, result: dict[str, Any]) -> None:
    print(f"{result['output']}: {result['bytes']} bytes of {result['original_bytes']}, {result['ratio']:.2f} times smaller, "
          f"{result['bits_per_weight']:.3f} bits/weight, quality {tuned.best.quality:g} dB, {tuned.best.options.name}")
    print(verdict(tuned))
    print()
    shared.table(
        ["quality, dB", "bytes", f"loss, {unit(tuned.metric)}", "interval", "expected", "distance", "allocation"],
        [[f"{entry.quality:g}" + " *" * (entry is tuned.best), entry.nbytes, loss_text(entry.chosen_by.loss), interval_text(entry.chosen_by),
          loss_text(loss), "-" if entry.fidelity is None else f"{entry.fidelity:.4g}", entry.options.name]
         for entry, loss in zip(tuned.candidates, tuned.expected)])
    print(f"\nThe same file: {result['encode']}")
