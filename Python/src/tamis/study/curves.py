"""Curves of rate against accuracy: measuring their points, and what follows from them."""

from __future__ import annotations

import csv
import io
import math
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._call import Progress
from .evaluation import metric as find_metric
from .metrics import METRICS, Metric
from .point_store import PointStore
from .points import Point, Subject
from .sweeps import SCATTERED, original

Row = Mapping[str, Any]
#: What a table of points begins with; metrics follow.
COLUMNS = (
    "method", "setting", "file_bytes", "bits_per_weight", "ratio", "saving", "ideal", "ideal_pooled", "ideal_per_tensor", "snr_db")
#: What a curve is judged by if nothing is said, the first that fits.
_FIRST = ("top1", "mrr", "rmse", "agreement", "rmse_to_original")
#: What tells apart files that lose nearly nothing, the first that fits: less noisy than labels, as every sample counts.
_NEARNESS = ("kl", "rmse_to_original")
_MAX_LOSS = 0.8  # points
_RATES = 400  # places at which curves are compared
_NOTHING = 1e-3  # bits of divergence that are none worth comparing
_SHORTEST = 0.25  # bits/weight; stretches that are shorter are not worth a word
_GAP = 1.6  # bits/weight between neighbouring points, above which nothing is said of what lies between


def sweep(
    subject: Subject, store: PointStore, points: Iterable[Point], *, threads: int = 0, progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Measures what is not in the store yet, and returns the rows of the original and of all points, in their order.

    threads: points that are measured side by side, each on one thread; 0 for one per processor. At any time there are so many copies of the
    model in memory.
    """
    asked: dict[str, Point] = {}
    for point in (original(), *points):
        asked.setdefault(point.key(subject.identity), point)  # one that is asked for twice is on the curve that has it first
    missing = [(key, point) for key, point in asked.items() if store.get(key) is None]
    stopped = threading.Event()

    def measure(key: str, point: Point) -> None:
        store.add(key, subject.measured(point, stopped))

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        try:
            futures = [pool.submit(measure, *entry) for entry in missing]
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                if progress is not None:
                    progress(done, len(futures))
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    names = ("method", "setting", "ideal", "words")  # a store may have the same point from another sweep
    return [{**store.get(key), **{name: getattr(point, name) for name in names}} for key, point in asked.items()]


@dataclass(frozen=True)
class Curves:
    """The points of a model, and what they are judged by.

    Attributes
    ----------
    rows
        As `sweep` returns them, that of the original first.
    name, metric
        What loss is about.
    max_loss
        How much of the metric may be lost, in points of percent for shares, else in its own unit; None if that is not said.
    """

    rows: Sequence[Row]
    name: str
    metric: Metric
    max_loss: float | None

    @classmethod
    def judged(cls, rows: Sequence[Row], name: str, max_loss: float | None) -> Curves:
        chosen = find_metric(name, list(rows[0]["metrics"]))
        return cls(rows, name, chosen, _MAX_LOSS if max_loss is None and chosen.unit == "%" else max_loss)

    @property
    def original(self) -> Row:
        """The row of the original."""
        return self.rows[0]

    @property
    def points(self) -> Sequence[Row]:
        """The rows of files."""
        return self.rows[1:]

    @property
    def methods(self) -> dict[str, list[Row]]:
        """The points of each method, in the order of their rates."""
        found: dict[str, list[Row]] = {}
        for row in self.points:
            found.setdefault(row["method"], []).append(row)
        return {method: sorted(rows, key=lambda row: row["file_bytes"]) for method, rows in found.items()}

    @property
    def nearness(self) -> str:
        """The metric that tells how near outputs are to the original's; that of the loss if there is none."""
        return next((name for name in _NEARNESS if name in self.original["metrics"]), self.name)

    @property
    def unit(self) -> str:
        """The unit of losses, to stand behind a number."""
        return {"%": " points", "": ""}.get(self.metric.unit, f" {self.metric.unit}")

    def loss(self, row: Row) -> float:
        """What a point loses of the metric; below 0 if it gains, infinite where the metric is no number."""
        if any(self.name in entry.get("undefined", ()) for entry in (self.original, row)):
            return math.inf
        return lost(self.metric, self.original["metrics"][self.name], row["metrics"][self.name])

    def best(self, rows: Iterable[Row]) -> Row | None:
        """The smallest file that does not lose more than `max_loss`."""
        # 83.4 less 82.6 % is a little more than 0.8 in binary.
        kept = [row for row in rows if self.max_loss is not None and self.loss(row) <= self.max_loss + 1e-9]
        return min(kept, key=lambda row: row["file_bytes"], default=None)

    def summary(self) -> list[tuple[str, Row | None]]:
        """Each method with its best point, smallest file first; methods that lose too much at every point are last."""
        found = [(method, self.best(rows)) for method, rows in self.methods.items()]
        return sorted(found, key=lambda entry: (entry[1] is None, entry[1]["file_bytes"] if entry[1] else 0))

    def winners(self) -> list[tuple[float, float, str]]:
        """(from, to, method): which method comes nearest to the original with these bits/weight of the whole file, or fewer.

        Curves are straight lines between points that are near each other, divergences on a logarithmic scale; a smaller file serves in
        place of a larger one. Compared are rates for which at least two methods have files, and the better one diverges by 0.001 bits or
        more. A method stays the winner until another one is better by a tenth.
        """
        metric, curves = METRICS.get(self.nearness, self.metric), {}
        for method, rows in self.methods.items():
            known = [(row["bits_per_weight"], row["metrics"][self.nearness]) for row in rows if row["metrics"][self.nearness] is not None]
            if len(known) > 1 and method not in SCATTERED:
                curves[method] = np.array(known, float).T
        if len(curves) < 2:
            return []
        ends = [rate for rates, _ in curves.values() for rate in (rates[0], rates[-1])]
        at = np.linspace(min(ends), max(ends), _RATES)
        sign = -1 if metric.rising else 1
        table = np.array([_best_up_to(at, rates, sign * values, self.nearness == "kl") for rates, values in curves.values()])
        margin = 1 if metric.rising else 0.9
        names, found = list(curves), []
        for rate, column in zip(at, table.T):
            if np.isfinite(column).sum() < 2:
                continue
            best = int(np.nanargmin(column))
            if self.nearness == "kl" and column[best] < _NOTHING:
                continue
            if found and np.isfinite(last := column[names.index(found[-1][2])]) and column[best] > last * margin:
                best = names.index(found[-1][2])
            if found and found[-1][2] == names[best]:
                found[-1] = (found[-1][0], float(rate), names[best])
            else:
                found.append((float(rate), float(rate), names[best]))
        return found

    def sentence(self) -> str:
        """Which method wins at which rate, and how small a file is without losing more than allowed."""
        parts = []
        won = [entry for entry in self.winners() if entry[1] - entry[0] >= _SHORTEST]
        if won:
            by = METRICS[self.nearness].title if self.nearness in METRICS else self.nearness
            ranges = ", ".join(f"{method} from {low:.1f} to {high:.1f}" for low, high, method in won)
            parts.append(f"of files of one size, those nearest to the original, by {by}, are those of {ranges} bits/weight")
        ranked = [(method, row) for method, row in self.summary() if row is not None]
        if ranked:
            (method, row), *others = ranked
            text = (f"with at most {self.max_loss:g}{self.unit} of {self.metric.title} lost, the smallest file is that of {method} "
                    f"({row['setting']}): {row['bits_per_weight']:.2f} bits/weight, {row['ratio']:.2f} times smaller than the original")
            if others:
                text += f", before {others[0][0]} ({others[0][1]['setting']}) with {others[0][1]['bits_per_weight']:.2f} bits/weight"
            parts.append(text)
        elif self.max_loss is not None:
            parts.append(f"no point loses at most {self.max_loss:g}{self.unit} of {self.metric.title}")
        text = "; ".join(parts)
        return text[:1].upper() + text[1:] + "." if text else ""


def _best_up_to(at: np.ndarray, rates: np.ndarray, values: np.ndarray, logarithmic: bool) -> np.ndarray:
    """The least value that a curve reaches at other rates or below; nan below its first point. rates: rising."""
    found = np.interp(at, rates, np.log(np.maximum(values, 1e-12)) if logarithmic else values)
    right = np.searchsorted(rates, at, side="right")
    gaps = np.diff(rates)[np.clip(right - 1, 0, len(rates) - 2)]
    between = np.where((right < len(rates)) & (gaps <= _GAP), np.exp(found) if logarithmic else found, np.inf)
    return np.where(right > 0, np.minimum(between, np.minimum.accumulate(values)[right - 1]), np.nan)


def default_metric(fits: Sequence[str]) -> str:
    """What curves are judged by unless something else is asked for."""
    return next((name for name in _FIRST if name in fits), fits[0])


def lost(metric: Metric, before: float | None, after: float | None) -> float:
    """The loss from one value of a metric to another, None being infinite: points of percent for shares, else in its unit."""
    first, last = (float("inf") if value is None else value for value in (before, after))
    if first == last:
        return 0.0
    return (first - last if metric.rising else last - first) * (100 if metric.unit == "%" else 1)


def table_text(curves: Curves) -> str:
    """All rows as CSV: sizes in bytes, rates in bits for each weight, shares 0 … 1, standard errors of differences from the original."""
    names = list(curves.original["metrics"])
    compared = [name for name in names if name in curves.original["errors"]]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*COLUMNS, *names, *(f"{name}_difference_error" for name in compared), "options"])
    for row in curves.rows:
        cells = [*(row[key] for key in COLUMNS), *(row["metrics"][name] for name in names), *(row["errors"].get(name) for name in compared)]
        writer.writerow([*("" if cell is None else cell for cell in cells), row["words"]])
    return stream.getvalue()
