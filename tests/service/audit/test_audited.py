"""A server that records its decisions."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import grpc
import pytest

from solver.errors import PermissionDenied, PlacementSolverError, StoreFailed, Unauthenticated
from solver.service.audit.chain import Fields, Value, verified
from solver.service.audit.decisions import digest_of
from solver.service.audit.recorder import Recorder
from solver.service.audit.store import AuditStore
from solver.service.callers.roles import ANYTHING
from solver.service.callers.tokens import digest_of as digest_of_token
from solver.service.client import Client
from solver.service.gate import Caller, Context, Ended, Incoming, OpenDoor
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub
from solver.v1.placement_service_pb2_grpc import PlacementServiceStub
from tests.service import problems
from tests.service import running as running_server
from tests.service.audit.records import read
from tests.service.clusters.test_service import state, wanting
from tests.service.running import Running, fake, server
from tests.service.test_server import labelled


@contextmanager
def audited(folder: Path, arguments: str = "'127.0.0.1:0', 1, ") -> Iterator[tuple[Running, Path]]:
    """A server, and its audit."""
    file = folder / "audit.db"
    with server(f"{arguments}audit={str(file)!r}") as running:
        yield running, file


@contextmanager
def scripted(script: str, folder: Path, arguments: str) -> Iterator[tuple[Running, Path]]:
    """The same, with a server in whose process a script runs first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running_server, "SCRIPT", script + running_server.SCRIPT)
        with audited(folder, arguments) as found:
            yield found


def said(file: Path) -> list[dict[str, Value]]:
    """What the records say, which hang together."""
    records = read(file)
    assert verified(records).broken == ""
    return [record.fields() for record in records]


def test_a_decision_is_recorded(tmp_path: Path) -> None:
    """A plan with its request, its fingerprint and its digest; the commit of it has the same digest."""
    with audited(tmp_path) as (running, file), grpc.insecure_channel(running.address) as channel:
        clusters, placer = ClusterServiceStub(channel), PlacementServiceStub(channel)
        clusters.PutCluster(wire.PutClusterRequest(name="prod", state=state()))
        request = wanting(2)
        request.label = "mine"
        sent = channel.unary_unary("/solver.v1.PlacementService/Place")(request.SerializeToString())
        answer = placing.PlaceResponse.FromString(sent)
        commit = wire.CommitRequest(name="prod", version=1, actions=answer.actions, request_id="c1")
        clusters.Commit(commit)
        placer.Reconcile(placing.ReconcileRequest(request=request))
        clusters.GetCluster(wire.GetClusterRequest(name="prod"))
        clusters.ListClusters(wire.ListClustersRequest())
        placer.GetVersion(placing.GetVersionRequest())
        clusters.DeleteCluster(wire.DeleteClusterRequest(name="prod"))
        put, placed, committed, reconciled, deleted = said(file)
    assert [one["method"] for one in (put, placed, committed, reconciled, deleted)] == [
        "ClusterService/PutCluster",
        "PlacementService/Place",
        "ClusterService/Commit",
        "PlacementService/Reconcile",
        "ClusterService/DeleteCluster",
    ]
    assert (put["cluster"], put["version_after"], put["code"]) == ("prod", 1, "OK")
    assert placed["request_sha256"] == hashlib.sha256(request.SerializeToString()).hexdigest()
    assert placed["response_sha256"] == hashlib.sha256(sent).hexdigest()
    assert (placed["label"], placed["cluster"], placed["cluster_version"]) == ("mine", "prod", 1)
    assert (placed["status"], placed["fingerprint"]) == ("STATUS_OPTIMAL", answer.replay.fingerprint)
    assert placed["versions"] == dict(answer.replay.versions)
    assert placed["plan_sha256"] == digest_of(action.SerializeToString() for action in answer.actions)
    assert committed["plan_sha256"] == placed["plan_sha256"]
    assert (committed["label"], committed["cluster_version"], committed["version_after"]) == ("c1", 1, 2)
    assert (reconciled["status"], reconciled["cluster_version"]) == ("STATUS_OPTIMAL", 2)
    assert str(placed["peer"]).startswith("ipv4:127.0.0.1:")
    assert cast(float, placed["seconds"]) > 0


