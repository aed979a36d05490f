"""What the library says of requests that are wrong or absurd: every fault with its path, what is wrong, what would be right.

Requests that are right but empty or huge are answered, within the time limit, with what fits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.api import check, place
from solver.domain.answer import Answer
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.devices import DeviceNeed
from solver.domain.problem import Problem
from solver.domain.request import MAX_START, Engine, Limits, RunningTask, Scheduling, TaskGroup
from solver.domain.solution import Status
from solver.engines import sequential
from solver.engines.deadline import Deadline
from solver.errors import InvalidRequest
from solver.rules.bind import bind
from tests.builders import ZONE_FIELD, cluster, group, problem

TWO = ({"id": "i1", "zone": "a", "cpu": 100, "memory": 100}, {"id": "i2", "zone": "b", "cpu": 100, "memory": 100})
LIMITS = Limits(time_limit=10, workers=1)
SUBJECTS = "agentConnected, agentVersion, attribute:NAME, ec2InstanceId, registeredAt, runningTasksCount or task:group"
OPERATORS = "==, !=, <, <=, >, >=, in, !in, =~, !~, exists or !exists"

engines = pytest.mark.parametrize("engine", [Engine.SEQUENTIAL, Engine.AUTO])


def faults(act: Callable[[], object]) -> list[str]:
    """What the library says of a bad request, a line a fault."""
    with pytest.raises(InvalidRequest) as caught:
        act()
    lines = [str(fault) for fault in caught.value.faults]
    assert str(caught.value) == "\n".join(lines)
    return lines


def of_groups(*groups: TaskGroup, **fields: Any) -> list[str]:
    """What is said of these groups on two instances."""
    return faults(lambda: place(problem(cluster(TWO), groups, **fields), LIMITS))


def of_rules(*rules: str, chain: Sequence[str] = ("random",), whole: Sequence[str] = ()) -> list[str]:
    """What is said of the constraints and strategies of a group, and of rules of the cluster."""
    return of_groups(group("A", 1, rules=rules, chain=chain), rules=whole)


def answered(asked: Problem, engine: Engine = Engine.AUTO, limits: Limits = LIMITS, explain: bool = True) -> Answer:
    """An answer that the checker passes."""
    found = place(asked, replace(limits, engine=engine), explain=explain)
    assert not check(asked, found.tasks)
    return found


class TestCluster:
    def test_duplicate_instances_and_resources(self) -> None:
        """Duplicate identities are refused (§11.2)."""
        rows = [*TWO, {"id": "i1"}, {"id": "i1"}]
        assert faults(lambda: cluster(rows, resources=("cpu", "memory", "cpu"))) == [
            "instances[2].id: 'i1' is already an instance; give each instance its own id",
            "instances[3].id: 'i1' is already an instance; give each instance its own id",
            "resources[2]: 'cpu' is already a resource; name each resource once",
        ]

    def test_amounts(self) -> None:
        """Negative amounts are refused, and more free than there is; an overcommitted instance is none."""
        rows = [{"cpu": -1}, {"cpu": 4, "free": {"cpu": 5}}, {"cpu": 4, "free": {"cpu": -2}, "unlisted": -1}]
        assert faults(lambda: cluster(rows)) == [
            "instances[0].capacity[cpu]: is -1; must be zero or more",
            "instances[1].free[cpu]: is 5, above the capacity 4; must be at most the capacity",
            "instances[2].unlisted_tasks: is negative; must be zero or more",
        ]

    def test_sums(self) -> None:
        """A sum that could leave 2^53 is refused, not wrapped; one that just does not is fine."""
        half = {"memory": 2**52}
        assert faults(lambda: cluster([half | {"id": "i1"}, half | {"id": "i2", "memory": 2**52 + 8}])) == [
            "capacity: adds up to more than 2^53 over the instances for memory; use a coarser unit",
            "free: adds up to more than 2^53 over the instances for memory; use a coarser unit",
        ]
        assert cluster([half | {"id": "i1"}, half | {"id": "i2"}]).size == 2

    def test_shapes(self) -> None:
        """Columns have one entry an instance."""
        snapshot = cluster(TWO)
        assert faults(
            lambda: replace(
                snapshot, free=snapshot.free[:1], active=np.ones(3, np.bool_), attributes={"zone": TextColumn.of(["a"])}
            )
        ) == [
            "free: has shape (1, 2); must be instances x resources, (2, 2)",
            "active: has shape (3,); must have one entry an instance, (2,)",
            "attributes[zone]: has 1 entries; must have one an instance, 2",
        ]


class TestDevices:
    def test_devices_of_a_cluster(self) -> None:
        """Thousandths of a device, at most 16 devices, and a count that covers what is free."""
        assert faults(lambda: cluster([{"devices": [1001, -1]}, {"devices": [5]}])) == [
            "instances[0].devices[0]: is 1001; must be 0 to 1,000 thousandths",
            "instances[0].devices[1]: is -1; must be 0 to 1,000 thousandths",
        ]
        assert faults(lambda: cluster([{"devices": [0] * 17}])) == [
            "devices: has shape (1, 17); must be instances x devices, (1, at most 16)"
        ]
        snapshot = cluster([{"devices": [0, 500]}])
        assert faults(lambda: replace(snapshot, device_count=np.array([1]))) == [
            "instances[0].device_count: is 1; must be from the last device with something free to 2"
        ]
        assert faults(lambda: replace(snapshot, device_count=np.array([2, 2]))) == [
            "device_count: has shape (2,); must have one entry an instance, (1,)"
        ]

    def test_what_a_task_needs(self) -> None:
        """At least a thousandth of one device, at most all of 16."""
        wrong = [group("A", 1, devices=DeviceNeed(0, 17)), group("B", 1, devices=DeviceNeed(1001, 1))]
        assert of_groups(*wrong) == [
            "groups[0].devices.count: is 17; must be a whole number, 1 to 16",
            "groups[0].devices.each: is 0; must be a whole number, 1 to 1,000",
            "groups[1].devices.each: is 1001; must be a whole number, 1 to 1,000",
        ]

    def test_what_running_tasks_hold(self) -> None:
        """As many distinct devices as the group needs, of those there are, and no more of one than there is."""
        snapshot = cluster([{"devices": [0, 600]}])
        groups = [group("A", devices=DeviceNeed(500, 1))]
        tasks = [RunningTask(f"t{k}", 0, 0, devices=held) for k, held in enumerate([(0,), (1,), (2,), (0, 1), (0, 0)])]
        assert faults(lambda: problem(snapshot, groups, {"A": [5]}, tasks=tuple(tasks))) == [
            "tasks[1].devices: with what else is free or held there is more than a device; at most 1,000 on each",
            "tasks[2].devices: is [2]; must be 1 different devices, 0 to 1",
            "tasks[3].devices: is [0, 1]; must be 1 different devices, 0 to 1",
            "tasks[4].devices: is [0, 0]; must be 1 different devices, 0 to 1",
        ]

    def test_least_fragmentation_needs_something_to_expect(self) -> None:
        """No argument, and arrivals of a group that needs devices."""
        assert of_rules(chain=["leastFragmentation"]) == [
            "groups[0].strategies[0] leastFragmentation: arrivals: says of no group that needs devices how many tasks to "
            "expect; give the arrivals of the groups that need devices"
        ]
        one = group("A", 1, chain=["leastFragmentation(gpu)"], devices=DeviceNeed(500), arrivals=3)
        assert len(of_groups(one)) == 1
        assert of_groups(replace(one, strategies=None, arrivals=-1)) == [
            "groups[0].arrivals: is -1; must be zero or more"
        ]


class TestGroups:
    def test_every_fault_of_all_groups_at_once(self) -> None:
        """Everything is validated before any search, all faults at once, each with its path (§11.1)."""
        ports = (("sctp", 80), ("tcp", 0), ("tcp", 80), ("tcp", 80))
        rules, chain = ["distinctInstance"] * 11, ["random"] * 6
        assert of_groups(
            group("", -1, cpu=-1, priority=2**40, ports=ports, rules=rules, chain=chain),
            group("B", 10_000_001, gpu=1),
            group("B"),
        ) == [
            "groups[0].name: is empty; give each group a name",
            "groups[0].demand[cpu]: is -1; must be zero or more",
            "groups[0].start: is -1; must be 0 to 10,000,000",
            "groups[0].priority: is 1099511627776; must fit 32 bits",
            "groups[0].constraints: has 11 rules; at most 10",
            "groups[0].strategies: has 6 rules; at most 5",
            "groups[0].ports[0]: has protocol 'sctp'; must be tcp or udp",
            "groups[0].ports[1]: is port 0; must be 1 to 65535",
            "groups[0].ports[3]: 80/tcp is already asked for; name each port once",
            "groups[1].demand[gpu]: is not a resource of the cluster; the cluster has cpu, memory",
            "groups[1].start: is 10000001; must be 0 to 10,000,000",
            "groups[2].name: 'B' is already a group; name each group once",
        ]

    def test_at_most_a_hundred_faults(self) -> None:
        """At most 100 are listed (§11.1)."""
        assert len(of_groups(*(group(f"g{k}", -1, cpu=-1) for k in range(100)))) == 100

    def test_sums(self) -> None:
        """A demand times its tasks, or such products added up, that could leave 2^53 are refused (§11.2)."""
        assert of_groups(group("A", 2, cpu=2**52 + 1)) == [
            "groups[0].demand[cpu]: times 2 tasks is more than 2^53; use a coarser unit"
        ]
        problem_of_sum = "times the tasks wanted and running adds up to more than 2^53 over the groups"
        together = f"groups.demand[cpu]: {problem_of_sum}; use a coarser unit"
        assert of_groups(group("A", 1, cpu=2**53), group("B", 1, cpu=1)) == [together]
        assert of_groups(group("A", 1, cpu=2**50), running={"A": [2**40, 0]}) == [together]
        found = answered(problem(cluster(TWO), [group("A", 2, cpu=2**52)]))
        assert found.placed().tolist() == [0]

    def test_running(self) -> None:
        """Counts of what runs: the right shape, none negative."""
        groups = (group("A"),)
        wrong = Counts.dense(np.array([[1, 1, 1]]))
        assert faults(lambda: Problem(cluster(TWO), groups, wrong)) == [
            "running: has shape (1, 3); must be groups x instances, (1, 2)"
        ]
        assert of_groups(*groups, running={"A": [-1, 0]}) == ["running: has a negative count; must be zero or more"]

    def test_limits(self) -> None:
        """Limits that make no sense, not-a-number among them."""
        absurd = Limits(time_limit=float("nan"), deterministic_limit=0, workers=0, seed=-1)
        assert faults(lambda: place(problem(cluster(TWO), []), absurd)) == [
            "limits.time_limit: is nan s; must be above 0 and at most 86,400 s",
            "limits.deterministic_limit: is 0; must be above 0 and at most 86,400",
            "limits.workers: is 0; must be 1 to 64",
            "limits.seed: is -1; must be 0 to 2,147,483,647",
        ]


class TestRules:
    def test_unknown_rules(self) -> None:
        """Unknown rule names are refused, with those there are (§11.2)."""
        assert of_rules("leastLoaded", "spread(instanceId)", chain=["memberOf(a)"], whole=["distinctInstance"]) == [
            "groups[0].constraints[0] leastLoaded: type: is not a constraint; must be one of affinity, antiAffinity, "
            "distinctInstance, maxPerInstance, maxSkew, memberOf, prefers, tolerates",
            "groups[0].constraints[1] spread: type: is not a constraint; must be one of affinity, antiAffinity, "
            "distinctInstance, maxPerInstance, maxSkew, memberOf, prefers, tolerates",
            "rules[0] distinctInstance: type: is not a rule of the cluster; must be one of isolateRoles, reserve",
            "groups[0].strategies[0] memberOf: type: is not a strategy; must be one of binpack, leastFragmentation, "
            "random, spread",
        ]

    def test_unknown_fields(self) -> None:
        """A field is instanceId, host or an attribute; a resource is one of the cluster's."""
        field = "must be instanceId, host or attribute:NAME"
        found = of_rules(
            "maxSkew(zone, 1)",
            "affinity(B, attribute:)",
            "antiAffinity(B, cpu)",
            chain=["spread(zone)", "spread", "binpack(disk)"],
            whole=["reserve(disk, 1)"],
        )
        assert found == [
            f"groups[0].constraints[0] maxSkew: argument: field is 'zone'; {field}",
            f"groups[0].constraints[1] affinity: argument: field is 'attribute:'; {field}",
            f"groups[0].constraints[2] antiAffinity: argument: field is 'cpu'; {field}",
            "rules[0] reserve: argument: resource is 'disk'; must be one of cpu, memory",
            f"groups[0].strategies[0] spread: argument: field is 'zone'; {field}",
            f"groups[0].strategies[1] spread: argument: field is ''; {field}",
            "groups[0].strategies[2] binpack: argument: is 'disk'; must be one of cpu, memory",
        ]

    def test_arguments(self) -> None:
        """Missing, superfluous and senseless arguments."""
        found = of_rules(
            "distinctInstance(3)",
            "maxPerInstance",
            "maxPerInstance(0)",
            "maxSkew(instanceId)",
            "maxSkew(instanceId, some)",
            "affinity(B)",
            "antiAffinity(B, instanceId, -2)",
            chain=["random(1)"],
            whole=["reserve(cpu)", "reserve(cpu, -1)", "reserve(cpu, 1, task:group == A)", "isolateRoles(r1)"],
        )
        assert found == [
            "groups[0].constraints[0] distinctInstance: argument: is '3'; must be left out: the rule takes none",
            "groups[0].constraints[1] maxPerInstance: argument: is ''; must be a whole number from 1",
            "groups[0].constraints[2] maxPerInstance: argument: limit is '0'; must be a whole number from 1 to 2,147,483,648",
            "groups[0].constraints[3] maxSkew: argument: is 'instanceId'; must be FIELD, K or FIELD, K, LEAST or "
            "FIELD, K, LEAST, EXPRESSION",
            "groups[0].constraints[4] maxSkew: argument: skew is 'some'; must be a whole number from 1 to 2,147,483,648",
            "groups[0].constraints[5] affinity: argument: is 'B'; must be GROUP, FIELD or GROUP, FIELD, WEIGHT",
            "groups[0].constraints[6] antiAffinity: argument: weight is '-2'; must be a whole number from 1 to 1,000,000",
            "rules[0] reserve: argument: is 'cpu'; must be RESOURCE, AMOUNT or RESOURCE, AMOUNT, EXPRESSION",
            "rules[1] reserve: argument: amount is '-1'; must be a whole number from 0 to 9,007,199,254,740,992",
            "rules[2] reserve: argument: expression is 'task:group == A'; must not read task:group or "
            "runningTasksCount, which a placement changes",
            "rules[3] isolateRoles: argument: is 'r1'; must be two or more different ROLEs",
            "groups[0].strategies[0] random: argument: is '1'; must be left out: the rule takes none",
        ]

    @pytest.mark.parametrize(
        ("expression", "said"),
        [
            ("", f"column 1: the expression ends where a comparison should begin; write {SUBJECTS}"),
            ("disk == 1", f"column 1: 'disk' is no subject; write {SUBJECTS}"),
            ("attribute:a ~~ b", f"column 13: found '~~' where an operator should be; write {OPERATORS}"),
            ("attribute:a", f"column 12: the expression ends where an operator should be; write {OPERATORS}"),
            ("(attribute:a == x", "column 18: the '(' of column 1 is never closed; write ')'"),
            (
                "agentConnected > true",
                "column 16: '>' does not apply to agentConnected; write ==, !=, in, !in, =~ or !~",
            ),
            ("runningTasksCount == many", "column 22: 'many' is no value of runningTasksCount; write an integer"),
            (
                "attribute:a =~ a(?=b)",
                "column 17: look-ahead is not possible; write it as a comparison of its own, joined by 'and'",
            ),
            ("a" * 2001, "column 2001: the expression has 2,001 characters; write at most 2,000"),
            (
                "(" * 900 + "attribute:a == x" + ")" * 900,
                "column 101: more than 100 parentheses and 'not's are nested; leave out those that change nothing",
            ),
            (
                "(" * 10_000 + "attribute:a == x" + ")" * 10_000,
                "column 2001: the expression has 20,016 characters; write at most 2,000",
            ),
        ],
    )
    def test_expressions(self, expression: str, said: str) -> None:
        """Every error gives the column and what was expected; at most 2,000 characters (§3.3)."""
        assert of_rules("distinctInstance", f"memberOf({expression})") == [f"groups[0].constraints[1] memberOf: {said}"]

    def test_an_expression_of_two_thousand_characters_is_read(self) -> None:
        """The limit itself is fine."""
        expression = "attribute:a == " + "x" * 1985
        asked = problem(
            cluster([{"a": "x" * 1985}, {"a": "x" * 1984}]), [group("A", 1, rules=[f"memberOf({expression})"])]
        )
        assert answered(asked).tasks.row(0).tolist() == [1, 0]

    def test_a_regular_expression_takes_linear_time(self) -> None:
        """``(a+)+$`` on a long value that almost matches: answered, not backtracked (§3.3)."""
        rows = [{"id": "i1", "a": "a" * 100_000 + "!"}, {"id": "i2", "a": "a" * 100_000}]
        asked = problem(cluster(rows), [group("A", 1, rules=["memberOf(attribute:a =~ '(a+)+$')"])])
        assert answered(asked).tasks.row(0).tolist() == [0, 1]

    def test_reserves_that_add_up_beyond_every_number(self) -> None:
        """Sums are not wrapped: a thousand reserves of 2^53 leave nothing (§11.2)."""
        asked = problem(
            cluster(TWO),
            [group("A", 1, cpu=1), group("B", 1, memory=1)],
            rules=["reserve(cpu, 9007199254740992)"] * 1100,
        )
        assert answered(asked, explain=False).placed().tolist() == [0, 1]


