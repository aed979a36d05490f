"""Small questions asked whole: as cheap as brute force over every mix says, and proved; bounds hold however short the time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solver.capacity import RightSized, right_size, whole
from solver.capacity import question as capacity_question
from solver.capacity.candidates import candidates
from solver.capacity.catalogue import Catalogue, InstanceType
from solver.capacity.offers import Market, prices_there
from solver.capacity.question import Question
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.deadline import Deadline
from solver.errors import InvalidRequest
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import random_problem
from tests.capacity.brute_force import Tiny
from tests.capacity.test_right_size import QUICK, TYPES, ZONE, tables

SLOW = {17, 18, 19}
"""Seeds for which brute force takes seconds."""

SEEDS = [seed for seed in range(40) if seed not in SLOW]


def sized(tiny: Tiny, seconds: float) -> RightSized | None:
    """The answer, of which the checker passes the plan; None where there is none."""
    try:
        found = right_size(tiny.problem(), tiny.catalogue, Limits(time_limit=seconds, workers=1), zones=tiny.zones)
    except InvalidRequest as refused:
        assert "a place" in str(refused) or "fits no instance" in str(refused)
        return None
    assert check(found.problem, found.tasks) == ()
    assert not found.problem.missing(found.tasks).any()
    assert tiny.max_moves is None or found.moved <= tiny.max_moves
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mix_is_as_cheap_as_brute_force_says_and_proved(seed: int) -> None:
    """Instances kept, given up and replaced, with budgets of moves and rules between instances; or there is no mix at all."""
    tiny = Tiny(seed)
    least, found = tiny.least(), sized(tiny, 60.0)
    if least is None or found is None:
        assert least is None and found is None
    else:
        assert (found.cost, found.bound, found.proven) == (least, least, True)


@pytest.mark.parametrize("seed", [3, 8, 14, 20, 26, 42])
def test_bounds_hold_where_time_is_short(seed: int) -> None:
    """No mix costs less than the bound, and none was found that costs less than the least."""
    tiny = Tiny(seed)
    least, found = tiny.least(), sized(tiny, 0.1)
    if least is not None and found is not None:
        assert found.bound <= least <= found.cost


def question(problem: Problem, zones: tuple[str, ...] = ("a",), types: Catalogue = TYPES) -> Question:
    return Question.of(problem, Market.of(problem, types, zones, {}), prices_there(problem, types))


def two_half_empty(folder: Path, moves: int, groups: str = "web,500,1000,0,,REPLICA,true\n") -> Problem:
    """Two small instances with a task and two tasks of a group that may move."""
    there = "i1,2000,4000,a,small\ni2,2000,4000,a,small\n"
    problem = tables(folder, groups, there, "web,i1,1\nweb,i2,2\n")
    return replace(problem, freedom=replace(problem.freedom, max_moves=moves))


def test_nothing_is_a_candidate_where_nothing_moves_or_starts(tmp_path: Path) -> None:
    """What is bought then holds no task."""
    assert candidates(question(two_half_empty(tmp_path, 0))) == ()


def test_as_many_candidates_as_moves_and_money_allow(tmp_path: Path) -> None:
    """One task may move: one instance is enough, and of the types the cheapest that holds it, in each zone."""
    asked = question(two_half_empty(tmp_path, 1), ("a", "b"))
    assert [asked.market.offers[k].type.name for k in candidates(asked)] == ["small", "small"]
    assert [asked.market.offers[k].zone for k in candidates(asked)] == ["a", "b"]
    # To move one task saves one instance at most: 0.1 of 0.2, and no candidate costs less than that.
    assert len(candidates(asked, 200_000)) == 2 and candidates(asked, 100_000) == ()


def test_a_mix_that_is_known_is_among_the_candidates(tmp_path: Path) -> None:
    """Even where it is not worth its price."""
    asked = question(two_half_empty(tmp_path, 1))
    dear = next(k for k, offer in enumerate(asked.market.offers) if offer.type.name == "large")
    assert candidates(asked, 100_000, (dear, dear)) == (dear, dear)


def test_a_zone_that_nothing_is_bought_in_is_no_bucket(tmp_path: Path) -> None:
    """Instances may be bought in b; but nobody has to, for the sake of a rule that counts the zones there are."""
    groups = f'web,500,1000,2,"maxSkew({ZONE}, 1)",REPLICA,\n'
    problem = tables(tmp_path, groups, "i1,2000,4000,a,small\n", "")
    found = right_size(problem, TYPES, QUICK, zones=["a", "b"])
    assert (found.bought, found.cost, found.proven) == ({}, 100_000, True)


def test_a_zone_that_something_is_bought_in_is_a_bucket(tmp_path: Path) -> None:
    """The second type is sold in b alone and one task needs it: then web is to be even over a and b, and i1 is not worth it."""
    only = Catalogue((*TYPES.types, InstanceType("special", 2_000, 4_000, 150_000, zones=("b",))))
    groups = (
        f'web,1000,2000,4,"maxSkew({ZONE}, 1)",REPLICA,\n'
        "odd,1500,3000,1,memberOf(attribute:ecs.instance-type == special),REPLICA,\n"
    )
    problem = tables(tmp_path, groups, "i1,4000,8000,a,large\n", "")
    found = right_size(problem, only, QUICK, zones=["a", "b"])
    assert found.bought == {("small", "a"): 1, ("small", "b"): 1, ("special", "b"): 1}
    assert (found.given_up, found.cost, found.proven) == ((0,), 350_000, True)


def test_a_daemon_that_is_owed_a_task_follows(tmp_path: Path) -> None:
    """It is owed one on i1, which is given up: nothing of it is missing then, and what is kept has its own."""
    groups = "web,500,1000,0,,REPLICA,true\nagent,100,100,1,,DAEMON,\n"
    there = "i1,2000,4000,a,small\ni2,2000,4000,a,small\n"
    problem = tables(tmp_path, groups, there, "web,i1,1\nweb,i2,2\nagent,i2,1\n")
    found = right_size(replace(problem, freedom=replace(problem.freedom, max_moves=1)), TYPES, QUICK)
    assert (found.given_up, found.cost, found.proven) == ((0,), 100_000, True)
    assert check(found.problem, found.tasks) == ()
    assert not found.problem.missing(found.tasks).any()


def test_a_daemon_gets_its_task_on_what_is_kept(tmp_path: Path) -> None:
    """Asked whole without a plan to begin with: i1 is kept and lacks the daemon's task, which the plan starts there."""
    groups = "web,500,1000,0,,REPLICA,true\nagent,100,100,1,,DAEMON,\n"
    there = "i1,2000,4000,a,small\ni2,2000,4000,a,small\n"
    problem = tables(tmp_path, groups, there, "web,i1,2\nweb,i2,1\nagent,i2,1\n")
    asked = question(replace(problem, freedom=replace(problem.freedom, max_moves=1)))
    found = whole.ask(asked, None, 0, QUICK, Deadline(20.0))
    assert found.plan is not None and found.plan.is_right
    assert (found.plan.cost, found.bound, found.plan.kept) == (100_000, 100_000, {0})
    assert found.plan.tasks.to_dense().tolist() == [[3, 0], [1, 1]]


