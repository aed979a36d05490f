"""``spread(field)``: tasks of a family evenly over the values of a field (§4.1; ECS developer guide, placement strategies).

Two costs: tasks on instances without the field, which form no bucket and are used last; then ``sum n²`` over the buckets,
which is least exactly where the counts are as even as capacity permits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints, sum_of
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.argument import field_name
from solver.rules.base import Cost, Counting, Reading, Strategy
from solver.rules.buckets import Buckets, has_field
from solver.rules.filling import fill_evenly, least_sum_of_squares, tied_at_the_end
from solver.rules.model import Model, Sum, total

TYPE = "spread"
LAST = np.int64(2**40)
"""Preference of an instance without the field: after every bucket."""


@dataclass(frozen=True, eq=False)
class Spread(Strategy):
    """The family's tasks, evenly over the buckets of ``field``.

    Parameters
    ----------
    usable
        ``bool[I]``: the instances that the family may use.
    buckets
        The values on those, full ones included.
    """

    problem: Problem
    family: str
    field: str
    usable: Bools
    buckets: Buckets

    @staticmethod
    def parse(argument: str) -> str:
        """Read the field.

        Raises
        ------
        InvalidRequest
            If it is not one.
        """
        return field_name(argument.strip())

    @property
    def name(self) -> str:
        return f"{TYPE}({self.field})"

    def preference(self, state: Placement, group: int) -> Ints:
        buckets = self.buckets
        counts = buckets.count_of(state, self.family)
        return np.where(buckets.inside, np.append(counts, LAST)[buckets.of], LAST)


@dataclass(frozen=True, eq=False)
class Missing(Cost):
    """Tasks on instances without the field, over all families that spread over it here."""

    position: int
    spreads: tuple[Spread, ...]
    title: str = "tasks outside every bucket"

    @property
    def name(self) -> str:
        return f"{self.position}/spread/missing"

    def value(self, placement: Placement) -> int:
        return sum(_outside(placement, spread) for spread in self.spreads)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        for spread in self.spreads:
            part = has_field(problem, spread.field).astype(np.int64)
            yield Reading.of_groups(problem, problem.families[spread.family], part=part)

    def compile(self, model: Model) -> Sum:
        return total(
            model.tasks_over(
                model.problem.families[spread.family], np.flatnonzero(~has_field(model.problem, spread.field))
            )
            for spread in self.spreads
        )

    def ceiling(self, problem: Problem) -> int:
        return sum(problem.most_tasks(problem.families[spread.family]) for spread in self.spreads)

    def bound(self, facts: Counting) -> int:
        return sum(self._bound(spread, facts) for spread in self.spreads)

    def _bound(self, spread: Spread, facts: Counting) -> int:
        inside = has_field(facts.problem, spread.field)
        needed = 0
        for g in facts.problem.families[spread.family]:
            here = int(np.minimum(facts.room[g][inside], facts.least[g]).sum())
            needed += max(int(facts.least[g]) - here, 0)
        return needed + _outside(facts.base, spread)


@dataclass(frozen=True, eq=False)
class Evenness(Cost):
    """``sum n²`` over the buckets, summed over all families that spread here."""

    position: int
    spreads: tuple[Spread, ...]
    title: str = "unevenness (sum of squares)"

    @property
    def name(self) -> str:
        return f"{self.position}/spread/evenness"

    def value(self, placement: Placement) -> int:
        total_squares = 0
        for spread in self.spreads:
            counts = spread.buckets.count_of(placement, spread.family)
            total_squares += int((counts * counts).sum())
        return total_squares

    def readings(self, problem: Problem) -> Iterable[Reading]:
        for spread in self.spreads:
            yield Reading.of_groups(problem, problem.families[spread.family], part=spread.buckets.of)

    def compile(self, model: Model) -> Sum:
        squares = []
        for spread in self.spreads:
            groups = model.problem.families[spread.family]
            for members in spread.buckets.members():
                squares.append(model.square(model.tasks_over(groups, members)))
        return total(squares)

    def remark(self, placement: Placement) -> str:
        """The largest skew among the families (§4.1)."""
        counts = [spread.buckets.count_of(placement, spread.family) for spread in self.spreads]
        return f"largest skew {max((int(np.ptp(row)) for row in counts if len(row)), default=0):,}"

    def ceiling(self, problem: Problem) -> int:
        return sum(problem.most_tasks(problem.families[spread.family]) ** 2 for spread in self.spreads)

    def bound(self, facts: Counting) -> int:
        """Family by family; those of which nothing is fixed, with the same room and as many tasks, have the same."""
        missing = facts.values.get(f"{self.position}/spread/missing", 0)
        earlier: dict[str, list[Buckets]] = {}
        for cost in facts.tight:
            for spread in cost.spreads if isinstance(cost, Evenness) else ():
                earlier.setdefault(spread.family, []).append(spread.buckets)
        known: dict[object, int] = {}
        total_squares = 0
        for spread in self.spreads:
            members = facts.problem.families[spread.family]
            before = earlier.get(spread.family, [])
            key: object = (
                tuple((id(facts.room[g]), int(facts.least[g]), facts.most(g)) for g in members),
                tuple(id(buckets) for buckets in (spread.buckets, *before)),
            )
            if any(len(facts.base.cells_of(g)[0]) for g in members):
                # Where its tasks are is its own; and its revisions may spread over several fields at one position.
                key = (spread.family, key)
            if key not in known:
                known[key] = self._bound(spread, facts, missing, before)
            total_squares += known[key]
        return max(total_squares, self._together(facts, missing))

    def _together(self, facts: Counting, missing: int) -> int:
        """The bound of all families at once: where tasks are missing, any group may be the one that lacks them."""
        problem, cost = facts.problem, 0
        once = {spread.family: spread for spread in self.spreads}
        rooms: dict[tuple[tuple[int, int], ...], tuple[Ints, int]] = {}
        for groups, least in facts.together:
            if least <= sum(int(facts.least[g]) for g in groups):
                continue
            spreads = [spread for family, spread in once.items() if set(problem.families[family]) <= set(groups)]
            others = set(groups).difference(*(problem.families[spread.family] for spread in spreads))
            amount = least - sum(facts.most(g) for g in others) - missing
            counts, room = [], []
            for spread in spreads:
                members = problem.families[spread.family]
                key = (*((id(facts.room[g]), facts.most(g)) for g in members), (id(spread.buckets), 0))
                if key not in rooms:
                    rooms[key] = _in_buckets(spread, facts)
                counts.append(spread.buckets.count_of(facts.base, spread.family))
                room.append(rooms[key][0])
                amount -= rooms[key][1]
            if counts and amount > 0:
                cost += least_sum_of_squares(np.concatenate(counts), np.concatenate(room), amount)
        return cost

    def _bound(self, spread: Spread, facts: Counting, missing: int, earlier: Sequence[Buckets]) -> int:
        problem = facts.problem
        buckets = spread.buckets
        counts = buckets.count_of(facts.base, spread.family)
        room = _family_room(spread, facts)
        outside = missing - _outside(facts.base, spread)
        unused = ~buckets.inside & has_field(problem, spread.field)
        started = sum(int(facts.least[g]) for g in problem.families[spread.family])
        amount = max(started - max(outside, 0) - int(np.minimum(room[unused], LAST).sum()), 0)
        flat = least_sum_of_squares(counts, buckets.count(room), amount)
        coarse = _coarser(earlier, buckets, room)
        every = sum(facts.most(g) for g in problem.families[spread.family])
        if coarse is None or amount != started or started != every:
            return flat
        return max(flat, self._nested_bound(spread, facts, room, amount, coarse))

    def _nested_bound(self, spread: Spread, facts: Counting, room: Ints, amount: int, coarse: Buckets) -> int:
        """The bound inside the buckets of an earlier ``spread`` of the family that is as even as can be.

        Then the coarse counts are known but for which of the tied buckets get the last tasks: those where it costs least.
        """
        fine = spread.buckets
        counts, rooms = coarse.count_of(facts.base, spread.family), coarse.count(room)
        added = fill_evenly(counts, rooms, amount)
        tied = tied_at_the_end(counts, rooms, added)
        extra = int((tied & (added > 0) & (counts + added == (counts + added)[tied].max())).sum()) if tied.any() else 0
        added[tied] = (counts + added)[tied].min() - counts[tied] if extra else added[tied]
        fine_counts, fine_rooms = fine.count_of(facts.base, spread.family), fine.count(room)
        cost, steps = 0, []
        for z, members in enumerate(coarse.members()):
            inside = np.unique(fine.of[members[fine.of[members] >= 0]])
            here = least_sum_of_squares(fine_counts[inside], fine_rooms[inside], int(added[z]))
            cost += here
            if tied[z]:
                more = least_sum_of_squares(fine_counts[inside], fine_rooms[inside], int(added[z]) + 1)
                steps.append(more - here)
        return cost + sum(sorted(steps)[:extra])


def _outside(placement: Placement, spread: Spread) -> int:
    """Tasks of the family on instances without the field."""
    codes, problem = placement.problem.cluster.column(spread.field).codes, placement.problem
    cells = (placement.cells_of(g) for g in problem.families[spread.family])
    return sum(int(counts[codes[instances] < 0].sum()) for instances, counts in cells)


def _in_buckets(spread: Spread, facts: Counting) -> tuple[Ints, int]:
    """``int64[B]``: room for the family in each bucket; and what it has on instances with a value that is no bucket."""
    room = _family_room(spread, facts)
    unused = ~spread.buckets.inside & has_field(facts.problem, spread.field)
    return spread.buckets.count(room), int(np.minimum(room[unused], LAST).sum())


def _family_room(spread: Spread, facts: Counting) -> Ints:
    """``int64[I]``: tasks of the family that fit on each instance at most, beside the fixed ones."""
    members = facts.problem.families[spread.family]
    return sum_of((np.minimum(facts.room[g], facts.most(g)) for g in members), facts.problem.cluster.size)


def _coarser(earlier: Sequence[Buckets], fine: Buckets, room: Ints) -> Buckets | None:
    """Those of the earlier buckets of the family that each of ours with room or tasks lies inside one of."""
    for coarse in earlier:
        inner, outer = fine.of[fine.inside], coarse.of[fine.inside]
        holder = np.full(len(fine), -1, np.int64)
        holder[inner] = outer
        nested = (holder[inner] == outer).all() and (outer >= 0).all()
        if nested and (fine.inside & coarse.inside)[room > 0].all():
            return coarse
    return None


def costs(position: int, spreads: Sequence[Spread]) -> tuple[Cost, ...]:
    """The tiers of all ``spread`` strategies at one position, each family and field counted once (§4.1)."""
    once = {(spread.family, spread.field): spread for spread in spreads}
    unique = tuple(once.values())
    return (Missing(position, unique), Evenness(position, unique)) if unique else ()
