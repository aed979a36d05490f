"""What changes and plans must be before they are kept (solver.service.clusters.acceptance)."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from solver.errors import InvalidRequest, TooLarge
from solver.service.clusters import acceptance
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.state import LiveCluster
from solver.service.clusters.store import IN_MEMORY, Store
from solver.service.clusters.totals import Totals
from solver.service.sizes import SizeLimits
from solver.v1 import cluster_service_pb2 as wire
from solver.v1.cluster_pb2 import Instance
from solver.v1.plan_pb2 import ACTION_KIND_MOVE, Action
from solver.v1.task_group_pb2 import RunningTask, TaskGroup
from tests.formats.ecs.simulated import begun
from tests.service.clusters.test_state import NOW, cluster, commit, start

SIZES = SizeLimits()


def put(name: str, **fields: object) -> wire.Change:
    return wire.Change(put_instance=Instance(**{"id": name, "capacity": [10, 20], "free": [10, 20], **fields}))


def drawn(found: LiveCluster, draw: random.Random, step: int) -> LiveCluster:
    """A cluster after something that happens to it."""
    arn, key, group = f"i{draw.randrange(4)}", f"n{draw.randrange(6)}", draw.choice(["web", "batch", "new"])
    changes = [
        put(arn, free=[draw.randrange(-3, 11), 9], attributes={f"a{draw.randrange(3)}": "x"}, unlisted_tasks=step % 3),
        wire.Change(remove_instance=arn),
        wire.Change(put_task=RunningTask(id=key, group=group, instance=arn)),
        wire.Change(remove_task=key),
        wire.Change(put_group=TaskGroup(name="new", demand={"cpu": draw.randrange(3)})),
        wire.Change(remove_group="new"),
    ]
    try:
        if draw.random() < 0.2:
            return found.committed(commit(start(group, arn, draw.randrange(1, 3))), f"r{step}", NOW)
        if draw.random() < 0.1:
            return found.given_up(list(found.reserved)[:1])
        return found.changed([draw.choice(changes)])
    except InvalidRequest:
        return found


@pytest.mark.parametrize("seed", range(20))
def test_totals_that_are_carried_along_are_those_of_the_whole(seed: int) -> None:
    """Whatever happens to the cluster."""
    draw, found, differ = random.Random(seed), cluster().counted(), 0
    for step in range(60):
        after = drawn(found, draw, step)
        differ += after is not found
        found = after
        assert found.totals == Totals.of(found.base.resources, found)
    assert differ > 10


def test_what_an_older_server_has_accepted_may_stay() -> None:
    """A change that makes it no worse is accepted; one that makes it worse is not."""
    before = cluster().changed([put("d", capacity=[2**53, 1], free=[1, 1])])
    after = acceptance.changed(before, [wire.Change(remove_task="t1")], SIZES)
    assert "t1" not in after.tasks
    with pytest.raises(InvalidRequest, match=r"^changes: capacity of cpu would add up to more than 2\^53; use"):
        acceptance.changed(before, [put("e")], SIZES)
    assert acceptance.changed(before, [wire.Change(remove_instance="d"), put("e")], SIZES).instances.keys() >= {"e"}


def test_tasks_that_take_more_together_than_can_be_counted_are_refused() -> None:
    """Also where the instances have the room again each time."""
    huge = wire.Change(put_group=TaskGroup(name="huge", demand={"cpu": 2**52}))
    changes = [huge]
    for number in range(3):
        changes += [wire.Change(put_task=RunningTask(id=f"h{number}", group="huge", instance="b")), put("b")]
    with pytest.raises(InvalidRequest, match="cpu that the tasks take would add up to more than 2"):
        acceptance.changed(cluster(), changes, SIZES)
    assert acceptance.changed(cluster(), changes[:3], SIZES).tasks.keys() >= {"h0"}


def test_a_cluster_is_no_longer_than_a_message() -> None:
    """Though each change is short; and what makes it shorter is accepted."""
    most = len(cluster().request_part(()))
    sizes = SizeLimits(message_bytes=most + 100)
    longer = acceptance.changed(cluster(), [wire.Change(put_group=TaskGroup(name="x" * 60))], sizes)
    assert len(longer.request_part(())) <= sizes.message_bytes
    with pytest.raises(TooLarge, match="^changes: the cluster would take more than the "):
        acceptance.changed(longer, [put("d", attributes={"a": "x" * 60})], sizes)
    small = SizeLimits(message_bytes=most - 10)
    assert acceptance.changed(cluster(), [wire.Change(remove_task="t1")], small).version == 2


def test_stops_and_moves_may_leave_out_what_the_cluster_knows() -> None:
    """Only what is said is compared."""
    move = Action(kind=ACTION_KIND_MOVE, group="web", task="t1", instance="c", count=1)
    assert acceptance.committed(cluster(), commit(move), "r", NOW, SIZES).reserved["r"].stopping.keys() == {"t1"}


def test_what_was_acknowledged_is_read_again_whatever_is_accepted_now(tmp_path: Path) -> None:
    """A move of one task to two, and an instance with a status that is none."""
    store = Store(tmp_path / "state.db")
    found = cluster()
    store.put(found)
    move = commit(Action(kind=ACTION_KIND_MOVE, group="web", task="t1", instance="c", from_instance="b", count=2))
    found = found.committed(move, "r", NOW)
    store.add_commit(found, move, "r", NOW)
    changes = wire.ApplyChangesRequest(name="prod", changes=[put("d", status=9, used_tcp_ports=[0])])
    found = found.changed(changes.changes)
    store.add_changes(found, changes)
    store.close()
    again = Store(tmp_path / "state.db").load()["prod"]
    assert (again.version, again.instances["d"].status, len(again.reserved["r"].starting)) == (3, 9, 2)
    with pytest.raises(InvalidRequest, match=r"actions\[0\]\.count: is 2, of one task; .*\n.*from_instance: is 'b'"):
        acceptance.committed(cluster(), move, "r", NOW, SIZES)


def test_clusters_that_ecs_describes_have_limits_too() -> None:
    """Where they are put, and where they are followed."""

    async def put_and_follow(sizes: SizeLimits) -> None:
        keeper = ClusterKeeper(Store(IN_MEMORY), lambda: NOW, sizes)
        ecs = begun(46)
        found = await keeper.put_documents("prod", ecs.answers())
        size = len(found.cluster.instances)
        await keeper.close()
        keeper = ClusterKeeper(Store(IN_MEMORY), lambda: NOW, replace(sizes, instances=size))
        await keeper.put_documents("prod", ecs.answers())
        try:
            for _ in range(200):
                ecs.step()
                await keeper.follow("prod", ecs.events)
                ecs.events.clear()
        finally:
            assert len((await keeper.cluster("prod")).instances) <= size
            await keeper.close()

    with pytest.raises(TooLarge, match="^documents: instances of the cluster: has .* entries; at most 1"):
        asyncio.run(put_and_follow(SizeLimits(instances=1)))
    with pytest.raises(TooLarge, match="^events: instances of the cluster: has .* entries; at most"):
        asyncio.run(put_and_follow(SizeLimits()))


class Clocks:
    """Calendar time, and the seconds that go by."""

    def __init__(self) -> None:
        self.now, self.moment = datetime(2026, 1, 1, tzinfo=UTC), 1_000.0

    def keeper(self, path: Path) -> ClusterKeeper:
        return ClusterKeeper(Store(path), lambda: self.now, moment=lambda: self.moment)


def test_a_reservation_lapses_by_the_seconds_that_go_by(tmp_path: Path) -> None:
    """Whatever the clock says meanwhile; what was ended so stays ended when the server starts again."""
    clocks = Clocks()

    async def lapse() -> tuple[bool, bool]:
        keeper = clocks.keeper(tmp_path / "state.db")
        await keeper.put(wire.PutClusterRequest(name="prod", state=cluster().response().state))
        await keeper.commit(commit(start("web", "b"), lapse_seconds=60))
        clocks.now += timedelta(days=1)
        is_there = bool((await keeper.cluster("prod")).reserved)
        clocks.now -= timedelta(days=2)
        clocks.moment += 60
        is_there_still = bool((await keeper.cluster("prod")).reserved)
        await keeper.close()
        return is_there, is_there_still

    assert asyncio.run(lapse()) == (True, False)
    assert not Store(tmp_path / "state.db").load()["prod"].reserved


@pytest.mark.parametrize(("away", "is_there"), [(59, True), (60, False), (-86_400, True)])
def test_a_reservation_goes_on_when_the_server_starts_again(tmp_path: Path, away: float, is_there: bool) -> None:
    """By calendar time, which is all that is left; not for longer than any may, where the clock was set back."""
    clocks = Clocks()

    async def begin() -> None:
        keeper = clocks.keeper(tmp_path / "state.db")
        await keeper.put(wire.PutClusterRequest(name="prod", state=cluster().response().state))
        await keeper.commit(commit(start("web", "b"), lapse_seconds=60))
        await keeper.close()

    async def go_on() -> tuple[bool, bool]:
        keeper = clocks.keeper(tmp_path / "state.db")
        now = bool((await keeper.cluster("prod")).reserved)
        clocks.moment += 86_400
        later = bool((await keeper.cluster("prod")).reserved)
        await keeper.close()
        return now, later

    asyncio.run(begin())
    clocks.now, clocks.moment = clocks.now + timedelta(seconds=away), 5.0
    assert asyncio.run(go_on()) == (is_there, False)
