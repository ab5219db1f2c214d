"""What networks are fed with, and the labels: folders of images, .npz files, functions."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import os
import re
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime

from .network import DTYPES, Network, first_line, require_file
from .preprocessing import Preprocessing, preprocessing as find_preprocessing
from .refusals import damage, missing, refusal

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
#: Names of an .npz file's array of labels.
LABELS = ("labels", "label", "targets", "target", "relevance")
_KEPT = 1 << 30  # bytes of images that are kept when they have been read
_LABEL = re.compile(r"(\d+)[_-]")  # a label at the beginning of an image's name


class Data:
    """Samples to run a network on.

    Attributes
    ----------
    count
        Number of samples.
    labels
        An entry for each sample: a class (integer), or an array of targets or relevances; None without labels.
    kind
        What the labels are: ``"classes"``, ``"targets"``, ``"relevance"``, or None.
    words
        What it is, for a reader.
    place
        Where it comes from, for errors.
    classes
        Number of folders of images, if labels are the places of their names in order; else None.
    """

    classes: int | None = None

    def __init__(self, count: int, labels: np.ndarray | None, kind: str | None, words: str, place: str) -> None:
        if count == 0:
            raise refusal(f"{place}: no samples in it", "data")
        self.count, self.labels, self.kind, self.words, self.place = count, labels, kind, words, place

    def feeds(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        """Inputs of the samples with these numbers, 0 … count − 1: arrays by the names of the inputs, samples along the first axis."""
        raise NotImplementedError

    @property
    def digest(self) -> str:
        """SHA-256 of the samples, labels and preprocessing, in hexadecimal digits."""
        labels = "" if self.labels is None else repr((self.labels.dtype.str, self.labels.shape, self.labels.tobytes()))
        return hashlib.sha256((self.inputs_digest + labels).encode()).hexdigest()

    @property
    def inputs_digest(self) -> str:
        """The same without the labels."""
        raise NotImplementedError

    def hints(self) -> dict[str, Any]:
        """What noise has to be like to stand for such data: arguments of `Noise`."""
        return {}


class Images(Data):
    """Image files, read when they are needed."""

    def __init__(
        self, paths: list[Path], labels: np.ndarray | None, network: Network, spec: Preprocessing, place: str,
    ) -> None:
        self.preprocessing, self._entry, self._dtype = spec.fitted(network)
        super().__init__(len(paths), labels, None if labels is None else "classes", f"{len(paths)} images of {place}", place)
        self._paths = paths
        self._read: dict[int, np.ndarray] = {}
        self._held = 0
        self._lock = threading.Lock()
        self._digest: str | None = None

    def feeds(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        with ThreadPoolExecutor(2) as pool:
            pixels = np.stack(list(pool.map(self._pixels, (int(k) for k in chosen))))
        return {self._entry: self.preprocessing.values(pixels, self._dtype)}

    def _pixels(self, number: int) -> np.ndarray:
        found = self._read.get(number)
        if found is None:
            found = self.preprocessing.pixels(self._paths[number])
            with self._lock:
                if self._held + found.nbytes <= _KEPT:
                    self._held += found.nbytes
                    self._read[number] = found
        return found

    def hints(self) -> dict[str, Any]:
        return {"preprocessing": self.preprocessing}

    @property
    def inputs_digest(self) -> str:
        if self._digest is None:
            total = hashlib.sha256(repr(self.preprocessing).encode())
            for path in self._paths:
                with open(path, "rb") as file:
                    total.update(hashlib.file_digest(file, "sha256").digest())
            self._digest = total.hexdigest()
        return self._digest


class Arrays(Data):
    """Arrays in memory, by the names of the model's inputs."""

    def __init__(
        self, arrays: Mapping[str, np.ndarray], labels: np.ndarray | None, kind: str | None, network: Network, place: str,
    ) -> None:
        self._arrays = {}
        for entry in network.inputs:
            if entry.name not in arrays:
                raise refusal(
                    f"{place}: no array named {entry.name}, an input of {network.name}; it has {', '.join(arrays) or 'none'}", entry.name)
            self._arrays[entry.name] = _fitting(place, entry, arrays[entry.name])
        counts = {name: len(values) for name, values in self._arrays.items() if values.ndim}
        if labels is not None:
            counts["labels"] = len(labels)
        if len(set(counts.values())) != 1:
            found = ", ".join(f"{count} samples ({name})" for name, count in counts.items()) or "no samples"
            raise refusal(f"{place}: the arrays have {found}; all need the same number of them along the first axis", "data")
        count = next(iter(counts.values()))
        super().__init__(count, labels, kind, f"{count} samples of {place}", place)

    def feeds(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        return {name: values[chosen] if values.ndim else values for name, values in self._arrays.items()}

    def hints(self) -> dict[str, Any]:
        return {"shapes": {name: values.shape[1:] for name, values in self._arrays.items() if values.ndim}}

    @property
    def inputs_digest(self) -> str:
        total = hashlib.sha256()
        for name, values in self._arrays.items():
            total.update(repr((name, values.dtype.str, values.shape)).encode())
            total.update(np.ascontiguousarray(values).data)
        return total.hexdigest()


class Subset(Data):
    """Some samples of other data."""

    def __init__(self, data: Data, chosen: np.ndarray, words: str | None = None) -> None:
        labels = None if data.labels is None else data.labels[chosen]
        super().__init__(len(chosen), labels, data.kind, words or f"{len(chosen)} of {data.words}", data.place)
        self._data, self._chosen, self.classes = data, np.asarray(chosen), data.classes

    def feeds(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        return self._data.feeds(self._chosen[chosen])

    def hints(self) -> dict[str, Any]:
        return self._data.hints()

    @property
    def inputs_digest(self) -> str:
        return hashlib.sha256((self._data.inputs_digest + repr(self._chosen.tolist())).encode()).hexdigest()


class Function:
    """A function of the user's that judges a session: ``evaluate(session) -> dict`` of numbers by name.

    A value may also be an array of a number for each sample, whose mean is the metric: then the samples of two sessions can be compared one
    by one, and divided into those that choose and those that confirm.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.place, self.words = f"{path}:{name}", f"the function {name} of {path}"
        self._function = _loaded(path, name)
        self.digest = hashlib.sha256(path.read_bytes() + name.encode()).hexdigest()

    def __call__(self, session: onnxruntime.InferenceSession) -> dict[str, Any]:
        try:
            found = self._function(session)
        except Exception as error:
            raise refusal(f"{self.place} failed: {type(error).__name__}: {first_line(error)}", "data") from error
        if not isinstance(found, Mapping) or not found:
            raise refusal(
                f"{self.place} returned {type(found).__name__}, expected a dictionary of numbers by the names of metrics", "data")
        for name, value in found.items():
            try:
                numbers = np.asarray(value, np.float64)
            except (TypeError, ValueError):
                numbers = np.empty((0, 0))
            if numbers.ndim > 1 or numbers.size == 0 or not np.isfinite(numbers).all():
                raise refusal(
                    f"{self.place}: {name} is {value!r}, expected a finite number, or an array of one for each sample", str(name))
        return dict(found)


def open_data(
    source: str | os.PathLike[str], network: Network, *, labels: str | os.PathLike[str] | bool = True,
    preprocessing: str | os.PathLike[str] | Preprocessing | None = None, samples: int | None = None,
) -> Data | Function:
    """Data for a network, from where `source` says: a folder of images, an .npz file, or ``module.py:function``.

    Parameters
    ----------
    source
        A folder: labels are the integer that names begin with (``0007_goldfish.jpg``), or the folders inside, in the order of their names.
        An .npz file: arrays named as the model's inputs, and ``labels`` (integers: classes; else targets), ``targets`` or ``relevance``.
        Folders whose names are integers have these for labels.
    labels
        A CSV with the columns file and label for images; True for labels where the data have them, False for none.
    preprocessing
        For images: a preset, a YAML file, or a `Preprocessing`.
    samples
        At most that many, spread evenly.

    Raises
    ------
    MisuseError, NoInputError, MalformedError
        If there are no such data, or the model does not take them.
    """
    text = os.fspath(source)
    module, _, name = text.rpartition(":")
    if module.endswith(".py"):
        if samples is not None or labels not in (True, False):
            raise refusal(f"{text}: samples and labels are up to the function; leave these options out", "data")
        return Function(require_file(module), name)
    path = Path(text)
    if path.is_dir():
        data: Data = _images(path, network, labels, preprocessing)
    elif not path.exists():
        raise missing(path, "no such file or folder; data are a folder of images, FILE.npz or module.py:function")
    elif path.suffix == ".npz":
        if preprocessing is not None or labels not in (True, False):
            raise refusal(f"{path}: preprocessing and files of labels are for images", "data")
        arrays = read_arrays(path)
        found, kind = _array_labels(path, arrays, network) if labels else (None, None)
        data = Arrays(arrays, found, kind, network, path.name)
    else:
        raise refusal(f"{path}: expected a folder of images, an .npz file or module.py:function", "data")
    if samples is not None and samples < 1:
        raise refusal(f"samples is {samples}, expected 1 or more", "samples")
    return data if samples is None or samples >= data.count else Subset(data, spread(data.count, samples))


def spread(count: int, chosen: int) -> np.ndarray:
    """`chosen` of the numbers 0 … count − 1, spread evenly."""
    return ((np.arange(chosen) + 0.5) * count / chosen).astype(np.int64)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of an .npz file."""
    try:
        with np.load(path) as arrays:
            return dict(arrays)
    except (OSError, ValueError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise damage(path, f"expected an .npz file, as numpy.savez makes it; is it damaged? ({type(error).__name__})") from error


def _fitting(place: str, entry: Any, values: np.ndarray) -> np.ndarray:
    """The values, if they are of the type and shape that the input has; samples may be any number."""
    if DTYPES.get(entry.type, "") != values.dtype.name and not (entry.type == "tensor(string)" and values.dtype.kind in "OU"):
        raise refusal(
            f"{place}: {entry.name} is {values.dtype.name}, expected {entry.type}, as the model has it; convert it by astype", entry.name)
    sizes = [size if isinstance(size, int) and size > 0 else None for size in entry.shape[1:]]
    if entry.shape and (values.ndim != len(entry.shape) or any(size and size != own for size, own in zip(sizes, values.shape[1:]))):
        expected = ", ".join(["samples", *(str(size or "any") for size in sizes)])
        raise refusal(
            f"{place}: {entry.name} has the shape {list(values.shape)}, expected [{expected}], as the model has it", entry.name)
    return values


def _array_labels(path: Path, arrays: Mapping[str, np.ndarray], network: Network) -> tuple[np.ndarray | None, str | None]:
    inputs = {entry.name for entry in network.inputs}
    for name in LABELS:
        if name in arrays and name not in inputs:
            values = arrays[name]
            if values.dtype.kind not in "iufb" or values.ndim == 0 or not np.isfinite(values).all():
                raise refusal(
                    f"{path}: {name} is {values.dtype.name} {list(values.shape)}, expected finite numbers, samples along the first axis", name)
            if name == "relevance":
                return values.astype(np.float64), "relevance"
            if values.dtype.kind in "iu" and name.startswith("label") and (values.ndim == 1 or values.size == len(values)):
                return values.reshape(-1).astype(np.int64), "classes"
            return values, "targets"
    return None, None


def _images(folder: Path, network: Network, labels: Any, spec: Any) -> Images:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGES and path.is_file())
    if not paths:
        raise missing(folder, f"no images in it ({', '.join(IMAGES)})")
    if spec is None:
        raise refusal(
            f"{folder}: images need the preprocessing that {network.name} was trained with: torch, caffe, efficientnet-lite, tf or a YAML "
            "file", "preprocessing")
    if labels is False:
        found = None
    elif labels is True:
        found = _labels_of_names(folder, paths)
    else:
        found = _labels_of_table(require_file(labels), folder, paths)
    data = Images(paths, found, network, find_preprocessing(spec), f"{folder.name or folder}/")
    if labels is True and (classes := _class_folders(folder, paths)) and not all(parent.name.isdecimal() for parent in classes):
        data.classes = len(classes)
    return data


def _labels_of_names(folder: Path, paths: list[Path]) -> np.ndarray | None:
    """From the folders that the images are in, or from the beginnings of their names; None if these say nothing."""
    if classes := _class_folders(folder, paths):
        named = all(parent.name.isdecimal() for parent in classes)
        numbers = {parent: int(parent.name) if named else number for number, parent in enumerate(classes)}
        return np.array([numbers[path.parent] for path in paths])
    matches = [_LABEL.match(path.name) for path in paths]
    if not any(matches):
        return None
    if not all(matches):
        wrong = paths[matches.index(None)]
        raise refusal(
            f"{wrong}: expected a name that begins with a label, as 0007_name.jpg, like the others; rename it, or give the labels as a CSV",
            "labels", wrong)
    return np.array([int(match[1]) for match in matches if match])


def _class_folders(folder: Path, paths: list[Path]) -> list[Path]:
    """The folders that the images are divided among, in the order of their names; none if they lie in `folder` itself."""
    parents = {path.parent for path in paths}
    return sorted(parents) if folder not in parents and len(parents) > 1 else []


def _labels_of_table(table: Path, folder: Path, paths: list[Path]) -> np.ndarray:
    labels: dict[str, int] = {}
    try:
        with open(table, newline="", encoding="utf-8-sig") as lines:
            rows = list(csv.reader(lines))
    except (UnicodeDecodeError, csv.Error) as error:
        raise damage(table, f"expected a CSV in UTF-8 ({first_line(error)})") from error
    for number, row in enumerate(rows, 1):
        if row and not (number == 1 and len(row) > 1 and not row[1].strip().isdecimal()):
            if len(row) < 2 or not row[1].strip().isdecimal():
                raise damage(table, f"line {number}: expected a file name and a label, an integer, with a comma between")
            labels[row[0].strip()] = int(row[1])
    missing = [path for path in paths if path.name not in labels and str(path.relative_to(folder)) not in labels]
    if missing:
        raise refusal(
            f"{table}: no label for {missing[0].relative_to(folder)}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
            + "; add lines for them, or take the images out of the folder", "labels", table)
    return np.array([labels.get(str(path.relative_to(folder)), labels.get(path.name)) for path in paths])


def _loaded(path: Path, name: str) -> Callable[[onnxruntime.InferenceSession], Any]:
    own = path.stem if path.stem not in sys.modules else f"{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    specification = importlib.util.spec_from_file_location(own, path)
    module: ModuleType = importlib.util.module_from_spec(specification)  # type: ignore[arg-type]
    # As for a script: modules beside it can be imported, now and later, and what it defines can be found by its name.
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[own] = module
    try:
        specification.loader.exec_module(module)  # type: ignore[union-attr]
    except Exception as error:
        raise refusal(f"{path}: cannot be imported: {type(error).__name__}: {first_line(error)}", "data") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise refusal(f"{path}: has no function {name}", "data")
    return function
