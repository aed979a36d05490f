"""Random plans for tests of their order: services and tasks that start, stop and move where room is tight."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import RunningTask, Scheduling, TaskGroup
from solver.rules.bind import bind
from tests.builders import EXPRESSIONS, ZONE_FIELD, cluster, group, problem

BOUNDS = ((None, None), (None, None), (100, 200), (100, 200), (50, 200), (50, 100), (75, 125), (0, 100), (100, 150))


COUNTING = ("runningTasksCount < 4", "runningTasksCount <= 2", "runningTasksCount == 2", "runningTasksCount > 1")
COUNTING += ("not(task:group == A)", "task:group == B", "task:group == B or runningTasksCount < 2", "task:group != C")


def random_plan(seed: int, changes: int = 8, counting: bool = False) -> tuple[Problem, Counts]:
    """A problem of two to six instances and the counts after an operation, which break no rule.

    Parameters
    ----------
    counting
        Rules are expressions that read tasks, and every group has one.
    """
    r = random.Random(seed)
    size = r.randint(2, 6)
    names = "ABCD"[: r.randint(1, 4)]
    groups = [_group(r, name, names, counting) for name in names]
    if r.random() < 0.25:
        groups.append(replace(_group(r, "A@2", names, counting), family="A"))
    before = np.array([[r.choice([0, 0, 1, 1, 2]) for _ in range(size)] for _ in groups], np.int64)
    rows = [_row(r, i, groups, before[:, i]) for i in range(size)]
    snapshot = cluster(rows)
    cluster_rules = [text for text in ("isolateRoles(r1, r2)", "reserve(cpu, 1)") if r.random() < 0.12]
    asked = problem(
        snapshot, groups, {g.name: row.tolist() for g, row in zip(groups, before, strict=True)}, rules=cluster_rules
    )
    after = _operate(r, asked, before, changes)
    fitted = []
    for g, one in enumerate(groups):
        net = int(after[g].sum() - before[g].sum())
        fitted.append(replace(one, start=max(net, 0), stop=max(-net, 0), movable=bool((after[g] > before[g]).any())))
    return replace(asked, groups=tuple(fitted), tasks=_tasks(r, before, after)), Counts.dense(after)


def _group(r: random.Random, name: str, names: str, counting: bool) -> TaskGroup:
    field = r.choice([ZONE_FIELD, "instanceId"])
    possible = [
        "distinctInstance",
        "maxPerInstance(2)",
        f"maxSkew({field}, {r.choice([1, 1, 2])})",
        f"memberOf({r.choice(EXPRESSIONS)})",
        f"affinity({r.choice(names)}, {field})",
        f"antiAffinity({r.choice(names)}, {field})",
    ]
    least, most = r.choice(BOUNDS)
    return group(
        name,
        rules=[f"memberOf({r.choice(COUNTING)})"] if counting else r.sample(possible, r.choice([0, 0, 1, 1, 2])),
        cpu=r.randint(1, 3),
        memory=r.randint(0, 3),
        ports=r.choice([(), (), (), (("tcp", 80),)]),
        role=r.choice(["", "r1", "r2"]),
        scheduling=Scheduling.REPLICA,
        minimum_healthy_percent=least,
        maximum_percent=most,
    )


def _row(r: random.Random, i: int, groups: list[TaskGroup], here: Ints) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"i{i + 1}", "zone": r.choice("ab"), "free": {}}
    for resource in ("cpu", "memory"):
        used = sum(int(n) * g.demand.get(resource, 0) for n, g in zip(here, groups, strict=True))
        row["free"][resource] = r.choice([0, 0, 1, 2, 3])
        row[resource] = used + row["free"][resource]
    row["ports"] = sorted({port for n, g in zip(here, groups, strict=True) if n for port in g.ports})
    if r.random() < 0.7:
        row["stack"] = r.choice(["prod", "prod", "dev"])
    return row


def _operate(r: random.Random, asked: Problem, before: Ints, changes: int) -> Ints:
    """Exchanges, moves, starts and stops at random, as long as the end breaks no rule and no cell goes back."""
    constraints = bind(asked).constraints
    after = before.copy()
    direction = np.zeros_like(before)

    def attempt(*steps: tuple[int, int, int]) -> None:
        changed, way = after.copy(), direction.copy()
        for g, i, sign in steps:
            if way[g, i] == -sign or changed[g, i] + sign < 0:
                return
            changed[g, i] += sign
            way[g, i] = sign
        state = Placement(asked, Counts.dense(changed))
        if (state.free < np.minimum(asked.cluster.free, 0)).any() or any(c.violations(state) for c in constraints):
            return
        after[:], direction[:] = changed, way

    groups, instances = before.shape
    for _ in range(changes):
        g, h = r.randrange(groups), r.randrange(groups)
        i, k = r.sample(range(instances), 2)
        kind = r.choice(["swap", "swap", "move", "move", "start", "stop", "roll"])
        if kind == "swap":
            attempt((g, i, -1), (g, k, 1), (h, k, -1), (h, i, 1))
        elif kind == "move":
            attempt((g, i, -1), (g, k, 1))
        elif kind == "roll":
            attempt((g, i, -1), (h, r.choice([i, k]), 1))
        else:
            attempt((g, i, 1 if kind == "start" else -1))
    return after


def _tasks(r: random.Random, before: Ints, after: Ints) -> tuple[RunningTask, ...]:
    """The running tasks by name, in part: protected ones only where they need not stop."""
    tasks = []
    for g, i in np.argwhere(before > 0).tolist():
        if r.random() < 0.2:
            continue
        stay = int(min(before[g, i], after[g, i]))
        for k in range(int(before[g, i])):
            ill = r.random() < 0.15
            stamp = r.choice(["", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00+02:00"])
            tasks.append(
                RunningTask(f"t{g}-{i}-{k}", g, i, k < stay and r.random() < 0.3, not ill, r.random() < 0.9, stamp)
            )
    return tuple(tasks)