class TestEmpty:
    @engines
    def test_a_group_with_no_instance(self, engine: Engine) -> None:
        """A shortfall with its reason, not an error."""
        asked = problem(cluster(TWO), [group("A", 3, rules=["memberOf(attribute:gpu exists)"]), group("B", 1, cpu=1)])
        found = answered(asked, engine)
        assert found.placed().tolist() == [0, 1]
        assert found.status is Status.OPTIMAL
        (shortfall,) = found.shortfalls
        assert (shortfall.group, shortfall.wanted, shortfall.placed, shortfall.proven) == ("A", 3, 0, True)
        assert [stage.reason for stage in shortfall.funnel if stage.refused] == [
            "MemberOf placement constraint unsatisfied."
        ]

    @engines
    @pytest.mark.parametrize("start", [0, 3, MAX_START])
    def test_an_empty_cluster(self, engine: Engine, start: int) -> None:
        """No instance at all: nothing is placed, whatever the rules."""
        rules = [
            "distinctInstance",
            f"maxSkew({ZONE_FIELD}, 1)",
            f"affinity(D, {ZONE_FIELD})",
            "antiAffinity(D, instanceId)",
            f"affinity(D, {ZONE_FIELD}, 3)",
            "memberOf(runningTasksCount < 5)",
        ]
        chain = [f"spread({ZONE_FIELD})", "binpack(cpu)", "spread(instanceId)"]
        daemon = group("D", scheduling=Scheduling.DAEMON, cpu=1, ports=(("tcp", 80),))
        asked = problem(
            cluster([]),
            [group("A", start, rules=rules, chain=chain, cpu=1, ports=(("tcp", 80),), role="r1"), daemon],
            rules=["isolateRoles(r1, r2)", "reserve(cpu, 5)"],
        )
        found = answered(asked, engine)
        assert found.missing().tolist() == [start, 0]
        assert found.status is Status.OPTIMAL

    def test_an_empty_cluster_and_everything_or_nothing(self) -> None:
        """Impossible, and proved."""
        found = answered(problem(cluster([]), [group("A", 3)], all_or_nothing=True))
        assert found.status is Status.INFEASIBLE

    @engines
    def test_nothing_is_asked(self, engine: Engine) -> None:
        """No group, or a count of zero: the plan that changes nothing, proved."""
        for groups in ([], [group("A", 0, cpu=1)]):
            found = answered(problem(cluster(TWO), groups), engine)
            assert found.status is Status.OPTIMAL
            assert found.complete and not len(found.started) and not found.shortfalls


