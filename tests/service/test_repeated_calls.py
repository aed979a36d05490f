"""A call that is repeated under its ``request_id`` is computed once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import grpc
import pytest
from google.rpc import error_details_pb2

from solver.domain.request import Engine, Limits
from solver.errors import InvalidRequest, Overloaded, RequestIdReused, WorkerLost
from solver.service import codec
from solver.service.client import Client
from solver.service.decode import PlaceCall
from solver.service.repeats import ENTRY_BYTES, RepeatLimits, Repeats
from solver.v1 import placement_service_pb2 as wire
from tests.service import problems
from tests.service.details import details_of
from tests.service.running import Running, fake, server
from tests.service.test_server import PLACE, pid_of, refusal

KEY = ("caller", "PlacementService/Place", "id")


class Work:
    """Counts how often an answer is computed; each takes until the test goes on."""

    def __init__(self, *outcomes: bytes | Exception) -> None:
        self.outcomes = list(outcomes)
        self.started = 0
        self.go_on = asyncio.Event()

    async def __call__(self) -> bytes:
        self.started += 1
        outcome = self.outcomes.pop(0)
        await self.go_on.wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def settled() -> None:
    """Let everything run that can, threads too."""
    for _ in range(20):
        await asyncio.sleep(0.002)


def test_an_answer_is_kept_for_some_time() -> None:
    """The same bytes come back until the time is over; then it is computed anew."""

    async def run() -> None:
        now = 0.0
        repeats, work = Repeats(RepeatLimits(seconds=10), lambda: now), Work(b"first", b"second")
        work.go_on.set()
        assert await repeats.once(KEY, b"r", work) == (b"first", False)
        now = 9.9
        assert await repeats.once(KEY, b"r", work) == (b"first", True)
        now = 10.0
        assert await repeats.once(KEY, b"r", work) == (b"second", False)

    asyncio.run(run())


def test_calls_at_the_same_time_are_one() -> None:
    """Those who come while the first is answered get its answer."""

    async def run() -> None:
        repeats, work = Repeats(RepeatLimits(bytes=0)), Work(b"a")
        calls = [asyncio.ensure_future(repeats.once(KEY, b"r", work)) for _ in range(5)]
        await settled()
        work.go_on.set()
        assert await asyncio.gather(*calls) == [(b"a", False)] + 4 * [(b"a", True)]
        assert (work.started, len(repeats)) == (1, 0)

    asyncio.run(run())


def test_a_call_that_is_given_up_hands_over() -> None:
    """Of three, the first is cancelled while it computes: the next one computes, and the third gets that answer."""

    async def run() -> None:
        repeats, work = Repeats(RepeatLimits()), Work(b"lost", b"found")
        calls = [asyncio.ensure_future(repeats.once(KEY, b"r", work)) for _ in range(3)]
        await settled()
        calls[0].cancel()
        await settled()
        assert work.started == 2
        calls[2].cancel()
        work.go_on.set()
        assert await calls[1] == (b"found", False)
        assert await repeats.once(KEY, b"r", work) == (b"found", True)

    asyncio.run(run())


def test_another_request_under_the_same_id_is_refused() -> None:
    """While the first is answered, and afterwards."""

    async def run() -> None:
        repeats, work = Repeats(RepeatLimits()), Work(b"a")
        first = asyncio.ensure_future(repeats.once(KEY, b"r", work))
        await settled()
        with pytest.raises(RequestIdReused, match="^request.request_id: stands for another request"):
            await repeats.once(KEY, b"other", work, "request.request_id")
        work.go_on.set()
        await first
        with pytest.raises(RequestIdReused):
            await repeats.once(KEY, b"other", work)

    asyncio.run(run())


@pytest.mark.parametrize("key", [("other", *KEY[1:]), (KEY[0], "other", KEY[2]), (*KEY[:2], "other")])
def test_another_caller_method_or_id_is_another_call(key: tuple[str, str, str]) -> None:
    """Each has answers of its own."""

    async def run() -> None:
        repeats, work = Repeats(RepeatLimits()), Work(b"a", b"b")
        work.go_on.set()
        assert await repeats.once(KEY, b"r", work) == (b"a", False)
        assert await repeats.once(key, b"s", work) == (b"b", False)

    asyncio.run(run())


@pytest.mark.parametrize("error", [WorkerLost("gone"), InvalidRequest.at("a", "b", "c")])
def test_errors_are_told_and_not_kept(error: Exception) -> None:
    """Those who wait get the error of the one that ran; who comes later starts anew."""

    async def run() -> None:
        repeats, work = Repeats(RepeatLimits()), Work(error, b"a")
        calls = [asyncio.ensure_future(repeats.once(KEY, b"r", work)) for _ in range(2)]
        await settled()
        work.go_on.set()
        assert await asyncio.gather(*calls, return_exceptions=True) == [error, error]
        assert await repeats.once(KEY, b"r", work) == (b"a", False)

    asyncio.run(run())


def test_a_call_that_found_no_worker_speaks_for_itself() -> None:
    """Another one may have more time: it tries."""

    async def run() -> None:
        repeats, work = Repeats(RepeatLimits()), Work(Overloaded("full"), b"a")
        calls = [asyncio.ensure_future(repeats.once(KEY, b"r", work)) for _ in range(2)]
        await settled()
        work.go_on.set()
        first, second = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(first, Overloaded)
        assert second == (b"a", False)

    asyncio.run(run())


def test_what_is_kept_is_bounded() -> None:
    """The oldest answers make way, and one that is larger than all is not kept."""

    async def run() -> None:
        repeats = Repeats(RepeatLimits(bytes=3 * (ENTRY_BYTES + 100)))
        for k in range(10):
            work = Work(b"a" * 100)
            work.go_on.set()
            await repeats.once((*KEY[:2], str(k)), b"r", work)
        assert (len(repeats), repeats.size) == (3, 3 * (ENTRY_BYTES + 100))
        large = Work(b"a" * 10_000)
        large.go_on.set()
        await repeats.once(KEY, b"r", large)
        assert len(repeats) == 3
        kept = Work()
        for k in (7, 8, 9):
            assert await repeats.once((*KEY[:2], str(k)), b"r", kept) == (b"a" * 100, True)

    asyncio.run(run())


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Two workers that do what a label says."""
    with server(fake(2)) as found:
        yield found


