"""The C library: where it is, and what `tamis.h` declares, for ctypes. Calls through it release the GIL."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, c_char_p, c_float, c_int, c_size_t, c_uint64, c_void_p
from pathlib import Path

from ._version import __version__

OK, AGAIN, END = 0, 7, 8
OPEN_ALL, OPEN_INDEX = 0, 1
LAYOUT_AS_STORED, LAYOUT_SINGLE_FILE, LAYOUT_EXTERNAL = 0, 1, 2
FORM_FLOAT, FORM_QDQ = 0, 1
STREAM_TENSORS, STREAM_PIECES = 1, 2

PROGRESS = ctypes.CFUNCTYPE(None, c_void_p, c_uint64, c_uint64)


class _Sized(ctypes.Structure):
    """A struct whose first member is its own size."""

    def __init__(self, **members) -> None:
        super().__init__(size=ctypes.sizeof(type(self)), **members)


class Limits(_Sized):
    _fields_ = [("size", c_size_t)] + [(name, c_uint64) for name in (
        "output_bytes", "tensor_bytes", "skeleton_bytes", "tensors", "holes", "files", "topology_bytes", "units")]


class Run(_Sized):
    # `cancel` is a plain pointer, as it points to a function of the C library (see _call.py).
    _fields_ = [
        ("size", c_size_t), ("threads", c_int), ("skip_file_digests", c_int), ("progress", PROGRESS), ("cancel", c_void_p),
        ("user", c_void_p)]


class FileInfo(_Sized):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("byte_count", c_uint64)]


class TensorInfo(_Sized):
    _fields_ = [
        ("size", c_size_t), ("name", c_char_p), ("element_type", c_int), ("rank", c_size_t), ("dimensions", POINTER(c_uint64)),
        ("element_count", c_uint64), ("byte_count", c_uint64)]


class TensorCoding(_Sized):
    _fields_ = [
        ("size", c_size_t), ("coded_bytes", c_uint64), ("mode", c_char_p), ("quantizer", c_char_p), ("exact", c_int),
        ("step", c_float), ("weight_error", c_float)]


class ExportOptions(_Sized):
    _fields_ = [
        ("size", c_size_t), ("layout", c_int), ("form", c_int), ("element_type", c_int), ("external_name", c_char_p)]


_handle = c_void_p
_handle_out = _error_out = POINTER(c_void_p)
_size_out = POINTER(c_size_t)
_text_out = POINTER(c_char_p)
_limits = POINTER(Limits)
_run = POINTER(Run)

# Functions that return a status, and take the place of an error as last argument, which is not listed.
_FALLIBLE = {
    "tamis_open_path": [c_char_p, c_int, _limits, _handle_out],
    "tamis_open_memory": [c_void_p, c_size_t, c_int, _limits, _handle_out],
    "tamis_get_file_info": [_handle, c_size_t, POINTER(FileInfo)],
    "tamis_get_tensor_info": [_handle, c_size_t, POINTER(TensorInfo)],
    "tamis_get_tensor_coding": [_handle, c_size_t, POINTER(TensorCoding)],
    "tamis_find_tensor": [_handle, c_char_p, _size_out],
    "tamis_get_alias": [_handle, c_size_t, _text_out, _size_out],
    "tamis_decode_file": [_handle, c_size_t, c_void_p, c_size_t, _run],
    "tamis_decode_tensor": [_handle, c_size_t, c_void_p, c_size_t, _run],
    "tamis_decode_rows": [_handle, c_size_t, c_uint64, c_uint64, c_void_p, c_size_t, _run],
    "tamis_verify": [_handle, _run],
    "tamis_export_open": [_handle, POINTER(ExportOptions), _run, _handle_out],
    "tamis_export_get_file_info": [_handle, c_size_t, POINTER(FileInfo)],
    "tamis_export_read": [_handle, c_size_t, c_void_p, c_size_t, _run],
    "tamis_export_write": [_handle, c_char_p, c_int, _run],
    "tamis_export_get_note": [_handle, c_size_t, _text_out, _text_out],
    "tamis_options_new": [_handle_out],
    "tamis_options_set": [_handle, c_char_p, c_char_p],
    "tamis_options_rule": [_handle, c_char_p, c_char_p, c_char_p],
    "tamis_encode_path": [c_char_p, c_char_p, c_int, _handle, _run],
    "tamis_encode_memory": [c_void_p, c_size_t, c_char_p, _handle, _run, POINTER(c_void_p), _size_out],
    "tamis_stream_new": [c_int, _limits, _run, _handle_out],
    "tamis_stream_push": [_handle, c_void_p, c_size_t],
    "tamis_stream_finish": [_handle],
    "tamis_stream_get_file_info": [_handle, c_size_t, POINTER(FileInfo)],
    "tamis_stream_file_is_checked": [_handle, c_size_t, POINTER(c_int)],
    "tamis_stream_next_tensor": [_handle, POINTER(TensorInfo), POINTER(c_void_p), _size_out],
    "tamis_stream_next_piece": [_handle, _size_out, POINTER(c_uint64), POINTER(c_void_p), _size_out],
}

# The others: what they return, and what they take.
_PLAIN = {
    "tamis_version": (c_char_p, []),
    "tamis_version_number": (c_int, []),
    "tamis_format_version": (c_int, []),
    "tamis_encoder_name": (c_char_p, []),
    "tamis_error_code": (c_char_p, [_handle]),
    "tamis_error_message": (c_char_p, [_handle]),
    "tamis_error_reason": (c_char_p, [_handle]),
    "tamis_error_file": (c_char_p, [_handle]),
    "tamis_error_unit": (c_char_p, [_handle]),
    "tamis_error_element": (c_char_p, [_handle]),
    "tamis_error_byte_offset": (ctypes.c_int64, [_handle]),
    "tamis_error_advice": (c_char_p, [_handle]),
    "tamis_error_free": (None, [_handle]),
    "tamis_free": (None, [c_void_p]),
    "tamis_close": (None, [_handle]),
    "tamis_file_count": (c_size_t, [_handle]),
    "tamis_tensor_count": (c_size_t, [_handle]),
    "tamis_alias_count": (c_size_t, [_handle]),
    "tamis_made_by": (c_char_p, [_handle]),
    "tamis_made_with": (c_char_p, [_handle]),
    "tamis_export_file_count": (c_size_t, [_handle]),
    "tamis_export_note_count": (c_size_t, [_handle]),
    "tamis_export_close": (None, [_handle]),
    "tamis_options_free": (None, [_handle]),
    "tamis_stream_file_count": (c_size_t, [_handle]),
    "tamis_stream_free": (None, [_handle]),
}


def _load() -> ctypes.CDLL:
    """Loads the library inside this package, or that named in TAMIS_LIBRARY."""
    inside = Path(__file__).parent / "libtamis.so.1"
    path = os.environ.get("TAMIS_LIBRARY") or str(inside)
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"the Tamis library could not be loaded from {path}: {error}. It is part of the wheel; in a source tree, build it by "
            "scripts/c-library and name it in TAMIS_LIBRARY") from None
    library.tamis_version.restype = c_char_p
    found = library.tamis_version().decode()
    if found != __version__:
        raise ImportError(f"the Tamis library at {path} has version {found}, expected {__version__}; install both from one wheel")
    for name, arguments in _FALLIBLE.items():
        function = getattr(library, name)
        function.restype, function.argtypes = c_int, [*arguments, _error_out]
    for name, (result, arguments) in _PLAIN.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


library = _load()
