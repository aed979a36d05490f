"""Calls of a server's analyses, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
from google.longrunning import operations_pb2 as operations
from google.protobuf.duration_pb2 import Duration
from grpc_status import rpc_status

from solver.domain.request import Engine, Limits
from solver.service import codec
from solver.service.decode import PlaceCall
from solver.service.status import from_status
from solver.v1 import analysis_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from solver.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from tests.whatif.clusters import small

LIMITS = Limits(time_limit=5, workers=1, engine=Engine.SEQUENTIAL)

FEW = """
ask: {reconcile: {max_moves: 0}}
prices: {large: 0.5, small: 0.25}
scenarios:
  - {name: a is lost, edits: [{lose_zone: a}]}
  - {name: twice, edits: [{scale: {groups: [web], factor: 2}}]}
grid:
  axes:
    lost: [lose_zone: b]
    again: [none, lose_zone: b]
"""

SURVIVING = "scenarios: [{name: safe, edits: [{scale: {groups: [web], factor: 8}}, {survive: zone}]}]"

MANY = "grid: {axes: {growth: {values: [%s], edits: {scale: {groups: [web], factor: $value}}}}}" % ", ".join(  # noqa: UP031
    f"1.{n:04d}" for n in range(1, 3_001)
)
"""So many that it takes a while."""


def request(study: str = FEW, **fields: Any) -> wire.RunAnalysisRequest:
    """Of the small cluster, unless fields of the ``PlaceRequest`` say otherwise."""
    if "cluster_name" in fields:
        inner = placing.PlaceRequest()
    else:
        inner = placing.PlaceRequest.FromString(codec.call_to_bytes(PlaceCall(small().problem, LIMITS)))
        inner = without_what_asks(inner)
    inner.MergeFrom(placing.PlaceRequest(**fields))
    return wire.RunAnalysisRequest(request=inner, study=study)


def without_what_asks(inner: placing.PlaceRequest) -> placing.PlaceRequest:
    """The cluster and the limits alone."""
    for name in ("explain", "freedom"):
        inner.ClearField(name)
    return inner


class Calls:
    """Calls a server, perhaps with a token; raises what the server says."""

    def __init__(self, channel: grpc.Channel, token: str = "") -> None:
        self._channel = channel
        self._stub = AnalysisServiceStub(channel)
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def run(self, asked: wire.RunAnalysisRequest) -> operations.Operation:
        """RunAnalysis; its response is an operation, byte by byte."""
        found = _said(lambda: self._stub.RunAnalysis(asked, metadata=self._metadata, timeout=240))
        return operations.Operation.FromString(found.SerializeToString())

    def rows(self, name: str, after: int = 0) -> Iterator[wire.StreamRowsResponse]:
        """StreamRows."""
        call = self._stub.StreamRows(
            wire.StreamRowsRequest(name=name, after=after), metadata=self._metadata, timeout=240
        )
        try:
            yield from call
        except grpc.RpcError as error:
            raise from_status(rpc_status.from_call(error)) from None
        finally:
            call.cancel()

    def get(self, name: str) -> operations.Operation:
        """GetOperation."""
        return self._operations("GetOperation", operations.GetOperationRequest(name=name), operations.Operation)

    def wait(self, name: str, seconds: float | None = None) -> operations.Operation:
        """WaitOperation."""
        asked = operations.WaitOperationRequest(name=name)
        if seconds is not None:
            asked.timeout.CopyFrom(Duration(nanos=int(seconds * 1e9)))
        return self._operations("WaitOperation", asked, operations.Operation)

    def cancel(self, name: str) -> None:
        """CancelOperation."""
        self._operations("CancelOperation", operations.CancelOperationRequest(name=name), None)

    def list(self, **fields: Any) -> operations.ListOperationsResponse:
        """ListOperations."""
        asked = operations.ListOperationsRequest(**fields)
        return self._operations("ListOperations", asked, operations.ListOperationsResponse)

    def _operations(self, method: str, asked: Any, kind: Any) -> Any:
        call = self._channel.unary_unary(
            f"/google.longrunning.Operations/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=bytes if kind is None else kind.FromString,
        )
        return _said(lambda: call(asked, metadata=self._metadata, timeout=240))


def _said(call: Any) -> Any:
    try:
        return call()
    except grpc.RpcError as error:
        raise from_status(rpc_status.from_call(error)) from None


def progress_of(operation: operations.Operation) -> wire.AnalysisProgress:
    """Its metadata."""
    found = wire.AnalysisProgress()
    assert operation.metadata.Unpack(found)
    return found
