"""What may be lost at once: the instances of a zone, of a type, of any other attribute's value, or one instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from solver.domain.altered import without_instances
from solver.domain.cluster import INSTANCE_TYPE, ZONE, ClusterSnapshot
from solver.domain.counts import Bools, Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import Freedom, RuleSpec, Scheduling
from solver.errors import InvalidRequest
from solver.formats.choose import nearest

ONE_INSTANCE = "instance"
FIELDS = {"zone": ZONE, "type": INSTANCE_TYPE}
"""Short names of attributes."""
ATTRIBUTE = "attribute:"


@dataclass(frozen=True, eq=False)
class Loss:
    """Some instances that fail together.

    Parameters
    ----------
    what
        As it was asked for: ``zone``, ``type``, ``instance`` or ``attribute:NAME``.
    value
        Of the attribute; of an instance its name.
    gone
        ``bool[I]``: which instances fail.
    """

    what: str
    value: str
    gone: Bools = field(repr=False)

    @property
    def name(self) -> str:
        """``zone us-east-1a``."""
        return f"{self.what.removeprefix(ATTRIBUTE)} {self.value}"


def attribute_of(what: str) -> str | None:
    """The attribute that tells apart what is lost at once; None where it is one instance.

    Raises
    ------
    InvalidRequest
        If the word means nothing.
    """
    if what == ONE_INSTANCE:
        return None
    name = FIELDS.get(what) or (what.removeprefix(ATTRIBUTE) if what.startswith(ATTRIBUTE) else "")
    if not name:
        known = ", ".join([*FIELDS, ONE_INSTANCE])
        raise InvalidRequest.at("lose", f"is '{what}'", f"must be {known}, or attribute:NAME such as attribute:rack")
    return name


def losses(cluster: ClusterSnapshot, what: str) -> tuple[Loss, ...]:
    """Every loss of one kind, by the values' names; instances in the cluster's order.

    Parameters
    ----------
    what
        ``zone``, ``type``, ``instance`` or ``attribute:NAME``. Instances without the attribute are lost in no case.

    Raises
    ------
    InvalidRequest
        If the word means nothing, or no instance has the attribute.
    """
    name = attribute_of(what)
    if name is None:
        rows = np.eye(cluster.size, dtype=np.bool_)
        return tuple(Loss(what, cluster.label(i), rows[i]) for i in range(cluster.size))
    column = cluster.column(name)
    values = np.array(column.values)
    return tuple(Loss(what, value, column.where(values == value)) for value in _values(cluster, what, name))


def how_many(cluster: ClusterSnapshot, what: str) -> int:
    """How many losses of one kind there are; raises as ``losses``."""
    name = attribute_of(what)
    return cluster.size if name is None else len(_values(cluster, what, name))


def _values(cluster: ClusterSnapshot, what: str, name: str) -> list[str]:
    """The values of an attribute that instances have, in order."""
    column = cluster.column(name)
    values = sorted({column.values[code] for code in np.unique(column.codes[column.codes >= 0]).tolist()})
    if not values:
        borne = sorted(attribute for attribute, column in cluster.attributes.items() if (column.codes >= 0).any())
        remedy = nearest(name, borne) if borne else "the instances have no attributes"
        raise InvalidRequest.at("lose", f"is {what}, and no instance has the attribute '{name}'", remedy)
    return values


def lost_tasks(problem: Problem, gone: Bools) -> Ints:
    """``int64[G]``: tasks that run on instances that are gone; a DAEMON's go with their instance and are not counted."""
    running = problem.running
    cells = gone[running.instance]
    shape = (running.groups, running.instances)
    totals = Counts.of(shape, running.group[cells], running.instance[cells], running.count[cells]).totals()
    daemons = np.array([group.scheduling is Scheduling.DAEMON for group in problem.groups], np.bool_)
    found: Ints = np.where(daemons, 0, totals)
    return found


def after(problem: Problem, gone: Bools, max_moves: int = 0) -> Problem:
    """The problem of placing again what ran on instances that are gone.

    What survives stays where it is, but for as many moves of REPLICA services as are allowed. Strategies are left out: whether
    there is a place does not depend on them. Nothing is wanted beside, and groups take what they get.

    Parameters
    ----------
    gone
        ``bool[I]``; not all of them.
    """
    return asking(idle(problem, max_moves), gone, lost_tasks(problem, gone))


def idle(problem: Problem, max_moves: int = 0) -> Problem:
    """What runs, with no wish at all: what is to stop or to start may be more than runs once instances are gone."""
    groups = tuple(
        replace(
            group,
            start=0,
            stop=0,
            movable=max_moves > 0 and group.scheduling is Scheduling.REPLICA,
            all_or_nothing=False,
            strategies=(RuleSpec("random"),),
        )
        for group in problem.groups
    )
    freedom = Freedom(max_moves=max_moves) if max_moves else Freedom()
    return replace(problem, groups=groups, all_or_nothing=False, freedom=freedom)


def asking(settled: Problem, gone: Bools, wanted: Ints) -> Problem:
    """The problem of starting so many tasks of each group, ``int64[G]``, on what the loss of instances leaves of ``settled``."""
    smaller = without_instances(settled, gone)
    groups = list(smaller.groups)
    for g in np.flatnonzero(wanted).tolist():
        groups[g] = replace(groups[g], start=int(wanted[g]))
    return replace(smaller, groups=tuple(groups))


def counted(problem: Problem, counts: Ints | Sequence[int]) -> dict[str, int]:
    """Counts above zero by the groups' names."""
    return {problem.groups[g].name: int(count) for g, count in enumerate(counts) if count}
