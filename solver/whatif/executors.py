"""Which executor a name means."""

from __future__ import annotations

import os
import re

from solver.errors import InvalidRequest
from solver.whatif.answering import Batch
from solver.whatif.executor import Executor
from solver.whatif.local import LocalExecutor

OPTION = "--executor"
LOCAL, DASK, RAY = "local", "dask", "ray"
FORMS = f"{LOCAL}, dask://HOST:PORT, ray://HOST:PORT or ray://auto"

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):(\d{1,5})", re.ASCII)


def executor_of(name: str, batch: Batch, workers: int | None) -> Executor:
    """The executor of a name, ready to answer scenarios of a batch.

    Parameters
    ----------
    name
        ``local`` for processes of this computer, ``dask://HOST:PORT`` for the workers of a Dask scheduler, ``ray://HOST:PORT`` or
        ``ray://auto`` for actors of a Ray cluster.
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
    if not mark or engine not in (DASK, RAY):
        raise InvalidRequest.at(OPTION, f"is '{name}'", f"must be {FORMS}")
    found = _HOST_AND_PORT.fullmatch(address)
    if not (found and 0 < int(found[2]) < 65_536) and (engine, address) != (RAY, "auto"):
        other = " or ray://auto" if engine == RAY else ""
        raise InvalidRequest.at(
            OPTION, f"is '{name}'", f"must be {engine}://HOST:PORT, the port from 1 to 65535{other}"
        )
    return _on_dask(batch, address, workers) if engine == DASK else _on_ray(batch, address, workers)


def _on_dask(batch: Batch, address: str, workers: int | None) -> Executor:
    try:
        from solver.whatif.on_dask import DaskExecutor
    except ImportError as absent:
        raise InvalidRequest.at(OPTION, "needs distributed", "pip install 'placement-solver[dask]'") from absent
    return DaskExecutor(batch, address, workers)


def _on_ray(batch: Batch, address: str, workers: int | None) -> Executor:
    try:
        from solver.whatif.on_ray import RayExecutor
    except ImportError as absent:
        raise InvalidRequest.at(OPTION, "needs ray", "pip install 'placement-solver[ray]'") from absent
    return RayExecutor(batch, address, workers)
