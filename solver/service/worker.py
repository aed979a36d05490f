"""The process that solves: reads a request, places or checks, writes the answer. One call at a time.

It is forked from a process that has loaded everything already (``multiprocessing``'s forkserver), and ends with its pipes.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from types import ModuleType

import numpy as np

from solver.domain.answer import Answer
from solver.domain.cluster import ZONE, ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits, RuleSpec, TaskGroup
from solver.engines.incumbent import ProgressObserver
from solver.engines.memory import Memory
from solver.errors import InvalidRequest, PlacementSolverError, TooLarge
from solver.memory import limit_to
from solver.rules.bind import bind
from solver.service import codec, frames, status
from solver.service.callers.permit import Permit
from solver.service.decode import PlaceCall
from solver.service.decode_limits import field_of
from solver.service.reporting import Reporter
from solver.service.sizes import SizeLimits
from solver.service.verbs import PREFIX, STREAMS, VERBS, Stream, Verb
from solver.service.warm import Memories
from solver.service.workers import ENGINES
from solver.v1 import placement_service_pb2 as wire

LEAST_SECONDS = 0.001
"""Search time of a call whose time is up when it is read: enough for the engine that always has a plan."""

WRITING_SHARE = 0.3
"""Of the time that it took to read a request, to write its answer: kept of the time limit."""

NICENESS = 10
"""By how much the front comes before its workers where both want a processor: it must take, refuse and say that it is well while
all of them search."""

NO_THREAD = "can't start new thread"
"""What Python says where there is no memory for the stack of a thread."""

_log = logging.getLogger(__name__)


def main(calls: Connection, control: Connection, api: str, sizes: SizeLimits, memory: int) -> None:
    """Answer calls until the pipes close.

    Parameters
    ----------
    calls
        Calls come in and replies go out.
    control
        Numbers of calls that are to stop, and whether anybody still waits for their answers.
    api
        Module with ``answered``, ``check``, ``fingerprint`` and ``versions``, as in ``solver.api``.
    sizes
        What a request may be at most.
    memory
        Bytes that this process may take, those of the solver too: it gets no more, so that the computer does not run out.
    """
    os.nice(NICENESS)
    # Ctrl-C reaches the whole group of processes; the front decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    verbs = importlib.import_module(api)
    if api in ENGINES:
        for name in ENGINES:
            importlib.import_module(name)
        warm_up(verbs)
    # What is loaded stays: the garbage collector need not look at it again in the middle of a call.
    gc.collect()
    gc.freeze()
    limit_to(memory)
    worker = _Worker(calls, verbs, sizes, memory)
    threading.Thread(target=worker.listen, args=(control,), daemon=True).start()
    calls.send_bytes(frames.pack_reply(frames.Reply.READY, 0))
    worker.run()


def warm_up(verbs: ModuleType) -> None:
    """Place a little, so that the first call does not pay for what is loaded or made at first use."""
    size = 60
    amounts = np.tile(np.array([4096, 8192], np.int64), (size, 1))
    cluster = ClusterSnapshot(
        instance_ids=tuple(f"i-{i}" for i in range(size)),
        resources=("cpu", "memory"),
        capacity=amounts,
        free=amounts.copy(),
        active=np.ones(size, np.bool_),
        connected=np.ones(size, np.bool_),
        attributes={ZONE: TextColumn.of([f"zone-{i % 3}" for i in range(size)])},
    )
    spread = (RuleSpec("spread", f"attribute:{ZONE}"), RuleSpec("binpack", "memory"))
    only = (RuleSpec("memberOf", f"attribute:{ZONE} =~ zone-.*"),)
    groups = tuple(
        TaskGroup(f"g{g}", f"g{g}", {"cpu": 700, "memory": 900}, start=7, constraints=only, strategies=spread)
        for g in range(3)
    )
    problem = Problem(cluster, groups, Counts.empty(len(groups), size))
    payload = codec.call_to_bytes(PlaceCall(problem, Limits(time_limit=0.1, workers=1, engine=Engine.EXACT)))
    call = codec.call_from_bytes(payload)
    answer: Answer = verbs.place(call.problem, call.limits)
    codec.answer_to_bytes(answer)
    # Imported here: the front reads this module too, and loads no engine.
    from solver.engines.kernels import compiled

    if compiled.ready(compiled.EVERY, compiled.LOADING_SECONDS):
        compiled.warm_up()


@contextmanager
def _paths_inside(*, wrapped: bool) -> Iterator[None]:
    """The faults of a request by their paths in the message that holds it, where one does."""
    try:
        yield
    except InvalidRequest as invalid:
        prefix = PREFIX if wrapped else ""
        raise type(invalid)([replace(one, path=prefix + field_of(one.path)) for one in invalid.faults]) from invalid


class _Worker:
    def __init__(self, calls: Connection, verbs: ModuleType, sizes: SizeLimits, memory: int) -> None:
        self.calls = calls
        self.verbs = verbs
        self.sizes = sizes
        self.memory = memory
        self.memories = Memories(memory)
        self.versions: dict[str, str] = verbs.versions()
        self._stopped = self._given_up = 0
        """The last call that was to stop, and the last whose answer nobody waits for."""

    def listen(self, control: Connection) -> None:
        """Note which call is to stop; when the front has gone, end at once."""
        while True:
            try:
                number, awaited = frames.STOP.unpack(control.recv_bytes())
            except (EOFError, OSError):
                os._exit(0)
            self._stopped = max(self._stopped, number)
            if not awaited:
                self._given_up = max(self._given_up, number)

    def run(self) -> None:
        while True:
            try:
                frame = self.calls.recv_bytes()
            except (EOFError, OSError):
                return
            kind, number, finish_by, payload, permit = frames.unpack_call(frame)
            del frame
            self._reply(number, *self._answered(kind, number, finish_by, payload, Permit.read(permit)))

    def _reply(self, number: int, kind: frames.Reply, payload: bytes = b"") -> None:
        self.calls.send_bytes(frames.pack_reply(kind, number, payload))

    def _answered(
        self, kind: frames.Call, number: int, finish_by: float, payload: bytes, permit: Permit
    ) -> tuple[frames.Reply, bytes]:
        try:
            if kind is frames.Call.CHECK:
                problem, tasks = codec.check_from_bytes(payload, self.sizes)
                with _paths_inside(wrapped=True):
                    violations = self.verbs.check(problem, tasks)
                return frames.Reply.DONE, codec.violations_to_bytes(violations)
            wrapped = VERBS.get(kind) or STREAMS.get(kind)
            return frames.Reply.DONE, self._place(number, finish_by, payload, wrapped, permit)
        except PlacementSolverError as error:
            return frames.Reply.FAILED, status.to_status(error).SerializeToString()
        except MemoryError:
            return self._out_of_memory(number)
        except Exception as fault:
            if isinstance(fault, RuntimeError) and str(fault) == NO_THREAD:
                return self._out_of_memory(number)
            # A fault of ours must not take the worker with it: the caller gets INTERNAL, the log what happened.
            _log.exception("call %d failed", number)
            return frames.Reply.FAILED, status.internal().SerializeToString()

    def _out_of_memory(self, number: int) -> tuple[frames.Reply, bytes]:
        """What the search had taken is free again by now, and what was remembered from now on."""
        self.memories.forget()
        _log.warning("call %d needs more than the %d bytes of its worker", number, self.memory)
        problem = f"the request needs more than the {self.memory // 2**20:,} MiB of memory that a worker has"
        error = TooLarge(f"{problem}; send fewer groups, tasks or instances, or give the workers more")
        return frames.Reply.FAILED, status.to_status(error).SerializeToString()

    def _place(
        self, number: int, finish_by: float, payload: bytes, verb: Verb | Stream | None, permit: Permit
    ) -> bytes:
        begun = time.monotonic()
        call = codec.call_from_bytes(payload, self.sizes, verb)
        writing = WRITING_SHARE * (time.monotonic() - begun)
        if self._given_up >= number:
            return b""
        permit.require(call.problem, "" if verb is None else PREFIX)
        limits, capped = permit.capped(call.limits)
        call = replace(call, limits=limits, warnings=(*call.warnings, *capped))
        if call.validate_only:
            with _paths_inside(wrapped=verb is not None):
                bind(call.problem)
                if call.survival is not None:
                    from solver.robustness.requirement import required

                    required(call.problem, call.survival, call.limits)
            valid = wire.PlaceResponse(label=call.label, warnings=call.warnings)
            return codec.response_to_bytes(valid, verb if isinstance(verb, Verb) else None)
        now = time.monotonic()
        if call.limits.deterministic_limit is None:
            seconds = max(min(call.limits.time_limit, finish_by - now), LEAST_SECONDS)
            call = replace(call, limits=replace(call.limits, time_limit=seconds))
            finish_by = now + seconds
        # With a deterministic limit the answer, which names its limits, must not depend on the clock (§10.1): then the
        # deadline is held by cancelling alone.
        self._reply(number, frames.Reply.ACCEPTED, frames.pack_moment(finish_by))
        fingerprint = partial(self.verbs.fingerprint, **({} if call.survival is None else {"survival": call.survival}))
        reporter = Reporter(call, verb, finish_by, partial(self._reply, number), fingerprint, self.versions)

        def cancelled() -> bool:
            # The engines ask now and then: also the moment to report what was too early before.
            reporter.looked()
            return self._stopped >= number

        try:
            with _paths_inside(wrapped=verb is not None):
                answer, memory = self._searched(call, reporter.told, cancelled, writing)
        finally:
            reporter.close()
        if memory is not None:
            self.memories.keep(call, memory)
        if self._given_up >= number:
            return b""
        return codec.answer_to_bytes(answer, verb if isinstance(verb, Verb) else None)

    def _searched(
        self, call: PlaceCall, told: ProgressObserver, cancelled: Callable[[], bool], writing: float
    ) -> tuple[Answer, Memory | None]:
        """The answer, and what is remembered of it; nothing of one that has to survive, which begins from nothing."""
        if call.survival is not None:
            from solver.robustness.survival import answered

            surviving = answered(
                call.problem,
                call.survival,
                call.limits,
                explain=call.explain,
                on_progress=told,
                cancelled=cancelled,
                warnings=call.warnings,
                label=call.label,
                hint=call.hint,
                kept_seconds=writing,
            )
            return surviving.answer, None
        answer: Answer
        memory: Memory
        answer, memory = self.verbs.answered(
            call.problem,
            call.limits,
            explain=call.explain,
            on_incumbent=None,
            on_progress=told,
            cancelled=cancelled,
            warnings=call.warnings,
            label=call.label,
            memory=self.memories.of(call),
            hint=call.hint,
            kept_seconds=writing,
        )
        return answer, memory
