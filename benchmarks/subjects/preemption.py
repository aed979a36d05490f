"""N5: stop what is lower to place what is higher, across all instances at once."""

from __future__ import annotations

import numpy as np

from benchmarks.phases import PLACING
from benchmarks.subject import Aim, Case, Rival, Subject
from benchmarks.workloads import equal_instances, scaled
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Preempt, RuleSpec, TaskGroup

_LOW_A_NODE, _LOW, _HIGH, _NODE = 4, 900, 3_000, 4_000
_SIZES = 12
"""Groups of each class in the random case."""


def _equal(seed: int, scale: float) -> Problem:
    instances = scaled(5_000, scale, 4)
    low, high = _group("low", 0, _LOW), _group("high", 1, _HIGH, instances)
    running = np.stack([np.full(instances, _LOW_A_NODE), np.zeros(instances, np.int64)])
    return _problem([low, high], running)


def _random(seed: int, scale: float) -> Problem:
    instances = scaled(5_000, scale, 20)
    draw = np.random.default_rng(seed)
    low = [_group(f"low{k}", 0, int(amount)) for k, amount in enumerate(draw.integers(500, 1_300, _SIZES))]
    counts = draw.multinomial(instances, np.full(_SIZES, 1 / _SIZES))
    sizes = draw.integers(2_000, 3_600, _SIZES)
    high = [_group(f"high{k}", 1, int(sizes[k]), int(counts[k])) for k in range(_SIZES)]
    running = np.zeros((2 * _SIZES, instances), np.int64)
    for i in range(instances):
        free = _NODE
        for k in draw.permutation(_SIZES).tolist():
            if low[k].demand["cpu"] <= free:
                running[k, i] += 1
                free -= low[k].demand["cpu"]
    return _problem([*low, *high], running)


def _group(name: str, priority: int, cpu: int, start: int = 0) -> TaskGroup:
    return TaskGroup(name, name, {"cpu": cpu}, start=start, priority=priority, strategies=(RuleSpec("random"),))


def _problem(groups: list[TaskGroup], running: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> Problem:
    demand = np.array([group.demand["cpu"] for group in groups], np.int64)
    cluster = equal_instances(running.shape[1], {"cpu": _NODE}, (demand @ running)[:, None])
    return Problem(cluster, tuple(groups), Counts.dense(running), freedom=Freedom(preempt=Preempt.LOWER))


SUBJECT = Subject(
    name="preemption",
    title="N5, tasks stopped for others",
    description=(
        "5,000 instances of 4 vCPU that run 20,000 tasks of 0.9 vCPU, four each; 5,000 tasks of 3 vCPU and of higher "
        "priority are wanted. 15,000 have to stop. *Random sizes*: 12 groups a class, running tasks of 0.5 to 1.3 vCPU, "
        "wanted ones of 2 to 3.6. "
        "Value: the tier `preempted/0`."
    ),
    cases=(
        Case(
            name="equal sizes",
            build=_equal,
            limits=Limits(time_limit=10.0),
            seeds=(1, 2, 3),
            tier="preempted/0",
            optimum={1: 15_000, 2: 15_000, 3: 15_000},
            aims={"answer": Aim(10.0, proven=True)},
            headlines={"answer": "N5: 15,000 stopped"},
        ),
        Case(
            name="random sizes",
            build=_random,
            limits=Limits(time_limit=20.0),
            seeds=(1, 2, 3),
            tier="preempted/0",
            all_placed=False,
        ),
    ),
    phases=PLACING,
    rivals=(Rival("equal sizes", "kube-scheduler", "left out: seems to fail", "kubernetes issue 108308"),),
)