class TestTenMillion:
    """A count of ten million: what fits is placed, the rest is a shortfall."""

    @engines
    @pytest.mark.parametrize(
        ("fields", "most"),
        [
            ({"cpu": 1}, 200),
            ({"cpu": 1, "chain": [f"spread({ZONE_FIELD})", "binpack(cpu)"]}, 200),
            ({"cpu": 1, "chain": ["binpack(cpu)", "spread(instanceId)"]}, 200),
            ({"rules": ["distinctInstance"]}, 2),
            ({"rules": ["maxPerInstance(1000)"]}, 2_000),
            ({"rules": ["memberOf(runningTasksCount < 5)"]}, 10),
            ({"cpu": 1, "rules": [f"maxSkew({ZONE_FIELD}, 1)"]}, 200),
            ({"cpu": 1, "rules": [f"affinity(A, {ZONE_FIELD})"]}, 100),
            ({"ports": (("tcp", 80),)}, 2),
            ({"cpu": 1, "all_or_nothing": True}, 0),
        ],
    )
    def test_what_fits_is_placed(self, engine: Engine, fields: dict[str, Any], most: int) -> None:
        """The shortfall is the rest."""
        found = answered(problem(cluster(TWO), [group("A", MAX_START, **fields)]), engine)
        assert found.placed().tolist() == [most]
        assert found.missing().tolist() == [MAX_START - most]
        assert [shortfall.group for shortfall in found.shortfalls] == ["A"]

    @engines
    @pytest.mark.parametrize("chain", [["random"], [f"spread({ZONE_FIELD})"], ["spread(instanceId)"]])
    def test_tasks_that_need_nothing_are_all_placed(self, engine: Engine, chain: list[str]) -> None:
        """Ten million tasks of zero demand."""
        found = answered(problem(cluster(TWO), [group("A", MAX_START, chain=chain)]), engine)
        assert found.complete

    @engines
    @pytest.mark.parametrize(
        "rules",
        [["memberOf(runningTasksCount >= 0)"], ["memberOf(not(task:group == B))"], [f"maxSkew({ZONE_FIELD}, 1)"]],
    )
    def test_one_at_a_time_the_time_limit_ends_it(self, engine: Engine, rules: list[str]) -> None:
        """A rule that looks at every task on the way: what was placed when the time was over, or all; always checked."""
        asked = problem(cluster(TWO), [group("A", MAX_START, rules=rules)])
        found = answered(asked, engine, replace(LIMITS, time_limit=0.5))
        assert 0 < found.placed().sum() <= MAX_START

    def test_many_such_groups_share_one_time_limit(self) -> None:
        """The clock is looked at before every task and every group: none is begun once the time is over."""
        rules, chain = ["memberOf(runningTasksCount >= 0)"], ["spread(instanceId)"]
        groups = [group(f"g{k}", MAX_START, rules=rules, chain=chain) for k in range(30)]
        looks = itertools.count()
        deadline = Deadline(1e6, lambda: next(looks) >= 11)
        tasks = sequential.place(bind(problem(cluster(TWO), groups)), 0, deadline)
        assert tasks.totals().tolist() == [10, *[0] * 29]


