"""The count model in CP-SAT: one integer a type of task and instance where it may start, and facts about sums of them.

Every variable remembers how its value follows from those made before it, so that any plan can be handed to CP-SAT as a
complete hint, auxiliaries included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from ortools.sat.python import cp_model

from solver.cpsat.least import Option, least_enough
from solver.cpsat.merging import TaskType
from solver.cpsat.rows import InstanceRows
from solver.cpsat.starts import StartVariables
from solver.cpsat.stays import StayVariables
from solver.cpsat.values import Values, cells_of, own_values, truth_in, value_in
from solver.domain.counts import Counts, Ints
from solver.domain.problem import Problem
from solver.rules.model import Literal, Sum, Variable

TANGENTS = 64
"""A square over a wider range is left to CP-SAT's own multiplication."""

LOOK_EVERY = 256
"""Statements between two looks at the clock while a model is built."""


class BuildStopped(Exception):
    """The time was over before the model was complete."""


class CountModel:
    """A model under construction; implements ``solver.rules.model.Model``.

    Parameters
    ----------
    problem
        What is asked.
    types
        The groups that may start tasks, merged or each by itself, and where.
    give_up
        Asked now and then; once true, building ends with ``BuildStopped``.
    cp
        What the variables and constraints are added to; left out, one of its own.
    """

    def __init__(
        self,
        problem: Problem,
        types: Sequence[TaskType],
        give_up: Callable[[], bool] | None = None,
        cp: cp_model.CpModel | None = None,
    ) -> None:
        self._problem = problem
        self._give_up = give_up
        self._said = 0
        self.cp = cp_model.CpModel() if cp is None else cp
        self._variables: list[cp_model.IntVar] = []
        self._low: list[int] = []
        self._high: list[int] = []
        self._value_of: list[Callable[[Values], int]] = []
        self._facts: dict[tuple[Sum, int], Literal] = {}
        self._running = [cells_of(problem.running, g) for g in range(len(problem.groups))]
        self._near = Counts.empty(len(problem.groups), problem.cluster.size)
        self._starts = StartVariables(types, problem.operation.startable, self._variable)
        self._stays = StayVariables(problem.operation, self._variable)
        self._on_instance = self._starts.on_instance()
        here_of = self._what_is_on()
        self._rows: InstanceRows | None = InstanceRows(here_of, problem.demand, self._high)
        for held, shares in self._starts.links():
            self.cp.add(self.expression(held) == self.expression(shares))

    def _what_is_on(self) -> dict[int, list[tuple[int, Variable]]]:
        """The variables of each instance, with a group that says what one of their tasks takes."""
        found = {i: list(here) for i, here in self._on_instance.items()}
        for i in self._stays.touched(range(len(self._problem.groups))).tolist():
            found.setdefault(i, []).extend((g, v) for g, v, _ in self._stays.on_instance(i))
        return found

    # What a rule reads.

    @property
    def problem(self) -> Problem:
        """What the model is of."""
        return self._problem

    def candidates(self, group: int) -> Ints:
        """Instances where the group may start a task."""
        return self._starts.candidates(group)

    def started_over(self, groups: Iterable[int], instances: Ints) -> Sum:
        """New tasks of the groups on the instances."""
        variables = self._starts.over(tuple(groups), instances)
        return Sum(variables, (1,) * len(variables))

    def stopped_over(self, groups: Iterable[int], instances: Ints) -> Sum:
        """Tasks of the groups that stop on the instances."""
        return self._stays.stopped(groups, instances)

    def change_over(self, groups: Iterable[int], instances: Ints) -> Sum:
        """New tasks less those that stop."""
        groups = tuple(groups)
        return self.started_over(groups, instances) - self._stays.stopped(groups, instances)

    def tasks_over(self, groups: Iterable[int], instances: Ints) -> Sum:
        """The sum of ``tasks[g, i]`` over groups and instances."""
        groups = tuple(groups)
        inside = instances.tolist()
        running = sum(self._running[g].get(i, 0) for g in groups if self._running[g] for i in inside)
        return self.change_over(groups, instances) + running

    def touched(self, groups: Iterable[int]) -> Ints:
        """Instances where the count of one of the groups may change."""
        groups = tuple(groups)
        return np.union1d(self._starts.touched(groups), self._stays.touched(groups))

    def load_change(self, resource: int, instance: int) -> Sum:
        """What the operation adds to what is taken of a resource of the instance."""
        demand = self._problem.demand[:, resource]
        here = [(v, int(demand[g])) for g, v in self._on_instance.get(instance, ()) if demand[g]]
        may_stop = [(v, int(demand[g]), most) for g, v, most in self._stays.on_instance(instance) if demand[g]]
        here += [(v, need) for v, need, _ in may_stop]
        now = sum(need * most for _, need, most in may_stop)
        return Sum(tuple(v for v, _ in here), tuple(c for _, c in here), -now)

    def binding(self, groups: Iterable[int]) -> list[Literal]:
        """Under what a rule holds that binds where one of the groups starts a task: nothing where none may stop."""
        groups = tuple(groups)
        everywhere = np.arange(self._problem.cluster.size)
        if not self._stays.may_stop(groups):
            return []
        return [self.at_least_one(self.started_over(groups, everywhere))]

    def range_of(self, sum_: Sum) -> tuple[int, int]:
        """Bounds of a sum."""
        low = high = sum_.constant
        for v, c in zip(sum_.variables, sum_.coefficients, strict=True):
            low += c * (self._low[v] if c > 0 else self._high[v])
            high += c * (self._high[v] if c > 0 else self._low[v])
        return low, high

    # What a rule says.

    def at_most(self, sum_: Sum, limit: int, only_if: Sequence[Literal] = ()) -> None:
        """``sum_ <= limit``, where all of ``only_if`` are true."""
        self._look_at_the_clock()
        low, high = self.range_of(sum_)
        if high <= limit:
            return
        if low > limit and only_if:
            self.require_one([self.opposite(literal) for literal in only_if])
            return
        if not only_if and self._rows is not None and self._rows.take(sum_, limit):
            return
        constraint = self.cp.add(self.expression(sum_) <= limit)
        if only_if:
            constraint.only_enforce_if([self._boolean(literal) for literal in only_if])

    def at_least_one(self, sum_: Sum) -> Literal:
        """True exactly if ``sum_ >= 1``."""
        return self.at_least(sum_, 1)

    def at_least(self, sum_: Sum, limit: int) -> Literal:
        """True exactly if ``sum_ >= limit``."""
        low, high = self.range_of(sum_)
        if low >= limit or high < limit:
            return self.constant(low >= limit)
        key = (sum_, limit)
        if key not in self._facts:
            literal = self._fact(lambda values: int(value_in(sum_, values) >= limit))
            boolean = self._boolean(literal)
            self.cp.add(self.expression(sum_) >= limit).only_enforce_if(boolean)
            self.cp.add(self.expression(sum_) <= limit - 1).only_enforce_if(~boolean)
            self._facts[key] = literal
            if limit == 1 and self._rows is not None:
                self._rows.note(sum_, literal)
        return self._facts[key]

    def any_of(self, literals: Sequence[Literal]) -> Literal:
        """True exactly if one of them is true."""
        known = [self._known(literal) for literal in literals]
        if True in known:
            return self.constant(True)
        unknown = [literal for literal, value in zip(literals, known, strict=True) if value is None]
        if len(unknown) < 2:
            return unknown[0] if unknown else self.constant(False)
        literal = self._fact(lambda values: int(any(truth_in(one, values) for one in unknown)))
        booleans = [self._boolean(one) for one in unknown]
        self.cp.add_bool_or(booleans).only_enforce_if(self._boolean(literal))
        for boolean in booleans:
            self.cp.add_implication(boolean, self._boolean(literal))
        return literal

    def all_of(self, literals: Sequence[Literal]) -> Literal:
        """True exactly if all of them are true."""
        return self.opposite(self.any_of([self.opposite(literal) for literal in literals]))

    def opposite(self, literal: Literal) -> Literal:
        """True exactly if the literal is false."""
        return Literal(-literal - 1)

    def constant(self, value: bool) -> Literal:
        """A literal that is always so."""
        key = (Sum(constant=int(value)), 1)
        if key not in self._facts:
            self._facts[key] = Literal(self._variable(int(value), int(value), lambda values: int(value)))
        return self._facts[key]

    def require_one(self, literals: Sequence[Literal]) -> None:
        """At least one of them is true."""
        known = [self._known(literal) for literal in literals]
        if True not in known:
            self.cp.add_bool_or(
                [self._boolean(one) for one, value in zip(literals, known, strict=True) if value is None]
            )

    def truth(self, literal: Literal) -> Sum:
        """1 where the literal is true, else 0."""
        known = self._known(literal)
        if known is not None:
            return Sum(constant=int(known))
        if literal >= 0:
            return Sum((Variable(literal),), (1,))
        return Sum((Variable(-literal - 1),), (-1,), 1)

    def smallest(self, sums: Sequence[Sum]) -> Sum:
        """A number that is at most each of the sums."""
        ranges = [self.range_of(sum_) for sum_ in sums]
        low, high = min(low for low, _ in ranges), min(high for _, high in ranges)
        variable = self._variable(low, high, lambda values: min(value_in(sum_, values) for sum_ in sums))
        number = Sum((variable,), (1,))
        for sum_ in sums:
            self.at_most(number - sum_, 0)
        return number

    def positive_part(self, sum_: Sum) -> Sum:
        """``max(sum_, 0)``."""
        low, high = self.range_of(sum_)
        if low >= 0 or high <= 0:
            return sum_ if low >= 0 else Sum()
        variable = self._variable(0, high, lambda values: max(value_in(sum_, values), 0))
        self.cp.add_max_equality(self._variables[variable], [self.expression(sum_), 0])
        return Sum((variable,), (1,))

    def where(self, literal: Literal, sum_: Sum) -> Sum:
        """``sum_`` where the literal is true, else 0; exact where it is minimised."""
        known = self._known(literal)
        if known is not None:
            return sum_ if known else Sum()
        high = max(self.range_of(sum_)[1], 0)
        variable = self._variable(0, high, lambda values: value_in(sum_, values) if truth_in(literal, values) else 0)
        number = Sum((variable,), (1,))
        self.at_most(sum_ - number, 0, [literal])
        return number

    def least_enough(self, options: Sequence[Option], most: int) -> Sum:
        """The least number, up to ``most``, that is enough for one of the options; exact where it is minimised."""
        return least_enough(self, self._variable, options, most)

    def dealt(
        self, most: Sequence[int], given: Sequence[Sum], deal: Callable[[tuple[int, ...]], Sequence[int]]
    ) -> list[Sum]:
        """Numbers of a rule's own, each from 0 to its ``most``, and how a plan's follow from the sums ``given``."""
        own = own_values(given, deal, len(most))
        return [Sum((self._variable(0, high, value),), (1,)) for high, value in zip(most, own, strict=True)]

    def square(self, sum_: Sum) -> Sum:
        """``sum_ ** 2``, exact where it is minimised: between neighbouring integers a chord is."""
        low, high = self.range_of(sum_)
        if high - low <= 1:
            return sum_ * (low + high) + -low * high
        edges = sorted([low * low, high * high])
        least = 0 if low <= 0 <= high else edges[0]
        variable = self._variable(least, edges[1], lambda values: value_in(sum_, values) ** 2)
        number = Sum((variable,), (1,))
        if high - low > TANGENTS:
            base = self._variables[self._variable(low, high, lambda values: value_in(sum_, values))]
            self.cp.add(base == self.expression(sum_))
            self.cp.add_multiplication_equality(self._variables[variable], [base, base])
        else:
            for n in range(low, high):
                self.at_most(sum_ * (2 * n + 1) - number, n * (n + 1))
        return number

    # What an engine does with it.

    def all_or_nothing(self, groups: Sequence[int]) -> None:
        """Either each of the groups has all new tasks that it wants, or none of them has more tasks than before."""
        everywhere = np.arange(self._problem.cluster.size)
        more = {g: self.change_over([g], everywhere) for g in groups}
        whole = self._fact(lambda values: int(any(value_in(sum_, values) > 0 for sum_ in more.values())))
        for g, sum_ in more.items():
            self.at_most(sum_ * -1, -int(self._problem.wanted[g]), [whole])
            self.at_most(sum_, 0, [self.opposite(whole)])

    def minimise(self, sum_: Sum) -> None:
        """Make a sum the objective."""
        self.cp.minimize(self.expression(sum_))

    def hint(self, tasks: Counts) -> None:
        """Hint every variable from a plan; solutions are then dealt out to groups as near to it as may be."""
        self.cp.clear_hints()
        self.add_hint(tasks)

    def add_hint(self, tasks: Counts) -> None:
        """The same beside the hints that are there."""
        self._near = (tasks - self._problem.running).positive()
        values = self.values(tasks)
        for variable, value in zip(self._variables, values, strict=True):
            self.cp.add_hint(variable, value)

    def values(self, tasks: Counts) -> Values:
        """The value of every variable in a plan."""
        change = tasks - self._problem.running
        values = [
            *self._starts.values(change.positive()),
            *self._stays.values((self._problem.running - tasks).positive()),
        ]
        for value_of in self._value_of:
            values.append(value_of(values))
        return values

    def value_of(self, sum_: Sum, tasks: Counts) -> int:
        """A sum in a plan."""
        return value_in(sum_, self.values(tasks))

    def decode(self, value: Callable[[cp_model.IntVar], int]) -> Counts:
        """Counts after the operation, from a solution."""
        shape = (len(self._problem.groups), self._problem.cluster.size)

        def read(variable: Variable) -> int:
            return value(self._variables[variable])

        return self._problem.running + self._starts.deal(read, self._near, shape) - self._stays.counts(read)

    def complete(self) -> None:
        """All of it is there: limits on single instances are stated, and what an engine adds now is never given up.

        Raises
        ------
        BuildStopped
            Once the caller has given up.
        """
        rows, self._rows = self._rows, None
        for row in rows.rows() if rows is not None else ():
            if row.fact is None:
                self.at_most(row.sum, row.limit)
            else:
                self.at_most(row.sum - self.truth(row.fact) * row.limit, 0)
        self._give_up = None

    def _look_at_the_clock(self) -> None:
        self._said += 1
        if self._said % LOOK_EVERY == 0 and self._give_up is not None and self._give_up():
            raise BuildStopped

    def _variable(self, low: int, high: int, value_of: Callable[[Values], int] | None = None) -> Variable:
        """A new variable, and how its value follows from those before it; the first ones are given by a plan."""
        self._look_at_the_clock()
        self._variables.append(self.cp.new_int_var(low, high, ""))
        self._low.append(low)
        self._high.append(high)
        if value_of is not None:
            self._value_of.append(value_of)
        return Variable(len(self._variables) - 1)

    def _fact(self, value_of: Callable[[Values], int]) -> Literal:
        return Literal(self._variable(0, 1, value_of))

    def _known(self, literal: Literal) -> bool | None:
        index = literal if literal >= 0 else -literal - 1
        if self._low[index] == self._high[index]:
            return bool(self._low[index]) == (literal >= 0)
        return None

    def _boolean(self, literal: Literal) -> cp_model.LiteralT:
        return self._variables[literal] if literal >= 0 else ~self._variables[-literal - 1]

    def expression(self, sum_: Sum) -> cp_model.LinearExpr:
        """A sum as CP-SAT reads it."""
        variables = [self._variables[v] for v in sum_.variables]
        return cp_model.LinearExpr.weighted_sum(variables, list(sum_.coefficients)) + sum_.constant
