"""The rules of a reassignment, bound with the numbers that it states: its constraints, and its costs as one tier (§5.3)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.domain.reassignment import LOCATION, NEIGHBOURHOOD, Reassignment
from solver.rules.balance import Imbalance
from solver.rules.base import Constraint, Cost
from solver.rules.bound import Rules
from solver.rules.depends_on import DependsOn
from solver.rules.family_moves import FamilyMoves
from solver.rules.max_per_instance import MaxPerInstance
from solver.rules.move_distance import MoveDistance
from solver.rules.moved import Moved
from solver.rules.overload import Overload
from solver.rules.random import Random
from solver.rules.resources import Resource
from solver.rules.spread_over import SpreadOver
from solver.rules.transient import Transient
from solver.rules.weighted import Weighted


def rules_of(asked: Reassignment) -> Rules:
    """Every rule of ``asked.problem``; its one tier is ``cost_of`` them."""
    problem = asked.problem
    cost = Weighted(tuple(_costs(asked)), "reassignment")
    chains = tuple((Random(),) for _ in problem.groups)
    return Rules(problem, tuple(_constraints(asked)), chains, (cost,))


def cost_of(rules: Rules) -> Weighted:
    """The weighted costs of a reassignment's rules.

    Raises
    ------
    TypeError
        If the rules are not those of a reassignment.
    """
    cost = rules.tiers[0]
    if not isinstance(cost, Weighted):
        raise TypeError("not the rules of a reassignment")
    return cost


def _constraints(asked: Reassignment) -> Iterator[Constraint]:
    problem = asked.problem
    for r, name in enumerate(problem.cluster.resources):
        yield Resource(r, name, np.zeros(asked.instances, np.int64))
        if asked.transient[r]:
            yield Transient(r, name)
    for s, least in enumerate(asked.least_locations.tolist()):
        members = problem.families.get(f"s{s}", ())
        if len(members) > 1:
            # In the name of the first: the rule is about all tasks of the service.
            yield MaxPerInstance.parse_distinct(members[0], "")
        if members and least > 1:
            yield SpreadOver(f"s{s}", f"attribute:{LOCATION}", least)
    for one, other in asked.dependencies.tolist():
        if one != other and problem.families.get(f"s{one}"):
            yield DependsOn(f"s{one}", f"s{other}", f"attribute:{NEIGHBOURHOOD}")


def _costs(asked: Reassignment) -> Iterator[tuple[int, Cost]]:
    """Weights and costs, each of which is told apart in a report."""
    yield 1, Overload(asked.safety, asked.load_weight)
    for balance in asked.balances:
        yield balance.weight, Imbalance(balance.first, balance.second, balance.target)
    yield asked.weights.task, Moved(tuple(range(asked.tasks)))
    yield asked.weights.service, FamilyMoves()
    yield asked.weights.instance, MoveDistance(asked.home, asked.distance)
