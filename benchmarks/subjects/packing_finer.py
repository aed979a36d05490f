"""N4 with nearly as many task sizes as services, and with a third resource: where sums of demands are too many for a table."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.phases import PLACING
from benchmarks.subject import Aim, Case, Subject
from benchmarks.workloads import packing_problem, scaled
from solver.domain.cluster import ClusterSnapshot
from solver.domain.problem import Problem
from solver.domain.request import Limits

_CPU_STEP, _CPU_STEPS = 256, 16
_QUARTERS = (4, 24)
_STORAGE = (8, 16, 32, 48, 96)
_STORAGE_PER_CPU = 32
"""CPU units of an instance for each GiB that it has."""


def _build(tasks: int, instances: int, storage: bool, seed: int, scale: float) -> Problem:
    plain = packing_problem(scaled(tasks, scale, 60), scaled(instances, scale, 60), seed)
    draw = random.Random(seed)
    groups = tuple(replace(group, demand=_demand(draw, storage)) for group in plain.groups)
    return replace(plain, cluster=_with_storage(plain.cluster) if storage else plain.cluster, groups=groups)


def _demand(draw: random.Random, storage: bool) -> dict[str, int]:
    cpu = _CPU_STEP * draw.randint(1, _CPU_STEPS)
    demand = {"cpu": cpu, "memory": cpu * draw.randint(*_QUARTERS) // 4}
    return demand | {"storage": draw.choice(_STORAGE)} if storage else demand


def _with_storage(cluster: ClusterSnapshot) -> ClusterSnapshot:
    """Of which as large a part is free as of the CPU."""
    capacity, free = (amounts[:, :1] // _STORAGE_PER_CPU for amounts in (cluster.capacity, cluster.free))
    return replace(
        cluster,
        resources=(*cluster.resources, "storage"),
        capacity=np.hstack([cluster.capacity, capacity]),
        free=np.hstack([cluster.free, free]),
    )


def _case(name: str, tasks: int, instances: int, seconds: float, seeds: int, *, storage: bool = False) -> Case:
    return Case(
        name=name,
        build=partial(_build, tasks, instances, storage),
        limits=Limits(time_limit=seconds),
        seeds=tuple(range(1, seeds + 1)),
        tier="2/binpack/instances",
        aims={"answer": Aim(seconds)},
    )


SUBJECT = Subject(
    name="packing_finer",
    title="N4 with finer sizes and with three resources, instances opened",
    description=(
        "N4's instances and rules, 20 tasks a service. A service's task has 256 to 4,096 CPU units in steps of 256, and for each "
        "of them 1 to 6 MiB in steps of a quarter: nearly every service has a size of its own. *Three resources*: besides "
        "8, 16, 32, 48 or 96 GiB of storage, of which an instance has one for every 32 CPU units, as large a part of it free as "
        "of the CPU. Value: the tier `2/binpack/instances`."
    ),
    cases=(
        _case("50 sizes, 1,000 tasks on 500", 1_000, 500, 20.0, 5),
        _case("three resources, 1,000 tasks on 500", 1_000, 500, 20.0, 5, storage=True),
        _case("250 sizes, 5,000 tasks on 2,500", 5_000, 2_500, 60.0, 1),
    ),
    phases=PLACING,
)