def test_what_is_refused_and_what_fails_is_recorded(tmp_path: Path) -> None:
    """With its code, its reason and what was said, and who called where that is known; no token stands anywhere."""
    callers = tmp_path / "callers.toml"
    callers.write_text(
        '[roles.placing]\nmethods = ["PlacementService/Place"]\ncarried = true\nservices = ["*"]\n'
        f'[callers.placer]\nrole = "placing"\ntokens = ["{digest_of_token("right-secret")}"]\n'
    )
    log = tmp_path / "log"
    logging = f"import logging; logging.basicConfig(filename={str(log)!r}, level=logging.DEBUG)\n"
    with scripted(logging, tmp_path, fake(more=f"callers={str(callers)!r}") + ", ") as (running, file):
        for token, label in (("wrong-secret", ""), (None, ""), ("right-secret", "fails"), ("right-secret", "mine")):
            with Client(running.address, token=token) as client, suppress(PlacementSolverError):
                client.place(problems.small(), label=label)
        with Client(running.address, token="right-secret") as client, pytest.raises(PermissionDenied):
            client.version()
        with Client(running.address, token="wrong-secret") as client, pytest.raises(Unauthenticated):
            client.version()
        found = said(file)
    assert [(one["caller"], one["code"], one.get("reason", "")) for one in found] == [
        ("", "UNAUTHENTICATED", "UNAUTHENTICATED"),
        ("", "UNAUTHENTICATED", "UNAUTHENTICATED"),
        ("placer", "INTERNAL", "INTERNAL"),
        ("placer", "OK", ""),
        ("placer", "PERMISSION_DENIED", "PERMISSION_DENIED"),
        ("", "UNAUTHENTICATED", "UNAUTHENTICATED"),
    ]
    assert "may not call it" in str(found[4]["said"])
    assert [one["role"] for one in found[2:5]] == ["placing"] * 3
    assert log.exists()
    for part in (log, *tmp_path.glob("audit.db*")):
        assert b"-secret" not in part.read_bytes()


def test_a_call_that_is_cancelled_is_recorded(tmp_path: Path) -> None:
    """With the code CANCELLED."""
    with audited(tmp_path, fake() + ", ") as (running, file):
        with grpc.insecure_channel(running.address) as channel:
            call = channel.unary_unary("/solver.v1.PlacementService/Place").future(labelled("until cancelled"))
            threading.Event().wait(0.3)
            call.cancel()
        with Client(running.address) as client:
            client.place(problems.small())
        assert sorted(str(one["code"]) for one in said(file)) == ["CANCELLED", "OK"]


