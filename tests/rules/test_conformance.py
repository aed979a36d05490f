"""Every rule says the same in each of its forms: one test for all of them, by enumeration on tiny clusters.

For each rule alone, on random problems of two or three instances that may break it already: the starts that
``violations`` allows are the solutions of what ``compile`` says; ``room`` and ``admits`` agree with both; what a cost's
``compile`` comes to, minimised at given starts, is its ``value``, and its ``bound`` is never above it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
import pytest
from ortools.sat.python import cp_model

from solver.cpsat.merging import TaskType, merge
from solver.cpsat.model import CountModel
from solver.domain.cluster import INSTANCE_TYPE
from solver.domain.counts import Bools, Counts, Ints
from solver.domain.devices import WHOLE, DeviceNeed
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Scheduling, TaskGroup
from solver.rules.affinity import Affinity, SoftAffinity
from solver.rules.anti_affinity import AntiAffinity, SoftAntiAffinity
from solver.rules.balance import Imbalance
from solver.rules.base import UNLIMITED, Constraint, Cost, Counting, Reading, Rule
from solver.rules.bind import CLUSTER_RULES, CONSTRAINTS, STRATEGIES, bind
from solver.rules.binpack import Leftover, Opened
from solver.rules.bound import Rules
from solver.rules.broken import Broken
from solver.rules.capacity_providers import CapacityProviders
from solver.rules.depends_on import DependsOn
from solver.rules.devices import Devices
from solver.rules.instance_state import InstanceState
from solver.rules.isolate_roles import IsolateRoles
from solver.rules.largest_skew import LargestSkew
from solver.rules.least_fragmentation import Fragmentation
from solver.rules.location import Location
from solver.rules.max_per_instance import MaxPerInstance
from solver.rules.max_skew import MaxSkew
from solver.rules.member_of import MemberOf
from solver.rules.overload import Overload
from solver.rules.ports import HostPort, PortCount
from solver.rules.prefers import Prefers
from solver.rules.required_attributes import RequiredAttributes
from solver.rules.resources import Resource
from solver.rules.running_cost import RunningCost
from solver.rules.slot import Slot
from solver.rules.spread import Evenness, Missing
from solver.rules.spread_over import SpreadOver
from solver.rules.summed_skew import SummedSkew
from solver.rules.tolerates import Tolerates
from solver.rules.transient import Transient
from solver.rules.unplaced import Unplaced
from solver.rules.weighted import Weighted
from tests.builders import EXPRESSIONS, ZONE_FIELD, cluster, group, problem

PROBLEMS = 16
"""Random problems a rule."""

STATES = 8
"""States of a problem that are looked at closely."""

MORE = 4
"""A room is tried out up to this many tasks."""

FIELDS = (ZONE_FIELD, "attribute:rack", "instanceId")
EMPTY: tuple[str, ...] = ()


@dataclass
class Draft:
    """A problem in the making: rows, groups, what runs. The rule under test adds itself."""

    r: random.Random
    rows: list[dict[str, Any]]
    groups: list[TaskGroup]
    rules: list[str]
    frozen: bool = False
    freedom: Freedom = Freedom()

    @classmethod
    def at_random(cls, r: random.Random) -> Draft:
        """Two or three instances with gaps in their attributes; groups A and B, now and then C or a revision of A."""
        rows: list[dict[str, Any]] = []
        for k in range(r.choice([2, 3, 3])):
            row: dict[str, Any] = {"id": f"i{k}", "unlisted": r.choice([0, 0, 1])}
            for key, values in (("zone", "aab"), ("rack", "12"), ("stack", ("prod", "dev"))):
                if r.random() < 0.8:
                    row[key] = r.choice(values)
            rows.append(row)
        groups = [group("A", r.choice([1, 2, 2])), group("B", r.choice([0, 1, 2]))]
        if r.random() < 0.3:
            groups.append(group("A@2", r.choice([0, 1]), family="A"))
        elif r.random() < 0.2:
            groups.append(group("C", 1))
        return cls(r, rows, groups, [])

    def each(self, change: Callable[[], dict[str, Any]]) -> None:
        """Change every group."""
        self.groups = [replace(g, **change()) for g in self.groups]

    def owner(self, *rules: str) -> None:
        """Give the first group rules; now and then another one too."""
        at = self.r.choice([0, 0, 0, 1])
        self.groups[at] = replace(self.groups[at], constraints=group("", rules=rules).constraints)

    def chain(self, *chain: str, everybody: bool = True) -> None:
        """Give the groups strategies."""
        specs = group("", chain=chain).strategies
        self.groups = [g if k and not everybody else replace(g, strategies=specs) for k, g in enumerate(self.groups)]

    def twin(self) -> None:
        """Let the second group be like the first in all but name, family and number."""
        first, second = self.groups[:2]
        self.groups[1] = replace(first, name=second.name, family=second.family, start=second.start)

    def problem(self) -> Problem:
        """The problem; what runs is taken from what is free, and may be more than there is."""
        running = {g.name: [self.r.choice([0, 0, 0, 1, 1, 2]) for _ in self.rows] for g in self.groups}
        names = ("cpu", "memory")
        for i, row in enumerate(self.rows):
            here = {name: sum(running[g.name][i] * g.demand.get(name, 0) for g in self.groups) for name in names}
            row["free"] = {name: row.get(name, 10**6) - here[name] for name in names}
            held = {port for g in self.groups if running[g.name][i] for port in g.ports}
            row["ports"] = sorted({*row.get("ports", ()), *held})
        frozen = np.array([self.frozen and self.r.random() < 0.3 for _ in self.rows], np.bool_)
        return problem(cluster(self.rows), self.groups, running, rules=self.rules, frozen=frozen, freedom=self.freedom)


@dataclass(frozen=True)
class Subject:
    """A rule under test.

    Parameters
    ----------
    kind
        The bound constraints or costs that are looked at, and nothing else.
    prepare
        Puts the rule into a draft.
    names
        The wire names that it covers.
    counts_starts
        The rule looks only at what starts, so nothing that runs can break it.
    """

    kind: tuple[type, ...]
    prepare: Callable[[Draft], None]
    names: tuple[str, ...] = EMPTY
    counts_starts: bool = False
    bound: Callable[[random.Random, Problem], tuple[Rule, ...]] | None = None
    """The rules under test, where no wire name binds them: of a problem with numbers of its own."""


def _instance_state(draft: Draft) -> None:
    draft.frozen = True
    for row in draft.rows:
        row |= {"active": draft.r.random() < 0.7, "connected": draft.r.random() < 0.7}


def _resource(draft: Draft) -> None:
    draft.each(lambda: {"demand": {"cpu": draft.r.randint(0, 2), "memory": draft.r.randint(0, 2)}})
    for row in draft.rows:
        row |= {"cpu": draft.r.randint(0, 6), "memory": draft.r.randint(0, 6)}


def _reserve(draft: Draft) -> None:
    _resource(draft)
    draft.rules += ["reserve(cpu, 2)", "reserve(cpu, 1, attribute:stack == prod)"]


def _daemon(draft: Draft) -> None:
    _resource(draft)
    at = draft.r.randrange(len(draft.groups))
    rules = group("", rules=draft.r.choice([(), ("memberOf(attribute:stack exists)",)])).constraints
    draft.groups[at] = replace(draft.groups[at], scheduling=Scheduling.DAEMON, constraints=rules)


def _ports(draft: Draft) -> None:
    ports = (("tcp", 80), ("udp", 80), ("tcp", 81))
    draft.each(lambda: {"ports": tuple(draft.r.sample(ports, draft.r.choice([0, 1, 1, 2])))})
    for row in draft.rows:
        row["ports"] = draft.r.choice([[], [], [("tcp", 80)]])


def _daemon_port(draft: Draft) -> None:
    _ports(draft)
    at = draft.r.randrange(len(draft.groups))
    draft.groups[at] = replace(draft.groups[at], scheduling=Scheduling.DAEMON, ports=(("tcp", 80),))


def _port_count(draft: Draft) -> None:
    _ports(draft)
    for row in draft.rows:
        row["ports"] = [("tcp", port) for port in range(1000, 1000 + draft.r.randint(95, 101))]


def _devices(draft: Draft) -> None:
    """Shares of several sizes, whole devices, several at once; what runs and stays has its own already."""
    needs = (None, (300, 1), (450, 1), (600, 1), (500, 2), (WHOLE, 1), (WHOLE, 1), (WHOLE, 2))
    for k, one in enumerate(draft.groups):
        need = draft.r.choice(needs[1:] if k == 0 else needs)
        draft.groups[k] = replace(one, devices=DeviceNeed(*need) if need else None)
    for row in draft.rows:
        row["devices"] = [draft.r.choice([0, 300, 500, 750, WHOLE, WHOLE]) for _ in range(draft.r.choice([0, 1, 2, 3]))]


def _fragmentation(draft: Draft) -> None:
    """Room for all tasks anywhere, beside devices that are in part taken; some expected tasks fit and some do not."""
    _resource(draft)
    needs = ((300, 1), (450, 1), (WHOLE, 1), (WHOLE, 2), (500, 2))
    for k, one in enumerate(draft.groups):
        need = draft.r.choice((None, *needs)) if k else draft.r.choice(needs)
        arrivals = draft.r.randint(1, 5) if k == 0 else draft.r.choice([0, 1, 3])
        draft.groups[k] = replace(one, devices=DeviceNeed(*need) if need else None, arrivals=arrivals)
    for row in draft.rows:
        taken = [draft.r.choice([0, 200, 400, 700, 800]) for _ in range(draft.r.choice([1, 2]))]
        row["devices"] = [*taken, *[WHOLE] * 10]
    draft.owner(f"memberOf({draft.r.choice(['attribute:stack == prod', 'attribute:rack exists'])})")
    draft.chain("leastFragmentation", everybody=draft.r.random() < 0.5)


def _attributes(draft: Draft) -> None:
    draft.each(lambda: {"required_attributes": draft.r.choice([(), ("stack",), ("stack=prod", "rack")])})


def _location(draft: Draft) -> None:
    draft.each(lambda: {"zones": draft.r.choice([(), ("a",), ("b", "c")])})


def _providers(draft: Draft) -> None:
    draft.each(lambda: {"capacity_providers": draft.r.choice([(), ("p1",), ("p2", "p3")])})
    for row in draft.rows:
        row["provider"] = draft.r.choice(["p1", "p2", None])


def _member_of(draft: Draft) -> None:
    draft.owner(f"memberOf({draft.r.choice(EXPRESSIONS)})")


def _max_skew(draft: Draft) -> None:
    draft.owner(f"maxSkew({draft.r.choice(FIELDS)}, {draft.r.choice([1, 1, 2])})")


def _max_skew_of(draft: Draft) -> None:
    selection = draft.r.choice(
        ["", ", attribute:stack == prod", ", attribute:rack exists", ", attribute:rack in [1, 2]"]
    )
    draft.owner(f"maxSkew({draft.r.choice(FIELDS)}, 1, {draft.r.choice([1, 3, 4])}{selection})")


TAINTS = ("k=a:NoSchedule", "k=b:NoExecute,m=:NoSchedule", "k=a:PreferNoSchedule", "m=x:NoSchedule")


def _tolerates(draft: Draft) -> None:
    for row in draft.rows:
        row["taints"] = draft.r.choice([*TAINTS, None])
    draft.owner(
        f"tolerates({draft.r.choice(['', 'k', 'k=a', 'k=b:NoExecute, m', 'm:NoSchedule', '*', '*:NoExecute'])})"
    )


def _prefers(draft: Draft) -> None:
    expression = draft.r.choice(["attribute:zone == a", "not (attribute:rack in [1, 2])", "attribute:stack exists"])
    draft.owner(f"prefers(3, {expression})")


def _families_rule(kind: str, weight: str = "") -> Callable[[Draft], None]:
    def prepare(draft: Draft) -> None:
        families = draft.r.choice(["A | B", "B|B", "B | C"])
        if "C" in families and all(g.family != "C" for g in draft.groups):
            draft.groups.append(group("C", 1))
        draft.owner(f"{kind}({families}, {draft.r.choice(FIELDS)}{weight})")

    return prepare


def _field_rule(kind: str, weight: str = "") -> Callable[[Draft], None]:
    def prepare(draft: Draft) -> None:
        family = draft.r.choice(["A", "B", "B"])
        draft.owner(f"{kind}({family}, {draft.r.choice(FIELDS)}{weight})")

    return prepare


def _isolate(draft: Draft) -> None:
    draft.each(lambda: {"role": draft.r.choice(["r1", "r2", "r3", ""])})
    draft.rules.append(draft.r.choice(["isolateRoles(r1, r2)", "isolateRoles(r1, r2, r3)"]))


def _spread(draft: Draft) -> None:
    draft.chain(f"spread({draft.r.choice(FIELDS)})", everybody=draft.r.random() < 0.7)


def _binpack(draft: Draft) -> None:
    _resource(draft)
    draft.chain(f"binpack({draft.r.choice(['cpu', 'memory'])})", everybody=draft.r.random() < 0.5)
    if draft.r.random() < 0.3:
        draft.groups[1] = replace(draft.groups[1], scheduling=Scheduling.DAEMON)


def _slot(draft: Draft) -> None:
    _resource(draft)
    draft.frozen = True
    slot = draft.r.choice([{"cpu": 4, "memory": 3}, {"cpu": 7}, {"memory": 6, "cpu": 2}])
    draft.freedom = Freedom(slot=slot)


def _types(draft: Draft) -> None:
    _resource(draft)
    for row in draft.rows:
        row[INSTANCE_TYPE] = draft.r.choice(["small", "large", "free", None])
    if draft.r.random() < 0.3:
        draft.groups[1] = replace(draft.groups[1], scheduling=Scheduling.DAEMON)


def _some_active(draft: Draft) -> None:
    _resource(draft)
    for row in draft.rows:
        row["active"] = draft.r.random() < 0.8


def _priorities(draft: Draft) -> None:
    draft.each(lambda: {"priority": draft.r.choice([0, 1])})


def _transient(r: random.Random, asked: Problem) -> tuple[Rule, ...]:
    return tuple(Transient(k, name) for k, name in enumerate(asked.cluster.resources))


def _spread_over(r: random.Random, asked: Problem) -> tuple[Rule, ...]:
    return (SpreadOver("A", r.choice(FIELDS), r.choice([2, 2, 3])),)


def _depends_on(r: random.Random, asked: Problem) -> tuple[Rule, ...]:
    return (DependsOn("A", "B", r.choice(FIELDS)),)


def _overload(r: random.Random, asked: Problem) -> tuple[Rule, ...]:
    safety = [[r.randint(0, 4) for _ in asked.cluster.resources] for _ in range(asked.cluster.size)]
    return (Overload(np.array(safety), np.array([r.choice([0, 1, 3]) for _ in asked.cluster.resources])),)


def _imbalance(r: random.Random, asked: Problem) -> tuple[Rule, ...]:
    return (Imbalance(0, 1, r.choice([0, 1, 2])), Weighted(((2, Imbalance(1, 0, 1)), (3, Imbalance(0, 1, 1)))))


def _largest_skew(r: random.Random, asked: Problem) -> tuple[Rule, ...]:
    rules, field = bind(asked), r.choice(FIELDS)
    return (LargestSkew.of(rules, field), LargestSkew.of(rules, field, r.choice([1, 2])))


def _running_cost(r: random.Random, asked: Problem) -> tuple[Rule, ...]:
    return (RunningCost.of(asked, {"large": 7, "small": 3}),)


def _summed_skew(r: random.Random, asked: Problem) -> tuple[Rule, ...]:
    return (SummedSkew.of(asked, [(family, r.choice(FIELDS)) for family in r.choice([["A"], ["A", "B"]])]),)


CONSTRAINT_SUBJECTS = {
    "instance state": Subject((InstanceState,), _instance_state, counts_starts=True),
    "resource": Subject((Resource,), _resource),
    "reserve": Subject((Resource,), _reserve, ("reserve",)),
    # What a daemon pays of its debt counts once in the model because a second task of it is refused anyway.
    "daemon debt": Subject((Resource, MaxPerInstance), _daemon),
    "one daemon task": Subject((MaxPerInstance,), _daemon),
    "host port": Subject((HostPort,), _ports, counts_starts=True),
    "daemon's port": Subject((HostPort,), _daemon_port, counts_starts=True),
    "port count": Subject((PortCount,), _port_count),
    "devices": Subject((Devices,), _devices, counts_starts=True),
    "required attributes": Subject((RequiredAttributes,), _attributes),
    "location": Subject((Location,), _location),
    "capacity providers": Subject((CapacityProviders,), _providers),
    "memberOf": Subject((MemberOf,), _member_of, ("memberOf",), counts_starts=True),
    "distinctInstance": Subject((MaxPerInstance,), lambda d: d.owner("distinctInstance"), ("distinctInstance",)),
    "maxPerInstance": Subject((MaxPerInstance,), lambda d: d.owner("maxPerInstance(2)"), ("maxPerInstance",)),
    "maxSkew": Subject((MaxSkew,), _max_skew, ("maxSkew",)),
    "maxSkew of some": Subject((MaxSkew,), _max_skew_of, ("maxSkew",)),
    "tolerates": Subject((Tolerates,), _tolerates, ("tolerates",), counts_starts=True),
    "affinity": Subject((Affinity,), _field_rule("affinity"), ("affinity",)),
    "antiAffinity": Subject((AntiAffinity,), _field_rule("antiAffinity"), ("antiAffinity",)),
    "affinity to several": Subject((Affinity,), _families_rule("affinity"), ("affinity",)),
    "antiAffinity to several": Subject((AntiAffinity,), _families_rule("antiAffinity"), ("antiAffinity",)),
    "isolateRoles": Subject((IsolateRoles,), _isolate, ("isolateRoles",)),
    "transient": Subject((Transient,), _resource, bound=_transient),
    "spread over": Subject((SpreadOver,), lambda d: None, bound=_spread_over),
    "depends on": Subject((DependsOn,), lambda d: None, bound=_depends_on),
}
COST_SUBJECTS = {
    "unplaced": Subject((Unplaced,), _priorities),
    "spread": Subject((Missing, Evenness), _spread, ("spread",)),
    "binpack": Subject((Opened, Leftover), _binpack, ("binpack",)),
    "slot": Subject((Slot,), _slot),
    "running cost": Subject((RunningCost,), _types, bound=_running_cost),
    "summed skew": Subject((SummedSkew,), _some_active, bound=_summed_skew),
    "overload": Subject((Overload,), _resource, bound=_overload),
    "balance": Subject((Imbalance, Weighted), _resource, bound=_imbalance),
    "largest skew": Subject((LargestSkew,), lambda d: None, bound=_largest_skew),
    "leastFragmentation": Subject((Fragmentation,), _fragmentation, ("leastFragmentation",)),
    "soft affinity": Subject((SoftAffinity,), _field_rule("affinity", ", 3"), ("affinity",)),
    "prefers": Subject((Prefers,), _prefers, ("prefers",)),
    "soft affinity to several": Subject((SoftAffinity,), _families_rule("affinity", ", 3"), ("affinity",)),
    "soft antiAffinity to several": Subject(
        (SoftAntiAffinity,), _families_rule("antiAffinity", ", 2"), ("antiAffinity",)
    ),
    "soft antiAffinity": Subject((SoftAntiAffinity,), _field_rule("antiAffinity", ", 2"), ("antiAffinity",)),
}

constraints = pytest.mark.parametrize("name", list(CONSTRAINT_SUBJECTS))
costs = pytest.mark.parametrize("name", list(COST_SUBJECTS))


def _soft_parts(rules: Rules) -> Iterator[Cost]:
    for cost in rules.tiers:
        yield from getattr(cost, "costs", (cost,))


@dataclass(frozen=True, eq=False)
class Case:
    """A random problem, the bound rules to look at, and which of all start matrices they allow."""

    seed: int
    rules: Rules
    looked_at: tuple[Any, ...]

    @property
    def problem(self) -> Problem:
        """What is asked."""
        return self.rules.problem

    @cached_property
    def judged(self) -> list[tuple[Ints, bool]]:
        """Every start matrix, and whether the plain form of the rules allows it."""
        return [(starts, allows(self.looked_at, self.problem, starts)) for starts in all_starts(self.problem)]

    @cached_property
    def admits(self) -> Bools:
        """``bool[G, I]``: where the static parts admit the groups."""
        asked = self.problem
        found = np.ones((len(asked.groups), asked.cluster.size), np.bool_)
        for rule, g in itertools.product(self.looked_at, range(len(asked.groups))):
            if rule.concerns(asked, g):
                found[g] &= rule.admits(asked, g)
        return found


@cache
def drawn(name: str) -> tuple[Case, ...]:
    """Random problems of a subject."""
    subject = (CONSTRAINT_SUBJECTS | COST_SUBJECTS)[name]
    found = []
    for seed in range(PROBLEMS):
        draft = Draft.at_random(random.Random(f"{name} {seed}"))
        subject.prepare(draft)
        if draft.r.random() < 0.3:
            draft.twin()
        rules = bind(draft.problem())
        own = () if subject.bound is None else subject.bound(draft.r, rules.problem)
        everything = (*rules.constraints, *_soft_parts(rules), *own)
        found.append(Case(seed, rules, tuple(rule for rule in everything if isinstance(rule, subject.kind))))
    return tuple(found)


def all_starts(asked: Problem, limit: Sequence[Ints] | None = None) -> Iterator[Ints]:
    """``int64[G, I]``: every way to start at most what is wanted, nowhere more than ``limit``."""
    size = asked.cluster.size
    per_group = []
    for g, wanted in enumerate(asked.wanted.tolist()):
        most = [wanted] * size if limit is None else [min(wanted, int(m)) for m in limit[g]]
        rows = itertools.product(*(range(m + 1) for m in most))
        per_group.append([row for row in rows if sum(row) <= wanted])
    for rows in itertools.product(*per_group):
        yield np.array(rows, np.int64).reshape(len(per_group), size)


def state(asked: Problem, starts: Ints) -> Placement:
    """The state after starts."""
    return Placement(asked, asked.running + Counts.dense(starts))


def allows(rules: Sequence[Constraint], asked: Problem, starts: Ints) -> bool:
    """Whether the plain form of the rules allows starts."""
    after = state(asked, starts)
    return not any(rule.violations(after) for rule in rules)


def key(starts: Ints) -> tuple[int, ...]:
    """Starts as something to compare."""
    return tuple(starts.reshape(-1).tolist())


class Collect(cp_model.CpSolverSolutionCallback):
    """The starts of every solution; auxiliary variables may differ."""

    def __init__(self, model: CountModel) -> None:
        super().__init__()
        self.model = model
        self.found: set[tuple[int, ...]] = set()

    def on_solution_callback(self) -> None:
        tasks = self.model.decode(self.value) - self.model.problem.running
        self.found.add(key(tasks.to_dense()))


def apart(most: Sequence[Ints]) -> tuple[TaskType, ...]:
    """Each group by itself."""
    return tuple(TaskType.single(g, row) for g, row in enumerate(most))


def merged(rules: Sequence[Rule], asked: Problem, most: Sequence[Ints]) -> tuple[TaskType, ...]:
    """Groups merged as far as the readings of the rules allow."""
    whole = Reading(np.arange(len(asked.groups)), np.zeros(asked.cluster.size, np.int64))
    ceilings = {g: np.where(row > 0, UNLIMITED, 0) for g, row in enumerate(most) if asked.wanted[g]}
    readings = [whole, *(reading for rule in rules for reading in rule.readings(asked))]
    return merge(ceilings, asked.wanted, readings, fine_share=1.0)


def solutions(rules: Sequence[Constraint], asked: Problem, types: Sequence[TaskType]) -> set[tuple[int, ...]]:
    """Every start matrix that the model with these rules has; of those it cannot tell apart, one."""
    model = CountModel(asked, types)
    for g, wanted in enumerate(asked.wanted.tolist()):
        model.at_most(model.started_over([g], np.arange(asked.cluster.size)), wanted)
    for rule in rules:
        rule.compile(model)
    model.complete()
    solver = cp_model.CpSolver()
    solver.parameters.enumerate_all_solutions = True
    solver.parameters.num_workers = 1
    solver.parameters.cp_model_presolve = False
    collect = Collect(model)
    assert solver.solve(model.cp, collect) in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    return collect.found


@constraints
def test_the_model_allows_exactly_what_the_plain_form_allows(name: str) -> None:
    """Both directions: no start matrix that one form allows and the other does not."""
    refused = 0
    for case in drawn(name):
        allowed = {key(starts) for starts, fine in case.judged if fine}
        most = np.where(case.admits, case.problem.wanted[:, None], 0)
        assert solutions(case.looked_at, case.problem, apart(list(most))) == allowed, f"problem {case.seed}"
        refused += len(case.judged) - len(allowed)
    assert refused


@constraints
def test_terms_are_kept_exactly_where_the_plain_form_allows(name: str) -> None:
    """Where nothing is broken before: of what is admitted, no state that one form allows and the other does not."""
    looked_at = 0
    for case in drawn(name):
        for rule in case.looked_at:
            terms = rule.terms(case.problem)
            if terms is None or rule.broken(Placement(case.problem)):
                continue
            for starts, _ in case.judged:
                if starts.any() and (starts[~case.admits] == 0).all():
                    kept = all(term.holds(case.problem.running.to_dense() + starts) for term in terms)
                    assert kept == allows((rule,), case.problem, starts), f"problem {case.seed}"
                    looked_at += 1
    assert looked_at or name in WITHOUT_TERMS


WITHOUT_TERMS = {
    "affinity",
    "affinity to several",
    "daemon's port",
    "devices",
    "transient",
    "spread over",
    "depends on",
}
"""Subjects whose rules depend on more than counts in parts of the cluster."""


@constraints
def test_merged_groups_allow_exactly_what_the_plain_form_allows(name: str) -> None:
    """What is dealt out is allowed, and for all that the rules can tell apart nothing is missing."""
    mergers = 0
    for case in drawn(name):
        asked = case.problem
        types = merged(case.looked_at, asked, list(np.where(case.admits, asked.wanted[:, None], 0)))
        mergers += any(len(one.groups) > 1 for one in types)
        allowed = {key(starts) for starts, fine in case.judged if fine}
        found = solutions(case.looked_at, asked, types)
        assert found <= allowed, f"problem {case.seed}"
        assert _seen(case, found) == _seen(case, allowed), f"problem {case.seed}"
    assert mergers


def _seen(case: Case, found: set[tuple[int, ...]]) -> set[tuple[tuple[int, ...], ...]]:
    """What the rules and the requests see of start matrices."""
    shape = (len(case.problem.groups), case.problem.cluster.size)
    seen = set()
    for starts in (np.array(flat).reshape(shape) for flat in found):
        after = state(case.problem, starts)
        seen.add((tuple(starts.sum(axis=1).tolist()), *(_read(rule, after) for rule in case.looked_at)))
    return seen


@constraints
def test_variables_exist_wherever_a_plan_may_start_tasks(name: str) -> None:
    """The most that the room before the operation leaves an instance cuts no plan off."""
    for case in drawn(name):
        alone = Rules(case.problem, case.looked_at, case.rules.strategies, ())
        most = np.array([alone.most(g) for g in range(len(case.problem.groups))])
        for starts, fine in case.judged:
            assert not fine or (starts <= most).all(), f"problem {case.seed}\n{starts}"


@constraints
def test_room_is_there_exactly_where_one_more_task_is_allowed(name: str) -> None:
    """From allowed states; and where the room does not depend on other instances, exactly so many fit."""
    for case in drawn(name):
        asked, rules = case.problem, case.looked_at
        allowed = [starts for starts, fine in case.judged if fine]
        for starts in random.Random(case.seed).sample(allowed, min(STATES, len(allowed))):
            for g, i in np.ndindex(*starts.shape):
                room = _room(rules, state(asked, starts), g, i)
                steady = not any(rule.stepwise(asked, g) for rule in rules)
                more = starts.copy()
                for count in range(1, MORE + 1 if steady else 2):
                    more[g, i] += 1
                    context = f"problem {case.seed}, group {g}, instance {i}, room {room}, {count} more\n{starts}"
                    assert allows(rules, asked, more) == (room >= count), context


def _room(rules: Sequence[Constraint], before: Placement, g: int, i: int) -> int:
    rooms = [int(rule.room(before, g)[i]) for rule in rules if rule.concerns(before.problem, g)]
    return min(rooms, default=UNLIMITED)


@constraints
def test_no_plan_starts_a_task_where_the_static_part_refuses(name: str) -> None:
    """``admits`` False is a promise; True is one only of a rule that is static."""
    for case in drawn(name):
        static = all(rule.is_static for rule in case.looked_at)
        for starts, fine in case.judged:
            refused = bool(((starts > 0) & ~case.admits).any())
            assert not (fine and refused), f"problem {case.seed}\n{starts}"
            assert not static or fine != refused, f"problem {case.seed}\n{starts}"


def least(model: CountModel, sum_: Any, starts: Ints) -> int:
    """A sum minimised with the starts given."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.cp_model_presolve = False
    solver.parameters.fix_variables_to_their_hinted_value = True
    model.cp.clear_hints()
    for variable, value in enumerate(model._starts.values(Counts.dense(starts))):
        model.cp.add_hint(model._variables[variable], value)
    model.complete()
    model.minimise(sum_)
    assert solver.solve(model.cp) == cp_model.OPTIMAL
    return round(solver.objective_value)


