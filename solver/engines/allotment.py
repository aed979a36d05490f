"""All tasks of a group at once, with the result that the sequential scheduler has one at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.rules.base import Strategy
from solver.rules.binpack import Binpack
from solver.rules.filling import fill_evenly, fill_in_order, tied_at_the_end
from solver.rules.random import Random
from solver.rules.spread import LAST, Spread

MOST_PARTS = 64
"""Into so many buckets instances are sorted, at most, to look at the first ones of each alone."""


class Allotment:
    """All tasks of a group at once, with the result that one at a time would have.

    A chain is walked level by level. ``spread`` fills its buckets evenly, and which of the tied buckets get the last few
    is decided by the levels below; ``binpack`` fills instances in the order of what is left; below the last level,
    instances are filled by identity. That is exact where the buckets of each ``spread`` lie inside those of the one before.

    Parameters
    ----------
    rank
        ``int64[I]``: the place of each instance in the order of identities.
    room
        ``int64[I]``: how many tasks of the group each instance takes.
    wanted
        How many are to start. Of the instances that hold the same bucket of every ``spread`` only the first so many, in the
        order of the levels below, can be needed: the others are not looked at.
    """

    def __init__(
        self,
        state: Placement,
        rank: Ints,
        rng: np.random.Generator,
        group: int,
        chain: Sequence[Strategy],
        room: Ints,
        wanted: int,
    ) -> None:
        self.state = state
        self.rank = rank
        self.rng = rng
        self.group = group
        self.chain = _until_random(chain)
        self.wanted = wanted
        # From here on, instances are positions in this array.
        self.instances = np.flatnonzero(room > 0)
        self._counts = {
            level: np.append(strategy.buckets.count_of(state, strategy.family), LAST)
            for level, strategy in enumerate(self.chain)
            if isinstance(strategy, Spread)
        }
        self._of = self._buckets_of(self.instances)
        self._exact = self._is_exact()
        if self._exact:
            self._leave_out()
        self.room = np.minimum(room[self.instances], wanted)
        self.started = np.zeros_like(self.room)

    def _buckets_of(self, instances: Ints) -> dict[int, Ints]:
        """The bucket of each instance at each level that spreads."""
        spreads = ((level, strategy) for level, strategy in enumerate(self.chain) if isinstance(strategy, Spread))
        return {level: strategy.buckets.or_last[instances] for level, strategy in spreads}

    def is_exact(self) -> bool:
        """Whether the chain is one that can be walked level by level."""
        return self._exact

    def _is_exact(self) -> bool:
        problem = self.state.problem
        outer = np.zeros(len(self.instances), np.int64)
        packed = False
        for level, strategy in enumerate(self.chain):
            if isinstance(strategy, Binpack):
                index = problem.cluster.resources.index(strategy.resource)
                if problem.demand[self.group, index] == 0:
                    return False
                packed = True
            elif isinstance(strategy, Spread):
                inner = self._of[level]
                if packed and np.bincount(inner).max(initial=0) > 1:
                    return False
                if len(self._counts) > 1:
                    holder = np.zeros(len(self._counts[level]), np.int64)
                    holder[inner] = outer
                    if (holder[inner] != outer).any():
                        return False
                    outer = inner
            elif not isinstance(strategy, Random):
                return False
        return True

    def _leave_out(self) -> None:
        """Keep only the first instances of each innermost bucket."""
        if any(isinstance(strategy, Random) for strategy in self.chain):
            return
        parts, last, size = np.zeros(len(self.instances), np.int64), -1, np.array([len(self.instances)])
        for level, of in self._of.items():
            # Where each instance is a bucket of its own, the count there is one of the keys that order them.
            inside = np.bincount(of)
            if inside.max(initial=0) > 1:
                parts, last, size = of, level, inside
        present = np.flatnonzero(size)
        # One more than is needed, so that a bucket never counts as full because of what is left out.
        amount = self.wanted + 1
        if len(present) > MOST_PARTS or len(self.instances) <= amount * len(present):
            return
        kept = []
        for part in present.tolist():
            members = np.flatnonzero(parts == part)
            kept.append(self._first(members, last + 1, amount))
        self.instances = self.instances[np.sort(np.concatenate(kept))]
        self._of = self._buckets_of(self.instances)

    def _first(self, members: Ints, level: int, amount: int) -> Ints:
        """The ``amount`` members that the chain prefers from a level on, in any order, while nothing has started."""
        chosen = []
        for depth in range(level, len(self.chain) + 1):
            if len(members) <= amount:
                break
            key = self._key(depth, self.instances[members])
            edge = np.partition(key, amount - 1)[amount - 1]
            below = members[key < edge]
            chosen.append(below)
            amount -= len(below)
            members = members[key == edge]
        return np.concatenate([*chosen, members[:amount]])

    def allot(self, skew: int | None) -> tuple[Ints, Ints]:
        """Instances where tasks start, and how many on each."""
        self._fill(np.arange(len(self.instances)), self.wanted, 0, skew)
        here = np.flatnonzero(self.started)
        return self.instances[here], self.started[here]

    def _fill(self, places: Ints, amount: int, level: int, skew: int | None = None) -> None:
        if amount <= 0 or not len(places):
            return
        if level == len(self.chain):
            self._in_order(places[np.argsort(self.rank[self.instances[places]])], amount)
        elif isinstance(self.chain[level], Spread):
            self._evenly(places, amount, level, skew)
        elif isinstance(self.chain[level], Binpack):
            self._in_order(places[self._order(places, level)], amount)
        else:
            self._at_random(places, amount)

    def _in_order(self, ordered: Ints, amount: int) -> None:
        """Fill one instance after the other."""
        self.started[ordered] += fill_in_order(self.room[ordered] - self.started[ordered], amount)

    def _at_random(self, places: Ints, amount: int) -> None:
        """Each task uniformly among the instances with room: draws that meet a full one are drawn again."""
        while amount > 0:
            room = self.room[places] - self.started[places]
            places, room = places[room > 0], room[room > 0]
            if not len(places):
                return
            drawn = np.bincount(self.rng.integers(len(places), size=amount), minlength=len(places))
            accepted = np.minimum(drawn, room)
            self.started[places] += accepted
            amount -= int(accepted.sum())

    def _evenly(self, places: Ints, amount: int, level: int, skew: int | None) -> None:
        of, all_counts = self._of[level], self._counts[level]
        here = of[places]
        position = np.full(len(all_counts), -1, np.int64)
        position[here] = 0
        buckets = np.flatnonzero(position == 0)
        position[buckets] = np.arange(len(buckets))
        place = position[here]
        counts = all_counts[buckets] + self._started_in(level)[buckets]
        room = np.zeros(len(buckets), np.int64)
        np.add.at(room, place, self.room[places] - self.started[places])
        if skew is not None:
            room = np.minimum(room, np.maximum(self._cap(all_counts[:-1], buckets, room) + skew - counts, 0))
        added = fill_evenly(counts, room, amount)
        tied = np.flatnonzero(tied_at_the_end(counts, room, added))
        alone = len(buckets) == len(places)
        if len(tied) > 1:
            # Whole levels first; who of the tied gets one more is decided by what the levels below leave.
            last = int((counts + added)[tied].max())
            extra = tied[(counts + added)[tied] == last]
            added[extra] -= 1
            self._distribute(places, place, added, level, alone)
            chosen = self._next_of(places, place, tied, level, len(extra))
            added = np.zeros_like(added)
            added[chosen] = 1
        self._distribute(places, place, added, level, alone)

    def _started_in(self, level: int) -> Ints:
        """``int64[B + 1]``: nothing yet at the levels above; below, what this group started in each bucket before."""
        started = np.zeros(len(self._counts[level]), np.int64)
        np.add.at(started, self._of[level], self.started)
        return started

    def _cap(self, counts: Ints, buckets: Ints, room: Ints) -> int:
        """The lowest level at which a bucket of the rule is full: none may end more than the skew above it."""
        full = counts.copy()
        full[buckets[buckets < len(counts)]] += room[buckets < len(counts)]
        return int(full.min()) if len(full) else 0

    def _distribute(self, places: Ints, place: Ints, added: Ints, level: int, alone: bool) -> None:
        if alone:
            self.started[places] += added[place]
            return
        order = np.argsort(place, kind="stable")
        edges = np.searchsorted(place[order], np.arange(len(added) + 1))
        for b in np.flatnonzero(added).tolist():
            members = places[order[edges[b] : edges[b + 1]]]
            self._fill(members[self.room[members] > self.started[members]], int(added[b]), level + 1)

    def _next_of(self, places: Ints, place: Ints, tied: Ints, level: int, amount: int) -> Ints:
        """Which ``amount`` of the tied buckets come next: those whose best instance the levels below prefer."""
        with_room = np.isin(place, tied) & (self.room[places] > self.started[places])
        candidates, bucket = places[with_room], place[with_room]
        order = self._order(candidates, level + 1)
        _, first = np.unique(bucket[order], return_index=True)
        return bucket[order][np.sort(first)[:amount]]

    def _order(self, places: Ints, level: int) -> Ints:
        """The order of preference of instances by the chain from a level on, as it stands now."""
        keys = [self._key(depth, self.instances[places], places) for depth in range(level, len(self.chain) + 1)]
        return np.lexsort(keys[::-1])

    def _key(self, depth: int, instances: Ints, places: Ints | None = None) -> Ints:
        """What orders instances at a level of the chain, and below the last one: the least comes first.

        Parameters
        ----------
        places
            Where they are among the instances that are looked at; left out while that is not decided and nothing started.
        """
        if depth == len(self.chain):
            return self.rank[instances]
        strategy, demand = self.chain[depth], self.state.problem.demand
        if isinstance(strategy, Spread):
            counts = self._counts[depth] if places is None else self._counts[depth] + self._started_in(depth)
            return counts[strategy.buckets.or_last[instances]]
        if isinstance(strategy, Binpack):
            index = self.state.problem.cluster.resources.index(strategy.resource)
            left = self.state.free[instances, index]
            if places is not None:
                left = left - self.started[places] * demand[self.group, index]
            return strategy.order(self.state, instances, left)
        return self.rng.permutation(len(instances))


def _until_random(chain: Sequence[Strategy]) -> tuple[Strategy, ...]:
    """``random`` decides everything: what follows it never matters."""
    kept: list[Strategy] = []
    for strategy in chain:
        kept.append(strategy)
        if isinstance(strategy, Random):
            break
    return tuple(kept)
