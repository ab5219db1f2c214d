"""Safetensors documents: 8 bytes with the length of a JSON header, the header, the tensors' bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy

from ._memory import Pages
from .errors import MisuseError

# By the names that numpy and ml_dtypes have for them.
_TYPES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32", "int32": "I32", "uint64": "U64",
    "int64": "I64", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64", "complex64": "C64",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0"}
# Data begins at a multiple of this.
_ALIGNMENT = 8


def document(tensors: Mapping[str, numpy.ndarray], metadata: Mapping[str, str] | None = None) -> memoryview:
    """The document that holds `tensors`, wide elements first, so that each begins at a multiple of its size."""
    arrays = {name: numpy.asarray(array) for name, array in tensors.items()}
    header: dict[str, object] = {}
    if metadata is not None:
        header["__metadata__"] = dict(metadata)
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    place = 0
    for name in order:
        array = arrays[name]
        kind = _TYPES.get(array.dtype.name)
        if kind is None:
            raise MisuseError(
                f"tensor '{name}' is of type {array.dtype}, which safetensors files do not have; expected one of {', '.join(_TYPES)}",
                code="invalid_argument", element=name)
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [place, place + array.nbytes]}
        place += array.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    memory = Pages(8 + len(text) + place).array
    start = 8 + len(text)
    memory[:8] = numpy.frombuffer(len(text).to_bytes(8, "little"), numpy.uint8)
    memory[8:start] = numpy.frombuffer(text, numpy.uint8)
    for name in order:
        array = arrays[name]
        if array.nbytes:
            room = memory[start:start + array.nbytes].view(array.dtype.newbyteorder("<")).reshape(array.shape)
            room[...] = array
        start += array.nbytes
    return memoryview(memory)
