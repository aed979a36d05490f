"""The worked examples of ECS's documents that concern placing, as properties: never an instance where there is a tie.

Each docstring gives the example's number and its sentence. What ECS documents mean is tested with their reader; here the
rule that they lead to is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.api import place
from solver.domain.answer import Answer
from solver.domain.cluster import ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits, Scheduling, TaskGroup
from solver.domain.solution import Status
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import ZONE_FIELD, cluster, group, problem

both = pytest.mark.parametrize("engine", [Engine.SEQUENTIAL, Engine.EXACT, Engine.AUTO])
"""For examples that hold for the scheduler that ECS documents and for the joint optimum."""

ZONES = ({"id": "i1", "zone": "a"}, {"id": "i2", "zone": "a"}, {"id": "i3", "zone": "b"})
"""i1(a) i2(a) i3(b), ample."""

THREE = ({"id": "h1"}, {"id": "h2"}, {"id": "h3"})
SPREAD_ZONE = f"spread({ZONE_FIELD})"


def answer(asked: Problem, engine: Engine, seed: int = 0) -> Answer:
    """The engine's answer, which the checker passes."""
    found = place(asked, Limits(engine=engine, time_limit=10, workers=1, seed=seed), explain=False)
    assert not check(asked, found.tasks)
    return found


def started(asked: Problem, engine: Engine, seed: int = 0) -> Ints:
    """``int64[G, I]``: the tasks that the engine starts."""
    return answer(asked, engine, seed).started.to_dense()


def service(name: str, start: int, chain: Sequence[str], **fields: Any) -> TaskGroup:
    """A service's tasks; an empty chain is no strategy at all."""
    made = group(name, start, chain=chain, scheduling=Scheduling.REPLICA, **fields)
    return made if chain else replace(made, strategies=None)


def reasons(asked: Problem, g: int = 0) -> list[str | None]:
    """Why each instance takes no task of the group before anything is placed: the first reason in the pipeline's order."""
    state = Placement(asked)
    found: list[str | None] = [None] * asked.cluster.size
    for rule in reversed(bind(asked).concerning(g)):
        closed = rule.room(state, g) == 0
        found = [rule.reason if shut else known for shut, known in zip(closed, found, strict=True)]
    return found


def selected(snapshot: ClusterSnapshot, *expressions: str, engine: Engine, **fields: Any) -> set[str]:
    """The instances that a group with these ``memberOf`` and ``distinctInstance`` uses when it wants as many as there are."""
    rules = [f"memberOf({expression})" for expression in expressions]
    wanting = group("new", snapshot.size, rules=[*rules, "distinctInstance"], cpu=1)
    groups = [wanting, *fields.pop("groups", ())]
    tasks = started(problem(snapshot, groups, fields.pop("running", None)), engine)[0]
    return {snapshot.instance_ids[i] for i in np.flatnonzero(tasks)}


