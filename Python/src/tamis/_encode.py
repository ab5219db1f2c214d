"""Encoding, in one call."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, overload

from ._call import Progress, Runner, call
from ._durable import write_durably
from ._handle import Handle
from ._library import library
from ._memory import NewBytes, address, borrowed, is_path, path_argument, text_argument
from .errors import MisuseError

if TYPE_CHECKING:
    import onnx

ModelSource = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, "onnx.ModelProto"]
_TARGETS = ("quality", "bits_per_weight", "target_size", "snr", "step")


@overload
def encode(model: ModelSource, output: None = None, **options: Any) -> bytes: ...
@overload
def encode(model: ModelSource, output: str | os.PathLike[str], **options: Any) -> None: ...
def encode(
    model, output=None, *, quality: float | None = None, bits_per_weight: float | None = None, target_size: int | str | None = None,
    snr: float | None = None, step: float | None = None, lossless: bool = False, effort: int | None = None, allocation: str | None = None,
    quantizer: str | Mapping[str, Any] | None = None, prune: str | Mapping[str, Any] | None = None, exclude: Iterable[str] = (),
    rules: Mapping[str, Mapping[str, Any]] | None = None, feedback: str | None = None, grid: str | None = None,
    statistics: str | os.PathLike[str] | None = None, file_name: str | None = None, overwrite: bool = False, threads: int = 0,
    progress: Progress | None = None):
    """Encodes an ONNX or safetensors model.

    At most one of `quality`, `bits_per_weight`, `target_size`, `snr`, `step` and `lossless` says how close the weights stay; none
    of them is quality 15. The bytes depend on the model and the options only, not on the machine or the number of threads.

    Parameters
    ----------
    model
        A path (ONNX with the external data beside it, safetensors, or the index of several safetensors files), the bytes of a model of
        one file, or an onnx.ModelProto that holds all its data.
    output
        The file to write. It takes its name only when all of it is on the disk. None returns the bytes instead.
    quality
        Minus the decibels of all tensors' relative errors added up, -20 to 120.
    bits_per_weight
        Bits of the whole file per weight, 0.01 to 40.
    target_size
        Bytes that the file is not to exceed, also as text such as ``"600K"`` or ``"1.5M"``.
    snr
        Ratio of weights to errors in decibels, -10 to 150.
    step
        One absolute step for all tensors.
    lossless
        Whether every bit is kept.
    effort
        1 to 9 (5): how hard to look for fewer bits.
    allocation
        ``"balanced"``, or ``"global"``: one step for all.
    quantizer
        Such as ``"trellis,states=64"`` or ``{"name": "affine", "bits": 8}``; see docs/recipes.md.
    prune
        Such as ``"sigma=0.5"`` or ``{"keep": "2:4"}``.
    exclude
        Patterns over the names of tensors that are kept bit by bit; ``*`` stands for any text, ``?`` for one character.
    rules
        Options of single tensors by patterns over their names: ``{"head.*": {"weight": 4}, "*.bias": {"quantizer": "exact"}}``, with the
        keys quantizer, prune, weight and step. All that match apply, later ones over earlier ones.
    feedback
        ``"none"`` or ``"synthetic"``: whether later weights of an output hide the errors of earlier ones.
    grid
        ``"int8"`` or ``"int4"``: weights are such integers times a step, for `tamis.decode` and `tamis.session` with ``form="qdq"``. Steps are
        coarser where that takes it.
    statistics
        A safetensors file with measured statistics of the layers' inputs; see docs/statistics.md.
    file_name
        What the decoded file is to be called, for a model from memory.
    overwrite
        Whether an `output` that exists is replaced.
    threads
        Threads that work side by side; 0 for one per processor.
    progress
        Called now and then, from another thread, with what is done and the total.

    Returns
    -------
    bytes or None
        Without `output`, the encoded file. A model from a path is encoded by way of a temporary file then.

    Raises
    ------
    MisuseError
        For an option out of range; it is a ValueError.
    MalformedError
        If `model` is not sound.
    FileError
        If a file cannot be read or written; OutputExistsError if the output exists.
    """
    settings = {
        "quality": quality, "bits_per_weight": bits_per_weight, "target_size": target_size, "snr": snr, "step": step,
        "lossless": True if lossless else None, "effort": effort, "allocation": allocation, "quantizer": quantizer, "prune": prune,
        "feedback": feedback, "grid": grid, "statistics": statistics}
    options = _options(settings, [exclude] if isinstance(exclude, str) else exclude, rules or {})
    runner = Runner(threads, True, progress)
    with options.use() as handle:
        if is_path(model):
            if file_name is not None:
                raise MisuseError("file_name is for models from memory; the file of one from a path keeps its name", code="invalid_argument")
            if output is not None:
                runner(library.tamis_encode_path, path_argument(model), path_argument(output), int(overwrite), handle)
                return None
            with tempfile.TemporaryDirectory(prefix="tamis-") as folder:
                path = Path(folder, "model.tamis")
                runner(library.tamis_encode_path, path_argument(model), path_argument(path), 0, handle)
                return path.read_bytes()
        encoded = _encoded(borrowed(_serialized(model)), file_name, handle, runner)
    if output is None:
        return encoded
    write_durably(encoded, output, overwrite)
    return None


def _encoded(data, file_name: str | None, options: ctypes.c_void_p, runner: Runner) -> bytes:
    made, size = ctypes.c_void_p(), ctypes.c_size_t()
    name = None if file_name is None else text_argument(file_name)
    try:
        runner(library.tamis_encode_memory, address(data), data.size, name, options, results=(ctypes.byref(made), ctypes.byref(size)))
        memory = NewBytes(size.value)
        ctypes.memmove(memory.address, made, memory.size)
        return memory.value
    finally:
        library.tamis_free(made)


def _serialized(model: object) -> object:
    """Bytes as they are; a ModelProto (or whatever can) turned into bytes."""
    serialize = getattr(model, "SerializeToString", None)
    if serialize is None:
        try:
            memoryview(model)  # type: ignore[arg-type]
        except TypeError:
            raise MisuseError(
                f"a model is a path, bytes or an onnx.ModelProto, not {type(model).__name__}", code="invalid_argument") from None
        return model
    try:
        return serialize()
    except ValueError as error:  # protobuf's own limit
        raise MisuseError(
            f"the ModelProto cannot be serialized: {error}. Above 2 GiB, save it by onnx.save(..., save_as_external_data=True) and "
            "encode the path", code="invalid_argument") from error


def _options(settings: Mapping[str, Any], exclude: Iterable[str], rules: Mapping[str, Mapping[str, Any]]) -> Handle:
    """What the library is to do, as it wants to be told."""
    given = {key: value for key, value in settings.items() if value is not None}
    targets = [key for key in (*_TARGETS, "lossless") if key in given]
    if len(targets) > 1:
        raise MisuseError(f"{' and '.join(targets)} contradict each other; give one of them", code="invalid_argument", element=targets[1])
    pointer = ctypes.c_void_p()
    call(library.tamis_options_new, ctypes.byref(pointer))
    options = Handle(pointer, library.tamis_options_free, "the options")
    with options.use() as handle:
        for key, value in given.items():
            call(library.tamis_options_set, handle, key.encode(), _option_text(value))
        for pattern in exclude:
            call(library.tamis_options_set, handle, b"exclude", text_argument(pattern))
        for pattern, entries in rules.items():
            for key, value in entries.items():
                call(library.tamis_options_rule, handle, text_argument(pattern), text_argument(key), _option_text(value))
    return options


def _option_text(value: object) -> bytes:
    """A value as the text that the library reads."""
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, os.PathLike):
        return path_argument(value)
    if isinstance(value, Mapping):
        words = [str(value["name"])] if "name" in value else []
        words += [f"{key}={entry}" for key, entry in value.items() if key != "name"]
        return text_argument(",".join(words))
    if isinstance(value, (str, int, float)):
        return text_argument(str(value))
    try:
        return text_argument(repr(float(value)))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise MisuseError(f"an option is a number, a text or a mapping, not {type(value).__name__}", code="invalid_argument") from None
