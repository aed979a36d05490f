"""Clusters that are kept, and callers that may not do everything with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import grpc
import pytest
from grpc_status import rpc_status

from solver.errors import ClusterNotFound, InvalidRequest, PermissionDenied, PositionGone
from solver.service.callers.tokens import digest_of
from solver.service.status import from_status
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from solver.v1.cluster_pb2 import Cluster, Instance
from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub
from solver.v1.placement_service_pb2_grpc import PlacementServiceStub
from solver.v1.plan_pb2 import ACTION_KIND_MOVE, ACTION_KIND_START, ACTION_KIND_STOP, Action
from solver.v1.task_group_pb2 import RunningTask, TaskGroup
from tests.service.running import Running, server

CALLERS = f"""
[roles.all]
methods = ["*"]
clusters = ["*"]
carried = true
services = ["*"]
pass_roles = ["*"]
[roles.web]
methods = ["*"]
clusters = ["prod", "new"]
services = ["web*"]
pass_roles = ["web-role"]
[callers.all]
role = "all"
tokens = ["{digest_of("all")}"]
[callers.web]
role = "web"
tokens = ["{digest_of("web")}"]
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    file = tmp_path_factory.mktemp("callers") / "callers.toml"
    file.write_text(CALLERS)
    with server(f"'127.0.0.1:0', 1, callers={str(file)!r}") as found:
        yield found


