"""The published examples of the cluster query language (ECS document, section 10, rows 14 to 24)."""

from __future__ import annotations

from solver.query import Facts
from tests.query.row_by_row import Row
from tests.query.rows import Columns, row, selected

TYPE, ZONE = "ecs.instance-type", "ecs.availability-zone"


def typed(instance_type: str, zone: str = "us-east-1a") -> Row:
    return row({TYPE: instance_type, ZONE: zone})


def test_14_two_constraints_that_contradict_select_no_instance() -> None:
    """All constraints must hold: a Linux rule and a Windows rule together select nothing."""
    rows = [
        row({"ecs.os-type": "linux", "ecs.os-family": "LINUX"}),
        row({"ecs.os-type": "windows", "ecs.os-family": "WINDOWS_SERVER_2019_FULL"}),
    ]
    linux, windows = "attribute:ecs.os-type == linux", "attribute:ecs.os-family == WINDOWS_SERVER_2019_FULL"
    assert (selected(linux, rows), selected(windows, rows)) == ([1], [2])
    assert selected(f"({linux}) and ({windows})", rows) == []


def test_15_not_equal_selects_only_instances_with_the_attribute() -> None:
    """`attribute:stack != prod` does not select an instance without `stack`; `not(...)` does."""
    rows = [row({"stack": "prod"}), row({"stack": "dev"}), row()]
    assert selected("attribute:stack != prod", rows) == [2]
    assert selected("not(attribute:stack == prod)", rows) == [2, 3]


def test_16_in_selects_the_listed_types() -> None:
    """`in [t2.small, t2.medium]` selects these two types."""
    rows = [typed("t2.small"), typed("t2.medium"), typed("m5.large")]
    assert selected("attribute:ecs.instance-type in [t2.small, t2.medium]", rows) == [1, 2]


def test_17_a_pattern_and_a_zone() -> None:
    """T2 instances in one zone."""
    rows = [typed("t2.small"), typed("t2.micro", "us-east-1b"), typed("m5.large"), typed("xt2.small")]
    text = "attribute:ecs.instance-type =~ t2.* and attribute:ecs.availability-zone == us-east-1a"
    assert selected(text, rows) == [1]


def test_18_a_pattern_and_not_a_zone() -> None:
    """G2 instances that are not in one zone."""
    rows = [typed("g2.2xlarge", "us-east-1d"), typed("g2.8xlarge"), typed("t2.small")]
    text = "attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d"
    assert selected(text, rows) == [2]


def test_19_affinity_to_a_service() -> None:
    """`task:group ==` selects the instances that host a task of the service."""
    rows = [row(groups={"service:production": 1}), row()]
    assert selected("task:group == service:production", rows) == [1]


def test_20_anti_affinity_to_a_group() -> None:
    """`not(task:group == database)` selects the instances that host none of its tasks, empty ones included."""
    rows = [row(groups={"database": 1, "web": 2}), row(), row(groups={"web": 1})]
    assert selected("not(task:group == database)", rows) == [2, 3]


def test_21_a_group_that_is_nowhere_selects_nothing() -> None:
    """Self-affinity of a group without tasks has no instance to begin with."""
    assert selected("task:group == databases", [row(groups={"databases": 0}), row()]) == []


def test_22_running_tasks_are_those_wanted_running() -> None:
    """`runningTasksCount` reads the count of tasks with desired status RUNNING, not the tasks of known groups."""
    rows = [row(groups={"web": 2}, running=1), row(running=2)]
    assert selected("runningTasksCount == 1", rows) == [1]


def test_23_agents_below_a_version() -> None:
    """`agentVersion < 1.14.5` selects 1.14.4, and neither 1.14.5 nor 1.15.0."""
    rows = [row(version="1.14.4"), row(version="1.14.5"), row(version="1.15.0")]
    assert selected("agentVersion < 1.14.5", rows) == [1]


def test_24_instances_registered_before_a_day() -> None:
    """`registeredAt < 2018-02-13` selects what was registered the day before and not the day after."""
    rows = [row(registered="2018-02-12T22:28:28+00:00"), row(registered="2018-02-14T08:00:00Z")]
    assert selected("registeredAt < 2018-02-13", rows) == [1]


def test_the_columns_of_the_tests_are_facts() -> None:
    """What the tests evaluate against has every member of the protocol."""
    facts: Facts = Columns([row()])
    assert facts.size == 1
