"""Orders of a plan (solver.aws.orders)."""

from __future__ import annotations

from solver.aws.orders import parts_of, plan_id, starts_in, stops_in
from solver.formats.plan import rows_of_plan

HEADER = "action,group,task,instance,from_instance,step,start_step,stop_step\n"


def test_a_move_may_start_and_stop_in_different_waves() -> None:
    """Where the plan says so; else both are of the wave that completes it, the first one where there is none."""
    apart, together, neither = rows_of_plan(HEADER + "move,g,t1,a,b,3,1,3\nmove,g,t2,a,b,2,,\nmove,g,t3,a,b,,,\n")
    assert [(starts_in(row), stops_in(row)) for row in (apart, together, neither)] == [(1, 3), (2, 2), (1, 1)]


def test_the_name_of_a_plan_is_of_its_waves_too_and_not_of_the_order_of_its_rows() -> None:
    """Another order of waves is another plan."""
    rows = rows_of_plan(HEADER + "move,g,t1,a,b,3,1,3\nstop,g,t2,a,,1,,\n")
    assert plan_id(rows) == plan_id(rows[::-1])
    assert plan_id(rows) != plan_id(rows_of_plan(HEADER + "move,g,t1,a,b,3,2,3\nstop,g,t2,a,,1,,\n"))


def test_a_role_of_the_tasks_own_is_no_part_of_ecs_s_group() -> None:
    """The group that ECS knows and the revision that is pinned, with and without a role."""
    assert parts_of("family:batch:7 as role/teams/etl") == parts_of("family:batch:7") == ("family:batch", "batch:7")
    assert parts_of("etl@nightly:1 as role/x") == parts_of("etl@nightly:1") == ("etl", "nightly:1")
    assert parts_of("family:batch") == ("family:batch", "")
