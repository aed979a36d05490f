"""Errors as ``google.rpc.Status``: a code, one ``ErrorInfo``, and what the code calls for.

Every status has exactly one ``ErrorInfo`` with the domain ``placement-solver`` and the error's reason. A status of
INVALID_ARGUMENT has a ``BadRequest`` with the path of each field; one of a server that is overloaded or ends says when to
try again.

A status travels in the trailers of a call, of which many clients take 8 KiB. So texts are cut and faults left out where
there are too many; ``ErrorInfo.metadata["faults"]`` then says how many there were.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2

from solver.errors import (
    Fault,
    InvalidQuery,
    InvalidRequest,
    Overloaded,
    PlacementSolverError,
    PositionGone,
    ShuttingDown,
    StaleVersion,
)

DOMAIN = "placement-solver"
"""Whose reasons they are."""

DETAILS_KEY = "grpc-status-details-bin"
"""The trailer that carries a status."""

MAX_DETAILS = 5_000
"""Bytes of a status: a third more in the trailer, and some room for the message beside it."""

INTERNAL = "INTERNAL"
"""The reason of a fault of the server itself."""

_MAX_TEXT = 300


def to_status(error: PlacementSolverError) -> status_pb2.Status:
    """The status of an error."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN)
    status = status_pb2.Status(code=code_pb2.Code.Value(error.grpc_code), message=_message(error))
    if isinstance(error, InvalidQuery):
        info.metadata.update(column=str(error.column), problem=_cut(error.problem), remedy=_cut(error.remedy))
        if len(error.expression) <= _MAX_TEXT:
            info.metadata["expression"] = error.expression
    if isinstance(error, InvalidRequest):
        bad = _bad_request(error)
        info.metadata["faults"] = str(len(error.faults))
        status.details.add().Pack(info)
        status.details.add().Pack(bad)
        return status
    if isinstance(error, StaleVersion):
        info.metadata["version"] = str(error.version)
    if isinstance(error, PositionGone):
        info.metadata["first"] = str(error.first)
    status.details.add().Pack(info)
    if isinstance(error, Overloaded | ShuttingDown):
        whole, part = divmod(error.retry_seconds, 1)
        delay = Duration(seconds=int(whole), nanos=int(part * 1e9))
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status


def internal() -> status_pb2.Status:
    """The status of a fault of the server itself; what happened stays in its log."""
    status = status_pb2.Status(code=code_pb2.INTERNAL, message="an unexpected fault; the server's log has the details")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=INTERNAL, domain=DOMAIN))
    return status


def from_status(status: status_pb2.Status) -> PlacementSolverError:
    """The error of a status; the base class where its reason is not one of ours."""
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(bad.DESCRIPTOR):
            detail.Unpack(bad)
        elif detail.Is(retry.DESCRIPTOR):
            detail.Unpack(retry)
    kind = _BY_REASON.get(info.reason, PlacementSolverError) if info.domain == DOMAIN else PlacementSolverError
    if issubclass(kind, InvalidQuery):
        said = info.metadata
        column = int(said["column"]) if said["column"].isdecimal() else 1
        return InvalidQuery(said["expression"], column, said["problem"], said["remedy"])
    if issubclass(kind, InvalidRequest):
        return kind(_fault(violation) for violation in bad.field_violations)
    if kind is StaleVersion:
        version = info.metadata["version"]
        return StaleVersion(status.message, int(version) if version.isdecimal() else 0)
    if kind is PositionGone:
        first = info.metadata["first"]
        return PositionGone(status.message, int(first) if first.isdecimal() else 0)
    if issubclass(kind, Overloaded | ShuttingDown) and retry.HasField("retry_delay"):
        return kind(status.message, retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9)
    return kind(status.message)


def reason_of(status: status_pb2.Status) -> str:
    """The reason of a status of this service; empty where it is not of it."""
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
    return info.reason if info.domain == DOMAIN else ""


def all_errors(base: type[PlacementSolverError] = PlacementSolverError) -> Iterator[type[PlacementSolverError]]:
    """Every error there is, the base first."""
    yield base
    for kind in base.__subclasses__():
        yield from all_errors(kind)


_BY_REASON = {kind.reason: kind for kind in all_errors()}


def _message(error: PlacementSolverError) -> str:
    """One line for people."""
    if not isinstance(error, InvalidRequest):
        return _cut(str(error))
    more = len(error.faults) - 1
    first = _cut(str(error.faults[0])) if error.faults else "the request is not valid"
    return f"{first} (and {more} more)" if more > 0 else first


def _bad_request(error: InvalidRequest) -> error_details_pb2.BadRequest:
    """As many faults as there is room for, each at its path."""
    bad = error_details_pb2.BadRequest()
    room = MAX_DETAILS - 2_000
    for fault in error.faults:
        description = f"{_cut(fault.problem)}; {_cut(fault.remedy)}"
        violation = error_details_pb2.BadRequest.FieldViolation(field=_cut(fault.path), description=description)
        room -= violation.ByteSize() + 4
        if room < 0:
            break
        bad.field_violations.append(violation)
    return bad


def _fault(violation: error_details_pb2.BadRequest.FieldViolation) -> Fault:
    problem, _, remedy = violation.description.partition("; ")
    return Fault(violation.field, problem, remedy)


def _cut(text: str) -> str:
    """At most 300 bytes of a text."""
    raw = text.encode()
    return text if len(raw) <= _MAX_TEXT else raw[: _MAX_TEXT - 3].decode(errors="ignore") + "..."
