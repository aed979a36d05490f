"""Whether everything that is lost finds a place again: proved yes, proved no, or not decided in time (§6.3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from solver.api import place
from solver.domain.answer import Answer
from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import Solution, TierResult
from solver.engines.incumbent import Known
from solver.explain import shortfalls
from solver.robustness.loss import after, counted, lost_tasks
from solver.rules.bind import bind

UNPLACED = "unplaced/"
LEAST_SECONDS = 0.05
COUNTED_SHARE, MANY = 0.4, 20
"""Of the time, for how many tasks have no place where that many have none: beyond, it is enough to know that some have none."""


class Verdict(StrEnum):
    """What is known of one loss."""

    HOLDS = "holds"
    """Every lost task has a place: there is a checked plan."""
    FAILS = "fails"
    """No plan has a place for every lost task, which is proved."""
    UNDECIDED = "undecided"
    """Neither was found in the time given."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What is known of one loss.

    Parameters
    ----------
    missing
        By group, the tasks without a place in the best plan found; of several priorities the lower ones lack theirs.
    proven
        Whether ``missing`` is proved to be the fewest, class by class.
    at_least
        No plan leaves fewer tasks in all without a place.
    moved
        Tasks that survive and move in the plan.
    plan
        Tasks of each group on each instance that is left, checked; None where no instance is left.
    problem
        That it answers; None likewise.
    """

    verdict: Verdict
    missing: Mapping[str, int]
    proven: bool
    at_least: int
    moved: int = 0
    plan: Counts | None = None
    problem: Problem | None = None
    answer: Answer | None = None


def judged(
    problem: Problem,
    gone: Bools,
    limits: Limits,
    max_moves: int = 0,
    cancelled: Callable[[], bool] | None = None,
    hint: Counts | None = None,
) -> Judgement:
    """Place again what is lost, and stop once it is known how much of it has no place.

    Parameters
    ----------
    problem
        The cluster before the loss.
    gone
        ``bool[I]``: the instances that fail.
    hint
        A plan that is known, of the instances that are left.
    """
    lost = lost_tasks(problem, gone)
    if not lost.any():
        return Judgement(Verdict.HOLDS, {}, True, 0)
    if gone.all():
        return Judgement(Verdict.FAILS, counted(problem, lost), True, int(lost.sum()))
    return settled(after(problem, gone, max_moves), limits, cancelled, hint)


def settled(
    asked: Problem, limits: Limits, cancelled: Callable[[], bool] | None = None, hint: Counts | None = None
) -> Judgement:
    """Place what is lost, and stop once it is known how much of it has no place.

    Parameters
    ----------
    asked
        Of ``after``.
    """
    known, begun = False, time.monotonic()

    def told(state: Known) -> None:
        nonlocal known
        names = [cost.name.startswith(UNPLACED) for cost in state.rules.tiers]
        pairs = zip(names, state.values, state.floors, strict=True)
        unplaced = [(value, floor) for is_unplaced, value, floor in pairs if is_unplaced]
        known = all(value == floor for value, floor in unplaced)
        fails = any(floor > 0 for _, floor in unplaced)
        many = sum(value for value, _ in unplaced) >= MANY
        known = known or (fails and many and time.monotonic() - begun > COUNTED_SHARE * limits.time_limit)

    def stopped() -> bool:
        return known or (cancelled is not None and cancelled())

    answer = place(asked, limits, explain=False, on_progress=told, cancelled=stopped, hint=hint)
    tiers = [tier for tier in answer.tiers if tier.name.startswith(UNPLACED)]
    missing = asked.missing(answer.tasks)
    moved = int(answer.stopped.totals().sum())
    proven = all(tier.proven for tier in tiers)
    verdict = _verdict(int(missing.sum()), tiers)
    at_least = _at_least(tiers)
    return Judgement(verdict, counted(asked, missing), proven, at_least, moved, answer.tasks, asked, answer)


def _verdict(missing: int, tiers: list[TierResult]) -> Verdict:
    """A bound above zero of any class speaks of every plan whose earlier classes lack no more than this one's (§6.2).

    A plan that lacks nothing is such a plan, so that one such bound is enough to prove that there is none.
    """
    if not missing:
        return Verdict.HOLDS
    return Verdict.FAILS if any(tier.bound > 0 for tier in tiers) else Verdict.UNDECIDED


def _at_least(tiers: list[TierResult]) -> int:
    """Fewest tasks in all without a place: the first class's bound holds whatever the others do; of others it is one."""
    first = tiers[0].bound if tiers else 0
    return first or int(any(tier.bound > 0 for tier in tiers))


def why(judgement: Judgement, limits: Limits, seconds: float) -> tuple[str, ...]:
    """What cannot hold together, for each group that lacks tasks: a line a group, as far as time lasts (§7.1)."""
    answer = judgement.answer
    if answer is None:
        return ()
    begun = time.monotonic()
    solution = Solution(answer.status, answer.stop, answer.tasks, answer.tiers, answer.engine)
    given = replace(limits, time_limit=max(seconds, LEAST_SECONDS))
    lines = []
    for short in shortfalls(bind(answer.problem), solution, given, seconds, lambda: time.monotonic() - begun > seconds):
        if short.conflict is not None and short.conflict.proven:
            lines.append(f"{short.group}: {'; '.join(short.conflict.members)}")
    return tuple(lines)
