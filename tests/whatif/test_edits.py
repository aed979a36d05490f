"""Each kind of edit does what it says, to the cluster, to the question, and in the plan; every plan passes the checker."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import solver
from solver.domain.cluster import INSTANCE_TYPE, ZONE
from solver.domain.request import RuleSpec, Scheduling
from solver.errors import InvalidRequest
from solver.formats.cluster import Cluster
from solver.whatif.answering import Batch
from solver.whatif.asked import Asked
from solver.whatif.edits import (
    AddInstances,
    AddRule,
    AlterRule,
    ChangeDemand,
    ChangeType,
    DropRule,
    Edit,
    Instances,
    LoseInstances,
    LoseZone,
    MoveBudget,
    RemoveInstances,
    Scale,
    SetCount,
    SetPrices,
    SetStrategies,
)
from solver.whatif.question import InstanceType, Place, Reconcile
from solver.whatif.scenario import BASE, Scenario
from tests.whatif.clusters import QUICK, asked, demo, small

SPREAD = RuleSpec("spread", "instanceId")


def answered(base: Asked, *edits: Edit) -> tuple[Asked, solver.Answer]:
    """The edited question and its answer, which the checker passes."""
    edited, answer = Batch(base, QUICK).answer(Scenario("tested", edits))
    assert solver.check(answer.problem, answer.tasks) == ()
    return edited, answer


def totals(answer: solver.Answer) -> dict[str, int]:
    """Tasks of each group after the plan."""
    return dict(zip((group.name for group in answer.problem.groups), answer.tasks.totals().tolist(), strict=True))


def faults(base: Asked, *edits: Edit) -> list[str]:
    """What the edits are refused with."""
    with pytest.raises(InvalidRequest) as refused:
        Scenario("tested", edits).applied_to(base)
    return [str(fault) for fault in refused.value.faults]


def bases() -> list[Asked]:
    """The demo from ECS documents and the small cluster from tables, to reconcile and to place."""
    return [
        Asked.of(demo(), Reconcile(max_moves=0)),
        Asked.of(demo(), Place({"service:web": 6})),
        asked(),
        Asked.of(small(), Place({"web": 3})),
    ]


IDS = ["demo", "demo-place", "small", "small-place"]


@pytest.mark.parametrize("base", bases(), ids=IDS)
def test_edited_by_nothing_a_cluster_is_the_same(base: Asked) -> None:
    """A scenario without edits asks what the cluster itself is asked."""
    question, cluster = base.question, base.cluster
    edited, _ = Scenario(BASE).applied_to(base).problem()
    if isinstance(question, Place):
        plain, _ = cluster.request(question.starts)
    else:
        plain, _ = cluster.reconcile(max_moves=0)
    assert solver.api.fingerprint(edited) == solver.api.fingerprint(plain)


@pytest.mark.parametrize("base", bases(), ids=IDS)
def test_a_lost_zone_has_no_task_and_all_others_are_wanted(base: Asked) -> None:
    """After the loss nothing is in the zone; what ran there is wanted elsewhere, but for daemons."""
    problem, cluster = base.base, base.base.cluster
    zone = cluster.column(ZONE).values[0]
    edited, answer = answered(base, LoseZone(zone))
    assert zone not in answer.problem.cluster.column(ZONE).values
    there = cluster.column(ZONE).codes == 0
    assert answer.problem.cluster.size == cluster.size - int(there.sum())
    ran = problem.running.count[there[problem.running.instance]]
    groups = problem.running.group[there[problem.running.instance]]
    expected = sum(
        count
        for g, count in zip(groups.tolist(), ran.tolist(), strict=True)
        if problem.groups[g].scheduling is not Scheduling.DAEMON
    )
    assert sum(edited.lost.values()) == expected > 0 and not edited.displaced
    plain, _ = base.problem()
    assert _desired(answer.problem) == _desired(plain)


def _desired(problem: solver.Problem) -> int:
    """All tasks that there should be, but for daemons."""
    tasks = zip(problem.groups, problem.operation.desired.tolist(), strict=True)
    return sum(count for group, count in tasks if group.scheduling is not Scheduling.DAEMON)


def test_instances_that_are_lost_or_removed_are_counted_apart() -> None:
    """The same instances are gone; their tasks count as lost, or as displaced by plan."""
    for edit, lost, displaced in ((LoseInstances, {"db": 1}, {}), (RemoveInstances, {}, {"db": 1})):
        edited, answer = answered(asked(), edit(Instances(("a2",))))
        assert (edited.lost, edited.displaced) == (lost, displaced)
        assert answer.problem.cluster.find("a2") is None
        assert totals(answer) == {"web": 3, "db": 2, "agent": 5}


def test_an_expression_selects_so_many_instances_with_the_fewest_tasks() -> None:
    """Of the small ones those without a task of db are taken first; by name and by expression the same are gone."""
    by_expression = RemoveInstances(Instances(where=f"attribute:{INSTANCE_TYPE} == small", count=1))
    edited, _ = answered(asked(), by_expression)
    named, _ = answered(asked(), RemoveInstances(Instances(("c2",))))
    assert edited.base.cluster.instance_ids == named.base.cluster.instance_ids == ("a1", "a2", "b1", "b2", "c1")


def test_instances_removed_leave_what_a_cluster_without_them_would_be() -> None:
    """Capacity, attributes, ports and what runs are those of a cluster that was read without the instances."""
    whole = small()
    edited = LoseZone("b").applied_to(Asked.of(whole, Reconcile())).base
    kept = np.array([0, 1, 4, 5])
    cluster = whole.problem.cluster
    assert edited.cluster.instance_ids == tuple(cluster.instance_ids[i] for i in kept)
    assert np.array_equal(edited.cluster.free, cluster.free[kept])
    assert edited.cluster.column(ZONE).values == ("a", "c")
    assert [edited.cluster.column(INSTANCE_TYPE)[i] for i in range(4)] == ["large", "small"] * 2
    assert edited.running.to_dense().tolist() == whole.problem.running.to_dense()[:, kept].tolist()


@pytest.mark.parametrize("count", [1, 3])
def test_added_instances_are_empty_and_like_their_pattern(count: int) -> None:
    """They have the type's capacity, all of it free, its attributes, the zone that is named, and names of their own."""
    base = Asked.of(demo(), Reconcile(max_moves=0))
    edited = AddInstances(count=count, type="m5.xlarge", zone="us-east-1b").applied_to(base).base
    cluster, before = edited.cluster, base.base.cluster
    new = range(before.size, cluster.size)
    assert len(new) == count and len(set(cluster.instance_ids)) == cluster.size
    pattern = next(
        i
        for i in range(before.size)
        if (before.column(INSTANCE_TYPE)[i], before.column(ZONE)[i]) == ("m5.xlarge", "us-east-1b")
    )
    for i in new:
        assert np.array_equal(cluster.free[i], before.capacity[pattern])
        assert {name: column[i] for name, column in cluster.attributes.items()} == {
            name: column[pattern] for name, column in before.attributes.items()
        }
    assert edited.running.per_instance()[list(new)].tolist() == [0] * count


