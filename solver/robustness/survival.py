"""The best plan that survives: after it, the loss of any one zone (rack, type, instance, ...) leaves every task a place.

Three steps. The plan that is best without the rule: where it survives, it is the answer, and its proofs hold. Else tasks are
placed one at a time where every loss still has a place for them, which is what a scheduler that keeps the rule would do. Then one
model of the plan and of all losses together, while it is small enough, for better plans and for bounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.api import Begun, assembled, place, require_sensible
from solver.domain.answer import Answer
from solver.domain.counts import Bools, Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits, Scheduling, TaskGroup
from solver.domain.solution import Solution, Status
from solver.engines import joint, sequential
from solver.engines.deadline import Deadline
from solver.engines.fallback import Fallback, FallbackScheduler, least_unplaced
from solver.engines.incumbent import Incumbent, Observer
from solver.engines.memory import Memory
from solver.engines.portfolio import Run, count_bounds, why_stopped
from solver.errors import Fault, InvalidRequest
from solver.formats.choose import nearest
from solver.robustness.loss import Loss, counted, losses
from solver.robustness.refusals import Reasons
from solver.robustness.witness import Found, Witnesses, asked_after, fallback_of
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.unplaced import Unplaced

BEFORE_SHARE, PLAIN_SHARE, JUDGED_SHARE = 0.2, 0.35, 0.3
"""Of the time that is left: for the losses as they are, for the plan without the rule, and for the losses after that."""

GROWN_SHARE = 0.5
"""Of the time that is left, for tasks more than those that were placed one at a time."""

REASONS_SHARE = 0.1
"""Of the time, kept for why tasks are not placed."""

LEAST_SECONDS = 0.05


@dataclass(frozen=True, eq=False)
class Afterwards:
    """One loss, once the plan is carried out.

    Parameters
    ----------
    lost
        Tasks of covered groups that the plan has there.
    missing
        By group, those of them without a place in ``witness``; in all no more than ``allowed``.
    allowed
        Tasks without a place before the operation, as few as were found: they may stay without one (§8).
    problem, witness
        What is asked after the loss, and the checked plan that answers it.
    """

    loss: Loss
    lost: int
    missing: Mapping[str, int]
    allowed: int
    problem: Problem
    witness: Counts


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
        As ``solver.api.place`` takes them.

    Raises
    ------
    InvalidRequest
        If a kind of loss or a group means nothing, a loss takes every instance, a rule cannot be read, or a limit makes no
        sense.
    """
    limits = limits or Limits()
    require_sensible(limits)
    begun = time.monotonic()
    deadline = Deadline((1 - REASONS_SHARE) * limits.time_limit, cancelled)
    must = _covered(problem, covered)
    found = _losses(problem, lose)
    rules = bind(problem)
    request = Begun.of(rules, limits, begun, hint)
    witnesses = Witnesses(problem, found, must, limits, deadline)
    before, settled, remarks = _before(problem, found, witnesses, deadline)
    own = replace(limits, time_limit=max(deadline.remaining() * PLAIN_SHARE, LEAST_SECONDS))
    plain = place(problem, own, warnings=warnings, label=label, hint=hint, cancelled=cancelled)
    if _survives(plain.tasks, found, witnesses, deadline):
        answer = replace(plain, warnings=(*plain.warnings, *remarks), seconds=time.monotonic() - begun)
        if on_incumbent is not None:
            on_incumbent(plain.tasks, tuple(tier.value for tier in plain.tiers))
        return Surviving(answer, _afterwards(problem, plain.tasks, found, must, witnesses), plain)
    fallbacks = [
        fallback_of(problem, loss, must, allowed) for loss, allowed in zip(found, witnesses.allowed, strict=True)
    ]
    incumbent = Incumbent(rules, on_incumbent, condition=witnesses.hold)
    _sequential(incumbent, fallbacks, before, settled, plain, witnesses, limits, deadline)
    first = time.monotonic() - begun
    count_bounds(incumbent, deadline)
    # A plan that survives is a plan.
    values = tuple(tier.value for tier in plain.tiers)
    for t, tier in enumerate(plain.tiers):
        incumbent.add_bound(t, tier.bound, tier.source, values)
    for t, cost in enumerate(rules.tiers[:1]):
        if isinstance(cost, Unplaced):
            incumbent.add_bound(t, least_unplaced(problem, cost.groups, fallbacks), "counting", ())
    if not incumbent.finished and limits.engine is not Engine.SEQUENTIAL and not problem.all_or_nothing:
        _grow(incumbent, witnesses, deadline.part(GROWN_SHARE))
        count_bounds(incumbent, deadline)
    engine = "sequential"
    if not (incumbent.finished or deadline.passed() or limits.engine is Engine.SEQUENTIAL):
        built = joint.improve(incumbent, fallbacks, witnesses.of, witnesses.note, limits, deadline)
        engine = "joint" if built else engine
    run = Run(_solution(incumbent, deadline, engine), first, tuple(remarks), Memory(problem, incumbent.tasks, None))
    reasons = Reasons(problem, incumbent, plain, found, must, witnesses, limits)
    answer = assembled(request, run, reasons.within, warnings=warnings, label=label)
    return Surviving(answer, _afterwards(problem, answer.tasks, found, must, witnesses), plain)


