"""A plan of an engine that does not know every rule, without what breaks one: that is placed around the rest.

First anywhere, as the sequential scheduler would. Then, while that keeps more instances in use than the plan did, on the
plan's own instances alone, by searching a few of them at a time: where rules between groups forbid little, a few tasks change
places, and nothing more is opened. Where that does not do, on one instance more, and so on.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
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

TIME_SHARE, TRY_SHARE = 0.5, 0.6
"""Of what is left, for the search on the plan's own instances; and of that, for each try, the first without other instances."""

MOST_TRIES = 3
"""Each with one instance more."""

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
    kept = mend_anywhere(incumbent, plan, limits, deadline)
    aim = rules.tiers[tier].value(Placement(rules.problem, plan))
    if incumbent.values[tier] <= aim or deadline.passed():
        return
    until = deadline if limits.deterministic_limit is not None else deadline.part(TIME_SHARE)
    tasks, usable = kept, np.isin(np.arange(rules.problem.cluster.size), plan.instance)
    for more in range(min(incumbent.values[tier] - aim, MOST_TRIES)):
        if until.passed():
            return
        usable[_largest_other(rules, usable, more > 0)] = True
        own = Incumbent(_on(rules, usable))
        own.offer(_around(own.rules, tasks, limits, until), of_all_rules=False)
        _complete(own, _of_a_try(limits, incumbent), until)
        incumbent.deterministic_spent += own.deterministic_spent
        if incumbent.offer(own.tasks):
            return
        tasks = own.tasks


def mend_anywhere(incumbent: Incumbent, plan: Counts, limits: Limits, deadline: Deadline) -> Counts:
    """Offer the plan without what breaks a rule, and that wherever it packs best; counts of what is kept of the plan."""
    kept = _without_breaches(incumbent.rules, plan, deadline)
    incumbent.offer(_around(incumbent.rules, kept, limits, deadline), of_all_rules=False)
    return kept


def _of_a_try(limits: Limits, incumbent: Incumbent) -> Limits:
    """The limits with the share of a deterministic budget that one try may spend."""
    budget = limits.deterministic_limit
    if budget is None:
        return limits
    left = max(budget - incumbent.deterministic_spent, 0.0)
    return replace(limits, deterministic_limit=TIME_SHARE * left / MOST_TRIES)


def _complete(own: Incumbent, limits: Limits, deadline: Deadline) -> None:
    """Find a place for what is missing."""
    until = deadline if limits.deterministic_limit is not None else deadline.part(TRY_SHARE)
    for engine in (neighbouring, neighbouring, exact):
        if not own.finished and not until.passed():
            engine.improve(own, limits, until)


def _largest_other(rules: Rules, usable: Bools, wanted: bool) -> Ints:
    """The largest instance, if one is ``wanted``, that is not ``usable`` yet and takes new tasks."""
    capacity = rules.problem.cluster.capacity
    size = (capacity / np.maximum(capacity.max(axis=0, initial=0), 1)).sum(axis=1)
    others = np.flatnonzero(rules.problem.open_to_change & ~usable)
    return others[np.argsort(-size[others], kind="stable")][: int(wanted)]


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


def _on(rules: Rules, usable: Bools) -> Rules:
    """The request on some of the instances (``bool[I]``), without its tiers from the instances in use on."""
    problem = rules.problem
    return bind(replace(problem, frozen=problem.frozen | ~usable), _before_packing)


def _before_packing(rules: Rules) -> tuple[Cost, ...]:
    return tuple(takewhile(lambda cost: not isinstance(cost, Opened), rules.tiers))