@costs
def test_a_cost_minimised_in_the_model_is_its_value(name: str) -> None:
    """In every state; and the values that are handed to the solver as a hint come to the same."""
    seen = set()
    for case in drawn(name):
        asked = case.problem
        most = [np.full(asked.cluster.size, int(wanted)) for wanted in asked.wanted]
        every = list(all_starts(asked))
        solved = set(random.Random(case.seed).sample(range(len(every)), min(STATES, len(every))))
        for cost in case.looked_at:
            for types in (apart(most), merged([cost], asked, most)):
                model = CountModel(asked, types)
                compiled = cost.compile(model)
                for k, starts in enumerate(every):
                    after = state(asked, starts)
                    value = cost.value(after)
                    seen.add(value)
                    context = f"problem {case.seed}: {cost.name}\n{starts}"
                    assert model.value_of(compiled, after.tasks) == value, context
                    assert k not in solved or least(model, compiled, starts) == value, context
    assert len(seen) > 2


def _read(rule: Rule, after: Placement) -> tuple[int, ...]:
    """What the readings of a rule see of a state."""
    asked = after.problem
    tasks = after.tasks.to_dense()
    seen: list[int] = []
    for reading in rule.readings(asked):
        part = np.arange(asked.cluster.size) if reading.part is None else reading.part
        for kind, where in itertools.product(np.unique(reading.kind), np.unique(part)):
            seen.append(int(tasks[np.ix_(reading.kind == kind, part == where)].sum()))
    return tuple(seen)