def _covered(problem: Problem, names: Sequence[str]) -> Bools:
    """``bool[G]``: the groups whose tasks must have a place."""
    known = {*problem.by_name, *problem.families}
    faults = [
        Fault(f"covered[{k}]", f"'{name}' is no group and no family", nearest(name, sorted(known)))
        for k, name in enumerate(names)
        if name not in known
    ]
    if faults:
        raise InvalidRequest(faults)
    return np.array(
        [
            group.scheduling is not Scheduling.DAEMON and (not names or group.name in names or group.family in names)
            for group in problem.groups
        ],
        np.bool_,
    )


def _losses(problem: Problem, lose: Sequence[str]) -> tuple[Loss, ...]:
    if not lose:
        raise InvalidRequest.at("lose", "is empty", "name what may be lost, such as zone or instance")
    found = tuple(loss for what in dict.fromkeys(lose) for loss in losses(problem.cluster, what))
    for loss in found:
        if loss.gone.all():
            problem_ = f"is {loss.what}, and every instance is lost with {loss.name}"
            raise InvalidRequest.at("lose", problem_, "no plan survives that: have instances that it leaves")
    return found


def _before(
    problem: Problem, found: Sequence[Loss], witnesses: Witnesses, deadline: Deadline
) -> tuple[list[Counts], Counts, list[str]]:
    """Judge every loss before the operation, and set what is allowed: no more tasks without a place than now (§8).

    A stop that was asked for is never refused (§3.1): where it alone leaves more tasks without a place, so many are allowed.

    Returns
    -------
    tuple
        The witnesses of what runs, the plan that does what must be done and no more, and what is to be said.
    """
    least = what_must_be(problem)
    share = deadline.part(BEFORE_SHARE)
    now: list[Found] = []
    remarks = []
    for k, loss in enumerate(found):
        part = share.part(1 / (len(found) - k))
        now.append(witnesses.find(problem.running, loss, part))
        missing = now[-1].missing
        if missing:
            proof = "proved" if now[-1].at_least == missing else "fewer are not ruled out"
            told = f"{missing:,} task{'s have' if missing > 1 else ' has'}"
            remarks.append(
                f"the loss of {loss.name} is not survived before the operation: {told} no place ({proof}); "
                "the plan leaves no more without one"
            )
        witnesses.allowed[k] = missing
    witnesses.note(problem.running, [one.witness for one in now])
    if not least.same_as(problem.running):
        after = [witnesses.find(least, loss, share.part(1 / (len(found) - k))) for k, loss in enumerate(found)]
        witnesses.note(least, [one.witness for one in after])
        witnesses.allowed = [max(a, one.missing) for a, one in zip(witnesses.allowed, after, strict=True)]
    return [one.witness for one in now], least, remarks


def what_must_be(problem: Problem) -> Counts:
    """The plan that stops what is asked for and leaves what is drained, and changes nothing else."""
    if not (problem.operation.asked.any() or len(problem.operation.leaving)):
        return problem.running
    idle = replace(problem, groups=tuple(replace(group, start=0) for group in problem.groups), all_or_nothing=False)
    return sequential.place(bind(idle), 0)


