"""The rules of auto scaling one by one, against second ways to reckon, and what they never do."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.scaling.fit import Offer, by_fit
from solver.scaling.managed_scaling import DATAPOINTS_IN, ManagedScaling, capacity_for, decide, scale_in_step
from solver.scaling.needed import Estimate, Waiting, clamped, instances_needed, new_instances
from solver.scaling.policy import Way
from solver.scaling.reservation import reservation
from solver.scaling.service_scaling import ServiceState
from solver.scaling.service_scaling import decide as decide_service
from solver.scaling.step_scaling import Adjustment, Side, Step, StepScaling, adjusted
from solver.scaling.strategy import Share, next_providers, split, strategy_faults
from solver.scaling.target_tracking import TargetTracking

RESOURCES = ("cpu", "memory", "interfaces")
amounts = st.fixed_dictionaries({name: st.integers(0, 6) for name in RESOURCES})
capacities = st.fixed_dictionaries({name: st.integers(1, 12) for name in RESOURCES})


def counted_one_by_one(waiting: list[Waiting], types: list[dict[str, int]]) -> tuple[int, int]:
    """M's new instances, by opening imaginary instances and putting in task after task."""
    kinds: dict[str, list[Waiting]] = {}
    for group in waiting:
        key = repr([group.demand[name] for name in RESOURCES] + [group.has_ports])
        kinds.setdefault(key, []).append(group)
    opened = refused = 0
    for members in kinds.values():
        need = members[0].demand
        tasks = sum(member.count for member in members)
        if not all(all(kind[name] >= need[name] for kind in types) for name in RESOURCES):
            refused += tasks
            continue
        room: list[dict[str, int]] = []
        for _ in range(tasks):
            for left in room:
                if all(left[name] >= need[name] for name in RESOURCES) and not (members[0].has_ports and left["used"]):
                    break
            else:
                left = {name: max(kind[name] for kind in types) for name in RESOURCES} | {"used": 0}
                room.append(left)
            left["used"] = 1
            for name in RESOURCES:
                left[name] -= need[name]
        opened += len(room)
    return opened, refused


@settings(deadline=None)
@given(
    st.lists(st.builds(Waiting, st.integers(1, 9), amounts, st.booleans()), max_size=4),
    st.lists(capacities, min_size=1, max_size=3),
)
def test_the_new_instances_are_those_that_one_by_one_opens(waiting: list[Waiting], types: list[dict[str, int]]) -> None:
    """Group by group on the largest type; what the smallest cannot run is excluded."""
    estimate = new_instances(waiting, types)
    assert (estimate.instances, estimate.excluded) == counted_one_by_one(waiting, types)


def test_the_largest_type_packs_and_the_smallest_guards() -> None:
    """Four tasks of 2 need one instance of 8, though instances of 2 would be launched; of tasks of 3, none counts."""
    types = [{"cpu": 2}, {"cpu": 8}]
    assert new_instances([Waiting(4, {"cpu": 2})], types).instances == 1
    assert new_instances([Waiting(4, {"cpu": 3})], types) == Estimate(0, 4)


@pytest.mark.parametrize(("new", "expected"), [(0, 0), (1, 2), (2, 2), (3, 3), (9, 5)])
def test_steps_are_clamped(new: int, expected: int) -> None:
    """At least the least step and at most the largest; nothing stays nothing."""
    assert clamped(new, 2, 5) == expected


def test_m_is_what_is_not_empty_unless_tasks_wait() -> None:
    """With tasks that wait, empty instances count too: they did not fit there."""
    assert instances_needed(10, 7, 0) == 7
    assert instances_needed(10, 7, 3) == 13


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(1, 300), st.integers(1, 100))
def test_the_capacity_is_the_least_that_keeps_the_target(needed: int, running: int, target: int) -> None:
    """With it the reservation is at most the target, with one instance less it is not."""
    found = capacity_for(needed, running, target)
    assert reservation(needed, found) <= target or not needed
    assert found <= 1 or reservation(needed, found - 1) > target


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 200))
def test_less_than_half_goes_at_once(running: int, desired: int) -> None:
    """At least one where any should go, and less than half unless it is that one."""
    step = scale_in_step(running, desired)
    if desired >= running:
        assert step == 0
    else:
        assert step >= 1 and running - step >= desired and (step == 1 or 2 * step < running)


def test_instances_go_after_fifteen_minutes_below() -> None:
    """Not in the fourteenth; not while one warms up; and a scale-out begins anew."""
    scaling, below, desired, seen = ManagedScaling(), 0, 10, []
    for _ in range(DATAPOINTS_IN):
        change = decide(scaling, 8, 10, desired, below, warming=False, bounds=(0, 50))
        below = change.below
        seen.append(change.desired)
    assert seen == [10] * (DATAPOINTS_IN - 1) + [8]
    assert decide(scaling, 8, 10, 10, 14, warming=True, bounds=(0, 50)).desired == 10
    assert decide(scaling, 12, 10, 10, 14, warming=False, bounds=(0, 50)).below == 0