def refused_by_bind(asked: Problem) -> str:
    """The message with which the rules of a problem are refused."""
    with pytest.raises(InvalidRequest) as refused:
        bind(asked)
    return str(refused.value)


def test_an_affinity_to_a_group_that_is_not_there_is_refused() -> None:
    """An unknown reference is named, with what is close (§11.2); a group without tasks may be named."""
    rows = [{"cpu": 1}]
    asked = problem(cluster(rows), [group("web", 1, rules=["affinity(dbs, instanceId)"]), group("db", 0)])
    expected = "groups[0].constraints[0] affinity: argument: 'dbs' is no group of the request; such as db"
    assert refused_by_bind(asked) == expected
    bind(problem(cluster(rows), [group("web", 1, rules=["affinity(db, instanceId)"]), group("db", 0)]))


def test_a_cost_that_could_leave_two_to_the_53_is_refused() -> None:
    """The square of a count counts too: nothing wraps (§11.2)."""
    chain = ["spread(attribute:ecs.availability-zone)"]
    rows = [{"cpu": 1, "zone": "a"}, {"cpu": 1, "zone": "b"}]
    many = problem(cluster(rows), [group("A", 3, chain=chain)], {"A": [4_000_000_000, 0]})
    expected = "cost 1/spread/evenness: could exceed 2^53; ask for fewer tasks at once, or use a coarser unit"
    assert refused_by_bind(many) == expected
    bind(problem(cluster(rows), [group("A", 3, chain=chain)], {"A": [90_000_000, 0]}))


