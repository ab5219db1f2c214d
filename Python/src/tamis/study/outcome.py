"""What a search for the smallest file leaves: the file, its recipe, its statistics, and a page."""

from __future__ import annotations

import os
import shlex
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tamis

from .._durable import write_durably
from .data import Data, Function
from .network import FLOATS, Network
from .outputs import require_free
from .recipe import recipe
from .tuning import Candidate, Tuned, Tuner
from .tuning_page import page


def tune(
    network: Network, data: Data | Function, metric: str, max_drop: float, output: str | os.PathLike[str], *, overwrite: bool = False,
    **search: Any,
) -> tuple[Tuned, dict[str, Any]]:
    """Finds the smallest file that keeps a metric, and writes it.

    Half of the samples choose the file, by size against loss at a row of qualities; the other half, which chose nothing, confirms it. Some
    samples before that measure the inputs of layers and are not evaluated.

    Parameters
    ----------
    network, data
        The model, and what it is judged on.
    metric, max_drop
        What is to be kept, and how much of it may be lost: points for shares such as top1, else in the metric's unit.
    output
        The ``.tamis`` file. Beside it are written, by its name, ``.recipe.yaml``, ``.report.html`` and, if inputs were measured,
        ``.statistics.safetensors``: from recipe and statistics, ``tamis encode`` makes the same file.
    overwrite
        Whether files that exist are replaced.
    **search
        As for `Tuner`.

    Returns
    -------
    tuple
        The outcome, and the same in words and numbers that JSON has.

    Raises
    ------
    OutputExistsError
        If one of the files exists, found before the search.
    MisuseError
        As for `Tuner`.
    """
    start, output = time.monotonic(), Path(output)
    files = {kind: output.with_name(f"{output.stem}.{kind}") for kind in ("recipe.yaml", "statistics.safetensors", "report.html")}
    require_free([output, *files.values()], overwrite, [network.path])
    tuner = Tuner(network, data, metric, max_drop, **search)
    with tempfile.TemporaryDirectory(prefix=".tamis-study-", dir=output.parent) as folder:
        tuned = tuner.run(Path(folder))
        encoded = Path(folder, "model.tamis").read_bytes()
        statistics = tuned.best.options.statistics
        words = ["tamis", "encode", str(network.path), "--recipe", str(files["recipe.yaml"]), "-o", str(output)]
        if statistics is not None:
            words += ["--statistics", str(files["statistics.safetensors"])]
            write_durably(statistics.read_bytes(), files["statistics.safetensors"], overwrite)
    found = _found(network, tuned, encoded) | {"output": str(output), "encode": shlex.join(words), "seconds": time.monotonic() - start}
    write_durably(_recipe(network, tuned, shlex.join(words)).encode(), files["recipe.yaml"], overwrite)
    page(files["report.html"], network, tuned, found, overwrite=overwrite)
    write_durably(encoded, output, overwrite)
    return tuned, found


def _recipe(network: Network, tuned: Tuned, command: str) -> str:
    options = tuned.best.options
    return recipe(
        {"quality": tuned.best.quality, **{key: value for key, value in options.common.items() if value not in (None, [], ())}},
        {name: {"weight": weight} for name, weight in options.weights.items()},
        [f"Found by tamis-study tune: of {network.name}, {tuned.metric} is to lose {tuned.max_drop:g} at most.", command])


def _found(network: Network, tuned: Tuned, encoded: bytes) -> dict[str, Any]:
    with tamis.open(encoded) as model:
        elements = sum(tensor.size for tensor in model.tensors.values() if tensor.dtype in FLOATS)
    original = network.nbytes
    return {
        "model": str(network.path), "data": tuned.words, "metric": tuned.metric, "max_drop": tuned.max_drop, "confirmed": tuned.confirmed,
        "held_out": tuned.held_out, "measured_on": tuned.measured_on, "samples": tuned.counts, "confidence": tuned.confidence,
        "original_bytes": original, "bytes": len(encoded), "ratio": original / len(encoded), "bits_per_weight": 8 * len(encoded) / elements,
        "quality": tuned.best.quality, "allocation": tuned.best.options.name, "options": tuned.best.options.common,
        "expected_loss": tuned.expected_loss, "comparison": asdict(tuned.look), "looks": [asdict(look) for look in tuned.looks],
        "allocations": [{"name": name, "bytes": size, "distance": distance} for name, size, distance in tuned.allocations],
        "candidates": [_row(entry, loss) for entry, loss in zip(tuned.candidates, tuned.expected)], "encoder": tamis.encoder_name,
    }


def _row(entry: Candidate, expected: float) -> dict[str, Any]:
    found = {"allocation": entry.options.name, "quality": entry.quality, "bytes": entry.nbytes, "distance": entry.fidelity, "expected_loss": expected}
    return found | asdict(entry.chosen_by)
