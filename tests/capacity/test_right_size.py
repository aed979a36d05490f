"""Right-size: the plan passes the checker, rules and zones are kept, and instances are given up within the budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from solver.capacity import Catalogue, InstanceType, right_size
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.errors import InvalidRequest
from solver.formats.tables import read_tables
from solver.verify import check

TYPES = Catalogue(
    (
        InstanceType("small", 2_000, 4_000, 100_000),
        InstanceType("large", 4_000, 8_000, 190_000),
    )
)
HEADER = "id,cpu,memory,attribute:ecs.availability-zone,attribute:ecs.instance-type\n"
GROUPS = "name,cpu,memory,start,constraints,scheduling,movable\n"
QUICK = Limits(time_limit=20.0)
ZONE = "attribute:ecs.availability-zone"


def tables(folder: Path, groups: str, instances: str = "", running: str = "") -> Problem:
    (folder / "instances.csv").write_text(HEADER + instances)
    (folder / "groups.csv").write_text(GROUPS + groups)
    if running:
        (folder / "running.csv").write_text("group,instance,count\n" + running)
    return read_tables(folder)


def test_a_cluster_without_instances_gets_the_cheapest_that_hold_everything(tmp_path: Path) -> None:
    """Five tasks of half a large instance: two large ones and a small one, proved."""
    problem = tables(tmp_path, "web,2000,4000,5,,STANDALONE,\n")
    found = right_size(problem, TYPES, QUICK, zones=["a"])
    assert found.bought == {("large", "a"): 2, ("small", "a"): 1}
    assert (found.cost, found.proven) == (480_000, True)
    assert check(found.problem, found.tasks) == ()
    assert not found.problem.missing(found.tasks).any()


def test_tasks_that_keep_apart_get_instances_of_their_own(tmp_path: Path) -> None:
    """``distinctInstance`` is known to the bound too."""
    problem = tables(tmp_path, "web,500,500,4,distinctInstance,STANDALONE,\n")
    found = right_size(problem, TYPES, QUICK, zones=["a"])
    assert found.bought == {("small", "a"): 4}
    assert found.proven


def test_a_hard_skew_is_kept_over_zones(tmp_path: Path) -> None:
    """The placement engine and the checker know rules that the search does not."""
    problem = tables(tmp_path, f'web,1000,1000,6,"maxSkew({ZONE}, 1)",STANDALONE,\n')
    found = right_size(problem, TYPES, QUICK, zones=["a", "b", "c"])
    assert check(found.problem, found.tasks) == ()
    assert not found.problem.missing(found.tasks).any()
    assert {zone for _, zone in found.bought} == {"a", "b", "c"}


def test_groups_that_avoid_each_other_are_parted(tmp_path: Path) -> None:
    """A rule between groups may cost an instance more; the bound still holds."""
    groups = 'a,500,500,1,"antiAffinity(b, instanceId)",STANDALONE,\nb,500,500,1,,STANDALONE,\n'
    found = right_size(tables(tmp_path, groups), TYPES, QUICK, zones=["a"])
    assert check(found.problem, found.tasks) == ()
    assert sum(found.bought.values()) == 2
    assert found.bound <= found.cost


def test_a_rule_may_name_a_type(tmp_path: Path) -> None:
    """Then no type is left out because another is cheaper."""
    problem = tables(tmp_path, "web,500,500,1,memberOf(attribute:ecs.instance-type == large),STANDALONE,\n")
    assert right_size(problem, TYPES, QUICK, zones=["a"]).bought == {("large", "a"): 1}


def test_an_instance_is_given_up_only_within_the_budget(tmp_path: Path) -> None:
    """Two half-empty instances: with a move one suffices, without none is given up."""
    there = "i1,2000,4000,a,small\ni2,2000,4000,a,small\n"
    problem = tables(tmp_path, "web,500,1000,0,,REPLICA,true\n", there, "web,i1,1\nweb,i2,2\n")
    kept = right_size(replace(problem, freedom=replace(problem.freedom, max_moves=0)), TYPES, QUICK)
    assert (kept.given_up, kept.moved, kept.cost) == ((), 0, 200_000)
    assert kept.proven
    fewer = right_size(replace(problem, freedom=replace(problem.freedom, max_moves=1)), TYPES, QUICK)
    assert (fewer.given_up, fewer.moved, fewer.cost) == ((0,), 1, 100_000)
    assert check(fewer.problem, fewer.tasks) == ()


def test_free_room_is_used_before_anything_is_bought(tmp_path: Path) -> None:
    """What is there is paid for."""
    problem = tables(tmp_path, "web,500,1000,3,,REPLICA,\n", "i1,2000,4000,a,small\n", "web,i1,1\n")
    found = right_size(replace(problem, freedom=replace(problem.freedom, max_moves=0)), TYPES, QUICK)
    assert (found.bought, found.kept, found.cost) == ({}, (0,), 100_000)


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ("web,9000,10,1,,STANDALONE,\n", "web: fits no instance: a task needs 9,000 of cpu, and the largest has 4,000"),
        ("web,1,1,1,memberOf(attribute:x == y),STANDALONE,\n", "web: fits no instance: memberOf"),
    ],
)
def test_a_group_that_fits_nowhere_is_named_with_the_reason(tmp_path: Path, groups: str, said: str) -> None:
    """Before any search."""
    with pytest.raises(InvalidRequest) as refused:
        right_size(tables(tmp_path, groups), TYPES, QUICK, zones=["a"])
    assert said in str(refused.value)


def test_an_instance_without_a_price_is_named(tmp_path: Path) -> None:
    """What is there counts in the cost."""
    problem = tables(tmp_path, "web,1,1,1,,STANDALONE,\n", "i1,2000,4000,a,huge\n")
    with pytest.raises(InvalidRequest) as refused:
        right_size(problem, TYPES, QUICK)
    assert "instance i1: is of type 'huge'" in str(refused.value)


def test_a_type_is_bought_only_where_it_is_offered(tmp_path: Path) -> None:
    """The cheap one is not sold in zone b; a zone where nothing is sold is a mistake."""
    sold = Catalogue(
        (
            InstanceType("cheap", 2_000, 4_000, 50_000, zones=("a",)),
            InstanceType("dear", 2_000, 4_000, 100_000, zones=("a", "b")),
        )
    )
    problem = tables(tmp_path, f"web,2000,4000,2,memberOf({ZONE} == b),STANDALONE,\njob,2000,4000,1,,STANDALONE,\n")
    found = right_size(problem, sold, QUICK, zones=["a", "b"])
    assert found.bought == {("cheap", "a"): 1, ("dear", "b"): 2}
    assert found.proven
    with pytest.raises(InvalidRequest, match="--zone: 'c' is where the catalogue offers no type; such as a, b"):
        right_size(problem, sold, QUICK, zones=["c"])


def test_an_instance_is_kept_after_all_where_rules_between_groups_ask_for_it(tmp_path: Path) -> None:
    """By room alone one of the two could go; the groups may not be together, so neither does, and nothing is bought."""
    groups = 'a,500,1000,0,"antiAffinity(b, instanceId)",REPLICA,true\nb,500,1000,0,,REPLICA,true\n'
    there = "i1,2000,4000,a,small\ni2,2000,4000,a,small\n"
    problem = tables(tmp_path, groups, there, "a,i1,1\nb,i2,1\n")
    found = right_size(replace(problem, freedom=replace(problem.freedom, max_moves=1)), TYPES, QUICK)
    assert check(found.problem, found.tasks) == ()
    assert not found.problem.missing(found.tasks).any()
    assert (found.bought, found.kept, found.cost) == ({}, (0, 1), 200_000)
    assert found.proven and found.source == "model"
