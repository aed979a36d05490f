"""The calls that answer requests of one kind: their method, their messages, and what they may ask for."""

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


@dataclass(frozen=True)
class Verb:
    """One call.

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


VERBS = {
    Call.TERMINATE: Verb("Terminate", Kind.TERMINATE, wire.TerminateRequest, wire.TerminateResponse),
    Call.DRAIN: Verb("Drain", Kind.DRAIN, wire.DrainRequest, wire.DrainResponse),
    Call.REBALANCE: Verb("Rebalance", Kind.REBALANCE, wire.RebalanceRequest, wire.RebalanceResponse),
    Call.RECONCILE: Verb("Reconcile", Kind.RECONCILE, wire.ReconcileRequest, wire.ReconcileResponse),
    Call.DEPLOY: Verb("Deploy", Kind.DEPLOY, wire.DeployRequest, wire.DeployResponse),
}
"""By the call that a worker is asked for; ``Place`` has the general messages themselves."""
