"""A few instances at a time: small exact searches around the best plan, several at once, for requests of any size and any rules.

Large neighbourhood search (Shaw 1998), adaptive between kinds of neighbourhoods (Ropke and Pisinger 2006). Each is a request of
its own (``neighbourhoods.subproblem``), with as many groups as rules tie to it, solved over all tiers by the count model in a
thread: CP-SAT lets go of the interpreter while it searches. The neighbourhoods of a round share no instance. What is better in
one of them mostly still is when the others have changed, but where they share a budget, a bucket or a missing task: the checker
looks at the whole each time.
"""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.request import Limits
from solver.engines import exact
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.neighbourhoods.adaptive import Choice
from solver.engines.neighbourhoods.kinds import KINDS, View, drawn
from solver.engines.neighbourhoods.subproblem import Subproblems, applicable
from solver.errors import InvalidRequest, PlanRejected
from solver.rules.bind import bind

SECONDS, DETERMINISTIC = 0.5, 0.1
"""For one neighbourhood: by the clock, and in CP-SAT's deterministic seconds where those are the limit."""

MOST_WANTING = 24
"""Groups with too few tasks that a neighbourhood takes in besides those with tasks there."""

MOST_IDLE = 20
"""Neighbourhoods in a row of which none could be searched, and it is over."""

SMALL_ALIKE = 5_000
"""The same as ``SMALL`` for one of many questions, each of which begins with the best plan of those before: on the demo cluster
half of the time was spent here and proved nothing."""

SMALL, LARGE = 300, 20_000
"""Starts of a model of the whole request that is searched whole at once, and of one in which such a search seldom gets far."""

SHARE, LARGE_SHARE = 0.35, 0.7
"""Of what is left, where the whole request fits one model, which is searched afterwards; and where that model is large."""

MOST_FAILURES = 12
"""In a row, where the whole request fits one model: then it is searched at once."""

NEAR_GAP = 200
"""A first open tier that is further above its bound gains more from a look at everything, unless the model is large."""


@dataclass(frozen=True, eq=False)
class Searched:
    """What the search of one neighbourhood came to."""

    change: Counts | None
    """Of the whole plan; None where nothing better was found."""
    begun: bool
    """It is a request that could be asked, and there was time to."""
    whole: bool
    """Nothing better is left in it."""
    share: float
    """Of its time that it used."""


IDLE = Searched(None, begun=False, whole=False, share=1.0)


