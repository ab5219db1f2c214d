"""Figures: one look for all of them, and how they become inline SVG.

    >>> with look():
    ...     drawing, axes = new()
    ...     axes.plot([1, 2, 3], [1, 4, 9], **line(0))
    ...     markup = svg(drawing)

Nothing here uses pyplot, so there is no state between figures, and no window.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib
import numpy
from matplotlib.figure import Figure

from .report import Markup

__all__ = ["COLOURS", "INK", "SIZE", "WIDE", "line", "look", "new", "sparkline", "svg"]

#: Width and height in inches of a figure that may stand beside another one, and of one that may not.
SIZE = (5.6, 3.6)
WIDE = (8.0, 4.2)

#: Colours that people who see colours differently tell apart (after Okabe and Ito, 2008), each with a contrast of about 3:1 or more
#: to white and to near black, so that a figure serves a light and a dark page.
COLOURS = ("#0079BC", "#D55E00", "#009E73", "#C76BA0", "#B98500", "#4D9FD6", "#8C6A4F", "#7A7F87")

#: What stands for the colour of the page's text while a figure is drawn; `svg` puts "currentColor" in its place.
INK = "#010203"

_DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
_MARKERS = "osD^vPX*"

_LOOK = {
    "font.family": "sans-serif", "font.size": 10, "axes.titlesize": 10.5, "axes.labelsize": 10, "xtick.labelsize": 9, "ytick.labelsize": 9,
    "legend.fontsize": 9, "legend.frameon": False, "legend.handlelength": 2.4, "axes.titlelocation": "left",
    "axes.formatter.useoffset": False,
    "text.color": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "hatch.color": INK, "axes.linewidth": 0.7, "xtick.major.width": 0.7, "ytick.major.width": 0.7, "xtick.minor.width": 0.5,
    "ytick.minor.width": 0.5, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": INK,
    "grid.alpha": 0.12,
    "grid.linewidth": 0.6, "axes.axisbelow": True, "lines.linewidth": 1.6, "lines.markersize": 4.5, "figure.facecolor": "none",
    "axes.facecolor": "none", "savefig.facecolor": "none", "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
    "svg.fonttype": "none", "svg.hashsalt": "tamis", "path.simplify": True, "axes.unicode_minus": True,
}


def look() -> AbstractContextManager[None]:
    """What figures are drawn under, from `new` to `svg`."""
    return matplotlib.rc_context(_LOOK)


def new(rows: int = 1, columns: int = 1, *, size: tuple[float, float] = SIZE, **subplots: Any) -> tuple[Figure, Any]:
    """An empty figure of `size` inches, and its axes as Figure.subplots gives them, which takes what else is given."""
    drawing = Figure(figsize=size, layout="constrained")
    return drawing, drawing.subplots(rows, columns, **subplots)


def line(number: int, *, markers: bool = False) -> dict[str, Any]:
    """Colour and dashes, on demand a marker, of the curve with this number: no two of the first 32 are alike."""
    style = {"color": COLOURS[number % len(COLOURS)], "linestyle": _DASHES[(number + number // len(COLOURS)) % len(_DASHES)]}
    if markers:
        style["marker"] = _MARKERS[number % len(_MARKERS)]
    return style


def svg(drawing: Figure) -> Markup:
    """A figure as an SVG element for `report.figure`. The same figure gives the same text.

    Text stays text, in the fonts of the page; what has the colour `INK` takes the colour of the text around it.
    """
    stream = io.StringIO()
    with look():
        drawing.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = stream.getvalue()
    text = text[text.index("<svg"):]
    # What the page's style says already, and the list of fonts, of which the page has its own, are left out with the rest.
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->| font-family:[^;\"]*;?", "", text, flags=re.DOTALL)
    # In HTML, elements of SVG need no namespaces.
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = text.replace(INK, "currentColor")
    return Markup(_own_names(re.sub(r"\n\s*", "\n", text)).strip())


def sparkline(counts: Sequence[float], *, width: int = 96, height: int = 22, words: str = "histogram") -> Markup:
    """A histogram as small as a word, for the cell of a table; `words` are for who cannot see it."""
    counts = numpy.asarray(counts, dtype=float)
    heights = counts / counts.max() * (height - 1) if counts.size and counts.max() > 0 else numpy.zeros(counts.size)
    edges = numpy.linspace(0, width, counts.size + 1)
    steps = "".join(f"V{height - h:.1f}H{right:.1f}" for h, right in zip(heights, edges[1:]))
    return Markup(
        f'<svg role="img" aria-label="{words}" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<path fill="currentColor" d="M0 {height}{steps}V{height}Z"/></svg>')


def _own_names(text: str) -> str:
    """Keeps the ids that something refers to, under names that no other figure of a page has: they begin with the figure's digest."""
    prefix = "f" + hashlib.sha256(text.encode()).hexdigest()[:10]
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    text = re.sub(r' id="([^"]*)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", text)
    return re.sub(r'(url\(#|href="#)', rf"\1{prefix}-", text)
