"""Instance state: a start needs an instance that is ACTIVE, connected, not frozen, not drained (§2.1; ECS API)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading, Stage
from solver.rules.model import Model


@dataclass(frozen=True)
class InstanceState(Constraint):
    """No start where the instance takes none."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    name: str = "instance state"
    reason: str = "AGENT"
    owner: int | None = None

    def admits(self, problem: Problem, group: int) -> Bools:
        return problem.open_to_change

    def room_on(self, state: Placement, group: int, instances: Ints) -> Ints:
        return np.where(state.problem.open_to_change[instances], UNLIMITED, 0)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        return ()

    def compile(self, model: Model) -> None:
        """Nothing counts: closed instances have no candidates."""

    def breaches(self, placement: Placement) -> Breaches:
        problem = placement.problem
        starts = (placement.tasks - problem.running).positive().per_instance()
        open_ = problem.cluster.active & problem.cluster.connected & ~problem.frozen & ~problem.drained
        amount = np.where(open_, 0, starts)
        unit = "new tasks on an instance that is not ACTIVE, has no agent connected, is frozen or being drained"
        return Breaches(amount, np.zeros_like(amount), problem.cluster.label, unit)
