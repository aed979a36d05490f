"""The worked examples 41 to 47 of ECS's documents on capacity providers and auto scaling, with their figures."""

from __future__ import annotations

from fractions import Fraction

import pytest

from solver.errors import InvalidRequest
from solver.scaling.managed_scaling import ManagedScaling, decide
from solver.scaling.reservation import reservation
from solver.scaling.step_scaling import Adjustment, Side, Step, StepScaling, adjusted
from solver.scaling.strategy import Share, next_providers, split
from solver.scaling.zone_rebalancing import next_turn, turns


def test_41_weights_alone() -> None:
    """A weight 1, B weight 4, no base, 5 tasks: A=1, B=4."""
    shares = (Share("A", weight=1), Share("B", weight=4))
    assert split(5, shares) == {"A": 1, "B": 4}
    assert next_providers({}, 5, shares) == {"A": 1, "B": 4}


def test_42_base_first() -> None:
    """A base 2 weight 1, B weight 1, 10 tasks: A=2+4=6, B=4."""
    shares = (Share("A", base=2, weight=1), Share("B", weight=1))
    assert split(10, shares) == {"A": 6, "B": 4}
    assert next_providers({}, 10, shares) == {"A": 6, "B": 4}


def test_43_no_weight_at_all() -> None:
    """With all weights 0 the call fails."""
    with pytest.raises(InvalidRequest, match="no weight above 0"):
        split(1, (Share("A", base=1), Share("B")))


@pytest.mark.parametrize(("needed", "running", "percent"), [(2, 3, "66.7"), (0, 0, "100.0"), (3, 0, "200.0")])
def test_44_the_reservation(needed: int, running: int, percent: str) -> None:
    """M=2, N=3 is 66.7; M=N=0 is 100; M=3, N=0 is 200."""
    assert f"{float(reservation(needed, running)):.1f}" == percent


def test_44_a_cold_start_launches_two() -> None:
    """From no instance the group goes to two, however many are needed."""
    change = decide(ManagedScaling(), 3, 0, 0, 0, warming=False, bounds=(0, 50))
    assert (change.desired, change.reservation) == (2, 200)


def test_45_at_the_target_nothing_happens() -> None:
    """N=10, M=9 with a target of 90 is a reservation of 90: no action, in whatever minute; one less or more needed is some."""
    scaling = ManagedScaling(target_capacity=90)
    assert reservation(9, 10) == 90
    at = decide(scaling, 9, 10, 10, 100, warming=False, bounds=(0, 50))
    assert (at.desired, at.below) == (10, 0)
    assert decide(scaling, 10, 10, 10, 0, warming=False, bounds=(0, 50)).desired == 12
    assert decide(scaling, 8, 10, 10, 14, warming=False, bounds=(0, 50)).desired == 9


def test_46_a_percentage_has_a_least_magnitude() -> None:
    """Steps of 25 % from 4 tasks with a least adjustment of 2 are +2, not +1."""
    policy = StepScaling(
        threshold=Fraction(60),
        side=Side.ABOVE,
        steps=(Step(25, lower=Fraction(0)),),
        adjustment_type=Adjustment.PERCENT,
        min_adjustment_magnitude=2,
    )
    assert policy.wish([Fraction(75)], 4, 4).tasks == 4 + 2
    without = StepScaling(Fraction(60), Side.ABOVE, policy.steps, Adjustment.PERCENT)
    assert adjusted(4, 25, without) == 4 + 1


def test_47_zones_are_rebalanced_by_starts_before_stops() -> None:
    """6 tasks as 4/1/1, at most 200 %: ends 2/2/2, and never fewer than 6 run."""
    tasks = {"a": 4, "b": 1, "c": 1}
    for turn in turns(tasks, 6, 200):
        tasks[turn.start] += 1
        assert sum(tasks.values()) == 7
        tasks[turn.stop] -= 1
        assert sum(tasks.values()) == 6
    assert tasks == {"a": 2, "b": 2, "c": 2}


def test_47_without_room_for_one_more_nothing_moves() -> None:
    """At most 100 %: no task may start before another stops."""
    assert next_turn({"a": 4, "b": 1, "c": 1}, 6, 100) is None
    assert next_turn({"a": 2, "b": 1, "c": 1}, 4, 200) is None
