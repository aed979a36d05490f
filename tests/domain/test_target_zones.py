"""How registered tasks lie over the zones of their load balancers, before and after a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.api import fingerprint, place
from solver.domain.counts import Counts
from solver.domain.target_zones import target_zones
from solver.domain.targets import HostPorts, Target, TargetKind, TargetZones
from solver.errors import InvalidRequest
from tests.builders import cluster, group, problem

THREE = [{"zone": "a"}, {"zone": "b"}, {"zone": "c"}]
AB = Target("tg", zones=("a", "b"))


def told(
    before: Sequence[int],
    after: Sequence[int],
    *targets: Target,
    rows: Sequence[Mapping[str, Any]] = THREE,
    **fields: Any,
) -> TargetZones:
    """What is told of one group with some tasks on each instance before and after."""
    one = group("web", targets=targets, **fields)
    asked = problem(cluster(rows), [one], {"web": before})
    (found,) = target_zones(asked, Counts.dense(np.array([after])))
    return found


def zones(found: TargetZones) -> list[tuple[str, int, int]]:
    return [(zone.zone, zone.before, zone.after) for zone in found.zones]


def test_tasks_are_counted_by_zone_before_and_after() -> None:
    """The zones of the load balancer and those with tasks, in order, instances without a zone last."""
    rows = [{"zone": "a"}, {"zone": "b"}, {"zone": "b"}, {"zone": "e"}, {}]
    found = told([1, 2, 3, 0, 1], [1, 0, 4, 2, 0], Target("tg", zones=("b", "a", "d")), rows=rows)
    assert zones(found) == [("a", 1, 1), ("b", 5, 4), ("d", 0, 0), ("e", 0, 2), ("", 1, 0)]
    assert [zone.enabled for zone in found.zones] == [True, True, True, False, False]
    assert found.zones_known and found.touched


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([1, 1, 0], [1, 1, 0], ()),
        ([1, 1, 0], [2, 0, 0], ("no task is left in b",)),
        ([2, 0, 0], [2, 0, 0], ("still no task in b",)),
        ([2, 0, 0], [1, 1, 0], ()),
        ([1, 1, 0], [0, 0, 0], ("no task is left in any zone",)),
        ([0, 0, 0], [0, 0, 0], ()),
        ([1, 1, 0], [1, 1, 1], ("1 task gets no traffic in c, where the load balancer is not enabled",)),
        ([1, 1, 2], [1, 1, 0], ()),
    ],
)
def test_a_zone_without_targets_is_warned_of(before: list[int], after: list[int], said: tuple[str, ...]) -> None:
    """A zone that loses its last target is told from one that had none; tasks outside the load balancer's zones get nothing."""
    assert told(before, after, AB).warnings == said


def test_zones_of_active_instances_stand_for_unknown_ones() -> None:
    """Where nobody knows the load balancer's zones: those of ACTIVE instances, and it says so; none counts as not enabled."""
    rows = [{"zone": "a"}, {"zone": "b"}, {"zone": "c", "active": False}]
    found = told([1, 0, 1], [1, 0, 1], Target("tg"), rows=rows)
    assert not found.zones_known
    assert zones(found) == [("a", 1, 1), ("b", 0, 0), ("c", 1, 1)]
    assert all(zone.enabled for zone in found.zones)
    assert found.warnings == ("still no task in b",)


def test_of_unknown_zones_only_those_of_the_subnets_count() -> None:
    """A service whose subnets leave out a zone is not missed there."""
    assert told([1, 0, 0], [1, 0, 0], Target("tg"), zones=("a",)).warnings == ()


@pytest.mark.parametrize(
    ("kind", "ports", "after", "text"),
    [
        (TargetKind.CLASSIC, HostPorts.DYNAMIC, 1, "port 80 of container nginx has a dynamic one"),
        (TargetKind.CLASSIC, HostPorts.INTERFACE, 1, "takes no tasks in awsvpc mode"),
        (TargetKind.CLASSIC, HostPorts.STATIC, 1, ""),
        (TargetKind.CLASSIC, HostPorts.UNKNOWN, 1, ""),
        (TargetKind.CLASSIC, HostPorts.DYNAMIC, 0, ""),
        (TargetKind.TARGET_GROUP, HostPorts.DYNAMIC, 1, ""),
        (TargetKind.TARGET_GROUP, HostPorts.INTERFACE, 1, ""),
    ],
)
def test_a_classic_load_balancer_needs_static_ports(kind: TargetKind, ports: HostPorts, after: int, text: str) -> None:
    """It finds a task by one port of all instances; a target group takes any, and a group without tasks matters to neither."""
    found = told([0], [after], Target("lb", kind, "nginx", 80, ports), rows=[{"zone": "a"}])
    assert len(found.warnings) == (1 if text else 0)
    assert not text or text in found.warnings[0]


def test_revisions_of_a_service_are_one() -> None:
    """A deployment replaces targets without leaving a zone empty; another service of the same target group is apart."""
    groups = [
        group("web", targets=(AB,)),
        group("web@1", family="web", targets=(AB, Target("old", zones=("a",)))),
        group("api", targets=(AB,)),
        group("batch"),
    ]
    asked = problem(cluster(THREE), groups, {"web@1": [1, 1, 0], "api": [1, 1, 0]})
    after = Counts.dense(np.array([[1, 1, 0], [0, 0, 0], [1, 1, 0], [5, 0, 0]]))
    found = target_zones(asked, after)
    assert [(one.service, one.target, one.touched, one.warnings) for one in found] == [
        ("web", "tg", True, ()),
        ("web", "old", True, ("no task is left in any zone",)),
        ("api", "tg", False, ()),
    ]
    assert zones(found[0]) == [("a", 1, 1), ("b", 1, 1)]


def test_two_ports_of_a_target_are_one() -> None:
    """A task that is registered twice with one target group is one task."""
    assert zones(told([1, 0, 0], [2, 0, 0], AB, replace(AB, port=81))) == [("a", 1, 2), ("b", 0, 0)]


def test_the_name_for_people() -> None:
    """Of a target group's ARN the name; any other name as it is."""
    arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/5f0c3a9be1d27846"
    assert Target(arn).label == "web"
    assert Target("classic", TargetKind.CLASSIC).label == "classic"


def test_wrong_targets_are_refused() -> None:
    """An empty name, a port beyond 65,535, a zone without a name: each with its path."""
    with pytest.raises(InvalidRequest) as caught:
        problem(cluster(THREE), [group("web", targets=(Target(""), Target("x", port=65536), Target("x", zones=("",))))])
    assert [fault.path for fault in caught.value.faults] == [
        "groups[0].targets[0].name",
        "groups[0].targets[1].port",
        "groups[0].targets[2].zones",
    ]


def test_no_plan_depends_on_targets() -> None:
    """The same plan with and without; the request differs, since what the answer says differs."""
    plain = problem(cluster(THREE), [group("web", 4, chain=["spread(attribute:ecs.availability-zone)"])])
    registered = replace(plain, groups=(replace(plain.groups[0], targets=(AB,)),))
    one, other = place(plain), place(registered)
    assert one.tasks.same_as(other.tasks)
    assert one.targets == () and len(other.targets) == 1
    assert fingerprint(plain) != fingerprint(registered)
