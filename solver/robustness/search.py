"""The search for plans that survive: with fallbacks for the losses that matter, which are found on the way.

Most losses refuse nothing: what they take fits elsewhere whatever the plan. So a plan is made that keeps the losses some plan was
refused for, and is judged by all; those that refuse it join them. Bounds of few losses hold for all: a loss more only takes plans
away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from solver.domain.answer import Answer
from solver.domain.counts import Bools, Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits, TaskGroup
from solver.engines import joint, sequential
from solver.engines.deadline import Deadline
from solver.engines.fallback import Fallback, FallbackScheduler, least_unplaced
from solver.engines.incumbent import Incumbent
from solver.engines.portfolio import count_bounds
from solver.robustness.loss import Loss
from solver.robustness.witness import Witnesses, fallbacks_of
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.unplaced import Unplaced
from solver.verify import check

SEQUENTIAL_SHARE = 0.5
"""Of the time that is left, for the tasks that are placed one at a time."""

GROWN_SHARE = 0.5
"""Of the time that is left, for tasks more than those."""

JOINT_SHARE = 0.7
"""Of the time that is left, for one model, where it may turn out that it must know more losses."""


class Search:
    """Improves a plan that survives.

    Parameters
    ----------
    incumbent
        Its condition is that the ``witnesses`` hold.
    """

    def __init__(
        self,
        incumbent: Incumbent,
        losses: Sequence[Loss],
        covered: Bools,
        witnesses: Witnesses,
        least: Counts,
        limits: Limits,
        deadline: Deadline,
    ) -> None:
        self._incumbent = incumbent
        self._problem: Problem = incumbent.rules.problem
        self._losses = losses
        self._witnesses = witnesses
        self._least = least
        self._limits = limits
        self._deadline = deadline
        self._fallback_of = fallbacks_of(self._problem, covered)
        self._kept: dict[int, Fallback] = {}

    def sequential(self, plain: Answer) -> None:
        """Plans by placing one task at a time: as the scheduler would that keeps the rule, and beginning with what is started
        by the plan that is best without it."""
        self._keep(self._witnesses.known_lacking(plain.tasks))
        tasks = self._one_by_one(None)
        self._incumbent.require_sequential(self._least if tasks is None else tasks)
        more = self._one_by_one(plain.started)
        if more is not None:
            self._incumbent.offer(more, of_all_rules=False)

    def hinted(self, hint: Counts | None) -> Iterable[str]:
        """Offer the caller's plan; why it was ignored."""
        if hint is None:
            return
        if self._limits.engine is Engine.SEQUENTIAL:
            yield "the hint was ignored: the sequential engine alone was asked for"
        elif violations := check(self._problem, hint, self._incumbent.rules):
            yield f"the hint was ignored, since the checker refuses it: {violations[0]}"
        elif failing := self._witnesses.failing(hint, self._deadline.part(SEQUENTIAL_SHARE), most=1):
            name = self._losses[failing[0]].name
            yield f"the hint was ignored: no place was found for every task after the loss of {name}"
        else:
            self._incumbent.offer(hint, of_all_rules=False)

    def count(self) -> None:
        """Add the bound of the first class by counting what the losses leave."""
        for t, cost in enumerate(self._incumbent.rules.tiers[:1]):
            if isinstance(cost, Unplaced):
                bound = least_unplaced(self._problem, cost.groups, list(self._kept.values()))
                self._incumbent.add_bound(t, bound, "counting", ())

    def improve(self) -> str:
        """Search for better plans and bounds; the engine that had the last word."""
        incumbent, deadline = self._incumbent, self._deadline
        if incumbent.finished or self._limits.engine is Engine.SEQUENTIAL:
            return "sequential"
        if not self._problem.all_or_nothing:
            self._grow(deadline.part(GROWN_SHARE))
            count_bounds(incumbent, deadline)
        engine, tried, part = "sequential", [-1], deadline
        while not (incumbent.finished or deadline.passed()):
            self._keep(self._witnesses.refusing)
            kept = sorted(self._witnesses.refusing.intersection(self._kept))
            if kept == tried and not part.passed():
                break  # Nothing is left to try: the search ended by itself.
            tried = kept
            part = deadline if len(kept) == len(self._losses) else deadline.part(JOINT_SHARE)
            if deadline.passed() or not self._joint(kept, part):
                break
            engine = "joint"
        return engine

    def _joint(self, kept: Sequence[int], deadline: Deadline) -> bool:
        """Search with one model of the plan and of these losses; whether it was small enough."""
        witnesses = self._witnesses
        return joint.improve(
            self._incumbent,
            [self._kept[k] for k in kept],
            lambda tasks: [witnesses.of(tasks, k) for k in kept],
            lambda tasks, found: witnesses.note(tasks, dict(zip(kept, found, strict=True))),
            self._limits,
            deadline,
        )

    def _keep(self, losses: Iterable[int]) -> None:
        """Have plans made with fallbacks for these losses too, as far as there is time.

        A loss of which nobody knows what was before is left out: bounds must not be stricter than what is allowed.
        """
        for k in sorted(losses):
            if k in self._kept or self._deadline.passed():
                continue
            allowed, _ = self._witnesses.allowance(k)
            if k in self._witnesses.known_allowances:
                self._kept[k] = self._fallback_of(self._losses[k], allowed)

    def _one_by_one(self, begun: Counts | None) -> Counts | None:
        """A plan that survives, made by placing one task at a time; None where none was found."""
        deadline = self._deadline.part(SEQUENTIAL_SHARE)
        while True:
            tasks, noted = self._placed(deadline, begun)
            self._witnesses.note(tasks, noted)
            lacking, late = self._witnesses.lacking(tasks, deadline)
            new = set(lacking).difference(self._kept)
            if late:
                return None
            if not new:
                return tasks if not lacking or self._witnesses.hold(tasks) else None
            self._keep(new)
            if not new.intersection(self._kept):
                return None

    def _placed(self, deadline: Deadline, begun: Counts | None) -> tuple[Counts, Mapping[int, Counts]]:
        """A plan by placing one task at a time, and its witnesses."""
        made: list[FallbackScheduler] = []
        kept, problem = sorted(self._kept), self._problem

        def scheduler(
            rules: Rules, state: Placement, rng: np.random.Generator, deadline: Deadline | None
        ) -> FallbackScheduler:
            before = [self._witnesses.of(problem.running, k) for k in kept]
            made.append(FallbackScheduler(rules, state, rng, deadline, [self._kept[k] for k in kept], before))
            return made[-1]

        tasks = sequential.place(self._incumbent.rules, self._limits.seed, deadline, begun=begun, made=scheduler)
        return tasks, dict(zip(kept, made[0].witnesses, strict=True))

    def _grow(self, deadline: Deadline) -> None:
        """Start some of what is missing where it fits, and look for new witnesses: fewer at once where there are none.

        Witnesses are found by search here, which packs what falls back better than one task at a time does.
        """
        incumbent, problem = self._incumbent, self._problem
        wanted = int(problem.missing(incumbent.tasks).sum())
        while wanted and not deadline.passed():
            base = problem.after(incumbent.tasks)
            some = replace(base, groups=_some(base, wanted))
            tasks = sequential.place(bind(some), 0, deadline)
            started = int((tasks - some.running).positive().totals().sum())
            if started and self._witnesses.hold(tasks, incumbent.tasks) and incumbent.offer(tasks, of_all_rules=False):
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
