"""Reports: one HTML page in one file, that works offline, on a phone and in the dark.

A page is made of parts, each of which is `Markup`. Whatever else is given, such as the name of a tensor, is text and is escaped.

    >>> write_page("report.html", "A model", [section("Weights", paragraph("All of them."), table(["tensor", "count"], [["w", 12]]))])
"""

from __future__ import annotations

import base64
import hashlib
import html
import math
import os
import re
from collections.abc import Collection, Iterable, Sequence

import numpy

from .._durable import write_durably
from .._version import __version__
from . import page_assets

__all__ = ["Markup", "facts", "figure", "paragraph", "section", "side_by_side", "table", "text_of", "write_page"]


#: Points of width from which a figure does not become smaller than 34 em.
_LARGE = 500


class Markup(str):
    """Text that is HTML already, and is not escaped again."""


def write_page(
    path: str | os.PathLike[str], title: str, parts: Iterable[str], *, lead: str = "", overwrite: bool = False,
) -> None:
    """Writes a page to `path`, so that it is there as a whole or not at all.

    Parameters
    ----------
    path
        The HTML file to write.
    title
        Its heading, and its name in the browser.
    parts
        What `section` and the others here return; a string that is no markup becomes a paragraph.
    lead
        A sentence or two under the heading: what was looked at, and what came out.
    overwrite
        Whether a file of this name is replaced.

    Raises
    ------
    OutputExistsError
        If there is one, and it is not.
    FileError
        If the file cannot be written.
    """
    write_durably(page(title, parts, lead=lead).encode(), path, overwrite)


def page(title: str, parts: Iterable[str], *, lead: str = "") -> str:
    """The page that `write_page` writes. The same arguments give the same text."""
    # Nothing is fetched, even if some text got past the escaping: only the style and the one script of this module count.
    script = base64.b64encode(hashlib.sha256(page_assets.SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; img-src data:"
    return "".join([
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        f"<title>{_escaped(title)}</title>\n<style>{page_assets.STYLE}</style>\n</head>\n<body>\n",
        f"<header>\n<h1>{_escaped(title)}</h1>\n",
        f"<p class=\"lead\">{_escaped(lead)}</p>\n" if lead else "",
        "</header>\n<main>\n",
        *map(_part, parts),
        f"</main>\n<footer>tamis-study {_escaped(__version__)}</footer>\n<script>{page_assets.SCRIPT}</script>\n</body>\n</html>\n",
    ])


def section(heading: str, *parts: str) -> Markup:
    """A section: its heading, and parts as those of a page."""
    return Markup(f"<section>\n<h2>{_escaped(heading)}</h2>\n{''.join(map(_part, parts))}</section>\n")


def paragraph(text: str) -> Markup:
    """A paragraph of plain text."""
    return Markup(f"<p>{_escaped(text)}</p>\n")


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """The headline figures: (name, value) each, values as in the cells of a `table`."""
    items = "".join(f"<div><dt>{_escaped(name)}</dt><dd>{_escaped(text_of(value))}</dd></div>\n" for name, value in pairs)
    return Markup(f"<dl class=\"facts\">\n{items}</dl>\n")


def table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "", numeric: Collection[int] | None = None,
    sortable: bool = False,
) -> Markup:
    """A table, which scrolls inside its own box where it is wider than the page.

    Parameters
    ----------
    headings
        One for each column. The first column names the row, and stays in view.
    rows
        Cells: text; numbers, which are written as `text_of` does; None for what there is not; or markup, such as a small figure.
    caption
        What the table shows.
    numeric
        Numbers of the columns that are aligned to the right; if None, those that have numbers and no text.
    sortable
        Whether a click on a heading sorts by it: numbers by their value, not by what is shown of them.
    """
    rows = [list(row) for row in rows]
    for row in rows:
        if len(row) != len(headings):
            raise ValueError(f"a row has {len(row)} cells, expected {len(headings)}, one for each heading")
    if numeric is None:
        numeric = {column for column in range(len(headings)) if _is_numeric([row[column] for row in rows])}
    kinds = [" class=\"number\"" if column in numeric else "" for column in range(len(headings))]
    lines = ["<div class=\"wide\" tabindex=\"0\">\n", "<table class=\"sortable\">\n" if sortable else "<table>\n"]
    if caption:
        lines.append(f"<caption><span>{_escaped(caption)}</span></caption>\n")
    cells = [f"<th scope=\"col\"{kind}>{_escaped(text)}</th>" for text, kind in zip(headings, kinds)]
    lines += ["<thead><tr>", *cells, "</tr></thead>\n<tbody>\n"]
    for row in rows:
        cells = [_cell(cell, kind, "td" if column else "th") for column, (cell, kind) in enumerate(zip(row, kinds))]
        lines.append(f"<tr>{''.join(cells)}</tr>\n")
    return Markup("".join([*lines, "</tbody>\n</table>\n</div>\n"]))


def figure(svg: str, *, caption: str, alt: str) -> Markup:
    """A figure: an SVG from `plots.svg`, the text under it, which says what follows from it, and the text for who cannot see it."""
    if not svg.startswith("<svg"):
        raise ValueError(f"a figure is an SVG that begins with <svg, and not with {svg[:20]!r}; plots.svg makes one")
    found = re.match(r'<svg[^>]*viewBox="0 0 ([0-9.]+)', svg)
    # One that would be too small to read on a phone scrolls there.
    large = " class=\"large\"" if found and float(found[1]) > _LARGE else ""
    labelled = f"<svg{large} role=\"img\" aria-label=\"{_escaped(alt)}\"{svg[4:]}"
    return Markup(f"<figure>\n{labelled}\n<figcaption>{_escaped(caption)}</figcaption>\n</figure>\n")


def side_by_side(*parts: str) -> Markup:
    """Parts next to each other where there is room, else one under the other."""
    return Markup(f"<div class=\"side\">\n{''.join(map(_part, parts))}</div>\n")


def text_of(value: object) -> str:
    """How a value is shown: four significant digits, thousands apart; a dash for None; anything else as it is."""
    if value is None:
        return "–"
    if isinstance(value, (bool, numpy.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, numpy.integer)):
        return f"{value:,}".replace(",", "\u202f").replace("-", "−")
    if isinstance(value, (float, numpy.floating)):
        if not math.isfinite(value):
            return "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"
        if value and not 1e-4 <= abs(value) < 1e6:
            return f"{value:.3e}".replace("-", "−")
        digits = max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0
        return f"{value:,.{min(digits, 7)}f}".replace(",", "\u202f").replace("-", "−")
    return str(value)


def _escaped(text: str) -> str:
    """What cannot be seen, such as a control character in a tensor's name, is shown as U+FFFD."""
    return html.escape("".join(c if c.isprintable() or c in "\n\u202f" else "\ufffd" for c in str(text)))


def _part(part: str) -> str:
    return part if isinstance(part, Markup) else paragraph(part)


def _cell(value: object, kind: str, tag: str) -> str:
    scope = " scope=\"row\"" if tag == "th" else ""
    number = f" data-value=\"{float(value)!r}\"" if _is_number(value) else ""
    return f"<{tag}{scope}{kind}{number}>{value if isinstance(value, Markup) else _escaped(text_of(value))}</{tag}>"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, numpy.integer, numpy.floating)) and not isinstance(value, bool)


def _is_numeric(cells: list[object]) -> bool:
    return any(map(_is_number, cells)) and all(cell is None or _is_number(cell) for cell in cells)
