"""Every corruption of a plan is caught by the checker, and called by the name of the rule that it breaks (§6.4).

A scene is a random cluster with groups that run and start on it, and a plan that the checker passes. A corruption adds
its own groups to the scene, whose part of the plan is right at first, and then spoils that part, and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.devices import WHOLE, DeviceNeed
from solver.domain.problem import Problem
from solver.domain.request import Scheduling, TaskGroup
from solver.verify import check
from tests.builders import ZONE_FIELD, cluster, group, problem

SEEDS = range(6)
RESOURCES = ("cpu", "memory", "gpu", "interfaces", "licences")
AMPLE = 1_000


class Scene:
    """A cluster, groups, what runs and what the plan starts, all random; and the corruption's own part."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.rows: list[dict[str, Any]] = [self._row(k) for k in range(self.r.randint(4, 7))]
        self.groups: list[TaskGroup] = []
        self.running: dict[str, list[int]] = {}
        self.plan: dict[str, list[int]] = {}
        self.rules: list[str] = []
        self.frozen: set[int] = set()
        self.all_or_nothing = False
        for name in "XYZ"[: self.r.randint(1, 3)]:
            self._bystander(name)

    def _row(self, k: int) -> dict[str, Any]:
        row: dict[str, Any] = {"id": f"i{k}", "zone": "abc"[k % 3], "rack": f"r{k % 2}", "stack": "prod"}
        return (
            row | {name: AMPLE for name in RESOURCES} | {"unlisted": self.r.choice([0, 0, 1]), "ports": [("tcp", 22)]}
        )

    def _bystander(self, name: str) -> None:
        """A group of the background, with rules that it keeps."""
        rules = self.r.choice(
            [
                (),
                ("maxPerInstance(9)",),
                ("memberOf(attribute:stack exists)",),
                ("affinity(" + name + ", attribute:stack)",),
            ]
        )
        running, starts = (
            [self.r.choice([0, 0, 1, 2]) for _ in self.rows],
            [self.r.choice([0, 1, 2]) for _ in self.rows],
        )
        amounts = {resource: self.r.randint(0, 3) for resource in ("cpu", "memory", "gpu")}
        fields: dict[str, Any] = amounts | {"chain": self.r.choice([(), (f"spread({ZONE_FIELD})",), ("binpack(cpu)",)])}
        self.add(group(name, sum(starts), rules=rules, **fields), starts, running)

    def add(self, made: TaskGroup, starts: list[int] | None = None, running: list[int] | None = None) -> None:
        """A group with its part of the right plan."""
        self.groups.append(made)
        self.running[made.name] = running or [0] * len(self.rows)
        self.plan[made.name] = starts or [0] * len(self.rows)

    def on(self, instance: int, count: int = 1) -> list[int]:
        """So many tasks on one instance."""
        return [count if i == instance else 0 for i in range(len(self.rows))]

    def some(self, count: int = 1) -> list[int]:
        """Distinct instances."""
        return self.r.sample(range(len(self.rows)), count)

    def problem(self) -> Problem:
        """The problem; what runs is taken from what is free, and holds its ports."""
        for i, row in enumerate(self.rows):
            row["free"] = {
                name: row[name] - sum(self.running[g.name][i] * g.demand.get(name, 0) for g in self.groups)
                for name in RESOURCES
            }
            held = {port for g in self.groups if self.running[g.name][i] for port in g.ports}
            row["ports"] = sorted({*row["ports"], *held})
        frozen = np.array([i in self.frozen for i in range(len(self.rows))], np.bool_)
        snapshot = cluster(self.rows, resources=RESOURCES)
        fields: dict[str, Any] = {"rules": self.rules, "frozen": frozen, "all_or_nothing": self.all_or_nothing}
        return problem(snapshot, self.groups, self.running, **fields)

    def tasks(self) -> Counts:
        """The state after the plan."""
        parts = (self.running, self.plan)
        return Counts.dense(sum(np.array([part[g.name] for g in self.groups], np.int64) for part in parts))


Corruption = Callable[[Scene], tuple[Callable[[], None], str]]
"""Adds its part to a scene; gives what spoils the plan, and the name of the rule that is then broken."""

CORRUPTIONS: dict[str, Corruption] = {}


def corruption(text: str) -> Callable[[Corruption], Corruption]:
    """Register a kind of corruption."""

    def register(made: Corruption) -> Corruption:
        CORRUPTIONS[text] = made
        return made

    return register


