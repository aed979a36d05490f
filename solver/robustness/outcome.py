"""What becomes of each loss once a plan is carried out: the witness, how much of it is proved, and the same for the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.survival import LossOutcome
from solver.robustness.loss import Loss
from solver.robustness.witness import asked_after


@dataclass(frozen=True, eq=False)
class Afterwards:
    """One loss, once the plan is carried out.

    Parameters
    ----------
    lost
        Tasks of covered groups that the plan has there.
    missing
        By group, those of them without a place in the witness; in all no more than ``allowed``.
    at_least
        No plan for after the loss has no place for fewer.
    allowed
        Tasks without a place before the operation, as few as were found: they may stay without one (§8).
    allowed_proven
        Whether that is proved to be the fewest.
    fallbacks
        What starts again on the instances that are left.
    request, tasks, covered
        The request, its plan, and the groups whose tasks must have a place.
    """

    loss: Loss
    lost: int
    missing: Mapping[str, int]
    at_least: int
    allowed: int
    allowed_proven: bool
    fallbacks: Counts
    request: Problem
    tasks: Counts
    covered: Bools

    @cached_property
    def problem(self) -> Problem:
        """What is asked after the loss."""
        return asked_after(self.request, self.tasks, self.loss.gone, self.covered)

    @property
    def witness(self) -> Counts:
        """The checked plan that answers ``problem``."""
        return self.problem.running + self.fallbacks

    def outcome(self) -> LossOutcome:
        """The same in few words."""
        kept = np.flatnonzero(~self.loss.gone)
        return LossOutcome(
            what=self.loss.what,
            value=self.loss.value,
            instances=int(self.loss.gone.sum()),
            tasks=self.lost,
            missing=self.missing,
            at_least=self.at_least,
            allowed=self.allowed,
            allowed_proven=self.allowed_proven,
            fallbacks=tuple((g, int(kept[i]), count) for g, i, count in self.fallbacks),
        )
