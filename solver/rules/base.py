"""What a rule is: a constraint says what may not be, a cost says what should be little, a strategy is a list of costs.

Each says itself twice. ``compile`` speaks to the solver (``solver.rules.model``). ``violations`` and ``value`` are plain
numpy, and are the specification: the checker, the explanations and the tests read them. ``room`` and ``preference``
are the third form that the sequential engine needs; the conformance test holds all of them equal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.domain.explanation import Violation
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.model import Literal, Model, Sum
from solver.rules.terms import Term

UNLIMITED = np.iinfo(np.int64).max // 4
"""Room where a rule sets no limit."""


class Stage(IntEnum):
    """The pipeline in which ECS refuses instances (ECS developer guide, task placement), and a reason's place in it."""

    CLUSTER = 1
    """The instance's state, resources, ports, attributes: what the task definition needs."""
    CUSTOMER = 2
    """What the customer's constraints demand of the instance."""
    FINAL = 3
    """What rules of other groups, or of the whole cluster, forbid."""


@dataclass(frozen=True, eq=False)
class Breaches:
    """What a rule counts at each place it looks at: broken where ``amount > limit``.

    Parameters
    ----------
    amount, limit
        ``int64[P]`` over the places, which are the same in every state of a problem.
    place
        The name of a place.
    unit
        What is counted, for people.
    """

    amount: Ints
    limit: Ints
    place: Callable[[int], str]
    unit: str


@dataclass(frozen=True, eq=False)
class Reading:
    """What a rule looks at: how many tasks of each kind are in each part of the cluster, and nothing finer.

    Groups that no reading tells apart within a part are interchangeable there, which is what merging them rests on.

    Parameters
    ----------
    kind
        ``int64[G]``: groups of the same kind are counted together.
    part
        ``int64[I]``: the part that each instance belongs to; None where each instance is one.
    """

    kind: Ints
    part: Ints | None = None

    @classmethod
    def of_groups(cls, problem: Problem, *kinds: Iterable[int], part: Ints | None = None) -> Reading:
        """Each of these few sets of groups is told from the others and from the rest; a group may be in several."""
        kind = np.zeros(len(problem.groups), np.int64)
        for k, groups in enumerate(kinds):
            kind[list(groups)] |= 1 << k
        return cls(kind, part)


def kinds_of(rows: Ints) -> Ints:
    """``int64[G]``: equal rows of ``int64[G, N]`` get the same number."""
    numbers: Ints = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return numbers


class Rule(ABC):
    """What constraints and costs have in common."""

    @abstractmethod
    def readings(self, problem: Problem) -> Iterable[Reading]:
        """All that the counting part of the rule looks at; what ``admits`` says is known without it.

        The value or the verdict depends on the counts after the operation through these alone.
        """


