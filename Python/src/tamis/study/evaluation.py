"""Running networks on data, and measuring what comes out."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import onnxruntime
from scipy import stats

from .._call import Progress
from . import metrics
from .data import Data, Function
from .metrics import METRICS, Metric
from .network import Network, run
from .refusals import refusal


class Result(Protocol):
    """What an evaluation found out about a session."""

    def values(self, chosen: np.ndarray | None = None) -> dict[str, float]:
        """The metrics by name, over the samples with these numbers, or all."""

    def each(self, name: str) -> np.ndarray | None:
        """A number for each sample whose mean is that metric; None if it is no such mean."""


class Outputs:
    """A result that has the network's outputs, samples along the first axis. If they are not finite, metrics are nan and nothing else is known."""

    def __init__(self, outputs: np.ndarray, evaluation: Evaluation) -> None:
        self.outputs, self._evaluation = outputs, evaluation
        self._finite = bool(np.isfinite(outputs).all())

    def values(self, chosen: np.ndarray | None = None) -> dict[str, float]:
        if not self._finite:
            return dict.fromkeys(self._evaluation.metrics, float("nan"))
        found = self.outputs if chosen is None else self.outputs[chosen]
        return {name: METRICS[name].value(found, self.truth(name, chosen)) for name in self._evaluation.metrics}

    def each(self, name: str) -> np.ndarray | None:
        metric = METRICS[name]
        return None if metric.each is None or not self._finite else metric.each(self.outputs, self.truth(name))

    def truth(self, name: str, chosen: np.ndarray | None = None) -> np.ndarray:
        """What a metric compares outputs with: labels, or the original's outputs."""
        return self._evaluation.truth(name, chosen)

    def confusion(self) -> np.ndarray | None:
        """Counts of samples, true class x chosen class, if the labels are classes."""
        data = self._evaluation.data
        return metrics.confusion(self.outputs, data.labels) if data.kind == "classes" and self._finite else None


class Numbers:
    """A result of a user's function."""

    def __init__(self, found: Mapping[str, object]) -> None:
        self._found = {name: np.asarray(value, np.float64) for name, value in found.items()}

    def values(self, chosen: np.ndarray | None = None) -> dict[str, float]:
        """As of all results; with `chosen`, of those metrics that have a number for each sample."""
        numbers = {name: value for name, value in self._found.items() if chosen is None or value.ndim}
        return {name: float((value if chosen is None else value[chosen]).mean()) for name, value in numbers.items()}

    def each(self, name: str) -> np.ndarray | None:
        value = self._found[name]
        return value if value.ndim else None

    def sizes(self) -> dict[str, int]:
        """Samples by metric; 0 for those that are one number."""
        return {name: len(value) if value.ndim else 0 for name, value in self._found.items()}


