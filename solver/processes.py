"""What starting a process from another needs, whoever starts it."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_lock = threading.Lock()


@contextmanager
def without_main() -> Iterator[None]:
    """Hide the program's main module: a worker would run it again, which costs time and needs a guard in it.

    One thread at a time: the module is hidden from the whole program meanwhile.
    """
    with _lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def let_have_children() -> None:
    """Let a daemon process start others, which Python forbids it: those that this package starts watch it, and end with it."""
    current = multiprocessing.current_process()
    if current.daemon:
        current.daemon = False