@constraints
def test_what_is_broken_is_counted_alike_in_both_forms(name: str) -> None:
    """In every state that the rules allow: the places of ``breaks``, minimised, are those where an amount is above its limit."""
    seen = set()
    for case in drawn(name):
        asked, cost = case.problem, Broken(case.looked_at)
        most = list(np.where(case.admits, asked.wanted[:, None], 0))
        model = CountModel(asked, apart(most))
        compiled = cost.compile(model)
        allowed = [starts for starts, fine in case.judged if fine]
        for starts in random.Random(case.seed).sample(allowed, min(STATES, len(allowed))):
            value = cost.value(state(asked, starts))
            seen.add(value)
            assert least(model, compiled, starts) == value, f"problem {case.seed}\n{starts}"
    assert CONSTRAINT_SUBJECTS[name].counts_starts or max(seen) > 0


@pytest.mark.parametrize("name", [*CONSTRAINT_SUBJECTS, *COST_SUBJECTS])
def test_a_rule_looks_at_nothing_but_its_readings(name: str) -> None:
    """Two states that its readings cannot tell apart have one verdict and one cost: what merging groups rests on."""
    alike = 0
    for case in drawn(name):
        for rule in case.looked_at:
            verdicts: dict[tuple[int, ...], int] = {}
            for starts in all_starts(case.problem):
                if name in CONSTRAINT_SUBJECTS and ((starts > 0) & ~case.admits).any():
                    continue
                after = state(case.problem, starts)
                verdict = rule.value(after) if isinstance(rule, Cost) else allows([rule], case.problem, starts)
                seen = _read(rule, after)
                alike += seen in verdicts
                assert verdicts.setdefault(seen, verdict) == verdict, f"problem {case.seed}: {rule.name}\n{starts}"
    assert alike


