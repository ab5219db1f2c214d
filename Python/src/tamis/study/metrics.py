"""What a network is judged by, from its outputs: classes, distances, rankings, and nearness to the original.

Scores have the shape samples x classes, labels one integer a sample. Confusion matrices have a row for each true class. Functions that
end in `_each` give a number for every sample, whose mean is the metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_LEAST = 1e-12  # probability that stands for none, so that divergences are finite


def distribution(scores: np.ndarray) -> np.ndarray:
    """Probabilities of the classes: the scores, if each sample's are a distribution already, or their softmax; float64."""
    scores = np.asarray(scores, np.float64)
    if scores.size and scores.min() >= 0 and np.allclose(scores.sum(1), 1, atol=1e-2):
        return np.maximum(scores, _LEAST)
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return np.maximum(raised / raised.sum(1, keepdims=True), _LEAST)


def top_each(scores: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """1 where the label is among the k highest scores; of equal scores, the class of the smaller number is the higher."""
    own = np.take_along_axis(scores, labels[:, None], 1)
    before = (scores > own).sum(1) + ((scores == own) & (np.arange(scores.shape[1]) < labels[:, None])).sum(1)
    return (before < k).astype(np.float64)


def agreement_each(scores: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """1 where the same class wins as in the reference."""
    return (scores.argmax(1) == reference.argmax(1)).astype(np.float64)


def divergence_each(scores: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Kullback–Leibler divergence of the classes' distributions from the reference's, in bits."""
    p, q = distribution(reference), distribution(scores)
    return (p * np.log2(p / q)).sum(1)


def confusion(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts of samples, classes x classes: row the true class, column the one with the highest score."""
    classes = scores.shape[1]
    return np.bincount(labels * classes + scores.argmax(1), minlength=classes * classes).reshape(classes, classes)


def accuracy(matrix: np.ndarray) -> float:
    """Share of samples on the diagonal of a confusion matrix."""
    return float(np.trace(matrix) / matrix.sum())


def recall_of_classes(matrix: np.ndarray) -> np.ndarray:
    """TP ⁄ (TP + FN) of each class; nan for classes that do not occur."""
    return _recall(*_counts(matrix))


def precision_of_classes(matrix: np.ndarray) -> np.ndarray:
    """TP ⁄ (TP + FP) of each class; 0 where the class was never chosen, nan for classes that do not occur."""
    return _precision(*_counts(matrix))


def f1_of_classes(matrix: np.ndarray) -> np.ndarray:
    """Harmonic mean of precision and recall of each class: 2·TP ⁄ (2·TP + FP + FN); nan for classes that do not occur."""
    return _f1(*_counts(matrix))


def _counts(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each class: how often it was chosen rightly, chosen, and true."""
    return np.diag(matrix), matrix.sum(0), matrix.sum(1)


def _recall(right: np.ndarray, chosen: np.ndarray, true: np.ndarray) -> np.ndarray:
    return _ratio(right, true, np.nan)


def _precision(right: np.ndarray, chosen: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.where(true > 0, _ratio(right, chosen, 0.0), np.nan)


def _f1(right: np.ndarray, chosen: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.where(true > 0, _ratio(2 * right, chosen + true, 0.0), np.nan)


def _ratio(part: np.ndarray, whole: np.ndarray, otherwise: float) -> np.ndarray:
    return np.where(whole > 0, part / np.maximum(whole, 1), otherwise)


def squared_each(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Mean squared error of each sample."""
    return np.square(_differences(outputs, targets)).mean(1)


def absolute_each(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Mean absolute error of each sample."""
    return np.abs(_differences(outputs, targets)).mean(1)


def _differences(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return (np.asarray(outputs, np.float64) - targets).reshape(len(outputs), -1)


def peak_signal_to_noise(error: float, peak: float) -> float:
    """10·log10(peak² ⁄ error) in dB, with a mean squared error; infinite if there is none."""
    return float("inf") if error == 0 else float(10 * np.log10(max(peak, np.finfo(float).tiny) ** 2 / error))


def reciprocal_rank_each(scores: np.ndarray, relevance: np.ndarray) -> np.ndarray:
    """1 over the rank of the first relevant item (relevance above 0) by falling score; 0 if there is none."""
    ranked = np.take_along_axis(relevance, np.argsort(-scores, 1, kind="stable"), 1) > 0
    return np.where(ranked.any(1), 1 / (ranked.argmax(1) + 1), 0.0)


def ndcg_each(scores: np.ndarray, relevance: np.ndarray) -> np.ndarray:
    """Normalized discounted cumulative gain: gains 2^relevance − 1, discounts log2(rank + 1), over those of the best order; 0 if no
    item is relevant (Järvelin and Kekäläinen, 2002; gains as Burges et al., 2005)."""
    gains, discounts = 2.0**relevance - 1, 1 / np.log2(np.arange(2, relevance.shape[1] + 2))
    found = (np.take_along_axis(gains, np.argsort(-scores, 1, kind="stable"), 1) * discounts).sum(1)
    best = (-np.sort(-gains, 1) * discounts).sum(1)
    return np.where(best > 0, found / np.where(best > 0, best, 1), 0.0)


@dataclass(frozen=True)
class Metric:
    """A number by which a network is judged.

    Attributes
    ----------
    needs
        ``"classes"``, ``"targets"`` or ``"relevance"``, the labels it takes; ``"scores"`` or ``"original"``: none, but the original's outputs.
    unit
        ``"%"`` for shares, which are 0 … 1; ``"bits"``, ``"dB"``, or ``""``.
    rising
        Whether more is better.
    each
        The number of each sample, from outputs and labels (or outputs of the original), if the metric is the mean of such.
    prepared
        Else, from the same, a function that gives the metric over the samples with the numbers it is called with, quickly.
    """

    title: str
    needs: str
    unit: str
    rising: bool
    each: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    prepared: Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], float]] | None = None

    def value(self, outputs: np.ndarray, truth: np.ndarray) -> float:
        """Over all samples."""
        return float(self.each(outputs, truth).mean()) if self.each else self.prepared(outputs, truth)(np.arange(len(outputs)))


def _by_class(function: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., Callable[[np.ndarray], float]]:
    """The mean of `function` over the classes that occur."""
    def prepared(scores: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], float]:
        occurring, true = np.unique(labels, return_inverse=True)
        numbers = np.full(scores.shape[1], len(occurring))  # classes that do not occur share the last number
        numbers[occurring] = np.arange(len(occurring))
        chosen = numbers[scores.argmax(1)]

        def value(drawn: np.ndarray) -> float:
            own, found = true[drawn], chosen[drawn]
            counts = (np.bincount(values, minlength=len(occurring))[:len(occurring)] for values in (own[own == found], found, own))
            return float(np.nanmean(function(*counts)))

        return value

    return prepared


def _of_squares(function: Callable[[float, float], float]) -> Callable[..., Callable[[np.ndarray], float]]:
    """`function` of the mean squared error and the range of the targets."""
    def prepared(outputs: np.ndarray, targets: np.ndarray) -> Callable[[np.ndarray], float]:
        squares, peak = squared_each(outputs, targets), float(np.max(targets)) - float(np.min(targets))
        return lambda drawn: function(float(squares[drawn].mean()), peak)

    return prepared


_root = _of_squares(lambda error, peak: error**0.5)
_peak = _of_squares(peak_signal_to_noise)

#: By the names that options and tables have for them. Precision, recall and F1 are means over the classes that occur.
METRICS = {
    "top1": Metric("top-1", "classes", "%", True, lambda scores, labels: top_each(scores, labels, 1)),
    "top5": Metric("top-5", "classes", "%", True, lambda scores, labels: top_each(scores, labels, 5)),
    "accuracy": Metric("accuracy", "classes", "%", True, lambda scores, labels: (scores.argmax(1) == labels).astype(np.float64)),
    "balanced_accuracy": Metric("balanced accuracy", "classes", "%", True, prepared=_by_class(_recall)),
    "precision": Metric("precision", "classes", "%", True, prepared=_by_class(_precision)),
    "recall": Metric("recall", "classes", "%", True, prepared=_by_class(_recall)),
    "f1": Metric("F1", "classes", "%", True, prepared=_by_class(_f1)),
    "agreement": Metric("agreement", "scores", "%", True, agreement_each),
    "kl": Metric("KL", "scores", "bits", False, divergence_each),
    "mse": Metric("MSE", "targets", "", False, squared_each),
    "mae": Metric("MAE", "targets", "", False, absolute_each),
    "rmse": Metric("RMSE", "targets", "", False, prepared=_root),
    "psnr": Metric("PSNR", "targets", "dB", True, prepared=_peak),
    "mrr": Metric("MRR", "relevance", "", True, reciprocal_rank_each),
    "ndcg": Metric("NDCG", "relevance", "", True, ndcg_each),
    "mse_to_original": Metric("MSE to the original", "original", "", False, squared_each),
    "mae_to_original": Metric("MAE to the original", "original", "", False, absolute_each),
    "rmse_to_original": Metric("RMSE to the original", "original", "", False, prepared=_root),
    "psnr_to_original": Metric("PSNR to the original", "original", "dB", True, prepared=_peak),
}
