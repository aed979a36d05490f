"""The server: what a call gets, what happens to its worker, and what the front refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from solver.domain.answer import Answer
from solver.domain.request import Limits
from solver.domain.solution import Status
from solver.errors import (
    DeadlineMissed,
    InvalidRequest,
    Overloaded,
    PlacementSolverError,
    PlanRejected,
    ServiceUnavailable,
    TooLarge,
    WorkerLost,
)
from solver.service import codec
from solver.service.client import Client
from solver.service.decode import PlaceCall
from solver.service.limits import PoolLimits
from solver.service.options import ServerOptions
from solver.service.placement import CUT_OFF
from solver.service.sizes import SizeLimits
from tests.service import problems
from tests.service.details import details_of
from tests.service.running import Running, fake, server

PLACE = "/solver.v1.PlacementService/Place"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """One worker that does what a label says."""
    with server(fake()) as found:
        yield found


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    with Client(running.address) as found:
        yield found


def labelled(label: str) -> bytes:
    """A request with a label."""
    return codec.call_to_bytes(PlaceCall(problems.small(), Limits(), label=label))


def pid_of(answer: Answer) -> int:
    """The process that answered."""
    return int(answer.warnings[-2])


def refusal(address: str, payload: bytes, **options: object) -> tuple[grpc.StatusCode, status_pb2.Status | None]:
    """The code and the status of a call that is refused."""
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(PLACE)(payload, **options)
    return refused.value.code(), rpc_status.from_call(refused.value)


def test_a_call_is_answered(client: Client) -> None:
    """The client gets the answer of the verbs: problem, plan, label and warnings."""
    problem = problems.small()
    answer = client.place(problem, label="mine", warnings=["from the import"], explain=False)
    assert (answer.status, answer.label, list(answer.started)) == (Status.FEASIBLE, "mine", [(0, 0, 1)])
    assert answer.warnings[0] == "from the import"
    assert answer.warnings[-1] == "False"
    assert answer.problem is problem


def test_a_plan_is_checked(client: Client) -> None:
    """``check`` hands the plan to the verbs and brings their violations back."""
    problem = problems.small()
    (violation,) = client.check(problem, problems.answer_to(problem).tasks)
    assert (violation.rule, violation.after) == ("count", 1)


def test_the_time_limit_is_the_smaller_of_the_requests_and_the_deadlines(client: Client) -> None:
    """The search gets the request's limit, or what the deadline leaves after 30 ms or 10 % (§10.3)."""
    problem = problems.small()
    own = client.place(problem, Limits(time_limit=0.5), timeout=30).replay.time_limit
    assert own == 0.5
    left = client.place(problem, Limits(time_limit=60), timeout=2).replay.time_limit
    # gRPC rounds a timeout up by at most one per cent on its way.
    assert 0 < left <= 1.8 * 1.01
    assert client.place(problem, Limits(time_limit=60)).replay.time_limit == 60
    short = client.place(problem, Limits(time_limit=60), timeout=0.2).replay.time_limit
    assert 0 < short <= 0.17 + 0.002


def test_cancelling_a_call_frees_its_worker(running: Running, client: Client) -> None:
    """The only worker searches until it is cancelled; cancelling the call lets the same worker take the next one."""
    before = pid_of(client.place(problems.small()))
    with grpc.insecure_channel(running.address) as channel:
        call = channel.unary_unary(PLACE).future(labelled("until cancelled"))
        time.sleep(0.2)
        assert not call.done()
        call.cancel()
        assert pid_of(client.place(problems.small())) == before


def test_a_missed_deadline_stops_the_search(client: Client) -> None:
    """A search that goes on until it is cancelled is cancelled at the deadline, and its worker stays."""
    before = pid_of(client.place(problems.small()))
    answer = client.place(problems.small(), timeout=1.5, label="until cancelled")
    assert pid_of(answer) == before
    assert pid_of(client.place(problems.small())) == before


def test_a_stuck_search_loses_its_worker(client: Client) -> None:
    """A search that hears nothing misses the deadline; its worker is killed and replaced."""
    before = pid_of(client.place(problems.small()))
    with pytest.raises(DeadlineMissed):
        client.place(problems.small(), timeout=0.2, label="stuck")
    assert pid_of(client.place(problems.small())) != before


