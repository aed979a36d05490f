"""Whether a plan survives: for each loss a second plan, the witness, that places again what the loss takes; checked (§6.4).

What is asked after a loss does not depend on how the plan was found: the plan is carried out, the instances are gone, what ran
there is to start again on the rest, and everything else stays where it is. The witness answers exactly that request, and the
checker judges it as it judges any plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Scheduling
from solver.engines import sequential
from solver.engines.deadline import Deadline
from solver.engines.fallback import Fallback, kept
from solver.engines.refilling import refill
from solver.robustness.judging import LEAST_SECONDS, Judgement, Verdict, settled
from solver.robustness.loss import Loss, after, lost_tasks
from solver.rules.bind import bind
from solver.verify import check
from solver.whatif.instances import without_instances

FIND_SHARE = 0.1
"""Of the time that is left, for one witness of a plan that may turn out not to survive."""


def asked_after(problem: Problem, tasks: Counts, gone: Bools, covered: Bools) -> Problem:
    """What is asked once a plan is carried out and instances are lost: that every lost task of covered groups starts again.

    Parameters
    ----------
    problem, tasks
        The request, and its plan.
    gone
        ``bool[I]``; not all of them.
    covered
        ``bool[G]``.
    """
    asked = after(problem.after(tasks), gone)
    groups = tuple(
        replace(group, start=group.start if covered[g] else 0, priority=0) for g, group in enumerate(asked.groups)
    )
    return replace(asked, groups=groups)


def missing_after(problem: Problem, tasks: Counts, gone: Bools, covered: Bools, witness: Counts) -> int | None:
    """Covered tasks that a plan has no place for once instances are lost; None if the checker refuses the witness.

    Parameters
    ----------
    witness
        Tasks of each group on each instance that is left.
    """
    asked = asked_after(problem, tasks, gone, covered)
    return None if check(asked, witness) else int(asked.missing(witness).sum())


def left_of(gone: Bools) -> Ints:
    """``int64[I]``: the index of each instance among those that are left; -1 where it is lost."""
    left: Ints = np.where(gone, -1, np.cumsum(~gone) - 1)
    return left


def fallback_of(problem: Problem, loss: Loss, covered: Bools, allowed: int) -> Fallback:
    """A loss as the engines see it: one step from now to what is there after the plan and the loss."""
    operation = problem.operation
    may_stop = operation.stoppable.totals()
    wanted = problem.wanted + may_stop + np.where(covered, lost_tasks(problem, loss.gone), 0)
    daemons = np.array([group.scheduling is Scheduling.DAEMON for group in problem.groups], np.bool_)
    groups = tuple(
        replace(group, start=0, stop=0, movable=bool(may_stop[g]), all_or_nothing=False)
        for g, group in enumerate(problem.groups)
    )
    # Drained instances take nothing new. Who leaves them is the plan's matter, not that of being movable.
    closed = replace(problem.cluster, connected=problem.cluster.connected & ~problem.drained)
    idle = replace(
        problem,
        cluster=closed,
        drained=np.zeros(problem.cluster.size, np.bool_),
        groups=groups,
        # Whatever may stop in the plan may stop here, and by moving alone a task that does not run yet may not.
        tasks=tuple(replace(task, running=True) for task in problem.tasks),
        all_or_nothing=False,
        freedom=Freedom(),
    )
    smaller = without_instances(idle, loss.gone)
    started = tuple(replace(group, start=int(wanted[g])) for g, group in enumerate(smaller.groups))
    return Fallback(bind(replace(smaller, groups=started)), left_of(loss.gone), covered & ~daemons, allowed)


@dataclass(frozen=True, eq=False)
class Found:
    """The witness of one loss, how many tasks it has no place for, and what is proved of that."""

    witness: Counts
    missing: int
    at_least: int


class Witnesses:
    """The witnesses of plans of one request.

    Parameters
    ----------
    losses
        Of which each leaves some instance.
    allowed
        For each loss, the covered tasks that may be without a place.
    deadline
        Of all searches for witnesses.
    """

    def __init__(
        self, problem: Problem, losses: Sequence[Loss], covered: Bools, limits: Limits, deadline: Deadline
    ) -> None:
        self._problem = problem
        self._losses = losses
        self._covered = covered
        self._limits = limits
        self._deadline = deadline
        self.allowed = [0] * len(losses)
        # The plan is kept beside its witnesses, so that no other takes its identity.
        self._known: dict[int, tuple[Counts, tuple[Counts, ...]]] = {}

    def note(self, tasks: Counts, witnesses: Sequence[Counts]) -> None:
        """Remember witnesses of a plan, checked or not."""
        self._known[id(tasks)] = (tasks, tuple(witnesses))

    def fallbacks(self, tasks: Counts, k: int) -> Counts:
        """What starts again after a loss in the witness that is known of a plan."""
        return (self.of(tasks)[k] - kept(tasks, left_of(self._losses[k].gone))).positive()

    def of(self, tasks: Counts) -> tuple[Counts, ...]:
        """The witnesses that are known of a plan."""
        return self._known[id(tasks)][1]

    def hold(self, tasks: Counts, like: Counts | None = None) -> bool:
        """Whether the plan survives every loss: by the witnesses that are known of it, or by others that are looked for.

        Parameters
        ----------
        like
            A plan that survives, whose witnesses the others begin with.
        """
        known = self._known.get(id(tasks), (tasks, ()))[1]
        found = []
        for k, loss in enumerate(self._losses):
            witness = known[k] if known else None
            if witness is None or not self._is_enough(k, self._missing(tasks, loss, witness)):
                near = None if like is None else self.fallbacks(like, k)
                search = self.find(tasks, loss, self._deadline.part(FIND_SHARE), near)
                if not self._is_enough(k, search.missing):
                    return False
                witness = search.witness
            found.append(witness)
        self.note(tasks, found)
        return True

    def find(self, tasks: Counts, loss: Loss, deadline: Deadline, near: Counts | None = None) -> Found:
        """Look for the witness of one loss that has a place for the most tasks.

        Parameters
        ----------
        near
            Fallbacks of another plan, tasks that start again on the instances that are left: taken over as far as there is room.
        """
        asked = asked_after(self._problem, tasks, loss.gone, self._covered)
        rules, quickly = bind(asked), Deadline(max(deadline.remaining(), LEAST_SECONDS))
        first = asked.running
        if near is not None:
            first = sequential.place(rules, self._limits.seed, quickly, begun=near)
        quick = refill(rules, first, quickly)
        missing = int(asked.missing(quick).sum())
        if check(asked, quick):
            quick, missing = asked.running, int(asked.wanted.sum())
        if not missing or deadline.passed():
            return Found(quick, missing, 0)
        limits = replace(self._limits, time_limit=max(deadline.remaining(), LEAST_SECONDS))
        judgement = settled(asked, limits, lambda: deadline.was_cancelled, quick)
        best = quick if judgement.plan is None else judgement.plan
        return Found(best, int(asked.missing(best).sum()), _at_least(judgement))

    def _missing(self, tasks: Counts, loss: Loss, witness: Counts) -> int | None:
        return missing_after(self._problem, tasks, loss.gone, self._covered, witness)

    def _is_enough(self, k: int, missing: int | None) -> bool:
        return missing is not None and missing <= self.allowed[k]


def _at_least(judgement: Judgement) -> int:
    """Tasks without a place in every plan."""
    return judgement.at_least if judgement.verdict is Verdict.FAILS else 0
