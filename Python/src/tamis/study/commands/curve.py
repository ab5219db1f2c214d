"""``tamis-study curve``: what sizes cost in accuracy, for many ways of coding."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from ..._durable import write_durably
from ...errors import MisuseError
from .. import curve_page, sweeps
from ..curves import Curves, default_metric, sweep, table_text
from ..evaluation import evaluation, metric, require_sense
from ..network import Network
from ..outputs import require_folder
from ..point_store import PointStore
from ..points import Point, Subject
from . import arguments as shared


def add(subcommands: argparse._SubParsersAction) -> None:
    parser = subcommands.add_parser(
        "curve", help="rate against accuracy, for many quantizers, steps and qualities",
        description="Encodes a model in many ways, and measures the files and what the models in them compute. Finished points are kept "
                    "in FOLDER: an interrupted run goes on where it was.")
    parser.add_argument("model", type=Path, metavar="MODEL.onnx")
    shared.add_data(parser)
    group = parser.add_argument_group("points")
    group.add_argument("--set", choices=sweeps.SETS, metavar="NAME",
                       help="study (quantizers with one step for all tensors, and qualities), quality (qualities alone), or all; study if "
                            "no others are given")
    group.add_argument("--levels", type=shared.positive, nargs="+", metavar="I",
                       help="the set's quantizers have 2^I levels on [-1, 1] (default: five, from about 2 bits a weight on)")
    group.add_argument("--point", action="append", default=[], metavar="'OPTIONS'",
                       help="a point: options of tamis encode, as one argument; repeatable")
    group.add_argument("--quality", type=float, nargs="+", default=[], metavar="DB", help="points with these qualities")
    group.add_argument("--step", type=float, nargs="+", default=[], metavar="S", help="points with these steps, one for all tensors")
    group.add_argument("--quantizer", nargs="+", default=[], metavar="SPEC",
                       help="points with these quantizers, each with every --quality and --step")
    parser.add_argument("--metric", metavar="NAME", help="what loss is about (default: top1, or what fits first)")
    parser.add_argument("--max-loss", type=float, metavar="L",
                        help="loss that is accepted: points for shares (0.8), else in the metric's unit")
    shared.add_output(parser, "FOLDER", "folder for points.jsonl, points.csv, the plots and report.html")
    shared.add_threads(parser)
    shared.add_speech(parser)
    parser.set_defaults(run=run, kept=["finished points are kept, and the same command goes on"])


def run(arguments: argparse.Namespace) -> int:
    if arguments.output is None:
        raise MisuseError("-o FOLDER is missing: where points and report are to go", code="invalid_argument", element="output")
    require_folder(arguments.output)
    if arguments.levels and max(arguments.levels) > 24:
        raise MisuseError(
            f"levels is {max(arguments.levels)}, expected exponents 1 to 24 of 2^I levels", code="invalid_argument", element="levels")
    if arguments.max_loss is not None and not 0 <= arguments.max_loss < math.inf:
        raise MisuseError(f"max-loss is {arguments.max_loss:g}, expected 0 or more", code="invalid_argument", element="max_loss")
    points = sweeps.grid(arguments.quantizer, arguments.quality, arguments.step, arguments.point)
    for point in points:
        point.validate()
    network = Network(arguments.model)
    judge = evaluation(network, shared.data(arguments, network), output=arguments.model_output)
    name = arguments.metric or default_metric(judge.metrics)
    metric(name, judge.metrics, getattr(judge.data, "labels", None) is not None)
    subject = Subject(network, judge)
    of_set = _set(arguments, subject, bool(points))
    for point in of_set:
        point.validate()
    points = [*of_set, *points]
    subject.require_statistics(points)
    words = {"model": network.name, "data": judge.data.words}
    with PointStore(arguments.output, subject.identity, words, arguments.force) as store:
        if store.get(sweeps.original().key(subject.identity)) is None:
            require_sense(judge)
        with shared.ProgressLine(arguments, "points") as progress:
            rows = sweep(subject, store, points, threads=arguments.threads, progress=progress)
        curves = Curves.judged(rows, name, arguments.max_loss)
        facts = {"model": network.name, "weights": subject.weight_count, "data": judge.data.words, "samples": judge.count}
        write_durably(table_text(curves).encode(), arguments.output / "points.csv", True)
        curve_page.write(arguments.output, curves, facts)
    shared.note(arguments, f"{len(rows) - 1} points in {arguments.output}; see report.html there")
    shared.show(arguments, {
        **facts, "metric": name, "max_loss": curves.max_loss,
        "summary": [{"method": method, **(row or {})} for method, row in curves.summary()],
        "winners": [{"from": low, "to": high, "method": method} for low, high, method in curves.winners()], "sentence": curves.sentence(),
        "points": rows}, lambda: _print(curves))
    return 0


def _set(arguments: argparse.Namespace, subject: Subject, others: bool) -> list[Point]:
    """The points of --set; none if only others are asked for."""
    if arguments.set is None and others:
        if arguments.levels:
            raise MisuseError(
                "--levels is for the points of --set; give that, too, or leave --levels out", code="invalid_argument", element="levels")
        return []
    levels, ranged = sweeps.fitting_levels(subject)
    return sweeps.chosen(arguments.set or "study", arguments.levels or levels, ranged)


def _print(curves: Curves) -> None:
    if curves.max_loss is not None:
        shared.table(*curve_page.summary_cells(curves))
    else:
        shared.table(["method", "setting", "bytes", "bits/weight", "CR", curves.metric.title], [
            [row["method"], row["setting"], row["file_bytes"], f"{row['bits_per_weight']:.3f}", f"{row['ratio']:.2f}",
             curve_page.shown(curves.name, row)] for row in curves.rows])
        print("\n--max-loss says how much may be lost: then the best of each method is told.")
    if curves.sentence():
        print(f"\n{curves.sentence()}")
