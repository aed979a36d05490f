"""How many tasks there should be: by a factor, or as a number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from solver.domain.request import MAX_START, Scheduling
from solver.errors import Fault, InvalidRequest, require
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit, require_all
from solver.whatif.node import Node
from solver.whatif.question import Place

LARGEST_FACTOR = 1_000


@dataclass(frozen=True)
class Scale(Edit):
    """Counts times a factor, rounded up: 45 tasks times 1.1 are 50.

    What is scaled is the desired count of a service; of a standalone group what runs; where new tasks are placed, how many.

    Parameters
    ----------
    factor
        Zero or more. It counts as it is written: 1.1 is eleven tenths.
    groups
        Services or groups; none for all services that are no DAEMON's, or all groups of which new tasks are placed.
    """

    NAME: ClassVar[str] = "scale"
    factor: float
    groups: tuple[str, ...] = ()

    @classmethod
    def read(cls, node: Node) -> Scale:
        """``{groups: [service:web], factor: 1.5}``, or the factor alone."""
        if not isinstance(node.value, dict):
            return cls(node.number())
        fields = node.mapping(("factor", "groups"), required=("factor",))
        factor = fields["factor"].number() if "factor" in fields else 1
        return cls(factor, fields["groups"].texts() if "groups" in fields else ())

    def applied_to(self, asked: Asked) -> Asked:
        """The question with other counts."""
        require_all(self._require_factor, lambda: _counts(asked, self.groups))
        if self.groups:
            counts = {name: self._scaled(count) for name, count in _counts(asked, self.groups).items()}
            return replace(asked, counts={**asked.counts, **_within(counts)})
        now = _all_counts(asked)
        if not now:
            raise InvalidRequest.at("groups", "is missing, and there is no count to scale", "name a group")
        scaled = _within({name: self._scaled(count) for name, count in now.items()})
        explicit = asked.counts.keys() | (set() if isinstance(asked.question, Place) else asked.question.desired.keys())
        named = {name: count for name, count in scaled.items() if name in explicit}
        return replace(asked, scaled={**asked.scaled, **scaled}, counts={**asked.counts, **named})

    def _require_factor(self) -> None:
        if not math.isfinite(self.factor) or not 0 <= self.factor <= LARGEST_FACTOR:
            raise InvalidRequest.at("factor", f"is {self.factor}", f"must be 0 to {LARGEST_FACTOR:,}")

    def _scaled(self, count: int) -> int:
        return math.ceil(Fraction(str(self.factor)) * count)


@dataclass(frozen=True)
class SetCount(Edit):
    """So many tasks of each group: a desired count; where new tasks are placed, so many new ones."""

    NAME: ClassVar[str] = "set_count"
    counts: Mapping[str, int]

    @classmethod
    def read(cls, node: Node) -> SetCount:
        """``{service:web: 20}``."""
        return cls({name: value.whole() for name, value in node.mapping().items()})

    def applied_to(self, asked: Asked) -> Asked:
        """The question with these counts."""
        if not self.counts:
            raise InvalidRequest.at("", "names no group", "write GROUP: COUNT")
        require_all(lambda: _counts(asked, self.counts, keys=True), lambda: _within(self.counts))
        return replace(asked, counts={**asked.counts, **_within(self.counts)})


def _within(counts: Mapping[str, int]) -> Mapping[str, int]:
    """The counts, once each is one that a group may have."""
    require(
        Fault(name, f"is to have {count:,} tasks", f"must be 0 to {MAX_START:,}")
        for name, count in counts.items()
        if not 0 <= count <= MAX_START
    )
    return counts


def _counts(asked: Asked, names: Iterable[str], *, keys: bool = False) -> dict[str, int]:
    """The present count of each named group; faults are at ``groups[k]``, or at the name where it is a key."""
    found: dict[str, int] = {}
    faults: list[Fault] = []
    running = asked.base.running.totals().tolist()
    for k, name in enumerate(names):
        path = name if keys else f"groups[{k}]"
        try:
            members = asked.members(path, name)
        except InvalidRequest as invalid:
            faults += invalid.faults
            continue
        if asked.base.groups[members[0]].scheduling is Scheduling.DAEMON:
            remedy = "it has one task on each eligible instance: leave it out"
            faults.append(Fault(path, f"'{name}' is a DAEMON service", remedy))
        elif name in found:
            faults.append(Fault(path, f"'{name}' is named twice", "name it once"))
        elif isinstance(asked.question, Place):
            wanted = sum(asked.base.groups[g].start for g in members)
            found[name] = asked.counts.get(name, asked.scaled.get(name, asked.question.starts.get(name, wanted)))
        else:
            known = {**asked.desired, **asked.scaled, **asked.question.desired, **asked.counts}
            gone = sum(
                part.get(asked.base.groups[g].name, 0) for g in members for part in (asked.displaced, asked.lost)
            )
            found[name] = known.get(name, sum(running[g] for g in members) + gone)
    require(faults)
    return found


def _all_counts(asked: Asked) -> dict[str, int]:
    """The present counts of all services that are no DAEMON's, or of all groups of which new tasks are placed."""
    if isinstance(asked.question, Place):
        starts = {**asked.question.starts, **asked.scaled, **asked.counts}
        return starts or {group.name: group.start for group in asked.base.groups if group.start}
    known = {**asked.desired, **asked.scaled, **asked.question.desired, **asked.counts}
    families = asked.base.families
    daemons = {
        name
        for name in known
        if any(asked.base.groups[g].scheduling is Scheduling.DAEMON for g in families.get(name, ()))
    }
    return {name: count for name, count in known.items() if name not in daemons}
