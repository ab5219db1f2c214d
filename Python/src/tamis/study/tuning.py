"""The smallest file that keeps a metric: which options, how it is found, and what is known of its loss."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import tamis

from .._encode import _options as encoding_options
from ..errors import MisuseError
from .calibration import calibrate
from .comparison import Comparison, compare
from .data import Data, Function, Subset, spread
from .evaluation import Evaluation, FunctionEvaluation
from .evaluation import evaluation as make_evaluation
from .evaluation import metric as find_metric
from .evaluation import require_sense
from .metrics import Metric
from .network import FLOATS, Network
from .refusals import refusal
from .sensitivity import sensitivity
from .trend import Trial, estimates

Tell = Callable[[str], None]

FINEST, COARSEST = 40.0, -10.0  # dB: where the search for a quality ends
_FIRST, _WIDE, _NARROW = 13.0, 2.0, 0.5  # dB: where it begins, and its steps
_FEWEST = 20  # samples of each half
_ROUNDING_EFFORTS = 3  # up to here the encoder rounds where errors are fed back
_MARGINS = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)  # dB above the edge: what is held against the confirming half, one after the other
_PROOF = tuple(np.arange(16.0, -1.0, -2.0).tolist())  # the same where the limit is to be proved


@dataclass(frozen=True)
class Options:
    """What candidates are encoded with besides their quality.

    Attributes
    ----------
    name
        What tells this allocation from others, for a reader.
    statistics
        File of the statistics of layers' inputs, or None.
    weights
        Sensitivities by the names of tensors (`tamis.encode`'s rules); empty for those of the allocation by itself.
    common
        Other options of `tamis.encode`, such as effort and exclude.
    """

    name: str
    statistics: Path | None = None
    weights: dict[str, float] = field(default_factory=dict)
    common: dict[str, Any] = field(default_factory=dict)

    def encode(self, network: Network, output: Path, threads: int = 0, **target: float) -> None:
        """Encodes the network into a new file; target: such as quality=12."""
        tamis.encode(
            network.path, output, overwrite=True, threads=threads, statistics=self.statistics,
            rules={name: {"weight": weight} for name, weight in self.weights.items()}, **self.common, **target)


@dataclass(frozen=True)
class Candidate:
    """A file that was tried.

    Attributes
    ----------
    options, quality, nbytes
        How it was made, and its size.
    chosen_by
        Its comparison with the original on the choosing half.
    fidelity
        Distance of its outputs from the original's on the choosing half: divergence in bits for scores, else the mean squared error; None
        for functions.
    """

    options: Options
    quality: float
    nbytes: int
    chosen_by: Comparison
    fidelity: float | None


@dataclass
class Tuned:
    """The outcome.

    Attributes
    ----------
    candidates
        All that were tried, those of one allocation together, finest first; with the losses that are expected of them (`expected`, same order).
    best
        The one that was taken.
    looks
        Comparisons on the confirming half, in the order in which they were made, and the confidence of the k-th interval is such that it holds
        after k looks (Bonferroni); `look` is that of `best`.
    confirmed
        Whether that one is within the limit; False means that no candidate was, and `best` is the finest of them.
    held_out
        Whether the confirming samples chose nothing. False for functions that return a number for all samples together.
    allocations
        Ways to share bits among tensors that were compared: name, bytes, and distance of the outputs from the original's, corrected for
        what the bytes differ from the first's.
    counts
        Samples of the data by what they are used for.
    words, measured_on
        What the data are, and what the inputs of layers were measured on.
    """

    metric: str
    max_drop: float
    confidence: float
    candidates: list[Candidate]
    expected: list[float]
    best: Candidate
    looks: list[Comparison]
    look: Comparison
    confirmed: bool
    held_out: bool
    allocations: list[tuple[str, int, float]]
    counts: dict[str, int]
    words: str
    measured_on: str
    prove: bool

    @property
    def expected_loss(self) -> float:
        """The loss that is expected of the best by all that was tried (`trend.estimates`)."""
        return self.expected[self.candidates.index(self.best)]


def _excess(file: Path, nbytes: int) -> float:
    """What the power of errors would be multiplied by if a file had `nbytes`: a bit a weight is worth a factor of 4."""
    with tamis.open(file) as model:
        weights = sum(tensor.size for tensor in model.tensors.values() if tensor.dtype in FLOATS)
    return 4.0 ** (8 * (file.stat().st_size - nbytes) / weights)


class _Half:
    """Samples that choose, or confirm: all of an evaluation's, or those with the numbers `chosen`."""

    def __init__(
        self, evaluation: Evaluation | FunctionEvaluation, name: str, metric: Metric, confidence: float, chosen: np.ndarray | None = None,
    ) -> None:
        self._evaluation, self._chosen, self._name, self._metric, self._confidence = evaluation, chosen, name, metric, confidence
        self._distance = None if isinstance(evaluation, FunctionEvaluation) else "kl" if "kl" in evaluation.metrics else "mse_to_original"

    @property
    def by_labels(self) -> bool:
        """Whether the metric knows more than the outputs of the original: then its loss has a large statistical error."""
        return self._metric.needs not in ("scores", "original")

    def judge(self, network: Network, file: Path, threads: int, looks: int = 1) -> tuple[Comparison, float | None]:
        """The loss, with an interval that holds after so many looks, and the distance of the outputs from the original's if they are known."""
        result, confidence = self._evaluation.run(network.session(file, threads=threads)), 1 - (1 - self._confidence) / looks
        found = compare(self._evaluation.original(threads=threads), result, self._name, self._metric, self._chosen, confidence)
        distance = None if self._distance is None else result.values(self._chosen)[self._distance]
        return found, distance if distance is None or math.isfinite(distance) else math.inf


def halves(count: int, left_out: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the samples that choose and of those that confirm: 0 … count − 1 but those left out, divided at random."""
    drawn = np.random.default_rng(seed).permutation(np.setdiff1d(np.arange(count), left_out))
    return np.sort(drawn[:len(drawn) // 2]), np.sort(drawn[len(drawn) // 2:])


class Tuner:
    """A search for the smallest file.

    Parameters
    ----------
    metric, max_drop
        What is to be kept, and how much of it may be lost: points for shares, else in the metric's unit.
    calibration
        Other data whose inputs are measured for statistics; ``"noise"``; ``"none"``; or None for `calibration_samples` of the data, which
        are not evaluated then. Data with the same samples are taken for None.
    rising
        Whether more of the metric is better, for functions' metrics whose names do not tell.
    prove
        Whether the upper end of the confidence interval must be within the limit, not the estimate alone.
    search_allocation
        Whether sensitivities are measured and tried.
    options
        Further options of `tamis.encode` for all candidates.

    Raises
    ------
    MisuseError
        If the metric does not fit, there are too few samples, the original does no better than chance, or an option is out of range.
    """

    def __init__(
        self, network: Network, data: Data | Function, metric: str, max_drop: float, *, calibration: Data | str | None = None,
        calibration_samples: int = 64, prove: bool = False, confidence: float = 0.95, search_allocation: bool = True,
        rising: bool | None = None, seed: int = 1, output_name: str | None = None, threads: int = 0, tell: Tell = lambda text: None,
        **options: Any,
    ) -> None:
        if not 0 <= max_drop < float("inf"):
            raise refusal(f"max-drop is {max_drop}, expected 0 or more", "max_drop")
        self.network, self.data, self.metric, self.max_drop = network, data, metric, max_drop
        self.prove, self.confidence, self.threads, self._tell, self._common = prove, confidence, threads, tell, options
        self._search_allocation, self._output = search_allocation, output_name
        encoding_options({key: value for key, value in options.items() if key != "exclude"}, options.get("exclude", ()), {})
        if isinstance(calibration, Function):
            raise refusal(f"{calibration.place} is a function, which has no inputs to measure; give data, noise or none", "calibration")
        if isinstance(calibration, Data) and isinstance(data, Data) and calibration.inputs_digest == data.inputs_digest:
            calibration = None
        if calibration is None and isinstance(data, Function):
            raise refusal("a function has no inputs to calibrate with; give calibration data, noise or none", "calibration")
        own = calibration is None
        measured = spread(data.count, min(calibration_samples, data.count)) if own else np.empty(0, np.int64)
        # What sensitivities are measured on, and statistics unless they are not wanted: data and numbers of samples, or noise with what it is like.
        self._source: dict[str, Any] = {"data": data, "chosen": measured} if own else {"data": calibration}
        if calibration in ("noise", "none"):
            self._source = {"data": None, **(data.hints() if isinstance(data, Data) else {})}
        self._calibrates, self._may_lack_layers = calibration != "none", own
        self._divide(measured, seed, rising)

    def _divide(self, measured: np.ndarray, seed: int, rising: bool | None) -> None:
        network, data = self.network, self.data
        if isinstance(data, Function):
            judged = make_evaluation(network, data)
            found = find_metric(self.metric, judged.metrics, rising=rising)
            each = judged.original().each(self.metric)
            parts = (None, None) if each is None else halves(len(each), measured, seed)
            evaluations = [judged, judged]
        else:
            parts = halves(data.count, measured, seed)
            if min(map(len, parts)) < _FEWEST:
                raise refusal(
                    f"{data.place}: {data.count} samples, of which {len(measured)} are for calibration; expected {2 * _FEWEST} or more besides, "
                    "to choose and to confirm. Give more, or fewer calibration samples", "data")
            evaluations = [make_evaluation(network, Subset(data, chosen), output=self._output) for chosen in parts]
            found = find_metric(self.metric, evaluations[0].metrics, data.labels is not None)
        chosen = parts if isinstance(data, Function) else (None, None)
        self.choosing, self.confirming = (
            _Half(evaluation, self.metric, found, self.confidence, own) for evaluation, own in zip(evaluations, chosen))
        self.held_out = parts[0] is not None
        self.counts = {"calibration": len(measured)} | {
            name: 0 if own is None else len(own) for name, own in zip(("choosing", "confirming"), parts)}
        for evaluation in dict.fromkeys(evaluations):
            if found.needs == "classes":
                require_sense(evaluation)
            if not math.isfinite(evaluation.original(threads=self.threads).values()[self.metric]):
                raise refusal(
                    f"{self.metric} of the original is infinite, so that every loss is; take one that is finite, such as rmse_to_original", "metric")

    def run(self, folder: Path) -> Tuned:
        """Searches. `folder` is for files on the way; in the end it holds ``model.tamis``, and ``statistics.safetensors`` if inputs were
        measured."""
        self._folder, self._tried = folder, {}
        allocation = self._first_allocation()
        self._bracket(allocation)
        allocations = []
        if self._search_allocation:
            allocation, allocations = self._best_allocation(allocation)
        self._refine(allocation)
        return self._confirm(allocation, allocations)

    def _first_allocation(self) -> Options:
        self._measured_on = "nothing"
        if not self._calibrates:
            return Options("synthetic moments", common=self._common)
        self._tell("measuring the inputs of layers")
        path = self._folder / "statistics.safetensors"
        try:
            statistics = calibrate(self.network, **self._source)
        except MisuseError as error:
            if error.element != "model" or not self._may_lack_layers:
                raise
            self._tell(f"without statistics: {error}")
            return Options("synthetic moments", common=self._common)
        statistics.write(path, overwrite=True)
        self._measured_on = statistics.words
        return Options("measured moments", path, common=self._common)

    def _try(self, options: Options, quality: float) -> Candidate:
        key = (options.name, quality)
        if key not in self._tried:
            self._tell(f"quality {quality:g} dB, {options.name}")
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                file = Path(folder, "candidate.tamis")
                options.encode(self.network, file, self.threads, quality=quality)
                self._tried[key] = Candidate(options, quality, file.stat().st_size, *self.choosing.judge(self.network, file, self.threads))
        return self._tried[key]

    def _of(self, options: Options) -> list[tuple[Candidate, float]]:
        """All that was tried with an allocation, finest first, with the losses that are expected of them by all that was tried."""
        tried = list(self._tried.values())
        expected = estimates([self._trial(entry) for entry in tried])
        found = [pair for pair in zip(tried, expected) if pair[0].options.name == options.name]
        return sorted(found, key=lambda pair: -pair[0].quality)

    def _trial(self, entry: Candidate) -> Trial:
        # Rounding errors have a power of 10^(-quality ⁄ 10), and so has what they do to the outputs, nearly.
        distance = 10 ** (-entry.quality / 10) if entry.fidelity is None else entry.fidelity
        return Trial(distance, entry.chosen_by.loss, entry.chosen_by.error if self.choosing.by_labels else None)

    def _fits(self, options: Options) -> list[bool]:
        """Of all that was tried with an allocation, finest first: whether the limit is expected to be kept."""
        return [loss <= self.max_drop for _, loss in self._of(options)]

    def _bracket(self, options: Options) -> None:
        """Tries qualities in wide steps until some are within the limit, and two are not."""
        quality = _FIRST
        self._try(options, quality)
        while not self._fits(options)[0] and quality < FINEST:
            quality += _WIDE
            self._try(options, quality)
        quality = _FIRST
        while self._fits(options)[-2:] != [False, False] and quality > COARSEST:
            quality -= _WIDE
            self._try(options, quality)

    def _edge(self, options: Options) -> Candidate:
        """The smallest within the limit; the finest of all if none is."""
        found = self._of(options)
        fitting = [entry for entry, loss in found if loss <= self.max_drop]
        return min(fitting, key=lambda entry: entry.nbytes) if fitting else found[0][0]

    def _refine(self, options: Options) -> None:
        """Tries qualities in narrow steps until the limit is between two of them; the edge moves as more is known."""
        while not self._fits(options)[0] and self._of(options)[0][0].quality < FINEST:
            self._try(options, self._of(options)[0][0].quality + _NARROW)
        for step in (_NARROW, _NARROW / 2):
            while (quality := self._edge(options).quality - step) >= COARSEST and (options.name, quality) not in self._tried:
                self._try(options, quality)

    def _best_allocation(self, first: Options) -> tuple[Options, list[tuple[str, int, float]]]:
        """Of the allocations, at the size of the edge, the one whose outputs are nearest to the original's on the choosing half."""
        edge = self._edge(first)
        others = []
        if weights := self._weights(first, edge.quality):
            others.append(replace(first, name=f"{first.name}, sensitivities", weights=weights))
        if "quantizer" not in self._common and (self._common.get("effort") or 5) > _ROUNDING_EFFORTS:
            # Which of the two hides errors better by measured moments depends on the network and on the rate (README, Results).
            rounding = self._common | {"quantizer": "midtread"}
            others += [replace(options, name=f"{options.name}, rounding", common=rounding) for options in (first, *others)]
        if first.statistics is not None:
            others.append(Options("synthetic moments", common=self._common))
        rows = [(first, edge.nbytes, self._distance(edge))]
        for options in others:
            self._tell(f"{edge.nbytes} bytes, {options.name}")
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                file = Path(folder, "candidate.tamis")
                try:
                    options.encode(self.network, file, self.threads, target_size=edge.nbytes)
                except MisuseError as error:  # the first few bytes of small models do not become less
                    self._tell(f"left out: {error}")
                    continue
                found, fidelity = self.choosing.judge(self.network, file, self.threads)
                rows.append((options, file.stat().st_size, found.loss if fidelity is None else fidelity * _excess(file, edge.nbytes)))
        best = min(rows, key=lambda row: row[2])[0]
        self._try(best, edge.quality)
        return best, [(options.name, size, distance) for options, size, distance in rows]

    def _weights(self, first: Options, quality: float) -> dict[str, float]:
        """Sensitivities of the tensors that are not excluded; none if they cannot be measured."""
        self._tell("measuring which tensors matter")
        source = self._source | ({"chosen": self._source["chosen"][::2]} if "chosen" in self._source else {})
        try:
            found = sensitivity(
                self.network, statistics=first.statistics, quality=quality, effort=self._common.get("effort"), threads=self.threads, **source)
        except MisuseError as error:
            self._tell(f"left out: {error}")
            return {}
        kept = [re.compile(re.escape(glob).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL) for glob in self._common.get("exclude") or ()]
        return {name: weight for name, weight in found.items() if not any(glob.fullmatch(name) for glob in kept)}

    def _distance(self, entry: Candidate) -> float:
        return entry.chosen_by.loss if entry.fidelity is None else entry.fidelity

    def _confirm(self, options: Options, allocations: list[tuple[str, int, float]]) -> Tuned:
        """Holds candidates against the confirming half.

        The smallest that is expected to keep the limit, and if it does not there, some finer ones, until one does. To prove the limit: from
        much finer ones to that one, as long as they keep it; so no look needs a correction (a fixed sequence of tests).
        """
        edge = self._edge(options).quality
        qualities = [min(edge + margin, FINEST) for margin in (_PROOF if self.prove else _MARGINS)]
        looks: list[Comparison] = []
        look, best, confirmed, file = None, qualities[0], False, self._folder / "confirming.tamis"
        for quality in dict.fromkeys(qualities):
            self._tell(f"confirming {quality:g} dB")
            options.encode(self.network, file, self.threads, quality=quality)
            looks.append(self.confirming.judge(self.network, file, self.threads, 1 if self.prove else len(looks) + 1)[0])
            reached = looks[-1].high if self.prove else looks[-1].loss
            passed = reached is not None and reached <= self.max_drop
            if passed or not confirmed:
                look, best, confirmed = looks[-1], quality, passed
                file.replace(self._folder / "model.tamis")
            if passed != self.prove:
                break
        chosen = self._try(options, best)
        tried = {entry.options.name: entry.options for entry in self._tried.values()}
        found = [pair for own in tried.values() for pair in self._of(own)]
        return Tuned(
            self.metric, self.max_drop, self.confidence, [entry for entry, _ in found], [loss for _, loss in found], chosen, looks, look, confirmed,
            self.held_out, allocations, self.counts, self.data.words, self._measured_on, self.prove)
