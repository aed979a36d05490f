"""Devices, such as GPUs: a share lies on one device, whole ones on whole free devices (ours; Weng et al., USENIX ATC 2023).

The counts of an instance are allowed exactly if its new tasks can be laid on what is free of its devices. Tasks that run and stay
keep theirs; which of a group's tasks stop, and so what they give up, is settled by their order (§9.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Ints
from solver.domain.devices import DeviceNeed, layout
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.seating import needs_of
from solver.rules.base import UNLIMITED, Breaches, Constraint, Reading, Stage
from solver.rules.model import Model
from solver.rules.seating import need_kinds, needs_in, seat, seats_in


@dataclass(frozen=True)
class Devices(Constraint):
    """Every new task has its devices."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    name: str = "devices"
    reason: str = "RESOURCE:GPU"
    owner: int | None = None

    def scope(self, problem: Problem) -> Iterable[int]:
        return sorted(problem.device_groups)

    def room(self, state: Placement, group: int) -> Ints:
        need = state.problem.groups[group].devices
        if need is None:
            return np.full(state.size, UNLIMITED)
        room = alike(state.devices, need)
        for i in state.unseated_instances():
            room[i] = _room_beside(state, i, group, need)
        return room

    def readings(self, problem: Problem) -> Iterable[Reading]:
        yield Reading(need_kinds(problem))

    def compile(self, model: Model) -> None:
        for i in model.touched(self.scope(model.problem)).tolist():
            seat(model, i, lambda free, needs, _: layout(free, needs))

    def breaches(self, placement: Placement) -> Breaches:
        """What runs has its devices; so what no layout holds is what starts."""
        amount = np.zeros(placement.size, np.int64)
        for i in placement.unseated_instances():
            amount[i] = layout(*needs_in(placement, i)) is None
        unit = "sets of new tasks for which the free devices have no layout"
        return Breaches(amount, np.zeros_like(amount), placement.problem.cluster.label, unit)


def alike(devices: Ints, need: DeviceNeed) -> Ints:
    """``int64[I]``: the most tasks of one need that fit on what is free (``int64[I, D]``) of the devices of each instance.

    The largest k with ``sum over devices of min(free // each, k) >= count * k``; found by halving.
    """
    on_each = devices // need.each
    low = np.zeros(len(devices), np.int64)
    high: Ints = on_each.sum(axis=1) // need.count
    while need.count > 1 and (low < high).any():
        middle = (low + high + 1) // 2
        fits = np.minimum(on_each, middle[:, None]).sum(axis=1) >= need.count * middle
        low, high = np.where(fits, middle, low), np.where(fits, high, middle - 1)
    return high


def _room_beside(state: Placement, instance: int, group: int, need: DeviceNeed) -> int:
    """How many more tasks of a group fit beside those that start on the instance already."""
    low, high = 0, max(-state.unseated(instance).get(group, 0), 0)
    high += sum(seats_in(state, instance)[0]) // need.total
    while low < high:
        middle = (low + high + 1) // 2
        free, starting = seats_in(state, instance, group, middle)
        fits = layout(free, needs_of(state.problem, starting)) is not None
        low, high = (middle, high) if fits else (low, middle - 1)
    return low