def starts_one_more(scene: Scene, name: str, instance: int) -> Callable[[], None]:
    """The plan starts one more task of the group there."""

    def spoil() -> None:
        scene.plan[name][instance] += 1

    return spoil


def moves_one(scene: Scene, name: str, source: int, target: int) -> Callable[[], None]:
    """The plan starts one of its tasks elsewhere."""

    def spoil() -> None:
        scene.plan[name][source] -= 1
        scene.plan[name][target] += 1

    return spoil


def _fill(scene: Scene, resource: str) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    need, fit = scene.r.randint(1, 3), scene.r.randint(0, 3)
    scene.add(replace(group("V", 9), demand={resource: need}), scene.on(i, fit))
    used = sum((scene.running[g.name][i] + scene.plan[g.name][i]) * g.demand.get(resource, 0) for g in scene.groups)
    scene.rows[i][resource] = used + scene.r.randrange(need)
    return starts_one_more(scene, "V", i), resource


for _resource in RESOURCES:
    CORRUPTIONS[f"one task too many for {_resource}"] = lambda scene, resource=_resource: _fill(scene, resource)


@corruption("a port twice, both new")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("V", 2, ports=(("tcp", 80),)), scene.on(i))
    scene.add(group("W", 2, ports=(("tcp", 80),)), scene.on(j))
    return moves_one(scene, "W", j, i), "host port 80/tcp"


@corruption("a port that is taken")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.rows[i]["ports"] = [("udp", 53)]
    scene.add(group("V", 2, ports=(("udp", 53),)), scene.on(j))
    return moves_one(scene, "V", j, i), "host port 53/udp"


@corruption("a port that a running task holds")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("V", 2, ports=(("tcp", 80),)), scene.on(j), scene.on(i))
    return moves_one(scene, "V", j, i), "host port 80/tcp"


@corruption("a share for which no device has enough left, though all of them together have")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.rows[i]["devices"], scene.rows[j]["devices"] = [WHOLE, 500, 400], [WHOLE]
    scene.add(group("V", 3, devices=DeviceNeed(550)), scene.on(i))
    scene.add(group("W", 1, devices=DeviceNeed(600)), scene.on(j))
    return moves_one(scene, "W", j, i), "devices"


@corruption("whole devices where a share has left too few")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.rows[i]["devices"], scene.rows[j]["devices"] = [WHOLE, WHOLE, 999], [WHOLE] * 2
    scene.add(group("V", 2, devices=DeviceNeed(WHOLE, 1)), scene.on(i))
    scene.add(group("W", 2, devices=DeviceNeed(WHOLE, 2)), scene.on(j))
    return moves_one(scene, "W", j, i), "devices"


@corruption("more than a hundred ports")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    scene.rows[i]["ports"] = [("udp", port) for port in range(1000, 1097)]
    scene.add(group("V", 1, ports=(("tcp", 80), ("tcp", 81))), scene.on(i))
    scene.add(group("W", 1, ports=(("tcp", 82), ("tcp", 83))))
    return starts_one_more(scene, "W", i), "reserved ports"


def _closed(scene: Scene, close: Callable[[int], None]) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    close(i)
    for starts in scene.plan.values():
        starts[i] = 0
    scene.add(group("V", 3), scene.on(j, 2))
    return moves_one(scene, "V", j, i), "instance state"


@corruption("a start on a DRAINING instance")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    return _closed(scene, lambda i: scene.rows[i].update(active=False))


@corruption("a start on a disconnected instance")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    return _closed(scene, lambda i: scene.rows[i].update(connected=False))


@corruption("a start on a frozen instance")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    return _closed(scene, scene.frozen.add)


def _admitted(scene: Scene, rule: str, key: str, value: object, **fields: Any) -> tuple[Callable[[], None], str]:
    """One instance has the value, the others do not; the plan goes astray."""
    i, j = scene.some(2)
    scene.rows[i][key] = value
    for k, row in enumerate(scene.rows):
        if k != i and scene.r.random() < 0.5 and key not in ("provider", "zone"):
            row[key] = f"not {value}"
    scene.add(group("V", 3, **fields), scene.on(i, 2))
    return moves_one(scene, "V", i, j), rule


@corruption("memberOf an attribute")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    expression = "attribute:tier == gold"
    return _admitted(scene, f"memberOf({expression})", "tier", "gold", rules=[f"memberOf({expression})"])


@corruption("a required attribute is missing, or has another value")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    return _admitted(scene, "requires attributes cap=x", "cap", "x", required_attributes=("cap=x",))


@corruption("outside the zones of the subnets")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    return _admitted(scene, "subnets in d, e", "zone", "d", zones=("d", "e"))


