"""The server answers every hostile input with the code, the reason and the fields that belong to it, and goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from solver.v1 import cluster_service_pb2
from solver.v1 import placement_service_pb2 as wire
from solver.v1.plan_pb2 import STATUS_FEASIBLE, STATUS_OPTIMAL
from tests.hostile import clusters, garbage, groups, kept, requests, rules, sizes, verbs
from tests.hostile.entry import KEPT, Hostile, request, state
from tests.service.details import details_of
from tests.service.running import Running, server

ENTRIES = [
    entry for module in (garbage, clusters, groups, rules, requests, verbs, kept, sizes) for entry in module.ENTRIES
]
OF_CLUSTERS = ("PutCluster", "ApplyChanges", "GetCluster", "ListClusters", "DeleteCluster", "Commit")
ARGUMENTS = """'127.0.0.1:0', 2, sizes=SizeLimits(message_bytes=16 * 2**20, instances=8, groups=6, resources=4, attributes=5,
    counts=12, tasks=4, rules=3, time_limit=60.0)"""


class Caller:
    """Sends bytes to a server that keeps one cluster."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self._channel = grpc.insecure_channel(
            running.address, [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        )
        self.call("PutCluster", cluster_service_pb2.PutClusterRequest(name=KEPT, state=state()).SerializeToString())

    def call(self, method: str, payload: bytes) -> bytes:
        """The answer."""
        service = "ClusterService" if method in OF_CLUSTERS else "PlacementService"
        answer: bytes = self._channel.unary_unary(f"/solver.v1.{service}/{method}")(payload, timeout=20)
        return answer

    def workers(self) -> set[int]:
        """The processes below the server's own; none where the system does not list them."""
        parents: dict[int, int] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # It has ended meanwhile.
        found = {self.running.process.pid}
        while more := {process for process, parent in parents.items() if parent in found} - found:
            found |= more
        return found


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with server(ARGUMENTS) as running:
        yield Caller(running)


@pytest.fixture(scope="module")
def before(caller: Caller) -> set[int]:
    """The processes before any hostile input."""
    return caller.workers()


def cut(path: str) -> str:
    """A path as a status has it: at most 300 bytes."""
    raw = path.encode()
    return path if len(raw) <= 300 else raw[:297].decode(errors="ignore") + "..."


def answer_to(caller: Caller, entry: Hostile) -> tuple[str, str, tuple[str, ...]]:
    """Code, reason and paths of what the server says."""
    try:
        caller.call(entry.call, entry.sent())
    except grpc.RpcError as refused:
        status = rpc_status.from_call(refused)
        if status is None:
            return refused.code().name, "", ()
        assert status.ByteSize() < 6_000
        (info,) = details_of(status, error_details_pb2.ErrorInfo)
        assert info.domain == "placement-solver"
        bad = details_of(status, error_details_pb2.BadRequest)
        assert len(bad) == (refused.code() is grpc.StatusCode.INVALID_ARGUMENT)
        violations = [violation for one in bad for violation in one.field_violations]
        assert all("; " in violation.description for violation in violations)
        return refused.code().name, info.reason, tuple(violation.field for violation in violations)
    return "OK", "", ()


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.name for entry in ENTRIES])
def test_a_hostile_input_gets_its_answer(caller: Caller, before: set[int], entry: Hostile) -> None:
    """The code, the reason, and the path of each field that is wrong: exactly these."""
    assert answer_to(caller, entry) == (entry.code, entry.reason, tuple(map(cut, entry.paths)))


def test_the_server_goes_on(caller: Caller, before: set[int]) -> None:
    """After all of them: the same processes, a plain request placed as before, and the cluster that was kept unchanged."""
    assert caller.workers() == before
    answer = wire.PlaceResponse.FromString(caller.call("Place", request().SerializeToString()))
    assert answer.status in (STATUS_OPTIMAL, STATUS_FEASIBLE)
    assert [(action.group, action.count) for action in answer.actions] == [("web", 1)]
    named = cluster_service_pb2.GetClusterRequest(name=KEPT).SerializeToString()
    found = cluster_service_pb2.GetClusterResponse.FromString(caller.call("GetCluster", named))
    assert (found.version, len(found.reservations), found.state.tasks) == (1, 0, state().tasks)


def test_there_are_at_least_two_hundred() -> None:
    """Each with a name of its own, some for every call, and few that are answered."""
    names = Counter(entry.name for entry in ENTRIES)
    assert not [name for name, times in names.items() if times > 1]
    refused = [entry for entry in ENTRIES if entry.code != "OK"]
    assert len(refused) >= 200
    assert {entry.call for entry in refused} >= {*OF_CLUSTERS, "Place", "Check", "Terminate", "Drain", "Rebalance"}
    assert {entry.call for entry in refused} >= {"Reconcile", "Deploy"}
