"""How time and memory grow with the groups."""

from __future__ import annotations

from functools import partial

from benchmarks.growth import SERIES, TIERS, grown
from benchmarks.phases import PLACING
from benchmarks.subject import Case, Subject
from solver.domain.request import Limits

_SIZES = (10, 30, 100, 300)

SUBJECT = Subject(
    name="growth_groups",
    title="Growth with the groups",
    description=(
        "3,000 tasks of 10 to 300 of N4's services, each demand divided by 8, on 1,000 of N4's instances. *Pack*: N4's "
        "rules, `maxSkew(zone, 1)` and `spread(zone), binpack(cpu)`. *Spread*: `maxSkew(zone, 1)` and ECS's default chain, "
        "`spread(zone), spread(instanceId)`. Time limit 2 s. Value: instances opened; the last sum of squares."
    ),
    cases=tuple(
        Case(
            name=f"{series}, {size:,} groups",
            build=partial(grown, chain, 3_000, 1_000, size, 8),
            limits=Limits(time_limit=2.0),
            seeds=(1, 2, 3),
            tier=TIERS[series],
            size=size,
            series=series,
        )
        for series, chain in SERIES.items()
        for size in _SIZES
    ),
    phases=PLACING,
    axis="groups",
)
