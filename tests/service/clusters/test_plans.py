"""Plans of many actions, and what is written of large clusters (solver.service.clusters: draft, room, standing, state)."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from solver.errors import InvalidRequest
from solver.service.clusters import acceptance
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.standing import Standing
from solver.service.clusters.state import LiveCluster
from solver.service.clusters.store import IN_MEMORY, Store
from solver.service.sizes import SizeLimits
from solver.v1 import cluster_service_pb2 as wire
from solver.v1.cluster_pb2 import Cluster, Instance
from solver.v1.plan_pb2 import ACTION_KIND_MOVE, ACTION_KIND_STOP, Action
from solver.v1.task_group_pb2 import PROTOCOL_UDP, HostPort, RunningTask, TaskGroup
from tests.service.clusters.test_state import NOW, cluster, commit, start, task

PORTS = {"a": [80, 81], "b": [81, 82], "c": [80, 82, 83], "d": [], "e": [80]}


def sharing() -> LiveCluster:
    """Three instances with an agent's port, and groups that share ports."""
    groups = [
        TaskGroup(name=name, demand={"cpu": 1}, ports=[HostPort(port=port) for port in ports])
        for name, ports in PORTS.items()
    ]
    groups[4].ports.append(HostPort(port=53, protocol=PROTOCOL_UDP))
    instances = [Instance(id=name, capacity=[100], free=[100], used_tcp_ports=[22]) for name in "xyz"]
    return LiveCluster.of(
        "prod", 1, wire.ClusterState(cluster=Cluster(resources=["cpu"], instances=instances), groups=groups)
    )


def require_ports(found: LiveCluster) -> None:
    """Used is what the agent uses and what the tasks that are there use, those that have not ended yet included."""
    stopping = [one for reserved in found.reserved.values() for one in reserved.stopping.values()]
    for name, instance in found.instances.items():
        here = [one.group for one in (*found.tasks.values(), *stopping) if one.instance == name]
        assert list(instance.used_tcp_ports) == sorted({22}.union(*(PORTS[group] for group in here)))
        assert list(instance.used_udp_ports) == ([53] if "e" in here else [])
        assert list(instance.free) == [100 - len(here)]


@pytest.mark.parametrize("seed", range(15))
def test_ports_that_groups_share_are_used_while_one_of_them_is_there(seed: int) -> None:
    """Whatever starts, stops, moves, ends and lapses, many at once and one by one."""
    draw, found, number, ended = random.Random(seed), sharing(), 0, 0
    for step in range(40):
        kind = draw.randrange(4)
        if kind == 0:
            changes = []
            for _ in range(draw.choice((1, 3, 20))):
                number += draw.random() < 0.7
                put = task(f"t{number}", draw.choice("abcde"), draw.choice("xyz"))
                gone = draw.choice([*found.tasks, f"t{number}"])
                changes.append(wire.Change(put_task=put) if draw.random() < 0.5 else wire.Change(remove_task=gone))
            ended += sum(bool(change.remove_task) for change in changes)
            found = found.changed(changes)
        elif kind == 1:
            running = [name for name in found.tasks if name.startswith("t")]
            actions = [start(draw.choice("abcde"), draw.choice("xyz"), draw.randrange(1, 4)) for _ in range(3)]
            for name in draw.sample(running, min(len(running), 2)):
                actions.append(Action(kind=ACTION_KIND_STOP, task=name))
            found = found.committed(commit(*actions), f"r{step}", NOW)
        elif kind == 2 and found.reserved:
            found = found.given_up([draw.choice(list(found.reserved))])
        require_ports(found)
    assert ended


def test_what_uses_a_port_that_no_group_is_known_to_have_stays() -> None:
    """A group whose instance was put without its ports leaves those of others as they were said."""
    before = sharing().changed([wire.Change(put_task=task("t1", "a", "x")), wire.Change(put_task=task("t2", "c", "x"))])
    put = Instance(id="x", capacity=[100], free=[98], used_tcp_ports=[22, 80, 81])
    after = before.changed([wire.Change(put_instance=put), wire.Change(remove_task="t1")])
    assert list(after.instances["x"].used_tcp_ports) == [22, 80]


def calls_of(act: Callable[[], object]) -> int:
    """How many functions are called, those of C included: what it costs, whatever else the computer does."""
    found = 0

    def note(frame: object, event: str, argument: Any) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return found