@settings(deadline=None)
@given(
    needed=st.integers(0, 60),
    running=st.integers(0, 40),
    on_the_way=st.integers(0, 10),
    below=st.integers(0, 30),
    warming=st.booleans(),
    least=st.integers(0, 10),
    more=st.integers(0, 40),
)
def test_the_capacity_keeps_within_the_bounds(
    needed: int, running: int, on_the_way: int, below: int, warming: bool, least: int, more: int
) -> None:
    """What a minute adds stays at or below the most, what it takes away at or above the least."""
    bounds, before = (least, least + more), running + on_the_way
    change = decide(ManagedScaling(), needed, running, before, below, warming=warming, bounds=bounds)
    if change.desired > before:
        assert change.desired <= bounds[1]
    if change.desired < before:
        assert change.desired >= bounds[0] and not warming and on_the_way == 0 and change.below >= DATAPOINTS_IN


TRACKING = TargetTracking(Fraction(60), scale_out_cooldown=120, scale_in_cooldown=300)


def test_target_tracking_goes_out_after_three_minutes_and_in_after_fifteen() -> None:
    """90 % of 10 tasks at a target of 60 are 15; 30 % are 5; where the metric is missing nothing goes in."""
    high, low = [Fraction(90)] * 3, [Fraction(30)] * 15
    assert TRACKING.wish(high, 10, 10) == (Way.OUT, 15)
    assert TRACKING.wish(high[1:], 10, 10).way is Way.STAY
    assert TRACKING.wish(low, 10, 10) == (Way.IN, 5)
    assert TRACKING.wish(low[1:], 10, 10).way is Way.STAY
    assert TRACKING.wish([Fraction(55)] * 15, 10, 10).way is Way.STAY
    assert TRACKING.wish([*low[:7], None, *low[:7]], 10, 10).way is Way.STAY


def test_out_if_any_in_only_if_all() -> None:
    """The second policy keeps the service from going in, and either lets it out, to the larger number."""
    calm = TargetTracking(Fraction(30))
    state = ServiceState(10)
    low = [Fraction(32)] * 15
    assert decide_service(state, [TRACKING], low, 10, 0, (1, 50)).desired == 6
    assert decide_service(state, [TRACKING, calm], low, 10, 0, (1, 50)).desired == 11
    assert decide_service(state, [TRACKING, TargetTracking(Fraction(34))], low, 10, 0, (1, 50)).desired == 10
    high = [Fraction(90)] * 3
    assert decide_service(state, [TRACKING, calm], high, 10, 0, (1, 50)).desired == 30


def test_the_start_is_what_runs() -> None:
    """10 desired, 5 run at 120 %: 10 are enough."""
    assert decide_service(ServiceState(10), [TRACKING], [Fraction(120)] * 3, 5, 0, (1, 50)).desired == 10
    assert decide_service(ServiceState(10), [TRACKING], [Fraction(132)] * 3, 5, 0, (1, 50)).desired == 11


def test_a_scale_in_waits_for_its_cooldown_and_a_scale_out_ends_it() -> None:
    """300 s after a scale-in there is no other; after a scale-out there may be."""
    low, high = [Fraction(30)] * 15, [Fraction(90)] * 3
    once = decide_service(ServiceState(10), [TRACKING], low, 10, 0, (1, 50))
    assert once.desired == 5
    assert decide_service(once, [TRACKING], low, 5, 299, (1, 50)).desired == 5
    assert decide_service(once, [TRACKING], low, 5, 300, (1, 50)).desired == 3
    again = decide_service(once, [TRACKING], high, 5, 60, (1, 50))
    assert again.desired == 8
    assert decide_service(again, [TRACKING], low, 8, 120, (1, 50)).desired == 4


def test_in_the_cooldown_a_larger_step_adds_the_difference() -> None:
    """+2, then +3 during the cooldown: one more, as the first two count; after it, three more."""
    steps = (Step(2, Fraction(0), Fraction(20)), Step(3, Fraction(20)))
    policy = StepScaling(Fraction(60), Side.ABOVE, steps, cooldown=300)
    first = decide_service(ServiceState(10), [policy], [Fraction(70)], 10, 0, (1, 50))
    assert first.desired == 12
    assert decide_service(first, [policy], [Fraction(70)], 12, 60, (1, 50)).desired == 12
    assert decide_service(first, [policy], [Fraction(85)], 12, 60, (1, 50)).desired == 13
    assert decide_service(first, [policy], [Fraction(85)], 12, 300, (1, 50)).desired == 15


