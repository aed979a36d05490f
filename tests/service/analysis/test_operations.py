"""Analyses as the front keeps them, with processes that say what a test wants."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from google.rpc import code_pb2

from solver.errors import InvalidRequest, OperationNotFound, Overloaded, ShuttingDown, WorkerLost
from solver.service.analysis.limits import AnalysisLimits
from solver.service.analysis.operations import Analyses, Analysis
from solver.service.analysis.process import OUTLOOK, Order, Word
from solver.service.logs import LogOptions
from solver.service.sizes import SizeLimits
from solver.service.status import from_status, reason_of, to_status
from solver.service.workers import Failed

ORDER = Order(b"", SizeLimits(), 10, 1, None, 2**30, LogOptions())


@dataclass
class Scripted:
    """A process that says what is put into it; None is its end."""

    said: queue.Queue[tuple[Word, bytes] | None] = field(default_factory=queue.Queue)
    killed: bool = False
    closed: bool = False

    def begin(self, total: int = 3, silent: float = 60.0) -> Scripted:
        """It finds the request valid."""
        self.said.put((Word.BEGUN, OUTLOOK.pack(total, silent)))
        return self

    def heard(self) -> tuple[Word, bytes]:
        found = self.said.get(timeout=60)
        if found is None:
            raise WorkerLost("gone")
        return found

    def kill(self) -> None:
        self.killed = True
        self.said.put(None)

    def close(self) -> None:
        self.closed = True


def analyses(*processes: Scripted, **limits: int) -> Analyses:
    """Those of a server whose processes are these, in order."""
    coming = iter(processes)
    return Analyses(AnalysisLimits(**limits), lambda order: next(coming))


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 120))


async def ended(analysis: object) -> None:
    while not analysis.done:
        await analysis.change()


def test_rows_are_kept_in_order_and_who_waits_is_woken() -> None:
    """Once for each row, and for the end; the process is then gone."""

    async def test() -> None:
        process = Scripted().begin()
        server = analyses(process)
        analysis = await server.begin("me", ORDER)
        for word, row in ((Word.ROW, b"one"), (Word.FAILED_ROW, b"two")):
            change = asyncio.ensure_future(analysis.change())
            await asyncio.sleep(0)
            process.said.put((word, row))
            await change
        process.said.put((Word.ENDED, b""))
        await ended(analysis)
        assert (analysis.rows, analysis.failed, analysis.error) == ([b"one", b"two"], 1, None)
        assert process.killed and server.running == 0

    run(test)


def test_what_changes_before_a_wait_has_begun_is_not_missed() -> None:
    """A wait that is to begin in a moment, as a task, is for what comes from now on."""

    async def test() -> None:
        analysis = Analysis("who", 3)
        for change in (lambda: analysis.add(b"", answered=True), analysis.end):
            waiting = analysis.change()
            change()
            await asyncio.wait_for(waiting, 5)

    asyncio.run(test())


def test_a_process_that_ends_or_fails_is_the_operations_error() -> None:
    """With the rows that there are."""

    async def test() -> None:
        lost, refused = Scripted().begin(), Scripted().begin()
        server = analyses(lost, refused)
        analysis = await server.begin("me", ORDER)
        lost.said.put((Word.ROW, b"one"))
        lost.said.put(None)
        await ended(analysis)
        assert (analysis.rows, reason_of(analysis.error)) == ([b"one"], "WORKER_LOST")
        other = await server.begin("me", ORDER)
        status = to_status(InvalidRequest.at("study", "is wrong", "write another"))
        refused.said.put((Word.REFUSED, status.SerializeToString()))
        await ended(other)
        assert other.error == status

    run(test)


def test_a_silent_process_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it begins, and later; the room is free again."""
    monkeypatch.setattr("solver.service.analysis.operations.BEGIN_SECONDS", 0.2)

    async def test() -> None:
        mute, stuck = Scripted(), Scripted().begin(silent=0.2)
        server = analyses(mute, stuck)
        with pytest.raises(WorkerLost, match="silent for 0 s"):
            await server.begin("me", ORDER)
        assert mute.killed and server.running == 0
        analysis = await server.begin("me", ORDER)
        await ended(analysis)
        assert stuck.killed and reason_of(analysis.error) == "WORKER_LOST"

    run(test)


