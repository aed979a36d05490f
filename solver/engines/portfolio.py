"""All engines under one deadline: a checked plan first, a better one while time lasts, the bound beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from solver.domain.counts import Counts
from solver.domain.request import Engine, Limits
from solver.domain.solution import Solution, Status, Stop
from solver.engines import components, packed_first, preempting, refilling, sequential, warm
from solver.engines.counted import counted_tiers
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Bound, Incumbent, Observer, ProgressObserver
from solver.engines.loading import loaded
from solver.engines.memory import Memory
from solver.rules.binpack import Opened
from solver.rules.bound import Rules
from solver.rules.unplaced import Unplaced
from solver.verify import check

RESERVE_SHARE, RESERVE_SECONDS = 0.05, 0.02
"""Kept of the time limit for what comes after the search: the larger of the two, at most half of the limit."""

CHECKS_AFTER, LATE_SECONDS = 2.0, 0.03
"""What comes after the search takes about as long as so many checks of a plan; an answer may be so late. Where checks are slow,
more is kept than the reserve above."""

CHECKS_BEFORE = 6.0
"""An engine has made its arrays after about so many checks of a plan: if the answer would be late by then, it is not begun."""

FIRST_SHARE, FIRST_SECONDS = 0.9, 0.05
"""For the sequential plan: most of the time where other engines follow, for where it is slow they are hopeless; and so
much in any case, also for a caller who has gone: without it there is no plan to return."""

PACKED_SHARE = 0.5
"""Of what is left, at most, for the plan that packs first."""

REFILL_SHARE = 0.02
"""Of the time limit, after each engine, for what it has left out: less than what is kept for what comes after the search."""

MANY_PLACES = 3_000
"""Groups times the instances where they may start: below, the count model is as quick as annealing, and proves what it finds."""

CUT = "the sequential plan was cut short by the time limit; its figures are those of what it had placed by then"

ENGINES = ("assigning", "placing", "vacating", "packing", "fitting", "neighbouring", "exact")
"""Those that search, in turn."""

UNCOMPILED = (
    "the compiled search was left out, since compiling it, once for each installation, would have taken the time: "
    "run placement-solver warm-up"
)

REASONS_SHARE, REASONS_SECONDS = 0.15, 0.3
"""Kept for the reasons where tasks are missing: the larger of the two, at most half of what is left."""


@dataclass(frozen=True, eq=False)
class Run:
    """What the engines found, and when the first checked plan was there."""

    solution: Solution
    first_plan_seconds: float
    remarks: tuple[str, ...]
    """What the caller should know of how the answer came about."""
    memory: Memory
    """For a request like this one."""


def run(
    rules: Rules,
    limits: Limits,
    *,
    on_better: Observer | None = None,
    on_progress: ProgressObserver | None = None,
    cancelled: Callable[[], bool] | None = None,
    keep_for_reasons: bool = False,
    memory: Memory | None = None,
    hint: Counts | None = None,
    bounds: Mapping[int, Bound] | None = None,
) -> Run:
    """Solve within the limits; always with a checked plan, if only the one that changes nothing.

    Parameters
    ----------
    keep_for_reasons
        End earlier where the sequential plan falls short, since a reason for each missing task takes time too.
    memory
        Of a request like this one: its plan, fitted to this one, is the second plan.
    hint
        A plan that the caller has: taken if the checker passes it and it is better than the plans before the search.
    bounds
        Of tiers, by their place: what the caller knows already.

    Raises
    ------
    PlanRejected
        If the sequential engine made a plan that breaks a rule.
    """
    reserve = min(max(RESERVE_SHARE * limits.time_limit, RESERVE_SECONDS), limits.time_limit / 2)
    deadline = Deadline(limits.time_limit - reserve, cancelled)
    incumbent = Incumbent(rules, on_better, on_progress, memory)
    for tier, bound in (bounds or {}).items():
        incumbent.add_bound(tier, bound.value, bound.source, bound.given)
    share = 1.0 if limits.engine is Engine.SEQUENTIAL else FIRST_SHARE
    first_plan = Deadline(
        max(deadline.remaining() * share, FIRST_SECONDS),
        lambda: deadline.was_cancelled and deadline.elapsed() > FIRST_SECONDS,
    )
    incumbent.require_sequential(sequential.place(rules, limits.seed, first_plan))
    first = deadline.elapsed()
    missing = CHECKS_AFTER * incumbent.check_seconds - LATE_SECONDS - reserve
    if missing > 0:
        deadline = Deadline(deadline.remaining() - missing, cancelled)
    remarks = [CUT] if first_plan.passed() and _unplaced(incumbent) else []
    if memory is not None and limits.engine is not Engine.SEQUENTIAL:
        plans = warm.plans(rules, memory, limits.seed, deadline)
        any(incumbent.offer(plan, of_all_rules=False) for plan in plans)
    if hint is not None:
        remarks += _hinted(incumbent, hint, limits)
    count_bounds(incumbent, deadline)
    if keep_for_reasons and _unplaced(incumbent) > 0:
        kept = min(max(REASONS_SHARE * limits.time_limit, REASONS_SECONDS), deadline.remaining() / 2)
        deadline = Deadline(deadline.remaining() - kept, cancelled)
    engine = "sequential"
    if limits.engine is not Engine.SEQUENTIAL and not incumbent.finished:
        engine = _improve(incumbent, limits, deadline)
    if incumbent.uncompiled:
        remarks.append(UNCOMPILED)
    refused = [f"the checker refused a plan of an engine: {why}" for why in incumbent.rejected[:1]]
    left = Memory(rules.problem, incumbent.tasks, incumbent.patterns)
    return Run(_solution(incumbent, limits, deadline, engine), first, (*remarks, *refused), left)


def _hinted(incumbent: Incumbent, hint: Counts, limits: Limits) -> list[str]:
    """Offer the caller's plan; why it was ignored."""
    if limits.engine is Engine.SEQUENTIAL:
        return ["the hint was ignored: the sequential engine alone was asked for"]
    violations = check(incumbent.rules.problem, hint, incumbent.rules)
    if violations:
        return [f"the hint was ignored, since the checker refuses it: {violations[0]}"]
    incumbent.offer(hint, of_all_rules=False)
    return []


