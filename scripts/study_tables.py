#!/usr/bin/env python3
"""The tables of docs/study.md, in Markdown, and its figure, from folders that tamis-study curve wrote.

    study_tables.py [--figure OUT.svg] [--page PAGE.md] FOLDER ...

--page puts the tables into a page, between its lines <!-- tables --> and <!-- end of tables -->; without it they are printed.
"""
import argparse
import csv
import os
import sys
from pathlib import Path

import tamis_command

tamis_command.use_environment()
sys.path.insert(0, str(tamis_command.ROOT / "Python" / "src"))
os.environ.setdefault("TAMIS_LIBRARY", str(tamis_command.ROOT / ".build" / "c-library" / "lib" / "libtamis.so.1"))

from tamis.study import curve_page, plots
from tamis.study.curves import COLUMNS, Curves, default_metric

BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"
ERROR = "_difference_error"
FINEST = 10.5  # bits/weight that the figure shows


def read(folder):
    """The curves of a folder's points.csv."""
    with open(folder / "points.csv", newline="") as lines:
        table = list(csv.DictReader(lines))
    names = [name for name in table[0] if name not in (*COLUMNS, "options") and not name.endswith(ERROR)]

    def number(cells, name):
        return float(cells[name]) if cells.get(name) else None

    rows = []
    for cells in table:
        row = {name: cells[name] if name in ("method", "setting", "ideal") else number(cells, name) for name in COLUMNS}
        row |= {"file_bytes": int(cells["file_bytes"]), "words": cells["options"]}
        row["metrics"] = {name: number(cells, name) for name in names}
        row["undefined"] = [name for name, value in row["metrics"].items() if value is None]  # a classifier's metrics are finite, or none
        row["errors"] = {name: number(cells, name + ERROR) for name in names if cells.get(name + ERROR)}
        rows.append(row)
    return Curves.judged(rows, default_metric(names), None)


def markdown(curves):
    headings, rows = curve_page.summary_cells(curves)
    missed = [method for method, row in curves.summary() if row is None]
    lines = [headings, ["---", "---", *["---:"] * (len(headings) - 2)], *rows[:len(rows) - len(missed)]]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return text + (f"\n\nAt every point measured, these lose more: {', '.join(missed)}." if missed else "")


def drawn(studied):
    """A column for each model: the metric, and nearness to the original, against the size of files."""
    with plots.look():
        drawing, axes = plots.new(2, len(studied), size=(4.4 * len(studied), 7.2), squeeze=False, sharex=True)
        for (name, curves), (upper, lower) in zip(studied.items(), axes.T):
            for number, (method, rows) in enumerate(curves.methods.items()):
                look = curve_page.style(method, number, len(rows) == 1)
                for axis, metric, factor in ((upper, curves.name, 100), (lower, curves.nearness, 1)):
                    found = [(row["bits_per_weight"], row["metrics"][metric]) for row in rows]
                    points = [(rate, factor * value) for rate, value in found if value is not None]
                    axis.plot(*zip(*points), label=method, **look)
            before = 100 * curves.original["metrics"][curves.name]
            upper.axhline(before, color=plots.INK, linestyle=":", label="original")
            upper.set(title=f"{name}, original {before:.1f} %", ylim=(before - 20, before + 2), xlim=(0, FINEST))
            lower.set(yscale="log", xlabel="bits/weight of the whole file", ylim=(1e-4, 10))
        axes[0][0].set_ylabel("top-1, %")
        axes[1][0].set_ylabel("KL from the original's classes, bits")
        handles, labels = axes[0][0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="outside lower center", ncols=5)
        return curve_page.standalone(plots.svg(drawing).replace("currentColor", "#222"), "#fff")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--figure", type=Path, metavar="OUT.svg")
    parser.add_argument("--page", type=Path, metavar="PAGE.md")
    arguments = parser.parse_args()
    try:
        studied = {folder.name: read(folder) for folder in arguments.folders}
    except OSError as error:
        raise SystemExit(f"error: {error}; tamis-study curve writes it when all points are finished")
    text = "".join(f"### {name}, {len(curves.points)} points\n\n{curves.sentence()}\n\n{markdown(curves)}\n\n" for name, curves in studied.items())
    if arguments.page:
        page = arguments.page.read_text()
        if BEGIN not in page or END not in page:
            raise SystemExit(f"error: {arguments.page} lacks the lines {BEGIN} and {END}")
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        arguments.page.write_text(f"{before}{BEGIN}\n\n{text}{END}{after}")
    else:
        print(text, end="")
    if arguments.figure:
        arguments.figure.write_text(drawn(studied))


if __name__ == "__main__":
    main()
