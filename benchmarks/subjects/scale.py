"""N11: 100,000 tasks on 10,000 instances, and a million on 100,000."""

from __future__ import annotations

from functools import partial

from benchmarks.phases import PLACING
from benchmarks.subject import Aim, Case, Rival, Subject
from benchmarks.workloads import PACK_CPU, SPREAD_ZONES, n4_problem, scaled
from solver.domain.problem import Problem
from solver.domain.request import Limits

_LARGE, _LARGEST = (100_000, 10_000, 1_000), (1_000_000, 100_000, 2_000)
"""Tasks, instances, services."""

_FITS = 5
"""What divides a demand, rounded up, so that ten tasks an instance are as much as two of N4 are."""


_SMALL = 10_000
"""Instances of which a smaller case is a part, at most."""


def _build(size: tuple[int, int, int], shrink: int, seed: int, scale: float) -> Problem:
    part = scale if scale == 1 else scale * _SMALL / size[1]
    tasks, instances, services = (scaled(amount, part, 30) for amount in size)
    return n4_problem(tasks, instances, services, shrink, seed, (SPREAD_ZONES, PACK_CPU), ())


SUBJECT = Subject(
    name="scale",
    title="N11, up to a million tasks",
    description=(
        "Demands, shapes and fill by N4's generator, the tasks divided evenly among 1,000 services (2,000 of the million); "
        "chain `spread(zone), binpack(cpu)`. *As drawn* ten tasks an instance are three times what is free, so that the "
        "first tier, tasks not placed, is what there is to gain; value: that tier. *A fifth*: each demand divided by five, "
        "rounded up, which is N4's load; value: instances opened."
    ),
    cases=(
        Case(
            name="100,000 on 10,000, as drawn",
            build=partial(_build, _LARGE, 1),
            limits=Limits(time_limit=30.0),
            seeds=(1, 2, 3),
            tier="unplaced/0",
            all_placed=False,
            aims={"first plan": Aim(1.0), "answer": Aim(30.5)},
            headlines={"answer": "N11: 100,000 tasks"},
        ),
        Case(
            name="100,000 on 10,000, a fifth",
            build=partial(_build, _LARGE, _FITS),
            limits=Limits(time_limit=30.0),
            seeds=(1, 2, 3),
            tier="2/binpack/instances",
            aims={"first plan": Aim(1.0), "answer": Aim(30.5)},
        ),
        Case(
            name="1,000,000 on 100,000, a fifth",
            build=partial(_build, _LARGEST, _FITS),
            limits=Limits(time_limit=60.0),
            seeds=(1,),
            tier="2/binpack/instances",
            aims={"first plan": Aim(15.0)},
        ),
    ),
    phases=PLACING,
    rivals=(
        Rival("100,000 on 10,000, as drawn", "Rebalancer", "1 to 10 min, no bound", "its documents, 100,000 x 10,000"),
    ),
)
