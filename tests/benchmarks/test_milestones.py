"""When an answer reached what: against its own final bound, tier by tier."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.milestones import Moment, fixed_parts, gap, milestones
from solver import api
from solver.domain.answer import Answer
from solver.domain.request import Limits
from solver.domain.solution import TierResult
from tests.builders import cluster, group, problem


@pytest.fixture(scope="module")
def answer() -> Answer:
    """Four tasks spread over three instances, of which one is full: the least sum of squares is 8, and counting says so."""
    rows = [{"cpu": 9}, {"cpu": 9}, {"cpu": 0}]
    return api.place(problem(cluster(rows), [group("A", 4, chain=["spread(instanceId)"], cpu=1)]), Limits(time_limit=1))


def with_tiers(answer: Answer, *tiers: tuple[int, int]) -> Answer:
    """The answer with two counting tiers of these values and bounds."""
    named = [
        TierResult(f"moved/{number}", "", value, bound, value == bound, "model", value)
        for number, (value, bound) in enumerate(tiers)
    ]
    return replace(answer, tiers=tuple(named))


def test_the_gap_is_of_what_a_plan_can_change() -> None:
    """Twenty above a bound of 100 is a sixth of 120, and half of it where 80 cannot be changed; at the bound there is none."""
    assert gap(120, 100, 0) == pytest.approx(1 / 6)
    assert gap(120, 100, 80) == pytest.approx(1 / 2)
    assert gap(120, 100, 100) == 1.0
    assert gap(100, 100, 100) == 0.0
    assert gap(0, 0, 0) == 0.0


def test_each_milestone_is_the_first_moment_at_which_it_held(answer: Answer) -> None:
    """Plans count once the earlier tier is as good as in the end; the gap is to the final bound, the proof to that moment's."""
    history = [
        Moment(1.0, (3, 50), (2, 0)),
        Moment(2.0, (2, 120), (2, 0)),
        Moment(3.0, (2, 104), (2, 0)),
        Moment(4.0, (2, 100), (2, 90)),
        Moment(5.0, (2, 100), (2, 100)),
    ]
    assert milestones(history, with_tiers(answer, (2, 2), (100, 100)), 1) == {
        "first plan (s)": 1.0,
        "within 5 % (s)": 3.0,
        "within 1 % (s)": 4.0,
        "best plan (s)": 4.0,
        "proved (s)": 5.0,
    }


def test_what_was_not_reached_is_left_out(answer: Answer) -> None:
    """A plan four above a bound of 100 is never within 1 %, and not proved."""
    history = [Moment(1.0, (2, 104), (2, 100))]
    assert milestones(history, with_tiers(answer, (2, 2), (104, 100)), 1) == {
        "first plan (s)": 1.0,
        "within 5 % (s)": 1.0,
        "best plan (s)": 1.0,
    }


def test_a_tier_is_within_no_share_while_an_earlier_one_is_not(answer: Answer) -> None:
    """Nothing moved is no merit where half of what was wanted is missing, and nobody knows whether it must be."""
    history = [Moment(1.0, (10, 0), (5, 0))]
    assert milestones(history, with_tiers(answer, (10, 5), (0, 0)), 1) == {
        "first plan (s)": 1.0,
        "best plan (s)": 1.0,
    }


def test_of_evenness_counting_gives_what_no_plan_changes(answer: Answer) -> None:
    """The sum of squares is never below what counting proves; of the tiers that count tasks all can be changed."""
    names = [tier.name for tier in answer.tiers]
    last = len(names) - 1
    assert names[last] == "1/spread/evenness"
    assert fixed_parts(answer, last)[-1] == 8
    assert set(fixed_parts(answer, last)[:-1]) == {0}
    assert fixed_parts(with_tiers(answer, (2, 2), (100, 100)), 1) == (0, 0)
