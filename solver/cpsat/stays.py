"""The variables of the count model for what may stop: how many of these tasks of each group stay on each instance.

What stays and not what stops, so that every task after the operation is counted upwards: limits on an instance are sums of
what starts there and what stays, and are cut and multiplied alike (``solver.cpsat.rows``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.operation import Operation
from solver.rules.model import Sum, Variable


class StayVariables:
    """``stay[g, i]``, from nothing to what may stop there, less what must.

    Parameters
    ----------
    new
        Makes a variable from its bounds.
    """

    def __init__(self, operation: Operation, new: Callable[[int, int], Variable]) -> None:
        leaving = {(g, i): count for g, i, count in operation.leaving}
        self._stoppable = operation.stoppable
        self._of: dict[int, dict[int, tuple[Variable, int]]] = {}
        self._on_instance: dict[int, list[tuple[int, Variable]]] = {}
        for g, i, most in operation.stoppable:
            variable = new(0, most - leaving.get((g, i), 0))
            self._of.setdefault(g, {})[i] = (variable, most)
            self._on_instance.setdefault(i, []).append((g, variable))

    def stopped(self, groups: Iterable[int], instances: Ints) -> Sum:
        """What stops of the groups on the instances: what may, less what stays."""
        concerned = [found for g in groups if (found := self._of.get(g))]
        inside = instances.tolist() if concerned else []
        cells = [found[i] for found in concerned for i in inside if i in found]
        return Sum(tuple(v for v, _ in cells), (-1,) * len(cells), sum(most for _, most in cells))

    def may_stop(self, groups: Iterable[int]) -> bool:
        """Whether a task of one of the groups may stop."""
        return any(g in self._of for g in groups)

    def touched(self, groups: Iterable[int]) -> Ints:
        """Instances (ascending) where a task of one of the groups may stop."""
        return np.array(sorted({i for g in groups for i in self._of.get(g, ())}), np.int64)

    def on_instance(self, instance: int) -> list[tuple[int, Variable, int]]:
        """The groups that may stop there, with their variables and how many may."""
        return [(g, v, self._of[g][instance][1]) for g, v in self._on_instance.get(instance, ())]

    def values(self, stopped: Counts) -> Iterator[int]:
        """The value of every variable in a plan, in the order in which they were made."""
        stays = {(g, i): count for g, i, count in self._stoppable - stopped}
        yield from (stays.get((g, i), 0) for g, i, _ in self._stoppable)

    def counts(self, value: Callable[[Variable], int]) -> Counts:
        """What stops in a solution."""
        cells = [(g, i, most - value(v)) for g, of in self._of.items() for i, (v, most) in of.items()]
        columns = np.array(cells, np.int64).reshape(len(cells), 3).T
        shape = (self._stoppable.groups, self._stoppable.instances)
        return Counts.of(shape, columns[0], columns[1], columns[2])
