"""What a front weighs against each other, as tiers of a request with limits, and what its answers prove."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from solver.domain.answer import Answer
from solver.domain.problem import Problem
from solver.engines.incumbent import Bound
from solver.pareto.region import NO_LIMIT, Refuted, Vector
from solver.rules.base import Cost
from solver.rules.binpack import InUse
from solver.rules.bound import Rules
from solver.rules.largest_skew import LargestSkew
from solver.rules.moved import Moved
from solver.rules.running_cost import RunningCost, price_of


class Axis(StrEnum):
    """What may be weighed, in the order in which axes stand."""

    COST = "cost"
    """Instances in use, or what they cost an hour where they have prices."""
    MOVES = "moves"
    """Tasks that move, at their move costs."""
    SKEW = "skew"
    """The largest skew of a family over the values of a field."""


@dataclass(frozen=True, eq=False)
class Axes:
    """The axes of a front over a problem.

    Parameters
    ----------
    chosen
        At least two, in the order of ``Axis``. The first is minimised, the others are limited.
    field
        Over whose values the skew is counted.
    prices
        Of an instance for an hour, in millionths, by type; empty where instances in use are counted.
    """

    problem: Problem
    chosen: tuple[Axis, ...]
    field: str
    prices: Mapping[str, int]

    @property
    def given(self) -> Vector:
        """What every plan has: of the cost, what instances cost that others keep in use."""
        held = self.problem.holds_unlisted
        cost = int(price_of(self.problem, self.prices)[held].sum()) if self.prices else int(held.sum())
        return tuple(cost if axis is Axis.COST else 0 for axis in self.chosen)

    def title(self, axis: Axis) -> str:
        """What is counted along an axis, for people."""
        if axis is Axis.SKEW:
            return f"largest skew over {self.field.removeprefix('attribute:')}"
        if axis is Axis.COST:
            return "cost an hour of the instances in use" if self.prices else "instances in use"
        by_cost = any(group.move_cost != 1 for group in self.problem.groups)
        return "tasks moved, by move cost" if by_cost else "tasks moved"

    def tier(self, axis: Axis, rules: Rules) -> Cost:
        """What is minimised along an axis, of this problem or of a part of it."""
        problem = rules.problem
        if axis is Axis.SKEW:
            return LargestSkew.of(rules, self.field)
        if axis is Axis.MOVES:
            return Moved(tuple(np.flatnonzero(problem.operation.moving).tolist()))
        return RunningCost.of(problem, self.prices) if self.prices else InUse.of(problem)

    def vector(self, answer: Answer) -> Vector:
        """Where the plan of an answer to one of the questions stands."""
        values = [tier.value for tier in answer.tiers[-len(self.chosen) :]]
        return tuple(given + value for given, value in zip(self.given, values, strict=True))

    def asked(self, limits: Vector) -> Question:
        """The request for the best plan within limits: the least along the first axis, then along the others."""
        return Question(self, limits)


@dataclass(frozen=True, eq=False)
class Question:
    """One request of the epsilon-constraint method.

    Moves are limited by a budget, which every engine keeps. The skew is limited by a tier before all axes, what it has
    beyond its limit, so that there always is a plan and "there is none" has a bound above zero as its proof.

    Parameters
    ----------
    limits
        The most along each axis, ``NO_LIMIT`` along the first.
    """

    axes: Axes
    limits: Vector

    @property
    def most_skew(self) -> int:
        """The limit of the skew; ``NO_LIMIT`` for none."""
        return dict(zip(self.axes.chosen, self.limits, strict=True)).get(Axis.SKEW, NO_LIMIT)

    @property
    def problem(self) -> Problem:
        """With the limit of the moves as their budget."""
        problem = self.axes.problem
        most = dict(zip(self.axes.chosen, self.limits, strict=True)).get(Axis.MOVES, NO_LIMIT)
        known = problem.freedom.max_move_cost
        most = most if known is None else min(most, known)
        if most == NO_LIMIT:
            return problem
        return replace(problem, freedom=replace(problem.freedom, max_move_cost=most))

    def objective(self, rules: Rules) -> tuple[Cost, ...]:
        """The tiers: what is not placed, the skew beyond its limit, then each axis."""
        beyond = () if self.most_skew == NO_LIMIT else (LargestSkew.of(rules, self.axes.field, self.most_skew),)
        return (*rules.leading, *beyond, *(self.axes.tier(axis, rules) for axis in self.axes.chosen))

    @property
    def changes_nothing(self) -> bool:
        """Whether what runs now is the only plan: no task may move, and none is to start, stop or leave."""
        problem = self.problem
        operation = problem.operation
        costs = [problem.groups[g].move_cost for g in np.flatnonzero(operation.moving).tolist()]
        still = problem.freedom.max_moves == 0 or (problem.freedom.max_move_cost == 0 and min(costs, default=1) > 0)
        same = (operation.desired == problem.running.totals()).all() and (operation.kept == operation.desired).all()
        return bool(still and same and not problem.wanted.any())

    def bounds(self, refuted: Refuted, reference: Vector) -> dict[int, Bound]:
        """What corners that are known say of the tiers of this request, by their place."""
        known = list(self.limits)
        given = (*reference, *([0] if self.most_skew != NO_LIMIT else []))
        found = {}
        for k, base in enumerate(self.axes.given):
            known[k] = refuted.bound(tuple(known), k)
            found[len(given)] = Bound(known[k] - base, "model", given)
            given = (*given, known[k] - base)
        return found

    def refuted(self, answer: Answer, reference: Vector) -> Iterator[Vector]:
        """Corners at or below which there is no plan whose leading tiers are all within the reference.

        Parameters
        ----------
        answer
            To this request. The bound of a tier speaks of every plan whose tiers before it are no worse (§6.2).
        reference
            Values of the leading tiers.
        """
        values = tuple(tier.value for tier in answer.tiers)
        # Where there is one plan, it is no better than itself.
        bounds = [tier.value if self.changes_nothing else tier.bound for tier in answer.tiers]
        corner, count = list(self.limits), len(reference)
        for t, most in enumerate(reference):
            if values[t] > most:
                if bounds[t] > most and values[:t] == reference[:t]:
                    yield tuple(corner)
                return
            if values[t] < most:
                # The bounds speak of plans that are as good as this one there, and not of all that count.
                return
        if self.most_skew != NO_LIMIT:
            at = self.axes.chosen.index(Axis.SKEW)
            if bounds[count]:
                yield (*corner[:at], self.most_skew + bounds[count] - 1, *corner[at + 1 :])
            corner[at] = self.most_skew + values[count]
            count += 1
        for k, given in enumerate(self.axes.given):
            yield (*corner[:k], min(given + bounds[count + k] - 1, corner[k]), *corner[k + 1 :])
            corner[k] = min(corner[k], given + values[count + k])
