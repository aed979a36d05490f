"""Workload N1: replica sets of several priorities on equal nodes that are nearly or more than full.

The shape of the grid on which arXiv 2511.08373 measures a CP-SAT scheduler: replica sets of 1 to 4, CPU and memory uniform from
100 to 1,000, nodes of just the capacity that the utilisation asks for. The tasks arrive one by one, in random order, each on
the node that is least allocated then; a case counts where that leaves some of them pending.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_AMOUNT = (100, 1_000)
_REPLICAS = (1, 4)


@dataclass(frozen=True, eq=False)
class PriorityCase:
    """``S`` replica sets on ``I`` equal nodes.

    Parameters
    ----------
    capacity
        ``int64[2]`` of every node: CPU (thousandths) and memory (MB).
    demand, priority
        ``int64[S, 2]`` and ``int64[S]``, higher first.
    running
        ``int64[S, I]``: placed by the least-allocated rule.
    pending
        ``int64[S]``: what it had no node for.
    """

    capacity: NDArray[np.int64]
    demand: NDArray[np.int64]
    priority: NDArray[np.int64]
    running: NDArray[np.int64]
    pending: NDArray[np.int64]


def priority_case(nodes: int, tasks_a_node: int, priorities: int, utilisation: float, seed: int) -> PriorityCase:
    """The first case from the seed on that leaves something pending."""
    while True:
        draw = random.Random(f"{nodes} {tasks_a_node} {priorities} {utilisation} {seed}")
        found = _drawn(draw, nodes, nodes * tasks_a_node, priorities, utilisation)
        if found.pending.any():
            return found
        seed += 1_000_003


def _drawn(draw: random.Random, nodes: int, tasks: int, priorities: int, utilisation: float) -> PriorityCase:
    replicas: list[int] = []
    while sum(replicas) < tasks:
        replicas.append(min(draw.randint(*_REPLICAS), tasks - sum(replicas)))
    demand = np.array([[draw.randint(*_AMOUNT), draw.randint(*_AMOUNT)] for _ in replicas], np.int64)
    priority = np.array([draw.randrange(priorities) for _ in replicas], np.int64)
    whole = (demand * np.array(replicas)[:, None]).sum(axis=0)
    share = [math.ceil(math.ceil(amount / utilisation) / nodes) for amount in whole.tolist()]
    capacity = np.maximum(demand.max(axis=0), share).astype(np.int64)
    arriving = [number for number, count in enumerate(replicas) for _ in range(count)]
    draw.shuffle(arriving)
    free = np.tile(capacity, (nodes, 1))
    running = np.zeros((len(replicas), nodes), np.int64)
    pending = np.zeros(len(replicas), np.int64)
    for number in arriving:
        fits = np.flatnonzero((free >= demand[number]).all(axis=1))
        if not len(fits):
            pending[number] += 1
            continue
        chosen = fits[np.argmax(((free[fits] - demand[number]) / capacity).mean(axis=1))]
        free[chosen] -= demand[number]
        running[number, chosen] += 1
    return PriorityCase(capacity, demand, priority, running, pending)
