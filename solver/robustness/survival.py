"""The best plan that survives: after it, the loss of any one zone (rack, type, instance, ...) leaves every task a place.

Three steps. The plan that is best without the rule: where it survives, it is the answer, and its proofs hold. Else tasks are
placed one at a time where every loss still has a place for them, which is what a scheduler that keeps the rule would do. Then one
model of the plan and of all losses together, while it is small enough, for better plans and for bounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from solver.api import Begun, assembled, of_problem, place, require_sensible
from solver.domain.answer import Answer, Replay
from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import Solution, Status
from solver.domain.survival import Survival
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent, Observer, ProgressObserver
from solver.engines.memory import Memory
from solver.engines.portfolio import Run, count_bounds, why_stopped
from solver.fingerprint import versions
from solver.robustness.before import remarks, what_must_be
from solver.robustness.loss import Loss, counted
from solver.robustness.outcome import Afterwards
from solver.robustness.refusals import Reasons
from solver.robustness.requirement import required
from solver.robustness.search import Search
from solver.robustness.witness import Witnesses
from solver.rules.bind import bind
from solver.rules.unplaced import Unplaced

PLAIN_SHARE, JUDGED_SHARE = 0.35, 0.3
"""Of the time that is left: for the plan without the rule, and for searches for its witnesses."""

REASONS_SHARE = 0.1
"""Of the time, kept for why tasks are not placed, and for what is proved of the losses."""

WRITING_SHARE = 0.2
"""Of the time that is left at the end, kept for the last of it."""

MOST_REFUSED = 5
"""Losses that refuse the plan without the rule, after a search for each: more need not be known."""

LEAST_SECONDS = 0.05


@dataclass(frozen=True, eq=False)
class Surviving:
    """A plan that survives.

    Parameters
    ----------
    answer
        The plan; its bounds and proofs speak of all plans that survive.
    losses
        Of every loss the witness.
    plain
        The plan that is best without the rule.
    """

    answer: Answer
    losses: tuple[Afterwards, ...]
    plain: Answer


def survive(
    problem: Problem,
    lose: Sequence[str] = ("zone",),
    *,
    covered: Sequence[str] = (),
    limits: Limits | None = None,
    warnings: Sequence[str] = (),
    label: str = "",
    hint: Counts | None = None,
    on_incumbent: Observer | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Surviving:
    """The best plan after which every loss of the kinds leaves every task a place, what survives staying where it is.

    Parameters
    ----------
    lose
        Kinds of loss: ``zone``, ``type``, ``instance``, ``attribute:NAME``. One loss happens, of one kind.
    covered
        Groups or families whose tasks must have a place; left out, all. Tasks of DAEMON services go with their instance.
    warnings, label, hint, on_incumbent, cancelled
        As ``solver.api.place`` takes them. A hint that does not survive is ignored, with a warning.

    Raises
    ------
    InvalidRequest
        If a kind of loss or a group means nothing, a loss takes every instance, there are too many losses, a rule cannot be
        read, or a limit makes no sense; a deterministic limit cannot be kept.
    """
    survival = Survival(tuple(lose), tuple(covered))
    return answered(
        problem,
        survival,
        limits or Limits(),
        warnings=warnings,
        label=label,
        hint=hint,
        on_incumbent=on_incumbent,
        cancelled=cancelled,
    )


def answered(
    problem: Problem,
    survival: Survival,
    limits: Limits,
    *,
    explain: bool = True,
    on_incumbent: Observer | None = None,
    on_progress: ProgressObserver | None = None,
    cancelled: Callable[[], bool] | None = None,
    warnings: Sequence[str] = (),
    label: str = "",
    hint: Counts | None = None,
    kept_seconds: float = 0.0,
) -> Surviving:
    """What ``survive`` answers; the parameters are those of ``solver.api.answered``, and what is raised that of ``survive``."""
    require_sensible(limits)
    begun = time.monotonic()
    found, covered = required(problem, survival, limits)
    rules = bind(problem)
    hint = None if hint is None else of_problem(problem, hint, "hint")
    request = Begun.of(rules, limits, begun, hint, kept_seconds, survival)
    deadline = Deadline((1 - REASONS_SHARE) * request.left(), cancelled)
    least = what_must_be(problem)
    witnesses = Witnesses(problem, found, covered, limits, deadline, least)
    incumbent = Incumbent(rules, on_incumbent, on_progress, condition=witnesses.hold)
    # A plan to fall back on, for whoever waits and for a search that is cut off.
    incumbent.require_sequential(least)

    def whole(answer: Answer) -> Surviving:
        judging = Deadline(min(request.left() * (1 - WRITING_SHARE), REASONS_SHARE * limits.time_limit), cancelled)
        losses = tuple(
            _afterwards(problem, answer.tasks, k, found, covered, witnesses, judging) for k in range(len(found))
        )
        # Of a loss that is survived now nobody need know what was found of it before.
        still = {k: known for k, known in witnesses.known_allowances.items() if losses[k].missing}
        told = replace(
            answer,
            losses=tuple(one.outcome() for one in losses),
            warnings=(*answer.warnings, *remarks(found, still)),
            seconds=time.monotonic() - begun,
        )
        return Surviving(told, losses, plain)

    own = replace(limits, time_limit=max(deadline.remaining() * PLAIN_SHARE, LEAST_SECONDS))
    plain = place(problem, own, explain=explain, warnings=warnings, label=label, hint=hint, cancelled=cancelled)
    searching = deadline.part(JUDGED_SHARE)
    if not witnesses.failing(plain.tasks, deadline, searching=searching, most=MOST_REFUSED):
        incumbent.require_sequential(plain.tasks)
        replay = Replay.of(request.fingerprint, limits, versions())
        return whole(replace(plain, replay=replay))
    search = Search(incumbent, found, covered, witnesses, least, limits, deadline)
    search.sequential(plain)
    first = time.monotonic() - begun
    ignored = tuple(search.hinted(hint))
    count_bounds(incumbent, deadline)
    # A plan that survives is a plan.
    values = tuple(tier.value for tier in plain.tiers)
    for t, tier in enumerate(plain.tiers):
        incumbent.add_bound(t, tier.bound, tier.source, values)
    search.count()
    engine = search.improve()
    run = Run(_solution(incumbent, deadline, engine), first, ignored, Memory(problem, incumbent.tasks, None))
    reasons = Reasons(problem, incumbent, plain, found, covered, witnesses, limits)
    return whole(assembled(request, run, reasons.within if explain else None, warnings=warnings, label=label))


def _solution(incumbent: Incumbent, deadline: Deadline, engine: str) -> Solution:
    problem = incumbent.rules.problem
    unplaced = [t for t, cost in enumerate(incumbent.rules.tiers) if isinstance(cost, Unplaced)]
    status = Status.OPTIMAL if incumbent.finished else Status.FEASIBLE
    if problem.all_or_nothing and any(incumbent.values[t] for t in unplaced):
        impossible = any(incumbent.bound(t).value > 0 for t in unplaced)
        status = Status.INFEASIBLE if impossible else Status.NOT_FOUND
    stop = why_stopped(incumbent, status, deadline)
    return Solution(status, stop, incumbent.tasks, incumbent.results(), engine)


def _afterwards(
    problem: Problem,
    tasks: Counts,
    k: int,
    found: Sequence[Loss],
    covered: Bools,
    witnesses: Witnesses,
    deadline: Deadline,
) -> Afterwards:
    """The witness of one loss, with a bound for what has no place in it as far as time lasts."""
    part = deadline.part(1 / (len(found) - k))
    lost = witnesses.lost(tasks, k)
    judged = witnesses.judge(tasks, k, part)
    fallbacks = witnesses.fallbacks(tasks, k) if judged is None else judged.fallbacks
    missing = counted(problem, lost - fallbacks.totals())
    allowed, proven = witnesses.allowance(k)
    if sum(missing.values()) > allowed:
        # Only of the plan that does what must be done: there was no time to judge what is before.
        allowed, proven = sum(missing.values()), False
    at_least = 0 if judged is None else judged.at_least
    return Afterwards(found[k], int(lost.sum()), missing, at_least, allowed, proven, fallbacks, problem, tasks, covered)
