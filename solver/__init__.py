"""Places tasks on an ECS-like cluster: checked, explained, proven.

Importing this package loads none of its modules. A public name is looked up in the module that defines it when it is
first used (PEP 562), so that the checker or the gRPC front never load ortools by accident.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

__all__ = [
    "Action",
    "Answer",
    "Block",
    "Client",
    "ClusterNotFound",
    "ClusterSnapshot",
    "Conflict",
    "Counts",
    "CurvePoint",
    "DeadlineMissed",
    "DeviceNeed",
    "Engine",
    "Fault",
    "Freedom",
    "FunnelStage",
    "HostPorts",
    "InvalidQuery",
    "InvalidRequest",
    "Isolation",
    "Limits",
    "OperationNotFound",
    "Overloaded",
    "PermissionDenied",
    "PlacementSolverError",
    "PlanRejected",
    "Port",
    "PositionGone",
    "Preempt",
    "Problem",
    "Progress",
    "Repair",
    "RequestIdReused",
    "RuleSpec",
    "RunningTask",
    "Scheduling",
    "ServiceUnavailable",
    "Session",
    "Shortfall",
    "ShuttingDown",
    "SourceUnavailable",
    "StaleVersion",
    "Status",
    "Steps",
    "Stop",
    "StoreFailed",
    "Target",
    "TargetKind",
    "TargetZones",
    "TaskGroup",
    "TextColumn",
    "TierResult",
    "TooLarge",
    "Unauthenticated",
    "UnreadableDocument",
    "Violation",
    "WorkerLost",
    "__version__",
    "check",
    "circuit_breaker_threshold",
    "curve",
    "draw",
    "isolation",
    "place",
    "plan_frame",
    "prices",
    "problem_from_frames",
    "read_ecs",
    "read_kubernetes",
    "show",
    "tiers_frame",
    "why",
]

_MODULE_OF: dict[str, str] = {
    "Action": "solver.domain.answer",
    "Answer": "solver.domain.answer",
    "Block": "solver.domain.steps",
    "Client": "solver.service.client",
    "ClusterNotFound": "solver.errors",
    "ClusterSnapshot": "solver.domain.cluster",
    "Conflict": "solver.domain.explanation",
    "Counts": "solver.domain.counts",
    "CurvePoint": "solver.domain.curve",
    "DeadlineMissed": "solver.errors",
    "DeviceNeed": "solver.domain.devices",
    "Engine": "solver.domain.request",
    "Fault": "solver.errors",
    "Freedom": "solver.domain.request",
    "FunnelStage": "solver.domain.explanation",
    "HostPorts": "solver.domain.targets",
    "InvalidQuery": "solver.errors",
    "InvalidRequest": "solver.errors",
    "Isolation": "solver.domain.explanation",
    "Limits": "solver.domain.request",
    "OperationNotFound": "solver.errors",
    "Overloaded": "solver.errors",
    "PermissionDenied": "solver.errors",
    "PlacementSolverError": "solver.errors",
    "PlanRejected": "solver.errors",
    "Port": "solver.domain.cluster",
    "PositionGone": "solver.errors",
    "Preempt": "solver.domain.request",
    "Problem": "solver.domain.problem",
    "Progress": "solver.domain.progress",
    "Repair": "solver.domain.explanation",
    "RequestIdReused": "solver.errors",
    "RuleSpec": "solver.domain.request",
    "RunningTask": "solver.domain.request",
    "Scheduling": "solver.domain.request",
    "ServiceUnavailable": "solver.errors",
    "Session": "solver.session",
    "Shortfall": "solver.domain.explanation",
    "ShuttingDown": "solver.errors",
    "SourceUnavailable": "solver.errors",
    "StaleVersion": "solver.errors",
    "Status": "solver.domain.solution",
    "Steps": "solver.domain.steps",
    "Stop": "solver.domain.solution",
    "StoreFailed": "solver.errors",
    "Target": "solver.domain.targets",
    "TargetKind": "solver.domain.targets",
    "TargetZones": "solver.domain.targets",
    "TaskGroup": "solver.domain.request",
    "TextColumn": "solver.domain.columns",
    "TierResult": "solver.domain.solution",
    "TooLarge": "solver.errors",
    "Unauthenticated": "solver.errors",
    "UnreadableDocument": "solver.errors",
    "Violation": "solver.domain.explanation",
    "WorkerLost": "solver.errors",
    "check": "solver.api",
    "circuit_breaker_threshold": "solver.domain.deployment",
    "curve": "solver.curves",
    "draw": "solver.report.figure",
    "isolation": "solver.api",
    "place": "solver.api",
    "plan_frame": "solver.formats.tables",
    "prices": "solver.api",
    "problem_from_frames": "solver.formats.tables",
    "read_ecs": "solver.formats.ecs:read",
    "read_kubernetes": "solver.formats.kubernetes:read",
    "show": "solver.report",
    "tiers_frame": "solver.formats.tables",
    "why": "solver.api",
}
"""Public name -> the module that defines it, with ``:name`` where it has another name there."""

__version__: str


def __getattr__(name: str) -> object:
    if name == "__version__":
        value: object = version("placement-solver")
    elif name in _MODULE_OF:
        module, _, inner = _MODULE_OF[name].partition(":")
        value = getattr(import_module(module), inner or name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