def test_acknowledged_calls_are_there_after_a_kill(tmp_path: Path) -> None:
    """However the server ends while several call, each answer that has left stands in the audit; the next goes on with it."""
    answered: list[str] = []
    with audited(tmp_path, fake(2) + ", ") as (running, file):

        def call(name: int) -> None:
            with Client(running.address) as client, suppress(PlacementSolverError):
                for number in range(1_000):
                    answered.append(client.place(problems.small(), label=f"{name}-{number}", timeout=20).label)

        threads = [threading.Thread(target=call, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        while len(answered) < 100:
            threading.Event().wait(0.01)
        running.process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
        assert set(answered) <= {str(one["label"]) for one in said(file)}
    count = len(said(file))
    with audited(tmp_path, fake() + ", ") as (running, file), Client(running.address) as client:
        client.place(problems.small())
        assert len(said(file)) == count + 1


def test_two_servers_do_not_share_an_audit(tmp_path: Path) -> None:
    """The second one does not start."""
    with audited(tmp_path, fake() + ", "), pytest.raises(AssertionError, match="did not start"), audited(tmp_path):
        pass


# The recorder alone, with a store that can be made to fail.


class Failing(AuditStore):
    """A store on a disk that may be full."""

    full = False
    batches = 0

    def add(self, every: Sequence[Fields]) -> None:
        self.batches += 1
        if self.full:
            raise StoreFailed("the audit could not be written: the disk is full")
        super().add(every)


class Peer:
    """As much of gRPC's context as is recorded."""

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"


def ended(method: str, request: bytes = b"") -> Ended:
    call = Incoming(method, request, cast(Context, Peer()), Caller("me", ANYTHING))
    return Ended(call, 0.1, response=b"")


def name_of(cluster: str) -> bytes:
    return wire.DeleteClusterRequest(name=cluster).SerializeToString()


def test_nothing_is_decided_while_nothing_can_be_recorded(tmp_path: Path) -> None:
    """A call that ended fails, the next is not begun; a change that had happened is recorded once there is room again."""
    file = tmp_path / "audit.db"

    async def run() -> None:
        store = Failing(file)
        recorder = Recorder(store)
        recorder.start()
        door = recorder.guarding(OpenDoor())
        entered: list[str] = []

        async def enter(method: str) -> None:
            async with door.entered(Incoming(method, b"", cast(Context, Peer()))):
                entered.append(method)

        await recorder.ended(ended("ClusterService/DeleteCluster", name_of("first")))
        store.full = True
        for method, cluster in (("ClusterService/DeleteCluster", "second"), ("PlacementService/Place", "")):
            with pytest.raises(StoreFailed):
                await recorder.ended(ended(method, name_of(cluster)))
        with pytest.raises(StoreFailed):
            await enter("ClusterService/Commit")
        await enter("ClusterService/GetCluster")
        store.full = False
        await enter("PlacementService/Place")
        assert entered == ["ClusterService/GetCluster", "PlacementService/Place"]
        await recorder.ended(ended("ClusterService/DeleteCluster", name_of("third")))
        await recorder.close()

    asyncio.run(run())
    found = said(file)
    assert [(one["method"], one.get("cluster", "")) for one in found] == [
        ("ClusterService/DeleteCluster", "first"),
        ("", ""),
        ("ClusterService/DeleteCluster", "second"),
        ("ClusterService/DeleteCluster", "third"),
    ]
    assert found[1]["reason"] == "STORE_FAILED"


def test_calls_that_end_together_are_written_together(tmp_path: Path) -> None:
    """A hundred calls take a few writes, and all stand there."""
    file = tmp_path / "audit.db"

    async def run() -> int:
        store = Failing(file)
        recorder = Recorder(store)
        recorder.start()
        await asyncio.gather(*(recorder.ended(ended("PlacementService/Place")) for _ in range(100)))
        await recorder.close()
        return store.batches

    assert asyncio.run(run()) <= 3
    assert len(said(file)) == 100


def test_a_full_disk_fails_the_call(tmp_path: Path) -> None:
    """UNAVAILABLE, with the reason STORE_FAILED; the server goes on."""
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    )
    with scripted(script, tmp_path, fake() + ", ") as (running, file), Client(running.address) as client:
        outcomes = []
        for number in range(200):
            try:
                outcomes.append(client.place(problems.small(), label=f"{number}").label)
            except StoreFailed:
                break
        assert 0 < len(outcomes) < 200
        assert client.version()
        recorded = [one["label"] for one in said(file)]
        assert recorded[: len(outcomes)] == outcomes


def test_a_stream_is_one_record_and_a_watch_is_none(tmp_path: Path) -> None:
    """The record is of the last message: its status, fingerprint and plan, as of the call with one response."""
    with audited(tmp_path) as (running, file), grpc.insecure_channel(running.address) as channel:
        clusters, placer = ClusterServiceStub(channel), PlacementServiceStub(channel)
        clusters.PutCluster(wire.PutClusterRequest(name="prod", state=state()))
        answer = placer.Place(wanting(2))
        asked = placing.StreamPlaceRequest(request=wanting(2)).SerializeToString()
        *_, sent = channel.unary_stream("/solver.v1.PlacementService/StreamPlace")(asked)
        next(clusters.WatchPlacements(wire.WatchPlacementsRequest(name="prod", after=0)))
        _, placed, streamed = said(file)
    assert streamed["method"] == "PlacementService/StreamPlace"
    assert (streamed["code"], streamed["cluster"], streamed["cluster_version"]) == ("OK", "prod", 1)
    assert streamed["status"] == placed["status"] == "STATUS_OPTIMAL"
    assert streamed["fingerprint"] == placed["fingerprint"] == answer.replay.fingerprint
    actions = placing.StreamPlaceResponse.FromString(sent).progress.plan.actions
    assert streamed["plan_sha256"] == digest_of(action.SerializeToString() for action in actions)
    assert streamed["response_sha256"] == hashlib.sha256(sent).hexdigest()
