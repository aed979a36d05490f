"""Every price on tiny problems against brute force over all plans: no code of the model, the engines or the list is in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from solver.domain.cluster import INSTANCE_TYPE
from solver.domain.problem import Problem
from solver.domain.request import Engine, Freedom, Limits, RuleSpec, Scheduling, TaskGroup
from solver.pricing import PricedRule, Span, Unit, price_rules
from solver.rules.bind import bind
from solver.verify import broken
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.oracle import Oracle, State

LIMITS = Limits(time_limit=60, workers=1)
DOLLARS = {"small": 0.05, "large": 0.12, "huge": 0.125}
PROBLEMS, MOVING, OPEN, SHARDS = 20, 24, 12, 4
SOFT_PARTS = 3
"""Parts of the argument of an affinity that only asks: the last one is its weight."""

Named = tuple[str, RuleSpec]
"""A family (empty for the cluster) and one of its rules."""


RULES = (
    "distinctInstance",
    "maxPerInstance(2)",
    f"memberOf({ZONE_FIELD} == a)",
    "memberOf(attribute:rack == 1)",
    "memberOf(not(task:group == B))",
    f"maxSkew({ZONE_FIELD}, 1)",
    "antiAffinity(B, instanceId)",
    f"affinity(A, {ZONE_FIELD})",
    "affinity(A, instanceId, 2)",
    "antiAffinity(A, attribute:rack, 1)",
    f"prefers(3, {ZONE_FIELD} == b)",
)
CHAINS = (f"spread({ZONE_FIELD})", "spread(instanceId)", "binpack(cpu)", "spread(attribute:rack)", "binpack(memory)")


def drawn(seed: int, running: bool = False) -> Problem:
    """Three or four instances of several types, on which two groups find room in many ways, under some rules.

    Parameters
    ----------
    running
        Whether tasks run already, and may move.
    """
    r = random.Random(f"prices {seed} {running}")
    rows = [
        {
            "zone": r.choice("aab"),
            "rack": r.choice("12"),
            INSTANCE_TYPE: r.choice(list(DOLLARS)),
            "cpu": r.choice((3, 4, 6)),
            "memory": r.choice((4, 6)),
            "active": r.random() < 0.95,
        }
        for _ in range(r.choice((3, 3, 4)))
    ]
    groups = [
        group(
            name,
            start=r.choice((0, 0, 1)) if running else r.choice((1, 2, 3)),
            rules=r.sample(RULES, r.choice((0, 1, 1, 2))),
            chain=r.sample(CHAINS, r.choice((0, 1, 2))),
            cpu=r.choice((1, 1, 2)),
            memory=r.choice((0, 1, 2)),
            priority=r.choice((0, 0, 1)),
            movable=running,
            move_cost=r.choice((1, 1, 2)),
            scheduling=Scheduling.REPLICA,
        )
        for name in ("A", "B")
    ]
    there = {one.name: [0] * len(rows) for one in groups}
    for k in range(3 if running else 0):
        one, i = groups[k % 2], r.randrange(len(rows))
        row = rows[i].setdefault("free", {name: rows[i][name] for name in ("cpu", "memory")})
        if all(row[name] >= amount for name, amount in one.demand.items()):
            row |= {name: row[name] - amount for name, amount in one.demand.items()}
            there[one.name][i] += 1
    return problem(cluster(rows), groups, there, rules=["reserve(cpu, 1)"] if r.random() < 0.3 else [])


def is_soft(spec: RuleSpec) -> bool:
    """Whether a constraint only asks."""
    parts = spec.argument.split(",")
    return spec.type == "prefers" or (spec.type in ("affinity", "antiAffinity") and len(parts) == SOFT_PARTS)


def written(problem: Problem, change: Callable[[TaskGroup], TaskGroup]) -> Problem:
    """The problem with every group written otherwise."""
    return replace(problem, groups=tuple(change(group) for group in problem.groups))


def bare(problem: Problem, dropped: Collection[Named] = ()) -> Problem:
    """With constraints alone, and without those that are dropped."""

    def change(group: TaskGroup) -> TaskGroup:
        kept = [spec for spec in group.constraints if not is_soft(spec) and (group.family, spec) not in dropped]
        return replace(group, constraints=tuple(kept), strategies=(RuleSpec("random"),))

    kept = tuple(spec for spec in problem.rules if ("", spec) not in dropped)
    return replace(written(problem, change), rules=kept, freedom=plain(problem.freedom))


def asking(problem: Problem, wanted: Collection[Named]) -> Problem:
    """With all constraints, and of what only asks nothing but this."""

    def change(group: TaskGroup) -> TaskGroup:
        kept = [spec for spec in group.constraints if not is_soft(spec) or (group.family, spec) in wanted]
        chain = [spec for spec in group.strategies or () if (group.family, spec) in wanted]
        return replace(group, constraints=tuple(kept), strategies=tuple(chain) or (RuleSpec("random"),))

    return replace(written(problem, change), freedom=plain(problem.freedom))


def plain(freedom: Freedom) -> Freedom:
    """The same budgets without goals of their own."""
    return Freedom(max_moves=freedom.max_moves, max_move_cost=freedom.max_move_cost, preempt=freedom.preempt)


class Brute:
    """The least of what is measured, over all plans that are best before it."""

    def __init__(self, problem: Problem, unit: Unit, fields: tuple[str, ...]) -> None:
        self.oracle, self.problem, self.unit, self.fields = Oracle(problem), problem, unit, fields

    def least(self) -> tuple[int, int]:
        """Tasks not placed, and what is measured."""
        oracle = self.oracle
        movers = [g for g in oracle.G if (oracle.groups[g].start or sum(oracle.stoppable[g])) and oracle._moves(g)]
        moves = bool(movers)
        best = min(
            ((*oracle.tiers(state)[: -1 if moves else None], self.amount(state, movers)), self.missing(state))
            for state in oracle.plans()
        )
        return best[1], best[0][-1]

    def missing(self, state: State) -> int:
        """Tasks that there should be and are not."""
        lost = sum(max(self.oracle.staying[g] - sum(state[g]), 0) for g in self.oracle.G)
        return sum(max(self.oracle.desired[g] - sum(state[g]), 0) for g in self.oracle.G) - lost

    def amount(self, state: State, movers: list[int]) -> int:
        """What is measured of one plan."""
        if self.unit is Unit.TASKS:
            return self.missing(state)
        if self.unit is Unit.MOVES:
            return sum(self.problem.groups[g].move_cost * self.oracle.moved(g, state[g]) for g in movers)
        if self.unit is Unit.SKEW:
            return sum(self.skew(state, family, field) for family in self.problem.families for field in self.fields)
        daemons = [g for g in self.oracle.G if self.problem.groups[g].scheduling is Scheduling.DAEMON]
        used = [
            i
            for i in self.oracle.I
            if self.oracle._opened(self.only(state, i), self.oracle.G)
            and any(state[g][i] for g in self.oracle.G if g not in daemons)
        ]
        if self.unit is Unit.INSTANCES:
            return len(used)
        return sum(round(DOLLARS[self.oracle.attribute(i, INSTANCE_TYPE) or ""] * 1_000_000) for i in used)

    def only(self, state: State, i: int) -> State:
        """The state with nothing elsewhere."""
        return tuple(tuple(count if k == i else 0 for k, count in enumerate(row)) for row in state)

    def skew(self, state: State, family: str, field: str) -> int:
        """Tasks in the fullest value on instances that take tasks, less those in the emptiest."""
        cluster = self.problem.cluster
        open_ = [i for i in self.oracle.I if cluster.active[i] and cluster.connected[i]]
        values = {self.oracle.bucket(i, field) for i in open_} - {None}
        counts = [self.oracle.in_bucket(state, family, field, value) for value in values if value is not None]
        return max(counts) - min(counts) if counts else 0


def brute(problem: Problem, unit: Unit, fields: tuple[str, ...]) -> tuple[int, int]:
    """The least, by enumeration."""
    return Brute(problem, unit, fields).least()


def holds(row: PricedRule, with_it: tuple[int, int], without: tuple[int, int], note: str, proved: bool = True) -> None:
    """Whether what is said of a price is so: an interval that holds the difference, and where ``proved`` nothing else."""
    expected = [(row.price, with_it[1] - without[1]), (row.missing, with_it[0] - without[0])]
    for span, value in expected:
        assert span.low <= value <= span.high, f"{note}: {span} is not {value}"
        assert span.low <= span.value <= span.high, f"{note}: {span}"
        assert not proved or span.proven, f"{note}: {span} is not proved to be {value}"


def compare(problem: Problem, unit: Unit, note: str, limits: Limits = LIMITS) -> int:
    """Hold every price of a problem against brute force; how many rules are not free.

    With the sequential engine alone, which proves little, how many prices are not proved.
    """
    proved = limits.engine is Engine.AUTO
    fields = (ZONE_FIELD, "attribute:rack") if unit is Unit.SKEW else ()
    fields = tuple(field for field in fields if any(problem.cluster.column(field).codes >= 0))
    if unit is Unit.SKEW and not fields:
        return 0
    prices = DOLLARS if unit is Unit.DOLLARS else {}
    found = price_rules(problem, unit, limits=limits, prices=prices, fields=fields, afresh=False)
    base = brute(bare(problem), unit, fields)
    hard = {(one.listed.of, one.listed.spec) for one in found.rules if one.listed and one.listed.kind == "constraint"}
    soft = {(one.listed.of, one.listed.spec) for one in found.rules if one.listed} - hard
    expected = {(group.family, spec) for group in problem.groups for spec in group.constraints}
    expected |= {(group.family, spec) for group in problem.groups for spec in group.strategies or ()}
    expected |= {("", spec) for spec in problem.rules}
    assert hard | soft == {(of, spec) for of, spec in expected if spec.type != "random"}, note
    for row in found.rules:
        assert row.listed is not None
        one = (row.listed.of, row.listed.spec)
        said = f"{note}, {row.listed.rule} of {row.listed.of}"
        if one in hard:
            holds(row, base, brute(bare(problem, [one]), unit, fields), said, proved)
        else:
            holds(row, brute(asking(problem, [one]), unit, fields), base, said, proved)
    together = {row.together: row for row in found.together}
    none, all_ = brute(bare(problem, hard), unit, fields), brute(asking(problem, soft), unit, fields)
    if hard:
        holds(together["all constraints"], base, none, note, proved)
    if soft:
        holds(together["all strategies and soft rules"], all_, base, note, proved)
    if hard and soft:
        holds(together["all rules"], all_, none, note, proved)
    assert found.whole, note
    if not proved:
        return sum(not row.proven for row in found.rules)
    assert found.proven, note
    return sum(row.price != Span(0, 0, 0) or not row.is_alike for row in found.rules)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_prices_of_new_tasks_are_those_of_brute_force(shard: int) -> None:
    """Each rule alone, all constraints, all that only asks, and everything: in every unit, proved and equal."""
    telling = 0
    for seed in range(shard, PROBLEMS, SHARDS):
        for unit in (Unit.INSTANCES, Unit.DOLLARS, Unit.SKEW, Unit.TASKS):
            telling += compare(drawn(seed), unit, f"seed {seed}, {unit}")
    assert telling


@pytest.mark.parametrize("shard", range(SHARDS))
def test_prices_where_tasks_move_are_those_of_brute_force(shard: int) -> None:
    """The same where tasks run already, under a budget of moves or none; in moves, too."""
    telling = 0
    for seed in range(shard, MOVING, SHARDS):
        asked = drawn(seed, running=True)
        budget = replace(asked.freedom, max_moves=random.Random(seed).choice((None, 1, 2)))
        for unit in (Unit.INSTANCES, Unit.MOVES):
            telling += compare(replace(asked, freedom=budget), unit, f"seed {seed}, {unit}")
    assert telling


@pytest.mark.parametrize("shard", range(SHARDS))
def test_what_is_not_proved_is_an_interval_with_the_price_of_brute_force_inside(shard: int) -> None:
    """From plans that are made task by task and bounds by counting, both where tasks start and where they move."""
    limits, open_ = Limits(time_limit=60, workers=1, engine=Engine.SEQUENTIAL), 0
    for seed in range(shard, OPEN, SHARDS):
        for unit in (Unit.INSTANCES, Unit.DOLLARS, Unit.SKEW, Unit.TASKS):
            open_ += compare(drawn(seed), unit, f"seed {seed}, {unit}", limits)
        open_ += compare(drawn(seed, running=True), Unit.MOVES, f"seed {seed}, moves", limits)
    assert open_


@pytest.mark.parametrize("seed", range(12))
def test_what_is_placed_anew_needs_as_little_as_what_moves(seed: int) -> None:
    """Where every rule is kept and none reads where tasks are, any number of moves comes to the same.

    Not so ``binpack``: what was free before is what it packs by (§4.2).
    """
    asked = drawn(seed, running=True)
    spreads = [tuple(spec for spec in one.strategies or () if spec.type == "spread") for one in asked.groups]
    asked = replace(
        asked,
        groups=tuple(
            replace(one, strategies=chain or (RuleSpec("random"),))
            for one, chain in zip(asked.groups, spreads, strict=True)
        ),
    )
    rules = bind(asked)
    reading = any("task:group" in spec.argument for one in asked.groups for spec in one.constraints)
    kept = all(rules.admits(g)[i] for g, i, _ in asked.running) and not broken(asked, asked.running, rules)
    if reading or not kept:
        asked = written(asked, lambda one: replace(one, constraints=()))
    fresh, moved = (
        price_rules(asked, Unit.DOLLARS, limits=LIMITS, prices=DOLLARS, afresh=afresh) for afresh in (True, False)
    )
    assert fresh.proven and moved.proven
    assert fresh.base.with_it == moved.base.with_it
    assert {one: row.price for one, row in fresh.by_rule.items()} == {
        one: row.price for one, row in moved.by_rule.items()
    }
