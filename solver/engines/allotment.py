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
    """

    def __init__(
        self,
        state: Placement,
        rank: Ints,
        rng: np.random.Generator,
        group: int,
        chain: Sequence[Strategy],
        room: Ints,
    ) -> None:
        self.state = state
        self.problem = state.problem
        self.rank = rank
        self.rng = rng
        self.group = group
        self.chain = _until_random(chain)
        self.room = room
        self.started = np.zeros_like(room)
        self._buckets: dict[int, tuple[Ints, Ints]] = {}
        for level, strategy in enumerate(self.chain):
            if isinstance(strategy, Spread):
                buckets = strategy.buckets
                of = np.where(buckets.inside, buckets.of, len(buckets))
                counts = np.append(buckets.count(self.state.family(strategy.family)), LAST)
                self._buckets[level] = (of, counts)

    def is_exact(self) -> bool:
        """Whether the chain is one that can be walked level by level."""
        eligible = np.flatnonzero(self.room > 0)
        outer = np.zeros(len(eligible), np.int64)
        packed = False
        for level, strategy in enumerate(self.chain):
            if isinstance(strategy, Binpack):
                index = self.problem.cluster.resources.index(strategy.resource)
                if self.problem.demand[self.group, index] == 0:
                    return False
                packed = True
            elif isinstance(strategy, Spread):
                of, _ = self._buckets[level]
                inner = of[eligible]
                if packed and np.bincount(inner).max(initial=0) > 1:
                    return False
                holder = np.zeros(int(inner.max(initial=0)) + 1, np.int64)
                holder[inner] = outer
                if (holder[inner] != outer).any():
                    return False
                outer = inner
            elif not isinstance(strategy, Random):
                return False
        return True

    def allot(self, wanted: int, skew: int | None) -> Ints:
        """``int64[I]``: tasks started on each instance."""
        self._fill(np.flatnonzero(self.room > 0), wanted, 0, skew)
        return self.started

    def _fill(self, instances: Ints, amount: int, level: int, skew: int | None = None) -> None:
        if amount <= 0 or not len(instances):
            return
        if level == len(self.chain):
            self._in_order(instances[np.argsort(self.rank[instances])], amount)
        elif isinstance(self.chain[level], Spread):
            self._evenly(instances, amount, level, skew)
        elif isinstance(self.chain[level], Binpack):
            self._in_order(instances[self._order(instances, level)], amount)
        else:
            self._at_random(instances, amount)

    def _in_order(self, ordered: Ints, amount: int) -> None:
        """Fill one instance after the other."""
        self.started[ordered] += fill_in_order(self.room[ordered] - self.started[ordered], amount)

    def _at_random(self, instances: Ints, amount: int) -> None:
        """Each task uniformly among the instances with room: draws that meet a full one are drawn again."""
        while amount > 0:
            room = self.room[instances] - self.started[instances]
            instances, room = instances[room > 0], room[room > 0]
            if not len(instances):
                return
            drawn = np.bincount(self.rng.integers(len(instances), size=amount), minlength=len(instances))
            accepted = np.minimum(drawn, room)
            self.started[instances] += accepted
            amount -= int(accepted.sum())

    def _evenly(self, instances: Ints, amount: int, level: int, skew: int | None) -> None:
        of, all_counts = self._buckets[level]
        here = of[instances]
        position = np.full(len(all_counts), -1, np.int64)
        position[here] = 0
        buckets = np.flatnonzero(position == 0)
        position[buckets] = np.arange(len(buckets))
        place = position[here]
        counts = all_counts[buckets] + self._started_in(level, buckets)
        room = np.zeros(len(buckets), np.int64)
        np.add.at(room, place, self.room[instances] - self.started[instances])
        if skew is not None:
            room = np.minimum(room, np.maximum(self._cap(all_counts[:-1], buckets, room) + skew - counts, 0))
        added = fill_evenly(counts, room, amount)
        tied = np.flatnonzero(tied_at_the_end(counts, room, added))
        alone = len(buckets) == len(instances)
        if len(tied) > 1:
            # Whole levels first; who of the tied gets one more is decided by what the levels below leave.
            last = int((counts + added)[tied].max())
            extra = tied[(counts + added)[tied] == last]
            added[extra] -= 1
            self._distribute(instances, place, added, level, alone)
            chosen = self._next_of(instances, place, tied, level, len(extra))
            added = np.zeros_like(added)
            added[chosen] = 1
        self._distribute(instances, place, added, level, alone)

    def _started_in(self, level: int, buckets: Ints) -> Ints:
        """Nothing yet at the levels above; below, what this group started in the bucket before."""
        of, counts = self._buckets[level]
        started = np.zeros(len(counts), np.int64)
        here = np.flatnonzero(self.started)
        np.add.at(started, of[here], self.started[here])
        return started[buckets]

    def _cap(self, counts: Ints, buckets: Ints, room: Ints) -> int:
        """The lowest level at which a bucket of the rule is full: none may end more than the skew above it."""
        full = counts.copy()
        full[buckets[buckets < len(counts)]] += room[buckets < len(counts)]
        return int(full.min()) if len(full) else 0

    def _distribute(self, instances: Ints, place: Ints, added: Ints, level: int, alone: bool) -> None:
        if alone:
            self.started[instances] += added[place]
            return
        order = np.argsort(place, kind="stable")
        edges = np.searchsorted(place[order], np.arange(len(added) + 1))
        for b in np.flatnonzero(added).tolist():
            members = instances[order[edges[b] : edges[b + 1]]]
            self._fill(members[self.room[members] > self.started[members]], int(added[b]), level + 1)

    def _next_of(self, instances: Ints, place: Ints, tied: Ints, level: int, amount: int) -> Ints:
        """Which ``amount`` of the tied buckets come next: those whose best instance the levels below prefer."""
        with_room = np.isin(place, tied) & (self.room[instances] > self.started[instances])
        candidates, bucket = instances[with_room], place[with_room]
        order = self._order(candidates, level + 1)
        _, first = np.unique(bucket[order], return_index=True)
        return bucket[order][np.sort(first)[:amount]]

    def _order(self, instances: Ints, level: int) -> Ints:
        """The order of preference of instances by the chain from a level on, as it stands now."""
        keys: list[Ints] = []
        for depth in range(level, len(self.chain)):
            strategy = self.chain[depth]
            if isinstance(strategy, Spread):
                of, counts = self._buckets[depth]
                keys.append(counts[of[instances]] + self._started_in(depth, of[instances]))
            elif isinstance(strategy, Binpack):
                index = self.problem.cluster.resources.index(strategy.resource)
                left = self.state.free[:, index] - self.started * self.problem.demand[self.group, index]
                keys.append(strategy.order(self.state, left)[instances])
            else:
                keys.append(self.rng.permutation(len(instances)))
        keys.append(self.rank[instances])
        return np.lexsort(keys[::-1])


def _until_random(chain: Sequence[Strategy]) -> tuple[Strategy, ...]:
    """``random`` decides everything: what follows it never matters."""
    kept: list[Strategy] = []
    for strategy in chain:
        kept.append(strategy)
        if isinstance(strategy, Random):
            break
    return tuple(kept)
