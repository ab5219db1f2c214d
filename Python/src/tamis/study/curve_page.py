"""The page of curves: plots in the study's form, tables, confusion matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._durable import write_durably
from . import plots, report
from .curves import Curves, Row
from .metrics import METRICS
from .sweeps import DEFAULT, ROUNDED, SCATTERED

_FINEST = 12  # bits/weight that plots show
_CLASSES = 100  # that a matrix on the page may have
_WRITTEN = 12  # classes up to which its counts are written into it
#: Colour, dashes and marker by method: a colour for those that belong together.
_STYLES = {
    "midrise": (0, ":", "v"), "deadzone 0.1": (0, "--", "<"), "deadzone 0.25": (0, "-.", "s"), "deadzone 0.4": (0, (0, (5, 1)), "D"),
    "midtread": (0, "-", "o"), "deadzone 0.7": (0, (0, (1, 1)), "^"), "μ-law": (1, "-", "o"), "μ-law own range": (1, "--", "s"),
    "minifloat": (7, "none", "x"), "half": (7, "none", "*"), "symmetric": (3, "--", "P"), "codebook": (4, "-", "D"),
    DEFAULT: (2, "-", "o"), ROUNDED: (2, "--", "s"),
}


def write(folder: Path, curves: Curves, facts: Mapping[str, Any]) -> None:
    """Writes report.html and its figures as SVG files into the folder."""
    figures = drawn(curves)
    for name, (svg, *_) in figures.items():
        write_durably(standalone(svg).encode(), folder / f"{name}.svg", True)
    parts = _parts(curves, facts, figures)
    report.write_page(folder / "report.html", f"Rate and accuracy of {facts['model']}", parts, lead=curves.sentence(), overwrite=True)


def standalone(svg: str, background: str = "none") -> str:
    """An SVG element as a file of its own."""
    return svg.replace("<svg", f'<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" style="background:{background}"', 1)


def summary_cells(curves: Curves) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the summary: the best point of each method."""
    headings = ["method", "best", "bytes", "bits/weight", "CR", "RE %", "ideal", "SNR dB", curves.metric.title, "loss",
                *(_title(name, curves) for name in _near(curves))]
    rows = []
    for method, row in curves.summary() if curves.max_loss is not None else []:
        if row is None:
            rows.append([method, "loses more", *["–"] * (len(headings) - 2)])
            continue
        error = row["errors"].get(curves.name)
        loss = f"{curves.loss(row):.2f}" + (f" ± {error * (100 if curves.metric.unit == '%' else 1):.2f}" if error is not None else "")
        rows.append([
            method, row["setting"], str(row["file_bytes"]), f"{row['bits_per_weight']:.3f}", f"{row['ratio']:.2f}",
            f"{100 * row['saving']:.1f}", _number(ideal(row), 3, "–"), _number(row["snr_db"], 1), shown(curves.name, row), loss,
            *(shown(name, row) for name in _near(curves))])
    return headings, rows


def ideal(row: Row) -> float | None:
    """The ideal rate of a point: order-0 entropy of its indices, of all tensors together where they share their levels; None if there is
    no such rate."""
    return {"pooled": row["ideal_pooled"], "per tensor": row["ideal_per_tensor"]}.get(row["ideal"])


def _file_rate(row: Row) -> float:
    return row["bits_per_weight"]


def shown(name: str, row: Row) -> str:
    """The value of a metric: shares in percent; a dash where it is no number."""
    value = row["metrics"][name]
    if name in row.get("undefined", ()):
        return "–"
    return "∞" if value is None else f"{100 * value:.2f}" if _unit(name) == "%" else f"{value:.4g}"


def drawn(curves: Curves) -> dict[str, tuple[str, str, str]]:
    """The figures by name: SVG, caption, and what there is to see."""
    title, near = _title(curves.name, curves), curves.nearness
    file, entropy = "bits/weight of the whole file", "bits/weight, order-0 entropy of the indices"
    made: dict[str, tuple[str, Callable[[Row], float | None], str, str]] = {}
    if any(ideal(row) is not None for row in curves.points):
        made["rate-distortion"] = (
            curves.name, ideal, entropy, f"{title} against the ideal rate, as studies without files have it: the entropy of all indices "
            "together where tensors share their levels, else tensor by tensor. Where rows have steps of their own, as with σ√n, or a "
            "trellis chooses, there is no such rate.")
    made["accuracy"] = (curves.name, _file_rate, file, f"{title} against the size of real files.")
    if near != curves.name:
        better = "higher" if METRICS[near].rising else "lower"
        made["nearness"] = (near, _file_rate, file, f"{_title(near, curves)} against the size of real files; {better} is better.")
        if "rate-distortion" in made:
            made["nearness-ideal"] = (near, ideal, entropy, f"{_title(near, curves)} against the ideal rate.")
    return {
        name: (_plot(curves, metric, rate, label), caption,
               f"{_title(metric, curves)} over {label}, a curve for each method, the original as a dotted line")
        for name, (metric, rate, label, caption) in made.items()}


