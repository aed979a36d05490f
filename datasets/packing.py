"""Workload N4: services to place on a partly filled cluster in three zones, opening as few empty instances as possible.

The instances are those that the figures published for kube-scheduler, Nomad and others were measured on, seed by seed.
So the order of the draws from Python's generator is part of the definition: for each instance its shape, the share in
use, then a factor for memory; after all instances, for each service its CPU and then MiB per CPU unit.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.demo_services import ZONES

SHAPES = ((4096, 15872), (8192, 31744), (16384, 64512))
SHAPE_WEIGHTS = (5, 3, 2)
_SHARES = (0, 0, 0.2, 0.35, 0.5, 0.7)
SERVICE_CPU = (512, 1024, 1024, 2048, 2048, 4096)
MEMORY_PER_CPU = (1, 2, 2, 4, 4, 6)
_GRID = 64
_TASKS_A_SERVICE = 20


@dataclass(frozen=True, eq=False)
class PackingCluster:
    """One cluster of ``I`` instances and ``S`` services to place; resources are CPU units and MiB.

    Parameters
    ----------
    names, zones
        Of the instances, ``I`` each.
    capacity, used
        ``int64[I, 2]``. An instance with nothing used is empty; placing a task on it opens it.
    demand
        ``int64[S, 2]``, of one task of each service.
    tasks
        ``int64[S]``, tasks to place. Every service's zone counts must end within 1 of each other.
    """

    names: tuple[str, ...]
    zones: tuple[str, ...]
    capacity: NDArray[np.int64]
    used: NDArray[np.int64]
    demand: NDArray[np.int64]
    tasks: NDArray[np.int64]

    @property
    def free(self) -> NDArray[np.int64]:
        """``int64[I, 2]``: capacity less what is used."""
        return self.capacity - self.used

    @property
    def empty(self) -> NDArray[np.bool_]:
        """``bool[I]``: instances in use by nothing."""
        result: NDArray[np.bool_] = (self.used == 0).all(axis=1)
        return result


def packing_cluster(tasks: int, instances: int, seed: int) -> PackingCluster:
    """The cluster of workload N4 with that many tasks and instances.

    There is a service for every 20 tasks, at least three; tasks go round the services, so the first services have one
    more where the division leaves a rest.
    """
    draw = random.Random(seed)
    capacity, used = [], []
    for _ in range(instances):
        cpu, memory = draw.choices(SHAPES, SHAPE_WEIGHTS)[0]
        share = draw.choice(_SHARES)
        memory_share = min(1, share * draw.uniform(0.7, 1.3))
        capacity.append((cpu, memory))
        used.append((_on_grid(cpu * share), _on_grid(memory * memory_share)))
    services = max(3, tasks // _TASKS_A_SERVICE)
    demand = []
    for _ in range(services):
        cpu = draw.choice(SERVICE_CPU)
        demand.append((cpu, cpu * draw.choice(MEMORY_PER_CPU)))
    counts = Counter(number % services for number in range(tasks))
    return PackingCluster(
        names=tuple(f"n{number:04d}" for number in range(instances)),
        zones=tuple(ZONES[number % len(ZONES)] for number in range(instances)),
        capacity=np.array(capacity, dtype=np.int64).reshape(-1, 2),
        used=np.array(used, dtype=np.int64).reshape(-1, 2),
        demand=np.array(demand, dtype=np.int64),
        tasks=np.array([counts[service] for service in range(services)], dtype=np.int64),
    )


def _on_grid(amount: float) -> int:
    """Rounded down to a multiple of 64, after cutting off the fraction."""
    return int(amount) // _GRID * _GRID
