"""The verbs: what callers of the library, the command line and the service all use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.domain.answer import Answer, Replay
from solver.domain.counts import Counts
from solver.domain.explanation import Isolation, Shortfall, Violation
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import MOST_SECONDS, MOST_WORKERS, Engine, Limits
from solver.domain.solution import Solution, Status
from solver.domain.steps import Steps
from solver.domain.survival import Survival
from solver.engines.incumbent import Bound, Observer, ProgressObserver
from solver.engines.memory import Memory
from solver.engines.portfolio import Run, run
from solver.errors import Fault, InvalidRequest
from solver.fingerprint import fingerprint, versions
from solver.rules.base import Cost
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.isolation import isolation as isolation_of
from solver.verify import broken
from solver.verify import check as verify

if TYPE_CHECKING:
    from solver.explain import RulePrice


STEPS_SHARE = 0.2
"""Of the time limit, for the order of a plan that may stop tasks."""

LEAST_STEPS_SECONDS = 0.05

LEAST_SEARCH_SECONDS = 0.001
"""For the engines, however long the rules took to bind: there is always a plan."""

MOST_WORK, LEAST_MOMENTS = 4_000_000, 100
"""Moments of an order at which the rules are judged once more, times the tasks looked at: beyond, not after every event."""

LIMIT_KINDS: tuple[tuple[str, type | tuple[type, ...], str], ...] = (
    ("time_limit", (int, float), "a number of seconds"),
    ("deterministic_limit", (int, float, type(None)), "a number, or None"),
    ("workers", int, "a whole number"),
    ("seed", int, "a whole number"),
    ("engine", Engine, "an Engine, such as Engine.EXACT"),
)


def place(
    problem: Problem,
    limits: Limits | None = None,
    *,
    explain: bool = True,
    on_incumbent: Observer | None = None,
    on_progress: ProgressObserver | None = None,
    cancelled: Callable[[], bool] | None = None,
    warnings: Sequence[str] = (),
    label: str = "",
    hint: Counts | None = None,
) -> Answer:
    """Place the new tasks that the groups want, as many as fit, the best way found in the time given.

    Parameters
    ----------
    problem
        The cluster, its groups and what they want.
    limits
        Time, workers, seed, engine; the defaults of ``Limits`` where left out.
    explain
        Whether to say why tasks were not placed; takes from the same time limit.
    on_incumbent
        Told of each better plan as it is found.
    on_progress
        Told what is known of the best plan, whenever the plan or a bound that holds for it may have changed.
    cancelled
        Asked while searching; once true, the best plan so far is returned at once.
    warnings
        Carried into the answer, from whoever read the input.
    label
        Comes back in the answer.
    hint
        A plan that the caller has, tasks of each group on each instance after the operation: the answer is no worse. Ignored,
        with a warning, if the checker refuses it.

    Raises
    ------
    InvalidRequest
        If a rule cannot be read, a limit makes no sense, or a cell of the hint is of no group or instance.
    PlanRejected
        If the checker refuses the plan that every answer begins with: a fault of this package.
    """
    found, _ = answered(
        problem,
        limits or Limits(),
        explain=explain,
        on_incumbent=on_incumbent,
        on_progress=on_progress,
        cancelled=cancelled,
        warnings=warnings,
        label=label,
        hint=hint,
    )
    return found


def answered(
    problem: Problem,
    limits: Limits,
    *,
    explain: bool,
    on_incumbent: Observer | None,
    on_progress: ProgressObserver | None,
    cancelled: Callable[[], bool] | None,
    warnings: Sequence[str],
    label: str,
    memory: Memory | None = None,
    hint: Counts | None = None,
    kept_seconds: float = 0.0,
    objective: Callable[[Rules], tuple[Cost, ...]] | None = None,
    bounds: Mapping[int, Bound] | None = None,
    order: bool = True,
) -> tuple[Answer, Memory]:
    """What ``place`` answers, and what that leaves for a request like it.

    Parameters
    ----------
    memory
        What the request before left.
    kept_seconds
        Of the time limit, for what is done with the answer.
    objective
        Makes what is minimised in place of what the request says (``solver.rules.bind``).
    bounds
        What the caller knows of the tiers, by their place.
    order
        False for a plan without an order yet: ``ordered`` makes it.
    """
    require_sensible(limits)
    begun = time.monotonic()
    rules = bind(problem, objective)
    hint = None if hint is None else of_problem(problem, hint, "hint")
    request = Begun.of(rules, limits, begun, hint, kept_seconds)
    share = 1 - STEPS_SHARE if problem.operation.changes and order else 1.0
    searching = replace(limits, time_limit=max(request.left(), LEAST_SEARCH_SECONDS) * share)
    found = run(
        rules,
        searching,
        on_better=on_incumbent,
        on_progress=on_progress,
        cancelled=cancelled,
        keep_for_reasons=explain,
        memory=memory,
        hint=hint,
        bounds=bounds,
    )
    explained = (lambda left: _explained(rules, found.solution, limits, left, cancelled)) if explain else None
    return assembled(request, found, explained, warnings=warnings, label=label, order=order), found.memory


@dataclass(frozen=True, eq=False)
class Begun:
    """A request before it is searched, with what no plan changes: the more is known of it, the less comes after the search.

    Parameters
    ----------
    begun, end
        When its time began and when it is over, of ``time.monotonic``.
    fingerprint
        Of the problem and the hint.
    broken
        What the cluster breaks as it is (§8).
    """

    rules: Rules
    limits: Limits
    begun: float
    end: float
    fingerprint: str
    broken: tuple[Violation, ...]

    @classmethod
    def of(
        cls,
        rules: Rules,
        limits: Limits,
        begun: float,
        hint: Counts | None = None,
        kept_seconds: float = 0.0,
        survival: Survival | None = None,
    ) -> Begun:
        """Of bound rules; ``kept_seconds`` of the time limit are not for the answer."""
        problem, end = rules.problem, begun + limits.time_limit - kept_seconds
        broken_now = tuple(broken(problem, problem.running, rules))
        return cls(rules, limits, begun, end, fingerprint(problem, hint, survival), broken_now)

    def left(self) -> float:
        """Seconds."""
        return max(self.end - time.monotonic(), 0.0)


def assembled(
    request: Begun,
    found: Run,
    explained: Callable[[float], tuple[Shortfall, ...]] | None = None,
    *,
    warnings: Sequence[str] = (),
    label: str = "",
    order: bool = True,
) -> Answer:
    """The answer that what the engines found makes: its order, its reasons, what it breaks, and what replays it.

    Parameters
    ----------
    explained
        Says why tasks are not placed, within so many seconds; left out, nothing does.
    order
        As of ``answered``.
    """
    rules, problem, solution = request.rules, request.rules.problem, found.solution
    steps: Steps | None = None
    doubts: tuple[str, ...] = ()
    if order:
        steps, doubts = ordered(rules, solution.tasks, request.left())
    shortfalls: tuple[Shortfall, ...] = ()
    if explained is not None and _falls_short(problem, solution.tasks):
        shortfalls = explained(request.left())
    judged = () if rules.gain is None else (rules.gain.remark(Placement(problem, solution.tasks)),)
    return Answer(
        status=solution.status,
        stop=solution.stop,
        problem=problem,
        tasks=solution.tasks,
        tiers=solution.tiers,
        engine=solution.engine,
        replay=Replay.of(request.fingerprint, request.limits, versions()),
        shortfalls=shortfalls,
        warnings=(*warnings, *found.remarks, *judged, *doubts),
        broken_before=request.broken,
        broken_after=broken(problem, solution.tasks, rules),
        seconds=time.monotonic() - request.begun,
        first_plan_seconds=found.first_plan_seconds,
        label=label,
        steps=steps,
        seats=rules.seats(solution.tasks),
    )


def _explained(
    rules: Rules, solution: Solution, limits: Limits, seconds: float, cancelled: Callable[[], bool] | None
) -> tuple[Shortfall, ...]:
    from solver.explain import shortfalls

    return shortfalls(rules, solution, limits, seconds, cancelled)


def ordered(rules: Rules, tasks: Counts, seconds: float) -> tuple[Steps | None, tuple[str, ...]]:
    """The order of a plan that stops tasks (§9.2), replayed by the simulator, and warnings; None where nothing stops."""
    problem = rules.problem
    if not len((problem.running - tasks).positive()):
        return None, ()
    from solver.simulate import simulate
    from solver.steps import steps_of

    steps = steps_of(problem, rules, tasks, max(seconds / 2, LEAST_STEPS_SECONDS))
    moments = max(MOST_WORK // max(len(problem.running) + len(steps.actions), 1), LEAST_MOMENTS)
    every = max(1, len(steps.actions) // moments)
    wrong = simulate(problem, tasks, steps.actions, rules=rules, whole=steps.block is None, every=every)
    if wrong:
        return None, (f"the plan has no order: the one that was made breaks a rule on the way: {wrong[0]}",)
    if steps.block is None:
        return steps, ()
    found = (
        "the plan cannot be carried out whole"
        if steps.block.proven
        else "no order that was found carries the plan out whole"
    )
    return steps, (f"{found}: {steps.block}",)


def why(answer: Answer) -> Iterator[str]:
    """One sentence for the tasks that each group starts on each instance: why there (§7.3)."""
    from solver.explain import reasons

    for _, _, sentence in reasons(bind(answer.problem), answer.tasks):
        yield sentence


def isolation(answer: Answer) -> tuple[Isolation, ...]:
    """What each rule ``isolateRoles`` comes to: where its roles have tasks before and after, and which share instances (§3.8)."""
    return isolation_of(answer.problem, answer.tasks)


def prices(answer: Answer, limits: Limits | None = None) -> tuple[RulePrice, ...]:
    """What each constraint and strategy costs: the answer beside the best plan found without the rule (§7.2).

    Parameters
    ----------
    limits
        The time limit is for all rules together; one that is not reached is left out.
    """
    from solver.explain import prices as priced

    limits = limits or Limits()
    require_sensible(limits)
    solution = Solution(answer.status, answer.stop, answer.tasks, answer.tiers, answer.engine)
    return priced(bind(answer.problem), solution, limits, limits.time_limit)


def check(problem: Problem, tasks: Counts) -> tuple[Violation, ...]:
    """Everything that is wrong with a plan, whoever made it; empty if nothing is.

    Parameters
    ----------
    tasks
        Cells in any order; counts of one cell are added up.

    Raises
    ------
    InvalidRequest
        If a rule of the problem cannot be read, or a cell is of no group or instance.
    """
    return verify(problem, of_problem(problem, tasks, "tasks"))


def of_problem(problem: Problem, tasks: Counts, path: str) -> Counts:
    """A caller's plan in order, with the counts of one cell added up; raises what is no cell of the problem."""
    for name, cells, size in (("group", tasks.group, tasks.groups), ("instance", tasks.instance, tasks.instances)):
        if len(cells) and not 0 <= int(cells.min()) <= int(cells.max()) < size:
            wrong = int(np.flatnonzero((cells < 0) | (cells >= size))[0])
            raise InvalidRequest.at(f"{path}.{name}[{wrong}]", f"is {cells[wrong]}", f"must be 0 to {size - 1}")
    shape = (tasks.groups, tasks.instances)
    whole = (len(problem.groups), problem.cluster.size)
    if shape != whole:
        raise InvalidRequest.at(path, f"has shape {shape}", f"must be groups x instances, {whole}")
    return Counts.of(shape, tasks.group, tasks.instance, tasks.count)