def named(request_id: str, label: str = "") -> bytes:
    """A request with an id."""
    return codec.call_to_bytes(PlaceCall(problems.small(), Limits(), label=label, request_id=request_id))


def test_a_repeated_call_gets_the_same_bytes(running: Running) -> None:
    """At the same time, from two connections, and later; without an id each is computed."""
    payload, found = named("same", "takes 0.3"), []

    def call() -> None:
        with grpc.insecure_channel(running.address) as channel:
            found.append(channel.unary_unary(PLACE)(payload))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    started = time.monotonic()
    call()
    assert time.monotonic() - started < 0.3
    assert len(set(found)) == 1
    with Client(running.address) as client:
        answer = client.place(problems.small(), request_id="client")
        assert client.place(problems.small(), request_id="client").warnings == answer.warnings


def test_an_id_that_stands_for_another_request_is_refused(running: Running) -> None:
    """INVALID_ARGUMENT, the reason REQUEST_ID_REUSED, and the path of the field; the client raises it as it is."""
    with Client(running.address) as client:
        client.place(problems.small(), request_id="used")
        with pytest.raises(RequestIdReused):
            client.place(problems.small(), request_id="used", label="other")
        with pytest.raises(InvalidRequest, match=r"^request_id: has 101 characters; at most 100$"):
            client.place(problems.small(), request_id="x" * 101)
        with pytest.raises(InvalidRequest, match=r"^request\.request_id: has 101 characters; at most 100$"):
            client.terminate(problems.small(), request_id="x" * 101)
    code, status = refusal(running.address, named("used", "third"))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert [info.reason for info in details_of(status, error_details_pb2.ErrorInfo)] == ["REQUEST_ID_REUSED"]
    (bad,) = details_of(status, error_details_pb2.BadRequest)
    assert [violation.field for violation in bad.field_violations] == ["request_id"]


def test_a_first_call_that_is_cancelled_hands_over_to_the_next(running: Running) -> None:
    """The second call, which waited for it, is computed and answered."""
    payload = named("handed over", "takes 0.5")
    with grpc.insecure_channel(running.address) as channel, grpc.insecure_channel(running.address) as other:
        first = channel.unary_unary(PLACE).future(payload)
        time.sleep(0.2)
        second = other.unary_unary(PLACE).future(payload)
        time.sleep(0.1)
        first.cancel()
        assert wire.PlaceResponse.FromString(second.result(timeout=20)).label == "takes 0.5"


@pytest.mark.parametrize(
    ("said", "metadata", "back"),
    [
        ("in the request", "in the metadata", "in the request"),
        ("", "in the metadata", "in the metadata"),
        ("né 100%\n", None, "n%C3%A9 100%25%0A"),
    ],
)
def test_a_call_hears_what_it_is_called(running: Running, said: str, metadata: str | None, back: str) -> None:
    """The trailing metadata x-request-id: of the request, else of the metadata; of answers and of errors."""
    given = () if metadata is None else (("x-request-id", metadata),)
    with grpc.insecure_channel(running.address) as channel:
        _, call = channel.unary_unary(PLACE).with_call(named(said), metadata=given)
        assert dict(call.trailing_metadata())["x-request-id"] == back
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(PLACE)(named(said, "fails"), metadata=given)
        trailers = dict(cast(grpc.Call, refused.value).trailing_metadata())
        assert trailers["x-request-id"] == back
        assert "grpc-status-details-bin" in trailers


def test_a_call_without_a_name_gets_one(running: Running) -> None:
    """Each another."""
    with grpc.insecure_channel(running.address) as channel:
        names = {
            dict(channel.unary_unary(PLACE).with_call(named(""))[1].trailing_metadata())["x-request-id"]
            for _ in range(3)
        }
    assert len(names) == 3
    assert all(len(name) == 32 for name in names)


def test_the_answer_does_not_depend_on_the_id() -> None:
    """With a deterministic limit the bytes of two answers are the same, whatever the ids; so is the fingerprint."""
    limits = Limits(deterministic_limit=0.1, workers=1, engine=Engine.SEQUENTIAL)
    with server("'127.0.0.1:0', 1") as running, grpc.insecure_channel(running.address) as channel:
        call = PlaceCall(problems.small(), limits)
        found = {
            channel.unary_unary(PLACE)(codec.call_to_bytes(replace(call, request_id=name))) for name in ("", "a", "b")
        }
    (only,) = found
    assert wire.PlaceResponse.FromString(only).replay.fingerprint


def test_workers_answer_by_turns_without_ids(running: Running) -> None:
    """What the tests above rely on: calls without an id are computed each, by both workers."""
    with Client(running.address) as client:
        assert len({pid_of(client.place(problems.small())) for _ in range(4)}) == 2
