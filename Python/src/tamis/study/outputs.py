"""Where results go, looked at before the work and not after it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import FileError, OutputExistsError
from .refusals import refusal

Name = str | os.PathLike[str]


def require_free(paths: Iterable[Name], overwrite: bool, inputs: Iterable[Name | None] = ()) -> None:
    """Refuses files that could not be written, or that would replace what is read.

    Parameters
    ----------
    paths
        The files that are to be written.
    overwrite
        Whether those that exist are replaced.
    inputs
        What is read: files, folders, or names of anything else, which are passed over, as None is.

    Raises
    ------
    MisuseError
        If there is no such folder, the path is no regular file, or it is one of the inputs.
    OutputExistsError
        If a file exists and is not to be replaced.
    FileError
        If the folder is not one to write into.
    """
    inputs = [entry for entry in inputs if entry is not None and os.path.exists(entry)]
    for path in map(Path, paths):
        if not os.path.isdir(path.parent):
            raise refusal(f"{path.parent}: no such folder", "output", path)
        if os.path.isdir(path):
            raise refusal(f"{path} is a folder, expected the name of a file", "output", path)
        if os.path.exists(path):
            if any(os.path.samefile(path, entry) for entry in inputs):
                raise refusal(f"{path} is read, and would be replaced; give another name", "output", path)
            if not os.path.isfile(path):
                raise refusal(f"{path} is no regular file; give another name", "output", path)
        if os.path.lexists(path) and not overwrite:
            raise OutputExistsError(
                f"{path} exists already; give another name, or -f (overwrite) to replace it", code="output_exists", file=str(path))
        _require_writable(path.parent, path)


def require_folder(folder: Name) -> None:
    """Refuses a folder that is none, or that can neither be written into nor made. It may have files in it.

    Raises
    ------
    OutputExistsError
        If there is a file of that name.
    MisuseError
        If a file is in the way to it.
    FileError
        If it, or the folder that it is to be made in, is not one to write into.
    """
    folder = Path(folder)
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise OutputExistsError(
            f"{folder} is a file, expected a folder to write to; give another name", code="output_exists", file=str(folder))
    there = next(entry for entry in (folder, *folder.absolute().parents) if os.path.lexists(entry))
    if not os.path.isdir(there):
        raise refusal(f"{folder}: {there} is a file, expected a folder", "output", folder)
    _require_writable(there, folder)


def _require_writable(folder: Path, path: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileError(f"{path} cannot be written: no permission to write into {folder}", code="cannot_create", file=str(path))
