"""§7.1: on planted shortfalls the conflict and the repairs are the known ones, and each repair does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.api import place
from solver.domain.answer import Answer
from solver.domain.explanation import Shortfall
from solver.domain.problem import Problem
from solver.domain.request import Limits
from tests.explain.planted import PLANTED, Planted

KINDS = ("move", "relax", "reduce", "add")
LIMITS = Limits(time_limit=10.0, workers=1)


def answer(request: Problem) -> Answer:
    return place(request, LIMITS)


def shortfall(planted: Planted) -> Shortfall:
    (found,) = (short for short in answer(planted.request).shortfalls if short.group == planted.group)
    return found


@pytest.fixture(params=PLANTED, ids=lambda planted: planted.name)
def planted(request: pytest.FixtureRequest) -> Planted:
    found: Planted = request.param
    return found


def test_the_conflict_is_the_planted_one(planted: Planted) -> None:
    """The conflict is a smallest set of rules and resources that cannot hold together with one more task."""
    conflict = shortfall(planted).conflict
    assert conflict is not None
    assert (frozenset(conflict.members), conflict.minimal, conflict.proven) == (planted.conflict, True, True)


def test_the_repairs_are_the_planted_ones(planted: Planted) -> None:
    """One repair of each kind that helps, kinds in the order move, relax, reduce, add."""
    repairs = shortfall(planted).repairs
    assert {repair.kind: repair.change for repair in repairs} == {
        kind: sentence for kind, (sentence, _) in planted.repairs.items()
    }
    assert [repair.kind for repair in repairs] == [kind for kind in KINDS if kind in planted.repairs]
    assert all(repair.verified for repair in repairs)


def test_each_repair_places_one_more(planted: Planted) -> None:
    """With the change made, one more task of the group is placed, and no group gets fewer."""
    before = answer(planted.request).placed()
    own = planted.request.by_name[planted.group]
    for kind, (_, repaired) in planted.repairs.items():
        after = answer(repaired).placed()
        assert after[own] > before[own], kind
        assert (after >= before).all(), kind


def test_the_funnel_accounts_for_every_instance(planted: Planted) -> None:
    """Refused by the stages and left at the end add up to the cluster's instances."""
    funnel = shortfall(planted).funnel
    assert sum(stage.refused for stage in funnel) + funnel[-1].left == planted.request.cluster.size


def test_the_shortfall_is_proved(planted: Planted) -> None:
    """``proven`` says that no plan places more of the class."""
    assert shortfall(planted).proven


def test_a_little_less_of_a_reduction_is_not_enough(planted: Planted) -> None:
    """The reduction is the smallest that suffices: with one unit more asked, nothing more is placed."""
    own = planted.request.by_name[planted.group]
    asked = planted.request.groups[own]
    repaired = planted.repairs.get("reduce", ("", planted.request))[1].groups[own]
    for name in [name for name in asked.demand if repaired.demand[name] != asked.demand[name]]:
        demand = {**repaired.demand, name: repaired.demand[name] + 1}
        nearly = tuple(replace(g, demand=demand) if g is asked else g for g in planted.request.groups)
        after = answer(replace(planted.request, groups=nearly)).placed()
        assert np.array_equal(after, answer(planted.request).placed())
