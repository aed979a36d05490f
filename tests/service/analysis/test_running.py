"""Analyses of a real server: begun, streamed, waited for, cancelled, ended with the server."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from google.rpc import code_pb2

from solver.errors import (
    ClusterNotFound,
    InvalidRequest,
    OperationNotFound,
    Overloaded,
    PermissionDenied,
    TooLarge,
)
from solver.service.analysis.rows import row_from_wire
from solver.service.callers.tokens import digest_of
from solver.service.client import Client
from solver.service.status import reason_of
from solver.v1 import analysis_service_pb2 as wire
from solver.v1 import cluster_service_pb2 as clusters
from solver.v1 import placement_service_pb2 as placing
from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub
from solver.whatif.local import LocalExecutor
from solver.whatif.reading import HOLDS, study_of
from solver.whatif.run import batch_of, run
from solver.whatif.yaml_text import parse_yaml
from tests.service import problems
from tests.service.analysis.calls import FEW, LIMITS, MANY, SURVIVING, Calls, progress_of, request
from tests.service.running import Running, server
from tests.whatif.clusters import small

ARGUMENTS = "'127.0.0.1:0', 1, analysis=AnalysisLimits(scenarios=5000)"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with server(ARGUMENTS) as found:
        yield found


@pytest.fixture
def calls(running: Running) -> Iterator[Calls]:
    with grpc.insecure_channel(running.address) as channel:
        yield Calls(channel)


def expected(text: str = FEW) -> list[object]:
    """The rows of the study by the library, in its order, without their times."""
    study = study_of(parse_yaml(text, "study", HOLDS), small())
    batch = batch_of(study.asked, LIMITS)
    return [row.without_time() for row in run(batch, study.scenarios, LocalExecutor(batch, 1)).rows]


def test_the_rows_are_those_of_the_library(calls: Calls) -> None:
    """The base first; a scenario that makes no sense is a row with its reason; then the operation says what it came to."""
    begun = calls.run(request())
    assert begun.name.startswith("analyses/") and progress_of(begun).total == 5
    *told, last = calls.rows(begun.name)
    assert [one.position for one in told] == [1, 2, 3, 4, 5]
    assert (last.position, last.terminal, last.HasField("row")) == (5, True, False)
    found = [row_from_wire(one.row) for one in told]
    assert [row.without_time() for row in found] == expected()
    assert found[0].scenario == "base" and found[-1].reason.startswith("edits[1].lose_zone: ")
    operation = calls.get(begun.name)
    result = wire.AnalysisResult()
    assert operation.done and operation.response.Unpack(result)
    assert (result.rows, result.failed) == (5, 1)
    progress = progress_of(operation)
    assert (progress.answered, progress.failed) == (5, 1)
    assert progress.begun_at < progress.ended_at


def test_plans_survive_where_the_study_says_so(calls: Calls) -> None:
    """As by the library: fewer tasks, and no loss that leaves one without a place."""
    found = [row_from_wire(one.row) for one in calls.rows(calls.run(request(SURVIVING)).name) if not one.terminal]
    assert [row.without_time() for row in found] == expected(SURVIVING)
    assert [row.unsurvived for row in found] == [None, 0] and found[1].missing > 0


def test_a_stream_goes_on_after_a_row(calls: Calls) -> None:
    """Whatever the position: the rows after it, each once, and nothing but the end after the last."""
    begun = calls.run(request())
    whole = list(calls.rows(begun.name))
    for after in range(6):
        assert list(calls.rows(begun.name, after)) == whole[after:]
    for after in (-1, 6):
        with pytest.raises(InvalidRequest, match=f"after: is {after}; must be 0 to 5"):
            list(calls.rows(begun.name, after))


def test_an_analysis_outlives_its_callers_connection(running: Running) -> None:
    """Another connection waits for it, and has all rows."""
    with grpc.insecure_channel(running.address) as channel:
        name = Calls(channel).run(request()).name
    with grpc.insecure_channel(running.address) as channel:
        calls = Calls(channel)
        while not (operation := calls.wait(name)).done:
            pass
        assert operation.HasField("response")
        assert len(list(calls.rows(name))) == 6
        assert name in [one.name for one in calls.list().operations]


def test_one_runs_until_it_is_cancelled(running: Running, calls: Calls) -> None:
    """Meanwhile there is no room for another, and plans are made as ever; the rows that it has stay."""
    name = calls.run(request(MANY)).name
    stream = calls.rows(name)
    assert next(stream).row.scenario == "base"
    waited = calls.wait(name, 0.2)
    assert not waited.done and progress_of(waited).total == 3001
    with pytest.raises(Overloaded, match="an analysis of yours runs") as full:
        calls.run(request())
    assert full.value.retry_seconds > 0
    with Client(running.address) as client:
        assert client.place(problems.small()).tiers
    calls.cancel(name)
    operation = calls.wait(name)
    assert operation.done and operation.error.code == code_pb2.CANCELLED
    *_, last = stream
    assert last.terminal and 1 <= last.position < 3001
    assert len(list(calls.rows(name))) == last.position + 1
    calls.cancel(name)
    assert calls.get(name) == operation
    assert calls.wait(calls.run(request()).name).name != name


def test_operations_are_listed_in_pages(calls: Calls) -> None:
    """In the order in which they began, each on one page."""
    for _ in range(2):
        list(calls.rows(calls.run(request()).name))
    whole = [one.name for one in calls.list().operations]
    assert len(whole) >= 2
    paged, token = [], ""
    while True:
        page = calls.list(name="analyses", page_size=1, page_token=token)
        paged += [one.name for one in page.operations]
        token = page.next_page_token
        if not token:
            break
    assert paged == whole
    for wrong in ({"name": "plans"}, {"filter": "done"}, {"page_size": -1}, {"page_token": "analyses/x"}):
        with pytest.raises(InvalidRequest) as refused:
            calls.list(**wrong)
        assert [fault.path for fault in refused.value.faults] == list(wrong)


@pytest.mark.parametrize(
    ("asked", "kind", "why"),
    [
        (request("scenarios: ["), InvalidRequest, "study line 1, column"),
        (
            request("scenarios: [{name: x, edits: [lose_zone: q]}]"),
            InvalidRequest,
            "study.scenarios[0].edits[0].lose_zone",
        ),
        (request("grid: {axes: {}}"), InvalidRequest, "study.grid.axes: "),
        (request(""), InvalidRequest, "study: is empty"),
        (
            request("limits: {time_limit: 99999}\nscenarios: [{name: x, edits: [lose_zone: a]}]"),
            InvalidRequest,
            "study.limits.time_limit: is 99999.0 s; must be",
        ),
        (request(MANY.replace("1.3000", "1.3000, 2, 3").replace("values: [", "values: [4, ")), None, ""),
        (
            request(drained_instances=["a1"], all_or_nothing=True),
            InvalidRequest,
            "request.all_or_nothing: is said of an",
        ),
        (request(limits=placing.Limits(seed=-1)), InvalidRequest, "request.limits.seed: "),
        (
            request(SURVIVING, limits=placing.Limits(deterministic_limit_seconds=1.0)),
            InvalidRequest,
            "study.limits.deterministic_limit: stands beside survive",
        ),
        (request(cluster_name="nowhere"), ClusterNotFound, "no cluster 'nowhere'"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(calls: Calls, asked: object, kind: object, why: str) -> None:
    """Before anything begins, with the path of each fault."""
    if kind is None:
        calls.cancel(calls.run(asked).name)
        return
    before = len(calls.list().operations)
    with pytest.raises(kind) as refused:
        calls.run(asked)
    assert why in str(refused.value)
    assert len(calls.list().operations) == before


def test_too_many_scenarios_are_refused(calls: Calls) -> None:
    """With the limit and a way out."""
    values = ", ".join(f"1.{n}" for n in range(1_000, 1_080))
    axis = f"{{values: [{values}], edits: {{scale: {{groups: [web], factor: $value}}}}}}"
    with pytest.raises(TooLarge, match="study: has 6,400 scenarios; at most 5,000"):
        calls.run(request(f"grid: {{axes: {{one: {axis}, two: {axis}}}}}"))


def test_an_unknown_operation_is_not_found(calls: Calls) -> None:
    """Whatever is asked of it."""
    for call in (calls.get, calls.wait, calls.cancel, lambda name: list(calls.rows(name))):
        with pytest.raises(OperationNotFound, match="no operation 'analyses/x' of yours"):
            call("analyses/x")


def test_a_kept_cluster_is_asked_by_its_name(running: Running, calls: Calls) -> None:
    """As it is now; what stands in its place is refused."""
    inner = request().request
    with grpc.insecure_channel(running.address) as channel:
        state = clusters.ClusterState(cluster=inner.cluster)
        ClusterServiceStub(channel).PutCluster(clusters.PutClusterRequest(name="prod", state=state))
    study = "scenarios: [{name: a, edits: [lose_zone: a]}]"
    *told, _ = calls.rows(calls.run(request(study, cluster_name="prod")).name)
    assert [one.row.instances for one in told] == [6, 4]
    with pytest.raises(InvalidRequest, match="request.cluster: is said besides cluster_name"):
        calls.run(request(study, cluster_name="prod", cluster=inner.cluster))


CALLERS = f"""
[roles.all]
methods = ["*"]
clusters = ["*"]
carried = true
[roles.kept]
methods = ["AnalysisService/*", "Operations/GetOperation"]
clusters = ["prod-*"]
[callers.all]
role = "all"
tokens = ["{digest_of("all")}"]
[callers.other]
role = "all"
tokens = ["{digest_of("other")}"]
[callers.kept]
role = "kept"
tokens = ["{digest_of("kept")}"]
"""


def test_callers_see_their_own_and_may_do_what_their_role_says(tmp_path: pytest.TempPathFactory) -> None:
    """Another's operation is not found, whatever is asked of it; and both decisions are in the audit, no question is."""
    import json
    import sqlite3

    file, audit = tmp_path / "callers.toml", tmp_path / "audit.db"
    file.write_text(CALLERS)
    with (
        server(f"'127.0.0.1:0', 1, callers={str(file)!r}, audit={str(audit)!r}") as found,
        grpc.insecure_channel(found.address) as channel,
    ):
        mine, other, kept = (Calls(channel, token) for token in ("all", "other", "kept"))
        name = mine.run(request(MANY)).name
        assert not mine.get(name).done
        for call in (other.get, other.wait, other.cancel, lambda name: list(other.rows(name))):
            with pytest.raises(OperationNotFound):
                call(name)
        assert not other.list().operations
        with pytest.raises(Overloaded, match="no room for another analysis: 1 analyses run"):
            other.run(request())
        with pytest.raises(PermissionDenied, match="may not send one"):
            kept.run(request())
        with pytest.raises(PermissionDenied, match="cluster 'test'"):
            kept.run(request(cluster_name="test"))
        with pytest.raises(ClusterNotFound):
            kept.run(request(cluster_name="prod-1"))
        with pytest.raises(PermissionDenied, match="Operations/CancelOperation"):
            kept.cancel(name)
        mine.cancel(name)
    with sqlite3.connect(audit) as base:
        (table,) = (row[0] for row in base.execute("select name from sqlite_master where type = 'table'"))
        records = [
            json.loads(cell) for row in base.execute(f"select * from {table}") for cell in row if _is_record(cell)
        ]
    made = [(one["method"], one["caller"], one["code"]) for one in records]
    assert made[0] == ("AnalysisService/RunAnalysis", "all", "OK") and records[0]["label"] == name
    assert made[-1] == ("Operations/CancelOperation", "all", "OK") and records[-1]["label"] == name
    assert ("AnalysisService/RunAnalysis", "kept", "PERMISSION_DENIED") in made
    assert not any(method.endswith(("GetOperation", "WaitOperation", "StreamRows")) for method, _, _ in made)


