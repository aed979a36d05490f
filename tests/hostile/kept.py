"""Clusters that cannot be kept, changes that cannot be made, and plans that cannot be accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solver.v1.cluster_pb2 import Instance
from solver.v1.cluster_service_pb2 import Change, InstanceStatusChange
from solver.v1.task_group_pb2 import Rule, RunningTask, TaskGroup
from tests.hostile.entry import Hostile, hostile

NAN, INFINITE = float("nan"), float("inf")
LONG = "x" * 1_000_000
MOST = 2**63 - 1
NOT_KEPT = {"code": "NOT_FOUND", "reason": "CLUSTER_NOT_FOUND"}
STALE = {"code": "ABORTED", "reason": "STALE_VERSION"}
A = "state.cluster.instances[0]"


def _put(name: str, changes: Mapping[str, Any], *paths: str, **how: str) -> Hostile:
    return hostile(name, changes, *paths, call="PutCluster", **how)


def _change(name: str, change: Change, path: str, **how: str) -> Hostile:
    paths = [f"changes[0]{'.' if path else ''}{path}"] if not how else []
    return hostile(name, {"changes": [change]}, *paths, call="ApplyChanges", **how)


def _commit(name: str, changes: Mapping[str, Any], *paths: str, **how: str) -> Hostile:
    return hostile(name, changes, *paths, call="Commit", **how)


def _instance(**fields: Any) -> Change:
    return Change(put_instance=Instance(**{"id": "c", "capacity": [1, 1], "free": [1, 1], **fields}))


START = {"kind": 1, "group": "web", "instance": "b", "count": 1}

ENTRIES = [
    _put("a cluster without a name", {"name": ""}, "name"),
    _put("a name of 256 characters", {"name": "é" * 256}, "name"),
    _put("a name of a megabyte", {"name": LONG}, "name"),
    _put("a version where none is kept", {"expected_version": 1}, **STALE),
    _put("a negative version of what is not kept", {"expected_version": -1}, **STALE),
    _put("a new cluster where one is kept", {"name": "prod", "expected_version": 0}, **STALE),
    _put("a state with an instance twice", {"state.cluster.instances[1].id": "a"}, "state.cluster.instances[1].id"),
    _put("a state with an instance without an id", {f"{A}.id": "", "state.tasks": None}, f"{A}.id"),
    _put("a state with a group twice", {"state.groups[0].name": "db"}, "state.groups[1].name"),
    _put(
        "a state with a task twice", {"state.tasks+": {"id": "t1", "group": "db", "instance": "a"}}, "state.tasks[1].id"
    ),
    _put("a state that wants tasks", {"state.groups[0].start": 1}, "state.groups[0]"),
    _put("a state that stops tasks", {"state.groups[1].stop": 1}, "state.groups[1]"),
    _put("a state with a task of nobody", {"state.tasks[0].group": ""}, "state.tasks[0].group"),
    _put("a state with a task nowhere", {"state.tasks[0].instance": "i-a"}, "state.tasks[0].instance"),
    _put("a state with a negative capacity", {f"{A}.capacity[0]": -1, f"{A}.free[0]": -1}, f"{A}.capacity[0]"),
    _put("a state with more free than there is", {f"{A}.free[0]": 1025}, f"{A}.free[0]"),
    _put("a state with too few amounts", {f"{A}.free": [1]}, f"{A}.free"),
    _put("a state with a status that is none", {f"{A}.status": 9}, f"{A}.status"),
    _put("a state with a port that is none", {f"{A}.used_udp_ports": [0]}, f"{A}.used_udp_ports[0]"),
    _put("a state with an attribute without a name", {f"{A}.attributes[]": "x"}, "state.cluster.instances.attributes"),
    _put(
        "a state with a resource twice",
        {"state.cluster.resources": ["cpu", "cpu"]},
        "state.cluster.resources[1]",
        "state.groups[0].demand[memory]",
        "state.groups[1].demand[memory]",
    ),
    _put(
        "a state with a column that is too short",
        {"state.cluster.attribute_columns+": {"name": "s", "codes": [0]}},
        "state.cluster.attribute_columns[0].codes",
    ),
    _put(
        "a state with a code beyond the values",
        {"state.cluster.attribute_columns+": {"name": "s", "codes": [0, 1]}},
        "state.cluster.attribute_columns[0].codes",
    ),
    _put(
        "a state with an attribute in two places",
        {"state.cluster.attribute_columns+": {"name": "zone", "codes": [0, 0]}},
        "state.cluster.attribute_columns[0].name",
    ),
    _put(
        "a state with a rule that is none",
        {"state.groups[0].constraints+": {"type": "x"}},
        "state.groups[0].constraints[0] x: type",
    ),
    _put(
        "a state with a broken expression",
        {"state.groups[0].constraints+": {"type": "memberOf", "argument": "a"}},
        "state.groups[0].constraints[0] memberOf: column 1",
    ),
    _put("a state with a demand that is not there", {"state.groups[0].demand[gpu]": 1}, "state.groups[0].demand[gpu]"),
    hostile("changes of a cluster that is not kept", {"name": "none"}, call="ApplyChanges", **NOT_KEPT),
    hostile("changes of a stale version", {"expected_version": 7}, call="ApplyChanges", **STALE),
    hostile("changes of a negative version", {"expected_version": -(2**63)}, call="ApplyChanges", **STALE),
    _change("a change of nothing", Change(), ""),
    _change("an instance put without an id", _instance(id=""), "put_instance.id"),
    _change("an instance put with too few amounts", _instance(free=[1]), "put_instance.free"),
    _change("an instance put with too many amounts", _instance(capacity=[1, 1, 1]), "put_instance.capacity"),
    _change("an instance put with more free than there is", _instance(free=[2, 1]), "put_instance.free[0]"),
    _change(
        "an instance put with a negative capacity", _instance(capacity=[-1, 1], free=[-1, 1]), "put_instance.free[0]"
    ),
    _change("an instance put with an unknown status", _instance(status=9), "put_instance.status"),
    _change("an instance put with a port of 0", _instance(used_tcp_ports=[0]), "put_instance.used_tcp_ports[0]"),
    _change("an instance put with a port twice", _instance(used_udp_ports=[53, 53]), "put_instance.used_udp_ports[1]"),
    _change(
        "an instance put with negative tasks of nobody", _instance(unlisted_tasks=-1), "put_instance.unlisted_tasks"
    ),
    _change(
        "an instance put with an attribute without a name", _instance(attributes={"": "x"}), "put_instance.attributes"
    ),
    hostile(
        "an instance put with amounts that leave 2^53",
        {"changes": [_instance(capacity=[2**53, 1])]},
        "changes",
        call="ApplyChanges",
    ),
    hostile(
        "an instance put behind one without faults with everything wrong at once",
        {"changes": [_instance(id="c"), _instance(id="d", status=9, used_tcp_ports=[0], unlisted_tasks=-1)]},
        "changes[1].put_instance.status",
        "changes[1].put_instance.used_tcp_ports[0]",
        "changes[1].put_instance.unlisted_tasks",
        call="ApplyChanges",
    ),
    hostile(
        "an instance put twice, first with an unknown status",
        {"changes": [_instance(status=9), _instance()]},
        "changes[0].put_instance.status",
        call="ApplyChanges",
    ),
    _change(
        "an unknown status of an instance",
        Change(set_instance_status=InstanceStatusChange(instance="a", status=9)),
        "set_instance_status.status",
    ),
    hostile(
        "a task that ends where all that fits 64 bits is free",
        {"changes": [_instance(id="a", capacity=[MOST, MOST], free=[MOST, MOST]), Change(remove_task="t1")]},
        "changes[1].remove_task",
        call="ApplyChanges",
    ),
    hostile(
        "a task that ends where all is free",
        {"changes": [_instance(id="a", capacity=[1024, 2048], free=[1024, 2048]), Change(remove_task="t1")]},
        "changes[1].remove_task",
        "changes[1].remove_task",
        call="ApplyChanges",
    ),
    _change("an instance removed that is not there", Change(remove_instance="c"), "remove_instance"),
    _change("an instance removed without a name", Change(remove_instance=""), "remove_instance"),
    _change(
        "a status of an instance that is not there",
        Change(set_instance_status=InstanceStatusChange(instance="c")),
        "set_instance_status.instance",
    ),
    _change("a group put without a name", Change(put_group=TaskGroup()), "put_group.name"),
    _change("a group put that wants tasks", Change(put_group=TaskGroup(name="n", start=1)), "put_group"),
    _change(
        "a group put whose tasks would take something else",
        Change(put_group=TaskGroup(name="db", demand={"cpu": 1})),
        "put_group.demand",
    ),
    _change(
        "a group put with a negative demand",
        Change(put_group=TaskGroup(name="n", demand={"cpu": -1})),
        "put_group.demand[cpu]",
    ),
    _change(
        "a group put with a rule that is none",
        Change(put_group=TaskGroup(name="n", strategies=[Rule(type="x")])),
        "put_group.strategies[0] x: type",
    ),
    _change(
        "a group put with an unknown scheduling",
        Change(put_group=TaskGroup(name="n", scheduling=9)),
        "put_group.scheduling",
    ),
    hostile(
        "a group removed whose family a rule names",
        {
            "changes": [
                Change(put_group=TaskGroup(name="n", constraints=[Rule(type="affinity", argument="web, host")])),
                Change(remove_group="web"),
            ]
        },
        "changes[0].put_group.constraints[0] affinity: argument",
        call="ApplyChanges",
    ),
    _change("a group removed that is not there", Change(remove_group="none"), "remove_group"),
    _change("a group removed that has tasks", Change(remove_group="db"), "remove_group"),
    _change("a task put without an id", Change(put_task=RunningTask(group="db", instance="a")), "put_task.id"),
    _change("a task put of nobody", Change(put_task=RunningTask(id="n", group="none", instance="a")), "put_task.group"),
    _change(
        "a task put nowhere", Change(put_task=RunningTask(id="n", group="db", instance="i-a")), "put_task.instance"
    ),
    hostile(
        "a change that is wrong behind one that is right",
        {"changes": [Change(remove_task="t1"), Change(remove_group="none")]},
        "changes[1].remove_group",
        call="ApplyChanges",
    ),
    hostile("a cluster read that is not kept", {"name": "none"}, call="GetCluster", **NOT_KEPT),
    hostile("a cluster of a megabyte read", {"name": LONG}, call="GetCluster", **NOT_KEPT),
    hostile("a cluster of control characters read", {"name": "\0\n"}, call="GetCluster", **NOT_KEPT),
    hostile("a cluster forgotten that is not kept", {"name": "none"}, call="DeleteCluster", **NOT_KEPT),
    hostile("a cluster forgotten at a stale version", {"expected_version": 2}, call="DeleteCluster", **STALE),
    hostile("a cluster forgotten at version 0", {"expected_version": 0}, call="DeleteCluster", **STALE),
    _commit("a plan for a cluster that is not kept", {"name": "none"}, **NOT_KEPT),
    _commit("a plan without a version", {"version": 0}, **STALE),
    _commit("a plan of the future", {"version": 2**63 - 1}, **STALE),
    _commit("a plan that lapses at once", {"lapse_seconds": 0.0}, "lapse_seconds"),
    _commit("a plan that lapsed before", {"lapse_seconds": -1.0}, "lapse_seconds"),
    _commit("a plan that lapses never", {"lapse_seconds": INFINITE}, "lapse_seconds"),
    _commit("a plan that lapses at no number", {"lapse_seconds": NAN}, "lapse_seconds"),
    _commit("a plan that lapses after more than a day", {"lapse_seconds": 86_400.5}, "lapse_seconds"),
    _commit("a request's name of 101 characters", {"request_id": "x" * 101}, "request_id"),
    _commit("a request's name of a megabyte", {"request_id": LONG}, "request_id"),
    _commit("an action of no kind", {"actions+": {**START, "kind": 0}}, "actions[0].kind"),
    _commit("an action of an unknown kind", {"actions+": {**START, "kind": 4}}, "actions[0].kind"),
    _commit("a start of nobody", {"actions+": {**START, "group": "none"}}, "actions[0].group"),
    _commit("a start nowhere", {"actions+": {**START, "instance": "i-b"}}, "actions[0].instance"),
    _commit("a start of no tasks", {"actions+": {**START, "count": 0}}, "actions[0].count"),
    _commit("a start of negative tasks", {"actions+": {**START, "count": -(2**31)}}, "actions[0].count"),
    _commit("a start of more than fits", {"actions+": {**START, "count": 5}}, "actions[0].count"),
    _commit("a start of the most tasks", {"actions+": {**START, "count": 2**31 - 1}}, "actions[0].count"),
    _commit("two starts that fit one by one", {"actions+2": {**START, "count": 3}}, "actions[1].count"),
    _commit("a stop without a task", {"actions+": {"kind": 2, "group": "db", "instance": "a"}}, "actions[0].task"),
    _commit(
        "a stop of a task that is not there",
        {"actions+": {"kind": 2, "group": "db", "instance": "a", "task": "t2"}},
        "actions[0].task",
    ),
    _commit(
        "a stop of a task twice",
        {"actions+2": {"kind": 2, "group": "db", "instance": "a", "task": "t1"}},
        "actions[1].task",
    ),
    _commit("a move of a task that is not there", {"actions+": {**START, "kind": 3, "task": "t9"}}, "actions[0].task"),
    _commit(
        "a move of one task to two",
        {"actions+": {**START, "kind": 3, "group": "db", "task": "t1", "count": 2}},
        "actions[0].count",
    ),
    _commit(
        "a stop of a task under another group",
        {"actions+": {"kind": 2, "group": "web", "instance": "a", "task": "t1", "count": 1}},
        "actions[0].group",
    ),
    _commit(
        "a stop of a task elsewhere",
        {"actions+": {"kind": 2, "group": "db", "instance": "b", "task": "t1", "count": 1}},
        "actions[0].instance",
    ),
    _commit(
        "a move of a task from elsewhere",
        {"actions+": {**START, "kind": 3, "group": "db", "task": "t1", "from_instance": "b"}},
        "actions[0].from_instance",
    ),
    _commit(
        "a group of a plan with a negative demand",
        {"groups+": {"name": "n", "demand": {"cpu": -1}}},
        "groups[0].demand[cpu]",
    ),
    _commit(
        "a group of a plan of no resource", {"groups+": {"name": "n", "demand": {"gpu": 1}}}, "groups[0].demand[gpu]"
    ),
    _commit(
        "a group of a plan with an unknown scheduling",
        {"groups+": {"name": "n", "scheduling": 9}},
        "groups[0].scheduling",
    ),
    _commit(
        "a group of a plan with a rule that is none",
        {"groups+": {"name": "n", "constraints": [Rule()]}},
        "groups[0].constraints[0] : type",
    ),
    _commit("a group without a name in a plan", {"groups+": {}}, "groups[0].name"),
    _commit("a group in a plan whose tasks would take something else", {"groups+": {"name": "db"}}, "groups[0].demand"),
]
