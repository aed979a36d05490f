"""The calls whose request holds the general one: their method, their messages, and what they may ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from solver.formats.kinds import Kind
from solver.service.frames import Call
from solver.v1 import placement_service_pb2 as wire

PREFIX = "request."
"""Before the path of each field: such a message holds the general request in one field."""

VerbRequest = (
    wire.TerminateRequest | wire.DrainRequest | wire.RebalanceRequest | wire.ReconcileRequest | wire.DeployRequest
)
"""A message that holds the general request, as ``request``."""

VerbResponse = (
    wire.TerminateResponse | wire.DrainResponse | wire.RebalanceResponse | wire.ReconcileResponse | wire.DeployResponse
)
"""A message that holds the general response, as ``response``."""


StreamRequest = wire.StreamPlaceRequest | wire.StreamReconcileRequest
"""As ``VerbRequest``, of a call whose answer comes with what is known on the way."""


@dataclass(frozen=True)
class Verb:
    """One call with one response.

    Parameters
    ----------
    method
        Its name in ``PlacementService``.
    request_type, response_type
        Its messages.
    """

    method: str
    kind: Kind
    request_type: Callable[..., VerbRequest]
    response_type: Callable[..., VerbResponse]


@dataclass(frozen=True)
class Stream:
    """One call whose responses are what is known on the way, and in the end the answer.

    Parameters
    ----------
    method, kind, request_type
        As of a ``Verb``.
    response_type
        Its message, which holds a ``PlaceProgress`` in its field ``progress``.
    """

    method: str
    kind: Kind
    request_type: Callable[..., StreamRequest]
    response_type: type[wire.StreamPlaceResponse] | type[wire.StreamReconcileResponse]


VERBS = {
    Call.TERMINATE: Verb("Terminate", Kind.TERMINATE, wire.TerminateRequest, wire.TerminateResponse),
    Call.DRAIN: Verb("Drain", Kind.DRAIN, wire.DrainRequest, wire.DrainResponse),
    Call.REBALANCE: Verb("Rebalance", Kind.REBALANCE, wire.RebalanceRequest, wire.RebalanceResponse),
    Call.RECONCILE: Verb("Reconcile", Kind.RECONCILE, wire.ReconcileRequest, wire.ReconcileResponse),
    Call.DEPLOY: Verb("Deploy", Kind.DEPLOY, wire.DeployRequest, wire.DeployResponse),
}
"""By the call that a worker is asked for; ``Place`` has the general messages themselves."""

STREAMS = {
    Call.STREAM_PLACE: Stream("StreamPlace", Kind.PLACE, wire.StreamPlaceRequest, wire.StreamPlaceResponse),
    Call.STREAM_RECONCILE: Stream(
        "StreamReconcile", Kind.RECONCILE, wire.StreamReconcileRequest, wire.StreamReconcileResponse
    ),
}
"""By the call that a worker is asked for: it sends general responses, which the front puts into those of the call."""
