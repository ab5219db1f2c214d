"""A point of a rate–distortion curve: options of encoding, what the file takes then, and what is left of the model's accuracy."""

from __future__ import annotations

import hashlib
import json
import shlex
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tamis

from .._safetensors import document
from ..errors import Cancelled, MisuseError, TamisError
from .evaluation import Evaluation, FunctionEvaluation, Result
from .network import Network, require_file, weights

_NUMBERS = ("quality", "bits_per_weight", "snr", "step", "effort")
_TEXTS = ("target_size", "allocation", "quantizer", "prune", "feedback", "grid", "statistics")
_UNIFORM = ("midtread", "midrise", "deadzone", "rdoq")
_FIXED = ("mu-law", "minifloat", "half", "symmetric", "affine", "codebook")
_FLOATS = ("float64", "float32", "float16", "bfloat16")
_VERSION = 1  # of what is measured: points of another one are measured anew


@dataclass(frozen=True)
class Point:
    """Options to encode a model with.

    Attributes
    ----------
    method
        The curve it is on.
    setting
        What it has to itself among the points of that curve.
    options
        Arguments of `tamis.encode`; none for the original itself.
    """

    method: str
    setting: str
    options: Mapping[str, Any] | None

    @property
    def words(self) -> str:
        """The options as the command line has them; rules of single tensors as a recipe has them."""
        if self.options is None:
            return "the original"
        words = []
        for name, value in self.options.items():
            option = "--" + name.replace("_", "-")
            if name == "rules":
                words += [f"{pattern}: {key} {entry}" for pattern, keys in value.items() for key, entry in keys.items()]
            elif value is True:
                words.append(option)
            else:
                words += [word for entry in (value if isinstance(value, list) else [value]) for word in (option, shlex.quote(_text(entry)))]
        return " ".join(words)

    @property
    def ideal(self) -> str:
        """Which entropy of the levels is that of the indices: ``"pooled"``, of all tensors together, where they share their levels;
        ``"per tensor"``; or ``""`` where neither is, as rows have steps of their own or a trellis chooses what an index stands for."""
        options = self.options or {}
        named = options.get("rules", {}).get("*", options).get("quantizer", "")
        name, *parameters = named.split(",") if isinstance(named, str) else [""]
        ranged = name == "mu-law" and any(part.startswith("range=") for part in parameters)
        if name == "half" or ranged or name in _UNIFORM and "step" in options:
            return "pooled"
        return "per tensor" if name in _FIXED else ""

    def key(self, subject: Mapping[str, Any]) -> str:
        """What tells it from all other points: a digest of options, of what made the file, and of what it is measured on."""
        options = None if self.options is None else dict(self.options)
        if options and "statistics" in options:
            options["statistics"] = hashlib.sha256(Path(options["statistics"]).read_bytes()).hexdigest()
        whole = {"version": _VERSION, "encoder": tamis.encoder_name, "options": options, **subject}
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:32]

    def validate(self) -> None:
        """Encodes a few numbers with these options, so that wrong ones are refused before the long work.

        Raises
        ------
        MisuseError, NoInputError
            If no model can be encoded with them.
        """
        options = dict(self.options or {})
        if "statistics" in options:
            require_file(options.pop("statistics"))
        if "target_size" in options:
            options["target_size"] = _large_enough(options["target_size"])
        try:
            tamis.encode(document({"weight": np.linspace(-1, 1, 4096, dtype=np.float32).reshape(64, 64)}), threads=1, **options)
        except TamisError as error:
            raise MisuseError(f"point '{self.words}': {error}", code="invalid_argument", element="point") from error


def parsed(text: str) -> Point:
    """A point from words of tamis encode, such as ``--quality 12 --quantizer trellis,states=8``."""
    try:
        split = shlex.split(text)
    except ValueError as error:
        raise MisuseError(
            f"point '{text}': not understood, {str(error).lower()}; expected options of tamis encode", code="invalid_argument",
            element="point") from None
    words = [part for word in split for part in (word.split("=", 1) if word.startswith("--") else [word])]
    options: dict[str, Any] = {}
    while words:
        word = words.pop(0)
        name = word.removeprefix("--").replace("-", "_")
        if not word.startswith("--") or name not in (*_NUMBERS, *_TEXTS, "exclude", "lossless"):
            known = ", ".join("--" + known.replace("_", "-") for known in (*_NUMBERS, *_TEXTS, "exclude", "lossless"))
            raise MisuseError(f"point '{text}': {word} is not understood; there are {known}", code="invalid_argument", element="point")
        if name == "lossless":
            options[name] = True
            continue
        if not words:
            raise MisuseError(f"point '{text}': {word} lacks its value", code="invalid_argument", element="point")
        value = words.pop(0)
        if name == "exclude":
            options.setdefault(name, []).append(value)
            continue
        if name in options:
            raise MisuseError(f"point '{text}': {word} is there twice", code="invalid_argument", element="point")
        options[name] = _number(text, word, value) if name in _NUMBERS else value
    method = {name: value for name, value in options.items() if name not in ("quality", "bits_per_weight", "target_size", "snr", "step")}
    setting = {name: value for name, value in options.items() if name not in method}
    return Point(
        Point("", "", method).words.replace("--", "") or "default", Point("", "", setting).words.replace("--", "") or "default", options)


def _number(text: str, word: str, value: str) -> float | int:
    try:
        number = float(value)
    except ValueError:
        raise MisuseError(f"point '{text}': {word} is {value}, expected a number", code="invalid_argument", element="point") from None
    return int(number) if number.is_integer() else number


def _large_enough(size: object) -> object:
    """A size that any few numbers fit in, if that one is well-formed; else itself, to be refused."""
    text = str(size).rstrip("KMG")
    return "1M" if text.replace(".", "", 1).isdigit() else size


