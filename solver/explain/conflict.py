"""The conflict: a smallest set of rules and resources that cannot hold together with one more task placed (§7.1).

Leaving a rule out never makes less possible, so a set is minimal as soon as each of its members, left out alone, makes
room. Where counting decides, sets are tried by size, and the first that is impossible is a smallest one. Otherwise
members are left out one after the other, and what cannot be left out remains.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.explanation import Conflict
from solver.domain.placement import Placement
from solver.explain.counting import fitting
from solver.explain.feasibility import Prober, Verdict
from solver.explain.target import asked, goal, restated
from solver.rules.affinity import Affinity
from solver.rules.base import Constraint
from solver.rules.bound import Rules
from solver.rules.daemon import Debt
from solver.rules.instance_state import InstanceState
from solver.rules.max_skew import MaxSkew
from solver.rules.member_of import MemberOf
from solver.rules.ports import HostPort
from solver.rules.reserve import TYPE as RESERVE
from solver.rules.reserve import Reserve
from solver.rules.resources import Resource

MOST_SETS = 5_000
"""Sets of members tried by size; beyond, members are left out one by one."""


class Kind(Enum):
    """What a member of a conflict is."""

    RULE = "rule"
    RESERVE = "reserve"
    DEBT = "debt"
    DEMAND = "demand"
    TOGETHER = "together"
    EMPTY = "empty"


@dataclass(frozen=True)
class Member:
    """Something that could be left out. ``index``: into the constraints, the cluster's rules, or the groups."""

    kind: Kind
    index: int
    title: str


@dataclass(frozen=True)
class Core:
    """A conflict by its members, for those who look for a way out of it."""

    members: tuple[Member, ...]
    minimal: bool
    proven: bool

    def conflict(self) -> Conflict:
        """For people."""
        return Conflict(tuple(member.title for member in self.members), self.minimal, self.proven)


