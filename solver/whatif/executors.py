"""Which executor a name means."""

from __future__ import annotations

import os

from solver.errors import InvalidRequest
from solver.whatif.answering import Batch
from solver.whatif.executor import Executor
from solver.whatif.local import LocalExecutor

LOCAL = "local"


def executor_of(name: str, batch: Batch, workers: int | None) -> Executor:
    """The executor of a name, ready to answer scenarios of a batch.

    Parameters
    ----------
    name
        ``local`` for processes of this computer.
    workers
        Scenarios at once; None for one a processor.

    Raises
    ------
    InvalidRequest
        If the name means none.
    """
    if name == LOCAL:
        return LocalExecutor(batch, workers or len(os.sched_getaffinity(0)))
    raise InvalidRequest.at("--executor", f"is '{name}'", f"must be {LOCAL}")