def test_frozen_instances_have_one_entry_an_instance() -> None:
    """A mask of another shape is a fault of the request."""
    with pytest.raises(InvalidRequest) as refused:
        problem(cluster([{"cpu": 1}]), [group("A", 1)], frozen=np.array([True, False]))
    assert str(refused.value) == "frozen: has shape (2,); must have one entry an instance, (1,)"


def test_tasks_on_an_instance_that_belong_to_no_group_add_up_to_something_exact() -> None:
    """§11.2 holds for them too."""
    with pytest.raises(InvalidRequest) as refused:
        cluster([{"unlisted": 2**53}, {"unlisted": 1}])
    assert str(refused.value) == "unlisted_tasks: adds up to more than 2^53; count the tasks of each instance"


@pytest.mark.parametrize(
    ("priority", "fine"), [(2**31 - 1, True), (-(2**31), True), (2**31, False), (-(2**31) - 1, False)]
)
def test_a_priority_fits_32_bits(priority: int, fine: bool) -> None:
    """On both sides of both limits."""
    asked = [group("A", 1, priority=priority)]
    if fine:
        problem(cluster([{}]), asked)
        return
    with pytest.raises(InvalidRequest) as refused:
        problem(cluster([{}]), asked)
    assert str(refused.value) == f"groups[0].priority: is {priority}; must fit 32 bits"


