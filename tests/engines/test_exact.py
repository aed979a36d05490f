"""The exact engine: one tier after the other, until the time is over (§5.2, §10.3)."""

from __future__ import annotations

import pytest
from ortools.sat.python import cp_model

from solver.cpsat import model
from solver.domain.request import Limits
from solver.domain.solution import Stop
from solver.engines import exact, portfolio
from solver.engines.deadline import Deadline
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
