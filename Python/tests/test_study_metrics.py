"""Metrics against values worked out by hand."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("PIL")

from tamis.study import metrics
from tamis.study.metrics import METRICS


def samples(matrix):
    """Scores and labels of which `matrix` is the confusion matrix."""
    truth, chosen = np.indices(np.shape(matrix)).reshape(2, -1)
    counts = np.ravel(matrix)
    return np.eye(len(matrix))[np.repeat(chosen, counts)], np.repeat(truth, counts)


def test_two_classes():
    matrix = np.array([[40, 10], [5, 45]])
    scores, labels = samples(matrix)
    assert (metrics.confusion(scores, labels) == matrix).all()
    assert METRICS["accuracy"].value(scores, labels) == METRICS["top1"].value(scores, labels) == metrics.accuracy(matrix) == 0.85
    assert metrics.precision_of_classes(matrix) == pytest.approx([0.889, 0.818], abs=5e-4)
    assert metrics.recall_of_classes(matrix) == pytest.approx([0.8, 0.9])
    assert metrics.f1_of_classes(matrix) == pytest.approx([0.842, 0.857], abs=5e-4)


def test_three_classes():
    scores, labels = samples([[40, 8, 2], [5, 35, 10], [5, 7, 48]])
    assert METRICS["accuracy"].value(scores, labels) == pytest.approx(0.769, abs=5e-4)
    assert METRICS["balanced_accuracy"].value(scores, labels) == pytest.approx(0.767, abs=5e-4)
    matrix = metrics.confusion(scores, labels)
    for found in (metrics.precision_of_classes(matrix), metrics.recall_of_classes(matrix), metrics.f1_of_classes(matrix)):
        assert found == pytest.approx([0.8, 0.7, 0.8], abs=0.005)


def test_classes_that_do_not_occur():
    matrix = np.array([[3, 0, 1], [2, 0, 0], [0, 0, 0]])  # 1 is never chosen, 2 never true
    assert metrics.recall_of_classes(matrix) == pytest.approx([0.75, 0, np.nan], nan_ok=True)
    assert metrics.precision_of_classes(matrix) == pytest.approx([0.6, 0, np.nan], nan_ok=True)
    scores, labels = samples(matrix)
    assert METRICS["recall"].value(scores, labels) == pytest.approx(0.375)


def test_top_k_counts_ties_by_number():
    scores = np.array([[1.0, 3.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    assert metrics.top_each(scores, np.array([2, 0]), 1).tolist() == [0, 1]
    assert metrics.top_each(scores, np.array([2, 3]), 2).tolist() == [1, 0]
    assert metrics.top_each(scores, np.array([3, 3]), 4).tolist() == [1, 1]


def test_divergence():
    p, q = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    assert metrics.divergence_each(q, p) == pytest.approx([0.5 * np.log2(2) + 0.5 * np.log2(0.5 / 0.75)])
    scores = np.array([[1.0, 2.0, -1.0]])
    assert metrics.divergence_each(scores, scores + 7) == pytest.approx([0], abs=1e-12)
    assert metrics.distribution(np.log(q) + 3) == pytest.approx(q)


def test_distances():
    outputs, targets = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 0.0], [3.0, 4.0]])
    assert [METRICS[name].value(outputs, targets) for name in ("mse", "mae", "rmse")] == pytest.approx([1.25, 0.75, 1.25**0.5])
    assert METRICS["psnr"].value(outputs, targets) == pytest.approx(10 * np.log10(16 / 1.25))
    assert METRICS["psnr"].value(targets, targets) == np.inf


def test_rankings():
    scores = np.array([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]])
    assert METRICS["mrr"].value(scores, np.array([[0, 0, 2], [0, 0, 1]])) == pytest.approx((1 / 2 + 1 / 3) / 2)
    # Gains 3 and 1 in the ranks 1 and 3, and in the best order 1 and 2.
    found = metrics.ndcg_each(scores[:1], np.array([[1.0, 2.0, 0.0]]))
    assert found == pytest.approx([(3 + 1 / 2) / (3 + 1 / np.log2(3))])
    assert metrics.ndcg_each(scores[:1], np.zeros((1, 3))).tolist() == [0]