class TestStrategies:
    @both
    def test_1(self, engine: Engine) -> None:
        """1: ``[spread az]``, 4 tasks: zones a=2, b=2; i3=2 and i1+i2=2 in any split."""
        i1, i2, i3 = started(problem(cluster(ZONES), [service("web", 4, [SPREAD_ZONE])]), engine)[0]
        assert (i1 + i2, i3) == (2, 2)

    @both
    def test_2(self, engine: Engine) -> None:
        """2: as 1, a service with no strategy: i1=1, i2=1, i3=2 exactly."""
        tasks = started(problem(cluster(ZONES), [service("web", 4, [])]), engine)[0]
        assert tasks.tolist() == [1, 1, 2]

    @both
    def test_3(self, engine: Engine) -> None:
        """3: as 1, ``[spread az, spread instanceId]``, 6 tasks: a=3, b=3; {i1,i2}={1,2} in some order; not 2/2/2."""
        asked = problem(cluster(ZONES), [service("web", 6, [SPREAD_ZONE, "spread(instanceId)"])])
        i1, i2, i3 = started(asked, engine)[0].tolist()
        assert i3 == 3
        assert {i1, i2} == {1, 2}

    @both
    def test_4(self, engine: Engine) -> None:
        """4: as 1, ``[spread instanceId, spread az]``, 6 tasks: 2/2/2 (a=4, b=2); order matters."""
        asked = problem(cluster(ZONES), [service("web", 6, ["spread(instanceId)", SPREAD_ZONE])])
        assert started(asked, engine)[0].tolist() == [2, 2, 2]

    def test_5(self) -> None:
        """5: i1 mem 1000, i2 mem 500; ``[binpack memory]``, 3 x 300 MiB: the first on i2, then i1, i1."""
        rows = ({"id": "i1", "memory": 1000}, {"id": "i2", "memory": 500})
        for count, expected in ((1, [0, 1]), (2, [1, 1]), (3, [2, 1])):
            asked = problem(cluster(rows), [group("batch", count, chain=["binpack(memory)"], memory=300)])
            assert started(asked, Engine.SEQUENTIAL)[0].tolist() == expected

    @both
    @pytest.mark.parametrize(("resource", "expected"), [("cpu", [1, 0]), ("memory", [0, 1])])
    def test_6(self, engine: Engine, resource: str, expected: list[int]) -> None:
        """6: i1(cpu 512, mem 8000), i2(cpu 2048, mem 500); task cpu 256, mem 400: binpack cpu i1, binpack memory i2."""
        rows = ({"id": "i1", "cpu": 512, "memory": 8000}, {"id": "i2", "cpu": 2048, "memory": 500})
        one = group("batch", 1, chain=[f"binpack({resource})"], cpu=256, memory=400)
        assert started(problem(cluster(rows), [one]), engine)[0].tolist() == expected

    @both
    def test_7(self, engine: Engine) -> None:
        """7: i1(a; 4000) i2(a; 2000) i3(b; 8000); ``[spread az, binpack memory]``, 4 x 1000: i1=0, i2=2, i3=2."""
        rows = [row | {"memory": memory} for row, memory in zip(ZONES, (4000, 2000, 8000), strict=True)]
        asked = problem(cluster(rows), [service("web", 4, [SPREAD_ZONE, "binpack(memory)"], memory=1000)])
        assert started(asked, engine)[0].tolist() == [0, 2, 2]

    @pytest.mark.parametrize("better", [Engine.EXACT, Engine.AUTO])
    def test_8(self, better: Engine) -> None:
        """8: 4 empty hosts mem 10; binpack memory; arrivals 3,6,7,4: one by one 3 hosts, the optimum is 2."""
        rows = [{"id": f"h{k}", "memory": 10} for k in range(4)]
        arrivals = [group(f"t{size}", 1, chain=["binpack(memory)"], memory=size) for size in (3, 6, 7, 4)]
        asked = problem(cluster(rows), arrivals)
        greedy, best = started(asked, Engine.SEQUENTIAL), answer(asked, better)
        assert (greedy.sum(), greedy.any(axis=0).sum()) == (4, 3)
        joint = best.started.to_dense()
        assert (joint.sum(), joint.any(axis=0).sum()) == (4, 2)
        assert best.status is Status.OPTIMAL
        assert tuple(tier.value for tier in best.tiers) < tuple(tier.sequential for tier in best.tiers)

    @both
    def test_9(self, engine: Engine) -> None:
        """9: i1(a; room for 100) i2(b; room for 2); ``[spread az]``, 6 tasks: all placed, a=4, b=2 (best effort)."""
        rows = ({"id": "i1", "zone": "a", "cpu": 100}, {"id": "i2", "zone": "b", "cpu": 2})
        asked = problem(cluster(rows), [service("web", 6, [SPREAD_ZONE], cpu=1)])
        assert started(asked, engine)[0].tolist() == [4, 2]

    @pytest.mark.parametrize("better", [Engine.EXACT, Engine.AUTO])
    def test_10(self, better: Engine) -> None:
        """10: i1 mem 10, i2 mem 8; binpack memory; arrivals 5, 8, 5: one by one the last is unplaced, jointly none is."""
        rows = ({"id": "i1", "memory": 10}, {"id": "i2", "memory": 8})
        arrivals = [
            group(name, 1, chain=["binpack(memory)"], memory=size) for name, size in zip("ABC", (5, 8, 5), strict=True)
        ]
        asked = problem(cluster(rows), arrivals)
        assert started(asked, Engine.SEQUENTIAL).tolist() == [[0, 1], [1, 0], [0, 0]]
        best = answer(asked, better)
        assert best.started.to_dense().tolist() == [[1, 0], [0, 1], [1, 0]]
        assert best.complete and best.tiers[0].sequential == 1

    def test_49(self) -> None:
        """49: a rollout with a=1 old, b=1 old, c=0; 2 new, ``[spread az]`` counting old: the first new one is on c."""
        rows = [{"id": f"i{zone}", "zone": zone} for zone in "abc"]
        for count in (1, 2):
            old = service("web@1", 0, [SPREAD_ZONE], family="service:web")
            new = service("web@2", count, [SPREAD_ZONE], family="service:web")
            asked = problem(cluster(rows), [old, new], {"web@1": [1, 1, 0]})
            for seed in range(3):
                tasks = started(asked, Engine.SEQUENTIAL, seed)[1]
                assert tasks.sum() == count
                assert tasks[2] >= 1


