"""The rules of a request, family by family, and the request with fewer of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, Scheduling, TaskGroup
from solver.explain.changes import NO_STRATEGY
from solver.rules import max_skew
from solver.rules import random as random_strategy
from solver.rules.base import Cost
from solver.rules.bind import CONSTRAINTS


class Kind(StrEnum):
    """What sort of rule it is."""

    CONSTRAINT = "constraint"
    STRATEGY = "strategy"
    SOFT = "soft rule"
    """A constraint that only asks: ``prefers``, and ``affinity`` and ``antiAffinity`` with a weight."""


@dataclass(frozen=True)
class Listed:
    """A rule, once for all revisions of a family that have it.

    Parameters
    ----------
    of
        The family; empty for a rule of the cluster.
    """

    kind: Kind
    spec: RuleSpec
    of: str

    @property
    def rule(self) -> str:
        """As it is written."""
        return str(self.spec)


def listed(problem: Problem) -> tuple[Listed, ...]:
    """Every rule: family by family the constraints and then the strategies, those of the cluster last.

    Strategies that nobody wrote are those of §4.4; ``random`` prefers nothing, and is left out.
    """
    found: dict[Listed, None] = {}
    for g, group in enumerate(problem.groups):
        for spec in group.constraints:
            found[Listed(Kind.SOFT if _is_soft(g, spec) else Kind.CONSTRAINT, spec, group.family)] = None
        for spec in problem.strategies(g):
            if spec.type != random_strategy.TYPE:
                found[Listed(Kind.STRATEGY, spec, group.family)] = None
    for spec in problem.rules:
        found[Listed(Kind.CONSTRAINT, spec, "")] = None
    order = {family: k for k, family in enumerate([*problem.families, ""])}
    return tuple(sorted(found, key=lambda one: order[one.of]))


def _is_soft(g: int, spec: RuleSpec) -> bool:
    return isinstance(CONSTRAINTS[spec.type](g, spec.argument), Cost)


def hard(problem: Problem, rules: Collection[Listed]) -> Problem:
    """The request with its constraints alone: whatever only asks is left out."""
    soft = {(one.of, one.spec) for one in rules if one.kind is Kind.SOFT}

    def written(group: TaskGroup) -> TaskGroup:
        kept = tuple(spec for spec in group.constraints if (group.family, spec) not in soft)
        return replace(group, constraints=kept, strategies=NO_STRATEGY)

    return _with_groups(problem, written)


def without(problem: Problem, dropped: Collection[Listed]) -> Problem:
    """The request without some constraints."""
    gone = {(one.of, one.spec) for one in dropped}

    def written(group: TaskGroup) -> TaskGroup:
        return replace(group, constraints=tuple(spec for spec in group.constraints if (group.family, spec) not in gone))

    rules = tuple(spec for spec in problem.rules if ("", spec) not in gone)
    return replace(_with_groups(problem, written), rules=rules)


def following(problem: Problem, whole: Problem, chosen: Collection[Listed]) -> Problem:
    """A request without strategies and soft rules, where some of those that ``whole`` has are followed, in their order."""
    wanted = {(one.of, one.spec) for one in chosen}

    def both(g: int, group: TaskGroup) -> TaskGroup:
        asked = [spec for spec in whole.strategies(g) if (group.family, spec) in wanted]
        soft = [
            spec
            for spec in whole.groups[g].constraints
            if (group.family, spec) in wanted and spec not in group.constraints
        ]
        return replace(group, strategies=tuple(asked) or NO_STRATEGY, constraints=(*group.constraints, *soft))

    return replace(problem, groups=tuple(both(g, group) for g, group in enumerate(problem.groups)))


def only_loosens(problem: Problem, one: Listed) -> bool:
    """Whether every plan that the request allows is allowed without the constraint, whatever other constraints are dropped.

    Without one that confines a family, a ``maxSkew`` of it looks at more buckets, and a DAEMON service owes more instances.
    """
    members = [problem.groups[g] for g in problem.families.get(one.of, ())]
    if any(group.scheduling is Scheduling.DAEMON for group in members):
        return False
    skewed = any(spec.type == max_skew.TYPE for group in members for spec in group.constraints)
    return one.spec.type == max_skew.TYPE or not skewed


def loosens_together(problem: Problem, dropped: Collection[Listed]) -> bool:
    """The same of all of them at once, and of any part of them: only DAEMON services stand against it."""
    return not any(
        problem.groups[g].scheduling is Scheduling.DAEMON for one in dropped for g in problem.families.get(one.of, ())
    )


def _with_groups(problem: Problem, written: Callable[[TaskGroup], TaskGroup]) -> Problem:
    return replace(problem, groups=tuple(written(group) for group in problem.groups))


def families_over(problem: Problem) -> Iterator[tuple[str, str]]:
    """Each family with each attribute that a ``spread`` of it names: of which it has a skew."""
    for one in listed(problem):
        if one.kind is Kind.STRATEGY and one.spec.type == "spread" and one.spec.argument.startswith("attribute:"):
            yield one.of, one.spec.argument
