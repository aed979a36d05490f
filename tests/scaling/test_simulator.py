"""Simulations: what is counted adds up, what must hold in each minute does, and the rules differ where they should."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from solver.scaling.ecs import EcsRules
from solver.scaling.managed_scaling import DATAPOINTS_IN, ManagedScaling
from solver.scaling.needed import Waiting, new_instances
from solver.scaling.ours import OurRules
from solver.scaling.rules import Rules
from solver.scaling.setting import OurSetting, ProviderSetting, Setting
from solver.scaling.simulator import Run, simulate
from solver.scaling.strategy import Share
from solver.scaling.timeline import timeline_to_csv
from tests.scaling.clusters import LARGE, SMALL, fleet_of, setting

BOTH = pytest.mark.parametrize("kind", [EcsRules, OurRules])
RISE = [150] * 3 + [900] * 12


def hold(run: Run, of: Setting) -> None:
    """What must hold in every minute of a run."""
    assert run.wanted == run.ran + run.unplaced
    for service in run.services:
        setting_of = next(one for one in of.services if one.name == service.service)
        assert service.desired == service.running + service.waiting
        assert setting_of.minimum <= service.desired <= setting_of.maximum
    for provider in of.providers:
        rows = [row for row in run.providers if row.provider == provider.name]
        since_out, running, coming = -1_000, rows[0].running + rows[0].removed, 0
        for row in rows:
            assert provider.minimum <= row.running + row.coming <= provider.maximum
            # Instances are neither lost nor made: those before, and what was launched and removed.
            assert row.running + row.coming == running + coming + row.launched - row.removed
            assert 0 <= row.empty <= row.running
            if row.removed:
                assert row.minute - since_out >= DATAPOINTS_IN and not row.launched
                # At least one, and less than half.
                assert row.removed == 1 or 2 * row.removed < row.running + row.removed
            if row.launched:
                since_out = row.minute
            running, coming = row.running, row.coming


@BOTH
@pytest.mark.parametrize("seed", range(2))
def test_what_is_counted_adds_up(kind: type[Rules], seed: int) -> None:
    """Task-minutes wanted are those that ran and those unplaced; bounds, steps and the fifteen minutes hold."""
    r = random.Random(seed)
    demand = {name: [r.choice((50, 200, 700))] * 6 + [r.randint(20, 600)] * 8 + [60] * 36 for name in ("web", "api")}
    study = setting(
        demand, managed=ManagedScaling(target_capacity=r.choice((80, 100)), maximum_step=r.choice((2, 100)))
    )
    run = simulate(fleet_of({"web": [1, 1, 1], "api": [1, 0, 0]}, 3), study, kind)
    hold(run, study)
    assert run.launched or run.removed


@BOTH
def test_the_same_again_gives_the_same_bytes(kind: type[Rules]) -> None:
    """Every cell of the timeline is equal."""
    study, cluster = setting({"web": RISE}), fleet_of({"web": [1, 1, 1]}, 3)
    first, second = (timeline_to_csv([simulate(cluster, study, kind)]) for _ in range(2))
    assert first == second and first.count("\n") == 1 + 3 * len(RISE)


def test_without_termination_protection_tasks_go_with_their_instance_and_start_again() -> None:
    """The oldest of the fullest zone goes, although others are empty; its tasks count as moved."""
    managed = ManagedScaling(termination_protection=False)
    cluster = fleet_of({"web": [3, 3, 0, 0, 0]}, 5)
    study = setting({"web": [360] * 20}, managed=managed)
    run = simulate(cluster, study, EcsRules)
    hold(run, study)
    assert run.removed and run.moved > 0
    protected = simulate(cluster, setting({"web": [360] * 20}), EcsRules)
    assert protected.removed == 3 and protected.moved == 0


def test_tasks_that_pin_instances_are_moved_by_ours_alone() -> None:
    """One task on each of four instances that would hold all four: ECS keeps four, ours moves three tasks and keeps one."""
    cluster = fleet_of({"web": [1, 1, 1, 1]}, 4, agent=False)
    study = setting({"web": [240] * 20})
    theirs, ours = simulate(cluster, study, EcsRules), simulate(cluster, study, OurRules)
    hold(theirs, study)
    hold(ours, study)
    assert (theirs.removed, theirs.moved) == (0, 0)
    assert ours.providers[-1].running < 4 and ours.removed <= ours.moved <= 6
    assert ours.unplaced == theirs.unplaced == 0 and ours.cost < theirs.cost


def test_the_largest_type_leaves_tasks_waiting_and_the_model_does_not() -> None:
    """The group launches small instances; ECS reckons with large ones, and so launches half at first."""
    bare = OurSetting(max_moves=6, every=5, deterministic_limit=0.1, ahead=False)
    study = setting({"web": [2_000] * 9}, launched=("small", "large"), managed=ManagedScaling(), ours=bare)
    cluster = fleet_of({"web": [4, 4]}, 2, agent=False)
    theirs, ours = simulate(cluster, study, EcsRules), simulate(cluster, study, OurRules)
    assert ours.unplaced < theirs.unplaced
    first = next(row for row in theirs.providers if row.launched)
    waiting = next(row.waiting for row in theirs.services if row.minute == first.minute)
    assert first.launched == new_instances([Waiting(waiting, {"cpu": 500, "memory": 500})], [SMALL, LARGE]).instances
    needed = next(row for row in ours.providers if row.launched)
    assert needed.launched == -(-waiting // 4)


def test_a_provider_that_cannot_hold_a_task_keeps_it_waiting_by_weight_and_not_by_fit() -> None:
    """Half the tasks go by weight to instances too small for them, and wait; by fit all go to the other provider."""
    tiny = ProviderSetting("tiny", ("tiny",), ("a",), 0, 5, 60)
    main = ProviderSetting("main", ("small",), ("a", "b"), 1, 20, 60)
    base = setting(
        {"web": [150] * 2 + [900] * 10},
        providers=(main, tiny),
        strategy=(Share("tiny", weight=1), Share("main", weight=1)),
    )
    study = Setting(
        base.services,
        base.providers,
        {**base.prices, "tiny": 10_000},
        {**base.types, "tiny": {"cpu": 400, "memory": 4_000}},
        base.curve,
        base.ours,
    )
    cluster = fleet_of({"web": [2, 2]}, 2, agent=False)
    theirs, ours = simulate(cluster, study, EcsRules), simulate(cluster, study, OurRules)
    assert theirs.services[-1].waiting > 0 and ours.services[-1].waiting == 0
    # The smallest type cannot hold them: nothing is launched in vain, and the metric stays at its target.
    tiny_rows = [row for row in theirs.providers if row.provider == "tiny"]
    assert not any(row.launched for row in tiny_rows) and tiny_rows[-1].reservation == 100


def test_a_service_outside_its_bounds_is_brought_into_them() -> None:
    """It begins with no task although it wants one at least."""
    study = setting({"web": [0] * 3})
    run = simulate(fleet_of({"web": [0, 0]}, 2), study, EcsRules)
    assert [row.running for row in run.services] == [1, 1, 1]
    assert run.services[0].metric is None and run.services[1].metric == Fraction(0)
