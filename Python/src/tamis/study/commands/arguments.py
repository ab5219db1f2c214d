"""Options that several sub-commands share, and how they speak: tables and JSON on standard output, progress on standard error."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..data import Data, Function, open_data
from ..network import Network


def add_speech(parser: argparse.ArgumentParser) -> None:
    """--json and --quiet."""
    parser.add_argument("--json", action="store_true", help="write the results to standard output as JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress and no notes on standard error")


def add_output(parser: argparse.ArgumentParser, metavar: str, help: str) -> None:
    """--output and --force."""
    parser.add_argument("-o", "--output", type=Path, metavar=metavar, help=help)
    parser.add_argument("-f", "--force", action="store_true", help="overwrite what exists")


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-T", "--threads", type=_count, default=0, metavar="N",
                        help="threads (default: one per processor); results do not depend on it")


def add_data(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """--data and what says how to read it."""
    group = parser.add_argument_group("data")
    group.add_argument("--data", required=required, metavar="SOURCE",
                       help="a folder of images, an .npz file with arrays named as the model's inputs (and labels, targets or relevance), "
                            "or module.py:function, which takes a session and returns a dictionary of metrics")
    group.add_argument("--labels", metavar="FILE.csv",
                       help="file and label of each image; by default names begin with the label, as 0007_x.jpg, or each class has a folder")
    group.add_argument("--no-labels", action="store_true", help="do not use labels, even where there are some")
    group.add_argument("--preprocessing", metavar="NAME|FILE.yaml", help="of images: torch, caffe, efficientnet-lite, tf, or a YAML file")
    group.add_argument("--samples", type=positive, metavar="N", help="at most that many samples, spread evenly")
    group.add_argument("--model-output", metavar="NAME", help="the output of the model that is judged (default: the first)")


def data(arguments: argparse.Namespace, network: Network) -> Data | Function:
    """What --data and the options with it name."""
    labels = False if arguments.no_labels else arguments.labels or True
    return open_data(arguments.data, network, labels=labels, preprocessing=arguments.preprocessing, samples=arguments.samples)


def positive(text: str) -> int:
    """A whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of 1 or more")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    return int(text)


def note(arguments: argparse.Namespace, text: str) -> None:
    """A remark on standard error."""
    if not arguments.quiet:
        print(f"note: {text}", file=sys.stderr)


class ProgressLine:
    """Tells how far something is, on one line of a terminal; nothing where standard error is none."""

    def __init__(self, arguments: argparse.Namespace, words: str) -> None:
        self._words, self._start, self._shown = words, time.monotonic(), 0.0
        self._visible = not arguments.quiet and sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._visible or now - self._shown < 0.2 and done < total:
            return
        self._shown = now
        passed = now - self._start
        left = f", {passed / done * (total - done):.0f} s left" if done and passed > 2 else ""
        print(f"\r{self._words}: {done} of {total}{left}\033[K", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._visible:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def show(arguments: argparse.Namespace, value: Any, text: Callable[[], None]) -> None:
    """Results: as JSON if --json asks for that, or as `text` prints them."""
    if arguments.json:
        print(json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        text()


def _plain(value: Any) -> Any:
    """What JSON has a word for: arrays become lists, paths text, and numbers that are not finite null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints rows under headings, the first column flush left, the others flush right."""
    lines = [list(map(str, headings)), *[list(map(str, row)) for row in rows]]
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        print("  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))]).rstrip())
