"""The calls of ``PlacementService``: their bytes go to a worker, with the cluster that they name."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping
from functools import partial
from importlib import metadata

from solver.query import MAX_LENGTH, MAX_NESTING
from solver.service import frames
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.servicer import Wrapper, with_cluster
from solver.service.gate import UNDATED_SLACK, Answer, Incoming
from solver.service.options import ServerOptions
from solver.service.outline import of_request, seconds_of
from solver.service.repeats import MAX_REQUEST_ID, Repeats
from solver.service.status import from_status
from solver.service.verbs import PREFIX, VERBS
from solver.service.workers import Failed, WorkerPool
from solver.v1 import placement_service_pb2 as wire

SERVICE = "solver.v1.PlacementService"


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
        whole, said, permit = await with_cluster(
            self._keeper, call.request, outline, wrapper, self._sizes, call.caller.role
        )
        answer = await self._pool.run(
            kind,
            whole,
            finish_by,
            slack,
            permit.written(),
            caller=call.party,
            seconds=math.inf if kind is frames.Call.CHECK else seconds_of(outline),
            course=call.course,
        )
        return answer if kind is frames.Call.CHECK else answer + said


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
