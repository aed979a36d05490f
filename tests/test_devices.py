"""Tasks on devices against brute force: which plans are allowed, which is best, and who gets which device (§6)."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from solver.api import place
from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.devices import WHOLE, DeviceNeed, Free, layout, layouts, tightest
from solver.domain.request import Engine, Limits
from solver.engines import portfolio
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import random_devices
from tests.oracle import Oracle

SIZES = (150, 300, 450, 500, 700, WHOLE)


def every_layout(free: Free, needs: tuple[DeviceNeed, ...]) -> set[Free]:
    """What every way to lay the tasks leaves, sorted."""
    left = set()
    for way in itertools.product(*(itertools.combinations(range(len(free)), need.count) for need in needs)):
        held = [sum(n.each for n, on in zip(needs, way, strict=True) if d in on) for d in range(len(free))]
        if all(amount <= most for amount, most in zip(held, free, strict=True)):
            left.add(tuple(sorted(most - amount for amount, most in zip(held, free, strict=True))))
    return left


@pytest.mark.parametrize("seed", range(300))
def test_a_layout_is_found_exactly_where_there_is_one(seed: int) -> None:
    """One to four devices, up to five tasks: found and right, or none exists; and all that may be left is found."""
    r = random.Random(seed)
    free = tuple(r.choice([0, 300, 500, 800, WHOLE]) for _ in range(r.randint(1, 4)))
    needs = tuple(DeviceNeed(r.choice(SIZES), r.choice([1, 1, 1, 2])) for _ in range(r.randint(0, 5)))
    expected = every_layout(free, needs)
    found = layout(free, needs)
    assert (found is not None) == bool(expected)
    assert {tuple(sorted(left)) for left, _ in layouts(free, needs)} == expected
    for left, seats in [*layouts(free, needs), *([(None, found)] if found is not None else [])]:
        rest = list(free)
        for need, devices in zip(needs, seats, strict=True):
            assert len(set(devices)) == need.count
            for device in devices:
                rest[device] -= need.each
        assert min(rest, default=0) >= 0
        assert left is None or tuple(rest) == left
    if expected:
        best = max(sum(amount**2 for amount in left) for left in expected)
        chosen = tightest(free, needs)
        rest = list(free)
        for need, devices in zip(needs, chosen or (), strict=True):
            for device in devices:
                rest[device] -= need.each
        assert sum(amount**2 for amount in rest) == best


def test_many_small_shares_are_laid_without_recursion() -> None:
    """Two thousand tasks on two devices."""
    assert layout((WHOLE, WHOLE), (DeviceNeed(1),) * 2_000) is not None
    assert layout((WHOLE, WHOLE), (DeviceNeed(1),) * 2_001) is None


@pytest.mark.parametrize("shard", range(8))
def test_plans_with_devices_are_as_good_as_brute_force_tier_by_tier(shard: int) -> None:
    """Starts, stops and moves among tasks on devices: the best plan, proved, and the sequential one is never better."""
    refused = 0
    for seed in range(shard, 480, 8):
        problem = random_devices(seed)
        rules, oracle = bind(problem), Oracle(problem)
        solution = portfolio.run(rules, Limits(time_limit=20, workers=1)).solution
        values = tuple(tier.value for tier in solution.tiers)
        assert values == oracle.best(), f"seed {seed}"
        assert all(tier.bound == tier.value and tier.proven for tier in solution.tiers), f"seed {seed}"
        assert tuple(tier.sequential for tier in solution.tiers) >= values, f"seed {seed}"
        assert not check(problem, solution.tasks), f"seed {seed}"
        alone = portfolio.run(rules, Limits(engine=Engine.SEQUENTIAL)).solution
        assert not check(problem, alone.tasks), f"seed {seed}"
        states = itertools.islice(itertools.product(*oracle.options()), 50)
        refused += any(not oracle._devices(state, i) for state in states for i in oracle.I)
    assert refused > 20


@pytest.mark.parametrize("shard", range(8))
def test_the_checker_agrees_with_brute_force_about_devices(shard: int) -> None:
    """It passes a random change exactly where the oracle allows it."""
    verdicts, told = set(), 0
    for seed in range(shard, 400, 8):
        problem = random_devices(seed)
        rules, oracle = bind(problem), Oracle(problem)
        allowed = set(oracle.plans())
        rng = np.random.default_rng(seed)
        before = problem.running.to_dense()
        for _ in range(15):
            change = rng.integers(-1, 2, before.shape) * rng.integers(0, 2, before.shape)
            tasks = Counts.dense(np.maximum(before + change, 0))
            state = tuple(tuple(row) for row in tasks.to_dense().tolist())
            found = check(problem, tasks, rules)
            assert (not found) == (state in allowed), f"seed {seed}: {found}\n{state}"
            verdicts.add(state in allowed and not tasks.same_as(problem.running))
            told += [violation.rule for violation in found] == ["devices"]
    assert verdicts == {True, False}
    assert told > 2


def replayed(answer: Answer) -> int:
    """Carry out the actions by waves, all starts of one before its stops, on the devices they name; how many named any."""
    problem = answer.problem
    free = problem.cluster.devices.tolist()
    held = {task.id: (problem.groups[task.group].devices, task.instance, task.devices) for task in problem.tasks}
    actions, named = list(answer.actions()), 0
    for wave in range(max((action.step for action in actions), default=0) + 1):
        for action in actions:
            need = next(group.devices for group in problem.groups if group.name == action.group)
            if action.kind != "stop" and action.starts_in == wave and need is not None:
                instance = problem.cluster.instance_ids.index(action.instance)
                assert len(set(action.devices)) == need.count
                for device in action.devices:
                    free[instance][device] -= need.each
                named += 1
            elif action.kind != "stop" and need is None:
                assert action.devices == ()
        assert min((amount for row in free for amount in row), default=0) >= 0
        for action in actions:
            if action.kind != "start" and action.stops_in == wave:
                need, instance, devices = held[action.task]
                for device in devices:
                    free[instance][device] += need.each if need else 0
    return named


@pytest.mark.parametrize("shard", range(4))
def test_an_order_never_puts_more_on_a_device_than_is_free(shard: int) -> None:
    """Every action names devices, which are free when it starts; whatever is missing is explained."""
    named, moved = 0, 0
    for seed in range(shard, 480, 4):
        answer = place(random_devices(seed), Limits(time_limit=20, workers=1))
        assert not any("no order" in warning or "refused" in warning for warning in answer.warnings), f"seed {seed}"
        assert bool(answer.shortfalls) == bool(answer.problem.missing(answer.tasks).any()), f"seed {seed}"
        if answer.steps is None or answer.steps.block is None:
            named += replayed(answer)
            moved += any(action.kind == "move" and action.devices for action in answer.actions())
    assert named > 20 and moved
