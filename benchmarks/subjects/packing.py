"""N4: few instances opened under a hard zone spread, against the schedulers."""

from __future__ import annotations

from benchmarks.phases import MODEL, PLACING
from benchmarks.subject import Aim, Case, Rival, Subject
from benchmarks.workloads import packing_problem, scaled
from solver.domain.problem import Problem
from solver.domain.request import Limits

_OPENED = "2/binpack/instances"
_PUBLISHED = "seeds 1 to 3"
_MEASURED = "measured on these instances, 2 cores"


def _build(seed: int, scale: float) -> Problem:
    return packing_problem(scaled(1_000, scale, 30), scaled(500, scale, 30), seed)


SUBJECT = Subject(
    name="packing",
    title="N4, instances opened",
    description=(
        "1,000 tasks of 50 services on 500 partly filled instances of 3 shapes in 3 zones: `datasets/packing.py`."
        " Constraint `maxSkew(zone, 1)`, chain `spread(zone), binpack(cpu)`. Value: the tier "
        "`2/binpack/instances`, empty instances that are opened. The tier after it, what is left on them, is "
        "searched as well and takes the rest of the time limit; *best plan* is when the value was there."
    ),
    cases=(
        Case(
            name=_PUBLISHED,
            build=_build,
            limits=Limits(time_limit=10.0),
            seeds=(1, 2, 3),
            tier=_OPENED,
            optimum={1: 30, 2: 35, 3: 25},
            aims={"answer": Aim(10.0, proven=True)},
            headlines={"answer": "N4: opened, seeds 1 to 3"},
        ),
        Case(
            name="seeds 4 to 13",
            build=_build,
            limits=Limits(time_limit=5.0),
            seeds=tuple(range(4, 14)),
            tier=_OPENED,
            optimum={4: 34, 5: 17},
            aims={"answer": Aim(10.0, proven=True)},
        ),
    ),
    phases=(*PLACING, MODEL),
    rivals=(
        Rival(
            _PUBLISHED, "count model, no hint, 60 s", "34, 46, 25", _MEASURED, value=(34, 46, 25), seconds=(56.9, 60.0)
        ),
        Rival(_PUBLISHED, "Rebalancer, local search, 24 s", "51 (seed 1)", _MEASURED, value=(51,), seconds=(23.5,)),
        Rival(_PUBLISHED, "first fit decreasing", "60, 86, 63", _MEASURED, value=(60, 86, 63), seconds=(0.01, 0.02)),
        Rival(_PUBLISHED, "kube-scheduler 1.34", "99, 125, 91", _MEASURED, value=(99, 125, 91), seconds=(1.2, 1.6)),
        Rival(_PUBLISHED, "Nomad", "116, 144, 115", _MEASURED, value=(116, 144, 115), seconds=(6.7, 7.0)),
        Rival(
            _PUBLISHED,
            "the ECS rule, one task at a time",
            "116, 144, 113",
            _MEASURED,
            value=(116, 144, 113),
            seconds=(0.01, 0.02),
        ),
    ),
)
