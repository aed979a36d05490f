"""Tasks that arrive one by one: nothing over-committed, nothing forgotten between them, and the choice that the rule says."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.devices import WHOLE, DeviceNeed, layouts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.engines.arrivals import Arrivals
from solver.rules.base import UNLIMITED
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.least_fragmentation import Fragmentation, LeastFragmentation
from solver.verify import check
from tests.builders import cluster, group, problem

NEEDS = (
    None,
    DeviceNeed(160),
    DeviceNeed(460),
    DeviceNeed(810),
    DeviceNeed(WHOLE),
    DeviceNeed(WHOLE, 2),
    DeviceNeed(300, 2),
)


def asked(seed: int, chain: str = "leastFragmentation") -> Problem:
    """Four instances of one to four devices, five groups."""
    r = random.Random(seed)
    rows = [
        {
            "cpu": r.randint(4, 14),
            "memory": 50,
            "devices": [WHOLE] * r.randint(1, 4),
            "stack": r.choice(["prod", "dev"]),
        }
        for _ in range(4)
    ]
    groups = [
        group(
            name,
            cpu=r.randint(0, 3),
            rules=r.choice([(), (), ("memberOf(attribute:stack == prod)",)]),
            chain=(chain,),
            devices=NEEDS[-1] if k == 0 and seed % 3 == 0 else r.choice(NEEDS[1 if k == 0 else 0 :]),
            arrivals=r.randint(1, 9),
        )
        for k, name in enumerate("ABCDE")
    ]
    return problem(cluster(rows), groups)


def settled(before: Problem, state: Placement) -> Rules:
    """The same cluster with what has arrived in it for good, as a problem of its own."""
    snapshot = replace(before.cluster, free=state.free.copy(), devices=state.devices.copy())
    return bind(replace(before, cluster=snapshot))


@pytest.mark.parametrize("seed", range(30))
def test_each_task_goes_where_it_adds_least_to_what_is_lost(seed: int) -> None:
    """In the state of the moment, computed from nothing; on an instance with room, and nowhere only where there is none."""
    before = asked(seed)
    stream = Arrivals(bind(before))
    r = random.Random(seed)
    placed = 0
    for _ in range(25):
        g = r.randrange(len(before.groups))
        rules = settled(before, stream.state)
        (cost,) = (tier for tier in bind(with_one(rules.problem, g)).tiers if isinstance(tier, Fragmentation))
        room = rules.room(Placement(rules.problem), g)
        now = cost.value(Placement(rules.problem))
        after = [
            cost.value(Placement(rules.problem, one_on(rules.problem, g, i))) - now if room[i] else UNLIMITED
            for i in range(before.cluster.size)
        ]
        put = stream.place(g)
        assert (put is None) == (not room.any())
        if put is None:
            continue
        placed += 1
        assert after[put.instance] == min(after)
        assert not check(with_one(rules.problem, g), one_on(rules.problem, g, put.instance))
        lost = cost.value(Placement(settled(before, stream.state).problem)) - now
        assert lost == min(after)
    assert placed
    assert stream.state.devices.min(initial=0) >= 0


def with_one(before: Problem, g: int) -> Problem:
    """One task of a group is wanted."""
    groups = [replace(one, start=int(k == g)) for k, one in enumerate(before.groups)]
    return replace(before, groups=tuple(groups))


def one_on(before: Problem, g: int, i: int) -> Counts:
    """One task of a group on an instance."""
    return Counts.of((len(before.groups), before.cluster.size), np.array([g]), np.array([i]), np.array([1]))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_remembered_between_tasks_is_what_a_fresh_look_finds(seed: int) -> None:
    """After every start, for every group: also where tasks that are not laid yet are on an instance."""
    before = asked(seed)
    state, kept = Placement(before), strategy(bind(before))
    r = random.Random(seed)
    for _ in range(12):
        g = r.randrange(len(before.groups))
        room = bind(before).room(state, g)
        open_ = np.flatnonzero(room > 0)
        if not len(open_):
            continue
        i = int(r.choice(open_.tolist()))
        need = before.groups[g].devices
        options = layouts(tuple(state.devices[i].tolist()), (need,)) if need else ()
        if options and not state.unseated(i) and r.random() < 0.5:
            state.seat(g, i, options[0][1][0])
        else:
            state.start(g, np.array([i]), np.array([1]))
        for other in range(len(before.groups)):
            fresh = strategy(bind(before)).preference(state, other)
            assert np.array_equal(kept.preference(state, other), fresh)


def strategy(rules: Rules) -> LeastFragmentation:
    """The one that the groups share."""
    (found,) = {chain[0] for chain in rules.strategies}
    assert isinstance(found, LeastFragmentation)
    return found


@pytest.mark.parametrize("chain", ["random", "binpack(cpu)", "spread(instanceId)"])
def test_other_strategies_put_tasks_on_the_fullest_devices(chain: str) -> None:
    """A share goes beside another one; and the same seed gives the same places."""
    before = asked(5, chain)
    groups = tuple(replace(one, devices=DeviceNeed(400), demand={}, constraints=()) for one in before.groups)
    before = replace(before, groups=groups)
    streams = [Arrivals(bind(before), seed=3) for _ in range(2)]
    places = [[stream.place(k % 5) for k in range(12)] for stream in streams]
    assert places[0] == places[1]
    for row in streams[0].state.devices.tolist():
        assert sorted(amount for amount in row if amount not in (0, 1000, 200)) in ([], [600])
