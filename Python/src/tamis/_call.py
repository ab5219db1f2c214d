"""Calls into the C library: errors become exceptions, Ctrl-C cancels, progress is told."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable

from . import _library
from ._library import library
from .errors import MisuseError, error_class

Progress = Callable[[int, int], None]

# Work on fewer bytes than this ends soon enough for Ctrl-C to wait for it.
_BRIEF_BYTES = 1 << 20

# The library asks this function whether to stop, often and from any thread: a function of the C library, `int atoi(const char *)`, applied
# to `user`, so that asking takes no GIL. `user` points to b"0" until the work is to stop, and then to b"1".
_ASKED = ctypes.cast(ctypes.CDLL(None).atoi, ctypes.c_void_p)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")


def check(status: int, error: ctypes.c_void_p) -> None:
    """Raises what a call ended with, unless that is no error."""
    if status in (_library.OK, _library.AGAIN, _library.END):
        return
    try:
        code = _text(library.tamis_error_code(error)) or ""
        offset = library.tamis_error_byte_offset(error)
        raise error_class(status, code)(
            _text(library.tamis_error_message(error)) or code, code=code, reason=_text(library.tamis_error_reason(error)),
            file=_text(library.tamis_error_file(error)), unit=_text(library.tamis_error_unit(error)),
            element=_text(library.tamis_error_element(error)), byte_offset=None if offset < 0 else offset,
            advice=_text(library.tamis_error_advice(error)))
    finally:
        library.tamis_error_free(error)


def call(function: Callable[..., int], *arguments: object) -> int:
    """Calls a function that returns a status and takes an error last; returns the status."""
    error = ctypes.c_void_p()
    status = function(*arguments, ctypes.byref(error))
    check(status, error)
    return status


class Runner:
    """How calls run: on how many threads, with which checks, and who is told of the progress.

    Parameters
    ----------
    threads
        Threads that work side by side; 0 for one per processor.
    verify
        Whether the SHA-256 of whole files is compared.
    progress
        Called with what is done and the total, from another thread; an exception it raises cancels the call and comes out of it.
    """

    def __init__(self, threads: int = 0, verify: bool = True, progress: Progress | None = None) -> None:
        if not 0 <= threads < 1 << 31:
            raise MisuseError(f"threads is {threads}, expected 0 (one per processor) or more", code="invalid_argument", element="threads")
        self._flag = ctypes.create_string_buffer(b"0")
        self._raised: BaseException | None = None
        self._progress = progress
        self.run = _library.Run(threads=threads, skip_file_digests=not verify, cancel=_ASKED, user=ctypes.addressof(self._flag))
        if progress is not None:
            self.run.progress = _library.PROGRESS(self._tell)

    def _tell(self, user: int | None, done: int, total: int) -> None:
        if self._raised is not None:
            return
        try:
            self._progress(done, total)
        except BaseException as exception:
            self._raised = exception
            self.cancel()

    def cancel(self) -> None:
        """Makes a call that is under way end soon."""
        self._flag.value = b"1"

    def __call__(self, function: Callable[..., int], *arguments: object, results: tuple[object, ...] = (), work: int | None = None) -> int:
        """As `call`, of a function that takes, after `arguments`, a run, and then the places for its `results`.

        `work` is the number of bytes that the call is about, if it is known: signals wait for what is brief.
        """
        brief = work is not None and work < _BRIEF_BYTES
        return self.interruptibly(lambda: call(function, *arguments, ctypes.byref(self.run), *results), brief)

    def interruptibly(self, work: Callable[[], int], brief: bool = False) -> int:
        """Does `work`, which calls the library with this run, so that signals and exceptions from `progress` cancel it.

        Python handles signals on the main thread only, so another one does the work while that waits: KeyboardInterrupt, or what else a
        handler raises, cancels it.
        """
        try:
            if brief or threading.current_thread() is not threading.main_thread():
                return work()
            return self._on_another_thread(work)
        finally:
            # Whoever raises an exception that it refers to makes a cycle, in which the memory of the call would stay.
            raised, self._raised = self._raised, None
            try:
                if raised is not None:
                    raise raised
            finally:
                del raised

    def _on_another_thread(self, work: Callable[[], int]) -> int:
        ended = threading.Event()
        statuses: list[int] = []
        failures: list[BaseException] = []

        def body() -> None:
            try:
                statuses.append(work())
            except BaseException as exception:
                failures.append(exception)
            finally:
                ended.set()

        interruptions: list[BaseException] = []
        threading.Thread(target=body, name="tamis", daemon=True).start()
        while not ended.is_set():
            try:
                ended.wait()
            except BaseException as exception:
                interruptions.append(exception)
                self.cancel()
        if interruptions:
            failures.clear()
            raise interruptions.pop(0)
        if failures:
            raise failures.pop()
        return statuses[0]