class Situation:
    """One group's shortfall: the members, and the rules that remain when some are left out.

    Rules stay bound as they are in the request (``maxSkew`` keeps its buckets), so that leaving one out only makes more
    possible.
    """

    def __init__(self, rules: Rules, tasks: Counts, group: int) -> None:
        self.whole = rules
        self.problem = rules.problem
        self.tasks = tasks
        self.group = group
        self.needed = goal(self.problem, tasks, group)
        self._relaxed: dict[tuple[int, frozenset[int], frozenset[int]], Constraint] = {}
        self._rooms: dict[int, Ints] = {}

    @cached_property
    def starting(self) -> tuple[int, ...]:
        """Groups that start tasks in the plan asked for."""
        return tuple(np.flatnonzero(self.needed).tolist())

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """Everything that bears on the groups that start, in the pipeline's order for the group itself."""
        problem = restated(self.problem, self.needed)
        question = Rules(problem, self.whole.constraints, self.whole.strategies, ())
        ids = {id(rule) for g in self.starting for rule in question.concerning(g)}
        concerning = [rule for rule in self.whole.constraints if id(rule) in ids]
        concerning.sort(key=lambda rule: rule.stage_for(self.group))
        position = {id(rule): k for k, rule in enumerate(self.whole.constraints)}
        found = [Member(Kind.RULE, position[id(rule)], self._title(rule)) for rule in concerning]
        found += self._reserves() + self._debts(concerning)
        found += [self._demand(g) for g in self.starting if g != self.group]
        if self.problem.all_or_nothing:
            found.append(Member(Kind.TOGETHER, -1, "all or nothing of the request"))
        elif self.problem.groups[self.group].all_or_nothing:
            title = f"all or nothing of {self._name(self.group)} ({int(self.needed[self.group]):,} new tasks)"
            found.append(Member(Kind.TOGETHER, self.group, title))
        return tuple(found)

    def _name(self, group: int) -> str:
        return self.problem.groups[group].name

    def _title(self, rule: Constraint) -> str:
        if isinstance(rule, Resource):
            return f"{rule.name} of the instances"
        if isinstance(rule, InstanceState):
            return "state of the instances"
        return rule.name if rule.owner is None else f"{rule.name} of {self._name(rule.owner)}"

    def _reserves(self) -> list[Member]:
        taken = {name for r, name in enumerate(self.problem.cluster.resources) if self._taken(r)}
        return [
            Member(Kind.RESERVE, k, str(spec))
            for k, spec in enumerate(self.problem.rules)
            if spec.type == RESERVE and Reserve.parse(spec.argument).resource in taken
        ]

    def _taken(self, resource: int) -> bool:
        return any(self.problem.demand[g, resource] for g in self.starting)

    def _debts(self, concerning: Sequence[Constraint]) -> list[Member]:
        debts = {debt.group for rule in concerning for debt in _debts_of(rule)}
        return [
            Member(Kind.DEBT, g, f"what {self._name(g)} still owes its instances")
            for g in sorted(debts)
            if g != self.group
        ]

    def _demand(self, group: int) -> Member:
        count = int(self.needed[group])
        unit = "task" if count == 1 else "tasks"
        return Member(Kind.DEMAND, group, f"count of {self._name(group)} ({count:,} new {unit})")

    def needs(self, kept: frozenset[Member]) -> tuple[Ints, Ints]:
        """Starts that are needed, and starts that are allowed because they may help, with only ``kept`` in force."""
        together = any(member.kind is Kind.TOGETHER for member in kept)
        full = goal(self.problem, self.tasks, self.group, together=together)
        counted = {member.index for member in kept if member.kind is Kind.DEMAND}
        keeps = np.zeros(len(full), np.bool_)
        keeps[[self.group, *counted]] = True
        needed = np.where(keeps, full, 0)
        optional = np.where(keeps, 0, np.where(self._helpers(kept), self.needed, 0))
        return needed, optional

    def _helpers(self, kept: frozenset[Member]) -> list[bool]:
        """Groups whose tasks could make room for others: leaving out their count must not forbid them."""
        rules = [self.whole.constraints[member.index] for member in kept if member.kind is Kind.RULE]
        groups = self.problem.groups
        families = {name for rule in rules if isinstance(rule, Affinity) for name in rule.families(self.problem)}
        families |= {groups[rule.owner].family for rule in rules if isinstance(rule, MaxSkew)}
        reading = any(isinstance(rule, MemberOf) and not rule.is_static for rule in rules)
        return [reading or group.family in families for group in groups]

    def constraints(self, kept: frozenset[Member]) -> tuple[Constraint, ...]:
        """The rules in force."""
        reserves = frozenset(member.index for member in kept if member.kind is Kind.RESERVE)
        debts = frozenset(member.index for member in kept if member.kind is Kind.DEBT)
        inside = sorted(member.index for member in kept if member.kind is Kind.RULE)
        return tuple(self._with(index, reserves, debts) for index in inside)

    def _with(self, index: int, reserves: frozenset[int], debts: frozenset[int]) -> Constraint:
        """A rule with only some of what is reserved and owed."""
        rule = self.whole.constraints[index]
        if not isinstance(rule, Resource | HostPort):
            return rule
        key = (index, reserves, debts)
        if key not in self._relaxed:
            owed = tuple(debt for debt in rule.debts if debt.group in debts or debt.group == self.group)
            changed: Constraint = replace(rule, debts=owed)
            if isinstance(changed, Resource):
                changed = replace(changed, reserved=self._reserved(changed.name, reserves))
            self._relaxed[key] = changed
        return self._relaxed[key]

    def _reserved(self, resource: str, reserves: Iterable[int]) -> Ints:
        reserved = np.zeros(self.problem.cluster.size, np.int64)
        for index in reserves:
            rule = Reserve.parse(self.problem.rules[index].argument)
            if rule.resource == resource:
                reserved += rule.held(self.problem)
        return reserved

    def rules(self, kept: frozenset[Member]) -> tuple[Rules, Ints]:
        """The question with only ``kept`` in force, and the starts it needs."""
        needed, optional = self.needs(kept)
        problem = restated(self.problem, needed, optional)
        whole = Rules(problem, self.constraints(kept), self.whole.strategies, ())
        return asked(whole, problem, needed), needed

    def room(self, state: Placement, rule: Constraint) -> Ints:
        """The rule's room for the group in the state before, remembered."""
        if id(rule) not in self._rooms:
            self._rooms[id(rule)] = rule.room(state, self.group)
        return self._rooms[id(rule)]


def _debts_of(rule: Constraint) -> tuple[Debt, ...]:
    return rule.debts if isinstance(rule, Resource | HostPort) else ()


def core(rules: Rules, tasks: Counts, group: int, prober: Prober, *, known_impossible: bool = False) -> Core | None:
    """A smallest conflict of a group that falls short; None if one more task fits or time is over.

    Parameters
    ----------
    known_impossible
        It is already proved that no plan places more of the class.

    Notes
    -----
    Where neither a plan nor a proof is found in time, the conflict is what stands in the way of the plans that were
    tried; it is neither ``proven`` nor ``minimal``.
    """
    if not rules.problem.cluster.size:
        return Core((Member(Kind.EMPTY, 0, "the cluster has no instances"),), True, True)
    situation = Situation(rules, tasks, group)
    everything = frozenset(situation.members)
    if prober.deadline.passed():
        return None
    alone = frozenset(member for member in everything if _of_the_group(member, situation))
    shrinker = _Shrinker(situation, prober)
    if alone != everything and shrinker.verdict(alone) is Verdict.NO:
        return shrinker.shrink(alone)
    whole = Verdict.NO if known_impossible else shrinker.verdict(everything)
    if whole is Verdict.NO:
        return shrinker.shrink(everything)
    if whole is Verdict.UNKNOWN:
        quick = Prober(prober.limits, prober.deadline, searches=0)
        return _Shrinker(situation, quick, guessing=True).shrink(everything)
    return None


