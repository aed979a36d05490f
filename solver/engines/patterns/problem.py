"""The packing problem in plain arrays, and what the engine answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Bools, Ints
from solver.errors import Fault, InvalidRequest
from solver.rules.filling import fill_evenly

UNLIMITED = 2**53
"""A cap per instance that caps nothing."""


@dataclass(frozen=True, eq=False)
class PackingProblem:
    """Start all wanted tasks of ``G`` groups on ``I`` instances in ``Z`` zones, opening the fewest empty instances.

    Parameters
    ----------
    free
        ``int64[I, R]``, before anything starts. A negative amount counts as zero.
    zone
        ``int64[I]``, from 0 to ``Z - 1``.
    empty
        ``bool[I]``: starting anything there opens the instance, which costs 1.
    demand
        ``int64[G, R]`` of one task.
    wanted
        ``int64[G]``: tasks to start, all of them.
    lower, upper
        ``int64[G, Z]``: how many of them may start in a zone.
    admits
        ``bool[E, I]``: where they may start at all, for each kind of eligibility; None is everywhere.
    eligible
        ``int64[G]``: the row of ``admits`` that holds for each group; None where every group has its own.
    limit
        ``int64[G]``: at most so many starts of the group on one instance; None is unlimited.
    weight
        ``int64[I]``: the second cost of a start on that instance (§4.2: what was free before of the resource named by
        ``binpack``); None asks for the first cost only.

    Raises
    ------
    InvalidRequest
        If shapes disagree, or an amount that may not be negative is.
    """

    free: Ints
    zone: Ints
    empty: Bools
    demand: Ints
    wanted: Ints
    lower: Ints
    upper: Ints
    admits: Bools | None = None
    eligible: Ints | None = None
    limit: Ints | None = None
    weight: Ints | None = None

    def __post_init__(self) -> None:
        faults = [fault for fault in self._shape_faults() if fault is not None]
        if faults:
            raise InvalidRequest(faults)
        if self.eligible is not None and (self.eligible >= self._kinds).any():
            faults.append(
                Fault("packing.eligible", f"names row {int(self.eligible.max())}", f"use 0 to {self._kinds - 1}")
            )
        amounts = {"demand": self.demand, "wanted": self.wanted, "lower": self.lower, "zone": self.zone}
        if self.limit is not None:
            amounts["limit"] = self.limit
        if self.weight is not None:
            amounts["weight"] = self.weight
        if self.eligible is not None:
            amounts["eligible"] = self.eligible
        faults += [
            Fault(f"packing.{name}", "has negative entries", "give zero or more")
            for name, array in amounts.items()
            if array.size and array.min() < 0
        ]
        if self.zone.size and self.zone.max() >= self.zones:
            faults.append(Fault("packing.zone", f"names zone {int(self.zone.max())}", f"use 0 to {self.zones - 1}"))
        if faults:
            raise InvalidRequest(faults)

    def _shape_faults(self) -> list[Fault | None]:
        if self.free.ndim != 2 or self.demand.ndim != 2 or self.lower.ndim != 2:
            return [Fault("packing", "free, demand or lower is not a matrix", "give [I, R], [G, R] and [G, Z]")]
        expected = {
            "zone": (self.zone, (self.instances,)),
            "empty": (self.empty, (self.instances,)),
            "demand": (self.demand, (self.groups, self.free.shape[1])),
            "wanted": (self.wanted, (self.groups,)),
            "lower": (self.lower, (self.groups, self.zones)),
            "upper": (self.upper, (self.groups, self.zones)),
            "admits": (self.admits, (self.groups if self.eligible is None else self._kinds, self.instances)),
            "eligible": (self.eligible, (self.groups,)),
            "limit": (self.limit, (self.groups,)),
            "weight": (self.weight, (self.instances,)),
        }
        return [
            Fault(f"packing.{name}", f"has shape {array.shape}", f"give shape {shape}")
            for name, (array, shape) in expected.items()
            if array is not None and array.shape != shape
        ]

    @property
    def _kinds(self) -> int:
        """``E``."""
        return 0 if self.admits is None else len(self.admits)

    def admitted(self, group: Ints) -> Ints:
        """``int64[N]``: the row of ``admits`` of each of the groups."""
        return group if self.eligible is None else self.eligible[group]

    @property
    def instances(self) -> int:
        """``I``."""
        return int(self.free.shape[0])

    @property
    def groups(self) -> int:
        """``G``."""
        return int(self.demand.shape[0])

    @property
    def zones(self) -> int:
        """``Z``."""
        return int(self.lower.shape[1])


@dataclass(frozen=True, eq=False)
class Started:
    """Tasks that start: ``count[n]`` of ``group[n]`` on ``instance[n]``, ``int64[N]`` each; no pair twice, no zero."""

    group: Ints
    instance: Ints
    count: Ints

    @classmethod
    def nothing(cls) -> Started:
        """No task starts."""
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(3)))


@dataclass(frozen=True, eq=False)
class PatternMemory:
    """Patterns and prices of ``T`` types over ``Z`` zones.

    Parameters
    ----------
    demand
        ``int64[T, R]``.
    price
        ``float64[T, Z]``.
    where
        ``int64[P, 2 + R]``: of the class of each pattern its zone, whether it is empty, and what is free.
    held
        ``int64[P, T]``.
    """

    demand: Ints
    price: NDArray[np.float64]
    where: Ints
    held: Ints


@dataclass(frozen=True, eq=False)
class PackingResult:
    """The best plan found and what is known about all plans.

    Parameters
    ----------
    found
        Whether ``started`` is a plan that starts everything; if not, it is empty and ``opened`` and ``weight`` are 0.
    impossible
        Proved that no plan starts everything.
    opened
        Empty instances that the plan uses.
    bound
        No plan that starts everything opens fewer.
    proven
        ``found`` and ``opened == bound``.
    bound_source
        ``counting`` or ``relaxation``.
    weight
        The second cost of the plan; 0 without ``PackingProblem.weight``. No bound on it is given.
    uncompiled
        The compiled search would have served better, and there was no time to compile it.
    memory
        What the search leaves for a problem like this one, once it has ended.
    """

    found: bool
    impossible: bool
    started: Started
    opened: int
    bound: int
    proven: bool
    bound_source: str
    weight: int
    uncompiled: bool = False
    memory: PatternMemory | None = None


def anywhere(wanted: Ints, zones: int) -> tuple[Ints, Ints]:
    """Bounds ``lower, upper`` of ``int64[G, Z]`` that restrict nothing."""
    upper = np.repeat(wanted[:, None], zones, axis=1)
    return np.zeros_like(upper), upper


def evenly(running: Ints, room: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Bounds ``lower, upper`` of ``int64[G, Z]`` that hold exactly for the starts with the least ``sum n²`` (§4.1).

    Parameters
    ----------
    running
        ``int64[G, Z]``: tasks of the family in each zone before.
    room
        ``int64[G, Z]``: no more may start in that zone (0 where the group may use no instance).
    wanted
        ``int64[G]``. Where the rooms add up to less, the bounds hold for no plan.
    """
    # Many groups are alike in what counts here.
    rows = np.column_stack([running, np.minimum(room, wanted[:, None]), wanted])
    alike, of = np.unique(rows, axis=0, return_inverse=True)
    before, most, amounts = np.split(alike, [running.shape[1], 2 * running.shape[1]], axis=1)
    lower, upper = np.zeros_like(before), np.zeros_like(before)
    for number, amount in enumerate(amounts[:, 0].tolist()):
        added = fill_evenly(before[number], most[number], amount)
        if not added.any():
            continue
        top = int((before[number] + added)[added > 0].max())
        lower[number] = np.clip(top - 1 - before[number], 0, most[number])
        upper[number] = np.clip(top - before[number], 0, most[number])
    return lower[of.reshape(-1)], upper[of.reshape(-1)]
