"""``ClusterService`` as a scheduler sees it, and requests that name a cluster."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from solver.v1.cluster_pb2 import Cluster, Instance
from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub
from solver.v1.placement_service_pb2_grpc import PlacementServiceStub
from solver.v1.plan_pb2 import STATUS_OPTIMAL
from solver.v1.task_group_pb2 import Rule, RunningTask, TaskGroup
from tests.service.details import details_of
from tests.service.running import Running, server

WEB = TaskGroup(name="web", demand={"cpu": 4})


def state() -> wire.ClusterState:
    """Two instances with room for two tasks each, of which one has one."""
    return wire.ClusterState(
        cluster=Cluster(
            resources=["cpu"],
            instances=[Instance(id="a", capacity=[8], free=[4]), Instance(id="b", capacity=[8], free=[8])],
        ),
        groups=[WEB],
        tasks=[RunningTask(id="t1", group="web", instance="a")],
    )


def wanting(count: int, version: int = 0, name: str = "prod") -> placing.PlaceRequest:
    group = TaskGroup(name="web", demand={"cpu": 4}, start=count)
    limits = placing.Limits(time_limit_seconds=2)
    return placing.PlaceRequest(cluster_name=name, cluster_version=version, groups=[group], limits=limits)


class Stubs:
    """Both services of a server."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)
        self.clusters = ClusterServiceStub(self.channel)
        self.placing = PlacementServiceStub(self.channel)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with server() as found:
        yield found


@pytest.fixture
def stubs(running: Running) -> Iterator[Stubs]:
    """A server that keeps the cluster ``prod`` at version 1."""
    found = Stubs(running.address)
    for one in found.clusters.ListClusters(wire.ListClustersRequest()).clusters:
        found.clusters.DeleteCluster(wire.DeleteClusterRequest(name=one.name))
    found.clusters.PutCluster(wire.PutClusterRequest(name="prod", state=state(), expected_version=0))
    with found.channel:
        yield found


def details(error: grpc.RpcError, kind: type) -> list:
    """What a failed call says in details of one kind."""
    return details_of(rpc_status.from_call(error), kind)


def refused(call: object, request: object) -> tuple[grpc.StatusCode, str]:
    """The code of a call that fails, and the reason in its details."""
    with pytest.raises(grpc.RpcError) as failed:
        call(request)
    (info,) = details(failed.value, error_details_pb2.ErrorInfo)
    return failed.value.code(), info.reason


def test_a_request_that_names_a_cluster_gets_a_plan_for_it(stubs: Stubs) -> None:
    """The answer says for which version it holds."""
    answer = stubs.placing.Place(wanting(3))
    assert answer.status == STATUS_OPTIMAL
    assert (answer.cluster_name, answer.cluster_version) == ("prod", 1)
    assert sorted((one.instance, one.count) for one in answer.actions) == [("a", 1), ("b", 2)]


def test_a_plan_that_is_committed_leaves_no_room_for_the_next(stubs: Stubs) -> None:
    """Two schedulers never get the same free space: the second plan is stale, and a new one has what is left."""
    first, second = stubs.placing.Place(wanting(2)), stubs.placing.Place(wanting(2))
    held = stubs.clusters.Commit(wire.CommitRequest(name="prod", version=1, actions=first.actions))
    assert held.version == 2
    late = wire.CommitRequest(name="prod", version=second.cluster_version, actions=second.actions)
    assert refused(stubs.clusters.Commit, late) == (grpc.StatusCode.ABORTED, "STALE_VERSION")
    left = stubs.placing.Place(wanting(2))
    assert (left.cluster_version, sum(one.count for one in left.actions)) == (2, 1)


def test_a_stale_version_says_which_one_is_present(stubs: Stubs) -> None:
    """In the metadata of its reason; for requests, changes and deletions too."""
    for call, request in (
        (stubs.placing.Place, wanting(1, version=7)),
        (stubs.clusters.ApplyChanges, wire.ApplyChangesRequest(name="prod", expected_version=7)),
        (stubs.clusters.DeleteCluster, wire.DeleteClusterRequest(name="prod", expected_version=7)),
        (stubs.clusters.PutCluster, wire.PutClusterRequest(name="prod", state=state(), expected_version=0)),
    ):
        with pytest.raises(grpc.RpcError) as failed:
            call(request)
        (info,) = details(failed.value, error_details_pb2.ErrorInfo)
        assert (failed.value.code(), dict(info.metadata)) == (grpc.StatusCode.ABORTED, {"version": "1"})


def test_a_cluster_that_is_not_kept_is_not_found(stubs: Stubs) -> None:
    """By whatever call."""
    for call, request in (
        (stubs.placing.Place, wanting(1, name="test")),
        (stubs.clusters.GetCluster, wire.GetClusterRequest(name="test")),
        (stubs.clusters.ApplyChanges, wire.ApplyChangesRequest(name="test")),
        (stubs.clusters.Commit, wire.CommitRequest(name="test")),
        (stubs.clusters.DeleteCluster, wire.DeleteClusterRequest(name="test")),
    ):
        assert refused(call, request) == (grpc.StatusCode.NOT_FOUND, "CLUSTER_NOT_FOUND")


