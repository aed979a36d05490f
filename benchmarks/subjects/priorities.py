"""N1: place, keep and move tasks of several priorities on nearly full nodes, as a rival CP-SAT scheduler is measured."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.phases import PLACING
from benchmarks.subject import Aim, Case, Rival, Subject
from benchmarks.workloads import scaled
from datasets.priorities import priority_case
from solver.domain.cluster import ClusterSnapshot
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Preempt, RuleSpec, TaskGroup

_PAPER = "arXiv 2511.08373, at 10 s"


def priority_problem(nodes: int, tasks_a_node: int, priorities: int, utilisation: float, seed: int) -> Problem:
    """A case of the grid as a request: class by class as many tasks as can be, then as few moves."""
    drawn = priority_case(nodes, tasks_a_node, priorities, utilisation, seed)
    capacity = np.tile(drawn.capacity, (nodes, 1))
    cluster = ClusterSnapshot(
        instance_ids=tuple(f"node-{number:04d}" for number in range(nodes)),
        resources=("cpu", "memory"),
        capacity=capacity,
        free=capacity - drawn.running.T @ drawn.demand,
        active=np.ones(nodes, np.bool_),
        connected=np.ones(nodes, np.bool_),
    )
    groups = tuple(
        TaskGroup(
            name=f"set{number:03d}",
            family=f"set{number:03d}",
            demand=dict(zip(cluster.resources, demand, strict=True)),
            start=int(drawn.pending[number]),
            movable=True,
            priority=int(drawn.priority[number]),
            strategies=(RuleSpec("random"),),
        )
        for number, demand in enumerate(drawn.demand.tolist())
    )
    freedom = Freedom(preempt=Preempt.ANY, interleaved=True)
    return Problem(cluster, groups, Counts.dense(drawn.running), freedom=freedom)


def _build(nodes: int, tasks: int, priorities: int, utilisation: float, seed: int, scale: float) -> Problem:
    return priority_problem(scaled(nodes, scale, 4), tasks, priorities, utilisation, seed)


def _case(nodes: int, tasks: int, priorities: int, utilisation: float) -> Case:
    classes = f"{priorities} priorities" if priorities > 1 else "one priority"
    return Case(
        name=f"{nodes} nodes x {tasks}, {classes}, {utilisation:.2f}",
        build=partial(_build, nodes, tasks, priorities, utilisation),
        limits=Limits(time_limit=10.0),
        seeds=(1, 2, 3),
        all_placed=False,
        aims={"answer": Aim(10.0, proven=True)},
    )


SUBJECT = Subject(
    name="priorities",
    title="N1, moves of tasks that stay",
    description=(
        "Replica sets of 1 to 4, CPU and memory uniform from 100 to 1,000, on equal nodes sized for the utilisation; "
        "placed one by one on the least allocated node, with something left pending (`datasets/priorities.py`). *Few "
        "moves* is the hard part. Tiers class by class: tasks missing (running and wanted alike), then tasks moved. "
        "Value: the last of them."
    ),
    cases=(
        _case(8, 4, 1, 0.90),
        _case(8, 4, 4, 0.95),
        _case(16, 4, 1, 0.95),
        _case(32, 8, 1, 0.90),
        _case(32, 8, 4, 1.05),
    ),
    phases=PLACING,
    rivals=(
        Rival(
            "32 nodes x 8, one priority, 0.90",
            "Priority Optimizer",
            "spends its 10 s; better than the default in 73 % of all cases",
            _PAPER,
        ),
    ),
)
