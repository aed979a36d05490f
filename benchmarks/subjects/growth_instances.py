"""How time and memory grow with the instances."""

from __future__ import annotations

from functools import partial

from benchmarks.growth import SERIES, TIERS, grown
from benchmarks.phases import PLACING
from benchmarks.subject import Case, Subject
from solver.domain.request import Limits

_SIZES = (100, 300, 1_000, 3_000, 10_000)

SUBJECT = Subject(
    name="growth_instances",
    title="Growth with the instances",
    description=(
        "1,000 tasks of 50 of N4's services, each demand divided by 8 so that the smallest cluster holds them, on"
        " 100 to 10,000 of N4's instances. *Pack*: N4's rules, `maxSkew(zone, 1)` and `spread(zone), "
        "binpack(cpu)`. *Spread*: `maxSkew(zone, 1)` and ECS's default chain, `spread(zone), spread(instanceId)`."
        " Time limit 1 s. Value: instances opened; the last sum of squares."
    ),
    cases=tuple(
        Case(
            name=f"{series}, {size:,} instances",
            build=partial(grown, chain, 1_000, size, 50, 8),
            limits=Limits(time_limit=1.0),
            tier=TIERS[series],
            size=size,
            series=series,
            headlines={"first plan": "first plan, 10,000 instances"} if (series, size) == ("pack", 10_000) else {},
        )
        for series, chain in SERIES.items()
        for size in _SIZES
    ),
    phases=PLACING,
    axis="instances",
)