def count_bounds(incumbent: Incumbent, deadline: Deadline) -> None:
    """Add the counting bound of every tier, while time lasts."""
    rules = incumbent.rules
    room = []
    for g in range(len(rules.problem.groups)):
        if deadline.passed():
            return
        room.append(rules.most_beside(g))
    for tier in range(len(rules.tiers)):
        if deadline.passed():
            return
        incumbent.count(tier, room)


def _improve(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> str:
    """Run the engines that search, on the parts of the request where it has several; which one had the last word."""
    parts = components.parts_of(incumbent.rules)
    if len(parts) < 2:
        return _search(incumbent, limits, deadline)
    before = incumbent.values
    components.improve(incumbent, parts, limits, deadline, _Engines())
    return "components" if incumbent.values < before or incumbent.finished else "sequential"


class _Engines:
    """The engines as a part of a request is given to them."""

    def begin(self, rules: Rules, limits: Limits, deadline: Deadline) -> Incumbent:
        """The sequential plan of the part, and the bounds of counting."""
        incumbent = Incumbent(rules)
        incumbent.require_sequential(sequential.place(rules, limits.seed, deadline))
        count_bounds(incumbent, deadline)
        return incumbent

    def search(self, incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
        """Whatever searches."""
        if not incumbent.finished:
            _search(incumbent, limits, deadline)


def _search(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> str:
    """Run the engines that search; which one had the last word."""
    engine = "sequential"
    if deadline.passed():
        return engine
    # A plan that was remembered packs already.
    remembered = incumbent.memory is not None and incumbent.values < incumbent.sequential
    if _unplaced(incumbent) > 0 or (_opens(incumbent) and not remembered):
        until = deadline.part(PACKED_SHARE) if limits.deterministic_limit is None else deadline
        incumbent.offer(packed_first.place(incumbent.rules, limits.seed, until))
        if _unplaced(incumbent) > 0 and not until.passed():
            smallest = packed_first.smallest_first(incumbent.rules)
            incumbent.offer(sequential.place(incumbent.rules, limits.seed, until, smallest))
            incumbent.offer(preempting.place(incumbent.rules, incumbent.tasks, until), of_all_rules=False)
        count_bounds(incumbent, deadline)
    for name in ENGINES:
        if incumbent.finished or _cannot_be_whole(incumbent) or deadline.passed():
            break
        useless = {
            "assigning": not _counts_open(incumbent),
            "placing": _unplaced(incumbent) == 0,
            "fitting": not _large(incumbent),
        }
        if useless.get(name, False):
            continue
        if name != "exact" and incumbent.rules.problem.device_groups:
            # Sums are all that these know, and tasks on devices are none: the checker would refuse their plans.
            continue
        before = incumbent.values
        left = deadline.remaining()
        prepared = CHECKS_BEFORE * incumbent.check_seconds - LATE_SECONDS
        module = loaded(name, left) if left > prepared else None
        if module is None:
            incumbent.cut_short = True
            break
        module.improve(incumbent, limits, deadline)
        _refill(incumbent, limits)
        if incumbent.values < before or (name == "exact" and incumbent.finished):
            engine = name
        if incumbent.values < before:
            # What counting says of a tier depends on the values of those before it.
            count_bounds(incumbent, deadline)
    return engine


def _refill(incumbent: Incumbent, limits: Limits) -> None:
    """Start what a search has left out although it fits; a moment for it is kept even where the time is over."""
    share = REFILL_SHARE if limits.deterministic_limit is None else 1.0
    tasks = refilling.refill(incumbent.rules, incumbent.tasks, Deadline(share * limits.time_limit))
    if tasks is not incumbent.tasks:
        incumbent.offer(tasks, of_all_rules=False)


def _opens(incumbent: Incumbent) -> bool:
    """Whether fewer instances might be kept in use by packing alone."""
    tiers = incumbent.rules.tiers
    return any(isinstance(cost, Opened) and not incumbent.proven(t) for t, cost in enumerate(tiers))


def _large(incumbent: Incumbent) -> bool:
    """Whether fewer instances might be kept in use, with too many places for tasks for the count model to be quick at it."""
    rules = incumbent.rules
    return (
        _opens(incumbent)
        and sum(int((rules.most(g) > 0).sum()) for g in range(len(rules.problem.groups))) >= MANY_PLACES
    )


def _counts_open(incumbent: Incumbent) -> bool:
    """Whether one of the first tiers, those that count what is missing or moved, is not proved."""
    counted = len(counted_tiers(incumbent.rules))
    return counted > 0 and not incumbent.proven(counted - 1)


def _solution(incumbent: Incumbent, limits: Limits, deadline: Deadline, engine: str) -> Solution:
    problem = incumbent.rules.problem
    status = Status.OPTIMAL if incumbent.finished else Status.FEASIBLE
    gang_missing = problem.all_or_nothing and _unplaced(incumbent) > 0
    if gang_missing:
        source = _impossible(incumbent, limits, deadline)
        status = Status.INFEASIBLE if source else Status.NOT_FOUND
        for tier in range(len(incumbent.values)) if source and not problem.operation.changes else ():
            # All or nothing: where not everything fits, the state before is the only plan there is.
            incumbent.add_bound(tier, incumbent.values[tier], source, ())
    stop = why_stopped(incumbent, status, deadline)
    return Solution(status, stop, incumbent.tasks, incumbent.results(), engine)


def why_stopped(incumbent: Incumbent, status: Status, deadline: Deadline) -> Stop:
    """Why a search has ended with a status."""
    if deadline.was_cancelled:
        return Stop.CANCELLED
    if status in (Status.OPTIMAL, Status.INFEASIBLE):
        return Stop.PROVED
    return Stop.TIME if incumbent.cut_short or deadline.passed() else Stop.ENGINE_DONE


def _unplaced_tiers(incumbent: Incumbent) -> list[int]:
    return [t for t, cost in enumerate(incumbent.rules.tiers) if isinstance(cost, Unplaced)]


def _unplaced(incumbent: Incumbent) -> int:
    return sum(incumbent.values[t] for t in _unplaced_tiers(incumbent))


def _cannot_be_whole(incumbent: Incumbent) -> bool:
    """Whether counting proves that all or nothing is nothing, with nothing else to change."""
    problem = incumbent.rules.problem
    whole = problem.all_or_nothing and not problem.operation.changes
    return whole and any(incumbent.bound(t).value > 0 for t in _unplaced_tiers(incumbent))


def _impossible(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> str:
    """What proves that not everything can be placed together; empty if nothing does.

    A counting bound is proof enough; the model's word is confirmed by a second configuration.
    """
    short = [incumbent.bound(t) for t in _unplaced_tiers(incumbent) if incumbent.bound(t).value > 0]
    if not short or any(bound.source == "counting" for bound in short):
        return "counting" if short else ""
    exact = loaded("exact", deadline.remaining())
    return "model" if exact is not None and exact.confirms_impossible(incumbent, limits, deadline) else ""