@costs
def test_a_counting_bound_is_never_above_a_plan(name: str) -> None:
    """A bound given what a plan starts at least, and its earlier tiers, is at most what that plan costs (§6.2)."""
    for case in drawn(name):
        asked, rules = case.problem, case.rules
        room = [rules.most(g) for g in range(len(asked.groups))]
        for starts in all_starts(asked, room):
            if not allows(rules.constraints, asked, starts):
                continue
            values: dict[str, int] = {}
            for cost in case.looked_at:
                value = cost.value(state(asked, starts))
                for least_started in (starts.sum(axis=1), np.zeros_like(asked.wanted)):
                    bound = cost.bound(Counting(asked, case.rules.emptied, room, least_started, values))
                    assert bound <= value, f"problem {case.seed}: {cost.name}\n{starts}"
                values[cost.name] = value


def test_spread_prefers_the_instance_that_its_costs_prefer() -> None:
    """The order of ``preference`` is the order of the costs with one task more (§4.1)."""
    for case in drawn("spread"):
        asked = case.problem
        for g, chain in enumerate(case.rules.strategies):
            if not asked.wanted[g] or not chain[0].name.startswith("spread"):
                continue
            for starts in itertools.islice(all_starts(asked), 0, None, 5):
                preference = chain[0].preference(state(asked, starts), g).tolist()
                after = []
                for i in range(asked.cluster.size):
                    more = starts.copy()
                    more[g, i] += 1
                    after.append([cost.value(state(asked, more)) for cost in case.looked_at])
                for i, j in itertools.permutations(range(asked.cluster.size), 2):
                    expected = after[i] < after[j]
                    assert (preference[i] < preference[j]) == expected, f"problem {case.seed}\n{starts}"


