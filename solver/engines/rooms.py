"""Room for more tasks, kept up to date from start to start: groups that are alike share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.rules.base import UNLIMITED, Constraint
from solver.rules.bound import Rules, room_of

STALE = 0.25
"""Of the instances: where more have changed since the room was last looked at, it is made anew."""


@dataclass(eq=False)
class _Known:
    """The room of groups that are alike, as it was when the state had so many starts."""

    room: Ints
    point: int


class Rooms:
    """How many more tasks of a group each instance of a state takes, as far as rules say that look at single instances.

    Groups that no rule tells apart have as much room as each other while none of their own tasks has started
    (``Rules.alike``), and a start changes it on its own instances alone.
    """

    def __init__(self, rules: Rules, state: Placement) -> None:
        self._rules = rules
        self._state = state
        self._known: dict[int, _Known] = {}
        self._local: dict[int, bool] = {}
        self._shared = {first for g, first in enumerate(rules.alike) if g != first}

    def of(self, group: int, rules: Sequence[Constraint]) -> Ints:
        """``int64[I]``, to be read until the next start.

        Parameters
        ----------
        rules
            Those that concern the group and are to be looked at, the same kinds of them for groups that are alike.
        """
        first = self._rules.alike[group]
        started = self._state.has_started(group)
        if started or first not in self._shared or not all(self._is_local(rule) for rule in rules):
            return room_of(rules, self._state, group)
        known = self._known.get(first)
        if known is None:
            known = self._known[first] = _Known(room_of(rules, self._state, group), self._state.starts)
        elif known.point < self._state.starts:
            self._refresh(known, group, rules)
        return known.room

    def _refresh(self, known: _Known, group: int, rules: Sequence[Constraint]) -> None:
        changed = self._state.started_on(known.point)
        known.point = self._state.starts
        if len(changed) > STALE * self._state.size:
            known.room = room_of(rules, self._state, group)
            return
        room = np.where(self._rules.admits(group)[changed], UNLIMITED, 0)
        for rule in rules:
            if not rule.is_static:
                np.minimum(room, rule.room_on(self._state, group, changed), out=room)
        known.room[changed] = room

    def _is_local(self, rule: Constraint) -> bool:
        """Whether the rule's room on an instance follows from the tasks there."""
        if id(rule) not in self._local:
            self._local[id(rule)] = all(reading.part is None for reading in rule.readings(self._state.problem))
        return self._local[id(rule)]
