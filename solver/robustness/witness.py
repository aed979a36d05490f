"""Whether a plan survives: for each loss a second plan, the witness, that places again what the loss takes; checked (§6.4).

What is asked after a loss does not depend on how the plan was found: the plan is carried out, the instances are gone, what ran
there is to start again on the rest, and everything else stays where it is. The witness answers exactly that request, and the
checker judges it as it judges any plan.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Scheduling
from solver.engines import sequential
from solver.engines.deadline import Deadline
from solver.engines.fallback import Fallback, kept, least_missing
from solver.engines.refilling import refill
from solver.robustness.judging import LEAST_SECONDS, Verdict, settled
from solver.robustness.loss import Loss, asking, idle, lost_tasks
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.verify import check

BEFORE_SHARE, LEAST_BEFORE_SHARE = 0.2, 0.1
"""Of the time, for searches for what is before the operation; and of what is left of that, for one loss at least."""

FIND_SHARE = 0.1
"""Of the time that is left, for one witness of a plan that may turn out not to survive."""


class Aftermath:
    """A plan once it is carried out: what is asked after a loss, namely that every lost task of covered groups starts again.

    Parameters
    ----------
    problem, tasks
        The request, and its plan.
    covered
        ``bool[G]``.
    """

    def __init__(self, problem: Problem, tasks: Counts, covered: Bools) -> None:
        settled = idle(problem.after(tasks))
        self._settled = replace(settled, groups=tuple(replace(group, priority=0) for group in settled.groups))
        self._covered = covered

    def lost(self, gone: Bools) -> Ints:
        """``int64[G]``: tasks of covered groups that are lost with instances; those of DAEMON services go with theirs."""
        found: Ints = np.where(self._covered, lost_tasks(self._settled, gone), 0)
        return found

    def asked(self, gone: Bools) -> Problem:
        """What is asked once instances, ``bool[I]``, not all of them, are lost."""
        return asking(self._settled, gone, self.lost(gone))


def asked_after(problem: Problem, tasks: Counts, gone: Bools, covered: Bools) -> Problem:
    """What is asked once a plan is carried out and instances are lost, as ``Aftermath`` says it."""
    return Aftermath(problem, tasks, covered).asked(gone)


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


def fallbacks_of(problem: Problem, covered: Bools) -> Callable[[Loss, int], Fallback]:
    """Makes of a loss, and of how many tasks may be without a place, what the engines see of it.

    That is one step from now to what is there after the plan and the loss.
    """
    operation = problem.operation
    may_stop = operation.stoppable.totals()
    daemons = np.array([group.scheduling is Scheduling.DAEMON for group in problem.groups], np.bool_)
    groups = tuple(
        replace(group, start=0, stop=0, movable=bool(may_stop[g]), all_or_nothing=False)
        for g, group in enumerate(problem.groups)
    )
    # Drained instances take nothing new. Who leaves them is the plan's matter, not that of being movable.
    closed = replace(problem.cluster, connected=problem.cluster.connected & ~problem.drained)
    unasked = replace(
        problem,
        cluster=closed,
        drained=np.zeros(problem.cluster.size, np.bool_),
        groups=groups,
        # Whatever may stop in the plan may stop here, and by moving alone a task that does not run yet may not. Where nothing
        # may, their names say nothing.
        tasks=tuple(replace(task, running=True) for task in problem.tasks) if may_stop.any() else (),
        all_or_nothing=False,
        freedom=Freedom(),
    )

    def fallback(loss: Loss, allowed: int) -> Fallback:
        wanted = problem.wanted + may_stop + np.where(covered, lost_tasks(problem, loss.gone), 0)
        return Fallback(bind(asking(unasked, loss.gone, wanted)), left_of(loss.gone), covered & ~daemons, allowed)

    return fallback


@dataclass(frozen=True, eq=False)
class Found:
    """The witness of one loss, how many tasks it has no place for, and what is proved of that.

    Parameters
    ----------
    fallbacks
        What starts again on the instances that are left.
    at_least
        No witness has no place for fewer.
    """

    fallbacks: Counts
    missing: int
    at_least: int


class _Judged:
    """A plan: witnesses that somebody has noted of it, and those that were checked."""

    def __init__(self, problem: Problem, tasks: Counts, covered: Bools) -> None:
        self.tasks = tasks
        self.noted: dict[int, Counts] = {}
        self.found: dict[int, Found] = {}
        self._of = (problem, covered)

    @cached_property
    def aftermath(self) -> Aftermath:
        return Aftermath(self._of[0], self.tasks, self._of[1])


class Witnesses:
    """The witnesses of plans of one request; losses are meant by their place.

    Parameters
    ----------
    losses
        Of which each leaves some instance.
    deadline
        Of all searches for witnesses.
    least
        The plan that does what must be done and no more, which is never refused; left out, the one that changes nothing.
    """

    def __init__(
        self,
        problem: Problem,
        losses: Sequence[Loss],
        covered: Bools,
        limits: Limits,
        deadline: Deadline,
        least: Counts | None = None,
    ) -> None:
        self._problem = problem
        self._losses = losses
        self._left = [left_of(loss.gone) for loss in losses]
        self._covered = covered
        self._limits = limits
        self._deadline = deadline
        self._least = problem.running if least is None else least
        self._allowed: dict[int, tuple[int, bool]] = {}
        self._before_seconds = BEFORE_SHARE * deadline.remaining()
        self.refusing: set[int] = set()
        """Losses that some plan was refused for, after a search: they are looked at first."""
        # The plan is kept beside its witnesses, so that no other takes its identity.
        self._known: dict[int, _Judged] = {}

    def note(self, tasks: Counts, witnesses: Mapping[int, Counts]) -> None:
        """Remember witnesses of a plan, not checked yet."""
        self._judged(tasks).noted.update(witnesses)

    def fallbacks(self, tasks: Counts, k: int) -> Counts:
        """What starts again after a loss in the witness that is known of a plan."""
        judged, left = self._judged(tasks), kept(tasks, self._left[k])
        if k in judged.found:
            return judged.found[k].fallbacks
        return (judged.noted.get(k, left) - left).positive()

    def of(self, tasks: Counts, k: int) -> Counts:
        """The witness that is known of a plan: its tasks on the instances that are left, and its fallbacks."""
        return kept(tasks, self._left[k]) + self.fallbacks(tasks, k)

    def found(self, tasks: Counts) -> Mapping[int, Found]:
        """What is known of the losses after a plan, by the loss; checked."""
        return self._judged(tasks).found

    def lost(self, tasks: Counts, k: int) -> Ints:
        """``int64[G]``: tasks of covered groups that a plan has on the instances of a loss."""
        return self._judged(tasks).aftermath.lost(self._losses[k].gone)

    def allowance(self, k: int) -> tuple[int, bool]:
        """Covered tasks that may be without a place after a loss, and whether these are proved to be the fewest.

        As many as have none before the operation, as few as are found (§8). A stop that was asked for is never refused (§3.1):
        where it alone leaves more without a place, so many. Judged once, and only of losses for which it matters; none where
        there is no time for it.
        """
        if k not in self._allowed and self._deadline.passed():
            return 0, False
        if k not in self._allowed:
            begun, share = time.monotonic(), max(1 / (len(self._losses) - len(self._allowed)), LEAST_BEFORE_SHARE)
            part = self._deadline.within(self._before_seconds * share)
            running = self._problem.running
            now = self.judge(running, k, part)
            after = now
            if not self._least.same_as(running):
                after = self.judge(self._least, k, part, self.fallbacks(running, k))
            self._before_seconds -= time.monotonic() - begun
            if now is None or after is None:
                return 0, False
            most = max(now, after, key=lambda one: one.missing)
            self._allowed[k] = (most.missing, most.missing <= most.at_least)
        return self._allowed[k]

    @property
    def known_allowances(self) -> Mapping[int, tuple[int, bool]]:
        """Those that were judged, by the loss."""
        return self._allowed

    def hold(self, tasks: Counts, like: Counts | None = None) -> bool:
        """Whether the plan survives every loss: by the witnesses that are known of it, or by others that are looked for.

        Parameters
        ----------
        like
            A plan that survives, whose witnesses the others begin with.
        """
        return not self.failing(tasks, self._deadline, like, most=1)

    def failing(
        self,
        tasks: Counts,
        deadline: Deadline,
        like: Counts | None = None,
        *,
        searching: Deadline | None = None,
        most: int | None = None,
    ) -> list[int]:
        """The losses that a plan is not found to survive, those included that there was no time for.

        Parameters
        ----------
        searching
            Of the searches; left out, the same.
        most
            So many are enough.
        """
        failing: list[int] = []
        pending: list[int] = []
        for k in self.in_order():
            near = None if like is None else self.fallbacks(like, k)
            found = self._settled(tasks, k, deadline, near)
            if found is None:
                failing.append(k)
            elif not self._is_enough(k, found):
                pending.append(k)
            if most is not None and len(failing) + len(pending) >= most:
                failing += self._refusing(tasks, pending, searching or deadline, most - len(failing))
                pending.clear()
                if len(failing) >= most:
                    return failing
        return failing + self._refusing(
            tasks, pending, searching or deadline, None if most is None else most - len(failing)
        )

    def _refusing(self, tasks: Counts, pending: Sequence[int], deadline: Deadline, most: int | None) -> list[int]:
        """Those of some losses that lack a witness after a search too; ``most`` are enough."""
        refusing: list[int] = []
        for at, k in enumerate(pending):
            if most is not None and len(refusing) >= most:
                break
            share = 1 / (len(pending) - at) if most is None else FIND_SHARE
            if not self._is_enough(k, self.judge(tasks, k, deadline.part(share))):
                refusing.append(k)
        self.refusing.update(refusing)
        return refusing

    def lacking(self, tasks: Counts, deadline: Deadline) -> tuple[list[int], list[int]]:
        """The losses that have no witness without a search, and those that there was no time for."""
        lacking, late = [], []
        for k in self.in_order():
            found = self._settled(tasks, k, deadline)
            if found is None:
                late.append(k)
            elif not self._is_enough(k, found):
                lacking.append(k)
        return lacking, late

    def known_lacking(self, tasks: Counts) -> list[int]:
        """Those losses that a plan is known to lack a witness for."""
        return [k for k, found in self.found(tasks).items() if not self._is_enough(k, found)]

    def in_order(self) -> list[int]:
        """The losses, first those that some plan was refused for."""
        return sorted(range(len(self._losses)), key=lambda k: (k not in self.refusing, k))

    def _settled(self, tasks: Counts, k: int, deadline: Deadline, near: Counts | None = None) -> Found | None:
        """As ``_quickly``; where some tasks may be without a place, once more from the witness of what is there."""
        unknown = k not in self._allowed
        found = self._quickly(tasks, k, deadline, near)
        if found is None or self._is_enough(k, found) or not (unknown and self._allowed.get(k, (0, False))[0]):
            return found
        judged = self._judged(tasks)
        del judged.found[k]
        again = self._quickly(tasks, k, deadline)
        if again is None or again.missing > found.missing:
            judged.found[k] = again = found
        return again

    def judge(self, tasks: Counts, k: int, deadline: Deadline, near: Counts | None = None) -> Found | None:
        """Look for the witness of one loss that has a place for the most tasks; None where there is no time left.

        Parameters
        ----------
        near
            What starts again in the witness of another plan.
        """
        first = self._quickly(tasks, k, deadline, near)
        if first is None or first.missing <= first.at_least or deadline.passed():
            return first
        judged = self._judged(tasks)
        asked = judged.aftermath.asked(self._losses[k].gone)
        limits = replace(self._limits, time_limit=max(deadline.remaining(), LEAST_SECONDS))
        found = settled(asked, limits, lambda: deadline.was_cancelled, asked.running + first.fallbacks)
        best = first.fallbacks if found.plan is None else (found.plan - asked.running).positive()
        at_least = max(first.at_least, found.at_least if found.verdict is Verdict.FAILS else 0)
        missing = int(asked.wanted.sum() - best.totals().sum())
        better = Found(best, missing, at_least) if missing <= first.missing else replace(first, at_least=at_least)
        judged.found[k] = better
        return better

    def _quickly(self, tasks: Counts, k: int, deadline: Deadline, near: Counts | None = None) -> Found | None:
        """A checked witness without any search: the one that is noted, that of another plan, or what falls back one at a time.

        None where there is no time left.
        """
        judged, loss = self._judged(tasks), self._losses[k]
        if k in judged.found:
            return judged.found[k]
        lost = judged.aftermath.lost(loss.gone)
        if not lost.any():
            shape = (len(self._problem.groups), int((~loss.gone).sum()))
            judged.found[k] = Found(Counts.empty(*shape), 0, 0)
            return judged.found[k]
        if deadline.passed():
            return None
        allowed = self._allowed.get(k, (0, False))[0]
        if near is None and allowed:
            # What may stay without a place was found by a search: it is begun where that ended.
            near = self.fallbacks(self._least, k)
        asked = judged.aftermath.asked(loss.gone)
        rules = bind(asked)
        best = Found(asked.running - asked.running, int(lost.sum()), least_missing(asked))
        for witness in self._candidates(judged.noted.get(k), near, rules, deadline):
            missing = int(asked.missing(witness).sum())
            if missing < best.missing and not check(asked, witness, rules):
                best = replace(best, fallbacks=(witness - asked.running).positive(), missing=missing)
            if best.missing <= max(allowed, best.at_least):
                break
        judged.found[k] = best
        return best

    def _candidates(
        self, noted: Counts | None, near: Counts | None, rules: Rules, deadline: Deadline
    ) -> Iterator[Counts]:
        if noted is not None:
            yield noted
        first = rules.problem.running
        if near is not None and len(near):
            first = sequential.place(rules, self._limits.seed, deadline, begun=near)
            yield first
        yield refill(rules, first, deadline)

    def _judged(self, tasks: Counts) -> _Judged:
        if id(tasks) not in self._known:
            self._known[id(tasks)] = _Judged(self._problem, tasks, self._covered)
        return self._known[id(tasks)]

    def _is_enough(self, k: int, found: Found | None) -> bool:
        return found is not None and (not found.missing or found.missing <= self.allowance(k)[0])
