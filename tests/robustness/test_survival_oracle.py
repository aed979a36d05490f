"""Plans that survive against brute force: every plan there is, and after every loss every way to place again what it takes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.domain.counts import Bools, Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits, Scheduling
from solver.domain.solution import Status
from solver.engines.joint import is_local
from solver.errors import InvalidRequest
from solver.robustness import survive
from solver.robustness.before import what_must_be
from solver.robustness.loss import Loss, losses
from solver.robustness.witness import asked_after
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import cluster, group, problem, random_change, random_problem, random_rebalance
from tests.oracle import Oracle, State

LIMITS = Limits(time_limit=30, workers=1)
MOST_STATES = 4_000
"""Plans of a problem; larger ones are passed over."""


class Enumerated:
    """The plans of a problem that survive."""

    def __init__(self, asked: Problem, found: tuple[Loss, ...]) -> None:
        self.asked = asked
        self.losses = found
        self.oracle = Oracle(asked)
        self.covered: Bools = np.array([one.scheduling is not Scheduling.DAEMON for one in asked.groups], np.bool_)
        must: State = state_of(what_must_be(asked))
        self.allowed = [max(self.missing(state, loss) for state in (self.oracle.before, must)) for loss in found]

    def missing(self, state: State, loss: Loss) -> int:
        """Tasks without a place in the best of all ways to place again what is lost."""
        tasks = Counts.dense(np.array(state, np.int64))
        after = asked_after(self.asked, tasks, loss.gone, self.covered)
        lost = int(after.wanted.sum())
        oracle = Oracle(after)
        running = sum(map(sum, oracle.before))
        return lost - max(sum(map(sum, one)) - running for one in oracle.plans()) if lost else 0

    def keeps(self, state: State) -> bool:
        """Whether no loss leaves more tasks without a place than before."""
        return all(self.missing(state, loss) <= most for loss, most in zip(self.losses, self.allowed, strict=True))

    def best(self) -> tuple[int, ...] | None:
        """The least vector of tier values of a plan that survives; None where there are too many plans to look at."""
        plans = list(itertools.islice(self.oracle.plans(), MOST_STATES + 1))
        if len(plans) > MOST_STATES:
            return None
        return next(self.oracle.tiers(one) for one in sorted(plans, key=self.oracle.tiers) if self.keeps(one))

    @property
    def is_local(self) -> bool:
        """Whether every rule limits single instances, and nothing that may stop or move is broken."""
        rules = bind(self.asked)
        return all(is_local(rule, self.asked) and not rule.broken(rules.before) for rule in rules.constraints)


def state_of(tasks: Counts) -> State:
    """Counts as rows."""
    return tuple(tuple(row) for row in tasks.to_dense().tolist())


def drawn(draw: Callable[[int], Problem], seeds: range) -> Iterator[tuple[int, str, Problem, tuple[Loss, ...]]]:
    """Random problems, and of each the first kind of loss that leaves some instances whatever is lost."""
    for seed in seeds:
        asked = replace(draw(seed), all_or_nothing=False)
        if asked.freedom.min_gain:
            continue
        for what in ("zone", "attribute:rack", "instance"):
            try:
                found = losses(asked.cluster, what)
            except InvalidRequest:
                continue
            if not any(loss.gone.all() for loss in found):
                yield seed, what, asked, found
                break


def tight(seed: int) -> Problem:
    """Five instances in three zones, of which two groups want about as much as survives, all of it or nothing."""
    r = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for i in range(5):
        size, taken = r.choice([2, 3, 4]), r.choice([0, 0, 1])
        rows.append({"id": f"i{i}", "zone": "abcab"[i], "cpu": size, "free": {"cpu": size - taken}})
    groups = [
        group("web", r.choice([1, 2, 3]), cpu=1, rules=r.choice([[], ["distinctInstance"], ["maxPerInstance(2)"]])),
        group("db", r.choice([1, 2]), cpu=2, ports=r.choice([(), (("tcp", 80),)])),
        group("old", cpu=1),
    ]
    old = [row["cpu"] - row["free"]["cpu"] for row in rows]
    return problem(cluster(rows, resources=("cpu",)), groups, {"old": old}, all_or_nothing=True)


@pytest.mark.parametrize(
    ("draw", "seeds", "least"),
    [(random_problem, range(24), 18), (random_change, range(120, 145), 18), (random_rebalance, range(90), 5)],
)
def test_the_best_plan_that_survives(draw: Callable[[int], Problem], seeds: range, least: int) -> None:
    """It survives; where it is proved the best it is the best of all that do; no bound is above that; local rules are proved.

    Of each loss the bound is at most the fewest tasks without a place, and the witness lacks no fewer.
    """
    proved = otherwise = 0
    for seed, what, asked, found in drawn(draw, seeds):
        every = Enumerated(asked, found)
        best = every.best()
        if best is None:
            continue
        answer = survive(asked, (what,), limits=LIMITS)
        values = tuple(tier.value for tier in answer.answer.tiers)
        assert every.keeps(state_of(answer.answer.tasks)), seed
        assert values >= best, seed
        for t, tier in enumerate(answer.answer.tiers):
            assert values[:t] != best[:t] or tier.bound <= best[t], (seed, tier.name)
        for loss in answer.losses:
            assert not check(loss.problem, loss.witness), seed
            assert sum(loss.missing.values()) <= loss.allowed, seed
        state = state_of(answer.answer.tasks)
        for told, loss, allowed in zip(answer.answer.losses, found, every.allowed, strict=True):
            assert told.at_least <= every.missing(state, loss) <= told.without_place, (seed, loss.name)
            assert told.allowed == allowed if told.allowed_proven else told.allowed >= allowed, (seed, loss.name)
        if answer.answer.status is Status.OPTIMAL:
            assert values == best, seed
            proved += 1
        else:
            assert not every.is_local, seed
        otherwise += values != tuple(tier.value for tier in answer.plain.tiers)
    assert proved >= least and otherwise >= 1


def test_all_or_nothing_is_impossible_exactly_where_no_plan_survives() -> None:
    """Proved where brute force finds no whole plan that survives; else the whole is placed."""
    counts = {True: 0, False: 0}
    for seed in range(20):
        whole = tight(seed)
        found = losses(whole.cluster, "zone")
        every = Enumerated(whole, found)
        plans = list(itertools.islice(every.oracle.plans(), MOST_STATES + 1))
        wanted = int(whole.wanted.sum())
        if len(plans) > MOST_STATES or not wanted:
            continue
        before = sum(map(sum, every.oracle.before))
        possible = any(sum(map(sum, one)) - before == wanted and every.keeps(one) for one in plans)
        answer = survive(whole, limits=LIMITS).answer
        assert answer.complete == possible, seed
        assert (answer.status is Status.INFEASIBLE) != possible, seed
        counts[possible] += 1
    assert min(counts.values()) >= 3
