"""A plan as it is kept for a report: the cluster before and after, what is proved, and why tasks have no place.

``plan.json`` of ``--out`` and the files in ``plans`` of ``what-if --out`` are the JSON of a ``KeptPlan``: an object with a name
for each field, and in place of each dataclass inside it another such object.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum

import numpy as np

from solver.domain.answer import Answer
from solver.domain.cluster import INSTANCE_TYPE, ZONE
from solver.domain.counts import Counts
from solver.domain.explanation import Shortfall
from solver.domain.problem import Problem
from solver.domain.solution import Status, Stop
from solver.domain.survival import LossOutcome

FORMAT = 2
"""Of the file; a reader refuses another."""


@dataclass(frozen=True)
class KeptGroup:
    """A group that has tasks before or after, or wants some.

    Parameters
    ----------
    before, after
        Its tasks.
    wanted, missing
        New tasks that were asked for; tasks that there should be in the end and are not.
    demand
        What one task takes, by resource.
    """

    name: str
    before: int
    after: int
    wanted: int
    missing: int
    demand: tuple[int, ...]


@dataclass(frozen=True)
class KeptCell:
    """Tasks of one group on one instance; ``group`` is its place in ``KeptPlan.groups``."""

    group: int
    before: int
    after: int


@dataclass(frozen=True)
class KeptInstance:
    """An instance before and after.

    Parameters
    ----------
    zone, type
        Empty where unknown.
    open
        Whether it takes new tasks.
    held_before, held_after
        Whether tasks that are no DAEMON's keep it in use (§5.1).
    capacity, used_before, used_after
        By resource, in its own unit.
    cells
        Its tasks, by group.
    """

    name: str
    zone: str
    type: str
    open: bool
    held_before: bool
    held_after: bool
    capacity: tuple[int, ...]
    used_before: tuple[int, ...]
    used_after: tuple[int, ...]
    cells: tuple[KeptCell, ...]


@dataclass(frozen=True)
class KeptTier:
    """A tier of the objective, in the order of importance."""

    name: str
    title: str
    value: int
    bound: int
    proven: bool


@dataclass(frozen=True)
class KeptShort:
    """Tasks of a group without a place, 1 or more."""

    group: str
    count: int


@dataclass(frozen=True)
class KeptLoss:
    """What becomes of a loss that the plan must survive, as of ``LossOutcome``."""

    what: str
    value: str
    instances: int
    tasks: int
    short: tuple[KeptShort, ...]
    at_least: int
    allowed: int
    allowed_proven: bool


@dataclass(frozen=True)
class KeptPlan:
    """What is kept of an answer.

    Parameters
    ----------
    scenario
        Of ``what-if``; empty for a single plan.
    operation
        The command, or what was asked; empty where unknown.
    cluster, taken_at
        The cluster's name, and the moment of the snapshot; empty where unknown.
    status, stop
        What is known of the plan, and why the search ended.
    moved
        Tasks that go from one instance to another: of each group as many as start as well as stop.
    versions, fingerprint, seed, engine, seconds
        What repeats the answer (§10.2), and how long it took.
    resources
        The order of all amounts.
    shortfalls
        Why tasks have no place; empty where nobody asked for reasons.
    losses
        Those that the plan must survive; empty where none is asked.
    """

    format: int
    scenario: str
    operation: str
    cluster: str
    taken_at: str
    status: Status
    stop: Stop
    moved: int
    engine: str
    seed: int
    seconds: float
    fingerprint: str
    versions: dict[str, str]
    resources: tuple[str, ...]
    groups: tuple[KeptGroup, ...]
    instances: tuple[KeptInstance, ...]
    tiers: tuple[KeptTier, ...]
    shortfalls: tuple[Shortfall, ...]
    losses: tuple[KeptLoss, ...]
    broken: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> str:
        """The text of its file, on one line."""
        return json.dumps(asdict(self), separators=(",", ":"), default=_value_of) + "\n"


def _value_of(member: object) -> str:
    """What an enum's member is called."""
    if not isinstance(member, Enum):
        raise TypeError(f"{type(member).__name__} is no value of a plan")
    return str(member.value)


def kept_plan(answer: Answer, *, operation: str = "", scenario: str = "") -> KeptPlan:
    """What is kept of an answer."""
    problem, tasks = answer.problem, answer.tasks
    before, after = problem.running.totals(), tasks.totals()
    wanted, missing = problem.wanted, problem.missing(tasks)
    shown = np.flatnonzero(before + after + wanted + missing).tolist()
    change = (tasks - problem.running).load(problem.demand)
    used = problem.cluster.capacity - problem.cluster.free
    return KeptPlan(
        format=FORMAT,
        scenario=scenario,
        operation=operation,
        cluster=problem.cluster.name,
        taken_at=problem.cluster.taken_at,
        status=answer.status,
        stop=answer.stop,
        moved=int(np.minimum(answer.started.totals(), answer.stopped.totals()).sum()),
        engine=answer.engine,
        seed=answer.replay.seed,
        seconds=round(answer.seconds, 3),
        fingerprint=answer.replay.fingerprint,
        versions=dict(answer.replay.versions),
        resources=problem.cluster.resources,
        groups=tuple(
            KeptGroup(
                name=problem.groups[g].name,
                before=int(before[g]),
                after=int(after[g]),
                wanted=int(wanted[g]),
                missing=int(missing[g]),
                demand=tuple(problem.demand[g].tolist()),
            )
            for g in shown
        ),
        instances=_instances(
            problem, tasks, {g: k for k, g in enumerate(shown)}, used.tolist(), (used + change).tolist()
        ),
        tiers=tuple(KeptTier(tier.name, tier.title, tier.value, tier.bound, tier.proven) for tier in answer.tiers),
        shortfalls=answer.shortfalls,
        losses=tuple(_loss(one) for one in answer.losses),
        broken=tuple(str(one) for one in answer.broken_after),
        warnings=answer.warnings,
    )


def _loss(one: LossOutcome) -> KeptLoss:
    short = tuple(KeptShort(name, count) for name, count in one.missing.items())
    return KeptLoss(one.what, one.value, one.instances, one.tasks, short, one.at_least, one.allowed, one.allowed_proven)


def _instances(
    problem: Problem, tasks: Counts, place: dict[int, int], before: list[list[int]], after: list[list[int]]
) -> tuple[KeptInstance, ...]:
    """Every instance, with what is used of it before and after."""
    cluster = problem.cluster
    cells: list[dict[int, list[int]]] = [{} for _ in range(cluster.size)]
    for side, counts in enumerate((problem.running, tasks)):
        for g, i, count in counts:
            cells[i].setdefault(place[g], [0, 0])[side] = count
    zone, kind = cluster.column(ZONE), cluster.column(INSTANCE_TYPE)
    held = problem.in_use(problem.running), problem.in_use(tasks)
    return tuple(
        KeptInstance(
            name=cluster.label(i),
            zone=zone[i] or "",
            type=kind[i] or "",
            open=bool(problem.open_to_change[i]),
            held_before=bool(held[0][i]),
            held_after=bool(held[1][i]),
            capacity=tuple(cluster.capacity[i].tolist()),
            used_before=tuple(before[i]),
            used_after=tuple(after[i]),
            cells=tuple(KeptCell(group, *counts) for group, counts in sorted(cells[i].items())),
        )
        for i in range(cluster.size)
    )
