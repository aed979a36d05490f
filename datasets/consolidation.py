"""Workload N7: half-empty instances in pools, whose tasks would fit on far fewer.

Shapes and demands are those of the packing workload. Each pool is a twentieth of the instances, tied to its services by an
attribute. Each service stands evenly over the zones, and two random pairs of a pool's services never share an instance.
Instances are filled one task at a time until each has a quarter to a half of its CPU in use, as far as the rules let them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.demo_services import ZONES
from datasets.packing import MEMORY_PER_CPU, SERVICE_CPU, SHAPE_WEIGHTS, SHAPES

POOLS = 20
SERVICES_A_POOL = 5
PAIRS_A_POOL = 2
FILL = (0.25, 0.5)
_TRIES = 200


@dataclass(frozen=True, eq=False)
class Pools:
    """``I`` instances and ``S`` services that run on them.

    Parameters
    ----------
    zones, pool
        Of each instance: its zone, and its pool from 0.
    capacity
        ``int64[I, 2]``: CPU units and MiB.
    demand, pool_of_service
        ``int64[S, 2]`` and ``int64[S]``.
    apart
        Pairs of services that never share an instance.
    running
        ``int64[S, I]``.
    """

    zones: tuple[str, ...]
    pool: tuple[int, ...]
    capacity: NDArray[np.int64]
    demand: NDArray[np.int64]
    pool_of_service: NDArray[np.int64]
    apart: tuple[tuple[int, int], ...]
    running: NDArray[np.int64]


def pools(instances: int, seed: int, count: int = POOLS) -> Pools:
    """The cluster of workload N7 with that many instances in ``count`` pools."""
    draw = random.Random(seed)
    capacity = np.array([draw.choices(SHAPES, SHAPE_WEIGHTS)[0] for _ in range(instances)], np.int64)
    target = np.array([draw.uniform(*FILL) for _ in range(instances)])
    pool = tuple(i * count // instances for i in range(instances))
    zone = np.arange(instances) % len(ZONES)
    demand: list[tuple[int, int]] = []
    apart: list[tuple[int, int]] = []
    running = np.zeros((count * SERVICES_A_POOL, instances), np.int64)
    for number in range(count):
        first = number * SERVICES_A_POOL
        for _ in range(SERVICES_A_POOL):
            cpu = draw.choice(SERVICE_CPU)
            demand.append((cpu, cpu * draw.choice(MEMORY_PER_CPU)))
        for _ in range(PAIRS_A_POOL):
            one, other = draw.sample(range(first, first + SERVICES_A_POOL), 2)
            apart.append((one, other))
        inside = np.array(pool) == number
        _fill(
            draw, inside, zone, capacity, target, np.array(demand, np.int64), range(first, len(demand)), apart, running
        )
    return Pools(
        zones=tuple(ZONES[z] for z in zone),
        pool=pool,
        capacity=capacity,
        demand=np.array(demand, np.int64),
        pool_of_service=np.arange(len(demand)) // SERVICES_A_POOL,
        apart=tuple(apart),
        running=running,
    )


def _fill(
    draw: random.Random,
    inside: NDArray[np.bool_],
    zone: NDArray[np.int64],
    capacity: NDArray[np.int64],
    target: NDArray[np.float64],
    demand: NDArray[np.int64],
    services: range,
    apart: list[tuple[int, int]],
    running: NDArray[np.int64],
) -> None:
    """Start tasks of random services in their emptiest zone, until so many draws in a row find no instance."""
    used = np.zeros_like(capacity)
    misses = 0
    while misses < _TRIES:
        service = draw.choice(services)
        by_zone = np.bincount(zone, weights=running[service], minlength=len(ZONES))
        emptiest = draw.choice(np.flatnonzero(by_zone == by_zone.min()).tolist())
        after = used + demand[service]
        fits = inside & (zone == emptiest) & (after <= capacity).all(axis=1)
        fits &= after[:, 0] <= target * capacity[:, 0] + demand[service, 0] / 2
        for one, other in apart:
            if service in (one, other):
                fits &= running[other if service == one else one] == 0
        if not fits.any():
            misses += 1
            continue
        misses = 0
        chosen = draw.choice(np.flatnonzero(fits).tolist())
        running[service, chosen] += 1
        used[chosen] += demand[service]