def test_a_stuck_search_with_a_plan_still_answers(client: Client) -> None:
    """The plan that a search had reported goes out at the deadline, with a warning, when the search does not stop."""
    answer = client.place(problems.small(), timeout=1.0, label="stuck with a plan")
    assert (answer.status, list(answer.started)) == (Status.FEASIBLE, [(0, 0, 1)])
    assert answer.warnings == (CUT_OFF,)
    assert answer.replay.fingerprint


def test_a_stuck_search_without_a_deadline_is_killed(client: Client) -> None:
    """Without a deadline the request's own time limit is enforced from outside."""
    with pytest.raises(WorkerLost):
        client.place(problems.small(), Limits(time_limit=0.1), label="stuck")
    assert client.place(problems.small()).status is Status.FEASIBLE


def test_a_worker_that_ends_is_unavailable_and_replaced(running: Running, client: Client) -> None:
    """A worker killed in a call gives UNAVAILABLE with the reason WORKER_LOST, and the next call works."""
    before = pid_of(client.place(problems.small()))
    code, status = refusal(running.address, labelled("ends"))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert [info.reason for info in details_of(status, error_details_pb2.ErrorInfo)] == ["WORKER_LOST"]
    assert pid_of(client.place(problems.small())) != before


def test_a_worker_that_ends_with_a_plan_still_answers(client: Client) -> None:
    """The plan that a search had reported before it aborted is the answer, with a warning; the worker is replaced."""
    before = pid_of(client.place(problems.small()))
    answer = client.place(problems.small(), label="ends with a plan")
    assert (answer.status, list(answer.started), answer.warnings) == (Status.FEASIBLE, [(0, 0, 1)], (CUT_OFF,))
    assert pid_of(client.place(problems.small())) != before


def test_a_worker_takes_no_more_than_its_memory() -> None:
    """A search that takes all it gets: its best plan where it had one, otherwise TOO_LARGE; the same worker goes on."""
    limited = fake().replace("grace_seconds=0.2", "grace_seconds=0.2, worker_bytes=512 * 2**20")
    with server(limited) as running, Client(running.address) as client:
        before = pid_of(client.place(problems.small()))
        with pytest.raises(TooLarge, match="needs more than the 512 MiB of memory that a worker has"):
            client.place(problems.small(), label="takes all memory")
        with pytest.raises(TooLarge, match="needs more than the 512 MiB of memory that a worker has"):
            client.place(problems.small(), label="takes the memory of a thread")
        answer = client.place(problems.small(), label="takes all memory with a plan")
        assert (answer.status, list(answer.started), answer.warnings) == (Status.FEASIBLE, [(0, 0, 1)], (CUT_OFF,))
        assert pid_of(client.place(problems.small())) == before


def test_a_worker_needs_memory_to_start() -> None:
    """A limit below what it loads is refused."""
    with pytest.raises(InvalidRequest, match=r"^worker_bytes: is 1,000; must be at least 536,870,912$"):
        PoolLimits(worker_bytes=1000)


def test_the_front_comes_before_its_workers(client: Client) -> None:
    """Where both want a processor: else refusals and health wait while all workers search."""
    worker = pid_of(client.place(problems.small()))
    assert os.getpriority(os.PRIO_PROCESS, worker) > os.getpriority(os.PRIO_PROCESS, 0)


def test_an_idle_worker_that_ends_is_replaced(client: Client) -> None:
    """A worker killed between calls is replaced without any call noticing."""
    before = pid_of(client.place(problems.small()))
    os.kill(before, signal.SIGKILL)
    time.sleep(0.2)
    assert pid_of(client.place(problems.small())) != before


def test_a_fault_of_ours_is_internal(running: Running, client: Client) -> None:
    """An unexpected exception gives INTERNAL without its text, and the worker goes on."""
    before = pid_of(client.place(problems.small()))
    code, status = refusal(running.address, labelled("fails"))
    assert code is grpc.StatusCode.INTERNAL
    assert [info.reason for info in details_of(status, error_details_pb2.ErrorInfo)] == ["INTERNAL"]
    assert "secret" not in str(status)
    with pytest.raises(PlacementSolverError, match="unexpected"):
        client.place(problems.small(), label="fails")
    assert pid_of(client.place(problems.small())) == before


