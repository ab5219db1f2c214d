"""An open file, and what can be asked of it."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Union

import numpy

from . import _library
from ._call import Progress, Runner, call
from ._description import FileInfo, Limits, TensorCoding, TensorInfo, limits_argument, tensor_info
from ._element_types import ELEMENT_TYPES, ElementType, proper_array, proper_dtype, stored_dtype
from ._handle import Handle
from ._library import library
from ._memory import NewBytes, address, borrowed, is_path, path_argument, text_argument
from .errors import MisuseError

Source = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview]


class Model:
    """An open ``.tamis`` file. Any number of threads may use it at once.

    It is made by `tamis.open`, and is a context manager. The file must not be changed while it is open.
    """

    def __init__(self, source: Source, *, limits: Limits | None = None, sequential: bool = False) -> None:
        access = _library.OPEN_ALL if sequential else _library.OPEN_INDEX
        pointer = ctypes.c_void_p()
        # What the library reads from must live as long as the handle.
        self._source: object = None
        if is_path(source):
            call(library.tamis_open_path, path_argument(source), access, limits_argument(limits), ctypes.byref(pointer))
        else:
            self._source = data = borrowed(source)
            call(library.tamis_open_memory, address(data), data.size, access, limits_argument(limits), ctypes.byref(pointer))
        self._handle = Handle(pointer, library.tamis_close, "the model")
        self._tensors: _Tensors | None = None

    def __enter__(self) -> Model:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Frees the file. Calls that are under way come to their end first; arrays stay good."""
        self._handle.close()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._handle.is_closed

    @property
    def files(self) -> tuple[FileInfo, ...]:
        """The files that decoding yields; the first is the model itself."""
        with self._handle.use() as handle:
            found = []
            info = _library.FileInfo()
            for number in range(library.tamis_file_count(handle)):
                call(library.tamis_get_file_info, handle, number, ctypes.byref(info))
                found.append(FileInfo(info.name.decode(), info.byte_count))
            return tuple(found)

    @property
    def tensors(self) -> Mapping[str, TensorInfo]:
        """The tensors by name, in the order of the file. Further names of a tensor that has several are in `aliases`."""
        if self._tensors is None:
            with self._handle.use() as handle:
                found = {}
                info = _library.TensorInfo()
                for number in range(library.tamis_tensor_count(handle)):
                    call(library.tamis_get_tensor_info, handle, number, ctypes.byref(info))
                    described = tensor_info(info)
                    found[described.name] = described
                self._tensors = _Tensors(found)
        return self._tensors

    @property
    def aliases(self) -> dict[str, str]:
        """Further names of tensors that the model stores under more than one, each with the name in `tensors`."""
        with self._handle.use() as handle:
            found = {}
            name, number, info = ctypes.c_char_p(), ctypes.c_size_t(), _library.TensorInfo()
            for alias in range(library.tamis_alias_count(handle)):
                call(library.tamis_get_alias, handle, alias, ctypes.byref(name), ctypes.byref(number))
                call(library.tamis_get_tensor_info, handle, number, ctypes.byref(info))
                found[name.value.decode()] = info.name.decode()
            return found

    @property
    def encoder(self) -> str:
        """What made the file, such as ``"tamis 0.1.0, libzstd 1.5.4"``."""
        with self._handle.use() as handle:
            return library.tamis_made_by(handle).decode()

    @property
    def options(self) -> str:
        """The options the file was made with, as words of the command line."""
        with self._handle.use() as handle:
            return library.tamis_made_with(handle).decode()

    def coding(self, name: str) -> TensorCoding:
        """How a tensor is coded. The first call reads the headers of all units."""
        with self._handle.use() as handle:
            coding = _library.TensorCoding()
            call(library.tamis_get_tensor_coding, handle, self._find(handle, name), ctypes.byref(coding))
            return TensorCoding(
                coding.coded_bytes, coding.mode.decode(), None if coding.quantizer is None else coding.quantizer.decode(),
                bool(coding.exact), coding.step or None, None if coding.weight_error < 0 else coding.weight_error)

    def tensor(self, name: str, *, raw: bool = False, threads: int = 0) -> numpy.ndarray:
        """Decodes one tensor, straight into the memory of the array that is returned, and compares its digest.

        Parameters
        ----------
        name
            The tensor's name, or an alias.
        raw
            For types that numpy lacks (bfloat16, float8…, int4…): whether to return the bits instead, as uint16 or uint8 in the
            tensor's shape; of elements narrower than a byte, the packed bytes in one dimension. Without it, such tensors come as the
            types of the package ml_dtypes, packed ones with a byte for each element.
        threads
            Threads that work side by side; 0 for one per processor.

        Raises
        ------
        NoSuchTensorError
            If there is no tensor of this name; it is a KeyError.
        UnsupportedError
            If numpy lacks the type, ml_dtypes is not there, and `raw` was not given.
        """
        with self._handle.use() as handle:
            number = self._find(handle, name)
            info, kind = self._info(handle, number)
            stored, finish = _room(info, kind, info.shape, info.nbytes, raw)
            Runner(threads)(
                library.tamis_decode_tensor, handle, number, address(stored), stored.nbytes, work=stored.nbytes)
            return finish(stored)

    def rows(self, name: str, start: int, stop: int, *, raw: bool = False, threads: int = 0) -> numpy.ndarray:
        """Decodes the rows `start` to `stop` - 1 of a tensor: ``tensor(name)[start:stop]``, with less work where its coding allows.

        Checksums are compared; the digest of the tensor is not, as that takes all of it.

        Parameters
        ----------
        start, stop
            0 ≤ `start` ≤ `stop` ≤ the first dimension.
        name, raw, threads
            As for `tensor`.

        Raises
        ------
        MisuseError
            If the tensor is a scalar, or the rows are out of range.
        """
        with self._handle.use() as handle:
            number = self._find(handle, name)
            info, kind = self._info(handle, number)
            if not info.shape:
                raise MisuseError(f"'{name}' is a scalar, which has no rows; use tensor()", code="invalid_argument")
            if not 0 <= start <= stop <= info.shape[0]:
                raise MisuseError(
                    f"rows {start} to {stop} of '{name}' are out of range, expected 0 <= start <= stop <= {info.shape[0]}", code="invalid_argument")
            shape = (stop - start, *info.shape[1:])
            byte_count = (math.prod(shape) * kind.bits + 7) // 8
            stored, finish = _room(info, kind, shape, byte_count, raw)
            if start < stop:
                Runner(threads)(
                    library.tamis_decode_rows, handle, number, start, stop - start, address(stored), stored.nbytes, work=info.nbytes)
            return finish(stored)

    def file(self, number: int = 0, *, threads: int = 0, verify: bool = True, progress: Progress | None = None) -> bytes:
        """Decodes one of `files`, straight into the memory of the bytes that are returned."""
        with self._handle.use() as handle:
            info = _library.FileInfo()
            call(library.tamis_get_file_info, handle, _unsigned(number), ctypes.byref(info))
            memory = NewBytes(info.byte_count)
            Runner(threads, verify, progress)(library.tamis_decode_file, handle, number, memory.address, memory.size, work=memory.size)
            return memory.value

    def verify(self, *, threads: int = 0, progress: Progress | None = None) -> None:
        """Decodes everything and compares all checksums and digests, in bounded memory; keeps nothing.

        Raises
        ------
        MalformedError
            If the file is damaged.
        """
        with self._handle.use() as handle:
            Runner(threads, True, progress)(library.tamis_verify, handle)

    def __repr__(self) -> str:
        return f"<tamis.Model, {'closed' if self.closed else f'{len(self.tensors)} tensors'}>"

    def _find(self, handle: ctypes.c_void_p, name: str) -> int:
        number = ctypes.c_size_t()
        call(library.tamis_find_tensor, handle, text_argument(name), ctypes.byref(number))
        return number.value

    def _info(self, handle: ctypes.c_void_p, number: int) -> tuple[TensorInfo, ElementType]:
        info = _library.TensorInfo()
        call(library.tamis_get_tensor_info, handle, number, ctypes.byref(info))
        return tensor_info(info), ELEMENT_TYPES[info.element_type]


