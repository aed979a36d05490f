"""``random``: any instance is as good as another (§4.3; ECS developer guide, placement strategies). No cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.rules.argument import nothing
from solver.rules.base import Strategy

TYPE = "random"


@dataclass(frozen=True)
class Random(Strategy):
    """The sequential engine draws uniformly among the instances that are left, from its seed (§4.5)."""

    name: str = TYPE

    @staticmethod
    def parse(argument: str) -> None:
        """Read nothing.

        Raises
        ------
        InvalidRequest
            If there is an argument.
        """
        nothing(argument)

    def preference(self, state: Placement, group: int) -> Ints:
        return np.zeros(state.size, np.int64)