def test_added_instances_give_tasks_a_place() -> None:
    """What does not fit on the cluster does once there is room, and not otherwise."""
    base = Asked.of(small(), Reconcile(max_moves=0))
    _, short = answered(base, SetCount({"db": 13}))
    _, full = answered(base, SetCount({"db": 13}), AddInstances(count=4, type="large"))
    assert short.missing().sum() > 0 == full.missing().sum()


def test_a_type_that_the_cluster_lacks_is_taken_from_the_list() -> None:
    """A listed type has what the list says and the attributes of the platform; nothing of its pattern's own."""
    base = Asked.of(demo(), Reconcile(), types={"m6i.2xlarge": InstanceType({"cpu": 8192, "memory": 31000})})
    edited = AddInstances(type="m6i.2xlarge", attributes={"stack": "tried"}).applied_to(base).base.cluster
    amounts = dict(zip(edited.resources, edited.capacity[-1].tolist(), strict=True))
    assert (amounts["cpu"], amounts["memory"], amounts["interfaces"]) == (8192, 31000, 3)
    named = {name for name, column in edited.attributes.items() if column[edited.size - 1] is not None}
    assert "stack" in named and all(
        name == "stack" or name.startswith(("ecs.", "com.amazonaws.ecs.")) for name in named
    )
    assert edited.column(INSTANCE_TYPE)[edited.size - 1] == "m6i.2xlarge"