@corruption("on an instance of another capacity provider")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    return _admitted(scene, "capacity providers p", "provider", "p", capacity_providers=("p",))


@corruption("memberOf task:group, beside whom it avoids")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    expression = "not(task:group == W)"
    scene.add(group("V", 2, rules=[f"memberOf({expression})"]), scene.on(i, 2))
    scene.add(group("W", 1), scene.on(j))
    return moves_one(scene, "W", j, i), f"memberOf({expression})"


@corruption("memberOf task:group, where nobody of it is yet")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("W", 1), scene.on(j), scene.on(i))
    scene.add(group("V", 2, rules=["memberOf(task:group == W)"]), scene.on(i, 2))
    return moves_one(scene, "V", i, j), "memberOf(task:group == W)"


@corruption("memberOf runningTasksCount")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    there = scene.rows[i]["unlisted"] + sum(scene.running[g.name][i] + scene.plan[g.name][i] for g in scene.groups)
    expression = f"runningTasksCount < {there + 2}"
    scene.add(group("V", 3, rules=[f"memberOf({expression})"]), scene.on(i, 2))
    return starts_one_more(scene, "V", i), f"memberOf({expression})"


@corruption("distinctInstance")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("V", 2, rules=["distinctInstance"]), [a + b for a, b in zip(scene.on(i), scene.on(j), strict=True)])
    return moves_one(scene, "V", i, j), "distinctInstance"


@corruption("distinctInstance beside another revision of the service")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("V@1", 0, family="V"), None, scene.on(i))
    scene.add(group("V@2", 2, rules=["distinctInstance"], family="V"), scene.on(j))
    return moves_one(scene, "V@2", j, i), "distinctInstance"


@corruption("what breaks a rule already gets worse")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("V", 2, rules=["distinctInstance"]), scene.on(j), scene.on(i, 2))
    return moves_one(scene, "V", j, i), "distinctInstance"


@corruption("maxPerInstance")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    scene.add(group("V", 4, rules=["maxPerInstance(3)"]), scene.on(i, 2), scene.on(i))
    return starts_one_more(scene, "V", i), "maxPerInstance(3)"


@corruption("maxSkew")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    rule = f"maxSkew({ZONE_FIELD}, 2)"
    scene.add(group("V", 5, rules=[rule]), scene.on(i, 2))
    return starts_one_more(scene, "V", i), rule


@corruption("affinity: without the family beside it")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    scene.add(group("W", 1), scene.on(0))
    scene.add(group("V", 3, rules=[f"affinity(W, {ZONE_FIELD})"]), scene.on(3, 2))
    return moves_one(scene, "V", 3, scene.r.choice([1, 2])), f"affinity(W, {ZONE_FIELD})"


@corruption("affinity: the family goes elsewhere")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    scene.add(group("W", 1), scene.on(0))
    scene.add(group("V", 3, rules=[f"affinity(W, {ZONE_FIELD})"]), scene.on(3, 2))
    return moves_one(scene, "W", 0, scene.r.choice([1, 2])), f"affinity(W, {ZONE_FIELD})"


@corruption("affinity with itself: two buckets")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    scene.add(group("V", 3, rules=["affinity(V, attribute:rack)"]), scene.on(0, 2))
    return moves_one(scene, "V", 0, scene.r.choice([1, 3])), "affinity(V, attribute:rack)"


@corruption("antiAffinity: the owner joins the family")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    scene.add(group("W", 1), scene.on(0))
    scene.add(group("V", 3, rules=["antiAffinity(W, attribute:rack)"]), scene.on(1, 2))
    return moves_one(scene, "V", 1, scene.r.choice([0, 2])), "antiAffinity(W, attribute:rack)"


@corruption("antiAffinity: the family joins the owner")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    scene.add(group("W", 2), scene.on(0))
    scene.add(group("V", 3, rules=["antiAffinity(W, attribute:rack)"]), scene.on(1, 2))
    return moves_one(scene, "W", 0, scene.r.choice([1, 3])), "antiAffinity(W, attribute:rack)"


@corruption("antiAffinity with itself")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    scene.add(group("V", 3, rules=[f"antiAffinity(V, {ZONE_FIELD})"]), [1, 1, 0, *[0] * (len(scene.rows) - 3)])
    return moves_one(scene, "V", 1, 3), f"antiAffinity(V, {ZONE_FIELD})"