def _survives(tasks: Counts, found: Sequence[Loss], witnesses: Witnesses, deadline: Deadline) -> bool:
    """Whether a plan survives, as far as that is found in a share of the time."""
    share, kept = deadline.part(JUDGED_SHARE), []
    for k, loss in enumerate(found):
        one = witnesses.find(tasks, loss, share.part(1 / (len(found) - k)))
        if one.missing > witnesses.allowed[k]:
            return False
        kept.append(one.witness)
    witnesses.note(tasks, kept)
    return witnesses.hold(tasks)


def _sequential(
    incumbent: Incumbent,
    fallbacks: Sequence[Fallback],
    before: Sequence[Counts],
    least: Counts,
    plain: Answer,
    witnesses: Witnesses,
    limits: Limits,
    deadline: Deadline,
) -> None:
    """Plans by placing one task at a time: as the scheduler would that keeps the rule, and beginning with the plain plan."""
    for begun in (None, plain.started):
        tasks, of_tasks = _placed(incumbent.rules, fallbacks, before, limits.seed, deadline.part(0.5), begun)
        witnesses.note(tasks, of_tasks)
        if begun is not None:
            incumbent.offer(tasks, of_all_rules=False)
        else:
            incumbent.require_sequential(tasks if witnesses.hold(tasks) else least)


def _grow(incumbent: Incumbent, witnesses: Witnesses, deadline: Deadline) -> None:
    """Start some of what is missing where it fits, and look for new witnesses: fewer at once where there are none.

    Witnesses are found by search here, which packs what falls back better than one task at a time does.
    """
    problem = incumbent.rules.problem
    wanted = int(problem.missing(incumbent.tasks).sum())
    while wanted and not deadline.passed():
        base = problem.after(incumbent.tasks)
        some = replace(base, groups=_some(base, wanted))
        tasks = sequential.place(bind(some), 0, deadline)
        started = int((tasks - some.running).positive().totals().sum())
        if started and witnesses.hold(tasks, incumbent.tasks) and incumbent.offer(tasks, of_all_rules=False):
            wanted = min(2 * wanted, int(problem.missing(incumbent.tasks).sum()))
        else:
            wanted = min(started, wanted) // 2


def _some(problem: Problem, wanted: int) -> tuple[TaskGroup, ...]:
    """So many of the tasks that are missing: those of the highest class, and of these what takes least."""
    largest = np.maximum(problem.cluster.capacity.max(axis=0, initial=1), 1)
    size = (problem.demand / largest).sum(axis=1).tolist()
    groups = list(problem.groups)
    for g in sorted(range(len(groups)), key=lambda g: (-groups[g].priority, size[g], g)):
        start = min(groups[g].start, wanted)
        groups[g] = replace(groups[g], start=start)
        wanted -= start
    return tuple(groups)


def _placed(
    rules: Rules,
    fallbacks: Sequence[Fallback],
    before: Sequence[Counts],
    seed: int,
    deadline: Deadline,
    begun: Counts | None,
) -> tuple[Counts, tuple[Counts, ...]]:
    """A plan by placing one task at a time, and its witnesses."""
    made: list[FallbackScheduler] = []

    def scheduler(
        rules: Rules, state: Placement, rng: np.random.Generator, deadline: Deadline | None
    ) -> FallbackScheduler:
        made.append(FallbackScheduler(rules, state, rng, deadline, fallbacks, before))
        return made[-1]

    tasks = sequential.place(rules, seed, deadline, begun=begun, made=scheduler)
    return tasks, made[0].witnesses


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
    problem: Problem, tasks: Counts, found: Sequence[Loss], covered: Bools, witnesses: Witnesses
) -> tuple[Afterwards, ...]:
    told = []
    for loss, allowed, witness in zip(found, witnesses.allowed, witnesses.of(tasks), strict=True):
        asked = asked_after(problem, tasks, loss.gone, covered)
        missing = counted(asked, asked.missing(witness))
        told.append(Afterwards(loss, int(asked.wanted.sum()), missing, allowed, asked, witness))
    return tuple(told)