def test_instances_of_another_type_are_empty_and_keep_their_place() -> None:
    """They have the other capacity, their name and zone; their tasks are wanted anew, daemons too."""
    edited, answer = answered(asked(), ChangeType(Instances(("a2", "b2")), "large"))
    cluster = edited.base.cluster
    at = cluster.find("a2")
    assert at is not None and cluster.column(INSTANCE_TYPE)[at] == "large" and cluster.column(ZONE)[at] == "a"
    assert cluster.capacity[at].tolist() == cluster.free[at].tolist() == cluster.capacity[0].tolist()
    assert edited.displaced == {"db": 2}
    assert totals(answer) == {"web": 3, "db": 2, "agent": 6}


@pytest.mark.parametrize("factor", [0, 0.5, 1, 1.1, 1.15, 2, 3])
@pytest.mark.parametrize("name", ["service:web", "service:api"])
def test_a_scaled_count_is_exact(factor: float, name: str) -> None:
    """The count after is the count before times the factor as it is written, rounded up; no other service changes."""
    base = Asked.of(demo(), Reconcile(max_moves=0))
    before = demo().desired_counts()
    problem, _ = Scale(factor, (name,)).applied_to(base).problem()
    plain, _ = base.problem()
    wanted = {group.family: 0 for group in problem.groups}
    usual = dict(wanted)
    for found, one in ((wanted, problem), (usual, plain)):
        for group, count in zip(one.groups, one.operation.desired.tolist(), strict=True):
            found[group.family] = found.get(group.family, 0) + count
    # A protected task stays, whatever the count.
    least = sum(task.protected for task in plain.tasks if plain.groups[task.group].family == name)
    assert wanted[name] == max(math.ceil(Fraction(str(factor)) * before[name]), least)
    assert {key: count for key, count in wanted.items() if key != name} == {
        key: count for key, count in usual.items() if key != name
    }


def test_all_services_are_scaled_together_and_daemons_are_not() -> None:
    """Without names every count times the factor, but for what has one task on each instance."""
    problem, _ = Scale(2).applied_to(asked()).problem()
    wanted = {group.name: int(n) for group, n in zip(problem.groups, problem.operation.desired, strict=True)}
    assert wanted == {"web": 6, "db": 4, "agent": 6}


@pytest.mark.parametrize(
    ("edits", "web", "db"),
    [
        ((Scale(2, ("web",)), Scale(1.5, ("web",))), 9, 2),
        ((SetCount({"web": 4}), Scale(2)), 8, 4),
        ((Scale(2), SetCount({"web": 4})), 4, 4),
        ((LoseZone("a"), Scale(2, ("db",))), 3, 4),
    ],
)
def test_counts_follow_each_other(edits: tuple[Edit, ...], web: int, db: int) -> None:
    """Edits apply in order: 3 tasks times 2, then times 1.5, are 9; a count that is set is scaled too, a lost task counts."""
    problem, _ = Scenario("tested", edits).applied_to(asked()).problem()
    wanted = {group.name: int(n) for group, n in zip(problem.groups, problem.operation.desired, strict=True)}
    assert (wanted["web"], wanted["db"]) == (web, db)


def test_new_tasks_are_scaled_where_tasks_are_placed() -> None:
    """Where new tasks are asked for, their number is scaled or set."""
    base = Asked.of(small(), Place({"web": 3}))
    for edit, count in ((Scale(1.5), 5), (Scale(2, ("web",)), 6), (SetCount({"web": 1}), 1)):
        problem, _ = edit.applied_to(base).problem()
        assert problem.wanted.tolist() == [count, 0, 0]


def test_another_demand_places_every_task_of_the_group_anew() -> None:
    """Each task takes the new amounts, those that ran too; what others hold is unchanged."""
    edited, answer = answered(asked(), ChangeDemand(("web",), {"memory": 300}, {"cpu": 1.5}))
    web = answer.problem.by_name["web"]
    assert answer.problem.groups[web].demand == {"cpu": 750, "memory": 300}
    assert edited.displaced == {"web": 3} and answer.problem.running.totals()[web] == 0
    assert totals(answer) == {"web": 3, "db": 2, "agent": 6}
    plain = asked().base
    others = plain.running.load(np.where(np.arange(3)[:, None] == web, 0, plain.demand))
    held = edited.base.cluster.capacity - edited.base.cluster.free
    assert np.array_equal(held, others)


