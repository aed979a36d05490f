"""How much memory the processes that solve may take together: what the computer has, or the container."""

from __future__ import annotations

import os
from pathlib import Path

SHARE = 0.75
"""Of the memory, for all workers; the rest is the front's and of everybody else."""

LEAST_BYTES = 512 * 2**20
"""A worker takes some 200 MB before it has read a request."""

_CGROUP = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def worker_bytes(workers: int) -> int:
    """What each of so many workers may take, at least ``LEAST_BYTES``."""
    return max(int(SHARE * _present()) // workers, LEAST_BYTES)


def _present() -> int:
    """Bytes of the computer, or of the control group that this process runs in, where that has fewer."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in map(Path, _CGROUP):
        # "max" where there is no limit.
        if path.is_file() and (text := path.read_text().strip()).isdecimal():
            found.append(int(text))
    return min(found)