class _Tensors(Mapping[str, TensorInfo]):
    """A dictionary that is not to be changed."""

    def __init__(self, found: dict[str, TensorInfo]) -> None:
        self._found = found

    def __getitem__(self, name: str) -> TensorInfo:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return repr(self._found)


def _room(info: TensorInfo, kind: ElementType, shape: tuple[int, ...], byte_count: int, raw: bool):
    """An array to decode into, and the function that makes of it what is returned."""
    stored_type = stored_dtype(kind)
    stored = numpy.empty(byte_count // stored_type.itemsize, stored_type)
    if raw and kind.numpy_name is None:
        return stored, (lambda array: array.reshape(shape)) if kind.bits >= 8 else (lambda array: array)
    dtype = proper_dtype(kind, f"'{info.name}'")
    return stored, lambda array: proper_array(array, kind, shape, dtype)


def _unsigned(number: int) -> int:
    if number < 0:
        raise MisuseError(f"there is no file {number}, expected 0 or more", code="invalid_argument")
    return number


def open(source: Source, *, limits: Limits | None = None) -> Model:
    """Opens a ``.tamis`` file to look at it and to decode single tensors of it: only its index is read.

    Parameters
    ----------
    source
        A path, whose file is mapped into memory, or the bytes of a file, which are not copied and must not change.
    limits
        What the file may ask for.

    Raises
    ------
    NoInputError
        If there is no such file; it is a FileNotFoundError.
    MalformedError, UnsupportedError, LimitError
        If the file cannot be read.
    """
    return Model(source, limits=limits)
