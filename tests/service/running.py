"""A server in its own process, for tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """
from solver.service.options import ServerOptions
from solver.service.server import serve
from solver.service.sizes import SizeLimits
from solver.service.analysis.limits import AnalysisLimits
from solver.service.limits import PoolLimits
serve(ServerOptions({arguments}), on_ready=lambda address: print(address, flush=True))
"""


@dataclass
class Running:
    """A server's process and its address."""

    process: subprocess.Popen[str]
    address: str


@contextmanager
def server(arguments: str = "'127.0.0.1:0', 1", folder: Path | None = None) -> Iterator[Running]:
    """A server that is ready, ended at the end."""
    where = folder or Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", SCRIPT.format(arguments=arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=where) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address, "the server did not start"
            yield Running(process, address)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


FAKE = "'127.0.0.1:0', {workers}, api='tests.service.fake_api', queue=PoolLimits(grace_seconds=0.2), drain_seconds=10{more}"


def fake(workers: int = 1, more: str = "") -> str:
    """The arguments of a server whose workers do what a label says."""
    return FAKE.format(workers=workers, more=f", {more}" if more else "")
