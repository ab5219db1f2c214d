"""The model under study: its sessions in ONNX Runtime, and its tensors under the names that Tamis gives them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime

import tamis

from .._model import Source
from ..errors import UnsupportedError
from .refusals import damage, missing, refusal

#: numpy's names of what ONNX Runtime calls the types of inputs and outputs.
DTYPES = {
    "tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64", "tensor(int64)": "int64",
    "tensor(int32)": "int32", "tensor(int16)": "int16", "tensor(int8)": "int8", "tensor(uint8)": "uint8", "tensor(bool)": "bool",
}

#: Element types of tensors that can be quantized.
FLOATS = ("float64", "float32", "float16", "bfloat16")


class Network:
    """An ONNX model on the disk that ONNX Runtime loads.

    Attributes
    ----------
    path
        Where it is.
    inputs, outputs
        What goes in and comes out, as ONNX Runtime tells it: name, type, shape.

    Raises
    ------
    NoInputError
        If there is no such file.
    UnsupportedError
        If it is no ONNX model, or one that ONNX Runtime does not load.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = require_file(path)
        if self.path.suffix in (".tamis", ".safetensors"):
            advice = "decode it first: tamis decode FILE.tamis" if self.path.suffix == ".tamis" else "safetensors have no graph to run"
            raise self._unsupported(f"expected an ONNX model; {advice}")
        session = self.session()
        self.inputs, self.outputs = list(session.get_inputs()), list(session.get_outputs())
        self._first = session
        self._digest: str | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def nbytes(self) -> int:
        """Bytes of the model and of the files that hold its external data."""
        return sum(path.stat().st_size for path in self._files())

    @property
    def digest(self) -> str:
        """SHA-256 of the model's files, in hexadecimal digits."""
        if self._digest is None:
            total = hashlib.sha256()
            for path in self._files():
                with open(path, "rb") as file:
                    total.update(hashlib.file_digest(file, "sha256").digest())
            self._digest = total.hexdigest()
        return self._digest

    def session(self, encoded: Source | None = None, threads: int = 1) -> onnxruntime.InferenceSession:
        """A session on the model itself, or on an encoded copy of it, a path or bytes. threads: of the session; 0 for one per processor."""
        options = session_options(threads)
        if encoded is not None:
            return tamis.session(encoded, sess_options=options, threads=threads)
        try:
            return onnxruntime.InferenceSession(os.fspath(self.path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise self._unsupported(f"ONNX Runtime does not load the model: {first_line(error)}") from error

    def require_input(self, name: str) -> object:
        """The input of that name."""
        for entry in self.inputs:
            if entry.name == name:
                return entry
        raise refusal(f"{self.name} has no input {name}; it has {', '.join(entry.name for entry in self.inputs)}", name)

    def batch(self, asked: int = 16) -> int:
        """Samples of a run: the number that the model prescribes, or the one asked for."""
        fixed = {entry.shape[0] for entry in self.inputs if entry.shape and isinstance(entry.shape[0], int) and entry.shape[0] > 0}
        return min(fixed) if fixed else asked

    def _unsupported(self, text: str) -> UnsupportedError:
        return UnsupportedError(f"{self.path}: {text}", code="unsupported_feature", file=str(self.path))

    def _files(self) -> list[Path]:
        import onnx

        try:
            model = onnx.load(self.path, load_external_data=False)
        except Exception as error:
            raise damage(self.path, f"not read as an ONNX model: {first_line(error)}") from error
        names = {
            entry.value for tensor in model.graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL
            for entry in tensor.external_data if entry.key == "location"}
        return [self.path, *(self.path.parent / name for name in sorted(names))]


def session_options(threads: int = 1) -> onnxruntime.SessionOptions:
    """Options of sessions that share the processors with others and say nothing."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def run(session: onnxruntime.InferenceSession, names: list[str] | None, feeds: Mapping[str, np.ndarray], words: str) -> list[np.ndarray]:
    """The values of these names (None: of all outputs). words: what the feeds are, for the error if the model does not run on them."""
    try:
        return session.run(names, dict(feeds))
    except Exception as error:
        shapes = ", ".join(f"{name}: {values.dtype} {list(values.shape)}" for name, values in feeds.items())
        raise refusal(
            f"ONNX Runtime does not run the model on {words} ({shapes}): {first_line(error)}") from error


def weights(source: str | os.PathLike[str]) -> tamis.Model:
    """The tensors of an ONNX model, a safetensors file or a ``.tamis`` file, every bit of them, under the names that Tamis gives them."""
    path = require_file(source)
    if path.suffix == ".tamis":
        return tamis.open(path)
    return tamis.open(tamis.encode(path, lossless=True, effort=1))


def require_file(path: str | os.PathLike[str]) -> Path:
    """The path, if there is a file."""
    path = Path(path)
    if not path.is_file():
        raise missing(path, "is a folder, expected a file" if path.is_dir() else "no such file")
    return path


def first_line(error: BaseException) -> str:
    """The first line of an error's text, for errors that quote it."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
