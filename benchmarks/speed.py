"""How fast the machine is while it is measured on: on a shared one, the same code takes several times as long on another day."""

from __future__ import annotations

import statistics
import time

ADDITIONS, TIMES = 1_000_000, 9


def seconds_of_a_loop() -> float:
    """Of a million additions in plain Python: the median of nine."""
    return statistics.median(_loop() for _ in range(TIMES))


def _loop() -> float:
    begin, total = time.perf_counter(), 0
    for number in range(ADDITIONS):
        total += number
    return time.perf_counter() - begin