def test_outside_the_bounds_comes_back_to_them_first() -> None:
    """Below the least, a scale-out lifts to the least; above the most, a scale-in lowers to the most."""
    assert decide_service(ServiceState(1), [TRACKING], [Fraction(600)] * 3, 1, 0, (4, 50)).desired == 4
    assert decide_service(ServiceState(60), [TRACKING], [Fraction(6)] * 15, 60, 0, (4, 50)).desired == 50


@settings(deadline=None)
@given(
    desired=st.integers(2, 20),
    running=st.integers(0, 20),
    metrics=st.lists(st.one_of(st.none(), st.fractions(0, 300)), max_size=20),
    now=st.integers(0, 600),
    waits=st.tuples(st.integers(0, 600), st.integers(0, 600)),
)
def test_a_service_keeps_within_its_bounds_and_cooldowns(
    desired: int, running: int, metrics: list[Fraction | None], now: int, waits: tuple[int, int]
) -> None:
    """From within the bounds it stays there; a scale-in never comes during its cooldown."""
    state = ServiceState(desired, out_until=waits[0], in_until=waits[1], before=running)
    below = StepScaling(Fraction(20), Side.BELOW, (Step(-50, upper=Fraction(0)),), Adjustment.PERCENT)
    after = decide_service(state, [TRACKING, below], metrics, running, now, (2, 20))
    assert 2 <= after.desired <= 20
    assert after.desired >= desired or now >= waits[1]


@pytest.mark.parametrize(
    ("tasks", "percent", "after"), [(10, 127, 22), (10, 6, 11), (10, -5, 9), (10, -66, 4), (3, -100, 0), (0, 50, 1)]
)
def test_percentages_round_towards_zero_but_to_one_task(tasks: int, percent: int, after: int) -> None:
    """12.7 is 12, 0.6 is 1, -0.5 is -1, -6.6 is -6; of no task at all the least magnitude is left."""
    policy = StepScaling(Fraction(60), Side.ABOVE, (), Adjustment.PERCENT)
    assert adjusted(tasks, percent, policy) == after


def test_steps_that_overlap_or_are_upside_down_are_faults() -> None:
    """Each is named with its place."""
    steps = (Step(1, Fraction(0), Fraction(20)), Step(2, Fraction(10)), Step(3, Fraction(-5), Fraction(-9)))
    paths = [fault.path for fault in StepScaling(Fraction(60), Side.ABOVE, steps).faults()]
    assert paths == ["steps[1]", "steps[2].upper"]


shares = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=4).filter(
    lambda found: any(weight for weight, _ in found)
)


@settings(deadline=None)
@given(st.integers(0, 60), shares, st.integers(0, 9))
def test_a_split_is_whole_and_within_one_of_the_weights(tasks: int, drawn: list[tuple[int, bool]], base: int) -> None:
    """Every task has a provider; beyond the base each is within one task of its share; without weight only the base."""
    listed = [Share(f"p{k}", base if k == 0 else 0, weight) for k, (weight, _) in enumerate(drawn)]
    found = split(tasks, listed)
    assert sum(found.values()) == tasks
    rest, total = max(tasks - base, 0), sum(share.weight for share in listed)
    for share in listed:
        beyond = found[share.provider] - min(share.base, tasks)
        assert abs(beyond - Fraction(rest * share.weight, total)) < 1
        assert share.weight or beyond == 0


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 20))
def test_new_tasks_go_where_they_lack(a: int, b: int, more: int) -> None:
    """As many as asked, and to none that has more than its split of the whole already, unless each has."""
    listed = (Share("a", weight=1), Share("b", weight=3))
    found = next_providers({"a": a, "b": b}, more, listed)
    assert sum(found.values()) == more
    aim = split(a + b + more, listed)
    assert found["a"] == 0 or a + found["a"] <= aim["a"] + 1
    assert found["b"] == 0 or b + found["b"] <= aim["b"] + 1


def test_every_fault_of_a_strategy_is_told() -> None:
    """Two bases, a weight out of range, a name twice."""
    listed = (Share("a", 1, 1_001), Share("a", 1, 1), Share("", 0, 0))
    assert [fault.path for fault in strategy_faults(listed)] == ["[0].weight", "[1].provider", "[2].provider", ""]


def test_fit_prefers_what_a_task_costs_least_on() -> None:
    """A large task fits one provider alone; a small one goes where a task costs least; without price comes last."""
    offers = [
        Offer("small", {"cpu": 2, "memory": 4}, 100),
        Offer("large", {"cpu": 8, "memory": 16}, 300),
        Offer("free", {"cpu": 2, "memory": 4}, None),
    ]
    assert by_fit({"cpu": 4}, offers) == ["large"]
    assert by_fit({"cpu": 1, "memory": 2}, offers) == ["large", "small", "free"]
    assert by_fit({"cpu": 2, "memory": 8}, offers) == ["large"]
    assert by_fit({"cpu": 9}, offers) == []
