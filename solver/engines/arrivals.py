"""Tasks that arrive one by one and stay where they are put: each is decided in the state that the ones before it left.

The sequential scheduler's rule (§6.5) for a stream whose tasks are not known before they arrive, so that nothing is decided
again: neither an instance, nor the devices on it. A rule that does not depend on counts is asked once a group, and a strategy
looks again only at the instances where tasks have started.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.devices import layouts, wholeness
from solver.domain.placement import Placement
from solver.engines.sequential import identity_rank
from solver.rules.base import Constraint, Strategy
from solver.rules.bound import Rules
from solver.rules.least_fragmentation import LeastFragmentation
from solver.rules.random import Random


@dataclass(frozen=True)
class Arrived:
    """Where a task is put: an instance, and the devices there that it holds (none where its group needs none)."""

    instance: int
    devices: tuple[int, ...] = ()


class Arrivals:
    """A cluster that tasks arrive at.

    Parameters
    ----------
    rules
        Of a problem whose groups are all that may arrive; how many they want is not looked at.
    seed
        For ``random``.

    Attributes
    ----------
    state
        With all that has arrived and was put somewhere.
    """

    def __init__(self, rules: Rules, seed: int = 0) -> None:
        self.state = Placement(rules.problem)
        self._rules = rules
        self._rng = np.random.default_rng(seed)
        self._rank = identity_rank(rules.problem)
        self._counting: dict[int, tuple[Bools, tuple[Constraint, ...]]] = {}

    def place(self, group: int) -> Arrived | None:
        """Put one task of a group where its strategies prefer it; None where there is no room for it."""
        eligible = np.flatnonzero(self._open(group))
        if not len(eligible):
            return None
        instance = self._preferred(group, eligible)
        devices = self._devices(group, instance)
        self.state.seat(group, instance, devices)
        return Arrived(instance, devices)

    def _open(self, group: int) -> Bools:
        """``bool[I]``: where there is room for one more task."""
        if group not in self._counting:
            counting = tuple(rule for rule in self._rules.concerning(group) if not rule.is_static)
            self._counting[group] = self._rules.admits(group), counting
        admitted, counting = self._counting[group]
        open_ = admitted.copy()
        for rule in counting:
            open_ &= rule.room(self.state, group) > 0
        return open_

    def _preferred(self, group: int, eligible: Ints) -> int:
        for strategy in self._rules.strategies[group]:
            if isinstance(strategy, Random):
                return int(self._rng.choice(eligible))
            keys = strategy.preference(self.state, group)[eligible]
            eligible = eligible[keys == keys.min()]
        return int(eligible[np.argmin(self._rank[eligible])])

    def _devices(self, group: int, instance: int) -> tuple[int, ...]:
        """The devices that lose least to what is expected, or those that leave most in one piece."""
        problem = self.state.problem
        need = problem.groups[group].devices
        if need is None:
            return ()
        strategies: Sequence[Strategy] = self._rules.strategies[group]
        for strategy in strategies:
            if isinstance(strategy, LeastFragmentation):
                return strategy.devices(self.state, group, instance)
        options = layouts(tuple(self.state.devices[instance].tolist()), (need,))
        return max(options, key=lambda option: wholeness(option[0]))[1][0]