def test_calls_of_one_kind_and_checks_name_clusters_too(stubs: Stubs) -> None:
    """Their request is inside a message of its own."""
    answer = stubs.placing.Reconcile(placing.ReconcileRequest(request=wanting(2))).response
    assert (answer.cluster_version, sum(one.count for one in answer.actions)) == (1, 2)
    check = placing.CheckRequest(request=wanting(9))
    check.tasks.add(group="web", instance="a", count=3)
    assert [one.rule for one in stubs.placing.Check(check).violations] == ["cpu"]


def test_what_a_name_stands_for_is_not_said_besides(stubs: Stubs) -> None:
    """With the path of the field."""
    request = wanting(1)
    request.running.add(group="web", instance="a", count=1)
    for call, sent, path in (
        (stubs.placing.Place, request, "running"),
        (stubs.placing.Reconcile, placing.ReconcileRequest(request=request), "request.running"),
    ):
        with pytest.raises(grpc.RpcError) as failed:
            call(sent)
        (bad,) = details(failed.value, error_details_pb2.BadRequest)
        assert [violation.field for violation in bad.field_violations] == [path]


def test_changes_are_seen_by_the_next_request(stubs: Stubs) -> None:
    """And the cluster reads as it is now."""
    gone = [wire.Change(remove_task="t1"), wire.Change(remove_instance="b")]
    assert stubs.clusters.ApplyChanges(wire.ApplyChangesRequest(name="prod", changes=gone)).version == 2
    answer = stubs.placing.Place(wanting(4))
    assert [(one.instance, one.count) for one in answer.actions] == [("a", 2)]
    kept = stubs.clusters.GetCluster(wire.GetClusterRequest(name="prod"))
    assert (kept.version, len(kept.state.tasks), [one.id for one in kept.state.cluster.instances]) == (2, 0, ["a"])
    (line,) = stubs.clusters.ListClusters(wire.ListClustersRequest()).clusters
    assert (line.name, line.version, line.instances, line.tasks) == ("prod", 2, 1, 0)


def test_a_group_stays_while_a_rule_names_it(stubs: Stubs) -> None:
    """Requests could not read the rule any more; with the group of the rule it may go."""
    named = TaskGroup(name="new", constraints=[Rule(type="affinity", argument="idle, host")])
    groups = [wire.Change(put_group=TaskGroup(name="idle")), wire.Change(put_group=named)]
    stubs.clusters.ApplyChanges(wire.ApplyChangesRequest(name="prod", changes=groups))
    removals = [wire.Change(remove_group=name) for name in ("idle", "new")]
    with pytest.raises(grpc.RpcError) as failed:
        stubs.clusters.ApplyChanges(wire.ApplyChangesRequest(name="prod", changes=removals[:1]))
    (bad,) = details(failed.value, error_details_pb2.BadRequest)
    assert [one.field for one in bad.field_violations] == ["group 'new'.constraints[0] affinity: argument"]
    assert stubs.clusters.ApplyChanges(wire.ApplyChangesRequest(name="prod", changes=removals)).version == 3


def test_groups_put_at_the_same_time_are_validated_together(stubs: Stubs) -> None:
    """Each alone is right: a group, and a group whose rule names it, of which one is removed meanwhile."""
    for _ in range(10):
        idle = wire.Change(put_group=TaskGroup(name="idle"))
        stubs.clusters.ApplyChanges(wire.ApplyChangesRequest(name="prod", changes=[idle]))
        named = TaskGroup(name="new", constraints=[Rule(type="affinity", argument="idle, host")])
        calls = [
            stubs.clusters.ApplyChanges.future(wire.ApplyChangesRequest(name="prod", changes=[change]))
            for change in (wire.Change(put_group=named), wire.Change(remove_group="idle"))
        ]
        assert sorted(call.exception() is None for call in calls) == [False, True]
        assert stubs.placing.Place(wanting(1)).status == STATUS_OPTIMAL
        left = [group.name for group in stubs.clusters.GetCluster(wire.GetClusterRequest(name="prod")).state.groups]
        gone = [wire.Change(remove_group=name) for name in left if name != "web"]
        stubs.clusters.ApplyChanges(wire.ApplyChangesRequest(name="prod", changes=gone or [idle]))


