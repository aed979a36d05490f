"""Problems that more than one subject measures: equal instances, and the packing workload N4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from datasets.demo_services import ZONES
from datasets.packing import PackingCluster, packing_cluster
from solver.domain.cluster import ZONE, ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, Scheduling, TaskGroup

ZONE_FIELD = f"attribute:{ZONE}"
SPREAD_ZONES = RuleSpec("spread", ZONE_FIELD)
SPREAD_INSTANCES = RuleSpec("spread", "instanceId")
EVEN_ZONES = RuleSpec("maxSkew", f"{ZONE_FIELD}, 1")
PACK_CPU = RuleSpec("binpack", "cpu")

CHURN = 0.01
"""Of the tasks, changes from one request to the next."""


def scaled(amount: int, scale: float, least: int = 1) -> int:
    """That share of an amount, but at least ``least``."""
    return max(least, round(amount * scale))


def equal_instances(instances: int, capacity: dict[str, int], taken: NDArray[np.int64]) -> ClusterSnapshot:
    """Instances of one shape that take the three zones in turn.

    Parameters
    ----------
    taken
        ``int64[I, R]``: what runs there already takes, in the order of ``capacity``.
    """
    amounts = np.tile(np.array(list(capacity.values()), np.int64), (instances, 1))
    return ClusterSnapshot(
        instance_ids=tuple(f"i-{number:06d}" for number in range(instances)),
        resources=tuple(capacity),
        capacity=amounts,
        free=amounts - taken,
        active=np.ones(instances, np.bool_),
        connected=np.ones(instances, np.bool_),
        attributes={ZONE: TextColumn.of([ZONES[number % len(ZONES)] for number in range(instances)])},
    )


def packing_problem(tasks: int, instances: int, seed: int) -> Problem:
    """Workload N4 as a request: a service each, hard zone spread, then as few instances opened as possible."""
    drawn = packing_cluster(tasks, instances, seed)
    return _packing(drawn, drawn.demand, drawn.tasks)


def shrunk_packing_problem(tasks: int, instances: int, services: int, shrink: int, seed: int) -> Problem:
    """N4's instances with ``services`` of N4's services, ``tasks`` divided evenly, each demand divided by ``shrink``.

    ``shrink`` is what keeps the largest number of tasks of a series within the smallest cluster of it.
    """
    drawn = packing_cluster(20 * services, instances, seed)
    return _packing(drawn, drawn.demand // shrink, _shares(tasks, len(drawn.demand)))


def n4_problem(
    tasks: int,
    instances: int,
    services: int,
    shrink: int,
    seed: int,
    chain: Sequence[RuleSpec],
    constraints: Sequence[RuleSpec],
) -> Problem:
    """N4's instances with ``services`` of its services, ``tasks`` divided evenly, each demand divided and rounded up."""
    drawn = packing_cluster(20 * services, instances, seed)
    return _packing(drawn, -(-drawn.demand // shrink), _shares(tasks, len(drawn.demand)), chain, constraints)


def churned(problem: Problem, seed: int) -> Problem:
    """N12: one task in two hundred is not wanted any more, and as many others are."""
    draw, wanted = np.random.default_rng(seed), problem.wanted.copy()
    many = max(round(wanted.sum() * CHURN / 2), 1)
    owner = np.repeat(np.arange(len(wanted)), wanted)
    np.subtract.at(wanted, draw.choice(owner, many, replace=False), 1)
    np.add.at(wanted, draw.integers(0, len(wanted), many), 1)
    groups = zip(problem.groups, wanted.tolist(), strict=True)
    return replace(problem, groups=tuple(replace(group, start=start) for group, start in groups))


def _shares(tasks: int, services: int) -> NDArray[np.int64]:
    share, rest = divmod(tasks, services)
    return np.array([share + (number < rest) for number in range(services)], np.int64)


def _packing(
    drawn: PackingCluster,
    demand: NDArray[np.int64],
    wanted: NDArray[np.int64],
    chain: Sequence[RuleSpec] = (SPREAD_ZONES, PACK_CPU),
    constraints: Sequence[RuleSpec] = (EVEN_ZONES,),
) -> Problem:
    instances = len(drawn.names)
    cluster = ClusterSnapshot(
        instance_ids=drawn.names,
        resources=("cpu", "memory"),
        capacity=drawn.capacity,
        free=drawn.free,
        active=np.ones(instances, np.bool_),
        connected=np.ones(instances, np.bool_),
        attributes={ZONE: TextColumn.of(drawn.zones)},
    )
    groups = tuple(
        service(f"s{number:04d}", dict(zip(cluster.resources, amounts, strict=True)), start, chain, constraints)
        for number, (amounts, start) in enumerate(zip(demand.tolist(), wanted.tolist(), strict=True))
    )
    return Problem(cluster, groups, Counts.empty(len(groups), instances))


def service(
    name: str,
    demand: dict[str, int],
    start: int,
    chain: Sequence[RuleSpec],
    constraints: Sequence[RuleSpec] = (EVEN_ZONES,),
) -> TaskGroup:
    """A service that wants ``start`` new tasks, by default within 1 of each other over the zones."""
    return TaskGroup(
        name=f"service:{name}",
        family=f"service:{name}",
        demand=demand,
        start=start,
        constraints=tuple(constraints),
        strategies=tuple(chain),
        scheduling=Scheduling.REPLICA,
    )
