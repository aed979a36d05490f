"""A row on the wire, both ways."""

from __future__ import annotations

from solver.service.messages import unpacked
from solver.v1 import analysis_service_pb2 as wire
from solver.whatif.row import Outcome, Row, Tier

_STATUSES = {
    Outcome.OPTIMAL: wire.SCENARIO_STATUS_OPTIMAL,
    Outcome.FEASIBLE: wire.SCENARIO_STATUS_FEASIBLE,
    Outcome.INFEASIBLE: wire.SCENARIO_STATUS_INFEASIBLE,
    Outcome.NOT_FOUND: wire.SCENARIO_STATUS_NOT_FOUND,
    Outcome.FAILED: wire.SCENARIO_STATUS_FAILED,
}
_OUTCOMES = {status: outcome for outcome, status in _STATUSES.items()}

_ALIKE = (
    "scenario",
    "reason",
    "wanted",
    "placed",
    "missing",
    "displaced",
    "lost",
    "moved",
    "stopped",
    "instances",
    "used",
    "fingerprint",
    "seconds",
)
"""Fields that are called alike, and are the same, on both sides."""


def row_to_bytes(row: Row) -> bytes:
    """A ``ScenarioRow``."""
    found = wire.ScenarioRow(
        status=_STATUSES[row.status],
        short=row.short or {},
        tiers=[
            wire.ScenarioTier(name=tier.name, title=tier.title, value=tier.value, bound=tier.bound, proven=tier.proven)
            for tier in row.tiers
        ],
        warnings=row.warnings,
        unsurvived=row.unsurvived,
        cost_millionths=row.cost,
        used_cost_millionths=row.used_cost,
        **{name: getattr(row, name) for name in _ALIKE},
    )
    return found.SerializeToString(deterministic=True)


def row_from_bytes(payload: bytes) -> Row:
    """The row in a ``ScenarioRow``.

    Raises
    ------
    InvalidRequest
        If the bytes are none.
    """
    return row_from_wire(unpacked(payload, wire.ScenarioRow()))


def row_from_wire(found: wire.ScenarioRow) -> Row:
    """The row in a message."""
    return Row(
        status=_OUTCOMES.get(found.status, Outcome.FAILED),
        short=dict(found.short) or None,
        unsurvived=found.unsurvived if found.HasField("unsurvived") else None,
        cost=found.cost_millionths if found.HasField("cost_millionths") else None,
        used_cost=found.used_cost_millionths if found.HasField("used_cost_millionths") else None,
        tiers=tuple(Tier(tier.name, tier.title, tier.value, tier.bound, tier.proven) for tier in found.tiers),
        warnings=tuple(found.warnings),
        **{name: getattr(found, name) for name in _ALIKE},
    )
