"""Room for what is likely to come: how much, and what it does to M and to who waits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest

from solver.scaling.fleet import Fleet
from solver.scaling.growth import Growth
from solver.scaling.managed_scaling import DATAPOINTS_IN
from solver.scaling.ours import OurRules
from solver.scaling.setting import OurSetting
from solver.scaling.simulator import base_of, simulate
from tests.scaling.clusters import fleet_of, setting

BARE = OurSetting(max_moves=6, every=5, deterministic_limit=0.1, ahead=False)


def likely(counts: Sequence[int], launch: int) -> int:
    """The definition: what came since the lowest of the last sixteen counts, times the launch time over fifteen minutes."""
    window = counts[-(DATAPOINTS_IN + 1) :]
    return ceil(Fraction((counts[-1] - min(window)) * launch, DATAPOINTS_IN * 60))


@pytest.mark.parametrize("seed", range(5))
def test_what_is_likely_to_come_is_what_came(seed: int) -> None:
    """After every minute of a random walk, for several launch times; noting a minute twice changes nothing."""
    draw = random.Random(seed)
    growth, counts = Growth(), [draw.randint(0, 40)]
    for minute in range(60):
        for _ in range(draw.choice((1, 2))):
            growth.note(minute, {"web": counts[-1]})
        for launch in (0, 45, 120, 900, 1_000):
            assert growth.ahead("web", minute, launch) == likely(counts, launch)
        counts.append(max(counts[-1] + draw.choice((-3, -1, 0, 0, 1, 5)), 0))


def test_a_service_that_has_not_grown_needs_no_room() -> None:
    """Neither one that shrinks, nor one that is not known, nor one whose growth was before the window."""
    growth = Growth()
    for minute, count in enumerate([2, 9, *[9] * (DATAPOINTS_IN + 1), 4]):
        growth.note(minute, {"web": count})
    assert growth.ahead("web", DATAPOINTS_IN + 3, 120) == 0
    assert growth.ahead("api", 3, 120) == 0


@pytest.mark.parametrize(("web", "grown", "needed"), [(3, 1, 1), (4, 1, 2), (4, 0, 1), (4, 8, 2), (3, 16, 2)])
def test_m_has_room_for_what_is_likely_to_come(web: int, grown: int, needed: int) -> None:
    """Four tasks fill an instance: on one with three, one more task has room; beyond that, or on a full one, M is two."""
    cluster, study = fleet_of({"web": [web], "api": [0]}, 1, agent=False), setting({"web": [0], "api": [0]})
    problem, groups = base_of(cluster, study)
    rules, fleet = OurRules(study, groups), Fleet(problem, study, OurRules.limits(study))
    rules.growth.note(0, {"web": web - grown, "api": 0})
    assert rules.needed(study.providers[0], fleet, 5) == needed
    bare = replace(study, ours=BARE)
    without = OurRules(bare, groups)
    without.growth.note(0, {"web": web - grown, "api": 0})
    assert without.needed(bare.providers[0], fleet, 5) == 1


def test_no_room_is_kept_beyond_the_most_that_a_service_may_have() -> None:
    """A service at its maximum grows no more."""
    cluster, study = fleet_of({"web": [4], "api": [0]}, 1, agent=False), setting({"web": [0], "api": [0]})
    study = replace(study, services=tuple(replace(one, maximum=4) for one in study.services))
    problem, groups = base_of(cluster, study)
    rules, fleet = OurRules(study, groups), Fleet(problem, study, OurRules.limits(study))
    rules.growth.note(0, {"web": 0, "api": 0})
    assert rules.needed(study.providers[0], fleet, 5) == 1


def test_fewer_wait_while_demand_rises_and_the_room_goes_again_afterwards() -> None:
    """A slow rise: without room each instance is launched once a task waits for it."""
    study = setting({"web": [*range(120, 1_500, 12), *[1_490] * 40]})
    cluster = fleet_of({"web": [1, 1]}, 2, agent=False)
    ahead, bare = simulate(cluster, study, OurRules), simulate(cluster, replace(study, ours=BARE), OurRules)
    assert bare.unplaced > 0 and ahead.unplaced < bare.unplaced / 2
    assert ahead.cost < bare.cost * Fraction(6, 5)
    assert ahead.providers[-1].running == bare.providers[-1].running