def test_binpack_prefers_what_is_least_free_and_random_nothing() -> None:
    """ECS: the least available amount; any instance."""
    for case in drawn("binpack"):
        now = Placement(case.problem)
        for g, chain in enumerate(case.rules.strategies):
            index = {"binpack(cpu)": 0, "binpack(memory)": 1}.get(chain[0].name)
            expected = np.zeros(now.size) if index is None else now.free[:, index]
            assert np.array_equal(chain[0].preference(now, g), expected)


def test_random_costs_nothing() -> None:
    """No tier but the tasks that are not placed (§4.3)."""
    for case in drawn("resource"):
        assert all(isinstance(cost, Unplaced) for cost in case.rules.tiers)


def test_every_rule_there_is_is_held_to_this() -> None:
    """A new name must be given a subject here."""
    covered = {name for subject in (CONSTRAINT_SUBJECTS | COST_SUBJECTS).values() for name in subject.names}
    assert covered | {"random"} == {*CONSTRAINTS, *STRATEGIES, *CLUSTER_RULES}


@pytest.mark.parametrize("name", [*CONSTRAINT_SUBJECTS, *COST_SUBJECTS])
def test_the_rule_under_test_is_there(name: str) -> None:
    """The random problems have the rule, and what runs breaks a constraint now and then."""
    assert sum(len(case.looked_at) for case in drawn(name)) >= PROBLEMS / 2
    if name in CONSTRAINT_SUBJECTS and not CONSTRAINT_SUBJECTS[name].counts_starts:
        assert any(rule.broken(Placement(case.problem)) for case in drawn(name) for rule in case.looked_at)


