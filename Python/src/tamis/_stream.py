"""Decoding while the bytes arrive."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Union

import numpy

from . import _library
from ._call import Runner, call
from ._description import FileInfo, Limits, TensorInfo, limits_argument, tensor_info
from ._element_types import ELEMENT_TYPES, proper_array, proper_dtype, stored_dtype
from ._handle import Handle
from ._library import library
from ._memory import address, borrowed, is_path

# Bytes that iter_tensors reads at a time.
_CHUNK_BYTES = 1 << 20


class StreamDecoder:
    """Decodes a ``.tamis`` file that arrives in pieces: push bytes, fetch what has come out of them.

    It is a context manager, and used by one thread at a time. Memory is bounded to the largest unit and tensor if everything is
    fetched after each push of moderate size.

    Parameters
    ----------
    tensors
        Whether `tensors` is to give something.
    pieces
        Whether `pieces` is to give something.
    limits
        What the file may ask for.
    threads
        Threads that work side by side; 0 for one per processor.

    Examples
    --------
    >>> with tamis.StreamDecoder() as stream:
    ...     for chunk in response:
    ...         stream.push(chunk)
    ...         for info, array in stream.tensors():
    ...             ...
    ...     stream.finish()
    """

    def __init__(self, *, tensors: bool = True, pieces: bool = False, limits: Limits | None = None, threads: int = 0) -> None:
        wanted = (_library.STREAM_TENSORS if tensors else 0) | (_library.STREAM_PIECES if pieces else 0)
        # The library keeps a copy of the run, whose flag must live as long.
        self._runner = Runner(threads)
        pointer = ctypes.c_void_p()
        call(library.tamis_stream_new, wanted, limits_argument(limits), ctypes.byref(self._runner.run), ctypes.byref(pointer))
        self._handle = Handle(pointer, library.tamis_stream_free, "the stream")

    def __enter__(self) -> StreamDecoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Frees the stream; arrays that it gave stay good."""
        self._handle.close()

    def push(self, data: Union[bytes, bytearray, memoryview]) -> None:
        """Takes the next bytes, any number of them, and decodes what is complete by them.

        Raises
        ------
        MalformedError, UnsupportedError, LimitError
            As soon as the bytes say that the file cannot be read; the stream is spent then.
        """
        with self._handle.use() as handle:
            array = borrowed(data)
            self._runner.interruptibly(lambda: call(library.tamis_stream_push, handle, address(array), array.size))

    def finish(self) -> None:
        """Says that there are no more bytes.

        Raises
        ------
        MalformedError
            With the code ``"truncated"`` if some are missing.
        """
        with self._handle.use() as handle:
            self._runner.interruptibly(lambda: call(library.tamis_stream_finish, handle))

    @property
    def files(self) -> tuple[FileInfo, ...]:
        """The files that decoding yields; empty until the list of them has arrived."""
        with self._handle.use() as handle:
            found = []
            info = _library.FileInfo()
            for number in range(library.tamis_stream_file_count(handle)):
                call(library.tamis_stream_get_file_info, handle, number, ctypes.byref(info))
                found.append(FileInfo(info.name.decode(), info.byte_count))
            return tuple(found)

    def is_checked(self, file: int) -> bool:
        """After `finish`: whether the SHA-256 of a whole file was compared.

        It is not where pieces came too far from their places. Each tensor was compared with its digest all the same.
        """
        with self._handle.use() as handle:
            checked = ctypes.c_int()
            call(library.tamis_stream_file_is_checked, handle, file, ctypes.byref(checked))
            return bool(checked.value)

    def tensors(self, *, raw: bool = False) -> Iterator[tuple[TensorInfo, numpy.ndarray]]:
        """The tensors that are complete and were not given before, in the order of the stream, each checked against its digest.

        Parameters
        ----------
        raw
            For types that numpy lacks: whether to return the bits instead; see `Model.tensor`.
        """
        info, data, size = _library.TensorInfo(), ctypes.c_void_p(), ctypes.c_size_t()
        while True:
            with self._handle.use() as handle:
                status = call(
                    library.tamis_stream_next_tensor, handle, ctypes.byref(info), ctypes.byref(data), ctypes.byref(size))
                if status != _library.OK:
                    return
                described, kind = tensor_info(info), ELEMENT_TYPES[info.element_type]
                stored = numpy.empty(described.nbytes // stored_dtype(kind).itemsize, stored_dtype(kind))
                ctypes.memmove(address(stored), data, stored.nbytes)
            if raw and kind.numpy_name is None:
                yield described, stored.reshape(described.shape) if kind.bits >= 8 else stored
            else:
                yield described, proper_array(stored, kind, described.shape, proper_dtype(kind, f"'{described.name}'"))

    def pieces(self) -> Iterator[tuple[int, int, bytes]]:
        """The pieces of files that have come out and were not given before: (number of the file, offset in it, bytes).

        All pieces of a stream that ends well fill each file exactly.
        """
        file, offset, data, size = ctypes.c_size_t(), ctypes.c_uint64(), ctypes.c_void_p(), ctypes.c_size_t()
        while True:
            with self._handle.use() as handle:
                status = call(
                    library.tamis_stream_next_piece, handle, ctypes.byref(file), ctypes.byref(offset), ctypes.byref(data),
                    ctypes.byref(size))
                if status != _library.OK:
                    return
                piece = bytes((ctypes.c_char * size.value).from_address(data.value)) if size.value else b""
            yield file.value, offset.value, piece


def iter_tensors(
    source: Any, *, raw: bool = False, limits: Limits | None = None, threads: int = 0,
) -> Iterator[tuple[str, numpy.ndarray]]:
    """The tensors of a ``.tamis`` file by name, in the order of the file, each as soon as it has arrived.

    Parameters
    ----------
    source
        What is read from: a file object (a pipe, a socket's file, a response of urllib), an iterable of bytes, a path, or bytes.
    raw, limits, threads
        As for `StreamDecoder`.

    Raises
    ------
    MalformedError
        After tensors were given, if the file turns out to be damaged or truncated: what is given is checked, what is missing is not
        known before the end.
    """
    with StreamDecoder(limits=limits, threads=threads) as stream:
        for chunk in _chunks(source):
            stream.push(chunk)
            for info, array in stream.tensors(raw=raw):
                yield info.name, array
        stream.finish()
        for info, array in stream.tensors(raw=raw):
            yield info.name, array


def _chunks(source: Any) -> Iterator[Any]:
    if is_path(source):
        with open(source, "rb") as file:
            yield from _read(file)
    elif hasattr(source, "read"):
        yield from _read(source)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source).cast("B")
        for start in range(0, len(view), _CHUNK_BYTES):
            yield view[start:start + _CHUNK_BYTES]
    else:
        yield from source


def _read(file: Any) -> Iterator[bytes]:
    # What a pipe has, rather than waiting for as much as asked.
    read = getattr(file, "read1", file.read)
    while chunk := read(_CHUNK_BYTES):
        yield chunk
