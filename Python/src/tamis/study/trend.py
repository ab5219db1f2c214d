"""What loss to expect of each of a row of copies, when the loss of one alone is known too badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_REACH = 3.0  # copies whose outputs are that much farther from the original's still tell of a copy's loss (Spec/rationale/0023)


@dataclass(frozen=True)
class Trial:
    """A copy: the distance of its outputs from the original's, its loss, and the standard error of that (None: known exactly enough)."""

    distance: float
    loss: float
    error: float | None


def estimates(trials: Sequence[Trial]) -> list[float]:
    """Expected losses.

    On a few hundred samples the loss of a share is known to a point or so, but the divergence to some per cent. Small errors of the outputs
    change answers to the better and to the worse alike; what is lost on balance grows with the square of the errors, as the divergence does.
    So loss = a · distance, with a fitted by least squares, weighted by the inverse squares of the standard errors, to the trial itself and
    all that are nearer to the original or up to 3 times as far; and never less than for those nearer to it.
    """
    found = []
    for trial in trials:
        if trial.error is None:
            found.append(trial.loss)
            continue
        near = [other for other in trials if other.error is not None and other.distance <= _REACH * trial.distance]
        x, y = (np.array([getattr(other, name) for other in near]) for name in ("distance", "loss"))
        w = 1 / np.maximum([other.error for other in near], 1e-9) ** 2
        slope = (w * x * y).sum() / (w * x * x).sum() if (x > 0).any() else 0.0
        found.append(float(max(slope, 0) * trial.distance))
    order = np.argsort([trial.distance for trial in trials], kind="stable")
    rising = np.maximum.accumulate(np.array(found)[order])
    result = np.empty(len(trials))
    result[order] = rising
    return result.tolist()
