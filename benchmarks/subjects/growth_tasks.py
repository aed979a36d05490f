"""How time and memory grow with the tasks."""

from __future__ import annotations

from functools import partial

from benchmarks.growth import SERIES, TIERS, grown
from benchmarks.phases import PLACING
from benchmarks.subject import Case, Subject
from solver.domain.request import Limits

_SIZES = (100, 1_000, 10_000, 100_000)
_CLUSTERS = {1_000: 64, 10_000: 8}
"""Instances, and what divides each demand, so that the cluster holds 100,000 tasks."""

_LARGEST = ("pack", 100_000, 10_000)

SUBJECT = Subject(
    name="growth_tasks",
    title="Growth with the tasks",
    description=(
        "100 to 100,000 tasks of 20 of N4's services on 1,000 of N4's instances (each demand divided by 64) and "
        "on 10,000 (divided by 8). *Pack*: N4's rules, `maxSkew(zone, 1)` and `spread(zone), binpack(cpu)`. "
        "*Spread*: `maxSkew(zone, 1)` and ECS's default chain, `spread(zone), spread(instanceId)`. Time limit 1 "
        "s. Value: instances opened; the last sum of squares."
    ),
    cases=tuple(
        Case(
            name=f"{series}, {size:,} tasks on {instances:,}",
            build=partial(grown, chain, size, instances, 20, shrink),
            limits=Limits(time_limit=1.0),
            tier=TIERS[series],
            size=size,
            series=f"{series} on {instances:,} instances",
            headlines={"first plan": "first plan, 100,000 tasks on 10,000"}
            if (series, size, instances) == _LARGEST
            else {},
        )
        for series, chain in SERIES.items()
        for instances, shrink in _CLUSTERS.items()
        for size in _SIZES
    ),
    phases=PLACING,
    axis="tasks",
)
