"""The answer to a request: the plan, what is known of it, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.devices import Seats
from solver.domain.explanation import Shortfall, Violation
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import Status, Stop, TierResult
from solver.domain.steps import Action as Action
from solver.domain.steps import Steps
from solver.domain.survival import LossOutcome
from solver.domain.target_zones import target_zones
from solver.domain.targets import TargetZones


@dataclass(frozen=True)
class Replay:
    """What repeats the answer (§10.2): fingerprint of the request, seed, limits, versions."""

    fingerprint: str
    seed: int
    time_limit: float
    deterministic_limit: float | None
    workers: int
    engine: str
    versions: Mapping[str, str]

    @classmethod
    def of(cls, fingerprint: str, limits: Limits, versions: Mapping[str, str]) -> Replay:
        """What repeats an answer to the request with this fingerprint, found within the limits."""
        return cls(
            fingerprint,
            limits.seed,
            limits.time_limit,
            limits.deterministic_limit,
            limits.workers,
            limits.engine.value,
            versions,
        )


@dataclass(frozen=True, eq=False)
class Answer:
    """A checked plan with its proof and its reasons.

    Parameters
    ----------
    problem
        The request as it came.
    tasks
        Counts after the operation.
    tiers
        In order of importance.
    broken_before, broken_after
        Rules that the state breaks before and after (§8).
    seconds, first_plan_seconds
        Wall time of the whole answer, and until the first checked plan existed.
    steps
        The order of a plan that stops tasks (§9.2); a plan that only starts some is one wave and needs none.
    seats
        By group and instance: the devices of each task that starts there, where the group needs any.
    losses
        What becomes of each loss that the plan must survive; empty where that was not asked for.
    """

    status: Status
    stop: Stop
    problem: Problem
    tasks: Counts
    tiers: tuple[TierResult, ...]
    engine: str
    replay: Replay
    shortfalls: tuple[Shortfall, ...] = ()
    warnings: tuple[str, ...] = ()
    broken_before: tuple[Violation, ...] = ()
    broken_after: tuple[Violation, ...] = ()
    seconds: float = 0.0
    first_plan_seconds: float = 0.0
    label: str = field(default="")
    steps: Steps | None = None
    seats: Mapping[tuple[int, int], Seats] = field(default_factory=dict)
    losses: tuple[LossOutcome, ...] = ()

    @property
    def started(self) -> Counts:
        """New tasks of each group on each instance."""
        return (self.tasks - self.problem.running).positive()

    @property
    def stopped(self) -> Counts:
        """Tasks of each group that stop on each instance."""
        return (self.problem.running - self.tasks).positive()

    def placed(self) -> Ints:
        """``int64[G]``: new tasks placed of each group; one that moves is none."""
        placed: Ints = self.problem.wanted - self.missing()
        return placed

    def missing(self) -> Ints:
        """``int64[G]``: new tasks wanted and not placed."""
        missing: Ints = np.minimum(self.problem.wanted, self.problem.missing(self.tasks))
        return missing

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is placed."""
        return not self.missing().any()

    @cached_property
    def targets(self) -> tuple[TargetZones, ...]:
        """How the tasks of each service lie over the zones of what they are registered with, before and after."""
        return target_zones(self.problem, self.tasks)

    def actions(self) -> Iterator[Action]:
        """One action a task, by wave, group and instance; named, ordered and on devices as far as it is known."""
        cluster, by_name = self.problem.cluster, self.problem.by_name
        left = {cell: iter(seats) for cell, seats in self.seats.items()}
        for action in self._actions():
            instance = cluster.find(action.instance) if left and action.kind != "stop" else None
            seats = None if instance is None else left.get((by_name[action.group], instance))
            yield action if seats is None else replace(action, devices=next(seats, ()))

    def _actions(self) -> Iterator[Action]:
        if self.steps is not None:
            yield from self.steps.actions
            return
        groups, cluster = self.problem.groups, self.problem.cluster
        for kind, cells, step in (("stop", self.stopped, 0), ("start", self.started, int(not len(self.stopped)))):
            for g, i, count in cells:
                for _ in range(count):
                    yield Action(kind, groups[g].name, "", cluster.instance_ids[i], "", step)
