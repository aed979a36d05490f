"""A part of all plans: bounds on how many instances of each class are in use, and on where the excess goes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.domain.counts import Ints
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.types import TaskTypes


@dataclass(frozen=True, eq=False)
class Box:
    """Bounds of one part in the tree of parts; ``whole`` holds every plan.

    Parameters
    ----------
    least_used, most_used
        ``int64[C]``: instances of the class that take tasks.
    least_excess, most_excess
        ``int64[K, Z]``: excess of the profile in the zone.
    """

    least_used: Ints
    most_used: Ints
    least_excess: Ints
    most_excess: Ints

    @classmethod
    def whole(cls, types: TaskTypes, classes: Classes) -> Box:
        """The root."""
        most = np.minimum(types.profile_range, types.profile_slack[:, None])
        return cls(np.zeros_like(classes.size), classes.size.copy(), np.zeros_like(most), most)

    def split_used(self, kind: int, value: float) -> tuple[Box, Box]:
        """At most the whole number below ``value`` of class ``kind``; at least the one above."""
        most, least = self.most_used.copy(), self.least_used.copy()
        most[kind] = int(np.floor(value))
        least[kind] = int(np.floor(value)) + 1
        return replace(self, most_used=most), replace(self, least_used=least)

    def split_excess(self, profile: int, zone: int, value: float) -> tuple[Box, Box]:
        """The same for the excess of a profile in a zone."""
        most, least = self.most_excess.copy(), self.least_excess.copy()
        most[profile, zone] = int(np.floor(value))
        least[profile, zone] = int(np.floor(value)) + 1
        return replace(self, most_excess=most), replace(self, least_excess=least)

    def possible(self, slack: Ints) -> bool:
        """Whether the bounds leave any zone counts."""
        least, most = self.least_excess.sum(axis=1), self.most_excess.sum(axis=1)
        return bool((least <= slack).all() and (most >= slack).all())
