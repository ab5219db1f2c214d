"""Handles of the C library that may be closed by one thread while others use them."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Handle:
    """Owns what the library made, and frees it when it is closed and no call uses it any longer.

    Parameters
    ----------
    pointer
        What the library returned.
    free
        The function that frees it.
    what
        For messages: "the model".
    """

    def __init__(self, pointer: ctypes.c_void_p, free: Callable[[ctypes.c_void_p], None], what: str) -> None:
        self._pointer = pointer
        self._free = free
        self._what = what
        self._users = 0
        self._closed = False
        self._lock = threading.Lock()

    @property
    def is_closed(self) -> bool:
        return self._closed

    @contextmanager
    def use(self) -> Iterator[ctypes.c_void_p]:
        """The pointer, which stays good inside the `with`; ValueError if the handle is closed."""
        with self._lock:
            if self._closed:
                raise ValueError(f"{self._what} is closed")
            self._users += 1
        try:
            yield self._pointer
        finally:
            with self._lock:
                self._users -= 1
                last = self._closed and self._users == 0
            if last:
                self._free(self._pointer)

    def close(self) -> None:
        with self._lock:
            first = not self._closed
            self._closed = True
            idle = self._users == 0
        if first and idle:
            self._free(self._pointer)

    def __del__(self) -> None:
        # Without __init__ having ended there is nothing to free.
        if getattr(self, "_lock", None) is not None:
            self.close()
