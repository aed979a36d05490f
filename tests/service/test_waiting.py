"""Calls that wait for a worker, with real workers: turns, refusals, and the end of the server."""

from __future__ import annotations

import asyncio
import math
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from solver.errors import Overloaded, ShuttingDown
from solver.service import codec, frames
from solver.service.client import Client
from solver.service.course import Course
from solver.service.gate import Caller, Context, Incoming
from solver.service.handle import WorkerHandle
from solver.service.limits import PoolLimits
from solver.service.outline import AT_ONCE, of_request
from solver.service.sizes import SizeLimits
from solver.service.workers import Failed, WorkerPool
from solver.v1 import placement_service_pb2 as wire
from tests.service import problems
from tests.service.details import details_of
from tests.service.running import fake, server
from tests.service.test_server import PLACE, labelled, refusal


def test_a_flood_delays_another_caller_by_one_running_call() -> None:
    """40 calls of 0.5 s by one caller; another's call, which comes later, waits for the one that runs and no other."""

    async def both() -> tuple[float, int]:
        pool = WorkerPool(1, SizeLimits(), api="tests.service.fake_api", limits=PoolLimits(waiting=100))
        await pool.start()
        try:
            flood = [
                asyncio.ensure_future(
                    pool.run(frames.Call.PLACE, labelled("takes 0.5"), math.inf, 0.25, caller="flood")
                )
                for _ in range(40)
            ]
            await asyncio.sleep(0.75)
            course = Course()
            await pool.run(frames.Call.PLACE, labelled("small"), math.inf, 0.25, caller="small", course=course)
            ended = sum(call.done() for call in flood)
            for call in flood:
                call.cancel()
            await asyncio.gather(*flood, return_exceptions=True)
            waited = course.waited()
            assert waited is not None
            return waited, ended
        finally:
            await pool.close()

    waited, ended = asyncio.run(both())
    # Two of the flood have ended: the one that ran when the small call came was the last before it.
    assert ended == 2
    assert 0 < waited < 0.5 + 0.2


def test_the_worker_of_an_answered_call_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the thread that heard the answer takes to end: the caller's next call must find it."""
    exchange = WorkerHandle.exchange

    def slowly(*given: Any) -> Any:
        last = exchange(*given)
        time.sleep(0.2)
        return last

    async def busy() -> list[int]:
        pool, found = WorkerPool(2, SizeLimits(), api="tests.service.fake_api"), []
        await pool.start()
        try:
            for label in ("small", "fails"):
                with suppress(Failed):
                    await pool.run(frames.Call.PLACE, labelled(label), math.inf, 0.25)
                found.append(pool.busy)
            return found
        finally:
            await pool.close()

    monkeypatch.setattr(WorkerHandle, "exchange", slowly)
    assert asyncio.run(busy()) == [0, 0]


def test_a_call_that_would_wait_in_vain_is_refused_long_before_its_deadline() -> None:
    """Once calls are known to take 1 s, a third one with 1.5 s is refused at once, with the time to come back."""

    async def refused() -> tuple[float, float]:
        pool = WorkerPool(1, SizeLimits(), api="tests.service.fake_api")
        await pool.start()
        try:
            await pool.run(frames.Call.PLACE, labelled("takes 1"), math.inf, 0.25)
            calls = [
                asyncio.ensure_future(pool.run(frames.Call.PLACE, labelled("takes 1"), math.inf, 0.25))
                for _ in range(2)
            ]
            await asyncio.sleep(0)
            started = time.monotonic()
            with pytest.raises(Overloaded) as found:
                await pool.run(frames.Call.PLACE, labelled("third"), started + 1.5, 0.1)
            seconds = time.monotonic() - started
            await asyncio.gather(*calls)
            return seconds, found.value.retry_seconds
        finally:
            await pool.close()

    seconds, retry = asyncio.run(refused())
    assert seconds < 0.1
    # Half a second too much work, and the second or so that a first plan takes.
    assert 0.5 < retry < 3


def test_who_asks_one_call_after_the_other_is_never_refused() -> None:
    """A worker whose answer has left is as good as idle, however long the call might have gone on by those before it."""

    async def asked() -> None:
        pool = WorkerPool(1, SizeLimits(), api="tests.service.fake_api")
        await pool.start()
        try:
            for seconds in (0.4, 0.02) * 5:
                await pool.run(frames.Call.PLACE, labelled(f"takes {seconds}"), time.monotonic() + 0.7, 0.1)
        finally:
            await pool.close()

    asyncio.run(asked())


