"""Clusters that follow ECS (solver.service.clusters.ecs)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from solver.errors import InvalidRequest
from solver.formats.ecs.mirror import INSTANCES, Index, Mirror
from solver.service.clusters import ecs as following
from solver.service.clusters.ecs import Update
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.state import LiveCluster
from solver.service.clusters.store import IN_MEMORY, Store
from solver.v1 import cluster_service_pb2 as wire
from solver.v1.plan_pb2 import ACTION_KIND_START, ACTION_KIND_STOP, Action
from tests.formats.ecs.simulated import DEMAND, SimulatedEcs, begun

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def put(ecs: SimulatedEcs, before: LiveCluster | None = None) -> LiveCluster:
    return following.put("prod", ecs.answers(), before, NOW).cluster


def update(cluster: LiveCluster, *events: bytes) -> Update:
    return following.update(cluster, events, NOW)


def said(cluster: LiveCluster) -> dict[str, Any]:
    """What a plan depends on."""
    return {
        "resources": list(cluster.base.resources),
        "instances": dict(cluster.instances),
        "groups": dict(cluster.groups),
        "tasks": dict(cluster.tasks),
    }


def read_again(cluster: LiveCluster) -> LiveCluster:
    """The cluster that its documents describe, read as a whole."""
    assert cluster.ecs is not None
    return following._made("prod", cluster.ecs, cluster.ecs.whole(NOW.isoformat()), None)


@pytest.mark.parametrize("seed", range(30))
def test_following_events_is_reading_everything_again(seed: int) -> None:
    """After each batch, in any order and however often they come."""
    ecs = begun(seed)
    cluster = put(ecs)
    for _ in range(80):
        ecs.step()
    texts = ecs.events + ecs.draw.sample(ecs.events, 20)
    ecs.draw.shuffle(texts)
    incremental = 0
    for at in range(0, len(texts), 5):
        found = update(cluster, *texts[at : at + 5])
        incremental += bool(found.changes)
        cluster = found.cluster
        again = said(read_again(cluster))
        # A group whose last task has ended stays until a snapshot: a plan may start it again.
        again["groups"] = {name: cluster.groups[name] for name in again["groups"]} | dict(cluster.groups)
        assert said(cluster) == again
    assert incremental > len(texts) // 10


@pytest.mark.parametrize("seed", range(10))
def test_in_order_events_lead_to_the_cluster_that_is_described(seed: int) -> None:
    """What is free, which ports are used, what runs where; as a snapshot of that moment says."""
    ecs = begun(100 + seed)
    cluster = put(ecs)
    for _ in range(60):
        ecs.step()
    cluster = update(cluster, *ecs.events).cluster
    fresh = put(ecs)
    assert cluster.instances == fresh.instances
    assert cluster.tasks == fresh.tasks


def test_a_task_that_is_told_of_before_its_instance_takes_its_room() -> None:
    """Nothing is free that a known task takes, whichever event comes first."""
    ecs = begun(40)
    cluster = put(ecs)
    ecs.start()
    task_event, instance_event = ecs.events
    task = ecs.tasks[list(ecs.tasks)[-1]]
    instance = task["containerInstanceArn"]
    cpu = list(cluster.base.resources).index("cpu")
    before = cluster.instances[instance].free[cpu]
    taken = before - int(task["cpu"])
    for order in ((task_event, instance_event), (instance_event, task_event)):
        after = update(cluster, order[0]).cluster
        assert after.instances[instance].free[cpu] == taken
        assert update(after, order[1]).cluster.instances[instance].free[cpu] == taken


def test_what_a_plan_does_not_depend_on_raises_no_version() -> None:
    """A plan for the version before still holds: repeated events, others' events, a heartbeat of the agent."""
    ecs = begun(41)
    cluster = put(ecs)
    ecs._tell_instance(next(iter(ecs.instances.values())))
    found = update(cluster, *ecs.events, *ecs.events, b'{"detail-type": "Other", "source": "aws.ec2", "detail": {}}')
    assert found.changes == ()
    assert found.cluster.version == cluster.version
    assert found.cluster.ecs is not cluster.ecs


