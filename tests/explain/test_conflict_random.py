"""§7.1 on random tiny problems with every kind of rule: conflicts are impossible and minimal by brute force."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest

from solver.domain.counts import Counts, Ints
from solver.domain.request import Limits
from solver.engines.deadline import Deadline
from solver.engines.portfolio import run
from solver.explain.conflict import Core, Situation, core
from solver.explain.feasibility import Prober
from solver.explain.target import placed
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.verify import check
from tests.builders import random_problem

LIMITS = Limits(time_limit=10.0, workers=1)
MOST_PLANS = 4_000
"""A question with more plans is left out: the checker takes a fraction of a millisecond for each."""


def shortfalls(seed: int) -> Iterator[tuple[Situation, Core | None]]:
    """The groups of a random problem that fall short, each with its conflict."""
    rules = bind(random_problem(seed))
    tasks = run(rules, LIMITS).solution.tasks
    had = placed(rules.problem, tasks)
    for g in np.flatnonzero(had < rules.problem.wanted).tolist():
        yield Situation(rules, tasks, g), core(rules, tasks, g, Prober(LIMITS, Deadline(10.0)))


def ways(total: int, instances: int) -> Iterator[tuple[int, ...]]:
    """All ways to put so many tasks on the instances."""
    for bars in itertools.combinations(range(total + instances - 1), instances - 1):
        edges = (-1, *bars, total + instances - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(edges))


def plans(rules: Rules, needed: Ints) -> Iterator[Counts] | None:
    """Every state that starts what is needed and as much as it likes of what else is wanted; None if there are too many."""
    problem = rules.problem
    size = problem.cluster.size
    amounts = [range(int(least), int(most) + 1) for least, most in zip(needed, problem.wanted, strict=True)]
    count = math.prod(sum(math.comb(n + size - 1, size - 1) for n in some) for some in amounts)
    if count > MOST_PLANS:
        return None
    rows = [[way for n in some for way in ways(n, size)] for some in amounts]
    return (problem.running + Counts.dense(np.array(starts, np.int64)) for starts in itertools.product(*rows))


def possible(rules: Rules, needed: Ints) -> bool | None:
    """Whether some plan passes the checker; None if there are too many to try."""
    tried = plans(rules, needed)
    return None if tried is None else any(not check(rules.problem, tasks, rules) for tasks in tried)


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_a_conflict_is_impossible_and_minimal(first: int) -> None:
    """What is proved to be impossible is, and without any one member of a minimal conflict it no longer is."""
    for seed in range(first, first + 40):
        for situation, found in shortfalls(seed):
            if found is None:
                assert possible(*situation.rules(frozenset(situation.members))) in (True, None), seed
                continue
            members = frozenset(found.members)
            assert found.proven and found.minimal, seed
            assert possible(*situation.rules(members)) in (False, None), seed
            for member in members:
                assert possible(*situation.rules(members - {member})) in (True, None), (seed, member)


def test_the_random_problems_have_conflicts_of_several_members() -> None:
    """The test above is worth something: conflicts of one, two and more members occur."""
    sizes = [len(found.members) for seed in range(50) for _, found in shortfalls(seed) if found is not None]
    assert {1, 2, 3} <= set(sizes)
