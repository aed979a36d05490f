"""Everything this package raises, and the gRPC code that each becomes.

::

    PlacementSolverError
    ├── InvalidRequest          INVALID_ARGUMENT    the caller's mistake, every fault with its path
    │   ├── InvalidQuery        INVALID_ARGUMENT    a cluster query expression, with the column
    │   ├── RequestIdReused     INVALID_ARGUMENT    the request_id stands for another request
    │   └── UnreadableDocument  INVALID_ARGUMENT    a file that is missing or is not what it should be
    ├── TooLarge                RESOURCE_EXHAUSTED  a size limit, refused before memory is spent
    ├── Overloaded              RESOURCE_EXHAUSTED  no worker is free within the time given
    ├── ShuttingDown            UNAVAILABLE         the server ends, and takes no calls any more
    ├── Unauthenticated         UNAUTHENTICATED     nothing proves who calls
    ├── PermissionDenied        PERMISSION_DENIED   the caller may not do what was asked
    ├── WorkerLost              UNAVAILABLE         the process that solved is gone; try again
    ├── SourceUnavailable       UNAVAILABLE         a live cluster could not be read
    ├── ServiceUnavailable      UNAVAILABLE         the placement service could not be reached
    ├── DeadlineMissed          DEADLINE_EXCEEDED   the placement service did not answer in time
    ├── ClusterNotFound         NOT_FOUND           no cluster is kept under this name
    ├── OperationNotFound       NOT_FOUND           the caller has no operation of this name
    ├── StaleVersion            ABORTED             the cluster has changed since; read it again
    ├── PositionGone            OUT_OF_RANGE        events after the position are no longer kept; read the cluster again
    ├── StoreFailed             UNAVAILABLE         what should be kept could not be written
    └── PlanRejected            INTERNAL            the checker refused the first plan; no plan leaves

Infeasible, timed out and cancelled are answers, not errors (``solver.domain.solution.Status``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

MAX_FAULTS = 100
"""At most this many faults are listed (§11.1)."""

MAX_FAULT_TEXT = 2_000
"""Characters of each text of a fault: as many as an expression has. Longer ones are cut, since they repeat what was sent."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where, what, and what would be right."""

    path: str
    problem: str
    remedy: str

    def __post_init__(self) -> None:
        for name in ("path", "problem", "remedy"):
            text = getattr(self, name)
            if len(text) > MAX_FAULT_TEXT:
                object.__setattr__(self, name, f"{text[: MAX_FAULT_TEXT - 3]}...")

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; {self.remedy}"


class PlacementSolverError(Exception):
    """Anything that this package raises on purpose."""

    grpc_code = "UNKNOWN"
    reason = "PLACEMENT_SOLVER_ERROR"


class InvalidRequest(PlacementSolverError):
    """The input breaks a rule of the input; lists every fault found (at most 100)."""

    grpc_code = "INVALID_ARGUMENT"
    reason = "INVALID_REQUEST"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)[:MAX_FAULTS]
        super().__init__("\n".join(str(fault) for fault in self.faults))

    @classmethod
    def at(cls, path: str, problem: str, remedy: str) -> Self:
        """One fault."""
        return cls([Fault(path, problem, remedy)])


class InvalidQuery(InvalidRequest):
    """A cluster query expression that cannot be read: the column and what was expected there."""

    reason = "INVALID_QUERY"

    def __init__(self, expression: str, column: int, problem: str, remedy: str) -> None:
        self.expression = expression
        self.column = column
        self.problem = problem
        self.remedy = remedy
        super().__init__([Fault(f"column {column}", problem, remedy)])

    def caret(self) -> str:
        """The expression with a caret under the column (1-based), for a terminal.

        Of a long expression 80 characters are shown, from 40 before the column, with ``...`` where some are left out.
        """
        start = max(0, self.column - 1 - 40)
        before = "..." if start else ""
        after = "..." if start + 80 < len(self.expression) else ""
        shown = f"{before}{self.expression[start : start + 80]}{after}"
        return f"{shown}\n{' ' * (len(before) + self.column - 1 - start)}^"


class UnreadableDocument(InvalidRequest):
    """A document that is missing, truncated or not of the kind its name says."""

    reason = "UNREADABLE_DOCUMENT"


class RequestIdReused(InvalidRequest):
    """The ``request_id`` of a call stands for another request of the same caller."""

    reason = "REQUEST_ID_REUSED"


