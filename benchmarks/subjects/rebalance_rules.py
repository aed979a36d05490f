"""A rebalance for soft rules on a cluster too large for one model: what only a search of a few instances at a time improves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.phases import PLACING
from benchmarks.subject import Case, Subject
from benchmarks.workloads import ZONE_FIELD, n4_problem, scaled
from solver.domain.counts import Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, RuleSpec, TaskGroup

_TASKS_OF_ONE, _MOVES_A_SERVICE = 20, 2
_APART, _NEAR = 3, 1
"""What a task costs beside one of the next service on its instance, and without one of the service after that in its zone."""


def rebalance_problem(services: int, instances: int, seed: int) -> Problem:
    """N4's services, running anywhere at random, with soft rules between neighbours and two moves for each service in all."""
    drawn = n4_problem(services * _TASKS_OF_ONE, instances, services, 2, seed, [RuleSpec("random")], [])
    running = _anywhere(drawn, seed)
    groups = tuple(_movable(drawn, number, group) for number, group in enumerate(drawn.groups))
    cluster = replace(drawn.cluster, free=drawn.cluster.free - running.load(drawn.demand))
    return Problem(cluster, groups, running, freedom=Freedom(max_moves=_MOVES_A_SERVICE * services))


def _movable(drawn: Problem, number: int, group: TaskGroup) -> TaskGroup:
    names = [drawn.groups[(number + further) % len(drawn.groups)].family for further in (1, 2)]
    rules = (
        RuleSpec("antiAffinity", f"{names[0]}, instanceId, {_APART}"),
        RuleSpec("affinity", f"{names[1]}, {ZONE_FIELD}, {_NEAR}"),
    )
    return replace(group, start=0, movable=True, constraints=rules)


def _anywhere(drawn: Problem, seed: int) -> Counts:
    """Each task on an instance drawn from those that have room for it, half of the time on one that has a neighbour's."""
    draw = np.random.default_rng(seed)
    free = drawn.cluster.free.copy()
    size, groups = drawn.cluster.size, len(drawn.groups)
    tasks: Ints = np.zeros((groups, size), np.int64)
    for g in np.repeat(np.arange(groups), drawn.wanted).tolist():
        room = (free >= drawn.demand[g]).all(axis=1)
        beside = room & (tasks[(g + 1) % groups] > 0)
        chosen = beside if beside.any() and draw.random() < 0.5 else room
        i = int(draw.choice(np.flatnonzero(chosen)))
        tasks[g, i] += 1
        free[i] -= drawn.demand[g]
    return Counts.dense(tasks)


SUBJECT = Subject(
    name="rebalance_rules",
    title="Soft rules after a rebalance, services times instances beyond one model",
    description=(
        "20 tasks each of N4's services, each demand halved, run anywhere on N4's instances, half of them beside a task of the "
        f"next service. A task beside the next service on its instance costs {_APART} (`antiAffinity`), one without the service "
        f"after that in its zone {_NEAR} (`affinity`, `{ZONE_FIELD}`). In all {_MOVES_A_SERVICE} times as many tasks may move as "
        "there are services. Value: the weighted soft rules. The sequential scheduler moves nothing."
    ),
    cases=(
        Case(
            name="200 services on 2,000",
            build=lambda seed, scale: rebalance_problem(scaled(200, scale, 8), scaled(2_000, scale, 60), seed),
            limits=Limits(time_limit=20.0),
            seeds=(1, 2, 3),
            tier="soft",
        ),
    ),
    phases=PLACING,
)
