"""A model in another form: other files, integers with DequantizeLinear, narrower floating-point numbers."""

from __future__ import annotations

import ctypes
import os
from types import TracebackType

from . import _library
from ._call import Runner, call
from ._element_types import NUMBERS
from ._handle import Handle
from ._library import library
from ._memory import NewBytes, Pages, path_argument, text_argument
from ._description import FileInfo
from ._model import Model
from .errors import MisuseError

_FORMS = {"float": _library.FORM_FLOAT, "qdq": _library.FORM_QDQ}
_DTYPES = {None: 0, "float16": NUMBERS["float16"], "bfloat16": NUMBERS["bfloat16"]}


class Export:
    """The files of a model in the form asked for, ready to be decoded.

    Parameters
    ----------
    model
        Opened with all its units.
    form, dtype
        As for `tamis.decode`.
    single_file, external
        As for `tamis.decode`; not both.
    """

    def __init__(
        self, model: Model, *, form: str = "float", dtype: str | None = None, single_file: bool = False, external: str | bool = False,
        runner: Runner,
    ) -> None:
        if single_file and external:
            raise MisuseError("single_file and external contradict each other; give one of them", code="invalid_argument")
        layout = _library.LAYOUT_SINGLE_FILE if single_file else _library.LAYOUT_EXTERNAL if external else _library.LAYOUT_AS_STORED
        options = _library.ExportOptions(
            layout=layout, form=choice("form", form, _FORMS), element_type=choice("dtype", dtype, _DTYPES),
            external_name=text_argument(external) if isinstance(external, str) else None)
        pointer = ctypes.c_void_p()
        self._runner = runner
        with model._handle.use() as handle:
            try:
                runner(library.tamis_export_open, handle, ctypes.byref(options), results=(ctypes.byref(pointer),))
            except BaseException:
                library.tamis_export_close(pointer)  # which is there if a signal came at the last moment
                raise
        self._handle = Handle(pointer, library.tamis_export_close, "the export")

    def __enter__(self) -> Export:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._handle.close()

    @property
    def files(self) -> tuple[FileInfo, ...]:
        with self._handle.use() as handle:
            found = []
            info = _library.FileInfo()
            for number in range(library.tamis_export_file_count(handle)):
                call(library.tamis_export_get_file_info, handle, number, ctypes.byref(info))
                found.append(FileInfo(info.name.decode(), info.byte_count))
            return tuple(found)

    @property
    def notes(self) -> dict[str, str]:
        """Tensors that are not in the form asked for, each with the reason."""
        with self._handle.use() as handle:
            found = {}
            tensor, reason = ctypes.c_char_p(), ctypes.c_char_p()
            for number in range(library.tamis_export_note_count(handle)):
                call(library.tamis_export_get_note, handle, number, ctypes.byref(tensor), ctypes.byref(reason))
                found[tensor.value.decode()] = reason.value.decode()
            return found

    def bytes(self, file: int) -> bytes:
        memory = NewBytes(self._size(file))
        self._read(file, memory)
        return memory.value

    def pages(self, file: int) -> Pages:
        memory = Pages(self._size(file))
        self._read(file, memory)
        return memory

    def write(self, path: str | os.PathLike[str], overwrite: bool) -> None:
        with self._handle.use() as handle:
            self._runner(library.tamis_export_write, handle, path_argument(path), int(overwrite))

    def _size(self, file: int) -> int:
        files = self.files
        if not 0 <= file < len(files):
            raise MisuseError(f"there is no file {file}, decoding yields {len(files)}", code="invalid_argument")
        return files[file].nbytes

    def _read(self, file: int, memory: NewBytes | Pages) -> None:
        with self._handle.use() as handle:
            self._runner(library.tamis_export_read, handle, file, memory.address, memory.size, work=memory.size)


def choice(name: str, value: object, known: dict) -> int:
    """The number of one of the words that a parameter can be."""
    try:
        return known[value]
    except (KeyError, TypeError):
        words = ", ".join(repr(word) for word in known)
        raise MisuseError(f"{name} is {value!r}, expected one of {words}", code="invalid_argument", element=name) from None