def _plot(curves: Curves, name: str, rate: Callable[[Row], float | None], label: str) -> str:
    factor = 100 if _unit(name) == "%" else 1
    logarithmic = name == "kl" or name.startswith(("mse", "rmse", "mae"))
    with plots.look():
        drawing, axes = plots.new(size=plots.WIDE)
        for number, (method, rows) in enumerate(curves.methods.items()):
            known = [(rate(row), row["metrics"][name] * factor) for row in rows if None not in (rate(row), row["metrics"][name])]
            known = [point for point in known if not logarithmic or point[1] > 0]
            if not known:
                continue
            axes.plot(*zip(*sorted(known)), label=method, **style(method, number, len(known) == 1))
        value = curves.original["metrics"][name]
        if value is not None and not logarithmic:
            axes.axhline(value * factor, color=plots.INK, linestyle=":", label="original")
        axes.set(xlabel=label, ylabel=_title(name, curves))
        if logarithmic:
            axes.set_yscale("log")
        elif value is not None:
            # What is ruined altogether says no more than that.
            axes.set_ylim(bottom=max(axes.get_ylim()[0], 0.4 * value * factor) if curves.metric.rising else None)
        rates = [found for found in map(rate, curves.points) if found is not None]
        axes.set_xlim(0.9 * min(rates), 1.05 * min(max(rates), _FINEST))
        if axes.has_data():
            drawing.legend(loc="outside right center")
        return plots.svg(drawing)


def style(method: str, number: int, alone: bool) -> dict[str, Any]:
    """How the curve of a method is drawn, the one with this number if it has no style of its own; `alone`: it is a single point."""
    if method in _STYLES:
        colour, dashes, marker = _STYLES[method]
        found = {"color": plots.COLOURS[colour], "linestyle": dashes, "marker": marker, "linewidth": 2.6 if method == DEFAULT else 1.2}
    else:
        found = plots.line(number, markers=True)
    return {**found, "linestyle": "none"} if alone or method in SCATTERED else found


def _parts(curves: Curves, facts: Mapping[str, Any], figures: Mapping[str, tuple[str, str, str]]) -> list[str]:
    before = curves.original
    parts = [report.facts([
        ("model", facts["model"]), ("bytes", before["file_bytes"]), ("weights", facts["weights"]), ("data", facts["data"]),
        (f"{_title(curves.name, curves)}, original", shown(curves.name, before)),
        ("entropy of the float weights, bits", before["ideal_pooled"])])]
    headings, rows = summary_cells(curves)
    if rows:
        parts.append(report.section(
            "The best of each method", report.paragraph(
                f"The smallest file that loses no more than {curves.max_loss:g}{curves.unit} of {curves.metric.title}, the loss with the "
                "standard error of a comparison sample by sample. CR is the original file's bytes over this one's, RE the share saved; "
                "ideal is the entropy of the indices, not a size."),
            report.table(headings, rows, numeric=set(range(2, len(headings))))))
    parts.append(report.section("Curves", *(report.figure(svg, caption=caption, alt=alt) for svg, caption, alt in figures.values())))
    parts.append(_all_points(curves))
    parts += _matrices(curves)
    return parts


def _all_points(curves: Curves) -> str:
    names = list(curves.original["metrics"])
    headings = ["method", "setting", "bytes", "bits/weight", "CR", "RE %", "ideal, all together", "ideal, tensor by tensor", "SNR dB",
                *(_title(name, curves) for name in names), "options"]
    rows = [[
        row["method"], row["setting"], row["file_bytes"], row["bits_per_weight"], row["ratio"], 100 * row["saving"],
        *(row[name] if row["ideal"] or row is curves.original else None for name in ("ideal_pooled", "ideal_per_tensor")), row["snr_db"],
        *(None if row["metrics"][name] is None else row["metrics"][name] * (100 if _unit(name) == "%" else 1) for name in names),
        row["words"]] for row in curves.rows]
    return report.section("All points", report.table(headings, rows, sortable=True, numeric=set(range(2, len(headings) - 1))))


def _matrices(curves: Curves) -> list[str]:
    """Confusion matrices of the original and of the smallest file that is good enough, if there are few classes."""
    chosen = [("the original", curves.original)]
    best = curves.best(curves.points)
    if best is not None:
        chosen.append((f"{best['method']}, {best['setting']}", best))
    figures = []
    for words, row in chosen:
        if row["confusion"] is None or row["confusion"]["classes"] > _CLASSES:
            return []
        figures.append(report.figure(
            _matrix(row["confusion"]), caption=f"Of {words}: rows are the true classes, columns the ones chosen.",
            alt=f"confusion matrix of {words}"))
    return [report.section("Confusion", report.side_by_side(*figures))]


def _matrix(confusion: Mapping[str, Any]) -> str:
    counts = np.zeros((confusion["classes"],) * 2, int)
    for row, column, count in confusion["counts"]:
        counts[row, column] = count
    with plots.look():
        drawing, axes = plots.new(size=(4.2, 4.2))
        axes.imshow(counts, cmap="Blues", vmin=0)
        axes.grid(False)
        axes.set(xlabel="chosen class", ylabel="true class")
        for row, column in zip(*np.nonzero(counts)) if len(counts) <= _WRITTEN else ():
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=8,
                      color="white" if counts[row, column] > counts.max() / 2 else "black")
        return plots.svg(drawing)


def _near(curves: Curves) -> Sequence[str]:
    return [name for name in ("agreement", "kl", "rmse_to_original") if name in curves.original["metrics"] and name != curves.name]


def _unit(name: str) -> str:
    return METRICS[name].unit if name in METRICS else ""


def _title(name: str, curves: Curves) -> str:
    """A metric with its unit."""
    title, unit = (METRICS[name].title, METRICS[name].unit) if name in METRICS else (name, "")
    return f"{title}, {unit}" if unit else title


def _number(value: float | None, digits: int, otherwise: str = "∞") -> str:
    return otherwise if value is None else f"{value:.{digits}f}"
