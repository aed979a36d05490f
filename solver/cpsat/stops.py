"""The variables of the count model for what stops: how many tasks of each group on each instance where some may."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.operation import Operation
from solver.rules.model import Variable


class StopVariables:
    """``stopped[g, i]``, from what must stop there to what may.

    Parameters
    ----------
    new
        Makes a variable from its bounds.
    """

    def __init__(self, operation: Operation, new: Callable[[int, int], Variable]) -> None:
        leaving = {(g, i): count for g, i, count in operation.leaving}
        self._of: dict[int, dict[int, Variable]] = {}
        self._on_instance: dict[int, list[tuple[int, Variable]]] = {}
        for g, i, most in operation.stoppable:
            variable = new(leaving.get((g, i), 0), most)
            self._of.setdefault(g, {})[i] = variable
            self._on_instance.setdefault(i, []).append((g, variable))

    def over(self, groups: Iterable[int], instances: Ints) -> tuple[Variable, ...]:
        """Variables that add up to what stops of the groups on the instances."""
        concerned = [found for g in groups if (found := self._of.get(g))]
        inside = instances.tolist() if concerned else []
        return tuple(found[i] for found in concerned for i in inside if i in found)

    def touched(self, groups: Iterable[int]) -> Ints:
        """Instances (ascending) where a task of one of the groups may stop."""
        return np.array(sorted({i for g in groups for i in self._of.get(g, ())}), np.int64)

    def on_instance(self, instance: int) -> list[tuple[int, Variable]]:
        """The groups that may stop there, with their variables."""
        return self._on_instance.get(instance, [])

    def values(self, stopped: Counts) -> Iterator[int]:
        """The value of every variable in a plan, in the order in which they were made."""
        found = {(g, i): count for g, i, count in stopped}
        for g, variables in self._of.items():
            yield from (found.get((g, i), 0) for i in variables)

    def counts(self, value: Callable[[Variable], int], shape: tuple[int, int]) -> Counts:
        """What stops in a solution."""
        cells = [(g, i, value(v)) for g, variables in self._of.items() for i, v in variables.items()]
        columns = np.array(cells, np.int64).reshape(len(cells), 3).T
        return Counts.of(shape, columns[0], columns[1], columns[2])
