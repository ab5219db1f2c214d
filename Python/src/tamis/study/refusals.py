"""The errors of this package: each says what was found where, what was expected, and what to do."""

from __future__ import annotations

import os

from ..errors import MalformedError, MisuseError, NoInputError


def refusal(text: str, element: str | None = None, file: str | os.PathLike[str] | None = None) -> MisuseError:
    """What was asked for makes no sense. element: the option or array it is about."""
    return MisuseError(text, code="invalid_argument", element=element, file=None if file is None else os.fspath(file))


def damage(file: str | os.PathLike[str], text: str) -> MalformedError:
    """A file is not what it should be."""
    return MalformedError(f"{os.fspath(file)}: {text}", code="malformed", file=os.fspath(file))


def missing(file: str | os.PathLike[str], text: str) -> NoInputError:
    """There is no such file, or nothing in it."""
    return NoInputError(f"{os.fspath(file)}: {text}", code="no_input", file=os.fspath(file))
