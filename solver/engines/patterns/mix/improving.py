"""A mix made and made better by the compiled search (``solver.engines.kernels.mixing``)."""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.kernels import mixing
from solver.engines.patterns.fillers import Floats
from solver.engines.patterns.mix.filling import Open, opened
from solver.engines.patterns.mix.problem import Filled, Mix, MixProblem

FEWEST_APART, MOST_APART = 2, 10
"""Instances that are taken apart at once."""

MOST_TRIED = 8
"""Offers that are filled at a step."""

PATIENCE, PATIENCE_EACH = 100_000, 2_000
"""Attempts without a gain after which no more are made: at most, and for each instance of the mix."""

MOST_KINDS = 4_000
"""Types that are filled into new instances together; a filling looks at all of them again and again."""

MOST_TASKS = 4_000_000
"""Beyond, the arrays would take too much memory."""

BRIEF, LONG = 0.05, 0.2
"""Seconds between two looks at the clock."""

ANY_COST = 2**62
ANY_MOVES = 2**62


class Improver:
    """The question as the compiled search takes it.

    Parameters
    ----------
    worth
        ``float64[T]``: what a task is worth at the values of the relaxation.
    earned
        ``float64[K]``: what an instance of an offer earns at most.
    weight
        ``float64[K, R]``: how a gap counts in a filling.
    """

    def __init__(self, problem: MixProblem, worth: Floats, earned: Floats, weight: Floats) -> None:
        self._problem = problem
        new = np.arange(problem.there, problem.offers)
        # One layout, so that it is compiled once.
        self._asked = mixing.Asked(
            np.ascontiguousarray(problem.demand),
            np.ascontiguousarray(problem.capacity),
            np.ascontiguousarray(problem.price),
            np.ascontiguousarray(problem.cap),
            np.ascontiguousarray(problem.most),
            np.ascontiguousarray(problem.running),
            np.ascontiguousarray(problem.must_keep),
            np.ascontiguousarray(worth),
            np.ascontiguousarray(weight),
            earned / np.maximum(problem.price, 1),
            new[np.argsort(problem.price[new], kind="stable")],
        )

    @property
    def is_possible(self) -> bool:
        """Whether the arrays are not too large."""
        return int(self._problem.total.sum()) <= MOST_TASKS

    def filled(self, wanted: Ints, seed: int) -> list[Open] | None:
        """New instances for ``wanted[T]`` tasks, some thousand types at a time; None where none holds a task."""
        kinds = np.random.default_rng(seed).permutation(np.flatnonzero(wanted))
        bought = np.zeros(self._problem.offers, np.int64)
        found: list[Open] = []
        for part in np.array_split(kinds, max(-(-len(kinds) // MOST_KINDS), 1)):
            more = self._together(part, wanted[part], bought)
            if more is None:
                return None
            found += more
        return found

    def _together(self, kinds: Ints, wanted: Ints, bought: Ints) -> list[Open] | None:
        """New instances for tasks of some types; those in use already, ``bought[K]``, grow by them."""
        tasks = int(wanted.sum())
        room = tasks + len(kinds)
        chosen = mixing.Chosen(*(np.empty(room, np.int64) for _ in range(4)))
        pool = mixing.Pool(kinds, wanted, np.ones(len(kinds)))
        homes, tilt = np.zeros(0, np.int64), np.ones(self._problem.offers)
        cost, made, entries = mixing.refill(self._asked, pool, homes, ANY_COST, MOST_TRIED, tilt, bought, chosen)
        if cost < 0:
            return None
        np.add.at(bought, chosen.offer[:made], 1)
        held: list[dict[int, int]] = [{} for _ in range(made)]
        for x in range(entries):
            held[chosen.instance[x]][int(kinds[chosen.slot[x]])] = int(chosen.tasks[x])
        filled = [Filled(int(offer), tasks_on) for offer, tasks_on in zip(chosen.offer[:made], held, strict=True)]
        return [opened(self._problem, one) for one in filled]

    def improved(self, mix: Mix, deadline: Deadline, bound: int, seed: int) -> tuple[Mix, int]:
        """The mix, or a cheaper one, and how often some of it was taken apart.

        Parameters
        ----------
        bound
            No mix costs less.
        """
        problem = self._problem
        held, cost = self._held(mix), mix.cost(problem)
        draw = np.random.default_rng(seed)
        limit = ANY_MOVES if problem.max_moves is None else problem.max_moves
        attempts, idle, many = 0, 0, 16
        patience = min(PATIENCE, PATIENCE_EACH * len(mix.filled))
        while cost > bound and idle < patience and not deadline.passed():
            begun = deadline.elapsed()
            gained = mixing.improve(
                self._asked, held, int(draw.integers(2**31)), many, MOST_TRIED, FEWEST_APART, MOST_APART, limit
            )
            cost -= gained
            attempts += many
            idle = 0 if gained else idle + many
            took = deadline.elapsed() - begun
            many = many * 2 if took < BRIEF else max(many // 2, 1) if took > LONG else many
        return _mix_of(held), attempts

    def _held(self, mix: Mix) -> mixing.Held:
        entries = sum(len(one.held) for one in mix.filled)
        # Room for what has more instances, or types on more of them.
        room = min(int(self._problem.total.sum()), 4 * entries + 10_000)
        instances = 2 * len(mix.filled) + 64
        offer, first = np.full(instances, -1), np.full(instances, -1)
        following, kind, many = np.full(room, -1), np.full(room, -1), np.zeros(room, np.int64)
        at = 0
        for i, one in enumerate(mix.filled):
            offer[i] = one.offer
            for t, count in one.held.items():
                if count:
                    kind[at], many[at], following[at], first[i] = t, count, first[i], at
                    at += 1
        return mixing.Held(offer, first, following, kind, many)


def _mix_of(held: mixing.Held) -> Mix:
    filled = []
    for i in np.flatnonzero(held.offer >= 0).tolist():
        tasks: dict[int, int] = {}
        e = int(held.first[i])
        while e >= 0:
            tasks[int(held.kind[e])] = int(held.many[e])
            e = int(held.following[e])
        filled.append(Filled(int(held.offer[i]), tasks))
    return Mix(tuple(filled))