@corruption("isolated roles on one instance")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.rules.append("isolateRoles(r1, r2)")
    scene.add(group("V", 1, role="r1"), scene.on(i))
    scene.add(group("W", 2, role="r2"), scene.on(j, 2))
    return moves_one(scene, "W", j, i), "isolateRoles(r1, r2)"


@corruption("a reserve is eaten")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    scene.rules.append("reserve(memory, 7, attribute:stack == prod)")
    scene.add(group("V", 3, memory=2), scene.on(i))
    used = sum((scene.running[g.name][i] + scene.plan[g.name][i]) * g.demand.get("memory", 0) for g in scene.groups)
    scene.rows[i]["memory"] = used + 7 + scene.r.randrange(2)
    return starts_one_more(scene, "V", i), "memory"


@corruption("what a daemon is owed is eaten")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    scene.add(group("D", 0, cpu=5, scheduling=Scheduling.DAEMON))
    scene.add(group("V", 3, cpu=2), scene.on(i))
    used = sum((scene.running[g.name][i] + scene.plan[g.name][i]) * g.demand.get("cpu", 0) for g in scene.groups)
    scene.rows[i]["cpu"] = used + 5 + scene.r.randrange(2)
    return starts_one_more(scene, "V", i), "cpu"


@corruption("a port that a daemon is owed")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("D", 0, ports=(("tcp", 80),), scheduling=Scheduling.DAEMON), None, scene.on(j))
    scene.add(group("V", 1, ports=(("tcp", 80),)))
    return starts_one_more(scene, "V", i), "host port 80/tcp"


@corruption("a second task of a daemon on an instance")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("D", 2, scheduling=Scheduling.DAEMON), scene.on(j), scene.on(i))
    return moves_one(scene, "D", j, i), "one DAEMON task an instance"


@corruption("a running task is removed")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    scene.add(group("V", 0), None, scene.on(i, 2))

    def spoil() -> None:
        scene.plan["V"][i] = -1

    return spoil, "tasks that may stop"


@corruption("a running task is moved")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("V", 2), None, scene.on(i))
    return moves_one(scene, "V", i, j), "tasks that may stop"


@corruption("a negative count")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("V", 1), scene.on(j))

    def spoil() -> None:
        scene.plan["V"][i] = -scene.r.randint(1, 3)

    return spoil, "tasks that may stop"


@corruption("more started than wanted")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("V", 2), scene.on(i, 2))
    return starts_one_more(scene, "V", j), "tasks wanted"


@corruption("a group that wants nothing starts")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    i, j = scene.some(2)
    scene.add(group("V", 0), None, scene.on(i))
    return starts_one_more(scene, "V", j), "tasks wanted"


@corruption("a gang in part")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    scene.add(group("V", 3, all_or_nothing=True), scene.on(i, 3))

    def spoil() -> None:
        scene.plan["V"][i] -= scene.r.randint(1, 2)

    return spoil, "all or nothing"


@corruption("a request in part that goes together")
def _(scene: Scene) -> tuple[Callable[[], None], str]:
    (i,) = scene.some()
    scene.all_or_nothing = True
    scene.add(group("V", 2), scene.on(i, 2))

    def spoil() -> None:
        scene.plan["V"][i] -= 1

    return spoil, "all or nothing"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", list(CORRUPTIONS))
def test_a_corruption_is_caught_and_named(kind: str, seed: int) -> None:
    """The plan passes as it is; spoiled, it breaks exactly the rule that was spoiled."""
    scene = Scene(seed)
    spoil, rule = CORRUPTIONS[kind](scene)
    asked = scene.problem()
    assert not check(asked, scene.tasks())
    spoil()
    found = check(asked, scene.tasks())
    assert {violation.rule for violation in found} == {rule}
    assert all(violation.after != violation.allowed for violation in found)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_of_another_shape_is_no_plan_of_the_problem(seed: int) -> None:
    """A group or an instance too few or too many, or the two exchanged."""
    scene = Scene(seed)
    asked, tasks = scene.problem(), scene.tasks().to_dense()
    assert not check(asked, Counts.dense(tasks))
    wider = np.hstack([tasks, np.zeros((len(tasks), 1), np.int64)])
    exchanged = [tasks.T] if tasks.shape[0] != tasks.shape[1] else []
    for wrong in (tasks[:-1], tasks[:, :-1], wider, np.vstack([tasks, tasks[:1]]), *exchanged):
        assert [violation.rule for violation in check(asked, Counts.dense(wrong))] == ["shape of the plan"]


def test_there_are_at_least_twenty_kinds() -> None:
    """As many kinds as have a name here."""
    assert len(CORRUPTIONS) >= 20
