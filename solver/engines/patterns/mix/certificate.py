"""What any mix costs at least, at given values of a unit of each resource on each offer; in exact integers.

Let ``u[k]`` be what a unit of each resource is worth on offer ``k``, ``move`` what a move costs, and let a task be worth

    pi[t] = least of u[k] . demand[t] over the offers that may hold it.

So no filling of an instance is worth more than ``u[k] . capacity[k]``, and with ``rent[k]`` what that is above the price,
every mix that holds all tasks costs at least

    sum wanted * pi  -  move * max_moves  -  sum over new offers of most * rent
    + sum over what is there of the lesser of
        given up:  its tasks, each worth pi + move
        kept:      price - u . free + sum over its tasks of the lesser of 0 and pi + move - u . demand

What is there stays for sure where it must, or where more tasks than may move are on it: then it is kept.
(Lagrangian relaxation of "every task has a place" and of the move budget; a linear program gives good values, any
values give a bound). Values are whole numbers here, so the bound owes nothing to floating point.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from solver.domain.counts import Ints
from solver.engines.patterns.fillers import Floats
from solver.engines.patterns.mix.problem import LARGEST, MixProblem

MOST_CELLS = 4_000_000
"""Of a table of types and offers that is filled at once."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """A bound and the values that prove it.

    Parameters
    ----------
    value
        Any mix costs at least so many parts of a millionth.
    scale
        Parts of a millionth that the values are counted in.
    unit
        ``int64[K, R]``: ``u``.
    worth
        ``int64[T]``: ``pi``.
    move
        Of one move.
    """

    value: int
    scale: int
    unit: Ints
    worth: Ints
    move: int

    @property
    def bound(self) -> int:
        """Any mix costs at least so many millionths."""
        return max(-(-self.value // self.scale), 0)


def scale_of(problem: MixProblem) -> int:
    """Parts of a millionth that leave room for the sums of one instance in 64 bits."""
    return max(min(LARGEST // max(int(problem.price.max(initial=1)), 1), 2**24), 1)


def whole_units(problem: MixProblem, unit: Floats) -> Ints:
    """``int64[K, R]``: values as whole numbers, lowered where an offer that may be bought without end earned too much."""
    scale = scale_of(problem)
    found = np.floor(np.maximum(unit, 0.0) * scale).astype(np.float64)
    # Nothing is worth more than the dearest instance: keeps the products within 64 bits.
    ceiling = LARGEST / np.maximum(problem.capacity, 1)
    found = np.minimum(found, np.floor(ceiling)).astype(np.int64)
    for k in range(problem.there, problem.offers):
        earned = sum(int(u) * int(c) for u, c in zip(found[k], problem.capacity[k], strict=True))
        most = int(problem.price[k]) * scale
        if earned > most:
            share = Fraction(most, earned)
            found[k] = [int(u) * share.numerator // share.denominator for u in found[k].tolist()]
    result: Ints = found
    return result


def worths(problem: MixProblem, unit: Ints) -> Ints:
    """``int64[T]``: ``pi``, 0 for a type that no offer holds."""
    found = np.full(problem.kinds, LARGEST, np.int64)
    step = max(1, MOST_CELLS // max(problem.offers, 1))
    for start in range(0, problem.kinds, step):
        part = slice(start, start + step)
        demand, cap = problem.demand[part], problem.cap[part]
        for k in range(problem.offers):
            may = (cap[:, k] > 0) & (demand <= problem.capacity[k]).all(axis=1)
            # Where it may be, each product is at most that of the capacity.
            value = np.where(may[:, None], demand, 0) @ unit[k]
            found[part] = np.where(may, np.minimum(found[part], value), found[part])
    return np.where(found == LARGEST, 0, found)


def certificate(problem: MixProblem, unit: Ints, move: int) -> Certificate:
    """The bound at these values; any that are not negative give one."""
    scale = scale_of(problem)
    pi = worths(problem, unit)
    value = sum(int(a) * int(b) for a, b in zip(problem.wanted.tolist(), pi.tolist(), strict=True))
    limit = problem.max_moves
    if limit is None:
        move = 0
    else:
        value -= move * limit
    for k in range(problem.there, problem.offers):
        earned = sum(int(u) * int(c) for u, c in zip(unit[k].tolist(), problem.capacity[k].tolist(), strict=True))
        value -= int(problem.most[k]) * max(earned - int(problem.price[k]) * scale, 0)
    for e in range(problem.there):
        value += _of_instance(problem, unit[e], pi, move, scale, e)
    return Certificate(value, scale, unit, pi, move)


def _of_instance(problem: MixProblem, unit: Ints, pi: Ints, move: int, scale: int, e: int) -> int:
    """What one instance that is there costs at least, given up or kept."""
    row = problem.running[:, e]
    kinds = np.flatnonzero(row).tolist()
    here: list[int] = unit.tolist()
    kept: int = int(problem.price[e]) * scale - sum(
        u * int(f) for u, f in zip(here, problem.free[e].tolist(), strict=True)
    )
    given_up: int = 0
    for kind in kinds:
        count, elsewhere = int(row[kind]), int(pi[kind]) + move
        value = sum(u * int(d) for u, d in zip(here, problem.demand[kind].tolist(), strict=True))
        kept += count * min(0, elsewhere - value)
        given_up += count * elsewhere
    return kept if problem.stays[e] else min(kept, given_up)


def best_move(problem: MixProblem, unit: Ints, worth: Ints) -> int:
    """What a move should cost at these values, in parts of a millionth: the bound is a concave function of it.

    Parameters
    ----------
    unit, worth
        ``u`` and ``pi``, in parts of a millionth.
    """
    if not problem.there or problem.max_moves is None:
        return 0
    scale = scale_of(problem)
    kind, at = np.nonzero(problem.running)
    count = problem.running[kind, at].astype(float)
    there = unit[: problem.there].astype(float)
    rent = problem.price[: problem.there] * float(scale) - (there * problem.free).sum(axis=1)
    value = (there[at] * problem.demand[kind]).sum(axis=1)
    pi = worth[kind].astype(float)

    def bound(move: float) -> float:
        elsewhere = pi + move
        kept = rent + np.bincount(at, count * np.minimum(0.0, elsewhere - value), problem.there)
        given_up = np.bincount(at, count * elsewhere, problem.there)
        least = np.where(problem.stays, kept, np.minimum(kept, given_up))
        return float(least.sum()) - move * float(problem.max_moves or 0)

    # Beyond, everything is kept with all its tasks, and a move only costs the budget.
    low, high = 0.0, max(float(rent.max(initial=0.0)), float((value - pi).max(initial=0.0)), 0.0) + 1.0
    for _ in range(100):
        third = (high - low) / 3
        if bound(low + third) < bound(high - third):
            low += third
        else:
            high -= third
    return int((low + high) / 2)
