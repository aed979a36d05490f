"""All engines under one deadline: nothing is begun that could not end, and who has gone is not searched for."""

from __future__ import annotations

import time
from typing import Any

import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import Stop
from solver.engines import packed_first, portfolio, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.rules.bind import bind
from solver.rules.bound import Rules
from tests.builders import cluster, group, problem

LIMIT = 0.5


def asked() -> Problem:
    """The small task takes the room of the large one; every search finds the plan that places both."""
    rows = [{"cpu": 4}, {"cpu": 1}]
    return problem(cluster(rows), [group("small", 1, cpu=1), group("large", 1, cpu=4)])


def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engines that are loaded from here on."""
    found: list[str] = []
    load = portfolio.loaded

    def noted(engine: str, seconds: float) -> Any:
        found.append(engine)
        return load(engine, seconds)

    monkeypatch.setattr(portfolio, "loaded", noted)
    monkeypatch.setattr(packed_first, "place", lambda rules, seed, deadline: rules.problem.running)
    return found


def slow_checks(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Have it be known that a check of a plan takes so long."""
    take = Incumbent.require_sequential

    def taken(incumbent: Incumbent, tasks: Counts) -> None:
        take(incumbent, tasks)
        incumbent.check_seconds = seconds

    monkeypatch.setattr(Incumbent, "require_sequential", taken)


def test_where_checks_are_fast_engines_are_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the next test says is due to the checks."""
    found = begun(monkeypatch)
    monkeypatch.setattr(sequential, "place", lambda rules, *_: rules.problem.running)
    portfolio.run(bind(asked()), Limits(time_limit=LIMIT, workers=1))
    assert found


def test_no_engine_is_begun_that_could_only_prepare_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its arrays alone would take the time that is left; the answer says that time ran out."""
    found = begun(monkeypatch)
    slow_checks(monkeypatch, LIMIT / portfolio.CHECKS_BEFORE)
    monkeypatch.setattr(sequential, "place", lambda rules, *_: rules.problem.running)
    run = portfolio.run(bind(asked()), Limits(time_limit=LIMIT, workers=1))
    assert found == []
    assert run.solution.stop is Stop.TIME


def test_an_engine_is_begun_where_the_answer_may_be_so_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an answer may be late by is there for the arrays: short requests would be left with their first plan else."""
    found = begun(monkeypatch)
    slow_checks(monkeypatch, LIMIT / portfolio.CHECKS_BEFORE)
    monkeypatch.setattr(portfolio, "LATE_SECONDS", LIMIT)
    monkeypatch.setattr(sequential, "place", lambda rules, *_: rules.problem.running)
    portfolio.run(bind(asked()), Limits(time_limit=LIMIT, workers=1))
    assert found


def test_time_is_kept_for_what_comes_after_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as two checks; so the search has less where they are slow."""
    seen: list[float] = []

    def noted(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> str:
        seen.append(deadline.remaining())
        return "none"

    monkeypatch.setattr(portfolio, "_improve", noted)
    monkeypatch.setattr(sequential, "place", lambda rules, *_: rules.problem.running)
    for seconds in (0.0, 0.1):
        slow_checks(monkeypatch, seconds)
        portfolio.run(bind(asked()), Limits(time_limit=LIMIT, workers=1))
    kept = 2 * 0.1 - portfolio.LATE_SECONDS
    assert seen[0] > 0.8 * LIMIT
    assert seen[1] == pytest.approx(LIMIT - kept, abs=0.06)


def test_a_first_plan_is_cut_short_for_who_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment after the start, not after the whole of its time; there is a plan, if only of what was placed by then."""
    ended: list[float] = []

    def slow(rules: Rules, seed: int, deadline: Deadline, *_: object) -> Counts:
        while not deadline.passed():
            time.sleep(0.001)
        ended.append(time.monotonic())
        return rules.problem.running

    monkeypatch.setattr(sequential, "place", slow)
    begun = time.monotonic()
    run = portfolio.run(bind(asked()), Limits(time_limit=20.0, workers=1), cancelled=lambda: True)
    assert portfolio.FIRST_SECONDS <= ended[0] - begun < 2.0
    assert run.solution.stop is Stop.CANCELLED
    assert portfolio.CUT in run.remarks
