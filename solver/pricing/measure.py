"""What is measured: instances in use, what they cost, the skew of which families; tasks and moves are tiers anyway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from solver.domain.cluster import INSTANCE_TYPE
from solver.domain.money import millionths, price_faults
from solver.domain.problem import Problem
from solver.errors import Fault, InvalidRequest, require, under
from solver.pricing.least import Unit
from solver.pricing.listed import families_over
from solver.rules.argument import field_name
from solver.rules.base import Cost
from solver.rules.binpack import InUse
from solver.rules.bound import Rules
from solver.rules.moved import Moved
from solver.rules.running_cost import RunningCost, price_of
from solver.rules.summed_skew import Level, SummedSkew


@dataclass(frozen=True)
class Measure:
    """What is to be little among the plans that follow the strategies and soft rules best, before moves.

    Parameters
    ----------
    prices
        In dollars: of an instance, in millionths, by type.
    levels
        In skew: the families and fields whose skews are added up.
    """

    unit: Unit
    prices: Mapping[str, int]
    levels: tuple[Level, ...]

    def objective(self, rules: Rules) -> tuple[Cost, ...]:
        """The tiers of a request with what is measured."""
        moved = tuple(cost for cost in rules.tiers[-1:] if isinstance(cost, Moved))
        return (*rules.tiers[: len(rules.tiers) - len(moved)], *self._tiers(rules.problem), *moved)

    def _tiers(self, problem: Problem) -> tuple[Cost, ...]:
        if self.unit is Unit.INSTANCES:
            return (InUse.of(problem),)
        if self.unit is Unit.DOLLARS:
            return (RunningCost.of(problem, self.prices),)
        if self.unit is Unit.SKEW:
            # Engines ask of a few of the groups, too.
            return (SummedSkew.of(problem, [level for level in self.levels if level[0] in problem.families]),)
        return ()

    def given(self, problem: Problem) -> int:
        """What is there whatever the plan: instances that tasks outside the request hold, or what they cost."""
        held = problem.holds_unlisted
        if self.unit is Unit.DOLLARS:
            return int(price_of(problem, self.prices)[held].sum())
        return int(held.sum()) if self.unit is Unit.INSTANCES else 0


def measure_of(problem: Problem, unit: Unit, prices: Mapping[str, float], fields: Sequence[str]) -> Measure:
    """The measure of a unit.

    Raises
    ------
    InvalidRequest
        If a field or price makes no sense, or an instance type has no price.
    """
    return Measure(
        unit,
        prices=_prices(problem, prices) if unit is Unit.DOLLARS else {},
        levels=_levels(problem, fields) if unit is Unit.SKEW else (),
    )


def _levels(problem: Problem, fields: Sequence[str]) -> tuple[Level, ...]:
    """The families and fields whose skew is measured."""
    faults = []
    for k, field in enumerate(fields):
        try:
            field_name(field)
        except InvalidRequest as invalid:
            faults += [replace(fault, path=f"fields[{k}]") for fault in invalid.faults]
            continue
        if not (problem.cluster.column(field).codes >= 0).any():
            faults.append(
                Fault(f"fields[{k}]", f"is '{field}', and no instance has it", "name an attribute that some have")
            )
    require(faults)
    wanted = tuple((family, field) for family in problem.families for field in dict.fromkeys(fields))
    found = wanted if fields else tuple(dict.fromkeys(families_over(problem)))
    if not found:
        remedy = "name one, such as attribute:ecs.availability-zone"
        raise InvalidRequest.at("fields", "names none, and no group spreads over an attribute", remedy)
    return found


def _prices(problem: Problem, prices: Mapping[str, float]) -> dict[str, int]:
    """What an instance of each type costs, in millionths; each type of the cluster has a price."""
    require(under("prices", price_faults(prices)))
    types = problem.cluster.column(f"attribute:{INSTANCE_TYPE}")
    lacking = sorted({types[i] or "" for i in range(problem.cluster.size)} - prices.keys())
    if lacking:
        named = ", ".join(name or "instances without a type" for name in lacking[:5])
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        remedy = "give the price of each instance type of the cluster"
        raise InvalidRequest.at("prices", f"has none for {named}{more}", remedy)
    return millionths(prices)
