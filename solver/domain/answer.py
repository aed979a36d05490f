"""The answer to a request: the plan, what is known of it, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.explanation import Shortfall, Violation
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import Status, Stop, TierResult


@dataclass(frozen=True)
class Action:
    """One task that starts, stops or moves.

    Parameters
    ----------
    kind
        ``start``, ``stop`` or ``move``.
    group
        The group's name.
    task
        The task's id; empty for one that does not exist yet.
    instance
        Where it starts, or where it stops.
    from_instance
        Where a moved task runs now; empty otherwise.
    step
        The wave that completes it, from 1.
    """

    kind: str
    group: str
    task: str
    instance: str
    from_instance: str
    step: int


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

    @property
    def started(self) -> Counts:
        """New tasks of each group on each instance."""
        return (self.tasks - self.problem.running).positive()

    def placed(self) -> Ints:
        """``int64[G]``: new tasks placed of each group."""
        return self.started.totals()

    def missing(self) -> Ints:
        """``int64[G]``: new tasks wanted and not placed."""
        missing: Ints = np.maximum(self.problem.wanted - self.placed(), 0)
        return missing

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is placed."""
        return not self.missing().any()

    def actions(self) -> Iterator[Action]:
        """One action a task, by group and instance."""
        groups, cluster = self.problem.groups, self.problem.cluster
        for g, i, count in self.started:
            for _ in range(count):
                yield Action("start", groups[g].name, "", cluster.instance_ids[i], "", 1)
