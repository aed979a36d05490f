"""The calls of ``PlacementService``: their bytes go to a worker, with the cluster that they name."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping
from functools import partial
from importlib import metadata
from typing import TypedDict

from solver.query import MAX_LENGTH, MAX_NESTING
from solver.service import frames
from solver.service.clusters import service_actions
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.servicer import Wrapper, with_cluster
from solver.service.clusters.state import utc_now
from solver.service.course import Course
from solver.service.gate import UNDATED_SLACK, Answer, Incoming, StreamedAnswer, Write
from solver.service.messages import inside, joined, unpacked
from solver.service.options import ServerOptions
from solver.service.outline import of_request, seconds_of
from solver.service.repeats import MAX_REQUEST_ID, Repeats
from solver.service.status import from_status
from solver.service.streaming import stream
from solver.service.verbs import PREFIX, STREAMS, VERBS
from solver.service.workers import Failed, OnReport, WorkerPool
from solver.v1 import placement_service_pb2 as wire
from solver.v1 import plan_pb2

SERVICE = "solver.v1.PlacementService"

CUT_OFF = "the search was cut off before its end: this is the best plan it had reported, without order and reasons"

_LATE = wire.PlaceResponse(stop=plan_pb2.STOP_REASON_TIME, warnings=[CUT_OFF]).SerializeToString()
"""What a plan that goes out in the place of an answer says besides."""


class PlacementServicer:
    """Answers in bytes: requests stay bytes until a worker reads them.

    Parameters
    ----------
    pool
        Of the workers.
    keeper
        Of the clusters that a request may name.
    repeats
        The answers that are kept for calls that are repeated.
    """

    def __init__(self, pool: WorkerPool, keeper: ClusterKeeper, repeats: Repeats, options: ServerOptions) -> None:
        self._pool = pool
        self._keeper = keeper
        self._sizes = options.sizes
        self._repeats = repeats
        self._version = version_response(options).SerializeToString(deterministic=True)

    def calls(self) -> Mapping[str, Answer]:
        """By method."""
        solving = {"Place": frames.Call.PLACE, "Check": frames.Call.CHECK}
        solving |= {verb.method: call for call, verb in VERBS.items()}
        return {
            **{method: partial(self._answered, call) for method, call in solving.items()},
            "GetVersion": self._get_version,
        }

    def streams(self) -> Mapping[str, StreamedAnswer]:
        """By method, those with several responses."""
        return {stream.method: partial(self._streamed, call) for call, stream in STREAMS.items()}

    async def validate(self, request: bytes) -> None:
        """Have a worker validate a ``PlaceRequest``; raises what is wrong with it."""
        only = wire.PlaceRequest(validate_only=True).SerializeToString()
        try:
            await self._pool.run(frames.Call.PLACE, request + only, math.inf, UNDATED_SLACK)
        except Failed as failed:
            raise from_status(failed.status) from None

    async def _get_version(self, call: Incoming) -> bytes:
        return self._version

    async def _answered(self, kind: frames.Call, call: Incoming) -> bytes:
        """Have a worker answer, unless the call repeats another."""
        wrapped = kind is not frames.Call.PLACE
        outline = await of_request(call.request, wrapped=wrapped)
        if not outline.request_id:
            return await self._computed(kind, call, outline)
        call.course.request_id = outline.request_id[:MAX_REQUEST_ID]
        # A role that has changed meanwhile gets no answer that was given to the one before.
        key = ((call.party, call.caller.role), call.method, outline.request_id)
        path = f"{PREFIX if wrapped else ''}request_id"
        answer, call.course.repeated = await self._repeats.once(
            key, call.request, partial(self._computed, kind, call, outline), path
        )
        return answer

    async def _computed(self, kind: frames.Call, call: Incoming, outline: wire.RequestOutline) -> bytes:
        finish_by, slack = call.times()
        wrapper: Callable[[], Wrapper] | None = wire.CheckRequest if kind is frames.Call.CHECK else None
        if kind in VERBS:
            wrapper = VERBS[kind].request_type
        role = call.caller.role
        whole, said, permit = await with_cluster(self._keeper, call.request, outline, wrapper, self._sizes, role)
        late = _LATE if wrapper is None else inside(_LATE)
        answer = await self._pool.run(
            kind, whole, finish_by, slack, permit.written(), late=late, **_turn_of(kind, call, outline)
        )
        if kind is frames.Call.CHECK:
            return answer
        if said:
            await self._record(kind, call.request, answer, said)
        return answer + said if wrapper is None else joined(answer + said)

    async def _streamed(self, kind: frames.Call, call: Incoming, write: Write) -> bytes:
        """Have a worker answer, and write what it reports on the way."""
        finish_by, slack = call.times()
        wrapper, role = STREAMS[kind].request_type, call.caller.role
        outline = await of_request(call.request, wrapped=True)
        call.course.request_id = outline.request_id[:MAX_REQUEST_ID] or call.course.request_id
        whole, said, permit = await with_cluster(self._keeper, call.request, outline, wrapper, self._sizes, role)

        async def run(on_report: OnReport) -> bytes:
            turn = _turn_of(kind, call, outline)
            answer = await self._pool.run(
                kind, whole, finish_by, slack, permit.written(), on_report=on_report, late=_LATE, **turn
            )
            if said:
                await self._record(kind, call.request, inside(answer), said)
            return answer

        return await stream(call.arrived, said, write, run)

    async def _record(self, kind: frames.Call, request: bytes, answer: bytes, said: bytes) -> None:
        """Have what was decided for a kept cluster written down, without making the caller wait for it."""
        _, of_cluster = _read(kind, b"", said)
        now = utc_now()

        def events() -> list[str]:
            return service_actions.of_answer(*_read(kind, request, answer + said), now)

        await self._keeper.placements.record(of_cluster.cluster_name, events)


class _Turn(TypedDict):
    """What of ``WorkerPool.run`` decides when a call gets a worker."""

    caller: str
    seconds: float
    cluster: str
    course: Course


def _turn_of(kind: frames.Call, call: Incoming, outline: wire.RequestOutline) -> _Turn:
    seconds = math.inf if kind is frames.Call.CHECK else seconds_of(outline)
    return _Turn(caller=call.party, seconds=seconds, cluster=outline.cluster_name, course=call.course)


def _read(kind: frames.Call, request: bytes, answer: bytes) -> tuple[wire.PlaceRequest, wire.PlaceResponse]:
    """The general messages in those of a call."""
    if kind in VERBS:
        verb = VERBS[kind]
        return unpacked(request, verb.request_type()).request, unpacked(answer, verb.response_type()).response
    if kind in STREAMS:
        return unpacked(request, STREAMS[kind].request_type()).request, unpacked(answer, wire.PlaceProgress()).plan
    return unpacked(request, wire.PlaceRequest()), unpacked(answer, wire.PlaceResponse())


def version_response(options: ServerOptions) -> wire.GetVersionResponse:
    """What the server says of itself; the versions are read without loading what they are of."""
    sizes = options.sizes
    versions = {name: metadata.version(name) for name in ("placement-solver", "ortools", "numpy")}
    return wire.GetVersionResponse(
        version=versions["placement-solver"],
        versions={**versions, "python": platform.python_version()},
        solving_processes=options.workers,
        limits=wire.SizeLimits(
            max_message_bytes=sizes.message_bytes,
            max_instances=sizes.instances,
            max_groups=sizes.groups,
            max_resources=sizes.resources,
            max_attributes=sizes.attributes,
            max_counts=sizes.counts,
            max_tasks=sizes.tasks,
            max_rules=sizes.rules,
            max_expression_length=MAX_LENGTH,
            max_expression_nesting=MAX_NESTING,
            max_time_limit_seconds=sizes.time_limit,
        ),
    )
