"""Branch and price: is there any plan that opens at most so many?

Depth first over boxes: first on how many instances of each class of empty ones are opened, then on where the excess of
each profile goes. In every box columns are generated until its bound, certified in integers, is above the target or no
pattern helps. Each relaxation on the way is rounded, for its fractions differ from those of the last.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import numpy as np

from solver.engines.deadline import Deadline
from solver.engines.patterns.box import Box
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.fillers import HARDER, MAX_PRICE, Filler
from solver.engines.patterns.master import Columns, Master, Relaxation
from solver.engines.patterns.pricing import Certificate, certified
from solver.engines.patterns.types import TaskTypes

REDUCED_COST = 1e-7
INTEGRAL = 1e-4
FIRST_PENALTY = 8.0
"""Of a missing task, in opened instances; grows while tasks are missing."""


class Verdict(Enum):
    """What is known about a box or a tree."""

    REFUTED = "no plan in it opens at most the target"
    OPEN = "not known"
    FOUND = "a plan was found that opens at most the target"


class Tree:
    """The boxes still to look at for one target; ``explore`` may be called again to go on.

    Parameters
    ----------
    round_off
        Called with each relaxation; true once a plan that opens at most ``target`` is known.
    """

    def __init__(
        self,
        generator: Generator,
        target: int,
        round_off: Callable[[Relaxation], bool],
    ) -> None:
        self._generator = generator
        self._target = target
        self._round_off = round_off
        self._boxes = [generator.root]
        self._unresolved = False

    def explore(self, boxes: int, deadline: Deadline) -> Verdict:
        """Look at so many boxes at most."""
        for _ in range(boxes):
            if not self._boxes:
                break
            if deadline.passed():
                return Verdict.OPEN
            box = self._boxes.pop()
            relaxation, bound = self._generator.relax(box, self._target, deadline)
            if bound > self._target:
                continue
            if relaxation is None:
                self._boxes.append(box)
                return Verdict.OPEN
            if self._round_off(relaxation):
                return Verdict.FOUND
            self._branch(box, relaxation)
        return Verdict.REFUTED if not self._boxes and not self._unresolved else Verdict.OPEN

    @property
    def exhausted(self) -> bool:
        """No box is left to look at."""
        return not self._boxes

    def _branch(self, box: Box, relaxation: Relaxation) -> None:
        children = self._generator.split(box, relaxation)
        if children is None:
            self._unresolved = True
            return
        slack = self._generator.types.profile_slack
        self._boxes += [child for child in children if child.possible(slack)]


class Generator:
    """Column generation in a box; the columns are shared by all boxes."""

    def __init__(self, types: TaskTypes, classes: Classes, columns: Columns, filler: Filler) -> None:
        self.types = types
        self.root = Box.whole(types, classes)
        self._classes = classes
        self._columns = columns
        self._filler = filler
        self._master = Master(types, classes)
        self._penalty = FIRST_PENALTY
        self._master.allow_missing(self._penalty)
        empty = np.flatnonzero(classes.empty)
        columns.add(empty, np.zeros((len(empty), types.count), dtype=np.int64))
        self._master.add(columns.kind, columns.held)

    def relax(
        self,
        box: Box,
        target: int,
        deadline: Deadline,
        on_the_way: Callable[[Relaxation, int], bool] | None = None,
    ) -> tuple[Relaxation | None, int]:
        """The relaxation in the box once no pattern helps, None if time ends first; and the box's bound.

        Ends early, with None, when the bound is above the target. ``on_the_way`` sees every relaxation,
        and ends the work too by saying true.
        """
        self._master.enter(box)
        self._filler.ease()
        bound, spent = 0, 0.0
        while True:
            relaxation = self._master.relax(deadline)
            if relaxation is None:
                return None, bound
            if on_the_way is not None and on_the_way(relaxation, bound):
                return None, bound
            begun = deadline.elapsed()
            if spent > deadline.remaining():
                return None, bound
            fresh = self._price(relaxation)
            if deadline.passed():
                return None, bound
            bound = max(bound, self.certify(relaxation, box).bound)
            if bound > target:
                return None, bound
            spent = deadline.elapsed() - begun
            if fresh:
                continue
            settled = bound >= relaxation.value - INTEGRAL or HARDER * spent > deadline.remaining() / 2
            if not settled and self._filler.try_harder():
                spent *= HARDER
                continue
            if relaxation.missing <= INTEGRAL or self._penalty >= MAX_PRICE:
                return relaxation, bound
            self._penalty *= 8.0
            self._master.allow_missing(self._penalty)

    def certify(self, relaxation: Relaxation, box: Box) -> Certificate:
        """The bound at the relaxation's prices."""
        return certified(self.types, self._classes, self._filler, relaxation.price, box)

    def _price(self, relaxation: Relaxation) -> int:
        """Add the best pattern of each class that lowers the objective, and others beside them; how many were new."""
        worth, held = self._filler.best_patterns(relaxation.price)
        better = np.flatnonzero(worth - self._classes.empty - relaxation.rent > REDUCED_COST)
        before = len(self._columns.kind)
        fresh = self._columns.add(better, held[better])
        if fresh:
            self._columns.add(*self._filler.more_patterns(relaxation.price, self.types.total))
        self._master.add(self._columns.kind[before:], self._columns.held[before:])
        return fresh

    def split(self, box: Box, relaxation: Relaxation) -> tuple[Box, Box] | None:
        """The two halves at the most fractional number, the one to look at first last; None if all are whole."""
        used = np.bincount(self._columns.kind, weights=relaxation.used, minlength=self._classes.count)
        fraction = np.where(self._classes.empty, np.abs(used - np.rint(used)), 0.0)
        if fraction.max(initial=0.0) > INTEGRAL:
            kind = int(fraction.argmax())
            value, halves = float(used[kind]), box.split_used(kind, float(used[kind]))
        else:
            fraction = np.abs(relaxation.excess - np.rint(relaxation.excess))
            if fraction.max(initial=0.0) <= INTEGRAL:
                return None
            profile, zone = (int(index) for index in np.unravel_index(fraction.argmax(), fraction.shape))
            value = float(relaxation.excess[profile, zone])
            halves = box.split_excess(profile, zone, value)
        return halves if value - np.floor(value) >= 0.5 else (halves[1], halves[0])
