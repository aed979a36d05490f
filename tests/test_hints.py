"""A plan that the caller has, as a hint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver import api
from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits, RuleSpec, TaskGroup
from solver.domain.solution import TierResult
from solver.errors import InvalidRequest
from tests.service import problems

SPREAD = TaskGroup("web", "web", {"cpu": 1024}, start=2, strategies=(RuleSpec("spread", "instanceId"),))
PACK = replace(SPREAD, strategies=(RuleSpec("binpack", "cpu"),))


def values(tiers: tuple[TierResult, ...]) -> list[int]:
    """What the plan costs."""
    return [tier.value for tier in tiers]


def tight() -> tuple[Problem, Counts]:
    """Two instances where the sequential scheduler spreads web and leaves no room for db, and a plan that places both."""
    groups = (
        TaskGroup("web", "web", {"cpu": 1024}, start=2, strategies=(RuleSpec("spread", "instanceId"),)),
        TaskGroup("db", "db", {"cpu": 4096}, start=1),
    )
    return problems.small(2, groups), Counts.dense(np.array([[2, 0], [0, 1]]))


def test_a_hint_that_is_better_is_the_answer_at_least() -> None:
    """Cancelled before any search, the answer is the sequential plan without the hint, and the hint with it."""
    problem, hint = tight()
    seen: list[Counts] = []

    def first(given: Counts | None) -> Answer:
        """The answer to a search that is cancelled with its first plan."""
        seen.clear()
        return api.place(
            problem, on_incumbent=lambda tasks, _: seen.append(tasks), cancelled=lambda: bool(seen), hint=given
        )

    plain, answer = first(None), first(hint)
    assert (values(plain.tiers)[0], values(answer.tiers)[0]) == (1, 0)
    assert list(answer.tasks) == list(hint)
    assert not [warning for warning in answer.warnings if "hint" in warning]


def test_a_hint_is_no_reason_for_a_worse_plan() -> None:
    """A checked plan that is worse than the one found without it changes nothing."""
    problem = problems.small(3, (SPREAD,))
    worse = Counts.dense(np.array([[2, 0, 0]]))
    assert api.check(problem, worse) == ()
    plain, answer = api.place(problem), api.place(problem, hint=worse)
    assert values(answer.tiers) == values(plain.tiers)
    assert answer.warnings == plain.warnings


def test_a_hint_outside_of_the_problem_is_refused() -> None:
    """Another shape, or a cell that is not there, is the caller's mistake."""
    problem = problems.small(3, (PACK,))
    with pytest.raises(InvalidRequest, match=r"hint: has shape \(1, 2\); must be groups x instances, \(1, 3\)"):
        api.place(problem, hint=Counts.dense(np.array([[1, 0]])))


def test_the_sequential_engine_takes_no_hint() -> None:
    """Asked alone, it answers alone, and says so."""
    problem = problems.small(3, (PACK,))
    answer = api.place(problem, Limits(engine=Engine.SEQUENTIAL), hint=Counts.dense(np.array([[2, 0, 0]])))
    assert "the hint was ignored: the sequential engine alone was asked for" in answer.warnings