def improve(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
    """Improve the plan until the time is over; where the whole fits one model, for a while."""
    if not applicable(incumbent.rules):
        return
    starts = exact.starts_of(incumbent.types)
    fits = exact.fits(starts, deadline.remaining())
    budget = limits.deterministic_limit
    if fits:
        large = starts > LARGE
        # The points of a front are questions much alike: where the whole model is quick at each, it proves them as well.
        small = SMALL if incumbent.rules.objective is None else SMALL_ALIKE
        if starts <= small or (_gap(incumbent) > NEAR_GAP and not large):
            return
        share = LARGE_SHARE if large else SHARE
        deadline = deadline.part(share) if budget is None else deadline
        budget = None if budget is None else budget * share
    _Search(incumbent, limits, budget, deadline).run(MOST_FAILURES if fits else None)


def _gap(incumbent: Incumbent) -> int:
    """How far the first tier that is not proved is above its bound."""
    gaps = (value - incumbent.bound(tier).value for tier, value in enumerate(incumbent.values))
    return next((gap for gap in gaps if gap > 0), 0)


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """A neighbourhood: its kind, its instances (ascending), and groups that want tasks there."""

    kind: str
    instances: Ints
    wanting: tuple[int, ...]


class _Search:
    """Rounds of neighbourhoods, one a thread."""

    def __init__(self, incumbent: Incumbent, limits: Limits, budget: float | None, deadline: Deadline) -> None:
        self._incumbent = incumbent
        self._limits = limits
        self._budget = budget
        self._deadline = deadline
        self._draw = np.random.default_rng(limits.seed)
        self._subproblems = Subproblems(incumbent.rules)
        self._choice = Choice(KINDS)

    def run(self, most_failures: int | None) -> None:
        """Search until time, budget, or after so many failures in a row ideas are over."""
        incumbent, failures, idle = self._incumbent, 0, 0
        threads = max(self._limits.workers, 1)
        with ThreadPoolExecutor(threads) as pool:
            while (most_failures is None or failures < most_failures) and idle < MOST_IDLE:
                if self._affordable(threads) < 1 or self._deadline.passed() or incumbent.finished:
                    return
                round_ = self._round(self._affordable(threads))
                if not round_:
                    return
                found = pool.map(partial(self._searched, incumbent.tasks), round_)
                if self._budget is not None:
                    incumbent.deterministic_spent += DETERMINISTIC * len(round_)
                for part, one in zip(round_, found, strict=True):
                    better = one.change is not None and incumbent.offer(
                        incumbent.tasks + one.change, of_all_rules=False
                    )
                    failures = 0 if better else failures + 1
                    idle = 0 if one.begun else idle + 1
                    self._choice.learn(part.kind, better=better, whole=one.whole, share=one.share)

    def _affordable(self, most: int) -> int:
        """So many neighbourhoods are left of the budget, up to ``most``."""
        if self._budget is None:
            return most
        return min(most, math.ceil((self._budget - self._incumbent.deterministic_spent) / DETERMINISTIC - 1e-9))

    def _round(self, most: int) -> list[Neighbourhood]:
        """Neighbourhoods that share no instance."""
        view = View(self._incumbent.rules, self._incumbent.tasks, self._subproblems.rest_of)
        allowed = view.usable.copy()
        found: list[Neighbourhood] = []
        for _ in range(most):
            kind, instances = self._drawn(view, allowed)
            if len(instances):
                allowed[instances] = False
                found.append(Neighbourhood(kind, instances, self._wanting(view, instances)))
        return found

    def _wanting(self, view: View, instances: Ints) -> tuple[int, ...]:
        """Some of the groups that have too few tasks and may start one there."""
        missing = self._draw.permutation(np.flatnonzero(view.rules.problem.missing(view.tasks) > 0)).tolist()
        may = (g for g in missing if (view.rules.most(g)[instances] > 0).any())
        return tuple(itertools.islice(may, MOST_WANTING))

    def _drawn(self, view: View, allowed: Bools) -> tuple[str, Ints]:
        """A kind that finds something to look at, and its instances."""
        while True:
            kind = self._choice.next(self._draw)
            weights = KINDS[kind](view, self._draw)
            if weights is not None:
                return kind, drawn(weights, allowed, self._choice.size, self._draw)
            self._choice.forget(kind)

    def _searched(self, tasks: Counts, part: Neighbourhood) -> Searched:
        """Search the few instances, everything else as in the plan."""
        deterministic = self._budget is not None
        # Under a deterministic limit the clock must not decide (§10.1).
        until = self._deadline if deterministic else self._deadline.within(SECONDS)
        limits = replace(self._limits, workers=1, deterministic_limit=DETERMINISTIC if deterministic else None)
        try:
            sub = self._subproblems.of(tasks, part.instances, part.wanting)
            if until.passed():
                return IDLE
            own = Incumbent(bind(sub.problem, self._incumbent.rules.objective))
            own.require_sequential(sub.tasks)
        except (InvalidRequest, PlanRejected):
            return IDLE
        planned = own.values
        exact.improve(own, limits, until)
        # The clock says nothing under a deterministic limit: then whatever is searched whole was quick.
        share = float(not own.finished) if deterministic else until.elapsed() / max(until.seconds, 1e-9)
        change = sub.change(own.tasks) if own.values < planned else None
        return Searched(change, begun=True, whole=own.finished, share=share)
