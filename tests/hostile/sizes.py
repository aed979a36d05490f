"""Messages with more of something than this server takes; those of PlacementService that name a cluster, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solver.v1.cluster_pb2 import Instance
from solver.v1.cluster_service_pb2 import Change
from solver.v1.task_group_pb2 import RunningTask, TaskGroup
from tests.hostile.entry import KEPT, TOO_LARGE, Hostile, hostile

NAMED = {"cluster": None, "running": None, "tasks": None, "cluster_name": KEPT}

NOTHING = {"name": "n"}
START = {"kind": 1, "group": "n", "instance": "b", "count": 1}


def _put(name: str, **fields: Any) -> Change:
    return Change(put_instance=Instance(id=name, capacity=[1, 1], free=[1, 1], **fields))


def _large(name: str, changes: Mapping[str, Any], call: str = "Place") -> Hostile:
    return hostile(name, changes, call=call, code=TOO_LARGE)


ENTRIES = [
    _large("nine instances", {"cluster.instances+7": {"capacity": [1, 1], "free": [1, 1]}}),
    _large("540,000 instances", {"cluster.instances+540000": {}}),
    _large("five resources", {"cluster.resources+3": "x"}),
    _large("540,000 resources without a name", {"cluster.resources+540000": ""}),
    _large("six columns", {"cluster.attribute_columns+6": {"name": "x", "codes": [0, 0]}}),
    _large("six attributes of an instance", {f"cluster.instances[0].attributes[{k}]": "" for k in range(6)}),
    _large(
        "six attributes in columns and on instances",
        {
            "cluster.attribute_columns+": {"name": "x", "codes": [0, 0]},
            **{f"cluster.instances[{k % 2}].attributes[{k}]": "" for k in range(4)},
        },
    ),
    _large("seven groups", {"groups+5": {}}),
    _large("540,000 groups", {"groups+540000": {}}),
    _large("six ports of a group", {"groups[0].ports+6": {"port": 1}}),
    _large("six required attributes of a group", {"groups[0].required_attributes+6": "x"}),
    _large("six zones of a group", {"groups[1].zones+6": "x"}),
    _large("six capacity providers of a group", {"groups[1].capacity_providers+6": "x"}),
    _large("540,000 ports of a group", {"groups[0].ports+540000": {}}),
    _large("540,000 constraints of a group", {"groups[0].constraints+540000": {}}),
    _large("540,000 strategies of a group", {"groups[0].strategies+540000": {}}),
    _large("540,000 required attributes of a group", {"groups[0].required_attributes+540000": ""}),
    _large("thirteen counts", {"running+12": {"group": "db", "instance": "a", "count": 1}}),
    _large("counts in rows and columns", {"running_columns.counts": [1] * 12}),
    _large("540,000 counts", {"running+540000": {}}),
    _large("a column of 540,000 counts", {"running_columns.groups": [0] * 540_000}),
    _large("five tasks", {"tasks+4": {"id": "x", "group": "db", "instance": "a"}}),
    _large("540,000 tasks", {"tasks+540000": {}}),
    _large("four rules of the cluster", {"rules+4": {"type": "reserve", "argument": "cpu, 1"}}),
    _large("540,000 rules of the cluster", {"rules+540000": {}}),
    _large("nine frozen instances", {"frozen_instances+9": "a"}),
    _large("nine drained instances", {"drained_instances+9": "a"}),
    _large("540,000 drained instances", {"drained_instances+540000": ""}),
    _large("more than two million warnings", {"warnings+2000001": ""}),
    _large("540,000 instances inside a verb", {"request.cluster.instances+540000": {}}, "Reconcile"),
    _large("seven groups inside a verb", {"request.groups+5": {}}, "Drain"),
    _large("thirteen counts of a plan", {"tasks+12": {"group": "db", "instance": "a", "count": 1}}, "Check"),
    _large("540,000 counts of a plan", {"tasks+540000": {}}, "Check"),
    _large("a column of thirteen counts of a plan", {"task_columns.instances": [0] * 13}, "Check"),
    _large("nine instances of a plan's request", {"request.cluster.instances+7": {}}, "Check"),
    _large("540,000 groups beside a name", {**NAMED, "groups+540000": {}}),
    _large("seven groups beside a name", {**NAMED, "groups+5": {"name": "x"}}),
    _large("nine frozen instances beside a name", {**NAMED, "frozen_instances+9": "a"}),
    _large("nine instances of a state", {"state.cluster.instances+7": {}}, "PutCluster"),
    _large("540,000 instances of a state", {"state.cluster.instances+540000": {}}, "PutCluster"),
    _large("seven groups of a state", {"state.groups+5": {}}, "PutCluster"),
    _large("five tasks of a state", {"state.tasks+4": {}}, "PutCluster"),
    _large("six columns of a state", {"state.cluster.attribute_columns+6": {}}, "PutCluster"),
    _large(
        "six attributes of a state", {f"state.cluster.instances[0].attributes[{k}]": "" for k in range(6)}, "PutCluster"
    ),
    _large(
        "a column that is too large written out",
        {"state.cluster.attribute_columns+": {"name": "x", "values": ["x" * 9_000_000], "codes": [1, 1]}},
        "PutCluster",
    ),
    _large("540,000 changes", {"changes": [Change()] * 540_000}, "ApplyChanges"),
    _large(
        "attributes put beyond the limit",
        {"changes": [_put("c", attributes={f"a{k}": "" for k in range(6)})]},
        "ApplyChanges",
    ),
    _large(
        "attributes put beyond the limit on several instances",
        {"changes": [_put(f"c{k}", attributes={f"a{n}": "" for n in range(3 * k, 3 * k + 3)}) for k in range(2)]},
        "ApplyChanges",
    ),
    _large("instances put beyond the limit", {"changes": [_put(f"n{k}") for k in range(7)]}, "ApplyChanges"),
    _large(
        "tasks put beyond the limit",
        {"changes": [Change(put_task=RunningTask(id=f"n{k}", group="web", instance="b")) for k in range(4)]},
        "ApplyChanges",
    ),
    _large(
        "groups put beyond the limit",
        {"changes": [Change(put_group=TaskGroup(name=f"n{k}")) for k in range(5)]},
        "ApplyChanges",
    ),
    _large("groups of a plan beyond the limit", {"groups": [TaskGroup(name=f"n{k}") for k in range(5)]}, "Commit"),
    _large("tasks started beyond the limit", {"groups+": NOTHING, "actions+": {**START, "count": 4}}, "Commit"),
    _large("50,000 tasks that take nothing", {"groups+": NOTHING, "actions+": {**START, "count": 50_000}}, "Commit"),
    _large(
        "2^31 - 1 tasks that take nothing", {"groups+": NOTHING, "actions+": {**START, "count": 2**31 - 1}}, "Commit"
    ),
    _large("540,000 actions", {"actions+540000": {}}, "Commit"),
    _large("540,000 groups of a plan", {"groups+540000": {}}, "Commit"),
]
