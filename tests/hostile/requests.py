"""Requests that refer to what is not there, contradict themselves, or set limits that are none."""

from __future__ import annotations

from tests.hostile.entry import KEPT, answered, hostile

NAN, INFINITE = float("nan"), float("inf")
MOST, LEAST = 2**63 - 1, -(2**63)
LONG = "x" * 1_000_000

ENTRIES = [
    # Counts and tasks.
    hostile("a count of a group that is not there", {"running[0].group": "web2"}, "running[0].group"),
    hostile("a count of a group without a name", {"running[0].group": ""}, "running[0].group"),
    hostile("a count on an instance that is not there", {"running[0].instance": "c"}, "running[0].instance"),
    hostile("a count of 0", {"running[0].count": 0}, "running[0].count"),
    hostile("a negative count", {"running[0].count": -1}, "running[0].count"),
    hostile("the least count", {"running[0].count": -(2**31)}, "running[0].count"),
    hostile(
        "counts whose demand leaves 2^53",
        {"groups[1].demand[cpu]": 2**23, "running[0].count": 2**31 - 1},
        "groups.demand[cpu]",
    ),
    hostile(
        "columns of different lengths",
        {"running_columns.groups": [0], "running_columns.instances": [0, 1]},
        "running_columns",
    ),
    hostile(
        "columns that point beyond",
        {"running_columns.groups": [2, 0], "running_columns.instances": [0, 2], "running_columns.counts": [1, 0]},
        *("running_columns.groups[0]", "running_columns.instances[1]", "running_columns.counts[1]"),
    ),
    hostile(
        "columns of 2^32 - 1",
        {f"running_columns.{name}": [2**32 - 1] for name in ("groups", "instances", "counts")},
        *("running_columns.groups[0]", "running_columns.instances[0]"),
    ),
    hostile("a task without an id", {"tasks[0].id": ""}, "tasks[0].id"),
    hostile("a task twice", {"tasks+": {"id": "t1", "group": "db", "instance": "a"}}, "tasks[1].id"),
    hostile("a task of a group that is not there", {"tasks[0].group": "none"}, "tasks[0].group"),
    hostile("a task on an instance that is not there", {"tasks[0].instance": "i-none"}, "tasks[0].instance"),
    hostile("a task of nothing", {"tasks+": {}}, "tasks[1].id", "tasks[1].group", "tasks[1].instance"),
    hostile("a frozen instance that is not there", {"frozen_instances": ["a", ""]}, "frozen_instances[1]"),
    hostile("a drained instance that is not there", {"drained_instances": ["b", "a/b"]}, "drained_instances[1]"),
    hostile("a drained instance of a megabyte", {"drained_instances": [LONG]}, "drained_instances[0]"),
    hostile("a label of 1,001 characters", {"label": "é" * 1_001}, "label"),
    hostile("a label of a megabyte", {"label": LONG}, "label"),
    # Limits.
    hostile("a time limit of 0", {"limits.time_limit_seconds": 0.0}, "limits.time_limit_seconds"),
    hostile("a time limit of minus 0", {"limits.time_limit_seconds": -0.0}, "limits.time_limit_seconds"),
    hostile("a negative time limit", {"limits.time_limit_seconds": -1.0}, "limits.time_limit_seconds"),
    hostile("a time limit that is not a number", {"limits.time_limit_seconds": NAN}, "limits.time_limit_seconds"),
    hostile("an infinite time limit", {"limits.time_limit_seconds": INFINITE}, "limits.time_limit_seconds"),
    hostile("a time limit beyond the server's", {"limits.time_limit_seconds": 60.001}, "limits.time_limit_seconds"),
    hostile(
        "a deterministic limit of 0", {"limits.deterministic_limit_seconds": 0.0}, "limits.deterministic_limit_seconds"
    ),
    hostile(
        "a deterministic limit that is not a number",
        {"limits.deterministic_limit_seconds": NAN},
        "limits.deterministic_limit_seconds",
    ),
    hostile(
        "a deterministic limit beyond a day",
        {"limits.deterministic_limit_seconds": 86_401.0},
        "limits.deterministic_limit_seconds",
    ),
    hostile(
        "an infinite deterministic limit",
        {"limits.deterministic_limit_seconds": -INFINITE},
        "limits.deterministic_limit_seconds",
    ),
    hostile("no threads", {"limits.workers": 0}, "limits.workers"),
    hostile("65 threads", {"limits.workers": 65}, "limits.workers"),
    hostile("the least threads", {"limits.workers": -(2**31)}, "limits.workers"),
    hostile("a negative seed", {"limits.seed": -1}, "limits.seed"),
    hostile("an unknown engine", {"limits.engine": 4}, "limits.engine"),
    hostile(
        "everything wrong with the limits",
        {
            "limits.time_limit_seconds": NAN,
            "limits.deterministic_limit_seconds": NAN,
            "limits.workers": -1,
            "limits.seed": -1,
            "limits.engine": -1,
        },
        *(
            f"limits.{name}"
            for name in ("time_limit_seconds", "deterministic_limit_seconds", "workers", "seed", "engine")
        ),
    ),
    # What may change.
    hostile("a negative number of moves in all", {"freedom.max_moves": -1}, "freedom.max_moves"),
    hostile("a negative cost of moves", {"freedom.max_move_cost": LEAST}, "freedom.max_move_cost"),
    hostile("an unknown pre-emption", {"freedom.preempt": 4}, "freedom.preempt"),
    hostile("a negative number to empty", {"freedom.empty": -1}, "freedom.empty"),
    hostile("to empty and interleaved", {"freedom.empty": 1, "freedom.interleaved": True}, "freedom.empty"),
    hostile("a negative gain", {"freedom.min_gain": -1}, "freedom.min_gain"),
    hostile("a gain where tasks start", {"freedom.min_gain": 1}, "freedom.min_gain"),
    hostile(
        "a gain where tasks stop",
        {"groups[0].start": 0, "groups[1].stop": 1, "freedom.min_gain": 1},
        "freedom.min_gain",
    ),
    hostile(
        "a gain where instances are drained",
        {"groups[0].start": 0, "drained_instances": ["a"], "freedom.min_gain": 1},
        "freedom.min_gain",
    ),
    hostile(
        "a gain where instances are emptied",
        {"groups[0].start": 0, "freedom.empty": 1, "freedom.min_gain": 1},
        "freedom.min_gain",
    ),
    hostile(
        "a gain where moves are interleaved",
        {"groups[0].start": 0, "freedom.interleaved": True, "freedom.min_gain": 1},
        "freedom.min_gain",
    ),
    hostile(
        "the most gain", {"groups[0].start": 0, "groups[1].movable": True, "freedom.min_gain": MOST}, "freedom.min_gain"
    ),
    hostile("a slot of nothing", {"freedom.slot[cpu]": 0}, "freedom.slot[cpu]"),
    hostile("a negative slot", {"freedom.slot[cpu]": -1}, "freedom.slot[cpu]"),
    hostile("the most of a slot", {"freedom.slot[cpu]": MOST}, "freedom.slot[cpu]"),
    hostile("a slot of a resource that is not there", {"freedom.slot[gpu]": 1}, "freedom.slot[gpu]"),
    hostile("a slot of a resource without a name", {"freedom.slot[]": 1}, "freedom.slot[]"),
    hostile(
        "faults of every part at once",
        {
            "cluster.instances[0].status": 9,
            "groups[0].scheduling": 9,
            "limits.seed": -1,
            "running[0].count": 0,
            "frozen_instances": ["c"],
            "freedom.preempt": 9,
            "tasks[0].id": "",
            "groups[0].start": -1,
            "groups[0].constraints+": {"type": "no"},
        },
        *(
            "cluster.instances[0].status",
            "groups[0].scheduling",
            "limits.seed",
            "running[0].count",
            "frozen_instances[0]",
        ),
        *("freedom.preempt", "tasks[0].id", "groups[0].start", "groups[0].constraints[0] no: type"),
    ),
    # Names of clusters that are kept.
    hostile(
        "a cluster that is not kept",
        {"cluster": None, "running": None, "tasks": None, "cluster_name": "none"},
        code="NOT_FOUND",
        reason="CLUSTER_NOT_FOUND",
    ),
    hostile(
        "a cluster of a megabyte that is not kept",
        {"cluster": None, "running": None, "tasks": None, "cluster_name": LONG},
        code="NOT_FOUND",
        reason="CLUSTER_NOT_FOUND",
    ),
    hostile(
        "a cluster of another case",
        {"cluster": None, "running": None, "tasks": None, "cluster_name": KEPT.upper()},
        code="NOT_FOUND",
        reason="CLUSTER_NOT_FOUND",
    ),
    hostile("a cluster carried and named", {"cluster_name": KEPT}, "cluster"),
    hostile("counts carried with a name", {"cluster": None, "tasks": None, "cluster_name": KEPT}, "running"),
    hostile(
        "columns of counts carried with a name",
        {
            "cluster": None,
            "running": None,
            "tasks": None,
            "running_columns.counts": [],
            "running_columns.groups": [0],
            "cluster_name": KEPT,
        },
        "running_columns",
    ),
    hostile("tasks carried with a name", {"cluster": None, "running": None, "cluster_name": KEPT}, "tasks"),
    hostile(
        "a version of the future",
        {"cluster": None, "running": None, "tasks": None, "cluster_name": KEPT, "cluster_version": 2},
        code="ABORTED",
        reason="STALE_VERSION",
    ),
    hostile(
        "a negative version",
        {"cluster": None, "running": None, "tasks": None, "cluster_name": KEPT, "cluster_version": -1},
        code="ABORTED",
        reason="STALE_VERSION",
    ),
    hostile(
        "the most version",
        {"cluster": None, "running": None, "tasks": None, "cluster_name": KEPT, "cluster_version": MOST},
        code="ABORTED",
        reason="STALE_VERSION",
    ),
    hostile(
        "a group twice beside a name",
        {"cluster": None, "running": None, "tasks": None, "cluster_name": KEPT, "groups[1].name": "web"},
        "groups[1].name",
    ),
    # What is answered all the same.
    answered("a version without a name", {"cluster_version": 7}),
    answered("the shortest time limit", {"limits.time_limit_seconds": 5e-324}),
    answered("all instances frozen and drained", {"frozen_instances": ["a", "b"], "drained_instances": ["a", "b"]}),
    answered("an instance by each of its names", {"frozen_instances": ["a", "i-a", "a"]}),
    answered("more to empty than there are", {"freedom.empty": 2**31 - 1}),
    answered("the most moves and costs", {"freedom.max_moves": MOST, "freedom.max_move_cost": MOST}),
    answered("a label of control characters", {"label": "\0\r\n\x1b[2J"}),
    answered("warnings of a megabyte", {"warnings": [LONG, "", "\0"]}),
    answered("a task that started at no moment", {"tasks[0].started_at": "never"}),
    answered("only to validate", {"validate_only": True}),
    answered("tags without names", {"tasks[0].tags": None, "tasks[0].tags[]": ""}),
]
