"""A reassignment as the columns that the compiled search reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Bools, Ints
from solver.domain.reassignment import Reassignment
from solver.engines.kernels.reassigning import Floats

NEVER = 1e300
"""A knot or a limit that nothing reaches."""

MOVING = np.array([200, 20, 200, 500, 20, 0, 0, 0, 20])
WITH_TRANSIENTS = np.array([200, 50, 150, 450, 100, 0, 0, 50, 20])
"""How often a step is of each kind. Where transient resources are kept at home, what makes room is a task that goes home."""

SERVICE_SWAP, SWAP = 3, 2

MOST_FITS = 20_000_000
"""Pairs of a task and an instance that are looked at one by one."""


@dataclass(frozen=True, eq=False)
class Columns:
    """The arguments of ``solver.engines.kernels.reassigning.reassign`` that stay the same, in its order."""

    arguments: tuple[object, ...]

    @classmethod
    def of(cls, asked: Reassignment) -> Columns:
        """Loads, then balances, then what is away from home of transient resources."""
        demand, base, knot, limit, weight = _rows(asked)
        shown, service = _services(asked)
        linked = asked.dependencies[asked.dependencies[:, 0] != asked.dependencies[:, 1]]
        pairs = shown[linked].reshape(-1, 2)
        services = int(shown.max(initial=-1)) + 1
        member_start, member = _grouped(service, np.arange(asked.tasks), services)
        need_start, need = _grouped(pairs[:, 0], pairs[:, 1], services)
        user_start, user = _grouped(pairs[:, 1], pairs[:, 0], services)
        least = np.zeros(services, np.int64)
        least[shown[shown >= 0]] = asked.least_locations[shown >= 0]
        mean = np.maximum(asked.demand.mean(axis=0), 1.0)
        scale = np.maximum(demand[: 2 * asked.tasks : 2].mean(axis=0), 1.0)
        return cls(
            (
                *(demand, base, knot, weight, limit, 1.0 / scale, int(asked.transient.sum())),
                *((asked.demand / mean).sum(axis=1), np.array(asked.home)),
                asked.weights.task * asked.move_cost.astype(np.float64),
                *(asked.distance.astype(np.int32), float(asked.weights.instance), float(asked.weights.service)),
                *(service, member_start, member, _numbered(asked.location), _numbered(asked.neighbourhood), least),
                *(need_start, need, user_start, user, _mix(asked, service), *_fits(asked)),
            )
        )


def _rows(asked: Reassignment) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Demand ``[2 * T + 1, C]``, base, knot and limit ``[I, C]``, weight ``[C]``."""
    kept = asked.transient
    away = [asked.demand]
    base, knot = [np.zeros_like(asked.capacity)], [asked.safety.astype(np.float64)]
    limit = [np.where(kept, NEVER, asked.capacity)]
    for balance in asked.balances:
        # max(target * free[first] - free[second], 0), with free = capacity - load.
        away.append(asked.demand[:, [balance.second]] - balance.target * asked.demand[:, [balance.first]])
        base.append(balance.target * asked.capacity[:, [balance.first]] - asked.capacity[:, [balance.second]])
        knot.append(np.zeros((asked.instances, 1)))
        limit.append(np.full((asked.instances, 1), NEVER))
    at_home = np.concatenate([*away, np.zeros((asked.tasks, int(kept.sum())), np.int64)], axis=1)
    demand = np.zeros((2 * asked.tasks + 1, at_home.shape[1]))
    demand[:-1:2] = np.concatenate([*away, asked.demand[:, kept]], axis=1)
    demand[1:-1:2] = at_home
    never = np.full((asked.instances, int(kept.sum())), NEVER)
    weight = [*asked.load_weight.tolist(), *(balance.weight for balance in asked.balances), *[0] * int(kept.sum())]
    return (
        demand,
        np.concatenate([*base, asked.load[:, kept]], axis=1).astype(np.float64),
        np.concatenate([*knot, never], axis=1),
        np.concatenate([*limit, asked.capacity[:, kept]], axis=1).astype(np.float64),
        np.array(weight, np.float64),
    )


def _services(asked: Reassignment) -> tuple[Ints, Ints]:
    """Numbers of the services of which counts matter (``int64[S]``, -1 for others), and each task's (``int64[T]``)."""
    counts = np.bincount(asked.service, minlength=asked.services) > 1
    counts[asked.dependencies.reshape(-1)] = True
    counts |= asked.least_locations > 1
    shown = np.where(counts, np.cumsum(counts) - 1, -1)
    return shown, shown[asked.service]


def _grouped(key: Ints, value: Ints, keys: int) -> tuple[Ints, Ints]:
    """Values sorted by key, those below zero left out, and where each key's begin (``int64[keys + 1]``)."""
    order = np.argsort(key, kind="stable")
    order = order[key[order] >= 0]
    start: Ints = np.searchsorted(key[order], np.arange(keys + 1)).astype(np.int64)
    return start, value[order].astype(np.int64)


def _fits(asked: Reassignment) -> tuple[Ints, NDArray[np.int32]]:
    """Of each task the instances with room for what it takes of transient resources, its home among them.

    Nothing, which stands for all, where no resource is transient or the lists would be too long.
    """
    if not asked.transient.any() or asked.tasks * asked.instances > MOST_FITS:
        return np.zeros(1, np.int64), np.zeros(0, np.int32)
    spare = (asked.capacity - asked.load)[:, asked.transient]
    fits: Bools = np.all(asked.demand[:, None, asked.transient] <= spare[None], axis=2)
    fits[np.arange(asked.tasks), asked.home] = True
    return np.append(0, np.cumsum(fits.sum(axis=1))).astype(np.int64), np.nonzero(fits)[1].astype(np.int32)


def _numbered(values: Ints) -> Ints:
    numbers: Ints = np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return numbers


def _mix(asked: Reassignment, service: Ints) -> Ints:
    """The kinds of steps, up to each of them: swaps inside services only as far as tasks have any others there."""
    mix = (WITH_TRANSIENTS if asked.transient.any() else MOVING).astype(np.float64)
    alone = 1.0 - (np.bincount(service[service >= 0], minlength=1)[service[service >= 0]] > 1).sum() / max(
        len(service), 1
    )
    mix[SWAP] += alone * mix[SERVICE_SWAP] / 2
    mix[SERVICE_SWAP] *= 1.0 - alone
    steps: Ints = np.floor(np.cumsum(mix) * 1024 / mix.sum()).astype(np.int64)
    steps[-1] = 1024
    return steps