@pytest.mark.parametrize("count", [0, 33, 70])
def test_a_square_over_a_wide_range_is_exact_too(count: int) -> None:
    """Beyond a range that tangents cover, the evenness of a spread is still its value."""
    rules = bind(problem(cluster([{}, {}]), [group("A", 70, chain=["spread(instanceId)"])], {"A": [1, 0]}))
    (evenness,) = (cost for cost in rules.tiers if isinstance(cost, Evenness))
    model = CountModel(rules.problem, apart([np.full(2, 70)]))
    compiled = evenness.compile(model)
    starts = np.array([[count, 70 - count]])
    assert (
        least(model, compiled, starts)
        == evenness.value(state(rules.problem, starts))
        == (count + 1) ** 2 + (70 - count) ** 2
    )


def test_a_count_of_tasks_is_compared_without_looking_at_each_count() -> None:
    """``runningTasksCount`` with millions of counts possible makes a handful of statements, not one a count (§3.2)."""
    wanted = 10_000_000
    for operator in ("<", "<=", "==", "!=", ">=", ">"):
        rules = bind(problem(cluster([{}]), [group("A", wanted, rules=[f"memberOf(runningTasksCount {operator} 7)"])]))
        (rule,) = (rule for rule in rules.constraints if isinstance(rule, MemberOf))
        model = CountModel(rules.problem, apart([np.array([wanted])]))
        rule.compile(model)
        assert len(model.cp.proto.variables) < 10