class Caller:
    """Calls a server with a token."""

    def __init__(self, channel: grpc.Channel, token: str) -> None:
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._stubs = ClusterServiceStub(channel), PlacementServiceStub(channel)

    def __call__(self, method: str, request: object) -> object:
        """The answer of a method; raises what it says."""
        stub = next(stub for stub in self._stubs if hasattr(stub, method))
        try:
            return getattr(stub, method)(request, metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_status(rpc_status.from_call(error)) from None

    def stream(self, method: str, request: object, most: int = 1_000) -> list:
        """The first responses of a stream; raises what it says."""
        stub = next(stub for stub in self._stubs if hasattr(stub, method))
        call = getattr(stub, method)(request, metadata=self._metadata, timeout=20)
        try:
            return list(islice(call, most))
        except grpc.RpcError as error:
            raise from_status(rpc_status.from_call(error)) from None
        finally:
            call.cancel()


@pytest.fixture
def callers(running: Running) -> Iterator[tuple[Caller, Caller]]:
    """Who may do everything, and who only web in prod; ``prod`` and ``other`` are kept at version 1 or more."""
    with grpc.insecure_channel(running.address) as channel:
        everything, web = Caller(channel, "all"), Caller(channel, "web")
        for name in ("prod", "other"):
            everything("PutCluster", wire.PutClusterRequest(name=name, state=state()))
        yield everything, web


def state() -> wire.ClusterState:
    """An instance with a task of each of three groups."""
    groups = [
        TaskGroup(name="web", demand={"cpu": 1}, role="web-role"),
        TaskGroup(name="web-admin", demand={"cpu": 1}, role="admin"),
        TaskGroup(name="db", demand={"cpu": 1}),
    ]
    return wire.ClusterState(
        cluster=Cluster(resources=["cpu"], instances=[Instance(id=name, capacity=[9], free=[6]) for name in "ab"]),
        groups=groups,
        tasks=[RunningTask(id=f"t-{group.name}", group=group.name, instance="a") for group in groups],
    )


def version(caller: Caller, name: str = "prod") -> int:
    return caller("GetCluster", wire.GetClusterRequest(name=name)).version


@pytest.mark.parametrize(
    ("method", "request_type"),
    [
        ("PutCluster", wire.PutClusterRequest),
        ("ApplyChanges", wire.ApplyChangesRequest),
        ("GetCluster", wire.GetClusterRequest),
        ("DeleteCluster", wire.DeleteClusterRequest),
        ("Commit", wire.CommitRequest),
        ("PutEcsDocuments", wire.PutEcsDocumentsRequest),
        ("ApplyEcsEvents", wire.ApplyEcsEventsRequest),
    ],
)
@pytest.mark.parametrize("name", ["other", "missing"])
def test_a_cluster_that_a_role_does_not_name_is_refused(
    callers: tuple[Caller, Caller], method: str, request_type: type, name: str
) -> None:
    """Whether it is kept or not, so that nobody learns which; and it stays as it was."""
    everything, web = callers
    before = version(everything, "other")
    with pytest.raises(PermissionDenied, match=f"cluster '{name}': the role 'web' may not use it"):
        web(method, request_type(name=name))
    assert version(everything, "other") == before


def test_clusters_that_are_allowed_are_served(callers: tuple[Caller, Caller]) -> None:
    """Put, changed, read, listed and forgotten; only they are listed."""
    everything, web = callers
    web("PutCluster", wire.PutClusterRequest(name="new", state=state()))
    change = wire.Change(remove_task="t-db")
    web("ApplyChanges", wire.ApplyChangesRequest(name="new", changes=[change]))
    assert version(web, "new") == 2
    listed = [[one.name for one in caller("ListClusters", wire.ListClustersRequest()).clusters] for caller in callers]
    assert listed == [["new", "other", "prod"], ["new", "prod"]]
    web("DeleteCluster", wire.DeleteClusterRequest(name="new"))
    with pytest.raises(ClusterNotFound) as missing:
        version(web, "new")
    assert "other" not in str(missing.value)


def asked(cluster: str = "prod", **group: object) -> placing.PlaceRequest:
    """A request for a group of a kept cluster."""
    whole = {"name": "web", "demand": {"cpu": 1}, "role": "web-role"} | group
    return placing.PlaceRequest(
        cluster_name=cluster, groups=[TaskGroup(**whole)], limits=placing.Limits(time_limit_seconds=2)
    )


def test_a_request_names_a_cluster_that_is_allowed(callers: tuple[Caller, Caller]) -> None:
    """Another one, and one that it carries, are refused; in the request of a verb and in a check, too."""
    everything, web = callers
    assert web("Place", asked(start=1)).actions
    carried = placing.PlaceRequest(cluster=state().cluster, groups=[TaskGroup(name="web", demand={"cpu": 1}, start=1)])
    for request, said in (
        (asked("other", start=1), "cluster 'other'"),
        (carried, "cluster: the role 'web' may not send"),
    ):
        for method, whole in (
            ("Place", request),
            ("Reconcile", placing.ReconcileRequest(request=request)),
            ("Check", placing.CheckRequest(request=request)),
        ):
            with pytest.raises(PermissionDenied, match=said):
                web(method, whole)
    assert everything("Place", carried).actions


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ({"name": "db", "role": "", "start": 1}, r"groups\[0\]\.start: the role 'web' may not start tasks of 'db'"),
        ({"name": "db", "role": "", "stop": 1}, r"groups\[0\]\.stop: the role 'web' may not stop tasks of 'db'"),
        ({"name": "web-admin", "role": "admin", "start": 1}, r"groups\[0\]\.role: the role 'web' may not pass 'admin'"),
        ({"name": "web-admin", "role": "", "start": 1}, r"groups\[0\]\.role: the role 'web' may not pass 'admin'"),
        ({"name": "web", "role": "admin", "start": 1}, r"groups\[0\]\.role: the role 'web' may not pass 'admin'"),
        (
            {"name": "web", "family": "db", "start": 1},
            r"groups\[0\]\.start: the role 'web' may not start tasks of 'db'",
        ),
    ],
)
def test_a_plan_touches_what_is_allowed(callers: tuple[Caller, Caller], group: dict[str, object], said: str) -> None:
    """Also where a group is said otherwise than the cluster says it; who may do everything gets the plan."""
    everything, web = callers
    request = asked(**group)
    for method, whole in (("Place", request), ("Reconcile", placing.ReconcileRequest(request=request))):
        with pytest.raises(PermissionDenied, match=said):
            web(method, whole)
    validated = placing.PlaceRequest(validate_only=True)
    validated.MergeFrom(request)
    with pytest.raises(PermissionDenied, match=said):
        web("Place", validated)
    assert everything("Place", request).actions