def _of_the_group(member: Member, situation: Situation) -> bool:
    """Whether a member would bear on the group if no other group started a task."""
    if member.kind is Kind.DEMAND:
        return False
    if member.kind is not Kind.RULE:
        return True
    rule = situation.whole.constraints[member.index]
    return any(rule is other for other in situation.whole.concerning(situation.group))


class _Shrinker:
    """Leaves members out. ``guessing``: what no plan was found for counts as impossible, and nothing is certain."""

    def __init__(self, situation: Situation, prober: Prober, *, guessing: bool = False) -> None:
        self.situation = situation
        self.prober = prober
        self.kept: frozenset[Member] = frozenset()
        self.certain = not guessing
        self.guessing = guessing

    def verdict(self, members: frozenset[Member]) -> Verdict:
        """Whether one more task fits with only these members in force."""
        rules, needed = self.situation.rules(members)
        return self.prober.ask(rules, needed, self.situation.tasks).verdict

    def shrink(self, members: frozenset[Member]) -> Core:
        """A minimal part of an impossible set."""
        counted = None if self.guessing else self._smallest_by_counting(members)
        self.kept = members if counted is None else counted
        order = [member for member in self.situation.members if member in self.kept]
        # What concerns other groups goes first, by halves; then what is withheld; the group's own rules last.
        others = [m for m in order if not _of_the_group(m, self.situation)]
        own = [m for m in order if m not in others]
        self._thin([m for m in others if m.kind is Kind.DEMAND])
        self._thin([m for m in others if m.kind is not Kind.DEMAND])
        for member in sorted(own, key=lambda m: m.kind is Kind.RULE):
            self._thin([member])
        final = tuple(member for member in order if member in self.kept)
        return Core(final, self.certain, not self.guessing)

    def _thin(self, candidates: list[Member]) -> None:
        """Leave out as many of the candidates as possible."""
        candidates = [member for member in candidates if member in self.kept]
        if not candidates:
            return
        if self.prober.deadline.passed():
            self.certain = False
            return
        without = self.kept - frozenset(candidates)
        found = self.verdict(without)
        if found is Verdict.NO or (self.guessing and found is Verdict.UNKNOWN):
            self.kept = without
        elif len(candidates) > 1:
            half = len(candidates) // 2
            self._thin(candidates[:half])
            self._thin(candidates[half:])
        elif found is Verdict.UNKNOWN:
            self.certain = False

    def _smallest_by_counting(self, members: frozenset[Member]) -> frozenset[Member] | None:
        """The first impossible set by size and the pipeline's order; None if other groups matter or none is found."""
        situation = self.situation
        if any(member.kind is Kind.DEMAND for member in members):
            return None
        ordered = [member for member in situation.members if member in members]
        counter = _Counter(situation)
        tried = 0
        for size in range(len(ordered) + 1):
            for chosen in itertools.combinations(ordered, size):
                tried += 1
                if tried > MOST_SETS or (tried % 50 == 0 and self.prober.deadline.passed()):
                    return None
                if counter.impossible(frozenset(chosen)):
                    return frozenset(chosen)
        return None


class _Counter:
    """Counting for one group alone, with the room of each rule computed once."""

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self._states: dict[bool, tuple[Placement, int]] = {}

    def impossible(self, members: frozenset[Member]) -> bool:
        """Whether counting proves that the members leave no room."""
        together = any(member.kind is Kind.TOGETHER for member in members)
        state, amount = self._state(together)
        situation = self.situation
        if situation.needs(members)[1].any():
            return False
        rules = situation.constraints(members)
        found = fitting(state, situation.group, amount, rules, lambda rule: situation.room(state, rule))
        return found.most < amount

    def _state(self, together: bool) -> tuple[Placement, int]:
        if together not in self._states:
            situation = self.situation
            full = goal(situation.problem, situation.tasks, situation.group, together=together)
            needed = np.zeros_like(full)
            needed[situation.group] = full[situation.group]
            self._states[together] = (Placement(restated(situation.problem, needed)), int(full[situation.group]))
        return self._states[together]


__all__ = ["Core", "Kind", "Member", "Situation", "core"]
