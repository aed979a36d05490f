"""What is missing at least after a loss, whatever the plan: resources, and places for each group. A relaxation, by counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from solver.domain.counts import Ints
from solver.domain.problem import Problem
from solver.reach import cut
from solver.robustness.kinds import Kind, grown
from solver.robustness.loss import Loss, after, lost_tasks
from solver.rules.bind import bind


@dataclass(frozen=True, eq=False)
class Places:
    """What a loss leaves, and one instance of each kind that may be added, behind the others.

    Parameters
    ----------
    demand, wanted
        ``int64[T, R]`` of one task, and ``int64[T]`` the lost tasks, of each group that has lost some.
    most
        ``int64[T, I]``: how many of them an instance takes if no other group has any there.
    usable
        ``int64[I, R]``: what they can use of an instance.
    left
        Instances that the loss leaves.
    """

    demand: Ints
    wanted: Ints
    most: Ints
    usable: Ints
    left: int

    @classmethod
    def of(cls, problem: Problem, loss: Loss, kinds: Sequence[Kind], max_moves: int) -> Places:
        """Of a loss.

        Parameters
        ----------
        problem
            The cluster before the loss.
        max_moves
            With moves, every bit that is free may be used by somebody.
        """
        wanted = lost_tasks(problem, loss.gone)
        with_all = grown(problem, kinds, [1] * len(kinds))
        asked = after(with_all, np.append(loss.gone, np.zeros(len(kinds), np.bool_)), max_moves)
        rules = bind(asked)
        chosen = np.flatnonzero(wanted).tolist()
        most = np.array([np.minimum(rules.ceiling(g), wanted[g]) for g in chosen], np.int64)
        demand, free = asked.demand[chosen], np.maximum(asked.cluster.free, 0)
        # Without moves what is free is used by lost tasks or by nobody: no more of it than sums of their demands can reach.
        usable = free if max_moves else _reached(demand, most, np.minimum(free, most.T @ demand))
        return cls(demand, wanted[chosen], most, usable, asked.cluster.size - len(kinds))


@dataclass(frozen=True, eq=False)
class Lacking:
    """Deficits that an addition must fill, and what one instance of each kind gives of each.

    Parameters
    ----------
    deficit
        ``D``: of each resource what lost tasks need beyond what they can use of what is free; of each group the lost tasks
        beyond those for which the instances that are left have a place, if no other group had any. Zero or more.
    supply
        ``K x D``: what an empty instance of a kind has of it.
    prices
        ``K``.
    """

    deficit: tuple[int, ...]
    supply: tuple[tuple[int, ...], ...]
    prices: tuple[int, ...]

    @classmethod
    def of(cls, places: Places, kinds: Sequence[Kind]) -> Lacking:
        """Of a loss, and what may be added."""
        left, most, usable = places.left, places.most, places.usable
        resources = (places.wanted[:, None] * places.demand).sum(axis=0) - usable[:left].sum(axis=0)
        groups = places.wanted - most[:, :left].sum(axis=1)
        deficit = np.maximum(np.concatenate([resources, groups]), 0)
        supply = np.hstack([usable[left:], most[:, left:].T])
        short = np.flatnonzero(deficit)
        return cls(
            tuple(deficit[short].tolist()),
            tuple(tuple(row) for row in supply[:, short].tolist()),
            tuple(kind.price for kind in kinds),
        )

    @property
    def is_out_of_reach(self) -> bool:
        """Whether no number of instances of the kinds fills the deficits."""
        return self.estimate([0] * len(self.prices)) is None

    def estimate(self, counts: Sequence[int]) -> int | None:
        """What a mix that contains this one and fills every deficit costs at least; None where none does.

        Each deficit by itself: filled at the lowest price for it, and by so many whole instances as it takes of the kind that has
        most. A kind more raises the price of the mix by no less than it lowers the rest, so that the estimate never falls.
        """
        more = 0
        for d, lacking in enumerate(self.deficit):
            left = lacking - sum(count * row[d] for count, row in zip(counts, self.supply, strict=True) if count)
            if left <= 0:
                continue
            rates = [Fraction(price, row[d]) for price, row in zip(self.prices, self.supply, strict=True) if row[d]]
            if not rates:
                return None
            most = max(row[d] for row in self.supply)
            whole = -(-left // most) * min(price for price, row in zip(self.prices, self.supply, strict=True) if row[d])
            more = max(more, -int(-left * min(rates) // 1), whole)
        return self.price(counts) + more

    def rate(self, k: int) -> Fraction:
        """What a kind costs for the whole of the deficit of which it gives the largest part; above all where it gives nothing."""
        part = max(
            (Fraction(has, need) for has, need in zip(self.supply[k], self.deficit, strict=True)), default=Fraction(0)
        )
        return (
            Fraction(self.prices[k]) / part if part else Fraction(sum(self.prices) * max(self.deficit, default=1) + 1)
        )

    def is_filled(self, counts: Sequence[int]) -> bool:
        """Whether a mix fills every deficit."""
        return all(
            sum(count * row[d] for count, row in zip(counts, self.supply, strict=True)) >= lacking
            for d, lacking in enumerate(self.deficit)
        )

    def price(self, counts: Sequence[int]) -> int:
        """Of a mix."""
        return sum(price * count for price, count in zip(self.prices, counts, strict=True))


def _reached(demand: Ints, most: Ints, free: Ints) -> Ints:
    """``int64[I, R]``: of what is free the most that tasks can use which an instance takes.

    Parameters
    ----------
    demand, most
        ``int64[T, R]`` of one task, and ``int64[T, I]`` how many of them each instance takes.
    """
    allowed, kind = np.unique(most.T > 0, axis=0, return_inverse=True)
    return cut(demand, most.max(axis=1, initial=0), allowed, free, kind.reshape(-1))