def test_what_could_not_be_placed_on_is_not_kept(stubs: Stubs) -> None:
    """A worker reads a state, and groups that are put, before they are: with the paths of what was sent."""
    wrong = TaskGroup(name="new", constraints=[Rule(type="memberOf", argument="attribute:x ==")])
    changes = [wire.Change(remove_task="t1"), wire.Change(put_group=wrong)]
    broken = state()
    broken.cluster.instances[1].free[0] = 9
    for call, sent, path in (
        (
            stubs.clusters.PutCluster,
            wire.PutClusterRequest(name="new", state=broken),
            "state.cluster.instances[1].free[0]",
        ),
        (
            stubs.clusters.ApplyChanges,
            wire.ApplyChangesRequest(name="prod", changes=changes),
            "changes[1].put_group.constraints[0] memberOf: column 15",
        ),
    ):
        with pytest.raises(grpc.RpcError) as failed:
            call(sent)
        (bad,) = details(failed.value, error_details_pb2.BadRequest)
        assert [violation.field for violation in bad.field_violations] == [path]
    assert stubs.clusters.GetCluster(wire.GetClusterRequest(name="prod")).version == 1


def test_messages_of_too_many_parts_are_refused_before_they_are_unpacked(stubs: Stubs) -> None:
    """An empty part is two bytes on the wire and some eighty in the front's memory."""
    named = wanting(1)
    named.groups.extend([TaskGroup()] * 600_000)
    for call, sent, path in (
        (
            stubs.clusters.PutCluster,
            wire.PutClusterRequest(
                name="new", state=wire.ClusterState(cluster=Cluster(instances=[Instance()] * 600_000))
            ),
            "state.cluster.instances",
        ),
        (
            stubs.clusters.ApplyChanges,
            wire.ApplyChangesRequest(name="prod", changes=[wire.Change()] * 1_000_001),
            "changes",
        ),
        (stubs.clusters.Commit, wire.CommitRequest(name="prod", groups=[TaskGroup()] * 600_000), "groups"),
        (stubs.placing.Place, named, "groups"),
        (stubs.placing.Reconcile, placing.ReconcileRequest(request=named), "request.groups"),
    ):
        with pytest.raises(grpc.RpcError) as failed:
            call(sent)
        assert failed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert failed.value.details().startswith(f"{path}: has ")


def test_a_commit_that_is_repeated_reserves_once(stubs: Stubs) -> None:
    """The caller that did not hear the answer asks again."""
    actions = stubs.placing.Place(wanting(2)).actions
    request = wire.CommitRequest(name="prod", version=1, actions=actions, request_id="once")
    first, again = stubs.clusters.Commit(request), stubs.clusters.Commit(request)
    assert first == again
    assert len(stubs.clusters.GetCluster(wire.GetClusterRequest(name="prod")).state.tasks) == 3


def test_what_nothing_confirms_lapses_by_itself(stubs: Stubs) -> None:
    """The answer says when; from then on there is room again."""
    actions = stubs.placing.Place(wanting(3)).actions
    held = stubs.clusters.Commit(wire.CommitRequest(name="prod", version=1, actions=actions, lapse_seconds=0.3))
    assert datetime.fromisoformat(held.lapses_at) - datetime.now(UTC) < timedelta(seconds=0.3)
    assert not stubs.placing.Place(wanting(3)).actions
    time.sleep(0.35)
    assert sum(one.count for one in stubs.placing.Place(wanting(3)).actions) == 3
    assert not stubs.clusters.GetCluster(wire.GetClusterRequest(name="prod")).reservations


def test_callers_that_change_at_once_lose_nothing(stubs: Stubs) -> None:
    """Each change is one version more, whoever made it."""

    def change(first: int) -> None:
        for number in range(first, first + 20):
            task = RunningTask(id=f"n{number}", group="web", instance="b")
            request = wire.ApplyChangesRequest(name="prod", changes=[wire.Change(put_task=task)])
            stubs.clusters.ApplyChanges(request)

    threads = [threading.Thread(target=change, args=(100 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = stubs.clusters.GetCluster(wire.GetClusterRequest(name="prod"))
    assert (kept.version, len(kept.state.tasks)) == (81, 81)
    assert list(kept.state.cluster.instances[1].free) == [8 - 4 * 80]


def test_a_server_that_was_killed_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """SIGKILL in the middle of changes, and a new server on the same file."""
    arguments = f"'127.0.0.1:0', 1, state={str(tmp_path / 'state.db')!r}, api='tests.service.fake_api'"
    acknowledged = 0
    with server(arguments) as first:
        stubs = Stubs(first.address)
        stubs.clusters.PutCluster(wire.PutClusterRequest(name="prod", state=state()))
        threading.Timer(0.4, first.process.send_signal, (signal.SIGKILL,)).start()
        with pytest.raises(grpc.RpcError):
            for number in range(100_000):
                task = RunningTask(id=f"n{number}", group="web", instance="b")
                request = wire.ApplyChangesRequest(name="prod", changes=[wire.Change(put_task=task)])
                acknowledged = stubs.clusters.ApplyChanges(request).version
    with server(arguments) as second:
        kept = Stubs(second.address).clusters.GetCluster(wire.GetClusterRequest(name="prod"))
        assert acknowledged > 1
        assert acknowledged <= kept.version <= acknowledged + 1
        assert len(kept.state.tasks) == kept.version
