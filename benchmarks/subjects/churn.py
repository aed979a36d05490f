"""N12: the same question again after 1 % of its tasks have changed, from nothing and from where the first answer ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from benchmarks.phases import PLACE, judge_place, limits_of, timed
from benchmarks.subject import Case, Phase, Subject
from benchmarks.workloads import EVEN_ZONES, PACK_CPU, SPREAD_ZONES, churned, n4_problem, scaled
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.session import Session


def _first(size: tuple[int, int, int], shrink: int, seed: int, scale: float) -> Problem:
    tasks, instances, services = (scaled(amount, scale, 30) for amount in size)
    return n4_problem(tasks, instances, services, shrink, seed, (SPREAD_ZONES, PACK_CPU), (EVEN_ZONES,))


def _changed(size: tuple[int, int, int], shrink: int, seed: int, scale: float) -> Problem:
    return churned(_first(size, shrink, seed, scale), seed)


def _warm(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
    """A session that has answered the request before the change."""
    session, limits = Session(), limits_of(case, seed, scale)
    session.place(_BEFORE[case.name](seed, scale), limits)
    return partial(timed, session.place, case.build(seed, scale), limits)


def _case(name: str, size: tuple[int, int, int], shrink: int, seconds: float, seeds: tuple[int, ...]) -> Case:
    _BEFORE[name] = partial(_first, size, shrink)
    return Case(
        name=name,
        build=partial(_changed, size, shrink),
        limits=Limits(time_limit=seconds),
        seeds=seeds,
        tier="2/binpack/instances",
    )


_BEFORE: dict[str, Callable[[int, float], Problem]] = {}

SUBJECT = Subject(
    name="churn",
    title="N12, once more after 1 % has changed",
    description=(
        "N4, and N11's 100,000 tasks at N4's load with `maxSkew(zone, 1)` besides. Half a per cent of the tasks are not "
        "wanted any more, and as many others are, drawn at random. *Answer*: the changed request from nothing. *Warm*: in a "
        "session that has answered the request before the change, with the same time limit. What counts is when the value was "
        "there (*best plan*): the tier after it is searched as well, and takes the rest of the time in both. Value: instances "
        "opened."
    ),
    cases=(
        _case("1,000 tasks on 500", (1_000, 500, 50), 1, 5.0, tuple(range(1, 11))),
        _case("5,000 tasks on 2,500", (5_000, 2_500, 250), 1, 10.0, (1, 2, 3, 4, 5)),
        _case("100,000 tasks on 10,000", (100_000, 10_000, 1_000), 5, 30.0, (1,)),
    ),
    phases=(PLACE, Phase("warm", _warm, judge_place)),
)