START, STOP, MOVE = ACTION_KIND_START, ACTION_KIND_STOP, ACTION_KIND_MOVE
COMMITS = {
    "start": (Action(kind=START, group="web", instance="a", count=1), None, ""),
    "stop": (Action(kind=STOP, group="web", task="t-web", instance="a", count=1), None, ""),
    "stop without its group": (Action(kind=STOP, task="t-web", instance="a", count=1), None, ""),
    "stop of a role": (Action(kind=STOP, group="web-admin", task="t-web-admin", instance="a", count=1), None, ""),
    "new group": (
        Action(kind=START, group="web2", instance="a", count=1),
        TaskGroup(name="web2", demand={"cpu": 1}, role="web-role"),
        "",
    ),
    "start of another": (Action(kind=START, group="db", instance="a", count=1), None, "may not start tasks of 'db'"),
    "stop of another": (
        Action(kind=STOP, group="db", task="t-db", instance="a", count=1),
        None,
        "may not stop tasks of 'db'",
    ),
    "stop under another name": (
        Action(kind=STOP, group="web", task="t-db", instance="a", count=1),
        None,
        r"actions\[0\]\.task: the role 'web' may not stop tasks of 'db'",
    ),
    "move of another": (
        Action(kind=MOVE, group="web", task="t-db", instance="b", from_instance="a", count=1),
        None,
        "may not move tasks of 'db'",
    ),
    "start of a role": (
        Action(kind=START, group="web-admin", instance="a", count=1),
        None,
        "may not pass 'admin'",
    ),
    "move of a role": (
        Action(kind=MOVE, group="web-admin", task="t-web-admin", instance="b", from_instance="a", count=1),
        None,
        "may not pass 'admin'",
    ),
    "role taken off": (
        Action(kind=START, group="web-admin", instance="a", count=1),
        TaskGroup(name="web-admin", demand={"cpu": 1}, role="web-role"),
        r"groups\[0\]\.role: the role 'web' may not pass 'admin'",
    ),
    "group of another": (
        Action(kind=START, group="web", instance="a", count=1),
        TaskGroup(name="db", demand={"cpu": 1}),
        r"groups\[0\]: the role 'web' may not put tasks of 'db'",
    ),
    "family of another": (
        Action(kind=START, group="web2", instance="a", count=1),
        TaskGroup(name="web2", family="db", demand={"cpu": 1}),
        "may not put tasks of 'db'",
    ),
}

OF_ANOTHER_GROUP = ("stop under another name", "move of another")
"""What nobody may, since the action says another group than its task's."""


@pytest.mark.parametrize("kind", COMMITS)
def test_a_plan_is_accepted_as_far_as_it_is_allowed(callers: tuple[Caller, Caller], kind: str) -> None:
    """Whoever made it: each action by its group and by its task's, each group by what it is and by what it becomes."""
    everything, web = callers
    action, group, said = COMMITS[kind]
    request = wire.CommitRequest(
        name="prod", version=version(web), actions=[action], groups=[] if group is None else [group]
    )
    if said:
        with pytest.raises(PermissionDenied, match=said):
            web("Commit", request)
        assert version(web) == request.version
    if kind in OF_ANOTHER_GROUP:
        with pytest.raises(InvalidRequest, match=r"actions\[0\]\.group: is 'web', and the task's is 'db'"):
            everything("Commit", request)
        return
    assert (web if not said else everything)("Commit", request).version == request.version + 1


def test_garbage_is_not_a_way_around(callers: tuple[Caller, Caller]) -> None:
    """A request that cannot be read names no cluster and carries none: it is refused for that."""
    _, web = callers
    with pytest.raises((PermissionDenied, InvalidRequest)):
        web("Place", placing.PlaceRequest())


def test_streams_are_for_those_who_may_call_what_has_one_response(callers: tuple[Caller, Caller]) -> None:
    """A cluster that the role does not name, and a group whose tasks it may not start, are refused; its own are not."""
    everything, web = callers

    def asked(cluster: str, group: str) -> placing.StreamPlaceRequest:
        groups = [TaskGroup(name=group, demand={"cpu": 1}, start=1, role="web-role" if group == "web" else "")]
        return placing.StreamPlaceRequest(request=placing.PlaceRequest(cluster_name=cluster, groups=groups))

    for cluster, group in (("other", "web"), ("prod", "db")):
        with pytest.raises(PermissionDenied):
            web.stream("StreamPlace", asked(cluster, group))
        assert everything.stream("StreamPlace", asked(cluster, group))
    assert web.stream("StreamPlace", asked("prod", "web"))[-1].progress.terminal
    with pytest.raises(PermissionDenied):
        web.stream("WatchPlacements", wire.WatchPlacementsRequest(name="other", after=0))
    # Events before the cluster was last deleted are gone, by which other tests may have been here.
    with suppress(PositionGone):
        assert web.stream("WatchPlacements", wire.WatchPlacementsRequest(name="prod", after=0), most=1)
