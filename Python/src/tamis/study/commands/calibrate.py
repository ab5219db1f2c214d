"""``tamis-study calibrate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..calibration import SAMPLES, calibrate
from ..data import Data, Function, open_data
from ..network import Network
from ..outputs import require_free
from ..refusals import refusal
from .arguments import ProgressLine, add_output, add_speech, add_threads, note, positive, show


def add(subcommands: Any) -> None:
    parser = subcommands.add_parser(
        "calibrate", help="measure the inputs of a model's layers, for 'tamis encode --statistics'",
        description="Measures means and second moments of the inputs of a model's layers, for 'tamis encode --statistics': on data, whose "
                    "labels are not used, or on noise where there are none.")
    parser.add_argument("model", metavar="MODEL.onnx")
    add_output(parser, "STATISTICS.safetensors", "what to write (default: MODEL-statistics.safetensors beside the model)")
    add_samples(parser)
    parser.add_argument("--columns", type=positive, default=200_000, metavar="N",
                        help="places measured of each layer, at most (default: 200000)")
    parser.add_argument("--largest", type=positive, default=8192, metavar="N",
                        help="leave out layers with more weights for an output (default: 8192)")
    add_threads(parser)
    add_speech(parser)
    parser.set_defaults(run=_run)


def add_samples(parser: argparse.ArgumentParser, count: int = SAMPLES) -> None:
    """Data without labels, or noise where there are none."""
    group = parser.add_argument_group("data")
    kind = group.add_mutually_exclusive_group()
    kind.add_argument("--data", metavar="SOURCE", help="a folder of images, or an .npz file with arrays named as the model's inputs")
    kind.add_argument("--noise", action="store_true",
                      help="1/f noise, as in photographs, and random tokens where inputs are integers: what is taken without --data")
    group.add_argument("--preprocessing", metavar="NAME|FILE.yaml",
                       help="of images: torch, caffe, efficientnet-lite, tf, or a YAML file; noise gets the mean and deviation that "
                            "photographs have after it")
    group.add_argument("--samples", type=positive, default=count, metavar="N",
                       help=f"at most that many, spread evenly (default: {count})")
    group.add_argument("--shape", action="append", default=[], metavar="[NAME=]SIZExSIZE...",
                       help="shape of a sample of noise, for an input that leaves it open (default: 224, or 32 tokens)")


def samples(arguments: argparse.Namespace, network: Network) -> Data | None:
    """What --data names; None for noise."""
    if arguments.data is None:
        if not arguments.noise:
            note(arguments, "measured on noise, as there is no --data; a few dozen real inputs do better (--noise leaves this note out)")
        return None
    if arguments.shape:
        raise refusal("--shape is for noise; data have their own shapes", "shape")
    data = open_data(arguments.data, network, labels=False, preprocessing=arguments.preprocessing)
    if isinstance(data, Function):
        raise refusal(f"{data.place} judges sessions; to run a model it takes samples: a folder of images or an .npz file", "data")
    return data


def noise_options(arguments: argparse.Namespace, network: Network) -> dict[str, Any]:
    """`preprocessing` and `shapes` of noise; nothing for data."""
    if arguments.data is not None:
        return {}
    names, shapes = [entry.name for entry in network.inputs], {}
    for text in arguments.shape:
        name, _, size = text.rpartition("=")
        name = name or (names[0] if len(names) == 1 else "")
        parts = size.split("x")
        if name not in names or not all(part.isdecimal() and int(part) > 0 for part in parts):
            raise refusal(
                f"--shape {text}: expected NAME=SIZExSIZE..., as in image=3x224x224, with an input for its name: {', '.join(names)}", "shape")
        shapes[name] = tuple(map(int, parts))
    return {"preprocessing": arguments.preprocessing, "shapes": shapes}


def new_output(arguments: argparse.Namespace, network: Network, ending: str) -> Path:
    """Where --output says to write, or beside the model; refused before the long work if it cannot be written there."""
    output = arguments.output or network.path.with_name(network.path.stem + ending)
    read = [network.path, arguments.data, arguments.preprocessing, getattr(arguments, "statistics", None)]
    require_free([output], arguments.force, read)
    return output


def _run(arguments: argparse.Namespace) -> int:
    network = Network(arguments.model)
    output = new_output(arguments, network, "-statistics.safetensors")
    data = samples(arguments, network)
    with ProgressLine(arguments, f"measuring {network.name}") as progress:
        found = calibrate(
            network, data, samples=arguments.samples, columns=arguments.columns, largest=arguments.largest, threads=arguments.threads,
            progress=progress, **noise_options(arguments, network))
    found.write(output, arguments.force)
    for name, reason in found.left_out.items():
        note(arguments, f"{name} left out: {reason}")
    size = output.stat().st_size
    value = {"output": output, "bytes": size, "layers": len(found.factors), "samples": found.samples, "source": found.words,
             "left_out": found.left_out}
    show(arguments, value, lambda: print(f"{output}: {len(found.factors)} layers from {found.words}, {size} bytes"))
    return 0
