"""The garbage collector, which waits while a large document is read.

It looks at everything that is there whenever that has grown by a quarter, and nothing else in the process runs meanwhile: a
quarter of a second where 20 MB of JSON have become values. Of those it finds nothing, for none refers back to another.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_waits = 0
"""How many have it wait; it goes on after the last of them."""


@contextmanager
def no_collection() -> Iterator[None]:
    """Have it wait; what was made meanwhile and is large should be gone at the end. From any thread, several at once.

    Where it was told before not to run it stays so.
    """
    global _waits
    with _lock:
        held = _waits > 0 or gc.isenabled()
        if held:
            gc.disable()
            _waits += 1
    try:
        yield
    finally:
        with _lock:
            if held:
                _waits -= 1
                if not _waits:
                    gc.enable()
