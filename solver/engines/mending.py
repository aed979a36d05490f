"""A plan of an engine that does not know every rule, without what breaks one: that is placed around the rest.

First anywhere, as the sequential scheduler would. Then, while that keeps more instances in use than the plan did, on the
plan's own instances alone, by searching a few of them at a time: where rules between groups forbid little, a few tasks change
places, and nothing more is opened.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

import numpy as np

from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.request import Limits
from solver.engines import exact, neighbouring, packed_first, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.base import Cost
from solver.rules.bind import bind
from solver.rules.binpack import Opened
from solver.rules.bound import Rules
from solver.verify import check

TIME_SHARE = 0.3
"""Of what is left, for the search on the plan's own instances: other engines need not hold on to these."""

MOST_CHECKS = 20
"""Of a plan that loses what breaks a rule: what stood beside it may break one without it."""


def mend(incumbent: Incumbent, tier: int, plan: Counts, limits: Limits, deadline: Deadline) -> None:
    """Offer what can be made of a plan that starts tasks and stops none.

    Parameters
    ----------
    tier
        The first that counts instances in use (``Opened``); up to it the plan is better than the incumbent.
    plan
        Counts, which the checker refuses.
    """
    rules = incumbent.rules
    kept = _without_breaches(rules, plan, deadline)
    incumbent.offer(_around(rules, kept, limits, deadline), of_all_rules=False)
    aim = rules.tiers[tier].value(Placement(rules.problem, plan))
    if incumbent.values[tier] <= aim or deadline.passed():
        return
    until = deadline if limits.deterministic_limit is not None else deadline.part(TIME_SHARE)
    own = Incumbent(_on_its_instances(rules, plan))
    own.offer(_around(own.rules, kept, limits, until), of_all_rules=False)
    for engine in (neighbouring, exact):
        if not own.finished and not until.passed():
            engine.improve(own, limits, until)
    incumbent.offer(own.tasks)


def _without_breaches(rules: Rules, plan: Counts, deadline: Deadline) -> Counts:
    """Counts in which what the plan starts keeps every rule; nothing started where that takes too long to find."""
    problem = rules.problem
    places = {problem.cluster.label(i): i for i in range(problem.cluster.size)}
    started = (plan - problem.running).positive()
    for _ in range(MOST_CHECKS):
        violations = check(problem, problem.running + started, rules)
        if not violations:
            return problem.running + started
        if deadline.passed():
            break
        kept = np.ones(len(started.group), np.bool_)
        for violation in violations:
            # A rule of no group speaks of all that start at its place, and one without an instance of all that its group starts.
            taken = np.ones(len(started.group), np.bool_)
            if violation.group:
                taken &= started.group == problem.by_name[violation.group]
            if violation.place in places:
                taken &= started.instance == places[violation.place]
            kept &= ~taken
        shape = (started.groups, started.instances)
        started = Counts.of(shape, started.group[kept], started.instance[kept], started.count[kept])
    return problem.running


def _around(rules: Rules, kept: Counts, limits: Limits, deadline: Deadline) -> Counts:
    """Counts after starting what is missing where it packs best."""
    packed = replace(rules, strategies=packed_first.chains(rules))
    begun = (kept - rules.problem.running).positive()
    return sequential.place(packed, limits.seed, deadline, packed_first.smallest_first(rules)[::-1], begun)


def _on_its_instances(rules: Rules, plan: Counts) -> Rules:
    """The request without the other instances, and without its tiers from the instances in use on."""
    problem = rules.problem
    others = np.ones(problem.cluster.size, np.bool_)
    others[plan.instance] = False
    return bind(replace(problem, frozen=problem.frozen | others), _before_packing)


def _before_packing(rules: Rules) -> tuple[Cost, ...]:
    return tuple(takewhile(lambda cost: not isinstance(cost, Opened), rules.tiers))
