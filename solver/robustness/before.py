"""What is before the operation: losses that are not survived then, which a plan must not make worse (§8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.engines import sequential
from solver.engines.deadline import Deadline
from solver.robustness.loss import Loss
from solver.robustness.witness import Witnesses
from solver.rules.bind import bind

MOST_TOLD = 10
"""Losses that are told one by one."""

QUICK_SHARE = 0.5
"""Of the time that is left, at most, for witnesses that need no search."""


@dataclass(frozen=True, eq=False)
class Before:
    """The losses before the operation.

    Parameters
    ----------
    least
        The plan that stops what is asked for and leaves what is drained, and changes nothing else. It is never refused.
    proven
        For each loss, whether as many tasks as may be without a place are proved to be the fewest.
    remarks
        What is to be said.
    """

    least: Counts
    proven: tuple[bool, ...]
    remarks: tuple[str, ...]

    @classmethod
    def of(
        cls, problem: Problem, losses: Sequence[Loss], witnesses: Witnesses, searching: Deadline, deadline: Deadline
    ) -> Before:
        """Judge every loss, and set what ``witnesses`` allow: no more tasks without a place than now (§8).

        A stop that was asked for is never refused (§3.1): where it alone leaves more tasks without a place, so many are allowed.
        Where there is no time to judge a loss, no task may be without a place.
        """
        running, least = problem.running, what_must_be(problem)
        witnesses.failing(running, deadline.part(QUICK_SHARE), searching=searching)
        now = witnesses.found(running)
        remarks = [
            _told(loss.name, now[k].missing, now[k].missing <= now[k].at_least)
            for k, loss in enumerate(losses)
            if k in now and now[k].missing
        ]
        if len(remarks) > MOST_TOLD:
            remarks[MOST_TOLD:] = [f"{len(remarks) - MOST_TOLD:,} more losses are not survived before the operation"]
        late = len(losses) - len(now)
        if late:
            remarks.append(
                f"the time was too short to judge {late:,} losses before the operation: a plan has to survive them"
            )
        allowed = [now[k].missing if k in now else 0 for k in range(len(losses))]
        proven = [k in now and now[k].missing <= now[k].at_least for k in range(len(losses))]
        witnesses.allowed[:] = allowed
        if not least.same_as(running):
            witnesses.failing(least, deadline.part(QUICK_SHARE), running, searching=searching)
            for k, one in witnesses.found(least).items():
                if one.missing > allowed[k]:
                    witnesses.allowed[k], proven[k] = one.missing, one.missing <= one.at_least
        return cls(least, tuple(proven), tuple(remarks))


def _told(name: str, missing: int, is_proved: bool) -> str:
    told = f"{missing:,} task{'s have' if missing > 1 else ' has'}"
    proof = "proved" if is_proved else "fewer are not ruled out"
    said = f"the loss of {name} is not survived before the operation: {told} no place ({proof})"
    return f"{said}; the plan leaves no more without one"


def what_must_be(problem: Problem) -> Counts:
    """The plan that stops what is asked for and leaves what is drained, and changes nothing else."""
    if not (problem.operation.asked.any() or len(problem.operation.leaving)):
        return problem.running
    idle = replace(problem, groups=tuple(replace(group, start=0) for group in problem.groups), all_or_nothing=False)
    return sequential.place(bind(idle), 0)
