"""A cluster as the server keeps it (solver.service.clusters.state)."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from solver.errors import InvalidRequest
from solver.service import codec
from solver.service.clusters.state import LiveCluster
from solver.v1 import cluster_service_pb2 as wire
from solver.v1.cluster_pb2 import INSTANCE_STATUS_DRAINING, AttributeColumn, Cluster, Instance
from solver.v1.placement_service_pb2 import PlaceRequest
from solver.v1.plan_pb2 import ACTION_KIND_MOVE, ACTION_KIND_START, ACTION_KIND_STOP, Action
from solver.v1.task_group_pb2 import PROTOCOL_UDP, HostPort, RunningTask, TaskGroup

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WEB = TaskGroup(name="web", demand={"cpu": 2}, ports=[HostPort(port=80), HostPort(port=53, protocol=PROTOCOL_UDP)])
BATCH = TaskGroup(name="batch", demand={"cpu": 1, "memory": 3})


def instance(name: str, cpu: int = 10, memory: int = 20) -> Instance:
    return Instance(id=name, capacity=[10, 20], free=[cpu, memory])


def task(name: str, group: str, where: str, **fields: bool) -> RunningTask:
    return RunningTask(id=name, group=group, instance=where, **fields)


def cluster() -> LiveCluster:
    """Three instances; one task of each group on the first."""
    first = instance("a", 7, 17)
    first.used_tcp_ports.extend([22, 80])
    first.used_udp_ports.append(53)
    state = wire.ClusterState(
        cluster=Cluster(resources=["cpu", "memory"], instances=[first, instance("b"), instance("c")]),
        groups=[WEB, BATCH],
        tasks=[task("t1", "web", "a"), task("t2", "batch", "a")],
    )
    return LiveCluster.of("prod", 1, state)


def free(found: LiveCluster, name: str) -> list[int]:
    return list(found.instances[name].free)


def commit(*actions: Action, groups: tuple[TaskGroup, ...] = (), **fields: object) -> wire.CommitRequest:
    return wire.CommitRequest(name="prod", version=1, actions=actions, groups=groups, **fields)


def start(group: str, where: str, count: int = 1) -> Action:
    return Action(kind=ACTION_KIND_START, group=group, instance=where, count=count, step=1)


def test_a_task_that_starts_takes_amounts_and_ports_and_gives_them_back() -> None:
    """Those of its group, of the instance that it is on; the ports of others stay."""
    one = cluster().changed([wire.Change(put_task=task("t3", "web", "b"))])
    assert (one.version, free(one, "b")) == (2, [8, 20])
    assert (list(one.instances["b"].used_tcp_ports), list(one.instances["b"].used_udp_ports)) == ([80], [53])
    back = one.changed([wire.Change(remove_task="t3"), wire.Change(remove_task="t1")])
    assert (free(back, "b"), free(back, "a")) == ([10, 20], [9, 17])
    assert (list(back.instances["b"].used_tcp_ports), list(back.instances["a"].used_tcp_ports)) == ([], [22])


def test_a_task_that_is_there_already_is_only_as_it_is_now() -> None:
    """Events come more than once; one that is elsewhere has moved; one that has ended may end again."""
    before = cluster()
    same = before.changed([wire.Change(put_task=task("t1", "web", "a", unhealthy=True))])
    assert same.tasks["t1"].unhealthy
    assert free(same, "a") == free(before, "a")
    moved = before.changed([wire.Change(put_task=task("t1", "web", "c"))])
    assert (free(moved, "a"), free(moved, "c")) == ([9, 17], [8, 20])
    assert before.changed([wire.Change(remove_task="never")]).tasks == before.tasks


def test_a_change_leaves_the_version_before_as_it_was() -> None:
    """Whoever reads a version may go on reading it."""
    before = cluster()
    said = before.response().SerializeToString(deterministic=True)
    before.changed([wire.Change(put_task=task("t3", "web", "b")), wire.Change(remove_instance="a")])
    before.committed(commit(start("web", "b")), "r", NOW)
    assert before.response().SerializeToString(deterministic=True) == said


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (wire.Change(), "changes[1]"),
        (wire.Change(put_task=task("t9", "nobody", "a")), "changes[1].put_task.group"),
        (wire.Change(put_task=task("t9", "web", "nowhere")), "changes[1].put_task.instance"),
        (wire.Change(put_task=task("", "web", "a")), "changes[1].put_task.id"),
        (wire.Change(remove_instance="nowhere"), "changes[1].remove_instance"),
        (wire.Change(put_instance=Instance(id="d", capacity=[1], free=[1])), "changes[1].put_instance.capacity"),
        (wire.Change(put_instance=instance("d", 11)), "changes[1].put_instance.free[0]"),
        (wire.Change(put_instance=instance("")), "changes[1].put_instance.id"),
        (wire.Change(put_group=TaskGroup(name="web", demand={"cpu": 3})), "changes[1].put_group.demand"),
        (wire.Change(put_group=TaskGroup(name="new", start=1)), "changes[1].put_group"),
        (wire.Change(put_group=TaskGroup()), "changes[1].put_group.name"),
        (wire.Change(remove_group="web"), "changes[1].remove_group"),
        (wire.Change(remove_group="nobody"), "changes[1].remove_group"),
        (
            wire.Change(set_instance_status=wire.InstanceStatusChange(instance="nowhere")),
            "changes[1].set_instance_status.instance",
        ),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_its_path(change: wire.Change, path: str) -> None:
    """And with it all that came with it."""
    with pytest.raises(InvalidRequest) as refused:
        cluster().changed([wire.Change(put_task=task("t3", "web", "b")), change])
    assert [fault.path for fault in refused.value.faults] == [path]


def test_an_instance_that_is_gone_takes_its_tasks_along() -> None:
    """What was reserved there, too."""
    held = cluster().committed(commit(start("web", "b")), "r", NOW)
    assert not held.changed([wire.Change(remove_instance="b")]).reserved
    assert set(held.changed([wire.Change(remove_instance="a")]).tasks) == {"r/1"}


def test_an_instance_says_whether_it_takes_tasks() -> None:
    """And nothing else of it changes."""
    status = wire.InstanceStatusChange(instance="b", status=INSTANCE_STATUS_DRAINING, agent_disconnected=True)
    found = cluster().changed([wire.Change(set_instance_status=status)]).instances["b"]
    assert (found.status, found.agent_disconnected, list(found.free)) == (INSTANCE_STATUS_DRAINING, True, [10, 20])


def test_a_plan_that_is_committed_takes_its_room_at_once() -> None:
    """Starts are pending tasks; what stops no longer runs, and holds what it takes until it has ended."""
    stop = Action(kind=ACTION_KIND_STOP, group="batch", task="t2", instance="a", count=1)
    held = cluster().committed(commit(start("web", "b", 2), stop), "r", NOW)
    assert free(held, "b") == [6, 20]
    assert free(held, "a") == [7, 17]
    assert set(held.tasks) == {"t1", "r/1", "r/2"}
    assert all(held.tasks[name].pending for name in ("r/1", "r/2"))
    assert free(held.changed([wire.Change(remove_task="t2")]), "a") == [8, 20]


def test_a_move_starts_there_and_stops_here() -> None:
    """In the same reservation."""
    move = Action(kind=ACTION_KIND_MOVE, group="web", task="t1", instance="c", from_instance="a", count=1)
    held = cluster().committed(commit(move), "r", NOW)
    assert (set(held.reserved["r"].starting), set(held.reserved["r"].stopping)) == ({"r/1"}, {"t1"})
    assert (free(held, "a"), free(held, "c")) == ([7, 17], [8, 20])


def test_tasks_confirm_what_was_reserved_for_them() -> None:
    """One each; the reservation is gone once nothing of it is left, and the next task takes room of its own."""
    held = cluster().committed(commit(start("web", "b", 2)), "r", NOW)
    one = held.changed([wire.Change(put_task=task("t5", "web", "b"))])
    assert (free(one, "b"), len(one.reserved["r"].starting)) == ([6, 20], 1)
    both = one.changed([wire.Change(put_task=task("t6", "web", "b"))])
    assert (free(both, "b"), dict(both.reserved), set(both.tasks)) == ([6, 20], {}, {"t1", "t2", "t5", "t6"})
    assert free(both.changed([wire.Change(put_task=task("t7", "web", "b"))]), "b") == [4, 20]


def test_what_nothing_confirms_lapses() -> None:
    """Its room is free again, and what was to stop runs on."""
    stop = Action(kind=ACTION_KIND_STOP, group="batch", task="t2", instance="a", count=1)
    held = cluster().committed(commit(start("web", "b"), stop, lapse_seconds=60), "r", NOW)
    assert held.lapsed(NOW + timedelta(seconds=59)) is held
    over = held.lapsed(NOW + timedelta(seconds=60))
    assert (over.version, free(over, "b"), set(over.tasks), dict(over.reserved)) == (3, [10, 20], {"t1", "t2"}, {})


def test_a_snapshot_of_an_instance_does_not_free_what_is_reserved() -> None:
    """Whoever reports what is free does not know of it."""
    held = cluster().committed(commit(start("web", "b")), "r", NOW)
    assert free(held.changed([wire.Change(put_instance=instance("b", 9, 20))]), "b") == [7, 20]


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (commit(start("web", "b", 6)), "actions[0].count"),
        (commit(start("web", "b", 3), start("web", "b", 3)), "actions[1].count"),
        (commit(start("web", "b", 0)), "actions[0].count"),
        (commit(start("nobody", "b")), "actions[0].group"),
        (commit(start("web", "nowhere")), "actions[0].instance"),
        (commit(Action(group="web", instance="b", count=1)), "actions[0].kind"),
        (commit(Action(kind=ACTION_KIND_STOP, group="web", task="never", instance="a", count=1)), "actions[0].task"),
        (commit(start("web", "b"), groups=(TaskGroup(name="web", demand={"cpu": 1}),)), "groups[0].demand"),
        (commit(start("web", "b"), lapse_seconds=0.0), "lapse_seconds"),
        (commit(start("web", "b"), request_id="x" * 101), "request_id"),
    ],
)
def test_a_plan_that_this_cluster_cannot_take_is_refused(request_: wire.CommitRequest, path: str) -> None:
    """With the path of the action."""
    with pytest.raises(InvalidRequest) as refused:
        cluster().committed(request_, "r", NOW)
    assert [fault.path for fault in refused.value.faults] == [path]


def test_a_plan_may_take_what_its_stops_leave() -> None:
    """The order of its waves sees to it that they have ended by then."""
    stop = Action(kind=ACTION_KIND_STOP, group="web", task="t1", instance="a", count=1)
    assert cluster().committed(commit(stop, start("batch", "a", 5)), "r", NOW).reserved["r"].starting
    with pytest.raises(InvalidRequest):
        cluster().committed(commit(start("web", "a", 4)), "r", NOW)


def test_groups_of_the_request_are_kept_without_what_it_wanted() -> None:
    """So that the next request need not say them to have their tasks counted."""
    asked = TaskGroup(name="new", demand={"cpu": 1}, start=3, all_or_nothing=True)
    found = cluster().committed(commit(start("new", "c", 3), groups=(asked,)), "r", NOW).groups["new"]
    assert (found.start, found.all_or_nothing, dict(found.demand)) == (0, False, {"cpu": 1})


def test_what_is_written_is_read_again() -> None:
    """Reservations included."""
    held = cluster().committed(commit(start("web", "b", 2), request_id="once"), "r", NOW)
    again = LiveCluster.restored("prod", held.response())
    assert again.response() == held.response()
    assert again.by_request("once") is not None
    assert again.by_request("") is None


@pytest.mark.parametrize(
    ("state", "paths"),
    [
        (
            wire.ClusterState(cluster=Cluster(instances=[Instance(id="a"), Instance(id="a"), Instance()])),
            ["state.cluster.instances[1].id", "state.cluster.instances[2].id"],
        ),
        (wire.ClusterState(groups=[TaskGroup(name="g", stop=1)]), ["state.groups[0]"]),
        (
            wire.ClusterState(groups=[TaskGroup(name="g")], tasks=[task("t", "g", "a"), task("t", "h", "a")]),
            ["state.tasks[1].id", "state.tasks[0].instance", "state.tasks[1].group", "state.tasks[1].instance"],
        ),
    ],
)
def test_a_state_that_cannot_be_is_refused_with_every_path(state: wire.ClusterState, paths: list[str]) -> None:
    """All faults at once."""
    with pytest.raises(InvalidRequest) as refused:
        LiveCluster.of("prod", 1, state)
    assert [fault.path for fault in refused.value.faults] == paths


@pytest.mark.parametrize(
    ("column", "path"),
    [
        (AttributeColumn(name="rack", values=["r"], codes=[1, 0]), "codes"),
        (AttributeColumn(name="rack", values=["r"], codes=[1, 0, 2]), "codes"),
        (AttributeColumn(name="disk", values=["r"], codes=[1, 0, 0]), "name"),
    ],
)
def test_columns_that_cannot_be_read_are_refused(column: AttributeColumn, path: str) -> None:
    """Too short, beyond their values, or of an attribute that an instance says itself."""
    state = cluster().response().state
    state.cluster.instances[0].attributes["disk"] = "ssd"
    state.cluster.attribute_columns.append(column)
    with pytest.raises(InvalidRequest) as refused:
        LiveCluster.of("prod", 1, state)
    assert [fault.path for fault in refused.value.faults] == [f"state.cluster.attribute_columns[0].{path}"]


def test_amounts_that_no_longer_fit_are_refused() -> None:
    """§11.2: tasks that take more together than 2^53."""
    found = cluster().changed([wire.Change(put_group=TaskGroup(name="huge", demand={"cpu": 2**53}))])
    found = found.changed([wire.Change(put_task=task("h1", "huge", "b"))])
    with pytest.raises(InvalidRequest, match=r"changes\[0\]\.put_task: would leave -"):
        found.changed([wire.Change(put_task=task("h2", "huge", "b"))])


def test_a_large_cluster_is_written_whole() -> None:
    """It is written in blocks; every instance, count and task is in one of them, in order."""
    names = [f"i-{k}" for k in range(2_001)]
    state = wire.ClusterState(
        cluster=Cluster(resources=["cpu", "memory"], instances=[instance(name) for name in names]),
        groups=[TaskGroup(name="g", demand={"cpu": 1})],
        tasks=[task(f"t-{name}", "g", name) for name in names],
    )
    found = PlaceRequest.FromString(LiveCluster.of("c", 1, state).request_part(()))
    assert [each.id for each in found.cluster.instances] == names
    assert list(found.cluster.resources) == ["cpu", "memory"]
    assert [(each.instance, each.count) for each in found.running] == [(name, 1) for name in names]
    assert [each.id for each in found.tasks] == [f"t-{name}" for name in names]


def test_a_request_gets_all_that_it_lacks() -> None:
    """Instances with the attributes of columns as their own, groups that it does not say itself, and counts by name."""
    state = cluster().response().state
    state.cluster.attribute_columns.append(AttributeColumn(name="rack", values=["r1"], codes=[1, 0, 0]))
    kept = LiveCluster.of("prod", 1, state)
    own = PlaceRequest(groups=[TaskGroup(name="web", demand={"cpu": 2}, start=3)])
    call = codec.call_from_bytes(own.SerializeToString() + kept.request_part(["web"]))
    assert [(group.name, group.start) for group in call.problem.groups] == [("web", 3), ("batch", 0)]
    assert list(call.problem.running) == [(0, 0, 1), (1, 0, 1)]
    rack = call.problem.cluster.attributes["rack"]
    assert [rack[i] for i in range(3)] == ["r1", None, None]
    assert [one.id for one in call.problem.tasks] == ["t1", "t2"]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_free_is_the_capacity_less_all_that_is_there(seed: int) -> None:
    """After any changes, commits and lapses: tasks, reserved ones and those that have not ended yet."""
    r = random.Random(seed)
    state = wire.ClusterState(
        cluster=Cluster(resources=["cpu", "memory"], instances=[instance(name) for name in "abc"]), groups=[WEB, BATCH]
    )
    found, now, number = LiveCluster.of("prod", 1, state), NOW, 0
    for step in range(60):
        now += timedelta(seconds=r.randrange(200))
        kind = r.randrange(5)
        try:
            if kind == 0 and found.tasks:
                found = found.changed([wire.Change(remove_task=r.choice([*found.tasks, "never"]))])
            elif kind == 1:
                found = found.lapsed(now)
            elif kind == 2:
                running = [name for name in found.tasks if name.startswith("t")]
                actions = [start(r.choice(["web", "batch"]), r.choice("abc"), r.randrange(1, 3))]
                if running:
                    stopped = r.choice(running)
                    actions.append(Action(kind=ACTION_KIND_STOP, task=stopped, count=1))
                found = found.committed(commit(*actions), f"r{step}", now)
            else:
                number += r.random() < 0.8
                put = task(f"t{number}", r.choice(["web", "batch"]), r.choice("abc"))
                found = found.changed([wire.Change(put_task=put)])
        except InvalidRequest:
            assert kind == 2
        here: Counter[str] = Counter()
        ports = {name: set() for name in "abc"}
        stopping = [one for reserved in found.reserved.values() for one in reserved.stopping.values()]
        for one in (*found.tasks.values(), *stopping):
            demand = found.groups[one.group].demand
            here[f"{one.instance} cpu"] += demand.get("cpu", 0)
            here[f"{one.instance} memory"] += demand.get("memory", 0)
            ports[one.instance] |= {80} if one.group == "web" else set()
        for name in "abc":
            assert free(found, name) == [10 - here[f"{name} cpu"], 20 - here[f"{name} memory"]], f"step {step}"
            assert set(found.instances[name].used_tcp_ports) == ports[name], f"step {step}"
        assert LiveCluster.restored("prod", found.response()).response() == found.response()
