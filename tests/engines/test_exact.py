"""The exact engine: one tier after the other, until the time is over (§5.2, §10.3)."""

from __future__ import annotations

import pytest
from ortools.sat.python import cp_model

from solver.compile import CompiledModel
from solver.cpsat import model
from solver.domain.request import Freedom, Limits, Preempt
from solver.domain.solution import Stop
from solver.engines import exact, portfolio, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import cluster, group, problem


def test_a_deadline_that_passes_while_a_tier_is_searched_ends_the_search_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plan so far is the answer, also where the model is looking at the clock just then."""
    gone: list[bool] = []
    solve = exact._solve

    def solve_and_leave(
        solver: cp_model.CpSolver,
        asked: cp_model.CpModel,
        report: cp_model.CpSolverSolutionCallback | None,
        deadline: Deadline,
    ) -> cp_model.CpSolverStatus:
        gone.append(True)
        return solve(solver, asked, report, deadline)

    monkeypatch.setattr(exact, "_solve", solve_and_leave)
    monkeypatch.setattr(model, "LOOK_EVERY", 1)
    rows = [{"cpu": 7, "memory": 5}, {"cpu": 6, "memory": 7}, {"cpu": 8, "memory": 4}]
    chain = ["spread(instanceId)", "binpack(cpu)"]
    groups = [group("A", 4, chain=chain, cpu=3, memory=1), group("B", 4, chain=chain, cpu=1, memory=3)]
    asked = problem(cluster(rows), groups)
    solution = portfolio.run(bind(asked), Limits(workers=1), cancelled=lambda: bool(gone)).solution
    assert gone
    assert solution.stop is Stop.CANCELLED
    assert not check(asked, solution.tasks)


def test_a_tier_has_nearly_all_of_the_time_where_those_after_it_owe_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is stopped for the waiting task, nothing stopped is as little as can be."""
    given: list[float] = []

    def minimise(
        incumbent: Incumbent,
        compiled: CompiledModel,
        tier: int,
        limits: Limits,
        deadline: Deadline,
    ) -> float:
        given.append(deadline.remaining())
        return 0.0

    monkeypatch.setattr(exact, "_minimise", minimise)
    groups = [group("low", priority=0, cpu=4), group("high", 1, priority=1, cpu=4)]
    asked = problem(
        cluster([{"cpu": 4, "free": {"cpu": 0}}]), groups, {"low": [1]}, freedom=Freedom(preempt=Preempt.LOWER)
    )
    incumbent = Incumbent(bind(asked))
    incumbent.require_sequential(sequential.place(incumbent.rules, 0, Deadline(10)))
    exact.improve(incumbent, Limits(workers=1), Deadline(100))
    assert given and given[0] > 80