def test_a_task_with_a_role_of_its_own_is_of_a_group_of_its_own() -> None:
    """Told by its event as by a snapshot; and a service's group says what its tasks are registered with."""
    ecs = begun(43)
    cluster = put(ecs)
    for _ in range(80):
        ecs.step()
    task = next(one for one in ecs.tasks.values() if "overrides" in one and one["desiredStatus"] == "RUNNING")
    cluster = update(cluster, *ecs.events).cluster
    group = cluster.groups[cluster.tasks[task["taskArn"]].group]
    assert group.role == task["overrides"]["taskRoleArn"]
    assert group.name == f"{group.family} as role/{group.role[-2:]}"
    assert cluster.tasks == put(ecs).tasks
    assert [target.name for target in cluster.groups["service:web"].targets] == ["web"]


def test_a_revision_that_was_not_there_is_a_group_more() -> None:
    """Its tasks count as their own documents say until a snapshot brings the task definition."""
    ecs = begun(42)
    cluster = put(ecs)
    ecs.definitions = ("web:2",)
    ecs.start()
    found = update(cluster, *ecs.events)
    assert found.changes
    new = found.cluster.tasks[list(ecs.tasks)[-1]]
    assert new.group == "service:web@web:2"
    assert found.cluster.groups[new.group].demand["cpu"] == DEMAND["web:2"][0]
    assert found.cluster.ecs is not None
    assert [need.name for need in found.cluster.ecs.needs()] == ["web:2"]


def test_arns_of_both_forms_name_the_same_instance() -> None:
    """With the cluster's name, and without it as older ones are: the last part counts, as in a snapshot."""
    ecs = begun(42)
    cluster = put(ecs)
    ecs.start()
    task = ecs.tasks[list(ecs.tasks)[-1]]
    instance = task["containerInstanceArn"]
    old = ecs.events[0].replace(b":container-instance/test/", b":container-instance/")
    assert old != ecs.events[0]
    after = update(cluster, old).cluster
    assert after.tasks[task["taskArn"]].instance == instance
    assert said(after) == said(read_again(after)) | {"groups": dict(after.groups)}
    assert after.ecs is not None
    assert not list(after.ecs.needs())


@pytest.mark.parametrize("prefix", ["a", "z"])
def test_of_instances_with_the_same_last_part_the_events_mean_the_one_that_a_snapshot_does(prefix: str) -> None:
    """Where an ARN is that of neither of them."""
    ecs = begun(42)
    cluster = put(ecs)
    ecs.start()
    task = ecs.tasks[list(ecs.tasks)[-1]]
    known = task["containerInstanceArn"].encode()
    twin = ecs.events[1].replace(known, prefix.encode() + known)
    neither = ecs.events[0].replace(known, known.replace(b"111122223333", b"444455556666"))
    assert twin != ecs.events[1] and neither != ecs.events[0]
    after = update(cluster, twin, neither).cluster
    assert len(after.instances) == len(cluster.instances) + 1
    assert said(after) == said(read_again(after)) | {"groups": dict(after.groups)}


def committed(cluster: LiveCluster, *actions: Action) -> LiveCluster:
    request = wire.CommitRequest(name="prod", version=cluster.version, actions=actions, lapse_seconds=60)
    return cluster.committed(request, "r1", NOW)