def test_rules_are_added_dropped_and_altered() -> None:
    """A rule that is added binds; once dropped it does not; altered it says the other thing."""
    grown = SetCount({"web": 7})
    only = RuleSpec("maxPerInstance", "1")
    _, bound = answered(asked(), AddRule(RuleSpec("distinctInstance"), ("web",)), grown)
    assert totals(bound)["web"] == 6 and bound.missing().sum() == 1
    _, free = answered(asked(), AddRule(only, ("web",)), DropRule(RuleSpec("maxPerInstance"), ("web",)), grown)
    _, wider = answered(
        asked(), AddRule(only), AlterRule(RuleSpec("maxPerInstance"), RuleSpec("maxPerInstance", "2")), grown
    )
    assert totals(free)["web"] == totals(wider)["web"] == 7
    web = wider.problem.by_name["web"]
    assert max(wider.tasks.cells_of(web)[1].tolist()) <= 2


def test_a_rule_of_the_cluster_is_added_and_dropped() -> None:
    """``reserve`` keeps room on every instance, until it is dropped."""
    reserve = RuleSpec("reserve", "cpu, 1500")
    grown = SetCount({"web": 14})
    _, bound = answered(asked(), AddRule(reserve), grown)
    _, free = answered(asked(), AddRule(reserve), DropRule(RuleSpec("reserve")), grown)
    left = bound.problem.cluster.free - bound.started.load(bound.problem.demand)
    touched = np.unique(bound.started.instance)
    assert (left[touched, 0] >= 1_500).all() and bound.missing().sum() > free.missing().sum()


def test_other_strategies_take_the_place_of_a_groups_own() -> None:
    """Packed, the small instance with room is filled with three tasks; spread, no instance has more than two."""
    grown = SetCount({"web": 9})
    most = []
    for strategy in (RuleSpec("binpack", "cpu"), SPREAD):
        _, answer = answered(asked(), SetStrategies((strategy,), ("web",)), grown)
        most.append(int(answer.tasks.cells_of(answer.problem.by_name["web"])[1].max()))
    assert most == [3, 2]


def test_a_budget_of_moves_is_kept() -> None:
    """No more tasks move than the budget says."""
    full = Asked.of(demo(), Reconcile(rebalance=True))
    for most in (0, 2):
        _, answer = answered(full, MoveBudget(most))
        state_moves = sum(min(a, b) for a, b in zip(answer.started.totals(), answer.stopped.totals(), strict=True))
        assert answer.problem.freedom.max_moves == most >= state_moves


