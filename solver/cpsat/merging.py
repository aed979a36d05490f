"""Types of tasks: groups that no rule tells apart on an instance share their variables there.

A rule looks at numbers of tasks by kind of group and part of the cluster (``solver.rules.base.Reading``). Groups of one
kind in every reading that looks at single instances form a type. What coarser readings still tell apart, such as the
tasks of each service in a zone, is counted group by group and *region*: a set of instances that no such reading divides.
Within a region any tasks of the type may change places, so that ``sum over groups of share[g, region] = sum over the
region's instances of started[type, i]`` is all that ties the two together, and any solution can be dealt out to groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.rules.base import Reading, kinds_of
from solver.rules.bound import Rules

FINE_SHARE = 0.5
"""With more regions than half of the instances, counting each group in each of them saves next to nothing."""


@dataclass(frozen=True, eq=False)
class TaskType:
    """Interchangeable groups.

    Parameters
    ----------
    groups
        Ascending.
    most
        ``int64[I]``: at most so many of their tasks start on each instance together.
    region
        ``int64[I]``: the region of an instance; -1 where none may start.
    regions
        How many there are.
    """

    groups: tuple[int, ...]
    most: Ints
    region: Ints
    regions: int

    @classmethod
    def single(cls, group: int, most: Ints) -> TaskType:
        """A group by itself; its regions are never looked at."""
        return cls((group,), most, np.where(most > 0, 0, -1), 1)

    @property
    def size(self) -> int:
        """Variables that the type needs."""
        shares = len(self.groups) * self.regions if len(self.groups) > 1 else 0
        return int((self.most > 0).sum()) + shares


def types_of(rules: Rules) -> tuple[TaskType, ...]:
    """The groups that may start tasks, merged where no rule tells them apart."""
    groups = range(len(rules.problem.groups))
    startable = rules.problem.operation.startable
    return task_types({g: rules.ceiling(g) for g in groups if startable[g]}, startable, rules.readings())


def task_types(ceilings: Mapping[int, Ints], wanted: Ints, readings: Iterable[Reading]) -> tuple[TaskType, ...]:
    """The types of the groups that may start tasks, merged where that saves variables.

    Parameters
    ----------
    ceilings
        Of each such group ``int64[I]``: at most so many starts on each instance, whatever is wanted.
    wanted
        ``int64[G]``.
    readings
        Of every rule and cost.
    """
    found: list[TaskType] = []
    for merged in merge(ceilings, wanted, readings):
        apart = [TaskType.single(g, np.minimum(ceilings[g], wanted[g])) for g in merged.groups]
        found += [merged] if merged.size < sum(one.size for one in apart) else apart
    return tuple(sorted(found, key=lambda one: one.groups[0]))


def merge(
    ceilings: Mapping[int, Ints], wanted: Ints, readings: Iterable[Reading], fine_share: float = FINE_SHARE
) -> tuple[TaskType, ...]:
    """The types of the groups that may start tasks, as few as the readings allow.

    Parameters
    ----------
    fine_share
        A reading with more parts than this share of the instances tells groups apart as if each instance were one.
    """
    if not ceilings:
        return ()
    fine, coarse = _sorted(readings, fine_share * len(next(iter(ceilings.values()))))
    labels = kinds_of(np.stack(fine, axis=1)) if fine else np.zeros(len(wanted), np.int64)
    alike: dict[tuple[int, bytes], list[int]] = {}
    for g, ceiling in ceilings.items():
        alike.setdefault((int(labels[g]), ceiling.tobytes()), []).append(g)
    return tuple(_merged(groups, ceilings[groups[0]], wanted, coarse) for groups in alike.values())


def _sorted(readings: Iterable[Reading], most_parts: float) -> tuple[list[Ints], list[tuple[Ints, Ints]]]:
    """Kinds of the readings that look at single instances, and part and ``int64[G, N]`` kinds of the coarser ones."""
    fine: list[Ints] = []
    by_part: dict[bytes, tuple[Ints, list[Ints]]] = {}
    for reading in readings:
        if reading.part is None:
            fine.append(reading.kind)
        else:
            by_part.setdefault(reading.part.tobytes(), (reading.part, []))[1].append(reading.kind)
    coarse = []
    for part, kinds in by_part.values():
        if len(np.unique(part)) > most_parts:
            fine += kinds
        else:
            coarse.append((part, np.stack(kinds, axis=1)))
    return fine, coarse


def _merged(groups: list[int], ceiling: Ints, wanted: Ints, coarse: list[tuple[Ints, Ints]]) -> TaskType:
    inside = ceiling > 0
    dividing = [part for part, kinds in coarse if (kinds[groups] != kinds[groups[0]]).any()]
    region = np.where(inside, 0, -1)
    if dividing and inside.any():
        region[inside] = kinds_of(np.stack(dividing, axis=1)[inside])
    most = np.minimum(ceiling, int(wanted[groups].sum()))
    return TaskType(tuple(groups), most, region, int(region.max(initial=0)) + 1)
