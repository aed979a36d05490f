"""How long and how an engine may search, and what it may change: from the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from solver.domain.request import MOST_SECONDS, MOST_WORKERS, Engine, Freedom, Limits, Preempt
from solver.domain.survival import Survival
from solver.service.sizes import SizeLimits
from solver.v1 import placement_service_pb2 as wire

V = TypeVar("V")

Note = Callable[[str, str, str], None]
"""Notes a fault: its path, what is wrong, what would be right."""

_ENGINES = {
    wire.ENGINE_UNSPECIFIED: Engine.AUTO,
    wire.ENGINE_AUTO: Engine.AUTO,
    wire.ENGINE_EXACT: Engine.EXACT,
    wire.ENGINE_SEQUENTIAL: Engine.SEQUENTIAL,
}
_PREEMPTS = {
    wire.PREEMPT_UNSPECIFIED: Preempt.NONE,
    wire.PREEMPT_NONE: Preempt.NONE,
    wire.PREEMPT_LOWER: Preempt.LOWER,
    wire.PREEMPT_ANY: Preempt.ANY,
}


def limits_of(limits: wire.Limits, sizes: SizeLimits, fault: Note) -> Limits:
    """The limits; what is not set takes its default."""
    default = Limits()
    seconds = limits.time_limit_seconds if limits.HasField("time_limit_seconds") else default.time_limit
    if not 0 < seconds <= sizes.time_limit:
        remedy = f"must be above 0 and at most {sizes.time_limit:,.0f} s"
        fault("limits.time_limit_seconds", f"is {seconds} s", remedy)
    fixed = limits.deterministic_limit_seconds if limits.HasField("deterministic_limit_seconds") else None
    if fixed is not None and not 0 < fixed <= MOST_SECONDS:
        fault("limits.deterministic_limit_seconds", f"is {fixed}", f"must be above 0 and at most {MOST_SECONDS:,}")
    workers = limits.workers if limits.HasField("workers") else default.workers
    if not 1 <= workers <= MOST_WORKERS:
        fault("limits.workers", f"is {workers}", f"must be 1 to {MOST_WORKERS}")
    if limits.seed < 0:
        fault("limits.seed", f"is {limits.seed}", "must be 0 to 2,147,483,647")
    if limits.engine not in _ENGINES:
        fault("limits.engine", f"is {limits.engine}", "must be AUTO, EXACT or SEQUENTIAL")
    return Limits(seconds, fixed, workers, limits.seed, _ENGINES.get(limits.engine, Engine.AUTO))


def freedom_of(freedom: wire.Freedom, fault: Note) -> Freedom:
    """What may change beside what is asked for."""
    if freedom.preempt not in _PREEMPTS:
        fault("freedom.preempt", f"is {freedom.preempt}", "must be NONE, LOWER or ANY")
    return Freedom(
        max_moves=freedom.max_moves if freedom.HasField("max_moves") else None,
        max_move_cost=freedom.max_move_cost if freedom.HasField("max_move_cost") else None,
        min_gain=freedom.min_gain,
        preempt=_PREEMPTS.get(freedom.preempt, Preempt.NONE),
        repair=freedom.repair,
        empty=freedom.empty,
        consolidate=freedom.consolidate,
        slot=in_order(freedom.slot),
        interleaved=freedom.interleaved,
    )


def survival_of(message: wire.PlaceRequest, fault: Note) -> Survival | None:
    """What the plan must survive; None where that is not asked for."""
    if not message.survive:
        if message.survive_groups:
            fault("survive_groups", "is said without survive", "name what may be lost in survive, such as zone")
        return None
    if message.limits.HasField("deterministic_limit_seconds"):
        problem = "stands beside survive, whose searches share the wall clock"
        fault("limits.deterministic_limit_seconds", problem, "set time_limit_seconds alone")
    return Survival(tuple(message.survive), tuple(message.survive_groups))


_FIELDS = {"lose": "survive", "covered": "survive_groups"}


def field_of(path: str) -> str:
    """The path of a fault that ``solver.robustness`` found, as the wire names what is wrong."""
    name, bracket, rest = path.partition("[")
    return f"{_FIELDS.get(name, name)}{bracket}{rest}"


def in_order(found: Mapping[str, V]) -> dict[str, V]:
    """A map of the wire by name: it has no order of its own, and the same request must be read the same (§10.1)."""
    return dict(sorted(found.items()))
