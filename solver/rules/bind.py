"""From rules as they are written to rules bound to a problem, in the pipeline's order: the one list of rule names."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import numpy as np

from solver.domain.counts import LARGEST_SUM, Bools
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, Scheduling
from solver.errors import MAX_FAULTS, Fault, InvalidRequest
from solver.rules import (
    affinity,
    anti_affinity,
    binpack,
    daemon,
    isolate_roles,
    least_fragmentation,
    max_per_instance,
    max_skew,
    member_of,
    prefers,
    reserve,
    spread,
    tolerates,
)
from solver.rules import random as random_strategy
from solver.rules.base import Constraint, Cost, Strategy
from solver.rules.bound import Rules, static_part
from solver.rules.buckets import Buckets
from solver.rules.capacity_providers import CapacityProviders
from solver.rules.companion import CompanionConstraint, CompanionCost
from solver.rules.daemon import Debt
from solver.rules.devices import Devices
from solver.rules.gain import LARGEST_PRODUCT, PER_UNIT
from solver.rules.instance_state import InstanceState
from solver.rules.location import Location
from solver.rules.max_skew import MaxSkew
from solver.rules.ports import HostPort, PortCount
from solver.rules.required_attributes import RequiredAttributes
from solver.rules.resources import Resource
from solver.rules.tiers import tiers_of

T = TypeVar("T")

CONSTRAINTS: dict[str, Callable[[int, str], Constraint | Cost]] = {
    affinity.TYPE: affinity.parse,
    anti_affinity.TYPE: anti_affinity.parse,
    max_per_instance.DISTINCT: max_per_instance.MaxPerInstance.parse_distinct,
    max_per_instance.TYPE: max_per_instance.MaxPerInstance.parse,
    max_skew.TYPE: max_skew.MaxSkew.parse,
    member_of.TYPE: member_of.MemberOf.parse,
    prefers.TYPE: prefers.Prefers.parse,
    tolerates.TYPE: tolerates.Tolerates.parse,
}
MOST_COMPARED, LONGEST_COMPARED, MOST_LOOKED_FOR = 200, 100, 5
"""Families, and characters of their names, among which one that was meant is looked for; and how often."""

STRATEGIES = (binpack.TYPE, least_fragmentation.TYPE, random_strategy.TYPE, spread.TYPE)
CLUSTER_RULES = (isolate_roles.TYPE, reserve.TYPE)


def bind(problem: Problem, objective: Callable[[Rules], tuple[Cost, ...]] | None = None) -> Rules:
    """Parse and bind all rules of a problem.

    Parameters
    ----------
    objective
        Makes what is minimised in place of what the request says, of the rules as they are bound without it.

    Raises
    ------
    InvalidRequest
        With every rule that cannot be read, each with its path.
    """
    binder = _Binder(problem)
    rules = binder.rules()
    if objective is None:
        return rules
    tiers = objective(rules)
    binder.refuse_large(tiers)
    return replace(rules, tiers=tiers, objective=objective)


class _Binder:
    """Reads the rules of a problem and collects what is wrong with them."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.faults: list[Fault] = []
        self._admitted_by: dict[Hashable, Bools] = {}
        self._usable_by: dict[Hashable, Bools] = {}
        # With the array, which lives as long as its identity is a key.
        self._buckets_of: dict[tuple[str, int], tuple[Bools, Buckets]] = {}

    def rules(self) -> Rules:
        """Every rule, once none is wrong."""
        problem = self.problem
        written = [self._written(g) for g in range(len(problem.groups))]
        reserves = self._parsed("rules", problem.rules, self._cluster_rule)
        chains = [self._chain_specs(g) for g in range(len(problem.groups))]
        if self.faults:
            raise InvalidRequest(self.faults)
        needs = [self._needs(g) for g in range(len(problem.groups))]
        own = [[rule for rule in rules if isinstance(rule, Constraint)] for rules in written]
        usable = [self._usable(g, needs[g] + own[g]) for g in range(len(own))]
        own = [[self._on_buckets(rule, usable) for rule in rules] for rules in own]
        debts = daemon.debts(problem, usable)
        constraints: list[Constraint] = [InstanceState(), *self._resources(reserves, debts), *self._ports(debts)]
        constraints += [Devices()] if problem.device_groups else []
        constraints += [rule for rules in needs for rule in rules]
        constraints += [rule for rules in own for rule in rules]
        constraints += [rule for rule in reserves if isinstance(rule, Constraint)]
        soft = tuple(rule for rules in written for rule in rules if isinstance(rule, Cost))
        fragmentation = self._fragmentation(chains, needs, own)
        chains_bound = tuple(self._chain(g, chains[g], usable, fragmentation) for g in range(len(chains)))
        tiers = tiers_of(problem, tuple(constraints), chains_bound, soft)
        self.refuse_large(tiers)
        return Rules(problem, tuple(constraints), chains_bound, tiers)

    def refuse_large(self, tiers: tuple[Cost, ...]) -> None:
        """A cost that could leave 2^53 is refused, not wrapped (§11.2)."""
        large = [cost for cost in tiers if cost.ceiling(self.problem) > LARGEST_SUM]
        remedy = "ask for fewer tasks at once, or use a coarser unit"
        if large:
            raise InvalidRequest(Fault(f"cost {cost.name}", "could exceed 2^53", remedy) for cost in large)
        least = self.problem.freedom.min_gain
        if least and any(max(least, PER_UNIT) * cost.ceiling(self.problem) > LARGEST_PRODUCT for cost in tiers):
            problem = f"is {least:,}, which times the moves and the costs could exceed 2^62"
            raise InvalidRequest.at("freedom.min_gain", problem, "ask for less")

    def _parsed(self, path: str, specs: tuple[RuleSpec, ...], read: Callable[[RuleSpec], T]) -> list[T]:
        found = []
        for k, spec in enumerate(specs):
            if len(self.faults) >= MAX_FAULTS:
                break  # No more are listed, and looking for what was meant takes its time.
            try:
                found.append(read(spec))
            except InvalidRequest as invalid:
                whole = f"{path}[{k}] {spec.type}"
                self.faults += [Fault(f"{whole}: {f.path}", f.problem, f.remedy) for f in invalid.faults]
        return found

    def _written(self, g: int) -> list[Constraint | Cost]:
        def read(spec: RuleSpec) -> Constraint | Cost:
            if spec.type not in CONSTRAINTS:
                raise InvalidRequest.at("type", "is not a constraint", f"must be one of {', '.join(CONSTRAINTS)}")
            rule = CONSTRAINTS[spec.type](g, spec.argument)
            self._refuse_unknown_family(rule)
            return rule

        return self._parsed(f"groups[{g}].constraints", self.problem.groups[g].constraints, read)

    def _refuse_unknown_family(self, rule: Constraint | Cost) -> None:
        """An affinity names a family of the request (§11.2); a family without tasks is one, too."""
        if not isinstance(rule, CompanionConstraint | CompanionCost):
            return
        wrong = next((name for name in rule.families(self.problem) if name not in self.problem.families), None)
        if wrong is None:
            return
        known = list(islice(self.problem.families, MOST_COMPARED))
        # To compare two names takes time that grows with the square of their length.
        short = [name for name in known if max(len(name), len(wrong)) <= LONGEST_COMPARED]
        close = difflib.get_close_matches(wrong, short, n=3) if len(self.faults) < MOST_LOOKED_FOR else []
        close = close or known[:3]
        raise InvalidRequest.at("argument", f"'{wrong}' is no group of the request", f"such as {', '.join(close)}")

    def _cluster_rule(self, spec: RuleSpec) -> Constraint | reserve.Reserve:
        if spec.type == isolate_roles.TYPE:
            return isolate_roles.IsolateRoles.parse(spec.argument)
        if spec.type == reserve.TYPE:
            rule = reserve.Reserve.parse(spec.argument)
            if rule.resource not in self.problem.cluster.resources:
                known = ", ".join(self.problem.cluster.resources)
                raise InvalidRequest.at("argument", f"resource is '{rule.resource}'", f"must be one of {known}")
            return rule
        raise InvalidRequest.at("type", "is not a rule of the cluster", f"must be one of {', '.join(CLUSTER_RULES)}")

    def _admitted(self, g: int, rules: list[Constraint]) -> Bools:
        """``bool[I]``: where the group's own rules let it be, as far as they are static; shared by groups with the same ones."""
        key = static_part(self.problem.groups[g])
        if key not in self._admitted_by:
            admitted = np.ones(self.problem.cluster.size, np.bool_)
            for rule in rules:
                if rule.is_static:
                    admitted &= rule.admits(self.problem, g)
            self._admitted_by[key] = admitted
        return self._admitted_by[key]

    def _usable(self, g: int, rules: list[Constraint]) -> Bools:
        """The same where tasks are accepted at all."""
        key = static_part(self.problem.groups[g])
        if key not in self._usable_by:
            self._usable_by[key] = self.problem.cluster.accepts & self._admitted(g, rules)
        return self._usable_by[key]

    def _buckets(self, field: str, usable: Bools) -> Buckets:
        """The values of a field on instances that are usable; made once for each array."""
        known = self._buckets_of.get((field, id(usable)))
        if known is None:
            known = self._buckets_of[field, id(usable)] = (usable, Buckets.over(self.problem, field, usable))
        return known[1]

    def _on_buckets(self, rule: Constraint, usable: list[Bools]) -> Constraint:
        """A ``maxSkew`` looks at the buckets that its group may use, which the other rules decide."""
        if not isinstance(rule, MaxSkew):
            return rule
        own = rule.selected(self.problem)
        return rule.over(self._buckets(rule.field, usable[rule.owner]) if own is None else own)

    def _chain_specs(self, g: int) -> list[tuple[str, str]]:
        def read(spec: RuleSpec) -> tuple[str, str]:
            if spec.type == spread.TYPE:
                return spec.type, spread.Spread.parse(spec.argument)
            if spec.type == binpack.TYPE:
                return spec.type, binpack.Binpack.parse(spec.argument, self.problem.cluster.resources)
            if spec.type == least_fragmentation.TYPE:
                least_fragmentation.LeastFragmentation.parse(spec.argument, self.problem)
                return spec.type, ""
            if spec.type == random_strategy.TYPE:
                random_strategy.Random.parse(spec.argument)
                return spec.type, ""
            raise InvalidRequest.at("type", "is not a strategy", f"must be one of {', '.join(STRATEGIES)}")

        return self._parsed(f"groups[{g}].strategies", self.problem.strategies(g), read)

    def _fragmentation(
        self, chains: list[list[tuple[str, str]]], needs: list[list[Constraint]], own: list[list[Constraint]]
    ) -> tuple[least_fragmentation.LeastFragmentation, ...]:
        """One strategy for all groups that have it, since they share what is to be expected; none where none has it."""
        if not any(kind == least_fragmentation.TYPE for specs in chains for kind, _ in specs):
            return ()
        admits = [self._admitted(g, needs[g] + own[g]) for g in range(len(chains))]
        expected = least_fragmentation.Expected.of(self.problem, admits)
        return (least_fragmentation.LeastFragmentation(self.problem, expected, admits),)

    def _chain(
        self,
        g: int,
        specs: list[tuple[str, str]],
        usable: list[Bools],
        fragmentation: tuple[least_fragmentation.LeastFragmentation, ...],
    ) -> tuple[Strategy, ...]:
        family = self.problem.groups[g].family
        members = self.problem.families[family]
        anywhere = usable[g] if len(members) == 1 else np.logical_or.reduce([usable[m] for m in members])
        chain: list[Strategy] = []
        for kind, argument in specs:
            if kind == spread.TYPE:
                chain.append(spread.Spread(self.problem, family, argument, anywhere, self._buckets(argument, anywhere)))
            elif kind == binpack.TYPE:
                chain.append(binpack.Binpack(g, argument))
            elif kind == least_fragmentation.TYPE:
                chain += fragmentation
            else:
                chain.append(random_strategy.Random())
        return tuple(chain)

    def _needs(self, g: int) -> list[Constraint]:
        """What the task definition and the service demand without a placement constraint."""
        group = self.problem.groups[g]
        needs: list[Constraint] = []
        if group.required_attributes:
            needs.append(RequiredAttributes(g, group.required_attributes))
        if group.zones:
            needs.append(Location(g, group.zones))
        if group.scheduling is Scheduling.DAEMON:
            needs.append(max_per_instance.MaxPerInstance.of_daemon(g))
        if group.capacity_providers:
            needs.append(CapacityProviders(g, group.capacity_providers))
        return needs

    def _resources(self, rules: list[Constraint | reserve.Reserve], debts: tuple[Debt, ...]) -> list[Constraint]:
        held = [rule for rule in rules if isinstance(rule, reserve.Reserve)]
        found: list[Constraint] = []
        for r, name in enumerate(self.problem.cluster.resources):
            reserved = np.zeros(self.problem.cluster.size, np.int64)
            for rule in held:
                if rule.resource == name:
                    # More than any capacity is as good as the sum of all, and cannot wrap (§11.2).
                    reserved = np.minimum(reserved + rule.held(self.problem), LARGEST_SUM)
            found.append(Resource(r, name, reserved, debts))
        return found

    def _ports(self, debts: tuple[Debt, ...]) -> list[Constraint]:
        ports = sorted({port for group in self.problem.groups for port in group.ports})
        return [*(HostPort(port, debts) for port in ports), PortCount()] if ports else []