def test_a_request_that_is_refused_takes_no_room() -> None:
    """The caller gets the status of the process."""

    async def test() -> None:
        process, good = Scripted(), Scripted().begin()
        status = to_status(InvalidRequest.at("study", "is wrong", "write another"))
        process.said.put((Word.REFUSED, status.SerializeToString()))
        server = analyses(process, good)
        with pytest.raises(Failed) as refused:
            await server.begin("me", ORDER)
        assert isinstance(from_status(refused.value.status), InvalidRequest)
        assert not server.all_of("me") and process.killed
        assert (await server.begin("me", ORDER)).total == 3

    run(test)


def test_a_caller_who_goes_before_it_has_begun_leaves_nothing() -> None:
    """Nobody would know of it."""

    async def test() -> None:
        process = Scripted()
        server = analyses(process)
        begun = asyncio.ensure_future(server.begin("me", ORDER))
        await asyncio.sleep(0.1)
        begun.cancel()
        with pytest.raises(asyncio.CancelledError):
            await begun
        assert process.killed and server.running == 0 and not server.all_of("me")

    run(test)


def test_so_many_run_at_once_and_one_of_each_caller() -> None:
    """The others are told when to come back."""

    async def test() -> None:
        first = Scripted().begin()
        server = analyses(first, Scripted().begin(), Scripted().begin(), running=2)
        one = await server.begin("me", ORDER)
        with pytest.raises(Overloaded, match="an analysis of yours runs"):
            await server.begin("me", ORDER)
        await server.begin("you", ORDER)
        with pytest.raises(Overloaded, match="no room for another analysis: 2 analyses run"):
            await server.begin("they", ORDER)
        server.cancel(one)
        await ended(one)
        assert one.error is not None and one.error.code == code_pb2.CANCELLED and first.killed
        while server.running == 2:
            await asyncio.sleep(0.01)
        await server.begin("they", ORDER)
        await server.close()

    run(test)


def test_a_server_without_room_takes_none() -> None:
    """As its configuration says."""

    async def test() -> None:
        with pytest.raises(Overloaded, match="it takes none"):
            await analyses(running=0).begin("me", ORDER)

    run(test)


def test_the_oldest_that_have_ended_are_forgotten() -> None:
    """By number and by bytes; those that run are not."""

    async def test() -> None:
        processes = [Scripted().begin() for _ in range(4)]
        server = analyses(*processes, kept=2, kept_bytes=1_000_000)
        names = []
        for process in processes[:3]:
            analysis = await server.begin("me", ORDER)
            names.append(analysis.name)
            process.said.put((Word.ROW, b"." * 400_000))
            process.said.put((Word.ENDED, b""))
            await ended(analysis)
            while server.running:
                await asyncio.sleep(0.01)
        assert [known.name for known in server.all_of("me")] == names[1:]
        with pytest.raises(OperationNotFound):
            server.of("me", names[0])
        large = await server.begin("me", ORDER)
        processes[3].said.put((Word.ROW, b"." * 1_100_000))
        await ended(large)
        assert reason_of(large.error) == "TOO_LARGE" and not large.rows
        assert [known.name for known in server.all_of("me")] == [large.name]

    run(test)


def test_the_end_of_the_server_ends_all_and_takes_none() -> None:
    """Those that begin, too."""

    async def test() -> None:
        running, beginning = Scripted().begin(), Scripted()
        server = analyses(running, beginning, running=2)
        analysis = await server.begin("me", ORDER)
        begun = asyncio.ensure_future(server.begin("you", ORDER))
        await asyncio.sleep(0.1)
        await server.close()
        assert analysis.done and reason_of(analysis.error) == "SHUTTING_DOWN"
        with pytest.raises(WorkerLost):
            await begun
        with pytest.raises(ShuttingDown):
            await server.begin("they", ORDER)
        assert running.killed and beginning.killed

    run(test)


def test_limits_that_are_none_are_refused() -> None:
    """All of them at once."""
    with pytest.raises(InvalidRequest) as refused:
        AnalysisLimits(running=-1, processes=0, kept_bytes=1)
    assert [fault.path for fault in refused.value.faults] == ["running", "processes", "kept_bytes"]


def test_a_row_that_comes_after_the_end_is_not_taken() -> None:
    """Whoever read the rows was told that there are no more; the process had said one more when it was cancelled."""
    analysis = Analysis("somebody", 3)
    analysis.add(b"first", answered=True)
    analysis.end()
    analysis.add(b"late", answered=False)
    assert analysis.rows == [b"first"] and not analysis.failed