class TestDistinctInstance:
    @both
    def test_11(self, engine: Engine) -> None:
        """11: 3 hosts; ``distinctInstance``, 4 tasks: 3 placed one each; the 4th fails with ECS's text."""
        found = answer(problem(cluster(THREE), [group("batch", 4, rules=["distinctInstance"], cpu=1)]), engine)
        assert found.started.row(0).tolist() == [1, 1, 1]
        assert found.missing().tolist() == [1]
        full = problem(cluster(THREE), [group("batch", 1, rules=["distinctInstance"], cpu=1)], {"batch": [1, 1, 1]})
        assert reasons(full) == ["DistinctInstance placement constraint unsatisfied."] * 3

    @both
    def test_12(self, engine: Engine) -> None:
        """12: each of 3 hosts holds a task of the old revision; the new revision can start nowhere."""
        old = service("web@1", 0, [], rules=["distinctInstance"], family="service:web")
        new = service("web@2", 3, [], rules=["distinctInstance"], family="service:web")
        assert started(problem(cluster(THREE), [old, new], {"web@1": [1, 1, 1]}), engine).sum() == 0
        assert started(problem(cluster(THREE), [old, new], {"web@1": [1, 1, 0]}), engine)[1].tolist() == [0, 0, 1]

    @both
    def test_13(self, engine: Engine) -> None:
        """13: the host runs a task of the group that is desired STOPPED, last RUNNING: the host is eligible.

        Such a task is not among the running, only its resources are held (§2.4).
        """
        rows = [{"id": "h1", "cpu": 4, "free": {"cpu": 2}}]
        for need, expected in ((2, 1), (3, 0)):
            asked = problem(cluster(rows), [group("batch", 1, rules=["distinctInstance"], cpu=need)])
            assert started(asked, engine)[0].tolist() == [expected]


