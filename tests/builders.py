"""Small problems for tests: by hand in one line, or at random with every kind of rule mixed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from solver.domain.cluster import ZONE, ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.devices import WHOLE, DeviceNeed
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Preempt, RuleSpec, RunningTask, Scheduling, TaskGroup

ZONE_FIELD = f"attribute:{ZONE}"


def rule(text: str) -> RuleSpec:
    """``type`` or ``type(argument)``."""
    kind, _, argument = text.partition("(")
    return RuleSpec(kind, argument.removesuffix(")") if argument else "")


def group(
    name: str, start: int = 0, *, rules: Sequence[str] = (), chain: Sequence[str] = (), **fields: Any
) -> TaskGroup:
    """A group whose demand is given as ``cpu=``, ``memory=``, ``gpu=`` or ``interfaces=``."""
    demand = {name: fields.pop(name) for name in ("cpu", "memory", "gpu", "interfaces") if name in fields}
    return TaskGroup(
        name=name,
        family=fields.pop("family", name),
        demand=demand,
        start=start,
        constraints=tuple(rule(text) for text in rules),
        strategies=tuple(rule(text) for text in chain) or (RuleSpec("random"),),
        **fields,
    )


def cluster(
    instances: Sequence[Mapping[str, Any]], *, resources: Sequence[str] = ("cpu", "memory"), default: int = 10**6
) -> ClusterSnapshot:
    """A cluster from rows: ``id``, ``zone``, resource amounts, ``free`` per resource, other keys as attributes.

    A resource that a row does not name has ``default``; ``active``, ``connected``, ``provider``, ``ports``,
    ``devices`` (free on each) and ``unlisted`` are what they say.
    """
    known = {"id", "zone", "free", "active", "connected", "provider", "ports", "unlisted", "devices", *resources}
    capacity = np.array([[row.get(r, default) for r in resources] for row in instances], np.int64)
    free = np.array(
        [[row.get("free", {}).get(r, row.get(r, default)) for r in resources] for row in instances], np.int64
    )
    names = sorted({key for row in instances for key in row} - known)
    attributes = {name: TextColumn.of([row.get(name) for row in instances]) for name in names}
    if any("zone" in row for row in instances):
        attributes[ZONE] = TextColumn.of([row.get("zone") for row in instances])
    ports: dict[tuple[str, int], list[int]] = {}
    for i, row in enumerate(instances):
        for port in row.get("ports", ()):
            ports.setdefault(port, []).append(i)
    shape = (len(instances), len(resources))
    most = max((len(row.get("devices", ())) for row in instances), default=0)
    devices = [[*row.get("devices", ()), *[0] * (most - len(row.get("devices", ())))] for row in instances]
    return ClusterSnapshot(
        instance_ids=tuple(row.get("id", f"i{k + 1}") for k, row in enumerate(instances)),
        resources=tuple(resources),
        capacity=capacity.reshape(shape),
        free=free.reshape(shape),
        active=np.array([row.get("active", True) for row in instances], np.bool_),
        connected=np.array([row.get("connected", True) for row in instances], np.bool_),
        attributes=attributes,
        capacity_provider=TextColumn.of([row.get("provider") for row in instances]),
        used_ports={port: np.array(found, np.int64) for port, found in ports.items()},
        devices=np.array(devices, np.int64).reshape(len(instances), most),
        device_count=np.array([len(row.get("devices", ())) for row in instances], np.int64),
        unlisted_tasks=np.array([row.get("unlisted", 0) for row in instances], np.int64),
    )


def problem(
    snapshot: ClusterSnapshot,
    groups: Sequence[TaskGroup],
    running: Mapping[str, Sequence[int]] | None = None,
    **fields: Any,
) -> Problem:
    """A problem with ``running[group]`` tasks on each instance; ``rules`` as texts."""
    matrix = np.array([(running or {}).get(g.name, [0] * snapshot.size) for g in groups], np.int64)
    rules = tuple(rule(text) for text in fields.pop("rules", ()))
    counts = Counts.dense(matrix.reshape(len(groups), snapshot.size))
    return Problem(snapshot, tuple(groups), counts, rules=rules, **fields)


EXPRESSIONS = (
    "attribute:stack == prod",
    "attribute:stack != prod",
    "not(attribute:stack == prod)",
    f"{ZONE_FIELD} in [a, b]",
    "attribute:rack exists",
    "task:group == B",
    "not(task:group == A)",
    "task:group != B",
    "runningTasksCount < 2",
    "runningTasksCount >= 1",
    "not(task:group == C) or runningTasksCount == 1",
    "attribute:stack =~ p.* and runningTasksCount <= 1",
    "task:group !exists",
)


def random_problem(seed: int) -> Problem:
    """A tiny problem: two to four instances, two or three groups, at most five new tasks, any rules at all."""
    r = random.Random(seed)
    size = r.randint(2, 4)
    rows = [_random_instance(r, i) for i in range(size)]
    names = ("A", "B", "C")[: r.randint(2, 3)]
    groups = [_random_group(r, name, names) for name in names]
    if r.random() < 0.3:
        groups.append(_revision(r, groups[0]))
    running = {g.name: [r.choice([0, 0, 0, 0, 1, 1, 2]) for _ in range(size)] for g in groups}
    for i, row in enumerate(rows):
        _take(row, i, groups, running)
    snapshot = cluster(rows, resources=("cpu", "memory", "gpu"))
    frozen = np.array([r.random() < 0.08 for _ in range(size)], np.bool_)
    rules = [text for text, chance in (("isolateRoles(r1, r2)", 0.25), ("reserve(cpu, 1)", 0.1)) if r.random() < chance]
    if r.random() < 0.1:
        rules.append("reserve(memory, 2, attribute:stack == prod)")
    return problem(snapshot, groups, running, rules=rules, frozen=frozen, all_or_nothing=r.random() < 0.08)


TAINTS = (
    None,
    None,
    "",
    "gpu=yes:NoSchedule",
    "old=:NoExecute",
    "slow=1:PreferNoSchedule",
    "gpu=no:NoSchedule,old=:NoSchedule",
)
TOLERATIONS = (
    "",
    "",
    "gpu",
    "gpu=yes",
    "*",
    "*:NoSchedule",
    "gpu, old:NoExecute",
    "gpu=no:NoSchedule, old",
    "old=:NoExecute",
)
STATIC = ("attribute:stack == prod", f"{ZONE_FIELD} in [a, b]", "attribute:rack exists", "not(attribute:stack == prod)")


def with_kubernetes_rules(problem: Problem, seed: int) -> Problem:
    """The same with taints on instances and, in its groups, the rules that only imports from Kubernetes write."""
    r = random.Random(seed)
    taints = TextColumn.of([r.choice(TAINTS) for _ in range(problem.cluster.size)])
    snapshot = replace(problem.cluster, attributes={**problem.cluster.attributes, "taints": taints})
    groups = []
    for group in problem.groups:
        more = [("tolerates", r.choice(TOLERATIONS), 0.7), ("prefers", f"{r.randint(1, 3)}, {r.choice(STATIC)}", 0.5)]
        field = r.choice([ZONE_FIELD, "attribute:rack", "instanceId"])
        skew = f"{field}, {r.randint(1, 2)}, {r.randint(1, 4)}"
        more += [("maxSkew", r.choice([skew, f"{skew}, {r.choice(STATIC)}"]), 0.4)]
        both = " | ".join(
            r.sample(sorted({one.family for one in problem.groups}), 2 if len(problem.families) > 1 else 1)
        )
        kind, weight = r.choice(["affinity", "antiAffinity"]), r.choice(["", "", ", 2"])
        more += [(kind, f"{both}, {field}{weight}", 0.3)]
        rules = tuple(RuleSpec(kind, argument) for kind, argument, chance in more if r.random() < chance)
        # Two rules over one field would say the same twice.
        kept = tuple(one for one in group.constraints if one.type not in {rule.type for rule in rules})
        groups.append(replace(group, constraints=kept + rules))
    return replace(problem, cluster=snapshot, groups=tuple(groups))


def random_change(seed: int) -> Problem:
    """A tiny problem of the general form: tasks that start, stop, move and leave, with protection, priorities and budgets."""
    r = random.Random(seed)
    size = r.choice([2, 3, 3])
    rows = [_random_instance(r, i) for i in range(size)]
    for row in rows:
        more = r.choice([0, 2, 5])
        row |= {"cpu": row["cpu"] + more, "memory": row["memory"] + more, "gpu": 2000}
        row |= {"active": r.random() > 0.05, "connected": True}
    names = ("A", "B", "C")[: r.choice([2, 2, 3])]
    groups = [_changing(r, _random_group(r, name, names)) for name in names]
    running = {g.name: [r.choice([0, 0, 0, 1, 1, 2]) for _ in range(size)] for g in groups}
    groups = [replace(g, stop=min(g.stop, sum(running[g.name]))) for g in groups]
    if r.random() < 0.25 and groups[0].scheduling is not Scheduling.DAEMON:
        # The next revision of a service, to take the place of the one that runs.
        old = groups[0]
        groups[0] = replace(old, start=0, stop=r.randint(0, sum(running[old.name])), movable=False)
        running["A@2"] = [0] * size
        groups.append(replace(old, name="A@2", start=r.randint(1, 2), stop=0, movable=False))
    for i, row in enumerate(rows):
        _take(row, i, groups, running)
    tasks = [
        RunningTask(f"{g.name}-{i}-{k}", at, i, protected=r.random() < 0.15, running=r.random() > 0.1)
        for at, g in enumerate(groups)
        for i in range(size)
        for k in range(running[g.name][i])
    ]
    freedom = Freedom(
        max_moves=r.choice([None, None, 0, 1, 2]),
        max_move_cost=r.choice([None, None, None, 3]),
        preempt=r.choice([Preempt.NONE, Preempt.NONE, Preempt.LOWER, Preempt.ANY]),
        repair=r.random() < 0.3,
        consolidate=r.random() < 0.2,
        interleaved=r.random() < 0.3,
    )
    if r.random() < 0.15:
        freedom = replace(freedom, slot=r.choice([{"cpu": 6}, {"cpu": 5, "memory": 7}]))
    if not freedom.interleaved and r.random() < 0.2:
        freedom = replace(freedom, empty=r.choice([1, 1, 2]))
    return problem(
        cluster(rows, resources=("cpu", "memory", "gpu")),
        groups,
        running,
        rules=["isolateRoles(r1, r2)"] if r.random() < 0.2 else [],
        frozen=np.array([r.random() < 0.05 for _ in range(size)], np.bool_),
        drained=np.array([r.random() < 0.2 for _ in range(size)], np.bool_),
        all_or_nothing=r.random() < 0.05,
        tasks=tuple(tasks) if r.random() < 0.7 else (),
        freedom=freedom,
    )


def random_rebalance(seed: int) -> Problem:
    """A random change in which nothing but moves is asked for, which perhaps must pay."""
    r = random.Random(f"rebalance {seed}")
    whole = random_change(seed)
    groups = [replace(one, start=0, stop=0, movable=one.scheduling is not Scheduling.DAEMON) for one in whole.groups]
    freedom = Freedom(
        max_moves=r.choice([None, 1, 2, 3]),
        max_move_cost=r.choice([None, None, 3]),
        min_gain=r.choice([0, 1, 300, 500, 1000, 1000, 1500, 2000, 4000]),
        slot=r.choice([{}, {}, {"cpu": 6}, {"cpu": 5, "memory": 7}, {"memory": 9, "gpu": 1500}]),
        repair=r.random() < 0.3,
        consolidate=r.random() < 0.4,
    )
    nowhere = np.zeros(whole.cluster.size, np.bool_)
    return replace(whole, groups=tuple(groups), freedom=freedom, drained=nowhere, all_or_nothing=False)


def random_daemons(seed: int) -> Problem:
    """A random change in which the first group is a DAEMON service that lacks tasks, among tasks that may move."""
    r = random.Random(f"daemons {seed}")
    whole = random_change(seed)
    first, *others = (replace(one, all_or_nothing=False) for one in whole.groups)
    free = Freedom(max_moves=r.choice([None, 1, 2]), interleaved=r.random() < 0.5)
    daemon = replace(
        first,
        start=r.randint(1, 3),
        stop=0,
        movable=False,
        max_moves=None,
        scheduling=Scheduling.DAEMON,
        priority=r.choice([0, 0, 1]),
        demand={**first.demand, "cpu": r.choice([1, 2])},
    )
    rest = [replace(one, scheduling=Scheduling.REPLICA, movable=not one.stop, family=one.name) for one in others]
    return replace(whole, groups=(daemon, *rest), freedom=free, all_or_nothing=False)


def random_devices(seed: int) -> Problem:
    """A random change in which tasks need shares of devices or whole ones; those that run are on devices by name."""
    r = random.Random(f"devices {seed}")
    whole = random_change(seed)
    needs = [(350, 1), (450, 1), (550, 1), (WHOLE, 1), (WHOLE, 1), (WHOLE, 2), (400, 2)]
    groups = tuple(
        replace(one, devices=DeviceNeed(*r.choice(needs)) if r.random() < 0.8 else None) for one in whole.groups
    )
    most = r.choice([1, 2, 3])
    free = [[WHOLE if d < r.choice([0, most, most]) else 0 for d in range(most)] for _ in whole.cluster.instance_ids]
    tasks, running = [], np.zeros((len(groups), whole.cluster.size), np.int64)
    for g, i, count in whole.running:
        for k in range(count):
            named = RunningTask(f"{g}-{i}-{k}", g, i, protected=r.random() < 0.15, running=r.random() > 0.1)
            need = groups[g].devices
            open_ = [d for d in range(most) if need and free[i][d] >= need.each]
            if need and len(open_) < need.count:
                continue
            held = tuple(r.sample(open_, need.count)) if need else ()
            for d in held:
                free[i][d] -= need.each if need else 0
            tasks.append(replace(named, healthy=r.random() > 0.2, devices=held))
            running[g, i] += 1
    fewer = [replace(one, stop=min(one.stop, int(running[g].sum()))) for g, one in enumerate(groups)]
    count = np.full(len(free), most)
    snapshot = replace(whole.cluster, devices=np.array(free, np.int64), device_count=count)
    return replace(whole, cluster=snapshot, groups=tuple(fewer), running=Counts.dense(running), tasks=tuple(tasks))


def random_pools(seed: int) -> Problem:
    """A random change on a cluster cut into two pools; what runs in the wrong one ties them together."""
    whole = random_change(seed)
    pools = TextColumn.of(["ab"[i % 2] for i in range(whole.cluster.size)])
    snapshot = replace(whole.cluster, attributes={**whole.cluster.attributes, "pool": pools})
    groups = tuple(
        replace(one, constraints=(*one.constraints, rule(f"memberOf(attribute:pool == {'ab'[g % 2]})")))
        for g, one in enumerate(whole.groups)
    )
    freedom = replace(whole.freedom, max_moves=None, max_move_cost=None, slot={})
    return replace(whole, cluster=snapshot, groups=groups, freedom=freedom, rules=())


def _changing(r: random.Random, one: TaskGroup) -> TaskGroup:
    """The group with something to do, other than a DAEMON."""
    if one.scheduling is Scheduling.DAEMON:
        return one
    kind = r.choice(["start", "start", "stop", "move", "move", "stay"])
    if r.random() < 0.75:
        plain = tuple(rule for rule in one.constraints if r.random() < 0.4)
        one = replace(one, constraints=plain, required_attributes=(), zones=(), capacity_providers=(), ports=())
    return replace(
        one,
        start=r.randint(1, 2) if kind == "start" else 0,
        stop=r.randint(1, 2) if kind == "stop" else 0,
        movable=kind == "move" or (kind != "stay" and r.random() < 0.3),
        move_cost=r.choice([1, 1, 1, 2]),
        max_moves=r.choice([None, None, None, 1]),
        priority=r.choice([0, 0, 1, 2]),
    )


def random_twins(seed: int) -> Problem:
    """A tiny problem whose three or four groups differ in nothing but their families and numbers."""
    r = random.Random(seed)
    rows: list[dict[str, Any]] = [
        {"id": f"i{i}", "cpu": r.randint(2, 7), "memory": r.randint(2, 7), "zone": r.choice("ab"), "unlisted": i % 2}
        for i in range(r.choice([4, 4, 5]))
    ]
    possible = (f"maxSkew({ZONE_FIELD}, 1)", f"antiAffinity(B, {ZONE_FIELD})", f"memberOf({r.choice(EXPRESSIONS)})")
    chains = ([f"spread({ZONE_FIELD})", "binpack(cpu)"], ["binpack(cpu)"], [f"spread({ZONE_FIELD})"], ["random"])
    rules, chain = r.sample(possible, r.choice([0, 0, 1])), r.choice(chains)
    demand = {"cpu": r.randint(1, 3), "memory": r.randint(1, 3)}
    names = "ABCD"[: r.choice([3, 3, 4])]
    groups = [group(name, r.choice([1, 1, 2]), rules=rules, chain=chain, **demand) for name in names]
    groups[0] = replace(groups[0], all_or_nothing=r.random() < 0.2, priority=r.choice([0, 0, 0, 1]))
    running = {g.name: [r.choice([0, 0, 0, 0, 1]) for _ in rows] for g in groups}
    for i, row in enumerate(rows):
        _take(row, i, groups, running)
    return problem(cluster(rows), groups, running)


def _random_instance(r: random.Random, i: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": f"i{i}",
        "cpu": r.randint(2, 8),
        "memory": r.randint(2, 8),
        "gpu": r.choice([0, 1000, 2000]),
        "active": r.random() > 0.1,
        "connected": r.random() > 0.07,
        "provider": r.choice(["p1", "p2", None]),
        "unlisted": r.choice([0, 0, 0, 1]),
    }
    for key, values in (("zone", ["a", "b", "c", None]), ("rack", ["1", "2", None]), ("stack", ["prod", "dev", None])):
        value = r.choice(values)
        if value is not None:
            row[key] = value
    return row


def _random_group(r: random.Random, name: str, names: Sequence[str]) -> TaskGroup:
    field = r.choice([ZONE_FIELD, "attribute:rack", "instanceId"])
    other = r.choice(names)
    possible = (
        "distinctInstance",
        "maxPerInstance(2)",
        f"maxSkew({field}, {r.choice([1, 1, 2])})",
        f"memberOf({r.choice(EXPRESSIONS)})",
        f"memberOf({r.choice(EXPRESSIONS)})",
        f"affinity({other}, {field})",
        f"antiAffinity({other}, {field})",
        f"affinity({other}, {field}, 3)",
        f"antiAffinity({other}, {field}, 2)",
    )
    chains = (
        ["random"],
        [f"spread({field})"],
        [f"spread({field})", "binpack(cpu)"],
        ["binpack(memory)"],
        ["binpack(cpu)", "spread(instanceId)"],
        ["spread(instanceId)", "binpack(memory)", "random"],
        ["spread(attribute:rack)", f"spread({ZONE_FIELD})"],
    )
    daemon = r.random() < 0.1
    return group(
        name,
        0 if daemon and r.random() < 0.7 else r.choice([0, 1, 1, 2, 2, 3]),
        rules=r.sample(possible, r.choice([0, 0, 1, 1, 2])),
        chain=r.choice(chains),
        cpu=r.randint(0, 3),
        memory=r.randint(0, 3),
        gpu=r.choice([0, 0, 0, 500, 1000]),
        ports=r.choice([(), (), (), (("tcp", 80),), (("tcp", 80), ("udp", 53))]),
        priority=r.choice([0, 0, 0, 1]),
        all_or_nothing=r.random() < 0.1,
        scheduling=Scheduling.DAEMON if daemon else r.choice([Scheduling.REPLICA, Scheduling.STANDALONE]),
        required_attributes=r.choice([(), (), (), ("stack",), ("stack=prod",)]),
        zones=r.choice([(), (), (), ("a", "b")]),
        capacity_providers=r.choice([(), (), (), ("p1",)]),
        role=r.choice(["", "r1", "r2"]),
    )


def _revision(r: random.Random, first: TaskGroup) -> TaskGroup:
    """Another revision of a group: of the same family, with its own demand and rules, and now and then its own chain."""
    return group(
        f"{first.name}@2",
        r.choice([0, 1, 2]),
        rules=r.choice([[], ["distinctInstance"]]),
        chain=r.choice([[str(spec) for spec in first.strategies or ()]] * 2 + [["spread(instanceId)"]]),
        family=first.family,
        cpu=r.randint(0, 3),
        memory=r.randint(0, 3),
        priority=first.priority,
        role=first.role,
        scheduling=first.scheduling,
    )


def _take(row: dict[str, Any], i: int, groups: Sequence[TaskGroup], running: Mapping[str, Sequence[int]]) -> None:
    """Set what is free, and the ports in use, from what runs."""
    taken = {name: 0 for name in ("cpu", "memory", "gpu")}
    ports = set()
    for g in groups:
        count = running[g.name][i]
        for name in taken:
            taken[name] += count * g.demand.get(name, 0)
        if count:
            ports |= set(g.ports)
    taken["memory"] += row["unlisted"]
    row["free"] = {name: row[name] - taken[name] for name in taken if name in row}
    row["ports"] = sorted(ports)
