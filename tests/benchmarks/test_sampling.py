"""What a thread's time goes into, seen from outside."""

from __future__ import annotations

import sys
import time

import pytest
from ortools.sat.python import cp_model

from benchmarks.sampling import CHECK, ENCODING, MODEL, OTHER, PRESOLVE, SEARCH, part_of, presolving, shares
from benchmarks.workloads import packing_problem
from solver import api
from solver.compile import compile_model
from solver.domain.request import Limits
from solver.engines import exact, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.bind import bind
from solver.service import codec
from solver.service.decode import PlaceCall

PROBLEM = packing_problem(400, 300, 1)


@pytest.mark.parametrize("part", [ENCODING, MODEL, CHECK, OTHER])
def test_the_part_that_does_the_work_has_nearly_all_of_the_time(part: str) -> None:
    """Each kind of work alone is seen as what it is; the shares add up to the whole."""
    rules = bind(PROBLEM)
    tasks = sequential.place(rules, 1)
    work = {
        ENCODING: lambda: codec.call_from_bytes(codec.call_to_bytes(PlaceCall(PROBLEM, Limits()))),
        MODEL: lambda: compile_model(rules),
        CHECK: lambda: api.check(PROBLEM, tasks),
        OTHER: lambda: time.sleep(0.05),
    }
    _, found = shares(work[part], 0.3, 1_000)
    assert max(found, key=lambda one: found[one]) == part
    assert sum(found.values()) == pytest.approx(100)


def test_the_innermost_call_that_is_a_part_counts() -> None:
    """A stack outside of the package is no part of its own."""
    assert part_of(sys._getframe()) == OTHER
    assert part_of(None) == OTHER


def test_presolve_is_told_from_search() -> None:
    """CP-SAT's own log says when it begins to search: a time above zero and below that of the whole."""
    model = cp_model.CpModel()
    places = [[model.new_bool_var("") for _ in range(12)] for _ in range(13)]
    for row in places:
        model.add_at_least_one(row)
    for column in zip(*places, strict=True):
        model.add_at_most_one(column)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.max_time_in_seconds = 1, 0.5
    with presolving() as spent:
        begun = time.perf_counter()
        solver.solve(model)
        whole = time.perf_counter() - begun
    assert len(spent) == 1
    assert 0 < spent[0] < whole
    cp_model.CpSolver().solve(cp_model.CpModel())
    assert len(spent) == 1


def test_the_exact_engine_builds_presolves_and_searches() -> None:
    """All three have their share where the count model is searched."""
    incumbent = Incumbent(bind(PROBLEM))
    incumbent.require_sequential(sequential.place(incumbent.rules, 1))
    _, found = shares(lambda: exact.improve(incumbent, Limits(time_limit=1.0), Deadline(1.0)), 0.0, 1)
    assert all(found[part] > 0 for part in (MODEL, PRESOLVE, SEARCH))