def test_that_no_mix_keeps_the_rules_is_proved(tmp_path: Path) -> None:
    """Two groups that may not be in one zone, and one zone."""
    groups = f'a,500,500,1,"antiAffinity(b, {ZONE})",STANDALONE,\nb,500,500,1,,STANDALONE,\n'
    with pytest.raises(InvalidRequest, match=r"no mix leaves every task a place under all rules \(proved\)"):
        right_size(tables(tmp_path, groups), TYPES, QUICK, zones=["a"])


@pytest.mark.parametrize("seed", range(25))
def test_groups_that_room_alone_concerns_need_not_ask_every_rule(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short way to the types of tasks gives what asking each rule does."""
    rules = bind(random_problem(seed))
    room = np.maximum(rules.available(rules.emptied), 0)
    groups = list(range(len(rules.problem.groups)))
    asked = (rules, groups, room, rules.problem.wanted + 1)
    short = capacity_question._kinds(*asked)
    for name in ("InstanceState", "Resource"):
        monkeypatch.setattr(capacity_question, name, Problem)
    for one, other in zip(short, capacity_question._kinds(*asked), strict=True):
        assert (one == other).all()


def test_a_large_question_is_not_asked_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the bound is that of the room alone, and the mix is what the placement engine makes of it."""
    groups = 'web,500,1000,0,"antiAffinity(job, instanceId)",REPLICA,true\njob,500,1000,0,,REPLICA,true\n'
    there = "i1,2000,4000,a,small\ni2,2000,4000,a,small\n"
    problem = tables(tmp_path, groups, there, "web,i1,1\njob,i2,1\n")
    problem = replace(problem, freedom=replace(problem.freedom, max_moves=1))
    small = right_size(problem, TYPES, QUICK)
    monkeypatch.setattr(whole, "MOST_CELLS", 3)
    large = right_size(problem, TYPES, QUICK)
    assert (small.cost, small.bound, small.source) == (200_000, 200_000, "model")
    assert (large.cost, large.bound) == (200_000, 100_000) and large.source != "model"
