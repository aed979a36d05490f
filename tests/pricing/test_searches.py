"""What two searches know together, against brute force: whatever was proved of how well a strategy can be followed."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.pricing import Span, Unit
from solver.pricing.implied import implied
from solver.pricing.least import Least, is_counted
from solver.pricing.measure import measure_of
from solver.pricing.searches import Searches
from solver.rules.bound import Rules
from solver.verify import check
from tests.oracle import Oracle
from tests.pricing.test_oracle import Brute, asking, bare, drawn

LIMITS = Limits(time_limit=60, workers=1)
CEILING = 99
TELLING = (62, 141, 347, 367)
"""Problems where less is needed once a strategy is followed less well."""

MEASURE = measure_of(drawn(0), Unit.INSTANCES, {}, ())


def knowing(best: Least, tasks: Counts, kept: int, count: int, value: int) -> Least:
    """A plan of which only the first ``kept`` tiers are proved, of ``count`` before what is measured, which is ``value``."""
    tiers = tuple(replace(tier, proven=tier.proven and t < kept) for t, tier in enumerate(best.tiers))
    return replace(best, tasks=tasks, tiers=tiers, amount=Span(value, 0, value if kept >= count else CEILING))


@pytest.mark.parametrize("seed", [*range(40), *TELLING])
def test_what_searches_know_together_holds_the_least_of_brute_force(seed: int) -> None:
    """From any plan, with any number of tiers proved: by packing with what is implied, and by another search."""
    r = random.Random(seed)
    problem = drawn(seed)
    chains = [(one.family, spec) for one in problem.groups for spec in one.strategies or ()]
    asked, plain = asking(problem, [one for one in chains if one[1].type != "random"]), bare(problem)
    searches = Searches(MEASURE, LIMITS, 1, None)
    rules = searches.bound(asked)
    count = next(t for t, cost in enumerate(rules.tiers) if is_counted(Unit.INSTANCES, cost))
    best = searches.solved(asked, asked.running, 0.5)
    least = Brute(asked, Unit.INSTANCES, ()).least()[1]
    assert best.amount == Span(least, least, least)
    plans = [Counts.dense(np.array(state, np.int64)) for state in Oracle(asked).plans()]
    for kept in range(len(best.first), count + 1):
        proved = tuple(tier.value for tier in best.tiers[:kept])
        # Plans that place as much, and follow the tiers that are proved as well.
        alike = [tasks for tasks in plans if searches._values(rules, tasks)[0][:kept] == proved]
        for tasks in (max(alike, key=lambda one: searches._values(rules, one)), r.choice(alike)):
            found = knowing(best, tasks, kept, count, searches._values(rules, tasks)[1])
            narrow = implied(plain, rules, found.tiers)
            if narrow is not None:
                found = searches._packed(asked, narrow, found, 0.5)
                holds(found, least, searches, rules, asked, f"packed after {kept} of {count}")
            other = r.choice(alike)
            then = knowing(best, other, r.randint(0, kept), count, searches._values(rules, other)[1])
            for one, two in ((found, then), (then, found), (found, best), (best, found)):
                after = searches._better(asked, one, two)
                holds(after, least, searches, rules, asked, f"together after {kept}")
                values = [searches._values(rules, each.tasks) for each in (after, one, two)]
                assert values[0] == min(values), f"together after {kept}"


def holds(found: Least, least: int, searches: Searches, rules: Rules, asked: Problem, note: str) -> None:
    """The interval has the least inside, the plan is right, and its amount is what is said."""

    assert found.amount.low <= least <= found.amount.high, f"{note}: {found.amount} is not {least}"
    assert found.amount.value == searches._values(rules, found.tasks)[1], note
    assert not check(asked, found.tasks, rules), note
