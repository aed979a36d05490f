"""Which executor a name means."""

from __future__ import annotations

import os
import re

from solver.errors import InvalidRequest
from solver.whatif.answering import Batch
from solver.whatif.executor import Executor
from solver.whatif.local import LocalExecutor

LOCAL = "local"
FORMS = f"{LOCAL} or dask://HOST:PORT"

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):(\d{1,5})", re.ASCII)


def executor_of(name: str, batch: Batch, workers: int | None) -> Executor:
    """The executor of a name, ready to answer scenarios of a batch.

    Parameters
    ----------
    name
        ``local`` for processes of this computer, ``dask://HOST:PORT`` for the workers of a Dask scheduler.
    workers
        Scenarios at once; None for one a processor, or as many as the engine has room for.

    Raises
    ------
    InvalidRequest
        If the name means none, what it needs is not installed, or nobody answers there.
    """
    if name == LOCAL:
        return LocalExecutor(batch, workers or len(os.sched_getaffinity(0)))
    engine, mark, address = name.partition("://")
    if not mark or engine != "dask":
        raise InvalidRequest.at("--executor", f"is '{name}'", f"must be {FORMS}")
    found = _HOST_AND_PORT.fullmatch(address)
    if not found or not 0 < int(found[2]) < 65_536:
        raise InvalidRequest.at("--executor", f"is '{name}'", "must be dask://HOST:PORT, the port from 1 to 65535")
    try:
        from solver.whatif.on_dask import DaskExecutor
    except ImportError as absent:
        raise InvalidRequest.at("--executor", "needs distributed", "pip install 'placement-solver[dask]'") from absent
    return DaskExecutor(batch, address, workers)