class TooLarge(PlacementSolverError):
    """An input beyond a configured size limit (§11.3)."""

    grpc_code = "RESOURCE_EXHAUSTED"
    reason = "TOO_LARGE"


class Overloaded(PlacementSolverError):
    """No worker is, or will be, free within the time that the call allows."""

    grpc_code = "RESOURCE_EXHAUSTED"
    reason = "OVERLOADED"

    def __init__(self, said: str, retry_seconds: float = 1.0) -> None:
        self.retry_seconds = retry_seconds
        """When to come back."""
        super().__init__(said)


class ShuttingDown(PlacementSolverError):
    """The server finishes what runs and ends; another one, or this one once it is up again, takes the call."""

    grpc_code = "UNAVAILABLE"
    reason = "SHUTTING_DOWN"

    def __init__(self, said: str = "the server ends; try again", retry_seconds: float = 1.0) -> None:
        self.retry_seconds = retry_seconds
        """When to come back."""
        super().__init__(said)


class Unauthenticated(PlacementSolverError):
    """No certificate and no token proves who calls, or what was sent as proof is none."""

    grpc_code = "UNAUTHENTICATED"
    reason = "UNAUTHENTICATED"


class PermissionDenied(PlacementSolverError):
    """The role of the caller does not allow what was asked: a method, a cluster, a service or a task role."""

    grpc_code = "PERMISSION_DENIED"
    reason = "PERMISSION_DENIED"


class WorkerLost(PlacementSolverError):
    """The worker process ended before it had any plan."""

    grpc_code = "UNAVAILABLE"
    reason = "WORKER_LOST"


class SourceUnavailable(PlacementSolverError):
    """A live cluster could not be read: refused, throttled beyond the retries, or unreachable."""

    grpc_code = "UNAVAILABLE"
    reason = "SOURCE_UNAVAILABLE"


class ServiceUnavailable(PlacementSolverError):
    """The placement service could not be reached, or went away during a call."""

    grpc_code = "UNAVAILABLE"
    reason = "SERVICE_UNAVAILABLE"


class DeadlineMissed(PlacementSolverError):
    """The placement service did not answer before the deadline of the call."""

    grpc_code = "DEADLINE_EXCEEDED"
    reason = "DEADLINE_MISSED"


class ClusterNotFound(PlacementSolverError):
    """No cluster is kept under the name."""

    grpc_code = "NOT_FOUND"
    reason = "CLUSTER_NOT_FOUND"


class OperationNotFound(PlacementSolverError):
    """The caller has no operation of the name, or none any more."""

    grpc_code = "NOT_FOUND"
    reason = "OPERATION_NOT_FOUND"


class StaleVersion(PlacementSolverError):
    """A change, a request or a plan is for another version of a cluster than the present one."""

    grpc_code = "ABORTED"
    reason = "STALE_VERSION"

    def __init__(self, said: str, version: int = 0) -> None:
        self.version = version
        """The present one; 0 where it is not known."""
        super().__init__(said)


class PositionGone(PlacementSolverError):
    """Events after a position are no longer kept, or the position was never reached."""

    grpc_code = "OUT_OF_RANGE"
    reason = "POSITION_GONE"

    def __init__(self, said: str, first: int = 0) -> None:
        self.first = first
        """The position of the first event that is kept, or of the next one; 0 where it is not known."""
        super().__init__(said)


class StoreFailed(PlacementSolverError):
    """The store of the server could not be read or written; what was asked for has not happened, or is not recorded."""

    grpc_code = "UNAVAILABLE"
    reason = "STORE_FAILED"


class PlanRejected(PlacementSolverError):
    """The checker refused the plan that every answer begins with: a fault of this package."""

    grpc_code = "INTERNAL"
    reason = "PLAN_REJECTED"


def require(faults: Iterable[Fault]) -> None:
    """Raise the faults, if there are any.

    Raises
    ------
    InvalidRequest
        With all of them.
    """
    found = tuple(faults)
    if found:
        raise InvalidRequest(found)


def under(where: str, faults: Iterable[Fault]) -> Iterator[Fault]:
    """The faults of a part, by their paths in the whole."""
    for fault in faults:
        joined = fault.path if fault.path.startswith("[") else f".{fault.path}" if fault.path else ""
        yield replace(fault, path=f"{where}{joined}")