def large_plan(kind: str, count: int) -> tuple[LiveCluster, wire.CommitRequest]:
    """Stops and starts, moves, or starts of groups with ports; on two instances."""
    groups = [TaskGroup(name=f"g{g}", ports=[HostPort(port=p + 1) for p in range(20)]) for g in range(2)]
    state = wire.ClusterState(
        cluster=Cluster(resources=["cpu"], instances=[Instance(id=name, capacity=[9], free=[9]) for name in "xy"]),
        groups=groups if kind == "ports" else [TaskGroup(name="g0"), TaskGroup(name="g1")],
        tasks=[
            RunningTask(id=f"t{k}", group="g0", instance="xy"[k % 2]) for k in range(0 if kind == "ports" else count)
        ],
    )
    actions = [start(f"g{k % 2}", "xy"[k // 2 % 2]) for k in range(count)]
    if kind == "stops":
        actions += [Action(kind=ACTION_KIND_STOP, task=f"t{k}") for k in range(count)]
    elif kind == "moves":
        actions = [Action(kind=ACTION_KIND_MOVE, group="g0", task=f"t{k}", instance="x", count=1) for k in range(count)]
    return LiveCluster.of("prod", 1, state).counted(), commit(*actions)


@pytest.mark.parametrize("kind", ["stops", "moves", "ports"])
def test_a_plan_of_twice_the_actions_costs_twice(kind: str) -> None:
    """Accepting it and giving it up; not each action times each other."""
    costs = []
    for count in (200, 400):
        before, request = large_plan(kind, count)
        accept = calls_of(partial(acceptance.committed, before, request, "r", NOW, SizeLimits()))
        after = acceptance.committed(before, request, "r", NOW, SizeLimits())
        give_up = calls_of(partial(after.given_up, ["r"]))
        assert after.given_up(["r"]).instances == before.instances
        costs.append((accept, give_up))
    assert all(twice < 2.3 * once for once, twice in zip(*costs, strict=True)), costs


@pytest.mark.parametrize("seed", range(10))
def test_tasks_are_found_where_they_are(seed: int) -> None:
    """By instance and by group, however they are set and deleted; the keys that were are noted."""
    draw, found, plain = random.Random(seed), Standing({"t0": task("t0", "a", "x")}), {"t0": task("t0", "a", "x")}
    written = set()
    for step in range(200):
        key, one = f"t{draw.randrange(9)}", task("t", draw.choice("ab"), draw.choice("xy"))
        if step == 20 and draw.random() < 0.5:
            found.forget()
        if draw.random() < 0.3:
            found.put_all({key: one})
            plain[key] = one
        elif draw.random() < 0.5:
            found[key] = plain[key] = one
        elif key in plain:
            assert found.taken(key) == plain.pop(key)
        else:
            continue
        written.add(key)
        if draw.random() < 0.7:
            assert found == plain
            for group in "ab":
                assert found.has_some_of(group) == any(other.group == group for other in plain.values())
                for instance in "xy":
                    here = {k: v for k, v in plain.items() if (v.group, v.instance) == (group, instance)}
                    assert dict(found.on(instance).get(group, {})) == here
    assert found.written == written


def test_a_cluster_is_written_as_one_message_writes_it() -> None:
    """Byte for byte, with reservations, maps and texts of any length."""
    found = cluster().committed(commit(start("web", "b"), Action(kind=ACTION_KIND_STOP, task="t1")), "r1", NOW)
    found = found.committed(commit(start("batch", "c", 3), request_id="once"), "r2", NOW)
    put = Instance(id="d", capacity=[1, 1], free=[0, 0], attributes={f"a{k}": "x" * k for k in range(200)})
    found = found.changed([wire.Change(put_instance=put)])
    for one in (cluster(), found, LiveCluster.of("empty", 3, wire.ClusterState())):
        assert one.written() == one.response().SerializeToString(deterministic=True)


def test_another_version_of_the_same_keeps_what_was_written() -> None:
    """And is the same otherwise."""
    before = cluster()
    part = before.request_part(["web"])
    after = before.at(7)
    assert (before.version, after.version) == (1, 7)
    assert after._without_groups is before._without_groups
    assert after.request_part(["web"]) == part
    assert (after.instances, after.groups, after.tasks) == (before.instances, before.groups, before.tasks)


def test_who_changes_one_cluster_does_not_wait_for_another() -> None:
    """Those of one cluster come one after the other."""

    async def change() -> list[str]:
        keeper, ended = ClusterKeeper(Store(IN_MEMORY), lambda: NOW), []
        for name in ("one", "two"):
            await keeper.put(wire.PutClusterRequest(name=name, state=cluster().response().state))
        release = asyncio.Event()

        async def hold() -> None:
            async with keeper._writing("one"):
                await release.wait()

        async def remove(name: str) -> None:
            await keeper.change(wire.ApplyChangesRequest(name=name, changes=[wire.Change(remove_task="t1")]))
            ended.append(name)

        holding = asyncio.create_task(hold())
        await asyncio.sleep(0)
        waiting = asyncio.create_task(remove("one"))
        await remove("two")
        assert not waiting.done()
        release.set()
        await asyncio.gather(holding, waiting)
        assert not keeper._locks
        await keeper.close()
        return ended

    assert asyncio.run(change()) == ["two", "one"]


def test_a_plan_that_takes_more_than_is_there_is_refused_at_its_action() -> None:
    """After all that it starts before, and with what it stops."""
    with pytest.raises(InvalidRequest, match=r"^actions\[1\]\.count: takes 6 cpu where 4 are free"):
        cluster().committed(commit(start("web", "b", 3), start("web", "b", 3)), "r", NOW)
    stop = Action(kind=ACTION_KIND_STOP, task="t1")
    assert cluster().committed(commit(start("web", "a", 4), stop), "r", NOW).tasks.keys() >= {"r/4"}
    with pytest.raises(InvalidRequest, match=r"^actions\[0\]\.count: takes 10 cpu where 9 are free"):
        cluster().committed(commit(start("web", "a", 5), stop), "r", NOW)
