"""N2: one task on a large cluster."""

from __future__ import annotations

import numpy as np

from benchmarks.phases import MODEL, PLACING
from benchmarks.subject import Aim, Case, Rival, Subject
from benchmarks.workloads import SPREAD_INSTANCES, equal_instances, scaled, service
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits

_CAPACITY = {"cpu": 8 * 1024, "memory": 32_768}
_TASK = {"cpu": 1024, "memory": 2_048}
_RUNNING = 5


def _build(seed: int, scale: float) -> Problem:
    instances = scaled(1_000, scale, 10)
    taken = np.tile(_RUNNING * np.array(list(_TASK.values()), np.int64), (instances, 1))
    cluster = equal_instances(instances, _CAPACITY, taken)
    running = Counts.dense(np.full((1, instances), _RUNNING, np.int64))
    return Problem(cluster, (service("web", _TASK, 1, (SPREAD_INSTANCES,), ()),), running)


SUBJECT = Subject(
    name="one_task",
    title="N2, one task",
    description=(
        "1,000 instances of 8 vCPU (32 GiB) in 3 zones with 5 tasks of one service each (1 vCPU, 2 GiB); place "
        "one more. Chain `spread(instanceId)`. Source of the sizes: VMware DCM, OSDI 2020."
    ),
    cases=(
        Case(
            name="1,000 instances",
            build=_build,
            limits=Limits(time_limit=10.0),
            aims={"answer": Aim(0.010, proven=True)},
            headlines={"answer": "N2: one task"},
        ),
    ),
    phases=(*PLACING, MODEL),
    rivals=(Rival("1,000 instances", "VMware DCM", "0.432 s", "OSDI 2020, end to end", seconds=(0.432,)),),
)
