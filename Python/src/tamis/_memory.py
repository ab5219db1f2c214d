"""Memory that the library reads from or writes into, and text that it is given."""

from __future__ import annotations

import ctypes
import mmap
import os

import numpy

from .errors import MisuseError

_new_bytes = ctypes.pythonapi.PyBytes_FromStringAndSize
_new_bytes.restype, _new_bytes.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_ssize_t]
_address_of_bytes = ctypes.pythonapi.PyBytes_AsString
_address_of_bytes.restype, _address_of_bytes.argtypes = ctypes.c_void_p, [ctypes.py_object]


def is_path(source: object) -> bool:
    return isinstance(source, (str, os.PathLike))


def path_argument(path: str | os.PathLike[str]) -> bytes:
    return _without_zeros(os.fsencode(path), path)


def text_argument(text: str) -> bytes:
    return _without_zeros(text.encode(), text)


def _without_zeros(encoded: bytes, text: object) -> bytes:
    """Refuses what would end early in C."""
    if b"\0" in encoded:
        raise MisuseError(f"{text!r} has a zero byte in it, which no path, name or option may have", code="invalid_argument")
    return encoded


def borrowed(source: object) -> numpy.ndarray:
    """The bytes of a bytes-like object as an array, which keeps it alive; no copy is made."""
    view = memoryview(source)  # type: ignore[arg-type]
    return numpy.frombuffer(view, numpy.uint8) if view.nbytes else numpy.empty(0, numpy.uint8)


def address(array: numpy.ndarray) -> int:
    return array.ctypes.data


class NewBytes:
    """A `bytes` object to be filled once by the library, before anybody else sees it: so that no copy is needed."""

    def __init__(self, size: int) -> None:
        self.size = size
        # An empty one is shared by the whole process, but then nothing is written.
        self.value: bytes = _new_bytes(None, size)
        self.address: int = _address_of_bytes(self.value)


class Pages:
    """Memory of its own, aligned to pages, which goes back to the system as soon as no array uses it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.array = numpy.frombuffer(mmap.mmap(-1, max(size, 1), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), numpy.uint8)[:size]
        self.address: int = address(self.array)