class TestMemberOf:
    @both
    def test_14(self, engine: Engine) -> None:
        """14: a task definition's ``os-type == linux`` and a runtime ``os-family == WINDOWS...``: no host, by *and*."""
        rows = (
            {"id": "linux", "ecs.os-type": "linux", "ecs.os-family": "LINUX"},
            {"id": "windows", "ecs.os-type": "windows", "ecs.os-family": "WINDOWS_SERVER_2019_FULL"},
        )
        linux, windows = (
            "attribute:ecs.os-type == linux",
            "attribute:ecs.os-family == WINDOWS_SERVER_2019_FULL",
        )
        assert selected(cluster(rows), linux, windows, engine=engine) == set()
        assert selected(cluster(rows), linux, engine=engine) == {"linux"}
        assert selected(cluster(rows), windows, engine=engine) == {"windows"}
        asked = problem(cluster(rows), [group("new", 1, rules=[f"memberOf({linux})", f"memberOf({windows})"])])
        assert reasons(asked) == ["MemberOf placement constraint unsatisfied."] * 2

    @both
    def test_15(self, engine: Engine) -> None:
        """15: h1 stack=prod, h2 stack=dev, h3 without stack; ``attribute:stack != prod``: {h2} only."""
        rows = ({"id": "h1", "stack": "prod"}, {"id": "h2", "stack": "dev"}, {"id": "h3"})
        assert selected(cluster(rows), "attribute:stack != prod", engine=engine) == {"h2"}
        assert selected(cluster(rows), "not(attribute:stack == prod)", engine=engine) == {"h2", "h3"}

    @both
    def test_16(self, engine: Engine) -> None:
        """16: t2.small, t2.medium, m5.large; ``attribute:ecs.instance-type in [t2.small, t2.medium]``: the first two."""
        rows = [{"id": kind, "ecs.instance-type": kind} for kind in ("t2.small", "t2.medium", "m5.large")]
        expression = "attribute:ecs.instance-type in [t2.small, t2.medium]"
        assert selected(cluster(rows), expression, engine=engine) == {"t2.small", "t2.medium"}

    @both
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("attribute:ecs.instance-type =~ t2.* and attribute:ecs.availability-zone == us-east-1a", {"t2a"}),
            ("attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d", {"g2a"}),
        ],
    )
    def test_17_and_18(self, engine: Engine, expression: str, expected: set[str]) -> None:
        """17, 18: T2 instances in 1a; G2 instances not in 1d."""
        rows = [
            {"id": f"{kind}{zone}", "ecs.instance-type": f"{kind}.small", "zone": f"us-east-1{zone}"}
            for kind in ("t2", "g2")
            for zone in "ad"
        ]
        assert selected(cluster(rows), expression, engine=engine) == expected

    @both
    def test_19(self, engine: Engine) -> None:
        """19: h1 runs a task in ``service:production``, h2 empty; ``task:group == service:production``: {h1}."""
        there = {"groups": [group("service:production")], "running": {"service:production": [1, 0]}}
        found = selected(cluster(THREE[:2]), "task:group == service:production", engine=engine, **there)
        assert found == {"h1"}

    @both
    def test_20(self, engine: Engine) -> None:
        """20: h1 runs group ``database``, h2 empty; ``not(task:group == database)``: {h2}."""
        there = {"groups": [group("database")], "running": {"database": [1, 0]}}
        assert selected(cluster(THREE[:2]), "not(task:group == database)", engine=engine, **there) == {"h2"}

    @both
    def test_21(self, engine: Engine) -> None:
        """21: no task of ``databases`` anywhere; one of it with ``memberOf task:group == databases``: no host eligible."""
        own = group("databases", 1, rules=["memberOf(task:group == databases)"], cpu=1)
        assert started(problem(cluster(THREE), [own]), engine).sum() == 0
        assert started(problem(cluster(THREE), [own], {"databases": [0, 1, 0]}), engine)[0].tolist() == [0, 1, 0]

    @both
    def test_22(self, engine: Engine) -> None:
        """22: ``runningTasksCount == 1``; h1 has 2 tasks, one desired STOPPED; h2 has 2 RUNNING: {h1}."""
        rows = ({"id": "h1", "unlisted": 1}, {"id": "h2", "unlisted": 2})
        assert selected(cluster(rows), "runningTasksCount == 1", engine=engine) == {"h1"}

    @both
    def test_23(self, engine: Engine) -> None:
        """23: ``agentVersion < 1.14.5``; 1.14.4, 1.14.5, 1.15.0: {1.14.4}."""
        snapshot = replace(cluster(THREE), agent_version=TextColumn.of(["1.14.4", "1.14.5", "1.15.0"]))
        assert selected(snapshot, "agentVersion < 1.14.5", engine=engine) == {"h1"}

    @both
    def test_24(self, engine: Engine) -> None:
        """24: ``registeredAt < 2018-02-13``; registered 2018-02-12, 2018-02-14: the first only."""
        joined = TextColumn.of(["2018-02-12T09:00:00Z", "2018-02-14T09:00:00Z"])
        snapshot = replace(cluster(THREE[:2]), registered_at=joined)
        assert selected(snapshot, "registeredAt < 2018-02-13", engine=engine) == {"h1"}


