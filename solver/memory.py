"""How much memory the processes that solve may take together, of what the computer has, or the container; and each of them."""

from __future__ import annotations

import os
import resource
from pathlib import Path

SHARE = 0.75
"""Of the memory, for all workers; the rest is the front's and of everybody else."""

LEAST_BYTES = 512 * 2**20
"""A worker takes some 200 MB before it has read a request."""

_CGROUP = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def worker_bytes(workers: int) -> int:
    """What each of so many workers may take, at least ``LEAST_BYTES``."""
    return max(int(SHARE * _present()) // workers, LEAST_BYTES)


def limit_to(most: int) -> None:
    """Let this process get so many bytes and no more, so that the computer does not run out: what it asks for beyond is refused.

    Writable memory of its own counts, mapped or not yet used. Address space says nothing: what is loaded maps much of it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    known = [bound for bound in (soft, hard) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([most, *known]), hard))


def limited_to() -> int | None:
    """The bytes that this process may get; None where nothing limits it."""
    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return None if soft == resource.RLIM_INFINITY else soft


def _present() -> int:
    """Bytes of the computer, or of the control group that this process runs in, where that has fewer."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in map(Path, _CGROUP):
        # "max" where there is no limit.
        if path.is_file() and (text := path.read_text().strip()).isdecimal():
            found.append(int(text))
    return min(found)