def test_errors_arrive_as_they_were_raised(client: Client) -> None:
    """What the verbs raise is what the client raises."""
    with pytest.raises(PlanRejected, match="no plan leaves"):
        client.place(problems.small(), label="rejects")
    with pytest.raises(Overloaded, match="too much"):
        client.place(problems.small(), label="overloaded")


def test_a_call_that_finds_no_worker_is_told_when_to_come_back(running: Running) -> None:
    """Where no worker is free before the deadline: RESOURCE_EXHAUSTED, the reason OVERLOADED, and RetryInfo."""
    with grpc.insecure_channel(running.address) as channel:
        busy = channel.unary_unary(PLACE).future(labelled("until cancelled"))
        time.sleep(0.2)
        code, status = refusal(running.address, labelled(""), timeout=1.0)
        busy.cancel()
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert [info.reason for info in details_of(status, error_details_pb2.ErrorInfo)] == ["OVERLOADED"]
    assert len(details_of(status, error_details_pb2.RetryInfo)) == 1


def test_too_many_waiting_calls_are_refused_at_once() -> None:
    """As many calls as configured wait for a worker; the next is refused although its own deadline is far."""
    arguments = fake().replace("grace_seconds=0.2", "grace_seconds=0.2, waiting=1")
    with server(arguments) as running, grpc.insecure_channel(running.address) as channel:
        busy = channel.unary_unary(PLACE).future(labelled("until cancelled"))
        time.sleep(0.2)
        waits = channel.unary_unary(PLACE).future(labelled("waits"))
        time.sleep(0.2)
        code, status = refusal(running.address, labelled(""), timeout=60)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert [info.reason for info in details_of(status, error_details_pb2.ErrorInfo)] == ["OVERLOADED"]
        busy.cancel()
        assert codec.wire.PlaceResponse.FromString(waits.result()).label == "waits"


def test_a_call_that_would_wait_in_vain_is_refused_at_once() -> None:
    """Calls have taken 0.3 s; one that has 0.2 s and finds the worker busy is not let wait, one that has 5 s is answered."""
    with server(fake()) as running, grpc.insecure_channel(running.address) as channel:
        place = channel.unary_unary(PLACE)
        for _ in range(5):
            place(labelled("takes 0.3"))
        busy = place.future(labelled("takes 0.3"))
        time.sleep(0.05)
        patient = place.future(labelled("patient"), timeout=5)
        code, status = refusal(running.address, labelled(""), timeout=0.2)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert status is not None
        assert "of work are in front of the call" in status.message
        assert [info.reason for info in details_of(status, error_details_pb2.ErrorInfo)] == ["OVERLOADED"]
        assert busy.result()
        assert codec.wire.PlaceResponse.FromString(patient.result()).label == "patient"


def test_a_waiting_call_that_is_cancelled_takes_no_worker(running: Running) -> None:
    """A call cancelled while it waits leaves the worker to the one behind it."""
    with grpc.insecure_channel(running.address) as channel:
        busy = channel.unary_unary(PLACE).future(labelled("until cancelled"))
        time.sleep(0.2)
        first, second = (channel.unary_unary(PLACE).future(labelled(label)) for label in ("stuck", "second"))
        time.sleep(0.2)
        first.cancel()
        busy.cancel()
        assert codec.wire.PlaceResponse.FromString(second.result(timeout=20)).label == "second"


