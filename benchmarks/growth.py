"""Problems of growing size, and how fast a measure grows: the exponent between two sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.workloads import PACK_CPU, SPREAD_INSTANCES, SPREAD_ZONES, scaled, shrunk_packing_problem
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec

Chain = tuple[RuleSpec, ...]

SERIES: dict[str, Chain] = {"pack": (SPREAD_ZONES, PACK_CPU), "spread": (SPREAD_ZONES, SPREAD_INSTANCES)}
"""A chain whose last tiers need search, and one that counting proves."""

TIERS = {"pack": "2/binpack/instances", "spread": "2/spread/evenness"}
"""What is reported of an answer with each chain."""


def grown(chain: Chain, tasks: int, instances: int, services: int, shrink: int, seed: int, scale: float) -> Problem:
    """N4's instances and services at a size, with a chain; see ``shrunk_packing_problem``."""
    found = shrunk_packing_problem(scaled(tasks, scale, 30), scaled(instances, scale, 30), services, shrink, seed)
    return replace(found, groups=tuple(replace(group, strategies=chain) for group in found.groups))


def exponents(sizes: Sequence[int], measures: Sequence[float]) -> list[float]:
    """``log(m2 / m1) / log(n2 / n1)`` of neighbours: 1 is proportional growth, 0 none.

    Ratios of measurements taken side by side say more than the measurements on a machine that others use, too.

    Raises
    ------
    ValueError
        If a measure is not above zero.
    """
    pairs = zip(zip(sizes, measures, strict=True), zip(sizes[1:], measures[1:], strict=True), strict=False)
    return [math.log(after / before) / math.log(larger / smaller) for (smaller, before), (larger, after) in pairs]


def fitted_exponent(sizes: Sequence[int], measures: Sequence[float]) -> float:
    """The exponent of ``fitted``; raises as it does."""
    return fitted(sizes, measures)[0]


def fitted(sizes: Sequence[int], measures: Sequence[float]) -> tuple[float, float]:
    """Exponent and factor of ``factor * size ** exponent``: the least-squares line through the logarithms.

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or a measure is not above zero.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes: {len(sizes)} of them have no growth; at least two")
    x = [math.log(size) for size in sizes]
    y = [math.log(measure) for measure in measures]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((one - mean_x) ** 2 for one in x)
    exponent = sum((one - mean_x) * (other - mean_y) for one, other in zip(x, y, strict=True)) / spread
    return exponent, math.exp(mean_y - exponent * mean_x)
