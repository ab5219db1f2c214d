"""The finished points of a curve on the disk, so that nothing is measured twice and an interrupted run goes on."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import FileError, MalformedError, MisuseError, OutputExistsError

NAME = "points.jsonl"
_FORMAT = "tamis-study points 1"


class PointStore:
    """``points.jsonl`` in a folder: a line that says what the points are measured on, then a line of JSON for each finished point.

    A line is on the disk before the next point counts as finished. What a killed run left of a line is cut off. One process at a time
    has the store open; any number of its threads may use it.

    Parameters
    ----------
    folder
        Made if it is not there.
    subject
        What the points belong to: ``{"model": digest, "data": digest, …}``.
    words
        The same for a reader: names of the model and the data.
    overwrite
        Whether points of another subject make way; without, they are an error.

    Raises
    ------
    OutputExistsError
        If the folder has something else in it, or points of another model or of other data.
    MisuseError
        If another process works in the folder.
    """

    def __init__(self, folder: Path, subject: Mapping[str, Any], words: Mapping[str, str], overwrite: bool = False) -> None:
        self.path = folder / NAME
        self._lock = threading.Lock()
        if folder.exists() and not folder.is_dir():
            raise OutputExistsError(
                f"{folder} is a file, expected a folder to write to; give another name", code="output_exists", file=str(folder))
        if folder.exists() and not self.path.exists() and any(folder.iterdir()) and not overwrite:
            raise OutputExistsError(
                f"{folder} has other files in it; give another folder, or -f to write into this one", code="output_exists",
                file=str(folder))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "a+b")
        except OSError as error:
            raise FileError(
                f"{self.path} could not be opened: {error.strerror or error}", code="cannot_create", file=str(self.path)) from error
        try:
            self._take(subject, words, overwrite)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> PointStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def get(self, key: str) -> dict[str, Any] | None:
        """The point of that key, if it is finished."""
        return self._rows.get(key)

    def add(self, key: str, row: Mapping[str, Any]) -> None:
        """Writes a finished point, and waits until it is on the disk."""
        with self._lock:
            self._append({"key": key, **row})
            self._rows[key] = dict(row)

    def _take(self, subject: Mapping[str, Any], words: Mapping[str, str], overwrite: bool) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise MisuseError(
                f"{self.path}: another run works in this folder; wait for it, or give another folder", code="invalid_argument") from None
        self._file.seek(0)
        content = self._file.read()
        whole = content[:content.rfind(b"\n") + 1]
        lines = [self._line(number, line) for number, line in enumerate(whole.splitlines(), 1)]
        if lines and (lines[0].get("format") != _FORMAT or lines[0].get("subject") != dict(subject)):
            if not overwrite:
                of = " and ".join(map(str, lines[0].get("words", {}).values())) or "something else"
                raise OutputExistsError(
                    f"{self.path} has points of {of}, now asked are {' and '.join(words.values())}, with other digests; give another "
                    "folder, or -f to begin anew", code="output_exists", file=str(self.path))
            whole, lines = b"", []
        if len(whole) < len(content):
            self._file.truncate(len(whole))
        self._rows = {line.pop("key"): line for line in lines[1:] if "key" in line}
        if not lines:
            self._file.truncate(0)
            self._append({"format": _FORMAT, "subject": dict(subject), "words": dict(words)})

    def _line(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise MalformedError(
                f"{self.path}, line {number}: expected an object of JSON; take the line out, or delete the file to begin anew",
                code="malformed", file=str(self.path))
        return value

    def _append(self, value: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(value, ensure_ascii=False, allow_nan=False).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise FileError(
                f"{self.path} could not be written: {error.strerror or error}", code="cannot_write", file=str(self.path)) from error