def _falls_short(problem: Problem, tasks: Counts) -> bool:
    return bool(problem.missing(tasks).any())


def require_sensible(limits: Limits) -> None:
    """Refuse limits that make no sense.

    Raises
    ------
    InvalidRequest
        With every fault.
    """
    faults = [
        Fault(f"limits.{name}", f"is {getattr(limits, name)!r}", f"must be {what}")
        for name, kinds, what in LIMIT_KINDS
        if not isinstance(getattr(limits, name), kinds)
    ]
    if faults:
        raise InvalidRequest(faults)
    if not 0 < limits.time_limit <= MOST_SECONDS:
        faults.append(
            Fault("limits.time_limit", f"is {limits.time_limit} s", f"must be above 0 and at most {MOST_SECONDS:,} s")
        )
    if limits.deterministic_limit is not None and not 0 < limits.deterministic_limit <= MOST_SECONDS:
        problem = f"is {limits.deterministic_limit}"
        faults.append(Fault("limits.deterministic_limit", problem, f"must be above 0 and at most {MOST_SECONDS:,}"))
    if not 1 <= limits.workers <= MOST_WORKERS:
        faults.append(Fault("limits.workers", f"is {limits.workers}", f"must be 1 to {MOST_WORKERS}"))
    if not 0 <= limits.seed < 2**31:
        faults.append(Fault("limits.seed", f"is {limits.seed}", "must be 0 to 2,147,483,647"))
    if faults:
        raise InvalidRequest(faults)


__all__ = ["Answer", "Status", "check", "fingerprint", "isolation", "place", "prices", "versions", "why"]