def test_events_confirm_what_was_reserved() -> None:
    """A task that starts where one is reserved takes its place, and the room is taken once."""
    ecs = begun(43)
    cluster = put(ecs)
    ecs.definitions = ("web:1",)
    ecs.start()
    task = ecs.tasks[list(ecs.tasks)[-1]]
    instance = task["containerInstanceArn"]
    start = Action(kind=ACTION_KIND_START, group="service:web", instance=instance, count=1)
    reserved = committed(cluster, start)
    for texts in (ecs.events, ecs.events[::-1]):
        found = reserved
        for text in texts:
            found = update(found, text).cluster
        assert not found.reserved
        assert list(found.instances[instance].free) == list(put(ecs).instances[instance].free)
        assert task["taskArn"] in found.tasks


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_reserved_stays_reserved_through_events_and_snapshots(whole: bool) -> None:
    """Until it is confirmed or lapses; then its room is free again."""
    ecs = begun(44)
    cluster = put(ecs)
    instance = next(iter(ecs.instances))
    stopped = next(task for task in cluster.tasks.values())
    start = Action(kind=ACTION_KIND_START, group="service:web", instance=instance, count=2)
    stop = Action(kind=ACTION_KIND_STOP, group=stopped.group, instance=stopped.instance, task=stopped.id)
    reserved = committed(cluster, start, stop)
    ecs._tell_instance(ecs.instances[instance])
    after = put(ecs, reserved) if whole else update(reserved, *ecs.events).cluster
    assert list(after.instances[instance].free) == list(reserved.instances[instance].free)
    assert stopped.id not in after.tasks
    lapsed = after.lapsed(NOW + timedelta(seconds=61))
    assert list(lapsed.instances[instance].free) == list(cluster.instances[instance].free)
    assert lapsed.tasks == cluster.tasks


def test_a_stop_that_was_committed_is_done_by_its_event() -> None:
    """The task stops, and holds its room until it has ended."""
    ecs = begun(45)
    cluster = put(ecs)
    task = next(task for task in ecs.tasks.values() if task["desiredStatus"] == "RUNNING")
    known = cluster.tasks[task["taskArn"]]
    stop = Action(kind=ACTION_KIND_STOP, group=known.group, instance=known.instance, task=known.id)
    reserved = committed(cluster, stop)
    ecs.stop(task)
    stopping = update(reserved, *ecs.events).cluster
    assert not stopping.reserved
    assert list(stopping.instances[known.instance].free) == list(cluster.instances[known.instance].free)
    ecs.events.clear()
    ecs.end(task)
    ended = update(stopping, *ecs.events).cluster
    assert list(ended.instances[known.instance].free) != list(cluster.instances[known.instance].free)
    assert said(ended) == said(put(ecs, None)) | {"groups": dict(ended.groups)}


def test_a_cluster_that_is_put_follows_no_events() -> None:
    """Its names need not be ECS's."""
    plain = LiveCluster.of("prod", 1, wire.ClusterState())
    with pytest.raises(InvalidRequest, match="is not made of ECS documents"):
        update(plain, b"{}")


# Kept.


def test_changes_are_for_clusters_that_do_not_follow_events() -> None:
    """The next event would undo them."""

    async def change() -> None:
        keeper = ClusterKeeper(Store(IN_MEMORY))
        await keeper.put_documents("prod", begun(46).answers())
        with pytest.raises(InvalidRequest, match="follows ECS events; send them with ApplyEcsEvents"):
            await keeper.change(wire.ApplyChangesRequest(name="prod"))
        await keeper.close()

    asyncio.run(change())