class Evaluation:
    """A network and its data, and what the original makes of them.

    Parameters
    ----------
    network, data
        What is run, and on what.
    output
        Name of the output that is judged; the first if None.
    batch
        Samples of a run, if the model leaves that open.

    Attributes
    ----------
    metrics
        Names of the metrics that fit the outputs and labels.
    count
        Number of samples.

    Raises
    ------
    MisuseError
        If the model does not run on the data, or labels and outputs do not fit: found by a first batch, before any long work.
    """

    def __init__(self, network: Network, data: Data, *, output: str | None = None, batch: int = 16) -> None:
        self.network, self.data, self.count = network, data, data.count
        names = [entry.name for entry in network.outputs]
        if output is not None and output not in names:
            raise refusal(f"{network.name} has no output {output}; it has {', '.join(names)}", "output")
        self.output = output or names[0]
        self._batch = network.batch(batch)
        self._fixed = network.batch(0) > 0
        self._lock = threading.Lock()
        self._original: Outputs | None = None
        self.classes = 0
        session = network.session()
        sample = self._run(session, np.arange(min(self._batch, data.count)))
        self._require_finite(sample)
        self.metrics = self._fitting(sample)

    def original(self, progress: Progress | None = None, threads: int = 1) -> Outputs:
        """What the original makes of the data; computed once."""
        with self._lock:
            if self._original is None:
                outputs = self._all(self.network.session(threads=threads), progress)
                self._require_finite(outputs)
                self._original = Outputs(outputs, self)
            return self._original

    def run(self, session: onnxruntime.InferenceSession, progress: Progress | None = None) -> Outputs:
        """What another session makes of the data."""
        self.original()
        return Outputs(self._all(session, progress), self)

    def truth(self, name: str, chosen: np.ndarray | None = None) -> np.ndarray:
        """As `Outputs.truth`."""
        found = self.original().outputs if METRICS[name].needs in ("scores", "original") else self.data.labels
        return found if chosen is None else found[chosen]

    def _all(self, session: onnxruntime.InferenceSession, progress: Progress | None) -> np.ndarray:
        parts = []
        for start in range(0, self.count, self._batch):
            parts.append(self._run(session, np.arange(start, min(start + self._batch, self.count))))
            if progress is not None:
                progress(min(start + self._batch, self.count), self.count)
        return np.concatenate(parts)

    def _run(self, session: onnxruntime.InferenceSession, chosen: np.ndarray) -> np.ndarray:
        # A model that prescribes the number of samples gets the last one again and again.
        filled = np.concatenate([chosen, np.repeat(chosen[-1:], self._batch - len(chosen))]) if self._fixed else chosen
        found = run(session, [self.output], self.data.feeds(filled), self.data.place)[0]
        if not isinstance(found, np.ndarray) or found.ndim == 0 or len(found) != len(filled) or found.dtype.kind not in "fiu":
            shape = list(found.shape) if isinstance(found, np.ndarray) else type(found).__name__
            raise refusal(
                f"{self.network.name}: output {self.output} is {shape} for {len(filled)} samples; expected numbers with the samples along "
                f"the first axis. Choose another output, or judge the model by a function, module.py:function", "output")
        found = found[:len(chosen)].astype(np.float32)
        # Scores of classes may have axes of length 1 behind them.
        return found.reshape(found.shape[:2]) if found.ndim > 2 and found.size == found.shape[0] * found.shape[1] else found

    def _require_finite(self, outputs: np.ndarray) -> None:
        """Of the original: a copy may be ruined by its quantization."""
        if not np.isfinite(outputs).all():
            raise refusal(
                f"{self.network.name}: output {self.output} is not finite on {self.data.place}; is the preprocessing the one that the model "
                "was trained with?", "preprocessing")

    def _fitting(self, sample: np.ndarray) -> list[str]:
        """Names of the metrics that fit, `sample` being outputs of a first batch."""
        labels, kind, shape = self.data.labels, self.data.kind, sample.shape[1:]
        place = f"{self.data.place}: labels"
        scores = len(shape) == 1 and shape[0] > 1
        if kind in ("classes", "relevance") and not scores:
            raise refusal(
                f"{place} are {kind}, but output {self.output} of {self.network.name} has the shape [samples, {', '.join(map(str, shape))}], "
                "expected [samples, classes]. Choose another output, or leave the labels out", "output")
        if kind == "classes" and (labels.min() < 0 or labels.max() >= shape[0]):
            wrong = int(np.argmax((labels < 0) | (labels >= shape[0])))
            raise refusal(
                f"{place}: sample {wrong} has the label {labels[wrong]}, expected 0 to {shape[0] - 1}, as {self.network.name} has {shape[0]} "
                "classes. Are they counted from 1, or another numbering?", "labels")
        if kind == "classes" and self.data.classes not in (None, shape[0]):
            raise refusal(
                f"{place} are {self.data.classes} folders, numbered by the order of their names, but {self.network.name} has {shape[0]} classes. "
                "Name the folders by the numbers of the classes, or give the labels as a CSV", "labels")
        if kind == "relevance" and (labels.shape[1:] != shape or labels.min() < 0):
            raise refusal(
                f"{place}: relevance has the shape {list(labels.shape)}, expected numbers of 0 or more, [samples, {shape[0]}]", "labels")
        if kind == "targets" and labels.reshape(len(labels), -1).shape[1] != int(np.prod(shape)):
            raise refusal(
                f"{place}: targets have the shape {list(labels.shape)}, but output {self.output} has [samples, "
                f"{', '.join(map(str, shape))}]", "labels")
        if kind == "targets":
            self.data.labels = labels.reshape(len(labels), *shape)
        self.classes = shape[0] if kind == "classes" else 0
        # Without labels, outputs of one axis may be scores or an embedding; both kinds of metrics are told then.
        needs = {"classes": ("classes", "scores"), "relevance": ("relevance", "scores"), "targets": ("targets", "original")}.get(
            kind, ("original", "scores") if scores else ("original",))
        few = kind == "classes" and shape[0] <= 5
        return [name for name, metric in METRICS.items() if metric.needs in needs and not (few and name == "top5")]