def _is_record(cell: object) -> bool:
    return isinstance(cell, str | bytes) and cell[:1] in ("{", b"{")


def test_the_end_of_the_server_ends_an_analysis() -> None:
    """At once: who waits and who streams is told, and no process is left."""
    with server(ARGUMENTS) as found, grpc.insecure_channel(found.address) as channel:
        calls = Calls(channel)
        name = calls.run(request(MANY)).name
        stream = calls.rows(name)
        next(stream)
        children = _below(found.process.pid)
        assert len(children) >= 4
        waited: list[object] = []
        waiting = threading.Thread(target=lambda: waited.append(calls.wait(name)))
        waiting.start()
        time.sleep(1.0)
        found.process.send_signal(signal.SIGTERM)
        *_, last = stream
        waiting.join(60)
        assert last.terminal
        (operation,) = waited
        assert operation.done and reason_of(operation.error) == "SHUTTING_DOWN"
        assert found.process.wait(60) == 0
        end = time.monotonic() + 60
        while any(os.path.exists(f"/proc/{pid}") for pid in children):
            assert time.monotonic() < end
            time.sleep(0.1)


def _below(pid: int) -> list[int]:
    """All processes that a process started, and they in turn."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            found += [int(child) for child in file.read().split()]
    return [*found, *(below for child in found for below in _below(child))]