def test_waiting_calls_are_answered_in_turn(running: Running) -> None:
    """Calls beyond the number of workers wait and are all answered."""
    with Client(running.address) as client:
        found: list[str] = []
        threads = [
            threading.Thread(
                target=lambda n=n: found.append(client.place(problems.small(), label=f"takes 0.0{n}").label)
            )
            for n in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == [f"takes 0.0{n}" for n in range(5)]


def test_garbage_is_an_invalid_argument(running: Running) -> None:
    """Bytes that are no message give INVALID_ARGUMENT, not INTERNAL."""
    code, status = refusal(running.address, b"\xff\xfe garbage")
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    (bad,) = details_of(status, error_details_pb2.BadRequest)
    assert [violation.field for violation in bad.field_violations] == ["message"]


def test_an_invalid_request_names_its_fields(running: Running) -> None:
    """Every fault comes as a field violation with its path, beside exactly one ErrorInfo."""
    message = codec.place_request(problems.small(), Limits(time_limit=-1))
    message.cluster.instances[1].free[1] = 10**6
    message.running.add(group="service:none", instance="i-0001", count=1)
    message.groups[0].constraints.add(type="memberOv")
    code, status = refusal(running.address, message.SerializeToString())
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    (bad,) = details_of(status, error_details_pb2.BadRequest)
    assert [violation.field for violation in bad.field_violations] == [
        "cluster.instances[1].free[1]",
        "limits.time_limit_seconds",
        "running[0].group",
        "groups[0].constraints[0] memberOv: type",
    ]
    (info,) = details_of(status, error_details_pb2.ErrorInfo)
    assert (info.domain, info.reason, info.metadata["faults"]) == ("placement-solver", "INVALID_REQUEST", "4")


def test_validating_finds_faults_and_searches_nothing(running: Running) -> None:
    """``validate_only`` reads the rules and calls no engine: what would get stuck comes back."""
    call = PlaceCall(problems.small(), Limits(), validate_only=True, label="stuck", warnings=("w",))
    with grpc.insecure_channel(running.address) as channel:
        response = codec.wire.PlaceResponse.FromString(channel.unary_unary(PLACE)(codec.call_to_bytes(call)))
    assert (response.status, response.label, list(response.warnings)) == (0, "stuck", ["w"])
    wrong = replace(problems.small().groups[0], constraints=(problems.RuleSpec("memberOf", "("),))
    with Client(running.address) as client:
        client.validate(problems.small())
        with pytest.raises(InvalidRequest, match=r"groups\[0\].constraints\[0\]"):
            client.validate(problems.small(groups=(wrong,)))


def test_health_reflection_and_version_answer(running: Running, client: Client) -> None:
    """The health service says SERVING, reflection lists the service, and the version comes with the limits."""
    with grpc.insecure_channel(running.address) as channel:
        for name in ("", "solver.v1.PlacementService"):
            health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name))
            assert health.status == health_pb2.HealthCheckResponse.SERVING
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        (told,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))
        listed = {service.name for service in told.list_services_response.service}
        ask = reflection_pb2.ServerReflectionRequest(file_containing_symbol="solver.v1.PlaceRequest")
        (told,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))
        assert told.file_descriptor_response.file_descriptor_proto
    assert "solver.v1.PlacementService" in listed
    found = client.version()
    assert (found.sizes, found.solving_processes) == (SizeLimits(), 1)
    assert found.versions["placement-solver"] == found.version


def test_a_server_refuses_what_is_too_large() -> None:
    """More instances, and more bytes, than are configured are refused with RESOURCE_EXHAUSTED."""
    with (
        server(fake(more="sizes=SizeLimits(instances=5, message_bytes=4000)")) as small,
        Client(small.address) as client,
    ):
        assert client.version().sizes.instances == 5
        assert client.place(problems.small(5)).status is Status.FEASIBLE
        with pytest.raises(TooLarge, match=r"cluster\.instances: has 6 entries; at most 5"):
            client.place(problems.small(6))
        with pytest.raises(TooLarge, match="4000"):
            client.place(problems.small(100))


def test_sigterm_lets_running_calls_finish() -> None:
    """On SIGTERM the call that runs is answered, then the server ends with 0 and nobody listens any more."""
    with server(fake()) as running, Client(running.address) as client:
        found: list[Answer] = []
        thread = threading.Thread(target=lambda: found.append(client.place(problems.small(), label="takes 0.8")))
        thread.start()
        time.sleep(0.3)
        running.process.send_signal(signal.SIGTERM)
        thread.join()
        assert found[0].label == "takes 0.8"
        assert running.process.wait(20) == 0
        with pytest.raises(ServiceUnavailable), Client(running.address) as late:
            late.place(problems.small(), timeout=5)


