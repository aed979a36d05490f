"""How many workers there are, how many calls wait for them, and when either is given up."""

from __future__ import annotations

import os
from dataclasses import dataclass

from solver import memory
from solver.errors import Fault, InvalidRequest
from solver.service.ranges import above, faults_of, whole


@dataclass(frozen=True)
class PoolLimits:
    """When a call is refused, and when a worker is.

    Parameters
    ----------
    waiting
        Calls that may wait for a worker.
    waiting_bytes
        Bytes of their requests together.
    caller_share
        The part of both, above 0 and at most 1, that the calls of one caller may take.
    wait_seconds
        How long a call without a deadline waits.
    grace_seconds
        How long a worker that was told to stop, or whose time is up, may go on before it is killed.
    unread_seconds
        How long a worker may read a request, or check a plan, where the call has no deadline.
    worker_bytes
        Memory that a worker may take, what it has loaded included: some 200 MB. None for an even share of three quarters of what
        the computer, or the container, has.

    Raises
    ------
    InvalidRequest
        With every limit that is none.
    """

    waiting: int = 64
    waiting_bytes: int = 256 * 2**20
    caller_share: float = 0.5
    wait_seconds: float = 60.0
    grace_seconds: float = 1.0
    unread_seconds: float = 60.0
    worker_bytes: int | None = None

    def __post_init__(self) -> None:
        allowed = {
            # Each call that comes looks at all that wait: 8 ms at 1,000.
            "waiting": whole(0, 1_000),
            "waiting_bytes": whole(0),
            "caller_share": above(0, 1),
            "wait_seconds": above(0, 86_400),
            "grace_seconds": above(0, 3_600),
            "unread_seconds": above(0, 86_400),
        }
        faults = faults_of(self, allowed)
        if self.worker_bytes is not None and self.worker_bytes < memory.LEAST_BYTES:
            remedy = f"must be at least {memory.LEAST_BYTES:,}"
            faults.append(Fault("worker_bytes", f"is {self.worker_bytes:,}", remedy))
        if faults:
            raise InvalidRequest(faults)


def default_size() -> int:
    """One worker for every two processors, at least one: a solve takes two threads unless the request says more."""
    return max((os.cpu_count() or 2) // 2, 1)
