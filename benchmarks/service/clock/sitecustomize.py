"""Python's calendar time, moved by what a file says: imported by each Python of a server that has this folder in PYTHONPATH.

``time.time`` and ``time.time_ns`` follow, and in the front, which keeps clusters, ``datetime.now`` too; the workers load pandas,
which bears no other type of ``datetime``. Monotonic clocks, and what is not Python, do not follow; nor does what is given
``UNMOVED`` because it compares its clock with one of those.
"""

import datetime
import mmap
import os
import struct
import sys
import time
import types
from typing import Self, cast

UNMOVED = types.ModuleType("time")
"""The module ``time`` as it was."""

UNMOVED.__dict__.update(time.__dict__)

_SECONDS = struct.Struct("<d")

if "PLACEMENT_SOLVER_CLOCK" in os.environ:
    with open(os.environ["PLACEMENT_SOLVER_CLOCK"], "r+b") as _file:
        _moved = mmap.mmap(_file.fileno(), _SECONDS.size)
    _time, _time_ns, _Datetime = time.time, time.time_ns, datetime.datetime

    def _offset() -> float:
        found: float = _SECONDS.unpack(_moved[: _SECONDS.size])[0]
        return found

    class _Any(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, _Datetime)

    class _Moved(datetime.datetime, metaclass=_Any):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Self:
            return cast(Self, _Datetime.now(tz) + datetime.timedelta(seconds=_offset()))

    time.time = lambda: _time() + _offset()
    time.time_ns = lambda: _time_ns() + int(_offset() * 1e9)
    if not any("multiprocessing" in argument for argument in sys.orig_argv):
        vars(datetime)["datetime"] = _Moved
