"""Writing a file so that it is there as a whole or not at all."""

from __future__ import annotations

import os
import tempfile

from .errors import FileError, OutputExistsError


def write_durably(data: bytes, path: str | os.PathLike[str], overwrite: bool) -> None:
    """Writes `data` to a file beside `path`, and gives it that name when it is on the disk."""
    path = os.fspath(path)
    folder, name = os.path.split(path)
    folder = folder or "."
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o666 & ~_mask())
            os.fsync(file.fileno())
        if overwrite:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)  # fails if the name is taken, where a rename would replace
            os.unlink(temporary)
        temporary = None
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except FileExistsError:
        raise OutputExistsError(
            f"{path} exists already; give another name, or overwrite=True to replace it", code="output_exists", file=path) from None
    except OSError as error:
        raise FileError(f"{path} could not be written: {error.strerror or error}", code="cannot_create", file=path) from error
    finally:
        if temporary is not None:
            os.unlink(temporary)


def _mask() -> int:
    """The process's mask of permissions, as /proc tells it: asking by os.umask would change it for a moment."""
    with open("/proc/self/status") as lines:
        for line in lines:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
