"""The subjects of the benchmarks: what they build, and what they notice. Times are not looked at."""

from __future__ import annotations

import pkgutil
from dataclasses import replace

import numpy as np
import pytest

import benchmarks.subjects
from benchmarks.phases import judged
from benchmarks.subject import Case, Subject
from benchmarks.subjects import growth_tasks, one_task, packing, scheduler_shapes, subject, subjects
from datasets.packing import packing_cluster
from solver import api
from solver.domain.answer import Answer
from solver.domain.problem import Problem
from solver.domain.request import Limits

SUBJECTS = pytest.mark.parametrize("subject", subjects(), ids=lambda one: one.name)


def chain(problem: Problem) -> list[str]:
    return [str(spec) for spec in problem.groups[0].strategies or ()]


def constraints(problem: Problem) -> list[str]:
    return [str(spec) for spec in problem.groups[0].constraints]


def test_every_module_is_a_subject() -> None:
    """Whatever module lies in ``benchmarks/subjects`` is measured, under its own name."""
    modules = sorted(module.name for module in pkgutil.iter_modules(benchmarks.subjects.__path__))
    assert sorted(one.name for one in subjects()) == modules
    assert all(subject(name) in subjects() for name in modules)


@SUBJECTS
def test_names_are_distinct(subject: Subject) -> None:
    """A measurement is named by subject, case and phase."""
    for names in ([case.name for case in subject.cases], [phase.name for phase in subject.phases]):
        assert len(names) == len(set(names)) > 0


@SUBJECTS
def test_what_a_case_says_is_of_the_subject(subject: Subject) -> None:
    """Aims and headlines name phases, optima seeds, rivals cases."""
    phases = {phase.name for phase in subject.phases}
    for case in subject.cases:
        assert case.aims.keys() | case.headlines.keys() <= phases
        assert case.optimum.keys() <= set(case.seeds)
    assert {rival.case for rival in subject.rivals} <= {case.name for case in subject.cases}


@SUBJECTS
def test_every_case_can_be_small(subject: Subject) -> None:
    """At a fiftieth of its size a case is the same every time for one seed, and has instances and groups."""
    for case in subject.cases:
        first, second = (case.build(case.seeds[0], 0.02) for _ in range(2))
        assert api.fingerprint(first) == api.fingerprint(second)
        assert 0 < first.cluster.size <= 200
        assert first.groups


def test_one_task() -> None:
    """N2: 1,000 instances of 8 vCPU with five tasks each, one to place."""
    (case,) = one_task.SUBJECT.cases
    problem = case.build(1, 1.0)
    assert problem.cluster.capacity[:, 0].tolist() == [8 * 1024] * 1_000
    assert problem.running.per_instance().tolist() == [5] * 1_000
    assert problem.wanted.tolist() == [1]


@pytest.mark.parametrize(
    ("name", "tasks", "running", "rules", "strategies"),
    [
        ("basic", 10_000, 1_000, [], ["spread(instanceId)"]),
        (
            "zone",
            5_000,
            5_000,
            ["maxSkew(attribute:ecs.availability-zone, 1)"],
            ["spread(attribute:ecs.availability-zone)", "spread(instanceId)"],
        ),
    ],
)
def test_scheduler_shapes(name: str, tasks: int, running: int, rules: list[str], strategies: list[str]) -> None:
    """N3: 5,000 instances of 4 vCPU, 32 GiB and 110 tasks; the tasks, the chain and the constraint as published."""
    problem = scheduler_shapes.SUBJECT.case(name).build(1, 1.0)
    assert problem.cluster.size == 5_000
    assert problem.cluster.capacity[0].tolist() == [4_096, 32_768, 110]
    assert (problem.cluster.capacity // problem.demand[0])[0].min() == 40
    assert problem.wanted.sum() == tasks
    assert problem.running.totals().sum() == running
    assert (problem.cluster.free < problem.cluster.capacity).all(axis=1).sum() == running
    assert (constraints(problem), chain(problem)) == (rules, strategies)


def test_packing() -> None:
    """N4: the published instances, empty ones told from those in use, with the published rules."""
    drawn = packing_cluster(1_000, 500, 2)
    problem = packing.SUBJECT.cases[0].build(2, 1.0)
    assert np.array_equal(problem.cluster.free, drawn.free)
    assert np.array_equal(problem.holds_unlisted, ~drawn.empty)
    assert (problem.wanted.sum(), len(problem.groups)) == (1_000, 50)
    assert constraints(problem) == ["maxSkew(attribute:ecs.availability-zone, 1)"]
    assert chain(problem) == ["spread(attribute:ecs.availability-zone)", "binpack(cpu)"]


@pytest.mark.parametrize("case", growth_tasks.SUBJECT.cases, ids=lambda case: case.name)
def test_growth_in_tasks_is_of_tasks_alone(case: Case) -> None:
    """Along a series the cluster and the demands stay; only the tasks wanted grow, and all of them fit in sum."""
    problem = case.build(1, 1.0)
    smallest = next(other for other in growth_tasks.SUBJECT.cases if other.series == case.series).build(1, 1.0)
    assert problem.wanted.sum() == case.size
    assert np.array_equal(problem.cluster.free, smallest.cluster.free)
    assert np.array_equal(problem.demand, smallest.demand)
    assert (problem.wanted @ problem.demand <= problem.cluster.free.sum(axis=0)).all()


@pytest.fixture(scope="module")
def answer() -> tuple[Case, Answer]:
    """A small case of N4 and its answer."""
    case = packing.SUBJECT.cases[0]
    return case, api.place(case.build(1, 0.02), Limits(time_limit=0.3))


def test_a_sound_answer_has_nothing_wrong(answer: tuple[Case, Answer]) -> None:
    """An answer that the checker accepts, between the bound and the sequential scheduler, passes."""
    case, found = answer
    value = next(tier.value for tier in found.tiers if tier.name == case.tier)
    assert judged(replace(case, optimum={1: value}), 1, 1.0, found).wrong == ()


def test_a_missed_optimum_is_wrong(answer: tuple[Case, Answer]) -> None:
    """A value below the known optimum, or a bound above it, is noticed; at another scale the optimum is not known."""
    case, found = answer
    value = next(tier.value for tier in found.tiers if tier.name == case.tier)
    too_good = replace(case, optimum={1: value + 1})
    assert judged(too_good, 1, 1.0, found).wrong
    assert judged(too_good, 1, 0.1, found).wrong == ()


def test_missing_tasks_are_wrong(answer: tuple[Case, Answer]) -> None:
    """An answer that leaves out tasks is noticed where all can be placed, and only there."""
    case, found = answer
    nothing = replace(found, tasks=found.problem.running)
    unknown = replace(case, optimum={})
    assert any("not placed" in line for line in judged(unknown, 1, 1.0, nothing).wrong)
    assert judged(replace(unknown, all_placed=False), 1, 1.0, nothing).wrong == ()


def test_a_broken_rule_is_wrong(answer: tuple[Case, Answer]) -> None:
    """The checker is asked once more: a plan with twice the tasks is noticed."""
    case, found = answer
    assert any(
        "broken rule" in line for line in judged(case, 1, 0.1, replace(found, tasks=found.tasks + found.tasks)).wrong
    )
