"""The question of the cheapest mix in plain arrays, and a mix as an answer to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.errors import Fault, InvalidRequest

MOST_INSTANCES = 1_000_000
"""Of one offer: a number that limits nothing."""

LARGEST = 2**52
"""Amounts and prices beyond are refused: their sums are taken in 64 bits."""


@dataclass(frozen=True, eq=False)
class MixProblem:
    """Hold all tasks of ``T`` types on instances of ``K`` offers, of which the first ``E`` are there already.

    Parameters
    ----------
    demand
        ``int64[T, R]`` of one task.
    wanted
        ``int64[T]``: tasks that are nowhere yet.
    capacity
        ``int64[K, R]``: what the tasks of the problem may take of one instance.
    price
        ``int64[K]``: of one instance, in millionths of the currency for an hour.
    cap
        ``int64[T, K]``: no more tasks of the type on one instance; 0 where it may not be.
    most
        ``int64[K]``: instances of the offer that there may be; 1 for what is there already.
    running
        ``int64[T, E]``: tasks on what is there. One that ends elsewhere has moved.
    must_keep
        ``bool[E]``: what is there and cannot be given up.
    max_moves
        Tasks that may move; None for any number.

    Raises
    ------
    InvalidRequest
        If shapes disagree, or an amount is negative or absurd.
    """

    demand: Ints
    wanted: Ints
    capacity: Ints
    price: Ints
    cap: Ints
    most: Ints
    running: Ints
    must_keep: Bools
    max_moves: int | None = None

    def __post_init__(self) -> None:
        kinds, offers, there = len(self.wanted), len(self.price), len(self.must_keep)
        shapes = {
            "demand": (self.demand, (kinds, self.demand.shape[-1])),
            "capacity": (self.capacity, (offers, self.demand.shape[-1])),
            "cap": (self.cap, (kinds, offers)),
            "most": (self.most, (offers,)),
            "running": (self.running, (kinds, there)),
        }
        faults = [
            Fault(f"mix.{name}", f"has shape {array.shape}", f"give shape {shape}")
            for name, (array, shape) in shapes.items()
            if array.shape != shape
        ]
        for name in ("demand", "wanted", "capacity", "price", "cap", "most", "running"):
            array: Ints = getattr(self, name)
            if array.size and not 0 <= int(array.min()) <= int(array.max()) <= LARGEST:
                faults.append(Fault(f"mix.{name}", "has entries that are negative or above 2^52", "use a coarser unit"))
        if faults:
            raise InvalidRequest(faults)

    @property
    def kinds(self) -> int:
        """``T``."""
        return len(self.wanted)

    @property
    def offers(self) -> int:
        """``K``."""
        return len(self.price)

    @property
    def there(self) -> int:
        """``E``."""
        return len(self.must_keep)

    @cached_property
    def total(self) -> Ints:
        """``int64[T]``: tasks to hold, wherever they are now."""
        result: Ints = self.wanted + self.running.sum(axis=1)
        return result

    @cached_property
    def free(self) -> Ints:
        """``int64[E, R]``: left of what is there while everything stays; may be negative."""
        result: Ints = self.capacity[: self.there] - self.running.T @ self.demand
        return result

    @cached_property
    def stays(self) -> Bools:
        """``bool[E]``: what is there and stays whatever comes: it must, or holds more tasks than may move."""
        if self.max_moves is None:
            return self.must_keep
        result: Bools = self.must_keep | (self.running.sum(axis=0) > self.max_moves)
        return result

    def fits(self) -> Ints:
        """``int64[T, K]``: tasks of one type that an empty instance of an offer holds by itself."""
        found = self.cap.copy()
        for r in range(self.demand.shape[1]):
            need = self.demand[:, r]
            some = np.flatnonzero(need)
            found[some] = np.minimum(found[some], self.capacity[:, r][None, :] // need[some][:, None])
        return found


@dataclass(frozen=True, eq=False)
class Filled:
    """One instance of an offer and the tasks that it holds, by type."""

    offer: int
    held: Mapping[int, int]


@dataclass(frozen=True, eq=False)
class Mix:
    """Instances that are kept or bought, each with its tasks; what is there and not among them is given up."""

    filled: tuple[Filled, ...]

    def cost(self, problem: MixProblem) -> int:
        """In millionths for an hour."""
        return sum(int(problem.price[one.offer]) for one in self.filled)

    def moves(self, problem: MixProblem) -> int:
        """Tasks that end elsewhere than they are."""
        stay = 0
        for one in self.filled:
            if one.offer < problem.there:
                row = problem.running[:, one.offer]
                stay += sum(min(int(row[kind]), count) for kind, count in one.held.items())
        return int(problem.running.sum()) - stay

    def wrong(self, problem: MixProblem) -> Iterator[str]:
        """What makes it no answer, in words."""
        held = np.zeros(problem.kinds, np.int64)
        bought = np.zeros(problem.offers, np.int64)
        for one in self.filled:
            bought[one.offer] += 1
            load = np.zeros(problem.demand.shape[1], np.int64)
            for kind, count in one.held.items():
                held[kind] += count
                load += problem.demand[kind] * count
                if count > problem.cap[kind, one.offer]:
                    yield f"{count} tasks of type {kind} on an instance of offer {one.offer}"
            if (load > problem.capacity[one.offer]).any():
                yield f"an instance of offer {one.offer} holds more than it has"
        for kind in np.flatnonzero(held != problem.total).tolist():
            yield f"{held[kind]} tasks of type {kind} in place of {problem.total[kind]}"
        for offer in np.flatnonzero(bought > problem.most).tolist():
            yield f"{bought[offer]} instances of offer {offer}"
        for offer in np.flatnonzero(problem.must_keep & (bought[: problem.there] == 0)).tolist():
            yield f"instance {offer} is given up"
        if problem.max_moves is not None and self.moves(problem) > problem.max_moves:
            yield f"{self.moves(problem)} tasks move"
