"""The calls of ``AnalysisService``, and of ``google.longrunning.Operations`` as far as it is about analyses."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping

from google.longrunning import operations_pb2 as operations
from google.protobuf.message import Message

from solver import memory
from solver.errors import InvalidRequest
from solver.service.analysis.methods import OPERATION_METHODS
from solver.service.analysis.operations import PREFIX, Analyses, Analysis
from solver.service.analysis.process import Order
from solver.service.clusters.keeper import ClusterKeeper
from solver.service.clusters.servicer import with_cluster
from solver.service.gate import Answer, Incoming, StreamedAnswer, Write
from solver.service.messages import unpacked
from solver.service.options import ServerOptions
from solver.service.outline import of_request
from solver.v1 import analysis_service_pb2 as wire

SERVICE = "solver.v1.AnalysisService"

MOST_ON_A_PAGE = 1_000
"""Operations that one response lists."""


class AnalysisServicer:
    """Answers in bytes.

    Parameters
    ----------
    keeper
        Of the clusters that a request may name.
    """

    def __init__(self, analyses: Analyses, keeper: ClusterKeeper, options: ServerOptions) -> None:
        self._analyses = analyses
        self._keeper = keeper
        self._options = options
        processes = options.workers + analyses.limits.running * analyses.limits.processes
        self._memory = options.queue.worker_bytes or memory.worker_bytes(processes)

    def calls(self) -> Mapping[str, Answer]:
        """Of ``AnalysisService``, by method."""
        return {"RunAnalysis": self._run}

    def streams(self) -> Mapping[str, StreamedAnswer]:
        """Of ``AnalysisService``, by method, those with several responses."""
        return {"StreamRows": self._stream}

    def operations(self) -> Mapping[str, Answer]:
        """Of ``Operations``, by method."""
        return dict(zip(OPERATION_METHODS, (self._get, self._list, self._wait, self._cancel), strict=True))

    async def _run(self, call: Incoming) -> bytes:
        options, role = self._options, call.caller.role
        outline = await of_request(call.request, wrapped=True)
        # Nothing that is kept changes, and no plan comes of it: which clusters the caller may see is all there is to ask.
        whole, _, _ = await with_cluster(
            self._keeper, call.request, outline, wire.RunAnalysisRequest, options.sizes, role
        )
        limits = self._analyses.limits
        order = Order(
            whole, options.sizes, limits.scenarios, limits.processes, role.max_time_limit, self._memory, options.logs
        )
        return _written(operation_of(await self._analyses.begin(call.party, order)))

    async def _stream(self, call: Incoming, write: Write) -> bytes:
        asked = unpacked(call.request, wire.StreamRowsRequest())
        analysis = self._analyses.of(call.party, asked.name)
        position = asked.after
        if not 0 <= position <= len(analysis.rows):
            remedy = f"must be 0 to {len(analysis.rows):,}, the rows that there are"
            raise InvalidRequest.at("after", f"is {position:,}", remedy)
        while True:
            while position < len(analysis.rows):
                row = wire.ScenarioRow.FromString(analysis.rows[position])
                position += 1
                await write(wire.StreamRowsResponse(position=position, row=row).SerializeToString())
            if analysis.done:
                return wire.StreamRowsResponse(position=position, terminal=True).SerializeToString()
            await analysis.change()

    async def _get(self, call: Incoming) -> bytes:
        asked = unpacked(call.request, operations.GetOperationRequest())
        return _written(operation_of(self._analyses.of(call.party, asked.name)))

    async def _list(self, call: Incoming) -> bytes:
        asked = unpacked(call.request, operations.ListOperationsRequest())
        if asked.name not in ("", PREFIX.rstrip("/")):
            raise InvalidRequest.at("name", f"is '{asked.name[:100]}'", f"must be empty or '{PREFIX.rstrip('/')}'")
        if asked.filter:
            raise InvalidRequest.at("filter", "is not empty", "leave it out: all operations are listed")
        if asked.page_size < 0:
            raise InvalidRequest.at("page_size", f"is {asked.page_size:,}", f"must be 0 to {MOST_ON_A_PAGE:,}")
        found = self._analyses.all_of(call.party)
        names = [analysis.name for analysis in found]
        if asked.page_token and asked.page_token not in names:
            raise InvalidRequest.at("page_token", "is of no operation that is known", "begin with the first page")
        first = names.index(asked.page_token) if asked.page_token else 0
        end = first + min(asked.page_size or MOST_ON_A_PAGE, MOST_ON_A_PAGE)
        page = operations.ListOperationsResponse(
            operations=[operation_of(analysis) for analysis in found[first:end]],
            next_page_token=names[end] if end < len(names) else "",
        )
        return _written(page)

    async def _wait(self, call: Incoming) -> bytes:
        asked = unpacked(call.request, operations.WaitOperationRequest())
        analysis = self._analyses.of(call.party, asked.name)
        finish_by, _ = call.times()
        if asked.HasField("timeout"):
            seconds = asked.timeout.seconds + asked.timeout.nanos / 1e9
            if seconds < 0:
                raise InvalidRequest.at("timeout", f"is {seconds:g} s", "must be 0 or more")
            finish_by = min(finish_by, call.arrived + seconds)
        loop = asyncio.get_running_loop()
        while not analysis.done and (left := finish_by - loop.time()) > 0:
            try:
                await asyncio.wait_for(analysis.change(), None if math.isinf(left) else left)
            except TimeoutError:
                break
        return _written(operation_of(analysis))

    async def _cancel(self, call: Incoming) -> bytes:
        asked = unpacked(call.request, operations.CancelOperationRequest())
        self._analyses.cancel(self._analyses.of(call.party, asked.name))
        return b""  # google.protobuf.Empty


def _written(message: Message) -> bytes:
    return message.SerializeToString()


def operation_of(analysis: Analysis) -> operations.Operation:
    """An analysis as an operation."""
    found = operations.Operation(name=analysis.name, done=analysis.done)
    progress = wire.AnalysisProgress(
        total=analysis.total,
        answered=len(analysis.rows),
        failed=analysis.failed,
        begun_at=analysis.begun_at.isoformat(timespec="milliseconds"),
        ended_at="" if analysis.ended_at is None else analysis.ended_at.isoformat(timespec="milliseconds"),
    )
    found.metadata.Pack(progress)
    if analysis.error is not None:
        found.error.CopyFrom(analysis.error)
    elif analysis.done:
        found.response.Pack(wire.AnalysisResult(rows=len(analysis.rows), failed=analysis.failed))
    return found
