"""Fewer instances in use: some are taken out of use, and their tasks fitted into the others by annealing.

It looks at the first tier that counts instances in use, and holds what comes before: as many tasks missing and moved, and
for each family that spreads as many tasks in each bucket as the plan has there. It knows the rules that are made of terms; a
plan that breaks another one is stopped by the checker. It finds plans and proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.placement import Placement
from solver.domain.request import Limits
from solver.engines.arrays import applicable, in_arrays
from solver.engines.assignment.problem import AssignmentProblem, Pinned, on_some, places_of
from solver.engines.assignment.rounds import OUT, Pace, Round, steps_within
from solver.engines.counted import CountedTier, counted_tiers
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.kernels import compiled
from solver.rules.binpack import Opened
from solver.rules.moved import Moved
from solver.rules.spread import Evenness, Missing
from solver.rules.terms import AtMost, flags

TIME_SHARE = 0.6
"""Of what is left: the rest is for engines that prove."""

TRIES, STALLED = 3, 5
"""Rounds before there are twice as many steps of annealing in each, and how often that is done without a plan."""

OVERLOADS, MOVED = (2.0, 4.0, 1.0), 0.009
"""What an average task too much costs, in turn, and one that moves."""

OTHERS = (0, 1, 0, 2)
"""Instances that are not in use, large ones more likely, which the tasks may be fitted into besides, for as many fewer others."""

UNEVEN = 0.5
"""How far from the least loaded instances a choice may be: each load counts so much more or less, at random."""


def improve(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
    """Improve the first tier of the incumbent that counts instances in use, where the request has the form for it."""
    found = next(((t, cost) for t, cost in enumerate(incumbent.rules.tiers) if isinstance(cost, Opened)), None)
    if found is None or not applicable(incumbent.rules):
        return
    tier, cost = found
    if incumbent.bound(tier).value >= incumbent.values[tier]:
        return
    before = incumbent.rules.tiers[:tier]
    if not all(isinstance(cost, Missing | Evenness | CountedTier) for cost in before):
        return
    if not compiled.ready(compiled.ASSIGNMENT, deadline.remaining()):
        incumbent.uncompiled = True
        return
    whole = deadline if limits.deterministic_limit is not None else deadline.part(TIME_SHARE)
    _Fitting(incumbent, tier, cost, limits, whole).run()


class _Fitting:
    def __init__(self, incumbent: Incumbent, tier: int, cost: Opened, limits: Limits, deadline: Deadline) -> None:
        self._incumbent = incumbent
        self._tier = tier
        self._limits, self._deadline = limits, deadline
        self._draw = np.random.default_rng(limits.seed)
        rules = incumbent.rules
        self._request = rules.problem
        self._cost = cost
        later = [cost for cost in rules.tiers[tier:] if isinstance(cost, Moved)]
        self._earlier = counted_tiers(rules)
        self._counted: tuple[CountedTier, ...] = (*self._earlier, *later)
        self._fixed = self._request.operation.fixed
        # Instances that the tier counts in any plan.
        self._kept = cost.opened(Placement(self._request, self._fixed))
        self._usable = np.arange(self._request.cluster.size)

    def run(self) -> None:
        """Choices of instances, until none is found without which a plan can do."""
        turn, workers = self._limits.seed, max(self._limits.workers, 1)
        problem = self._problem()
        pace = Pace.of(problem, self._gap(), TRIES, hopeful_tries=1)
        left = steps_within(self._limits)
        with ThreadPoolExecutor(workers) as threads:
            while pace.doubled < STALLED and self._gap() > 0 and left > 0 and not self._deadline.passed():
                fewer, steps = pace.hope(self._gap()), int(min(pace.steps, left))
                rounds = [self._round(problem, fewer, steps, turn + k) for k in range(workers)]
                found = [threads.submit(one.run, turn + k, self._deadline) for k, one in enumerate(rounds)]
                better = False
                for counts in (counts for future in found for counts in future.result()):
                    better |= self._offer(counts)
                turn += workers
                left -= steps
                pace.after(better)
                if better:
                    problem = self._problem()

    def _gap(self) -> int:
        """Instances in use above what is proved."""
        return self._incumbent.values[self._tier] - self._incumbent.bound(self._tier).value

    def _problem(self) -> AssignmentProblem:
        """On the instances that tasks may use, with each family that spreads held to what the plan has in each bucket."""
        placement = Placement(self._request, self._incumbent.tasks)
        whole = in_arrays(self._incumbent.rules, self._counted, tuple(self._held(placement)))
        self._usable = np.flatnonzero((whole.most > 0).any(axis=0) | (whole.home > 0).any(axis=0))
        return on_some(whole, self._usable)

    def _held(self, placement: Placement) -> Iterator[AtMost]:
        """At most as many tasks of each family that spreads in each bucket, and outside all of them, as the plan has there."""
        for cost in self._incumbent.rules.tiers[: self._tier]:
            for spread in cost.spreads if isinstance(cost, Evenness) else ():
                weight = flags(len(self._request.groups), self._request.families[spread.family]).astype(np.int64)
                parts = len(spread.buckets) + 1
                part = np.where(spread.buckets.inside, spread.buckets.of, parts - 1)
                limit = np.bincount(part, weights=placement.family(spread.family), minlength=parts)
                yield AtMost(weight, part, limit.astype(np.int64))

    def _offer(self, counts: Ints) -> bool:
        """A plan on the usable instances."""
        everywhere = np.zeros((len(counts), self._request.cluster.size), np.int64)
        everywhere[:, self._usable] = counts
        return self._incumbent.offer(self._fixed + Counts.dense(everywhere), of_all_rules=False)

    def _round(self, problem: AssignmentProblem, fewer: int, steps: int, turn: int) -> Round:
        """Annealing without so many of the instances in use, the least loaded ones more likely, and without those not in use."""
        placement = Placement(self._request, self._incumbent.tasks)
        opened = self._cost.opened(placement)
        counts = (self._incumbent.tasks - self._fixed).to_dense()
        load = ((counts.T @ self._request.demand)[self._usable] / np.maximum(problem.capacity, 1)).max(axis=1)
        may_shut = np.flatnonzero((opened & ~self._kept)[self._usable])
        order = load[may_shut] * self._draw.uniform(1 - UNEVEN, 1 + UNEVEN, len(may_shut))
        shut = (~opened & ~self._cost.in_use_anyway(placement))[self._usable]
        others = np.flatnonzero(shut & (problem.most > 0).any(axis=0))
        size = (problem.capacity[others] / np.maximum(problem.capacity.mean(axis=0), 1)).sum(axis=1)
        opening = others[np.argsort(-size * self._draw.uniform(1 - UNEVEN, 1 + UNEVEN, len(others)))][
            : OTHERS[turn % len(OTHERS)]
        ]
        shut[may_shut[np.argsort(order)[: fewer + len(opening)]]] = True
        shut[opening] = False
        most = np.where(shut, 0, problem.most)
        return Round(
            left=Pinned(replace(problem, most=most), np.zeros_like(most)),
            place=self._start(problem, most, counts[:, self._usable], shut),
            fewest_out=np.array(
                [self._incumbent.values[t] if t < len(self._earlier) else 0 for t in range(len(self._counted))],
                np.int64,
            ),
            weights=np.array([MOVED if t >= len(self._earlier) else OUT for t in range(len(self._counted))]),
            overload=OVERLOADS[turn % len(OVERLOADS)],
            steps=steps,
        )

    def _start(self, problem: AssignmentProblem, most: Ints, counts: Ints, shut: Bools) -> Ints:
        """``int64[T]``: the plan, with the tasks of what is shut nowhere, or where they may not be, anywhere else."""
        tasks, place = problem.tasks, places_of(problem.tasks, counts)
        held = np.where(shut, 0, counts)
        for t in np.flatnonzero((place >= 0) & shut[place]).tolist():
            place[t], g = -1, tasks.group[t]
            room = np.flatnonzero(held[g] < most[g])
            if not tasks.may_go[t] and len(room):
                place[t] = self._draw.choice(room)
                held[g, place[t]] += 1
        return place