class Constraint(Rule):
    """A hard rule, bound to a problem.

    Attributes
    ----------
    name
        As it is written, with its argument.
    reason
        ECS's reason code or text for a refusal.
    stage
        Where in the pipeline it refuses.
    owner
        The group whose rule it is; None for a rule of the cluster.
    """

    stage: ClassVar[Stage] = Stage.CUSTOMER
    owner: int | None

    if TYPE_CHECKING:
        # A field in some rules, computed in others: read-only to whoever reads it.

        @property
        def name(self) -> str: ...

        @property
        def reason(self) -> str: ...

    def admits(self, problem: Problem, group: int) -> Bools:
        """``bool[I]``: where the group may start a task as far as this rule's static part says."""
        return np.ones(problem.cluster.size, np.bool_)

    def room(self, state: Placement, group: int) -> Ints:
        """``int64[I]``: how many more tasks of the group each instance takes, as far as this rule says, from ``state``.

        Where ``stepwise`` says so, the number is 0 or 1 (or more only as a promise that one is possible), and holds
        for the next task alone.
        """
        return np.where(self.admits(state.problem, group), UNLIMITED, 0)

    def most_room(self, state: Placement, group: int) -> Ints:
        """``int64[I]``: the most room that any plan leaves from ``state``, in which everything that may stop has."""
        return self.room(state, group)

    def room_on(self, state: Placement, group: int, instances: Ints) -> Ints:
        """``int64[N]``: the same on some instances."""
        return self.room(state, group)[instances]

    def scope(self, problem: Problem) -> Iterable[int]:
        """The groups whose tasks the rule may refuse; of others, ``admits`` and ``room`` are not asked."""
        return range(len(problem.groups)) if self.owner is None else (self.owner,)

    def concerns(self, problem: Problem, group: int) -> bool:
        """Whether the group is in scope."""
        return group in self.scope(problem)

    def names(self, problem: Problem) -> Iterable[str]:
        """Families that the rule tells from others by their names, unless they are the owner's own."""
        return ()

    def stage_for(self, group: int) -> Stage:
        """Where in the pipeline it refuses tasks of a group: what other groups' rules forbid comes last."""
        return self.stage if self.owner in (None, group) else Stage.FINAL

    def stepwise(self, problem: Problem, group: int) -> bool:
        """Whether a start of the group on one instance may change its room elsewhere, or by more than one."""
        return False

    @property
    def only_tightens(self) -> bool:
        """Whether more tasks anywhere never make more room: then the room before the operation bounds every plan."""
        return True

    @property
    def is_static(self) -> bool:
        """Whether ``admits`` is the whole rule: it depends on facts of the instance that no placement changes."""
        return False

    def terms(self, problem: Problem) -> Sequence[Term] | None:
        """The counting part as terms over all tasks, for the compiled search; None where it has no such form.

        Where nothing is broken before, a state that ``admits`` allows keeps the rule exactly if it keeps the terms.
        """
        return None if any(True for _ in self.readings(problem)) else ()

    @abstractmethod
    def compile(self, model: Model) -> None:
        """Say the counting part to the solver; the static part is already in ``model.candidates``."""

    def breaks(self, model: Model) -> Iterable[Literal]:
        """A fact for each place that may end broken, where repairing is a cost (§5.1, tier 2); none of a rule on starts."""
        return ()

    @abstractmethod
    def breaches(self, placement: Placement) -> Breaches:
        """The amounts that the rule limits, place by place, in a state: the whole rule, its static part too."""

    def binds(self, problem: Problem) -> Iterable[int]:
        """The groups of which a start binds the rule: where none of them starts a task, nothing is refused (§3.1)."""
        return self.scope(problem)

    def violations(self, placement: Placement) -> tuple[Violation, ...]:
        """Every place where the state breaks the rule and what was there before does not excuse it (§3.1, §8)."""
        if not placement.starts_any(self.binds(placement.problem)):
            return ()
        found = self.breaches(placement)
        if not (found.amount > found.limit).any():
            return ()
        allowed = np.maximum(found.limit, self.breaches(placement.before).amount)
        return self._reported(placement.problem, found, allowed)

    def broken(self, placement: Placement) -> tuple[Violation, ...]:
        """What the state breaks, whatever was there before (§8): for reports, never a reason to refuse a plan."""
        found = self.breaches(placement)
        return self._reported(placement.problem, found, found.limit)

    def _reported(self, problem: Problem, found: Breaches, allowed: Ints) -> tuple[Violation, ...]:
        owner = "" if self.owner is None else problem.groups[self.owner].name
        return tuple(
            Violation(self.name, owner, found.place(k), int(allowed[k]), int(found.amount[k]), found.unit)
            for k in np.flatnonzero(found.amount > allowed).tolist()
        )


class Need(Constraint):
    """What the owner's task definition or service demands of an instance: facts that no placement changes."""

    stage = Stage.CLUSTER
    owner: int
    unit: ClassVar[str]
    """What is counted where the need is not met, for people."""

    @abstractmethod
    def met(self, problem: Problem) -> Bools:
        """``bool[I]``: where it is met."""

    @property
    def is_static(self) -> bool:
        return True

    def admits(self, problem: Problem, group: int) -> Bools:
        return self.met(problem) if group == self.owner else super().admits(problem, group)

    def readings(self, problem: Problem) -> Iterable[Reading]:
        return ()

    def compile(self, model: Model) -> None:
        """Nothing counts: the group has no candidates elsewhere."""

    def breaks(self, model: Model) -> Iterable[Literal]:
        running = model.problem.running.row(self.owner) > 0
        for i in np.flatnonzero(running & ~self.met(model.problem)).tolist():
            yield model.at_least_one(model.tasks_over([self.owner], np.array([i])))

    def breaches(self, placement: Placement) -> Breaches:
        elsewhere = np.where(self.met(placement.problem), 0, placement.row(self.owner))
        return Breaches(elsewhere, np.zeros_like(elsewhere), placement.problem.cluster.label, self.unit)