def test_a_running_task_is_of_a_group_on_an_instance() -> None:
    """Indices out of range are named."""
    with pytest.raises(InvalidRequest) as refused:
        problem(cluster([{}]), [group("A", 1)], tasks=(RunningTask("t1", 0, 0), RunningTask("t2", 1, 0)))
    assert str(refused.value) == "tasks[1]: is of group 1 on instance 0; must be below 1 and 1"


def test_ports_in_use_are_ports_of_instances_that_are_there() -> None:
    """Protocol, number and instance are judged (§11.2)."""
    rows = [{"cpu": 1}]
    whole = cluster(rows)
    for port, instances, expected in (
        (("sctp", 4), [0], "used_ports[4/sctp]: is no port; must be tcp or udp, 1 to 65535"),
        (("tcp", 0), [0], "used_ports[0/tcp]: is no port; must be tcp or udp, 1 to 65535"),
        (("tcp", 80), [1], "used_ports[80/tcp]: names an instance that is not there; must be 0 to 0"),
        (("udp", 80), [-1], "used_ports[80/udp]: names an instance that is not there; must be 0 to 0"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            replace(whole, used_ports={port: np.array(instances)})
        assert str(refused.value) == expected
    replace(whole, used_ports={("tcp", 80): np.array([0])})


@pytest.mark.parametrize("amount", [1.9, 1.0, float("nan"), "1", None])
def test_an_amount_is_a_whole_number(amount: Any) -> None:
    """Nothing is rounded in silence (§11.2); whole numbers of numpy are whole numbers."""
    asked = replace(group("A"), demand={"cpu": amount}, start=amount, priority=amount)
    with pytest.raises(InvalidRequest) as refused:
        problem(cluster([{"cpu": 9}]), [asked])
    expected = [
        f"groups[0].{name}: is {amount!r}; must be a whole number" for name in ("demand[cpu]", "start", "priority")
    ]
    assert str(refused.value).splitlines() == expected
    fine = replace(group("A"), demand={"cpu": np.int64(1)}, start=np.int64(2))
    problem(cluster([{"cpu": 9}]), [fine])
