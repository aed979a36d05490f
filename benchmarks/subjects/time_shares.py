"""What the time of a request goes into, from the bytes that come to the bytes that leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import cast

from benchmarks.growth import SERIES, grown
from benchmarks.phases import judged, limits_of
from benchmarks.sampling import shares
from benchmarks.subject import Case, Outcome, Phase, Subject
from benchmarks.subjects import conflict, consolidation, mixed_rules, packing, preemption, priorities, scheduler_shapes
from solver import api
from solver.domain.answer import Answer
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.service import codec
from solver.service.decode import PlaceCall

_SECONDS, _TIMES = 1.0, 50
"""Short requests are repeated until so many seconds have passed, so many times at most."""


def _prepare(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
    problem, limits = case.build(seed, scale), limits_of(case, seed, scale)
    seconds, times = (_SECONDS, _TIMES) if scale == 1 else (0.0, 1)
    return partial(shares, partial(_served, problem, limits), seconds, times)


def _served(problem: Problem, limits: Limits) -> Answer:
    """What client and worker do with a call, without the wire between them."""
    call = codec.call_from_bytes(codec.call_to_bytes(PlaceCall(problem, limits)))
    answer = api.place(call.problem, call.limits)
    return codec.answer_from_bytes(codec.answer_to_bytes(answer), problem)


def _judge(case: Case, seed: int, scale: float, found: object) -> Outcome:
    answer, parts = cast(tuple[Answer, Mapping[str, float]], found)
    outcome = judged(case, seed, scale, answer)
    return replace(outcome, figures={f"{part} (%)": share for part, share in parts.items()})


def _case(name: str, like: Case, seconds: float) -> Case:
    """A case of another subject under a name and a time limit of its own, one seed."""
    limits = replace(like.limits, time_limit=seconds)
    return replace(like, name=name, limits=limits, seeds=like.seeds[:1], optimum={}, aims={}, headlines={})


SUBJECT = Subject(
    name="time_shares",
    title="What the time of a request goes into",
    description=(
        "Cases of other subjects, each from the bytes of the request to the bytes of the answer and back, as client and worker "
        "do it without the wire between them; seed 1. The stack of the calling thread is looked at every millisecond; what "
        "CP-SAT takes before it searches is read off its log. Requests of less than a second are repeated for a second. "
        "*Search* is all that engines do beside building the CP-SAT model, presolve and the sequential plan; figures are "
        "percent of the time. Value and bound as in the subject that the case is from."
    ),
    cases=(
        _case("N3 zone, 3 s", scheduler_shapes.SUBJECT.case("zone"), 3.0),
        Case(
            name="spread, 1,000 tasks on 10,000, 3 s",
            build=partial(grown, SERIES["spread"], 1_000, 10_000, 50, 8),
            limits=Limits(time_limit=3.0),
            seeds=(1,),
        ),
        _case("N4, 5 s", packing.SUBJECT.cases[0], 5.0),
        _case("N4 with other rules, 5 s", mixed_rules.SUBJECT.cases[0], 5.0),
        _case("N5, 10 s", preemption.SUBJECT.case("equal sizes"), 10.0),
        _case("N1, 32 x 8, 4 priorities, 1.05, 5 s", priorities.SUBJECT.cases[-1], 5.0),
        _case("N7, 300 instances, 10 s", consolidation.SUBJECT.case("300 instances"), 10.0),
        _case("a conflict, 2 s", conflict.SUBJECT.case("skew"), 2.0),
    ),
    phases=(Phase("shares", _prepare, _judge),),
)