class FunctionEvaluation:
    """A network that a user's function judges."""

    def __init__(self, network: Network, function: Function) -> None:
        self.network, self.data = network, function
        self._original = Numbers(function(network.session()))
        self.metrics = list(self._original.values())
        self.count = max(self._original.sizes().values())
        for name, value in self._original.values().items():
            if name in METRICS and METRICS[name].unit == "%" and not 0 <= value <= 1:
                raise refusal(
                    f"{function.place}: {name} is {value:g}, expected a share between 0 and 1; divide it by 100, or give it another name", name)

    def original(self, progress: Progress | None = None, threads: int = 1) -> Numbers:
        """What the function says of the original."""
        return self._original

    def run(self, session: onnxruntime.InferenceSession, progress: Progress | None = None) -> Numbers:
        """What the function says of another session."""
        found = Numbers(self.data(session))
        if found.sizes() != self._original.sizes():
            now, before = (
                ", ".join(f"{name} [{size or 'one number'}]" for name, size in result.sizes().items()) for result in (found, self._original))
            raise refusal(f"{self.data.place} returned {now} now, and {before} for the original; expected the same", "data")
        return found


def evaluation(network: Network, data: Data | Function, *, output: str | None = None) -> Evaluation | FunctionEvaluation:
    """The evaluation that suits the data."""
    if isinstance(data, Function):
        if output is not None:
            raise refusal("output is for data, not for functions, which see the whole session", "output")
        return FunctionEvaluation(network, data)
    return Evaluation(network, data, output=output)


#: Words in the names that functions give their metrics, by which it is known whether more is better.
_FALLING = set("loss error err mse mae rmse mape kl nll ppl perplexity wer cer fid distance divergence".split())
_RISING = set("score accuracy acc top1 top5 precision recall f1 auc map iou dice psnr ssim snr bleu rouge mrr ndcg agreement share".split())


def metric(name: str, fits: list[str], labelled: bool = True, rising: bool | None = None) -> Metric:
    """The metric of that name, if it fits. rising: whether more is better, of those of functions whose names do not tell.

    Raises
    ------
    MisuseError
        If it does not fit, or its name does not tell.
    """
    if name in fits:
        if name in METRICS:
            return METRICS[name]
        words = set(re.split(r"[^a-z0-9]+", name.lower()))
        if rising is None and bool(words & _RISING) == bool(words & _FALLING):
            raise refusal(f"metric {name}: is more of it better? Call it {name}_score or {name}_error, or tell tune by --better", "metric")
        return Metric(name, "function", "", bool(words & _RISING) if rising is None else rising)
    if name not in METRICS:
        reason = "there is no such metric"
    elif not labelled and METRICS[name].needs in ("classes", "targets", "relevance"):
        reason = "it needs labels, and the data have none"
    else:
        reason = "it does not fit the data"
    raise refusal(f"metric {name}: {reason}; what fits: {', '.join(fits)}", "metric")


def require_sense(evaluation: Evaluation | FunctionEvaluation) -> None:
    """Refuses data on whose labels the original does no better than chance: with other labels or preprocessing than it was trained with,
    nothing that is measured would mean anything.

    Raises
    ------
    MisuseError
        If guesses would do as well with a probability of 5 % or more. Fewer than 20 samples are not judged.
    """
    classes = getattr(evaluation, "classes", 0)
    if not classes or evaluation.count < 20:
        return
    share = evaluation.original().values()["top1"]
    if stats.binomtest(round(share * evaluation.count), evaluation.count, 1 / classes, "greater").pvalue >= 0.05:
        raise refusal(
            f"{evaluation.network.name} is right on {100 * share:.1f} % of {evaluation.data.words}, no more than guesses among {classes} classes "
            "would be. Are the labels numbered as the model's classes are, and is the preprocessing the one it was trained with? --no-labels does "
            "without them", "labels")