def test_a_server_that_ends_refuses_what_waits_and_what_comes() -> None:
    """On SIGTERM: the running call is answered; the waiting one and a new one fail at once with UNAVAILABLE, the reason
    SHUTTING_DOWN and RetryInfo; health says NOT_SERVING meanwhile.
    """
    with server(fake()) as running, grpc.insecure_channel(running.address) as channel:
        runs = channel.unary_unary(PLACE).future(labelled("takes 1.5"))
        time.sleep(0.3)
        waits = channel.unary_unary(PLACE).future(labelled("waits"))
        time.sleep(0.2)
        running.process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        code = waits.code()
        assert (code, runs.done()) == (grpc.StatusCode.UNAVAILABLE, False)
        code, status = refusal(running.address, labelled("new"))
        assert code is grpc.StatusCode.UNAVAILABLE
        assert [info.reason for info in details_of(status, error_details_pb2.ErrorInfo)] == ["SHUTTING_DOWN"]
        assert len(details_of(status, error_details_pb2.RetryInfo)) == 1
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert health.status == health_pb2.HealthCheckResponse.NOT_SERVING
        with Client(running.address) as client, pytest.raises(ShuttingDown):
            client.place(problems.small())
        assert not runs.done()
        assert time.monotonic() - told < 1
        assert codec.wire.PlaceResponse.FromString(runs.result()).label == "takes 1.5"
        assert running.process.wait(20) == 0


def test_a_call_that_does_not_end_is_given_up() -> None:
    """After the seconds to drain the server ends although a call still runs."""
    arguments = fake().replace("drain_seconds=10", "drain_seconds=0.5")
    with server(arguments) as running, grpc.insecure_channel(running.address) as channel:
        runs = channel.unary_unary(PLACE).future(labelled("stuck"))
        time.sleep(0.3)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0
        assert runs.code() is not grpc.StatusCode.OK


def test_health_is_answered_under_load() -> None:
    """While a worker solves, calls wait, and calls are refused, health does not wait with them."""
    arguments = fake().replace("grace_seconds=0.2", "grace_seconds=0.2, waiting=20")
    with server(arguments) as running, grpc.insecure_channel(running.address) as channel:
        stop = threading.Event()

        def flood() -> None:
            with grpc.insecure_channel(running.address, [("grpc.use_local_subchannel_pool", 1)]) as own:
                while not stop.is_set():
                    own.unary_unary(PLACE).future(labelled("takes 0.2")).exception(timeout=30)

        threads = [threading.Thread(target=flood) for _ in range(30)]
        for thread in threads:
            thread.start()
        slowest = []
        for _ in range(20):
            started = time.monotonic()
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
            slowest.append(time.monotonic() - started)
            time.sleep(0.05)
        stop.set()
        running.process.kill()
        for thread in threads:
            thread.join()
    # The calls that wait do so for some seconds.
    assert sorted(slowest)[len(slowest) // 2] < 1


@dataclass
class FakeContext:
    """What gRPC says of a peer."""

    said: str

    def peer(self) -> str:
        return self.said


@pytest.mark.parametrize(
    ("name", "peer", "party"),
    [
        ("scheduler", "ipv4:10.0.0.1:4711", "caller scheduler"),
        ("", "ipv4:10.0.0.1:4711", "ipv4:10.0.0.1"),
        ("", "ipv6:[::1]:4711", "ipv6:[::1]"),
        ("", "ipv6:%5B::1%5D:4711", "ipv6:%5B::1%5D"),
        ("", "unix:", "unix:"),
    ],
)
def test_whose_share_a_call_takes(name: str, peer: str, party: str) -> None:
    """The caller's; where nobody proves who they are, that of the computer, whatever the connection."""
    call = Incoming("PlacementService/Place", b"", cast(Context, FakeContext(peer)), Caller(name))
    assert call.party == party


@pytest.mark.parametrize("size", [0, AT_ONCE + 1])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_part_of_a_request_is_read_the_same_whatever_its_size(size: int, wrapped: bool) -> None:
    """Limits, cluster and id of a small and of a large request; nothing of bytes that are none."""
    request = wire.PlaceRequest(warnings=["w" * size], cluster_name="c", cluster_version=7, request_id="id")
    request.limits.time_limit_seconds = 3
    payload = request.SerializeToString()
    if wrapped:
        payload = wire.DrainRequest(request=request).SerializeToString()
    found = asyncio.run(of_request(payload, wrapped=wrapped))
    assert found.limits.time_limit_seconds == 3
    assert (found.cluster_name, found.cluster_version, found.request_id) == ("c", 7, "id")
    assert asyncio.run(of_request(b"\x0a\xff" * max(size, 3), wrapped=wrapped)) == wire.RequestOutline()
