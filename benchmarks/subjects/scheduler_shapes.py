"""N3: the shapes that kube-scheduler's own benchmark uses, as one request."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.phases import PLACING
from benchmarks.subject import Aim, Case, Rival, Subject
from benchmarks.workloads import EVEN_ZONES, SPREAD_INSTANCES, SPREAD_ZONES, equal_instances, scaled, service
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits, RuleSpec

_CAPACITY = {"cpu": 4 * 1024, "memory": 32 * 1024, "tasks": 110}
# 100m is 102.4 CPU units; 102 keeps the 40 tasks that fit 4 vCPU.
_TASK = {"cpu": 102, "memory": 500, "tasks": 1}


def _shape(
    tasks: int, running: int, chain: tuple[RuleSpec, ...], constraints: tuple[RuleSpec, ...], own: bool
) -> Callable[[int, float], Problem]:
    """5,000 instances, ``running`` tasks on as many of them: the service's own, or another one's."""

    def build(seed: int, scale: float) -> Problem:
        instances, busy = scaled(5_000, scale), scaled(running, scale)
        holds = (np.arange(instances) < busy).astype(np.int64)
        cluster = equal_instances(instances, _CAPACITY, holds[:, None] * np.array(list(_TASK.values()), np.int64))
        new = service("new", _TASK, scaled(tasks, scale), chain, constraints)
        if own:
            return Problem(cluster, (new,), Counts.dense(holds[None, :]))
        groups = (new, service("old", _TASK, 0, chain, ()))
        return Problem(cluster, groups, Counts.dense(np.stack([np.zeros_like(holds), holds])))

    return build


def _case(name: str, build: Callable[[int, float], Problem], headline: str = "") -> Case:
    return Case(
        name=name,
        build=build,
        limits=Limits(time_limit=3.0),
        aims={"answer": Aim(1.5, proven=True)},
        headlines={"answer": headline} if headline else {},
    )


_MEASURED = "measured in process, no API server, median, 2 cores"
_BASIC = (SPREAD_INSTANCES,)
_ZONES = (SPREAD_ZONES, SPREAD_INSTANCES)

SUBJECT = Subject(
    name="scheduler_shapes",
    title="N3, kube-scheduler's shapes as one request",
    description=(
        "5,000 instances of 4 vCPU, 32 GiB and 110 tasks in 3 zones; tasks of 0.1 vCPU and 500 MiB. *Basic*: "
        "10,000 tasks, 1,000 run already, one on each of the first 1,000 instances; chain `spread(instanceId)`. "
        "*Zone*: 5,000 tasks, 5,000 run already, one on each instance; chain `spread(zone), spread(instanceId)` "
        "and the constraint `maxSkew(zone, 1)`. Those that run are of the same service; in the cases *other* they"
        " are another service's, which `spread` does not count. Source of the sizes: scheduler_perf, "
        "SchedulingBasic and TopologySpreading."
    ),
    cases=(
        _case("basic", _shape(10_000, 1_000, _BASIC, (), own=True), "N3: basic"),
        _case("basic, other", _shape(10_000, 1_000, _BASIC, (), own=False)),
        _case("zone", _shape(5_000, 5_000, _ZONES, (EVEN_ZONES,), own=True), "N3: zone"),
        _case("zone, other", _shape(5_000, 5_000, _ZONES, (EVEN_ZONES,), own=False)),
    ),
    phases=PLACING,
    rivals=(
        Rival("basic", "kube-scheduler 1.34", "12 to 18 s", _MEASURED, seconds=(12, 18)),
        Rival("zone", "kube-scheduler 1.34", "16 to 19 s", _MEASURED, seconds=(16, 19)),
    ),
)
