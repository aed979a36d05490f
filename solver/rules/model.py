"""What a rule may say to the solver: sums of task counts, limits on them, and yes-or-no facts about them.

The vocabulary is a Protocol so that nothing here, and no rule, imports a solver. ``solver.cpsat`` implements it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

from solver.domain.counts import Ints
from solver.domain.problem import Problem

Variable = NewType("Variable", int)
"""An integer variable of the model, by its index."""

Literal = NewType("Literal", int)
"""A fact that is true or false: a Boolean variable by its index, or ``-index - 1`` for its opposite."""


@dataclass(frozen=True)
class Sum:
    """``constant + sum(coefficients[k] * variables[k])``."""

    variables: tuple[Variable, ...] = ()
    coefficients: tuple[int, ...] = ()
    constant: int = 0

    def __add__(self, other: Sum | int) -> Sum:
        if isinstance(other, int):
            return Sum(self.variables, self.coefficients, self.constant + other)
        return total([self, other])

    def __mul__(self, factor: int) -> Sum:
        return Sum(self.variables, tuple(factor * c for c in self.coefficients), self.constant * factor)

    def __sub__(self, other: Sum) -> Sum:
        return total([self, other * -1])


def total(sums: Iterable[Sum]) -> Sum:
    """The sum of sums."""
    variables: list[Variable] = []
    coefficients: list[int] = []
    constant = 0
    for part in sums:
        variables += part.variables
        coefficients += part.coefficients
        constant += part.constant
    return Sum(tuple(variables), tuple(coefficients), constant)


class Model(Protocol):
    """The count model under construction. Instances and groups are indices into ``problem``."""

    @property
    def problem(self) -> Problem:
        """What the model is of."""

    def candidates(self, group: int) -> Ints:
        """Instances (ascending) where the group may start a task: those that have a variable."""

    def load_change(self, resource: int, instance: int) -> Sum:
        """What the operation adds to what is taken of a resource of the instance."""

    def tasks_over(self, groups: Iterable[int], instances: Ints) -> Sum:
        """The sum of ``tasks[g, i]`` after the operation over groups and instances."""

    def started_over(self, groups: Iterable[int], instances: Ints) -> Sum:
        """New tasks of the groups on the instances."""

    def stopped_over(self, groups: Iterable[int], instances: Ints) -> Sum:
        """Tasks of the groups that stop on the instances."""

    def change_over(self, groups: Iterable[int], instances: Ints) -> Sum:
        """New tasks less those that stop."""

    def binding(self, groups: Iterable[int]) -> list[Literal]:
        """Under what a rule holds that binds where one of the groups starts a task: nothing where none may stop."""

    def touched(self, groups: Iterable[int]) -> Ints:
        """Instances (ascending) where the count of one of the groups may change."""

    def at_most(self, sum_: Sum, limit: int, only_if: Sequence[Literal] = ()) -> None:
        """``sum_ <= limit``, where all of ``only_if`` are true."""

    def at_least_one(self, sum_: Sum) -> Literal:
        """True exactly if ``sum_ >= 1``."""

    def at_least(self, sum_: Sum, limit: int) -> Literal:
        """True exactly if ``sum_ >= limit``."""

    def any_of(self, literals: Sequence[Literal]) -> Literal:
        """True exactly if one of them is true."""

    def all_of(self, literals: Sequence[Literal]) -> Literal:
        """True exactly if all of them are true."""

    def opposite(self, literal: Literal) -> Literal:
        """True exactly if the literal is false."""

    def constant(self, value: bool) -> Literal:
        """A literal that is always so."""

    def require_one(self, literals: Sequence[Literal]) -> None:
        """At least one of them is true."""

    def truth(self, literal: Literal) -> Sum:
        """1 where the literal is true, else 0."""

    def smallest(self, sums: Sequence[Sum]) -> Sum:
        """A number that is at most each of the sums; their minimum where a larger one is better."""

    def positive_part(self, sum_: Sum) -> Sum:
        """``max(sum_, 0)``."""

    def where(self, literal: Literal, sum_: Sum) -> Sum:
        """``sum_`` (zero or more) where the literal is true, else 0; exact where it is minimised."""

    def least_enough(self, options: Sequence[Sequence[tuple[Sum, int]]], most: int) -> Sum:
        """The least number from 0 to ``most`` with ``number * scale >= sum`` for each ``(sum, scale)`` of one of the options.

        ``most`` always will do; exact where it is minimised.
        """

    def square(self, sum_: Sum) -> Sum:
        """``sum_ ** 2``, exact where it is minimised."""

    def dealt(
        self, most: Sequence[int], given: Sequence[Sum], deal: Callable[[tuple[int, ...]], Sequence[int]]
    ) -> list[Sum]:
        """Numbers of the rule's own, each from 0 to its ``most``; what they have to do with others the rule says itself.

        ``deal`` finds them from the values of the sums ``given``: what they are in a plan that the model is hinted with.
        """

    def range_of(self, sum_: Sum) -> tuple[int, int]:
        """Bounds of a sum, from the bounds of its variables."""
