"""Which instances an edit concerns: some by name, or those that an expression selects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools
from solver.domain.placement import Placement
from solver.errors import Fault, InvalidQuery, InvalidRequest
from solver.formats.choose import nearest
from solver.query import evaluate, parse
from solver.whatif.asked import Asked
from solver.whatif.node import Node


@dataclass(frozen=True)
class Instances:
    """Some instances of a cluster.

    Parameters
    ----------
    names
        EC2 ids, ARNs or their last parts.
    where
        An expression of the cluster query language, in place of names.
    count
        Of those that the expression selects, so many: those with the fewest tasks, in the cluster's order.
    """

    names: tuple[str, ...] = ()
    where: str = ""
    count: int | None = None

    @classmethod
    def read(cls, node: Node) -> Instances:
        """``[i-1, i-2]``, ``i-1``, or ``{where: EXPRESSION, count: N}``."""
        if not isinstance(node.value, dict):
            return cls(node.texts())
        fields = node.mapping(("where", "count"), required=("where",))
        where = fields["where"].text() if "where" in fields else ""
        return cls((), where, fields["count"].whole() if "count" in fields else None)

    def chosen(self, asked: Asked, path: str = "instances") -> Bools:
        """``bool[I]``: the instances.

        Raises
        ------
        InvalidRequest
            With every name that is not in the cluster, and what is wrong with the expression; also where none is selected.
        """
        cluster = asked.base.cluster
        found = np.zeros(cluster.size, np.bool_)
        if self.where or not self.names:
            return self._selected(asked, path)
        faults = []
        for k, name in enumerate(self.names):
            at = cluster.find(name)
            if at is None:
                remedy = nearest(name, [cluster.label(i) for i in range(cluster.size)])
                faults.append(Fault(f"{path}[{k}]", f"'{name}' is no instance of the cluster", remedy))
            elif found[at]:
                faults.append(Fault(f"{path}[{k}]", f"'{name}' is named twice", "name each instance once"))
            else:
                found[at] = True
        if faults:
            raise InvalidRequest(faults)
        return found

    def _selected(self, asked: Asked, path: str) -> Bools:
        inside = f"{path}." if path else ""
        if not self.where:
            raise InvalidRequest.at(path, "names no instance", "name some, or write where: EXPRESSION")
        if self.count is not None and self.count < 1:
            raise InvalidRequest.at(f"{inside}count", f"is {self.count}", "must be at least 1")
        state = Placement(asked.base)
        try:
            found: Bools = evaluate(parse(self.where), state)
        except InvalidQuery as invalid:
            problem = f"cannot be read, column {invalid.column}: {invalid.problem}"
            raise InvalidRequest.at(f"{inside}where", problem, invalid.remedy) from invalid
        least = 1 if self.count is None else self.count
        if found.sum() < least:
            problem = f"selects {int(found.sum()):,} instances"
            raise InvalidRequest.at(f"{inside}where", problem, f"must select at least {least:,}")
        if self.count is None:
            return found
        places = np.flatnonzero(found)
        order = places[np.argsort(state.running_tasks[places], kind="stable")]
        some = np.zeros(len(found), np.bool_)
        some[order[: self.count]] = True
        return some
