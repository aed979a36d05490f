"""What a record says of a call: who asked what of which cluster, what came of it, and nothing secret.

Requests and answers stand there by their SHA-256. ``plan_sha256`` is over the actions alone, so that a plan and its commit
have the same one; ``fingerprint`` is that of the answer, with which the plan can be made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from google.longrunning import operations_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from solver.errors import StoreFailed
from solver.service.audit.chain import Value
from solver.service.clusters.state import MAX_NAME
from solver.service.gate import Ended
from solver.service.repeats import MAX_REQUEST_ID
from solver.v1 import audit_pb2 as parts
from solver.v1 import plan_pb2

READING = frozenset(
    {
        "PlacementService/GetVersion",
        "ClusterService/GetCluster",
        "ClusterService/ListClusters",
        "ClusterService/WatchPlacements",
        "AnalysisService/StreamRows",
        "Operations/GetOperation",
        "Operations/ListOperations",
        "Operations/WaitOperation",
    }
)
"""Methods that decide nothing: recorded only where they are refused."""

CHANGING = frozenset({"PutCluster", "ApplyChanges", "DeleteCluster", "Commit", "PutEcsDocuments", "ApplyEcsEvents"})
"""Methods of ``ClusterService`` that change what is kept."""

REFUSED = frozenset({code_pb2.UNAUTHENTICATED, code_pb2.PERMISSION_DENIED})

MAX_SAID, MAX_LABEL = 300, 1_000
"""Characters of an error's message, and of a label, in a record."""

M = TypeVar("M", bound=Message)


def is_decision(call: Ended) -> bool:
    """Whether a call is recorded."""
    return call.call.method not in READING or (call.status is not None and call.status.code in REFUSED)


def has_changed(call: Ended) -> bool:
    """Whether a call has changed what is kept."""
    return call.response is not None and call.call.method.partition("/")[2] in CHANGING


def fields_of(ended: Ended, version: str, at: datetime | None = None) -> dict[str, Value]:
    """What the record of a call says, but for its place in the chain.

    Parameters
    ----------
    version
        Of placement-solver, where the answer says none.
    at
        When it ended; now, where left out.
    """
    call = ended.call
    service, _, method = call.method.partition("/")
    found: dict[str, Value] = {
        "at": (at or datetime.now(UTC)).isoformat(timespec="milliseconds"),
        "caller": call.caller.name,
        "role": call.caller.role.name,
        "method": call.method,
        "peer": str(call.context.peer())[:MAX_NAME],
        "request_sha256": hashlib.sha256(call.request).hexdigest(),
        "seconds": round(ended.seconds, 6),
        "versions": {"placement-solver": version},
        **_outcome(ended),
    }
    if ended.response is not None:
        found["response_sha256"] = hashlib.sha256(ended.response).hexdigest()
    if service == "ClusterService":
        return found | _of_change(method, call.request, ended.response)
    if service in ("AnalysisService", "Operations"):
        return found | _of_analysis(method, call.request, ended.response)
    return found | _of_plan(method, call.request, ended.response)


def gap(version: str, at: datetime | None = None) -> dict[str, Value]:
    """What is recorded, later, of the moment when nothing could be: calls failed from here on, up to the next record."""
    return {
        "at": (at or datetime.now(UTC)).isoformat(timespec="milliseconds"),
        "caller": "",
        "method": "",
        "code": "UNAVAILABLE",
        "reason": StoreFailed.reason,
        "said": "calls failed because they could not be recorded; changes that had happened follow",
        "versions": {"placement-solver": version},
    }


def _outcome(ended: Ended) -> dict[str, Value]:
    if ended.response is not None:
        return {"code": "OK"}
    status = ended.status
    if status is None:
        return {"code": "CANCELLED"}
    return {"code": code_pb2.Code.Name(status.code), "reason": _reason(status), "said": status.message[:MAX_SAID]}


def _reason(status: status_pb2.Status) -> str:
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            return str(info.reason)
    return ""


def _of_plan(method: str, request: bytes, response: bytes | None) -> dict[str, Value]:
    asked = (
        _read(request, parts.AuditedRequest())
        if method == "Place"
        else _read(request, parts.AuditedWrappedRequest()).request
    )
    found: dict[str, Value] = {
        "label": asked.label[:MAX_LABEL],
        "cluster": asked.cluster_name[:MAX_NAME],
        "cluster_version": asked.cluster_version,
    }
    if response is None or method == "Check":
        return found
    answer = _answer(method, response)
    if answer.replay.versions:
        found["versions"] = _texts(answer.replay.versions)
    return found | {
        "status": plan_pb2.Status.Name(answer.status) if answer.status in plan_pb2.Status.values() else "",
        "fingerprint": answer.replay.fingerprint,
        "plan_sha256": digest_of(answer.actions),
        "cluster_version": answer.cluster_version or asked.cluster_version,
    }


def _of_analysis(method: str, request: bytes, response: bytes | None) -> dict[str, Value]:
    """Which analysis was begun, of which cluster, or which one was cancelled; `label` is the operation's name."""
    if method != "RunAnalysis":
        return {"label": _read(request, operations_pb2.CancelOperationRequest()).name[:MAX_LABEL]}
    asked = _read(request, parts.AuditedWrappedRequest()).request
    begun = operations_pb2.Operation() if response is None else _read(response, operations_pb2.Operation())
    return {
        "label": (begun.name or asked.label)[:MAX_LABEL],
        "cluster": asked.cluster_name[:MAX_NAME],
        "cluster_version": asked.cluster_version,
    }


def _answer(method: str, response: bytes) -> parts.AuditedResponse:
    """The answer in a response; of a stream, in its last one."""
    if method == "Place":
        return _read(response, parts.AuditedResponse())
    if method.startswith("Stream"):
        return _read(response, parts.AuditedStreamedResponse()).progress.response
    return _read(response, parts.AuditedWrappedResponse()).response


def _of_change(method: str, request: bytes, response: bytes | None) -> dict[str, Value]:
    found: dict[str, Value] = {}
    if method == "Commit":
        commit = _read(request, parts.AuditedCommit())
        found = {"cluster": commit.name[:MAX_NAME], "cluster_version": commit.version}
        found |= {"label": commit.request_id[:MAX_REQUEST_ID], "plan_sha256": digest_of(commit.actions)}
    elif method != "ListClusters":
        found = {"cluster": _read(request, parts.AuditedChange()).name[:MAX_NAME]}
    if response is not None:
        found["version_after"] = _read(response, parts.AuditedChanged()).version
    return found


def digest_of(actions: Iterable[bytes]) -> str:
    """SHA-256 over the actions of a plan, each behind its length in four bytes."""
    digest = hashlib.sha256()
    for action in actions:
        digest.update(len(action).to_bytes(4, "big"))
        digest.update(action)
    return digest.hexdigest()


def _read(payload: bytes, message: M) -> M:
    """A part of a message; empty where the bytes are none, which is then said by the call's own error."""
    try:
        message.ParseFromString(payload)
    except DecodeError:
        message.Clear()
    return message


def _texts(found: Mapping[str, str]) -> dict[str, str]:
    return {str(key): str(value) for key, value in sorted(found.items())}