class TestResources:
    @both
    def test_25(self, engine: Engine) -> None:
        """25: static hostPort 80, 3 hosts, 4 tasks: 3 placed, 1 ``RESOURCE:PORTS``."""
        web = service("web", 4, [], ports=(("tcp", 80),))
        found = answer(problem(cluster(THREE), [web]), engine)
        assert found.started.row(0).tolist() == [1, 1, 1]
        assert found.missing().tolist() == [1]
        rows = [{"id": "h1", "ports": [("tcp", 80)]}]
        assert reasons(problem(cluster(rows), [web])) == ["RESOURCE:PORTS"]

    @both
    def test_26(self, engine: Engine) -> None:
        """26: hostPort 0 twice on one host: both fit; the limit of 100 ports is unaffected. A dynamic port is no port here."""
        rows = [{"id": "h1", "ports": [("tcp", port) for port in range(1000, 1100)]}]
        assert started(problem(cluster(rows), [group("web", 2, cpu=1)]), engine)[0].tolist() == [2]
        static = group("web", 1, ports=(("tcp", 80),))
        assert started(problem(cluster(rows), [static]), engine)[0].tolist() == [0]

    @both
    def test_27(self, engine: Engine) -> None:
        """27: tcp 53 and udp 53 static on one host: both fit."""
        tcp, udp = group("tcp", 1, ports=(("tcp", 53),)), group("udp", 1, ports=(("udp", 53),))
        assert started(problem(cluster(THREE[:1]), [tcp, udp]), engine).sum() == 2
        again = group("again", 1, ports=(("tcp", 53),))
        assert started(problem(cluster(THREE[:1]), [tcp, again]), engine).sum() == 1

    @both
    @pytest.mark.parametrize(("own", "ports", "fits"), [(5, 96, 0), (5, 95, 1), (6, 95, 0), (6, 94, 1)])
    def test_28(self, engine: Engine, own: int, ports: int, fits: int) -> None:
        """28: five default ports; a task with 96 static ports does not fit, with 95 it does (94 if 51680 counts)."""
        defaults = [("tcp", port) for port in (22, 2375, 2376, 51678, 51679, 51680)[:own]]
        wide = group("wide", 1, ports=tuple(("tcp", port) for port in range(3000, 3000 + ports)))
        asked = problem(cluster([{"id": "h1", "ports": defaults}]), [wide])
        assert started(asked, engine)[0].tolist() == [fits]

    @both
    @pytest.mark.parametrize("resource", ["memory", "cpu"])
    def test_29(self, engine: Engine, resource: str) -> None:
        """29: a task of 1000 MiB on hosts of 1024 MiB (or 1000 cpu on 1024): one per host."""
        rows = [{"id": f"h{k}", resource: 1024} for k in range(3)]
        found = answer(problem(cluster(rows), [group("big", 4, **{resource: 1000})]), engine)
        assert found.started.row(0).tolist() == [1, 1, 1]
        full = problem(
            cluster([{"id": "h1", resource: 1024, "free": {resource: 24}}]), [group("big", 1, **{resource: 1000})]
        )
        assert reasons(full) == [f"RESOURCE:{resource.upper()}"]

    @both
    @pytest.mark.parametrize(("taken", "fit"), [(128, 4), (300, 1)])
    def test_30(self, engine: Engine, taken: int, fit: int) -> None:
        """30: memory 300, memoryReservation 128: 128 MiB is subtracted, so 4 fit in 512 MiB, not 1."""
        asked = problem(cluster([{"id": "h1", "memory": 512}]), [group("soft", 9, memory=taken)])
        assert started(asked, engine)[0].tolist() == [fit]

    @both
    @pytest.mark.parametrize("interfaces", [2, 10])
    def test_31(self, engine: Engine, interfaces: int) -> None:
        """31: c5.large, awsvpc tasks: 2; with trunking 10. Tasks outside awsvpc take no interface."""
        snapshot = cluster([{"id": "h1", "interfaces": interfaces}], resources=("cpu", "memory", "interfaces"))
        asked = problem(snapshot, [group("vpc", 20, cpu=1, interfaces=1), group("bridge", 20, cpu=1)])
        assert started(asked, engine)[:, 0].tolist() == [interfaces, 20]
        full = cluster([{"id": "h1", "interfaces": 0}], resources=("interfaces",))
        assert reasons(problem(full, [group("vpc", 1, interfaces=1)])) == ["RESOURCE:ENI"]


class TestDaemon:
    ROWS = (
        {"id": "a-active", "zone": "a", "cpu": 4},
        {"id": "a-draining", "zone": "a", "cpu": 4, "active": False},
        {"id": "b-active", "zone": "b", "cpu": 4},
    )

    def daemon(self, start: int) -> TaskGroup:
        return group("daemon", start, rules=[f"memberOf({ZONE_FIELD} == a)"], scheduling=Scheduling.DAEMON, cpu=3)

    @both
    def test_39(self, engine: Engine) -> None:
        """39: DAEMON, constraint az==a; hosts a(ACTIVE), a(DRAINING), b(ACTIVE): 1 task, on the first only."""
        assert started(problem(cluster(self.ROWS), [self.daemon(3)]), engine)[0].tolist() == [1, 0, 0]

    @both
    def test_39_held_back(self, engine: Engine) -> None:
        """39: until that task is there, what it needs on the first host is kept from every other group, only there."""
        other = group("other", 9, cpu=1)
        owed = problem(cluster(self.ROWS), [self.daemon(0), other])
        assert started(owed, engine)[1].tolist() == [1, 0, 4]
        rows = [self.ROWS[0] | {"free": {"cpu": 1}}, *self.ROWS[1:]]
        paid = problem(cluster(rows), [self.daemon(0), other], {"daemon": [1, 0, 0]})
        assert started(paid, engine)[1].tolist() == [1, 0, 4]


class TestRunTask:
    @both
    def test_50(self, engine: Engine) -> None:
        """50: count=3 with room for 2: tasks=2, failures=1; not all-or-nothing."""
        snapshot = cluster([{"id": "h1", "cpu": 2}])
        found = answer(problem(snapshot, [group("batch", 3, cpu=1)]), engine)
        assert (found.placed().tolist(), found.missing().tolist()) == ([2], [1])
        assert found.status is Status.OPTIMAL
        gang = group("batch", 3, cpu=1, all_or_nothing=True)
        assert answer(problem(snapshot, [gang]), engine).placed().tolist() == [0]
