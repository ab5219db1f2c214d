"""What goes wrong, as exceptions: one class for each family of errors, so that callers can tell what they can do about it."""

from __future__ import annotations

__all__ = [
    "TamisError", "MalformedError", "UnsupportedError", "LimitError", "MisuseError", "NoSuchTensorError", "FileError",
    "NoInputError", "OutputExistsError", "Cancelled",
]


class TamisError(Exception):
    """Base of all errors of this package; its text says what is wrong, where, what was expected, and what to do.

    Attributes
    ----------
    code : str
        A stable name for programs, such as ``"payload_checksum"``.
    family : str
        ``"malformed"``, ``"unsupported"``, ``"limit"``, ``"misuse"``, ``"io"`` or ``"cancelled"``.
    reason : str
        What was found, and what was expected, without place, code and advice.
    file, unit, element : str or None
        The file, the unit of the stream (such as ``"data_unit[3]"``) and the syntax element the error is about, where there is one.
    byte_offset : int or None
        Offset of the fault from the start of the file, in bytes.
    advice : str or None
        What the reader can do, where there is something.
    """

    family = "malformed"

    def __init__(
        self, message: str, *, code: str = "", reason: str | None = None, file: str | None = None, unit: str | None = None,
        element: str | None = None, byte_offset: int | None = None, advice: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason if reason is not None else message
        self.file = file
        self.unit = unit
        self.element = element
        self.byte_offset = byte_offset
        self.advice = advice

    def __str__(self) -> str:
        return self.message

    def __reduce__(self):
        return _restored, (type(self), self.message, {
            name: getattr(self, name) for name in ("code", "reason", "file", "unit", "element", "byte_offset", "advice")})


class MalformedError(TamisError):
    """The bytes are damaged, truncated or never were sound; or a model to be encoded is not what its format allows."""


class UnsupportedError(TamisError):
    """The bytes are sound, but this version cannot read them, or not in the way asked for."""

    family = "unsupported"


class LimitError(TamisError):
    """The bytes ask for more than the limits allow, or for more memory than there is."""

    family = "limit"


class MisuseError(TamisError, ValueError):
    """What was asked for makes no sense."""

    family = "misuse"


class NoSuchTensorError(MisuseError, KeyError):
    """The model has no tensor of this name."""

    __str__ = TamisError.__str__  # that of KeyError shows the text as a literal


class FileError(TamisError, OSError):
    """The operating system refused to read or write."""

    family = "io"
    __str__ = TamisError.__str__


class NoInputError(FileError, FileNotFoundError):
    """There is no such file."""


class OutputExistsError(FileError, FileExistsError):
    """The output exists, and ``overwrite`` was not given."""


class Cancelled(TamisError):
    """The work was stopped before its end; nothing of it is left."""

    family = "cancelled"


_BY_CODE = {"no_such_tensor": NoSuchTensorError, "no_input": NoInputError, "output_exists": OutputExistsError}
_BY_STATUS = {1: MalformedError, 2: UnsupportedError, 3: LimitError, 4: MisuseError, 5: FileError, 6: Cancelled}


def error_class(status: int, code: str) -> type[TamisError]:
    """The class for a status and a code of the C library."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status, TamisError)


def _restored(kind: type[TamisError], message: str, fields: dict) -> TamisError:
    return kind(message, **fields)
