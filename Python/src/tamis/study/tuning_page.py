"""The page about a search for the smallest file, and its outcome in words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from . import plots, report
from .comparison import interval_text, loss_text, unit
from .metrics import METRICS
from .network import Network
from .tuning import Candidate, Tuned


def verdict(tuned: Tuned) -> str:
    """What was found on the confirming samples, and how sure that is."""
    look, name = tuned.look, METRICS[tuned.metric].title if tuned.metric in METRICS else tuned.metric
    share = tuned.metric in METRICS and METRICS[tuned.metric].unit == "%"
    before, after = (f"{100 * value:.1f} %" if share else f"{value:.4g}" for value in (look.original, look.copy))
    text = f"{name} on {look.count} samples that chose none of the candidates"
    if not tuned.held_out:
        text = f"{name} on the samples that also chose (the function returns one number for all)"
    text += f": {before} before, {after} after; loss {loss_text(look.loss)} {unit(tuned.metric)}"
    text += f", {100 * tuned.confidence:g} % interval {interval_text(look)}" + (
        "" if look.worse is None else f" ({look.worse} worse, {look.better} better)")
    others = ", ".join(loss_text(entry.loss) for entry in tuned.looks if entry is not look)
    if others and tuned.prove:
        text += f". {len(tuned.looks)} files were held against these samples, from fine to coarse, until one failed; the others lost {others}"
    elif others:
        text += (f". {len(tuned.looks)} files were held against these samples, from small to large, until one kept the limit; those before lost "
                 f"{others}. So this loss is a favourable one; the interval allows for it")
    limit = f"{tuned.max_drop:g} {unit(tuned.metric)}" + (" at the upper end of the interval" if tuned.prove else "")
    return text + f". {'Within' if tuned.confirmed else 'NOT within'} the limit of {limit}."


def page(path: Path, network: Network, tuned: Tuned, result: dict[str, Any], *, overwrite: bool) -> None:
    """Writes the page. result: as the command prints it as JSON."""
    parts = [
        report.facts([
            ("smaller", f"{result['ratio']:.1f} ×"), ("file", f"{result['bytes']:,} bytes".replace(",", " ")),
            ("bits per weight", f"{result['bits_per_weight']:.2f}"), (f"loss, {unit(tuned.metric)}", loss_text(tuned.look.loss)),
            (f"{100 * tuned.confidence:g} % interval", interval_text(tuned.look))]),
        report.paragraph(verdict(tuned)),
        report.paragraph(
            f"Data: {tuned.words}. Inputs of layers were measured on {tuned.measured_on}, without labels. "
            + tuned.held_out * f"{tuned.counts['choosing']} other samples chose the file, {tuned.counts['confirming']} confirmed it. "
            + f"By all files that were tried, a loss of {loss_text(tuned.expected_loss)} {unit(tuned.metric)} is expected."),
        report.section(
            "What was tried", report.figure(
                _figure(network, tuned), caption="Size against loss on the choosing half: each file with its interval (grey: of other "
                "allocations), the losses that are expected by all of them (line), the limit (dotted) and the file that was taken (ring).",
                alt="file size against loss"),
            report.table(
                ["quality, dB", "bytes", "times smaller", f"loss, {unit(tuned.metric)}", "interval", "expected", "distance", "allocation"],
                [_cells(network, entry, loss) for entry, loss in zip(tuned.candidates, tuned.expected)], numeric=range(1, 7),
                caption="Distance: divergence from the original's distributions in bits, or the mean squared difference of outputs. A few hundred "
                "samples know it far better than the loss; losses are expected in proportion to it.")),
    ]
    if tuned.allocations:
        parts.append(report.section("How bits are shared among tensors", report.table(
            ["by", "bytes", "distance"], tuned.allocations,
            caption="The nearest to the original at one size was taken. Distances are those that the files would have at the size of the first, a bit "
            "a weight being worth a factor of 4.")))
    parts.append(report.section(
        "The same file again", report.paragraph(result["encode"]),
        report.paragraph(f"Made by {result['encoder']} in {result['seconds']:.0f} s. The recipe and the statistics lie beside this page.")))
    title = f"{network.name}: {result['ratio']:.1f} times smaller"
    report.write_page(path, title, parts, lead=f"tamis-study tune, {tuned.metric}", overwrite=overwrite)


def _cells(network: Network, entry: Candidate, expected: float) -> list[str]:
    return [
        f"{entry.quality:g}", f"{entry.nbytes:,}".replace(",", " "), f"{network.nbytes / entry.nbytes:.2f}", loss_text(entry.chosen_by.loss),
        interval_text(entry.chosen_by), loss_text(expected), "–" if entry.fidelity is None else f"{entry.fidelity:.4g}", entry.options.name]


def _figure(network: Network, tuned: Tuned) -> report.Markup:
    own = [(entry, loss) for entry, loss in zip(tuned.candidates, tuned.expected) if entry.options.name == tuned.best.options.name]
    with plots.look():
        drawing, axes = plots.new(size=plots.WIDE)
        for entry in tuned.candidates:
            chosen, ratio = entry.chosen_by, network.nbytes / entry.nbytes
            colour = plots.COLOURS[0] if entry.options.name == tuned.best.options.name else plots.COLOURS[7]
            if math.isfinite(chosen.loss):
                reach = [[0], [0]] if chosen.low is None else [[chosen.loss - chosen.low], [chosen.high - chosen.loss]]
                axes.errorbar([ratio], [chosen.loss], reach, fmt="o", capsize=2, linewidth=0.8, color=colour)
        axes.plot([network.nbytes / entry.nbytes for entry, _ in own], [loss for _, loss in own], color=plots.COLOURS[1])
        axes.axhline(tuned.max_drop, linestyle=":", color=plots.INK)
        axes.plot(
            network.nbytes / tuned.best.nbytes, tuned.best.chosen_by.loss, "o", markersize=12, fillstyle="none", color=plots.COLOURS[2])
        axes.set_xlabel("times smaller")
        axes.set_ylabel(f"loss, {unit(tuned.metric)}")
        return plots.svg(drawing)
