"""The search for a cheap reassignment: annealing in threads that go on from the best of all, cycle after cycle.

How hot a problem needs it, it says itself: the mean of what an instance could lose if the bound were met. A short cycle begins
cold, for where a few moves are enough. The next begins there and cools slowly, since large tasks find their places early; the
last begins at the best plan, not so hot. One thread is always colder than the other, and each cycle ends cold enough to settle
single units.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.reassignment import Reassignment
from solver.engines.deadline import Deadline
from solver.engines.kernels.reassigning import Floats, reassign
from solver.engines.reassignment.columns import Columns

FOCUS, CHARGE, FIRST_PRICE = 300, 0.2, 5.0
"""Steps of 1,024 that look where something costs; what it counts that a column is exceeded at all, in its mean demand; and the
first
price of a unit exceeded, in temperatures."""

HOT = 0.5
"""A temperature, in what an instance could lose on average if the best plan so far came down to the bound."""

COLDEST = 0.3
"""The last temperature: a single unit more is then refused but for one time in thirty."""

CURVE = ((0.0, 1.0), (0.65, 1e-2), (0.9, 1e-4))
"""Up to which part of a cycle the temperature has fallen to which part of the first; then to ``COLDEST``."""

CYCLES = ((0.08, (0.02, 0.005)), (0.6, (1.0, 0.4)), (0.32, (0.15, 0.03)))
"""The share of each cycle in the whole search, and how hot each thread begins it, in ``HOT``."""

CHUNK_SECONDS, FIRST_STEPS = 0.25, 200_000
"""What a call of the compiled search should take, and how many steps the first has."""

ANNEAL: Callable[..., float] = reassign
"""The compiled search, whose arguments are columns that stay the same and a few that do not."""

CHUNKS = 100
"""Calls of the compiled search in a cycle that is limited by steps."""


@dataclass(frozen=True, eq=False)
class Found:
    """The best plan of a search.

    Parameters
    ----------
    place
        ``int64[T]``.
    cost
        As the compiled search counts it; infinite where none was found that may be.
    steps
        How many were tried, in all threads.
    seconds
        How long it took.
    """

    place: Ints
    cost: float
    steps: int
    seconds: float


@dataclass(frozen=True)
class Budget:
    """How long a search may go on: until a deadline, or for so many steps a thread, which repeats.

    Parameters
    ----------
    steps
        Of each thread; 0 for as many as there is time for.
    """

    deadline: Deadline
    steps: int = 0


class _Thread:
    """One thread's annealing: its plan, its best, its price of what is exceeded."""

    def __init__(self, columns: Columns, place: Ints, cost: float, seed: int) -> None:
        self._columns = columns
        self._seed = seed
        self._calls = 0
        self._price = 0.0
        self.place, self.best, self.cost = place.copy(), place.copy(), cost
        self.steps = 0

    def begin(self, place: Ints, hot: float) -> None:
        """Go on from a plan."""
        self.place = place.copy()
        self._price = FIRST_PRICE * hot

    def call(self, steps: int, hot: float, cold: float) -> None:
        """Some steps."""
        best_place = self.place.copy()
        state: Floats = np.array([self._price, 0.0])
        # Seeds of threads and calls are apart: at most 2^20 calls.
        seed = (self._seed << 20) + self._calls + 1
        arguments = (*self._columns.arguments, FOCUS, self.place, best_place, state, CHARGE, steps, hot, cold, seed)
        cost = ANNEAL(*arguments)
        self._calls += 1
        self._price = float(state[0])
        self.steps += steps
        if cost < self.cost:
            self.cost, self.best = cost, best_place


def search(
    asked: Reassignment,
    initial: int,
    bound: int,
    budget: Budget,
    *,
    seed: int = 0,
    workers: int = 2,
    tell: Callable[[int], None] | None = None,
) -> Found:
    """The best plan found in time; the one that changes nothing where none is better.

    Parameters
    ----------
    initial, bound
        What it costs to change nothing, and what no plan can cost less than: the search ends there.
    seed, workers
        Threads; with a budget of steps, the same numbers give the same plan.
    tell
        Is told of each cost that is lower than all before, from any thread.
    """
    begin = time.monotonic()
    columns = Columns.of(asked)
    threads = [_Thread(columns, asked.home, float(initial), seed * workers + w + 1) for w in range(workers)]
    settling, left = _move_scale(asked), sum(share for share, _ in CYCLES)
    with ThreadPoolExecutor(workers) as pool:
        for share, heats in CYCLES:
            best = min(threads, key=lambda thread: thread.cost)
            hot = max(HOT * (best.cost - bound) / asked.instances, settling)
            place = best.best.copy()
            whole = budget.deadline.remaining() * share / left
            left -= share
            running = []
            for w, thread in enumerate(threads):
                heat = max(hot * heats[w % len(heats)], settling)
                thread.begin(place, heat)
                part = _Cycle(budget.deadline.within(whole), int(budget.steps * share), heat, bound, tell)
                running.append(pool.submit(part.run, thread, threads))
            for future in running:
                future.result()
            if min(thread.cost for thread in threads) <= bound or budget.deadline.passed():
                break
    best = min(threads, key=lambda thread: thread.cost)
    return Found(best.best, best.cost, sum(thread.steps for thread in threads), time.monotonic() - begin)


def _move_scale(asked: Reassignment) -> float:
    """A temperature at which moves settle: a tenth of what the mean move costs, and never ``COLDEST``."""
    weights = asked.weights
    mean = weights.task * float(asked.move_cost.mean()) + weights.instance * float(asked.distance.mean())
    return max(0.1 * mean, 10 * COLDEST)


@dataclass(frozen=True)
class _Cycle:
    """From hot to cold, once.

    Parameters
    ----------
    steps
        How many; 0 for as many as there is time for.
    heat
        The first temperature.
    """

    deadline: Deadline
    steps: int
    heat: float
    bound: int
    tell: Callable[[int], None] | None

    def run(self, thread: _Thread, threads: Sequence[_Thread]) -> None:
        """Let a thread go through it, until the bound is met."""
        whole = self.deadline.remaining()
        size = max(self.steps // CHUNKS, 1) if self.steps else FIRST_STEPS
        taken = 0
        while not self.deadline.passed() and thread.cost > self.bound:
            if self.steps and taken >= self.steps:
                return
            progress = taken / self.steps if self.steps else 1.0 - self.deadline.remaining() / whole
            begin = time.monotonic()
            before = min(one.cost for one in threads)
            ahead = size / self.steps if self.steps else CHUNK_SECONDS / whole
            thread.call(size, self.temperature(progress), self.temperature(progress + ahead))
            taken += size
            if self.tell is not None and thread.cost < before:
                self.tell(int(thread.cost))
            if not self.steps:
                aim = min(CHUNK_SECONDS, self.deadline.remaining())
                size = max(int(size * min(aim / max(time.monotonic() - begin, 1e-4), 4.0)), 1_000)

    def temperature(self, progress: float) -> float:
        """At a part of the cycle, 0 to 1: geometrically between the points of ``CURVE``."""
        at = [point for point, _ in CURVE] + [1.0]
        log = [np.log(max(self.heat * part, COLDEST)) for _, part in CURVE] + [np.log(COLDEST)]
        return float(np.exp(np.interp(progress, at, log)))
