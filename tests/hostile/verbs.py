"""Requests that are not of the kind that is called, and plans that cannot be checked."""

from __future__ import annotations

from tests.hostile.entry import answered, hostile

NAN = float("nan")

ENTRIES = [
    hostile("Terminate that starts", {}, "request.groups[0].start", call="Terminate"),
    hostile(
        "Terminate that moves",
        {"request.groups[0].start": 0, "request.groups[1].movable": True},
        "request.groups[1].movable",
        call="Terminate",
    ),
    hostile(
        "Terminate that drains",
        {"request.groups[0].start": 0, "request.drained_instances": ["a"]},
        "request.drained_instances",
        call="Terminate",
    ),
    hostile(
        "Terminate that pre-empts",
        {"request.groups[0].start": 0, "request.freedom.preempt": 3},
        "request.freedom.preempt",
        call="Terminate",
    ),
    hostile(
        "Terminate of more than runs",
        {"request.groups[0].start": 0, "request.groups[1].stop": 2},
        "request.groups[1].stop",
        call="Terminate",
    ),
    hostile(
        "Terminate without a cluster",
        {"request.cluster": None, "request.groups": None, "request.running": None, "request.tasks": None},
        "request.cluster",
        call="Terminate",
    ),
    hostile("Drain that starts", {}, "request.groups[0].start", call="Drain"),
    hostile(
        "Drain that stops",
        {"request.groups[0].start": 0, "request.groups[1].stop": 1},
        "request.groups[1].stop",
        call="Drain",
    ),
    hostile(
        "Drain that consolidates",
        {"request.groups[0].start": 0, "request.freedom.consolidate": True},
        "request.freedom.consolidate",
        call="Drain",
    ),
    hostile(
        "Drain that repairs",
        {"request.groups[0].start": 0, "request.freedom.repair": True},
        "request.freedom.repair",
        call="Drain",
    ),
    hostile(
        "Drain of an instance that is not there",
        {"request.groups[0].start": 0, "request.drained_instances": ["c"]},
        "request.drained_instances[0]",
        call="Drain",
    ),
    hostile(
        "Rebalance without a budget", {"request.groups[0].start": 0}, "request.freedom.max_moves", call="Rebalance"
    ),
    hostile("Rebalance that starts", {"request.freedom.max_moves": 1}, "request.groups[0].start", call="Rebalance"),
    hostile(
        "Rebalance that stops",
        {"request.groups[0].start": 0, "request.groups[1].stop": 1, "request.freedom.max_moves": 1},
        "request.groups[1].stop",
        call="Rebalance",
    ),
    hostile(
        "Rebalance that drains",
        {"request.groups[0].start": 0, "request.drained_instances": ["a"], "request.freedom.max_moves": 1},
        "request.drained_instances",
        call="Rebalance",
    ),
    hostile(
        "Rebalance that empties",
        {"request.groups[0].start": 0, "request.freedom.max_moves": 1, "request.freedom.empty": 1},
        "request.freedom.empty",
        call="Rebalance",
    ),
    hostile(
        "Rebalance with a negative budget",
        {"request.groups[0].start": 0, "request.freedom.max_moves": -1},
        "request.freedom.max_moves",
        call="Rebalance",
    ),
    hostile(
        "Reconcile that drains", {"request.drained_instances": ["a"]}, "request.drained_instances", call="Reconcile"
    ),
    hostile("Reconcile that frees a slot", {"request.freedom.slot[cpu]": 1}, "request.freedom.slot", call="Reconcile"),
    hostile(
        "Reconcile with a limit that is not a number",
        {"request.limits.time_limit_seconds": NAN},
        "request.limits.time_limit_seconds",
        call="Reconcile",
    ),
    hostile("Deploy of two services", {"request.groups[1].stop": 1}, "request.groups[1].family", call="Deploy"),
    hostile("Deploy that moves", {"request.groups[0].movable": True}, "request.groups[0].movable", call="Deploy"),
    hostile("Deploy that pre-empts", {"request.freedom.preempt": 2}, "request.freedom.preempt", call="Deploy"),
    hostile(
        "Deploy with a rule that is none", {"request.rules+": {"type": "x"}}, "request.rules[0] x: type", call="Deploy"
    ),
    hostile(
        "Deploy with a broken expression",
        {"request.groups[0].constraints+": {"type": "memberOf", "argument": "("}},
        "request.groups[0].constraints[0] memberOf: column 2",
        call="Deploy",
    ),
    hostile(
        "Deploy to a cluster carried and named", {"request.cluster_name": "prod"}, "request.cluster", call="Deploy"
    ),
    hostile(
        "Deploy to a cluster that is not kept",
        {"request.cluster": None, "request.running": None, "request.tasks": None, "request.cluster_name": "none"},
        call="Deploy",
        code="NOT_FOUND",
        reason="CLUSTER_NOT_FOUND",
    ),
    hostile(
        "a plan without a cluster",
        {"request": None},
        "request.cluster",
        "tasks[0].group",
        "tasks[0].instance",
        call="Check",
    ),
    hostile(
        "a plan beside a broken rule",
        {"request.rules+": {"type": "reserve"}},
        "request.rules[0] reserve: argument",
        call="Check",
    ),
    hostile("a plan of a group that is not there", {"tasks[0].group": "x"}, "tasks[0].group", call="Check"),
    hostile("a plan on an instance that is not there", {"tasks[0].instance": "c"}, "tasks[0].instance", call="Check"),
    hostile("a plan of no tasks on an instance", {"tasks[0].count": 0}, "tasks[0].count", call="Check"),
    hostile("a plan of negative tasks", {"tasks[0].count": -(2**31)}, "tasks[0].count", call="Check"),
    hostile("a plan in columns of different lengths", {"task_columns.counts": [1]}, "task_columns", call="Check"),
    hostile(
        "a plan in columns that point beyond",
        {"task_columns.groups": [9], "task_columns.instances": [9], "task_columns.counts": [1]},
        "task_columns.groups[0]",
        "task_columns.instances[0]",
        call="Check",
    ),
    hostile(
        "a plan whose sums would wrap to nothing",
        {"request.groups[0].demand[cpu]": 2**52, "tasks+": {"group": "web", "instance": "a", "count": 4_096}},
        "tasks",
        call="Check",
    ),
    answered("a plan of 2^31 - 1 tasks", {"tasks[0].count": 2**31 - 1}, call="Check"),
    answered("a plan of nothing", {"tasks": None}, call="Check"),
    answered("a plan with limits that are none", {"request.limits.time_limit_seconds": NAN}, call="Check"),
    answered("Terminate of nothing", {"request.groups[0].start": 0}, call="Terminate"),
    answered("Drain of nothing", {"request.groups[0].start": 0}, call="Drain"),
    answered(
        "Rebalance with no moves", {"request.groups[0].start": 0, "request.freedom.max_moves": 0}, call="Rebalance"
    ),
]
