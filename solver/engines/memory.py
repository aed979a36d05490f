"""What an answer leaves for a request like it (a warm start): its plan, and what the patterns came to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.problem import Problem
from solver.engines.patterns.problem import PatternMemory


@dataclass(frozen=True, eq=False)
class Memory:
    """A plan with the request it was made for.

    Parameters
    ----------
    tasks
        After the operation.
    patterns
        Of the packing engine, where it was asked.
    """

    problem: Problem
    tasks: Counts
    patterns: PatternMemory | None = None

    def tasks_in(self, problem: Problem) -> Counts:
        """The plan for another request, as far as it has the same groups and instances, by name."""
        group = _positions([group.name for group in self.problem.groups], problem.by_name)
        before, now = self.problem.cluster.instance_ids, problem.cluster.instance_ids
        instance = (
            np.arange(len(now))
            if before is now or before == now
            else _positions(before, {name: i for i, name in enumerate(now)})
        )
        groups, instances = group[self.tasks.group], instance[self.tasks.instance]
        there = (groups >= 0) & (instances >= 0)
        shape = (len(problem.groups), problem.cluster.size)
        return Counts.of(shape, groups[there], instances[there], self.tasks.count[there])


def _positions(names: tuple[str, ...] | list[str], of: dict[str, int]) -> Ints:
    return np.array([of.get(name, -1) for name in names], np.int64)