def test_prices_are_counted_as_they_are_written() -> None:
    """The cost of an hour is the sum over the instances, to the millionth; unknown where one has no price."""
    base = asked()
    batch = Batch(base, QUICK)
    whole = batch.row(Scenario("priced", (SetPrices({"large": 0.1, "small": 0.0333}),)))
    assert whole.cost == 3 * 100_000 + 3 * 33_300
    part = batch.row(Scenario("partly", (SetPrices({"large": 0.1}),)))
    assert part.cost is None
    fewer = batch.row(Scenario("fewer", (SetPrices({"large": 0.1, "small": 0.0333}), LoseZone("a"))))
    assert fewer.cost == 2 * 100_000 + 2 * 33_300


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (LoseZone("d"), ["edits[0].lose_zone: 'd' is no zone of the cluster; must be one of a, b, c"]),
        (
            RemoveInstances(Instances(("a1", "x9", "a1"))),
            [
                "edits[0].remove_instances[1]: 'x9' is no instance of the cluster; must be one of a1, a2, b1, b2, c1, c2",
                "edits[0].remove_instances[2]: 'a1' is named twice; name each instance once",
            ],
        ),
        (
            RemoveInstances(Instances(where=f"attribute:{ZONE} exists")),
            ["edits[0].remove_instances: leaves no instance; leave at least one"],
        ),
        (
            RemoveInstances(Instances(where="attribute:zone = a")),
            [
                "edits[0].remove_instances.where: cannot be read, column 16: found '=' where an operator should be; write '=='"
            ],
        ),
        (
            LoseInstances(Instances(where="attribute:nothing exists")),
            ["edits[0].lose_instances.where: selects 0 instances; must select at least 1"],
        ),
        (Scale(-1), ["edits[0].scale.factor: is -1; must be 0 to 1,000"]),
        (Scale(float("nan")), ["edits[0].scale.factor: is nan; must be 0 to 1,000"]),
        (Scale(2, ("wbe",)), ["edits[0].scale.groups[0]: 'wbe' is not a group of the cluster; did you mean 'web'?"]),
        (SetCount({"web": -1}), ["edits[0].set_count.web: is to have -1 tasks; must be 0 to 10,000,000"]),
        (
            SetCount({"agent": 3}),
            [
                "edits[0].set_count.agent: 'agent' is a DAEMON service; it has one task on each eligible instance: leave it out"
            ],
        ),
        (
            ChangeDemand(("web",), {"gpus": 1}),
            ["edits[0].change_demand.amounts.gpus: is not a resource of the cluster; it has cpu, memory"],
        ),
        (ChangeDemand(("web",), {"cpu": -1}), [f"edits[0].change_demand.amounts.cpu: is -1; must be 0 to {2**53:,}"]),
        (
            ChangeType(Instances(("a1",)), "m9.huge"),
            [
                "edits[0].change_type.type: 'm9.huge' is no type that is known; must be one of large, small, "
                "or list it under types"
            ],
        ),
        (AddInstances(count=0, type="large"), ["edits[0].add_instances.count: is 0; must be 1 to 10,000"]),
        (
            AddInstances(type="large", like="a1"),
            ["edits[0].add_instances: must have either like or type; name an instance to copy, or a type"],
        ),
        (
            AddRule(RuleSpec("distinctInstances")),
            ["edits[0].add_rule.rule: 'distinctInstances' is not a rule; did you mean 'distinctInstance'?"],
        ),
        (
            DropRule(RuleSpec("distinctInstance"), ("web",)),
            ["edits[0].drop_rule.rule: is distinctInstance, which none of the groups has; there is no rule to change"],
        ),
        (SetPrices({"large": -0.1}), ["edits[0].set_prices.large: is -0.1; must be 0 to 1,000,000"]),
        (MoveBudget(-1), [f"edits[0].move_budget.moves: is -1; must be 0 to {2**53:,}"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Edit) else "",
)
def test_an_edit_that_makes_no_sense_says_why(edit: Edit, expected: list[str]) -> None:
    """Every fault has its path, what is wrong, and what would be right."""
    assert faults(asked(), edit) == expected


def test_a_rule_that_cannot_be_read_is_refused_where_it_stands() -> None:
    """The argument is judged when the edit applies, not only once tasks start."""
    for edit in (
        AddRule(RuleSpec("memberOf", "attribute:zone ==")),
        SetStrategies((RuleSpec("binpack", "gold"),)),
        AddRule(RuleSpec("reserve", "gold, 3")),
    ):
        (fault,) = set(faults(asked(), edit)[:1])
        assert fault.startswith((f"edits[0].{edit.NAME}.rule: ", f"edits[0].{edit.NAME}.strategies: "))


def test_groups_that_cannot_start_again_are_warned_of() -> None:
    """Every loss of a single instance of the demo has an answer, and each task that does not start again is told of."""
    base: Asked = Asked.of(demo(), Reconcile(max_moves=0))
    cluster: Cluster = base.cluster
    for i in range(0, cluster.problem.cluster.size, 9):
        edited, answer = answered(base, LoseInstances(Instances((cluster.problem.cluster.instance_ids[i],))))
        plain, _ = base.problem()
        refused = sum(
            edited.lost.get(group.name, 0)
            for group, entry in zip(edited.base.groups, edited.cluster.names.groups, strict=True)
            if entry.refusal and group.scheduling is Scheduling.STANDALONE
        )
        told = [warning for warning in answer.warnings if "do not start again" in warning]
        assert bool(refused) == bool(told)
        assert answer.problem.wanted.sum() >= plain.wanted.sum() - 1 - refused


def test_a_zone_where_no_instance_was_is_remarked() -> None:
    """It may be meant, or misspelt; one that is there is not."""
    asked = Asked.of(small(), Reconcile())
    new = AddInstances(like="a1", zone="d").applied_to(asked)
    _, warnings = new.problem()
    assert "add_instances: no instance was in zone 'd' before" in warnings
    assert not any("zone" in text for text in AddInstances(like="a1", zone="b").applied_to(asked).problem()[1])