@dataclass(frozen=True, eq=False)
class Counting:
    """What a counting bound may use; all of it holds for every plan whose earlier tiers are as good as given.

    Tasks that may stop are counted as if they were yet to be placed: beside the *fixed* ones, each is somewhere or nowhere.

    Parameters
    ----------
    problem
        The request.
    base
        The state in which only the fixed tasks run.
    room
        ``room[g]`` is ``int64[I]``: at most so many tasks of the group fit on each instance beside the fixed ones.
    least
        ``int64[G]``: at least so many tasks of each group are there beside the fixed ones.
    values
        The earlier tiers by name.
    earlier
        The earlier tiers.
    tight
        Those of them whose value is the least that counting allows: each of their parts is at its own least.
    together
        Groups, none twice, and how many tasks of them all there are at least beside the fixed ones.
    """

    problem: Problem
    base: Placement
    room: Sequence[Ints]
    least: Ints
    values: Mapping[str, int]
    earlier: tuple[Cost, ...] = ()
    tight: tuple[Cost, ...] = ()
    together: tuple[tuple[tuple[int, ...], int], ...] = ()

    def most(self, group: int) -> int:
        """Tasks of the group beside the fixed ones, at most."""
        operation = self.problem.operation
        return int(operation.desired[group] - operation.fixed.cells_of(group)[1].sum())

    def lost(self) -> Ints:
        """``int64[G]``: tasks that stop at most without another one of the group starting in their place."""
        lost: Ints = np.maximum(self.problem.operation.stoppable.totals() - self.least, 0)
        return lost

    def free(self) -> Ints:
        """``int64[I, R]``: what tasks beside the fixed ones take at most: what is free, or what they take now."""
        now = self.problem.operation.stoppable.load(self.problem.demand)
        return np.maximum(np.maximum(self.base.free, 0), now)


class Cost(Rule):
    """A number to be minimised: one tier of the objective (§4, §5).

    Attributes
    ----------
    name
        Stable and readable by a program: ``1/spread(attribute:ecs.availability-zone)/evenness``.
    title
        For people.
    adds_up
        Whether it is a sum over instances, families or groups.
    """

    adds_up: ClassVar[bool] = True

    if TYPE_CHECKING:

        @property
        def name(self) -> str: ...

        @property
        def title(self) -> str: ...

    @abstractmethod
    def value(self, placement: Placement) -> int:
        """The cost of a state."""

    @abstractmethod
    def compile(self, model: Model) -> Sum:
        """The cost as a sum that is exact where it is minimised."""

    def remark(self, placement: Placement) -> str:
        """What people read beside the value; empty where the value says it all."""
        return ""

    @abstractmethod
    def ceiling(self, problem: Problem) -> int:
        """A number that no state of the problem can exceed, exact however large: costs above 2^53 are refused (§11.2)."""

    @abstractmethod
    def bound(self, facts: Counting) -> int:
        """A number that no plan can beat whose earlier tiers are as good as ``facts`` says, by counting alone."""

    def least_moves(self, facts: Counting, value: int) -> int:
        """What moves cost at least in a plan that costs no more than ``value`` here; zero where counting does not say."""
        return 0


class Strategy(ABC):
    """A soft rule of one group at one position of its chain: how the sequential scheduler prefers instances."""

    if TYPE_CHECKING:

        @property
        def name(self) -> str: ...

    @abstractmethod
    def preference(self, state: Placement, group: int) -> Ints:
        """``int64[I]``: the least is preferred for the next task of the group."""
