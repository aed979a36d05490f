"""What following a strategy as well as can be implies: constraints that every such plan keeps, though nobody asks for them.

Where the tiers of a strategy are proved, no plan that follows it as well is worse there. A sum of squares that leaves no room for
two tasks on one instance says ``distinctInstance``; one that is least, ``maxSkew``; tasks that are all where the least was free
may be nowhere else. Packing with such constraints has better bounds than packing after a tier, and finds better plans.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isqrt

import numpy as np

from solver.domain.columns import TextColumn
from solver.domain.counts import Bools, Ints
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec
from solver.domain.solution import TierResult
from solver.rules import max_per_instance, max_skew, member_of
from solver.rules.bind import bind
from solver.rules.binpack import Leftover
from solver.rules.bound import Rules
from solver.rules.filling import fill_in_order
from solver.rules.max_skew import MaxSkew
from solver.rules.spread import Evenness, Missing, Spread
from solver.rules.unplaced import Preempted, Unplaced

ATTRIBUTE = "placement-solver.implied"
"""Begins the name of an attribute of the instances where the tasks of a group may be."""

INSTANCE = "instanceId"


def implied(plain: Problem, rules: Rules, tiers: Sequence[TierResult]) -> Problem | None:
    """A request without strategies, with what follows from their tiers; None where nothing does.

    Every plan that is as good as given in the tiers that are proved keeps its constraints.

    Parameters
    ----------
    plain
        The request without strategies.
    rules
        The rules of the request with them; same cluster, same groups.
    tiers
        What an answer to that knows.
    """
    specs: dict[int, list[RuleSpec]] = {}
    spreads: dict[int, Spread] = {}
    columns: dict[str, TextColumn] = {}
    missing, outside, forced = 0, 0, _forced(rules)
    for cost, tier in zip(rules.tiers, tiers, strict=True):
        if not tier.proven:
            break
        if isinstance(cost, Unplaced | Preempted):
            missing += tier.value
        elif isinstance(cost, Missing):
            outside = tier.value
        elif isinstance(cost, Evenness):
            for spread, spec in _of_spreads(cost, tier.value, _Lacking(forced, missing), outside):
                for g in plain.families[spread.family]:
                    specs.setdefault(g, []).append(spec)
                    if spec.type == max_skew.TYPE:
                        spreads[g] = spread
        elif isinstance(cost, Leftover):
            for g, allowed in _of_leftover(rules, cost, tier.value, _Lacking(forced, missing)):
                name = f"{ATTRIBUTE}-{len(columns)}"
                columns[name] = TextColumn.of("yes" if here else None for here in allowed.tolist())
                specs.setdefault(g, []).append(RuleSpec(member_of.TYPE, f"attribute:{name} exists"))
    found = _with(plain, specs, columns)
    other = set(spreads).difference(_same(found, spreads))
    if other:
        # ``maxSkew`` counts other buckets than the strategy does.
        specs = {g: [one for one in own if g not in other or one.type != max_skew.TYPE] for g, own in specs.items()}
        found = _with(plain, specs, columns)
    return found if any(specs.values()) else None


@dataclass(frozen=True)
class _Lacking:
    """Tasks without a place: ``forced`` (``int64[G]``) of those whatever the plan, ``missing`` in all."""

    forced: Ints
    missing: int

    def of(self, groups: Sequence[int]) -> int:
        """Of some groups at most."""
        return self.missing - int(self.forced.sum()) + int(self.forced[list(groups)].sum())


def _forced(rules: Rules) -> Ints:
    """``int64[G]``: tasks that there should be, and that have no place whatever the plan."""
    operation = rules.problem.operation
    wanted = operation.desired - operation.fixed.totals()
    room = np.array(
        [int(np.minimum(rules.most_beside(g), count).sum()) for g, count in enumerate(wanted.tolist())], np.int64
    )
    forced: Ints = np.maximum(wanted - room, 0)
    return forced


def _with(problem: Problem, specs: Mapping[int, Sequence[RuleSpec]], columns: Mapping[str, TextColumn]) -> Problem:
    groups = tuple(
        replace(group, constraints=(*group.constraints, *specs.get(g, ()))) for g, group in enumerate(problem.groups)
    )
    cluster = replace(problem.cluster, attributes={**problem.cluster.attributes, **columns})
    return replace(problem, cluster=cluster, groups=groups)


def _same(problem: Problem, spreads: Mapping[int, Spread]) -> Iterator[int]:
    """The groups whose added ``maxSkew`` has the buckets of the strategy."""
    added = {rule.owner: rule for rule in bind(problem).constraints if isinstance(rule, MaxSkew)} if spreads else {}
    for g, spread in spreads.items():
        if np.array_equal(added[g].buckets.of, spread.buckets.of):
            yield g


# Spreading.


def _of_spreads(cost: Evenness, value: int, lacking: _Lacking, outside: int) -> Iterator[tuple[Spread, RuleSpec]]:
    """What a sum of squares leaves to each family, where the others have no less than what is least for them.

    Parameters
    ----------
    outside
        Tasks on instances without the field.
    """
    counts = {}
    for spread in cost.spreads:
        problem = spread.problem
        members = list(problem.families[spread.family])
        fixed = problem.operation.fixed
        apart = np.isin(fixed.group, members) & ~spread.buckets.inside[fixed.instance]
        there_should_be = int(problem.operation.desired[members].sum() - fixed.count[apart].sum())
        inside = there_should_be - lacking.of(members) - outside
        counts[spread] = max(inside, 0)
    least = {spread: least_squares(count, len(spread.buckets)) for spread, count in counts.items()}
    for spread, count in counts.items():
        size, most = len(spread.buckets), value - sum(least.values()) + least[spread]
        if count < 2 or size < 2:
            continue
        if spread.field == INSTANCE:
            k = most_in_one(count, size, most)
            if k < count:
                yield spread, RuleSpec(max_per_instance.TYPE, str(k))
        elif len(spread.problem.families[spread.family]) == 1:
            k = max(most_apart(count, size, most), 1)
            if k < count:
                yield spread, RuleSpec(max_skew.TYPE, f"{spread.field}, {k}")


def least_squares(count: int, size: int) -> int:
    """The least sum of squares of ``count`` tasks in ``size`` buckets; ``size`` is 0 for no tasks alone."""
    each, more = divmod(count, size) if size else (0, 0)
    return (size - more) * each * each + more * (each + 1) ** 2


def most_in_one(count: int, size: int, most: int) -> int:
    """The most tasks that one of ``size`` buckets holds, where the sum of squares is at most ``most``."""
    k = -(-count // size)
    while k < count and (k + 1) ** 2 + least_squares(count - k - 1, size - 1) <= most:
        k += 1
    return k


def most_apart(count: int, size: int, most: int) -> int:
    """The most by which the fullest of ``size`` buckets exceeds the emptiest, where the sum of squares is at most ``most``."""
    # With a difference of d the sum of squares is at least count²/size + d²/2.
    last = isqrt(max(2 * (most - count * count // size), 0)) + 2
    return max((d for d in range(min(last, count) + 1) if _squares_apart(count, size, d) <= most), default=0)


def _squares_apart(count: int, size: int, d: int) -> float:
    """The least sum of squares where one bucket has ``d`` tasks more than another; infinite where there is none."""
    if size == 2:
        low, odd = divmod(count - d, 2)
        return float("inf") if odd else low**2 + (low + d) ** 2

    def squares(low: int) -> int:
        return low**2 + (low + d) ** 2 + least_squares(count - 2 * low - d, size - 2)

    # Convex in the number of tasks in the emptier one.
    first, last = 0, (count - d) // 2
    while first < last:
        middle = (first + last) // 2
        if squares(middle) <= squares(middle + 1):
            last = middle
        else:
            first = middle + 1
    return squares(first)


# Packing.


def _of_leftover(rules: Rules, cost: Leftover, value: int, lacking: _Lacking) -> Iterator[tuple[int, Bools]]:
    """For groups that pack, ``bool[I]``: where their tasks may be, if all others of theirs are where it costs least."""
    problem = rules.problem
    weights = cost.weights(problem)
    fixed, desired = problem.operation.fixed, problem.operation.desired
    left = value
    order = np.argsort(weights, kind="stable")
    rooms: dict[int, Ints] = {}
    counts: dict[int, int] = {}
    for g in cost.groups:
        instances, there = fixed.cells_of(g)
        left -= int((weights[instances] * there).sum())
        counts[g] = max(int(desired[g] - there.sum()) - lacking.of([g]), 0)
        rooms[g] = np.minimum(rules.most_beside(g)[order], counts[g])

    def least(g: int, count: int) -> int:
        return int((fill_in_order(rooms[g], count) * weights[order]).sum())

    every = {g: least(g, count) for g, count in counts.items()}
    for g, count in counts.items():
        if count and rooms[g].sum() >= count:
            most = left - sum(every.values()) + every[g] - least(g, count - 1)
            allowed = weights <= most
            if (~allowed[order] & (rooms[g] > 0)).any():
                yield g, allowed


__all__ = ["implied", "least_squares", "most_apart", "most_in_one"]
