"""A server as a process of its own, on a free port of this computer: started, looked at, stopped, and gone in the end."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS, STOP_SECONDS = 60.0, 45.0
"""Within which a server must answer, and after which one that was told to stop is killed."""

_SCRIPT = """
import ctypes, os
ctypes.CDLL(None).prctl(1, 15)  # PR_SET_PDEATHSIG: it is told to stop when whoever started it is gone, however that ended.
{before}
from solver.service.options import ServerOptions
from solver.service.server import serve
from solver.service.limits import PoolLimits
def ready(address):
    # A file, not a pipe: of that a worker that is stopped would have the other end for ever.
    with open({ready!r} + ".new", "w") as file:
        file.write(address)
    os.rename({ready!r} + ".new", {ready!r})
serve(ServerOptions("127.0.0.1:0", {workers}, queue=PoolLimits(**{queue}), **{more}), on_ready=ready)
"""


@dataclass(frozen=True)
class Setup:
    """How a server is started.

    Parameters
    ----------
    workers
        Processes that solve.
    queue
        Fields of ``PoolLimits``.
    state
        File of the clusters that it keeps; None for none.
    api
        Module with the verbs.
    environment
        Besides that of this process.
    before
        Python that its front runs first.
    """

    workers: int = 1
    queue: Mapping[str, float] = field(default_factory=dict)
    state: Path | None = None
    api: str = "solver.api"
    environment: Mapping[str, str] = field(default_factory=dict)
    before: str = ""

    def script(self, ready: Path) -> str:
        """What its process runs; it writes its address to that file."""
        more = {"api": self.api} | ({} if self.state is None else {"state": str(self.state)})
        return _SCRIPT.format(
            workers=self.workers, queue=dict(self.queue), more=more, before=self.before, ready=str(ready)
        )


@dataclass(frozen=True)
class Sample:
    """What the processes of a server take at one moment: the front, the workers, and those that they are forked from.

    Parameters
    ----------
    rss
        Bytes of memory in use.
    descriptors, processes
        How many.
    """

    rss: int
    descriptors: int
    processes: int
    opened: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Descriptors by process (``front`` or ``below``) and what they are of: the name of a file, ``socket``, ``pipe``."""


class Child:
    """A server that runs."""

    def __init__(self, process: asyncio.subprocess.Process, address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self.log = log

    @property
    def pid(self) -> int:
        """Of the front."""
        return self.process.pid

    def workers(self) -> list[int]:
        """The processes that solve: children of the process that they are forked from."""
        return [pid for first in children(self.pid) for pid in children(first)]

    def ready(self) -> list[int]:
        """Those of them that have begun to answer: the last thing that one does before is to limit its own memory."""
        found = []
        for pid in self.workers():
            with suppress(ProcessLookupError):
                if is_alive(pid) and resource.prlimit(pid, resource.RLIMIT_DATA)[0] != resource.RLIM_INFINITY:
                    found.append(pid)
        return found

    def tree(self) -> list[int]:
        """All its processes."""
        return tree(self.pid)

    def sample(self) -> Sample:
        """What it takes now."""
        pids = self.tree()
        opened = Counter((who, what) for pid in pids for who in [self._role(pid)] for what in descriptors(pid))
        return Sample(sum(map(rss, pids)), opened.total(), len(pids), opened)

    def _role(self, pid: int) -> str:
        return "front" if pid == self.pid else "below"

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code. A server that goes on is killed."""
        for each, seconds in ((number, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
            with suppress(ProcessLookupError):
                self.process.send_signal(each)
            until = time.monotonic() + seconds
            while self.process.returncode is None and time.monotonic() < until:
                await asyncio.sleep(0.02)
            if self.process.returncode is not None:
                break
        return self.process.returncode or 0


@asynccontextmanager
async def child(setup: Setup) -> AsyncIterator[Child]:
    """A server that is ready; none of its processes is left afterwards.

    Raises
    ------
    RuntimeError
        If it does not start, with what it said.
    """
    with tempfile.TemporaryDirectory(prefix="placement-solver-") as folder:
        log, ready = Path(folder) / "server.log", Path(folder) / "address"
        with log.open("w") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                setup.script(ready),
                stdout=errors,
                stderr=errors,
                cwd=ROOT,
                env={**os.environ, **setup.environment},
            )
        started: set[int] = set()
        try:
            found = Child(process, await _address(process, ready, log), log)
            started.update(found.tree())
            yield found
        finally:
            started.update(tree(process.pid))
            await Child(process, "", log).stop()
            # Workers end with the pipes of their front; one that is stopped, or stuck, does not.
            for pid in started - {process.pid}:
                with suppress(ProcessLookupError):
                    if _is_ours(pid):
                        os.kill(pid, signal.SIGKILL)


async def _address(process: asyncio.subprocess.Process, ready: Path, log: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.returncode is None:
        if ready.exists():
            return ready.read_text()
        await asyncio.sleep(0.02)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")


def children(pid: int) -> list[int]:
    """The processes that a process has started and that are there."""
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, tasks.read_text().split())
    return sorted(found)


def tree(pid: int) -> list[int]:
    """A process and all below it; nothing where it has ended."""
    return [pid, *(one for below in children(pid) for one in tree(below))] if is_alive(pid) else []


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def rss(pid: int) -> int:
    """Bytes of memory that a process has in use."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def descriptors(pid: int) -> list[str]:
    """What a process has open: the name of each file, and of others what they are, as ``socket`` and ``pipe``."""
    found = []
    with suppress(OSError):
        for one in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = str(one.readlink())
                found.append(target if target.startswith("/") else target.partition(":[")[0])
    return found


def _is_ours(pid: int) -> bool:
    """Whether the number still is that of a process of a server, and not of another one that has it now."""
    try:
        return b"multiprocessing" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
