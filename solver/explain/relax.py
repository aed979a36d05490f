"""Rules loosened or dropped: every way to write the request a little more freely, the gentlest first (§7.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from solver.domain.cluster import ZONE
from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec
from solver.engines.deadline import Deadline
from solver.explain import changes
from solver.explain.conflict import Core, Kind, Member
from solver.explain.feasibility import least
from solver.explain.target import goal
from solver.rules import max_per_instance, max_skew
from solver.rules.base import Constraint
from solver.rules.bind import CONSTRAINTS
from solver.rules.bound import Rules
from solver.rules.capacity_providers import CapacityProviders
from solver.rules.instance_state import InstanceState
from solver.rules.isolate_roles import TYPE as ISOLATE
from solver.rules.isolate_roles import IsolateRoles
from solver.rules.location import Location
from solver.rules.max_per_instance import MaxPerInstance
from solver.rules.max_skew import MaxSkew
from solver.rules.required_attributes import RequiredAttributes
from solver.rules.reserve import TYPE as RESERVE
from solver.rules.reserve import Reserve

MOST_UNFROZEN = 24
"""Frozen instances tried."""


@dataclass(frozen=True)
class Option:
    """One way to write the request otherwise, and what to call it; ``together`` false lets a gang go."""

    sentence: str
    problem: Problem
    together: bool = True


def touched_rules(rules: Rules, core: Core | None, group: int) -> list[Constraint]:
    """Rules that a change must touch: those of the conflict; all that concern the group where it is not known."""
    if core is not None:
        return [rules.constraints[member.index] for member in core.members if member.kind is Kind.RULE]
    return list(rules.concerning(group))


class Relaxations:
    """The options for a group that fell short, in the order in which to try them.

    Parameters
    ----------
    works
        Whether an option places one more task; asked to find how far a number must be loosened.
    """

    def __init__(
        self,
        rules: Rules,
        tasks: Counts,
        group: int,
        core: Core | None,
        deadline: Deadline,
        works: Callable[[Option], bool],
    ) -> None:
        self.rules = rules
        self.problem = rules.problem
        self.tasks = tasks
        self.group = group
        self.core = core
        self.deadline = deadline
        self.works = works
        self.needed = goal(self.problem, tasks, group)
        self.touched = touched_rules(rules, core, group)

    def __iter__(self) -> Iterator[Option]:
        yield from self._loosenings()
        yield from self._drops()

    def _members(self, kind: Kind) -> list[Member]:
        """Members of the conflict; where it is not known, every ``reserve``."""
        if self.core is not None:
            return [member for member in self.core.members if member.kind is kind]
        specs = enumerate(self.problem.rules)
        return [Member(kind, k, str(spec)) for k, spec in specs if spec.type == RESERVE and kind is Kind.RESERVE]

    def _loosenings(self) -> Iterator[Option]:
        """Rules with a number or a list in them, loosened no more than needed."""
        for rule in self.touched:
            if isinstance(rule, MaxSkew | MaxPerInstance):
                yield from self._looser_limit(rule)
        for member in self._members(Kind.RESERVE):
            yield from self._smaller_reserve(member.index)
        for rule in self.touched:
            if isinstance(rule, Location | CapacityProviders):
                yield from self._longer_list(rule)
            elif isinstance(rule, InstanceState):
                yield from self._unfrozen()

    def _looser_limit(self, rule: MaxSkew | MaxPerInstance) -> Iterator[Option]:
        at = self._written_at(rule.owner, rule)
        if at is None:
            return

        def option(k: int) -> Option:
            if isinstance(rule, MaxSkew):
                spec = RuleSpec(max_skew.TYPE, rule.argument(k))
            else:
                spec = RuleSpec(max_per_instance.TYPE, str(k))
            owner = self.problem.groups[rule.owner].name
            sentence = f"replace {rule.name} of {owner} by {spec}"
            return Option(sentence, changes.with_constraint(self.problem, rule.owner, at, spec))

        family = self.problem.groups[rule.owner].family
        most = int(Placement(self.problem, self.tasks).family(family).sum() + self.needed[self.group])
        k = least(self.deadline, rule.k + 1, max(most, rule.k + 1), lambda k: self.works(option(k)))
        if k is not None:
            yield option(k)

    def _smaller_reserve(self, at: int) -> Iterator[Option]:
        spec = self.problem.rules[at]
        rule = Reserve.parse(spec.argument)
        rest = spec.argument.split(",", 2)[2:]

        def option(less: int) -> Option:
            amount = rule.amount - less
            argument = ", ".join([rule.resource, str(amount), *(part.strip() for part in rest)])
            sentence = f"reserve {amount:,} instead of {rule.amount:,} {rule.resource} in {spec}"
            return Option(sentence, changes.with_cluster_rule(self.problem, at, RuleSpec(spec.type, argument)))

        less = least(self.deadline, 1, rule.amount, lambda less: self.works(option(less)))
        if less is not None:
            yield option(less)

    def _longer_list(self, rule: Location | CapacityProviders) -> Iterator[Option]:
        group = self.problem.groups[rule.owner]
        if isinstance(rule, Location):
            for zone in self.problem.cluster.column(f"attribute:{ZONE}").values:
                if zone not in group.zones:
                    changed = replace(group, zones=(*group.zones, zone))
                    sentence = f"give {group.name} a subnet in {zone} as well"
                    yield Option(sentence, changes.with_group(self.problem, rule.owner, changed))
            return
        for provider in self.problem.cluster.capacity_provider.values:
            if provider not in group.capacity_providers:
                changed = replace(group, capacity_providers=(*group.capacity_providers, provider))
                sentence = f"let {group.name} use capacity provider {provider} as well"
                yield Option(sentence, changes.with_group(self.problem, rule.owner, changed))

    def _unfrozen(self) -> Iterator[Option]:
        cluster = self.problem.cluster
        for i in np.flatnonzero(self.problem.frozen & cluster.accepts).tolist()[:MOST_UNFROZEN]:
            frozen = self.problem.frozen.copy()
            frozen[i] = False
            yield Option(f"unfreeze {cluster.label(i)}", replace(self.problem, frozen=frozen))

    def _drops(self) -> Iterator[Option]:
        """Rules left out: the group's own first, then those of others and of the cluster, then what goes together."""
        rules = sorted(self.touched, key=lambda rule: rule.owner != self.group)
        for rule in rules:
            yield from self._dropped(rule)
        yield from self._apart()

    def _dropped(self, rule: Constraint) -> Iterator[Option]:
        problem = self.problem
        if rule.owner is None:
            for at, spec in enumerate(problem.rules):
                if isinstance(rule, IsolateRoles) and _says(spec, rule):
                    yield Option(f"drop {rule.name}", changes.with_cluster_rule(problem, at, None))
            return
        group = problem.groups[rule.owner]
        written = self._written_at(rule.owner, rule)
        if written is not None:
            changed = changes.with_constraint(problem, rule.owner, written, None)
            yield Option(f"drop {rule.name} of {group.name}", changed)
        elif isinstance(rule, RequiredAttributes):
            for attribute in rule.attributes:
                kept = tuple(other for other in group.required_attributes if other != attribute)
                less = changes.with_group(problem, rule.owner, replace(group, required_attributes=kept))
                yield Option(f"let {group.name} do without the required attribute {attribute}", less)
            none = changes.with_group(problem, rule.owner, replace(group, required_attributes=()))
            yield Option(f"let {group.name} do without its required attributes", none)
        elif isinstance(rule, Location):
            anywhere = changes.with_group(problem, rule.owner, replace(group, zones=()))
            yield Option(f"give {group.name} subnets in every zone", anywhere)
        elif isinstance(rule, CapacityProviders):
            anywhere = changes.with_group(problem, rule.owner, replace(group, capacity_providers=()))
            yield Option(f"let {group.name} use every instance, of whatever capacity provider", anywhere)

    def _apart(self) -> Iterator[Option]:
        """Tasks that go together, let go one by one."""
        if self.core is not None and not self._members(Kind.TOGETHER):
            return
        group = self.problem.groups[self.group]
        if self.problem.all_or_nothing:
            sentence = "drop all or nothing of the request, and place what fits"
            yield Option(sentence, replace(self.problem, all_or_nothing=False), together=False)
        elif group.all_or_nothing:
            changed = changes.with_group(self.problem, self.group, replace(group, all_or_nothing=False))
            yield Option(f"drop all or nothing of {group.name}, and place what fits", changed, together=False)

    def _written_at(self, owner: int, rule: Constraint) -> int | None:
        """Where the group's constraints name a bound rule; None if it comes from elsewhere."""
        for at, spec in enumerate(self.problem.groups[owner].constraints):
            parsed = CONSTRAINTS[spec.type](owner, spec.argument)
            if type(parsed) is type(rule) and parsed.name == rule.name:
                return at
        return None


def _says(spec: RuleSpec, rule: IsolateRoles) -> bool:
    """Whether a rule of the cluster was written so."""
    return spec.type == ISOLATE and IsolateRoles.parse(spec.argument) == rule
