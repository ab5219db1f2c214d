"""Pages and figures of reports."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from tamis import errors
from tamis.study import plots, report

VOID = {"meta", "br", "img", "link", "input", "hr", "path", "use"}


class Reader(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order; collects the names that elements have and refer to."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.ids, self.references, self.text = [], [], [], [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self._note(attributes)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self._note(attributes)

    def _note(self, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src"):
                self.references.append(value)
            self.references += re.findall(r"url\(([^)]*)\)", value or "")

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def drawing(number=0):
    with plots.look():
        figure, axes = plots.new()
        axes.plot([1, 2, 3], [1, 4, 9 + number], label="a <b>", **plots.line(number, markers=True))
        axes.set_title("x & y")
        axes.legend()
        return plots.svg(figure)


def everything():
    rows = [["<b>w</b>", 1234567, 0.25, None, plots.sparkline([1, 2, 3])], ["b\x07", 2, np.float32(-1.5), 3, plots.sparkline([0, 0])]]
    return report.page("A <model>", [
        report.facts([("bits & bytes", 4.67), ("none", None)]),
        report.section("One <two>", "plain <text>", report.paragraph("a < b"), report.side_by_side(
            report.figure(drawing(0), caption="c < d", alt='"quoted" <alt>'), report.figure(drawing(1), caption="e", alt="f"))),
        report.table(["tensor", "count", "value", "other", "shape"], rows, caption="<caption>", sortable=True),
    ], lead="<lead>")


def test_all_text_is_escaped_and_nothing_is_fetched():
    page = everything()
    reader = read(page)
    for text in ("A <model>", "<lead>", "One <two>", "plain <text>", "a < b", "c < d", "<b>w</b>", "<caption>", "a <b>", "bits & bytes"):
        assert text in reader.text
    assert "b" not in reader.tags and "model" not in reader.tags and "\x07" not in page and "b\ufffd" in page
    assert "://" not in page and "@import" not in page
    assert len(reader.ids) == len(set(reader.ids)) and reader.references
    assert all(reference.startswith("#") and reference[1:] in reader.ids for reference in reader.references)
    assert reader.tags.count("script") == 1 and "default-src 'none'" in page


def test_the_same_page_again():
    assert everything() == everything()


def test_figures_take_the_colour_of_the_page():
    text = drawing()
    assert "currentColor" in text and plots.INK not in text and "font-family" not in text and "<text" in text
    assert len({str(plots.line(number)) for number in range(32)}) == 32


def test_numbers():
    shown = {
        0: "0", 1234567: "1\u202f234\u202f567", -12: "−12", 0.0: "0", 4.67: "4.670", 0.00123456: "0.001235", -0.5: "−0.5000",
        12345.6: "12\u202f346", 1.5e-7: "1.500e−07", 3.2e9: "3.200e+09", float("inf"): "∞", True: "yes", None: "–", "text": "text"}
    for value, text in list(shown.items()):
        if value is not True:
            assert report.text_of(value) == text
    assert report.text_of(float("nan")) == "not a number" and report.text_of(np.bool_(True)) == "yes" and report.text_of(np.int64(7)) == "7"


def test_columns_of_numbers():
    found = report.table(["a", "b", "c"], [["x", 1, 2], ["y", None, "z"]])
    assert found.count('class="number"') == 3  # the heading and two cells of b: c has text in it
    assert 'data-value="1.0"' in found
    assert report.table(["a", "b"], [["x", "1/2"]], numeric=[1]).count('class="number"') == 2


def test_what_does_not_fit():
    with pytest.raises(ValueError, match="1 cells, expected 2"):
        report.table(["a", "b"], [["x"]])
    with pytest.raises(ValueError, match="begins with <svg"):
        report.figure("plot.png", caption="", alt="")


def test_a_page_is_not_replaced_unasked(tmp_path):
    path = tmp_path / "a.html"
    report.write_page(path, "one", [])
    with pytest.raises(errors.OutputExistsError):
        report.write_page(path, "two", [])
    assert "one" in path.read_text()
    report.write_page(path, "two", [], overwrite=True)
    assert "two" in path.read_text() and [p.name for p in tmp_path.iterdir()] == ["a.html"]