def test_workers_end_with_a_front_that_is_killed() -> None:
    """A front that is killed leaves no worker behind, not even one that searches."""
    with server(fake()) as running, Client(running.address) as client:
        worker = pid_of(client.place(problems.small()))
        with grpc.insecure_channel(running.address) as channel:
            call = channel.unary_unary(PLACE).future(labelled("stuck"))
            time.sleep(0.2)
            running.process.kill()
            assert call.exception() is not None
        for _ in range(200):
            if not _exists(worker):
                break
            time.sleep(0.05)
        assert not _exists(worker)


def test_two_servers_do_not_share_a_port(running: Running) -> None:
    """Listening on a port that is taken is refused."""
    options = f"ServerOptions({running.address!r}, 1, api='tests.service.fake_api')"
    command = f"from solver.service.server import ServerOptions, serve; serve({options})"
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False, cwd=root)
    assert found.returncode != 0
    assert "nobody can listen" in found.stderr


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0", "[::1]:50051", "unix:/run/solver.sock"])
def test_plaintext_is_for_this_computer(address: str) -> None:
    """Addresses that only this computer reaches need no permission."""
    assert ServerOptions(address).address == address


@pytest.mark.parametrize("address", ["0.0.0.0:50051", "[::]:50051", "10.0.0.1:50051", "solver.example:50051"])
def test_plaintext_for_others_must_be_allowed(address: str) -> None:
    """Addresses that other computers reach are refused unless the options allow it."""
    with pytest.raises(InvalidRequest, match="open to other computers"):
        ServerOptions(address)
    assert ServerOptions(address, allow_remote_plaintext=True).address == address


@pytest.mark.parametrize("address", ["", "localhost", "127.0.0.1:port", "127.0.0.1:70000"])
def test_an_address_has_a_host_and_a_port(address: str) -> None:
    """What is no address is refused with its right form."""
    with pytest.raises(InvalidRequest, match="must be host:port"):
        ServerOptions(address)


def test_the_front_loads_no_engine() -> None:
    """A running front has loaded neither ortools nor the verbs; its workers have."""
    script = """
import os, signal, sys
from solver.service.server import ServerOptions, serve
def ready(address):
    print([name for name in sys.modules if name.partition('.')[0] == 'ortools' or name in ('solver.api', 'solver.compile',
        'solver.engines.exact', 'solver.service.worker')], flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
serve(ServerOptions('127.0.0.1:0', 1), on_ready=ready)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("workers", [0, -1, 100_000])
def test_a_number_of_processes_that_no_computer_has_is_refused(workers: int) -> None:
    """Before any is started: each takes some 200 MB."""
    with pytest.raises(InvalidRequest, match=r"^workers: is -?[\d,]+; must be 1 to \d+$"):
        ServerOptions(workers=workers)


def test_a_server_that_is_stopped_while_it_starts_ends() -> None:
    """SIGTERM between the first worker and the last, of which there are more than there are processors."""
    options = "server.ServerOptions('127.0.0.1:0', 24)"
    code = f"from solver.service import server; server.serve({options}, on_ready=lambda address: print('ready'))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        tasks, until = Path(f"/proc/{process.pid}/task"), time.monotonic() + 20
        while not any(each.read_text() for each in tasks.glob("*/children")) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, "")


def test_a_server_ends_although_a_worker_is_never_ready() -> None:
    """SIGTERM while a worker that does nothing starts: server and worker end at once."""
    options = "server.ServerOptions('127.0.0.1:0', 1, api='tests.service.never_ready_api')"
    code = f"from solver.service import server; server.serve({options})"
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root) as process:
        found: list[int] = []
        until = time.monotonic() + 20
        while not found and time.monotonic() < until:
            time.sleep(0.05)
            found = [worker for below in _children(process.pid) for worker in _children(below)]
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
            left = [pid for pid in found if _exists(pid)]
            for pid in left:
                os.kill(pid, signal.SIGKILL)
    assert (len(found), left) == (1, [])


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(pid) for each in tasks for pid in each.read_text().split()]