@pytest.mark.parametrize("seed", range(6))
def test_a_cluster_that_follows_events_is_there_again(tmp_path: Path, seed: int) -> None:
    """With its documents: events that come after the start are applied to what was known before."""
    ecs = begun(200 + seed)
    texts: list[bytes] = []

    async def follow(first: bool) -> tuple[dict[str, Any], Any]:
        keeper = ClusterKeeper(Store(tmp_path / "state.db"), lambda: NOW)
        if first:
            await keeper.put_documents("prod", ecs.answers())
        for _ in range(30):
            ecs.step()
        texts.extend(ecs.events)
        ecs.draw.shuffle(ecs.events)
        for at in range(0, len(ecs.events), 4):
            await keeper.follow("prod", ecs.events[at : at + 4])
        ecs.events.clear()
        found = await keeper.cluster("prod")
        assert found.ecs is not None
        state = {**said(found), "version": found.version, "needs": list(found.ecs.needs())}
        documents = found.ecs.documents, dict(found.ecs.ended), found.ecs.unlisted, found.ecs.missing
        await keeper.close()
        return state, documents

    async def read() -> tuple[dict[str, Any], Any]:
        keeper = ClusterKeeper(Store(tmp_path / "state.db"), lambda: NOW)
        found = await keeper.cluster("prod")
        assert found.ecs is not None
        state = {**said(found), "version": found.version, "needs": list(found.ecs.needs())}
        await keeper.close()
        return state, (found.ecs.documents, dict(found.ecs.ended), found.ecs.unlisted, found.ecs.missing)

    for first in (True, False):
        known = asyncio.run(follow(first))
        assert asyncio.run(read()) == known


def test_a_file_of_the_form_before_is_taken_up(tmp_path: Path) -> None:
    """What was kept before documents were is there, and documents can be kept beside it."""
    path = tmp_path / "state.db"
    store = Store(path)
    store.put(LiveCluster.of("old", 3, wire.ClusterState()))
    store._database.executescript(
        "DROP TABLE document; DROP TABLE placement_event; DROP TABLE placement_position; PRAGMA user_version=1;"
    )
    store.close()

    async def taken_up() -> list[str]:
        keeper = ClusterKeeper(Store(path))
        await keeper.put_documents("new", begun(47).answers())
        await keeper.close()
        again = Store(path)
        names = sorted(again.load())
        again.close()
        return names

    assert asyncio.run(taken_up()) == ["new", "old"]


@pytest.mark.parametrize("seed", range(12))
def test_a_snapshot_that_is_read_once_says_what_it_says_read_again(seed: int) -> None:
    """Also where some of what is known is newer, and stays; and what finds documents fast finds them as a look at each does."""
    ecs = begun(200 + seed)
    cluster = put(ecs)
    for _ in range(30):
        ecs.step()
    answers, events = ecs.answers(), list(ecs.events)
    ecs.events.clear()
    for _ in range(20 * (seed % 2)):
        ecs.step()
    cluster = update(cluster, *events, *ecs.events).cluster
    found = following.put("prod", answers, cluster, NOW).cluster
    for one in (cluster, found):
        assert one.ecs is not None
        index, again = one.ecs.index, Index.of_documents(one.ecs.documents)
        assert {name: tasks for name, tasks in index.tasks_on.items() if tasks} == again.tasks_on
        assert dict(index.pairs) == dict(again.pairs)
        assert {name: count for name, count in index.running.items() if count} == dict(again.running)
        assert index.arns == again.arns
        assert index.named(index.arns) == sorted(one.ecs.documents[INSTANCES])
    assert found.ecs is not None
    fresh = following._made("prod", found.ecs, found.ecs.whole(NOW.isoformat()), cluster)
    assert said(found) == said(fresh)
    assert found.ecs.is_made_of(Mirror.of(answers)) is False


def test_a_snapshot_is_refused_for_what_does_not_stay_of_it_too() -> None:
    """A task whose event is newer, and whose document in the snapshot cannot be read."""
    ecs = begun(44)
    cluster = put(ecs)
    answers = ecs.answers()
    ecs._tell_task(next(iter(ecs.tasks.values())))
    cluster = update(cluster, *ecs.events).cluster
    listed = answers["tasks.json"][0]
    assert isinstance(listed, dict)
    listed["tasks"][0]["overrides"] = {"cpu": "many"}
    with pytest.raises(InvalidRequest, match=r"tasks\.json\[0\]\.tasks\[0\]\.overrides\.cpu: is "):
        following.put("prod", answers, cluster, NOW)