def _text(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


class Subject:
    """A model and the data that points of it are measured on.

    Attributes
    ----------
    weight_count
        Elements of all tensors of floating-point numbers.
    identity
        Digests of the model and of the data, and what of the outputs is judged.
    """

    def __init__(self, network: Network, evaluation: Evaluation | FunctionEvaluation) -> None:
        self.network, self.evaluation = network, evaluation
        # A user's function may not be made for several threads.
        self._judging = threading.Lock() if isinstance(evaluation, FunctionEvaluation) else nullcontext()
        self._originals = weights(network.path)
        self._names = [name for name, info in self._originals.tensors.items() if info.dtype in _FLOATS]
        self.weight_count = sum(self._originals.tensors[name].size for name in self._names)
        if self.weight_count == 0:
            raise MisuseError(
                f"{network.name} has no tensors of floating-point numbers to quantize", code="invalid_argument", element="model")
        self.identity = {
            "model": network.digest, "data": evaluation.data.digest, "output": getattr(evaluation, "output", None),
            "metrics": list(evaluation.metrics)}

    def require_statistics(self, points: Iterable[Point]) -> None:
        """Encodes the model with each file of statistics that the points name, so that a wrong one is refused before the long work.

        Raises
        ------
        MisuseError
            If the model cannot be encoded with one of them.
        """
        named = {str(point.options["statistics"]): point for point in points if point.options and "statistics" in point.options}
        for path, point in named.items():
            try:
                tamis.encode(self.network.path, statistics=path, effort=1, threads=1)
            except TamisError as error:
                raise MisuseError(f"point '{point.words}': {error}", code="invalid_argument", element="point") from error

    def tensors(self, encoded: tamis.Model | None = None):
        """Yields each tensor of floating-point numbers: (as it was, as the encoded file has it), float64."""
        for name in self._names:
            yield tuple(np.asarray(model.tensor(name, threads=1), np.float64) for model in (self._originals, encoded or self._originals))

    def measured(self, point: Point, stopped: threading.Event | None = None) -> dict[str, Any]:
        """Encodes the model, and measures the file and what it computes: a row for the store of points and for tables.

        Sizes are bytes, rates bits for each weight, shares 0 … 1. None stands for what is infinite, or no number at all; which metrics
        are none, as those of a copy whose outputs are not finite, is told by ``undefined``.

        Raises
        ------
        Cancelled
            If `stopped` was set.
        """
        def progress(*_: int) -> None:
            if stopped is not None and stopped.is_set():
                raise Cancelled("interrupted", code="cancelled")

        progress()
        start = time.monotonic()
        if point.options is None:
            size, row, result = self.network.nbytes, self._ideal(None), self.evaluation.original(progress)
            encoding = 0.0
        else:
            encoded = tamis.encode(self.network.path, threads=1, progress=progress, **point.options)
            encoding = time.monotonic() - start
            with tamis.open(encoded) as model:
                size, row = len(encoded), self._ideal(model)
            with self._judging:
                result = self.evaluation.run(self.network.session(encoded), progress)
        ratio = self.network.nbytes / size
        confusion = result.confusion() if hasattr(result, "confusion") else None
        values = result.values()
        return {
            "method": point.method, "setting": point.setting, "options": None if point.options is None else dict(point.options),
            "file_bytes": size, "bits_per_weight": 8 * size / self.weight_count, "ratio": ratio, "saving": 1 - 1 / ratio,
            "ideal": point.ideal, **row, "metrics": {name: _finite(value) for name, value in values.items()},
            "undefined": [name for name, value in values.items() if np.isnan(value)], "errors": self._errors(result),
            "confusion": None if confusion is None else _sparse(confusion),
            "seconds": {"encode": round(encoding, 3), "all": round(time.monotonic() - start, 3)}}

    def _ideal(self, encoded: tamis.Model | None) -> dict[str, float | None]:
        """Order-0 entropies of the decoded values, and the ratio of the weights' power to their errors'."""
        signal = noise = alone = 0.0
        levels, counts = [], []
        for x, y in self.tensors(encoded):
            signal, noise = signal + float((x * x).sum()), noise + float(((x - y) ** 2).sum())
            values, times = np.unique(y, return_counts=True)
            alone += entropy(times) * y.size
            levels.append(values)
            counts.append(times)
        _, places = np.unique(np.concatenate(levels), return_inverse=True)
        pooled = np.bincount(places.ravel(), weights=np.concatenate(counts))
        return {
            "ideal_pooled": entropy(pooled), "ideal_per_tensor": alone / self.weight_count,
            "snr_db": _finite(float(10 * np.log10(signal / noise))) if signal > 0 and noise > 0 else None}

    def _errors(self, result: Result) -> dict[str, float]:
        """Standard errors of the metrics' differences from the original's, the samples being compared one by one."""
        found = {}
        for name in self.evaluation.metrics:
            each, before = result.each(name), self.evaluation.original().each(name)
            if each is not None and before is not None and len(each) > 1:
                found[name] = _finite(float((each - before).std(ddof=1) / np.sqrt(len(each))))
        return {name: error for name, error in found.items() if error is not None}


def entropy(counts: np.ndarray) -> float:
    """Order-0 entropy in bits of symbols that occur so many times; scalar quantizers' levels stand for their indices, one to one."""
    share = counts[counts > 0] / counts.sum()
    return max(0.0, float(-(share * np.log2(share)).sum()))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _sparse(matrix: np.ndarray) -> dict[str, Any]:
    """A confusion matrix as its number of classes and a list of [true class, chosen class, samples]."""
    rows, columns = np.nonzero(matrix)
    return {"classes": len(matrix), "counts": np.stack([rows, columns, matrix[rows, columns]], 1).tolist()}


