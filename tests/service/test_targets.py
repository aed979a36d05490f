"""Targets and isolated roles on the wire."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from solver import api
from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.targets import HostPorts, Target, TargetKind
from solver.errors import InvalidRequest, TooLarge
from solver.service.answers import place_response
from solver.service.codec import (
    DEFAULT_SIZES,
    answer_from_bytes,
    answer_from_json,
    answer_to_bytes,
    answer_to_json,
    call_from_bytes,
    request_from_json,
    request_to_json,
)
from solver.service.decode import place_call
from solver.service.encode import place_request
from solver.service.sizes import SCANNED
from solver.v1 import placement_service_pb2 as wire
from solver.v1 import task_group_pb2
from tests.builders import cluster, group, problem
from tests.service.problems import answer_to

TARGETS = (
    Target("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/5f", zones=("a", "b")),
    Target("classic", TargetKind.CLASSIC, "nginx", 80, HostPorts.DYNAMIC),
)


def asked() -> Problem:
    """One registered group in zone a that wants a task; another role in zone b."""
    groups = [group("web", 1, cpu=1, role="r1", targets=TARGETS), group("api", cpu=1, role="r2")]
    return problem(cluster([{"zone": "a"}, {"zone": "b"}]), groups, {"api": [0, 1]}, rules=["isolateRoles(r1, r2)"])


def answered() -> Answer:
    return answer_to(asked())


@pytest.mark.parametrize("kind", TargetKind)
@pytest.mark.parametrize("ports", HostPorts)
def test_targets_come_back_as_they_were(kind: TargetKind, ports: HostPorts) -> None:
    """Every kind and every way to reach a port, as bytes and as JSON."""
    plain = asked()
    one = replace(plain.groups[0], targets=(Target("x", kind, "c", 65535, ports, ("z",)), Target("y", kind)))
    whole = replace(plain, groups=(one, plain.groups[1]))
    message = wire.PlaceRequest.FromString(place_request(whole, Limits()).SerializeToString())
    assert place_call(message, DEFAULT_SIZES).problem.groups == whole.groups
    assert request_from_json(request_to_json(whole, Limits()))[0].groups == whole.groups


def test_an_answer_says_where_the_targets_are() -> None:
    """By service and target, zone by zone, with what is wrong."""
    found = place_response(answered()).targets
    assert [(one.service, one.target, one.kind, one.zones_known, one.touched) for one in found] == [
        ("web", TARGETS[0].name, task_group_pb2.TARGET_KIND_TARGET_GROUP, True, True),
        ("web", "classic", task_group_pb2.TARGET_KIND_CLASSIC, False, True),
    ]
    zones = [[(zone.zone, zone.before, zone.after, zone.enabled) for zone in one.zones] for one in found]
    assert zones == [[("a", 0, 1, True), ("b", 0, 0, True)]] * 2
    assert list(found[0].warnings) == ["still no task in b"]
    assert len(found[1].warnings) == 2 and "dynamic" in found[1].warnings[1]


def test_an_answer_says_where_isolated_roles_are() -> None:
    """Each role's tasks and instances before and after; the pairs that share an instance."""
    (found,) = place_response(answered()).isolation
    assert [(use.role, use.tasks_before, use.tasks_after, use.instances_after, use.known) for use in found.roles] == [
        ("r1", 0, 1, 1, True),
        ("r2", 1, 1, 1, True),
    ]
    assert not found.together and (found.shared_before, found.shared_after) == (0, 0)
    both = replace(answered(), tasks=Counts.dense(np.array([[0, 1], [0, 1]])))
    (found,) = place_response(both).isolation
    assert [(pair.first, pair.second, pair.before, pair.after) for pair in found.together] == [("r1", "r2", 0, 1)]
    assert (found.shared_before, found.shared_after) == (0, 1)


def test_an_answer_that_comes_back_tells_the_same() -> None:
    """As bytes and as JSON; what follows from the problem and the plan is worked out again."""
    answer = answered()
    for back in (
        answer_from_bytes(answer_to_bytes(answer), answer.problem),
        answer_from_json(answer_to_json(answer), answer.problem),
    ):
        assert back.targets == answer.targets != ()
        assert api.isolation(back) == api.isolation(answer) != ()


def test_the_json_of_an_answer() -> None:
    """Names as protobuf JSON has them."""
    written = json.loads(answer_to_json(answered()))
    assert written["targets"][0]["zones"][0] == {"zone": "a", "before": "0", "after": "1", "enabled": True}
    assert written["isolation"][0]["roles"][0]["tasksAfter"] == "1"


def test_without_targets_and_isolated_roles_nothing_is_said() -> None:
    """An answer to a request without either has neither."""
    plain = problem(cluster([{}]), [group("web", 1)])
    response = place_response(answer_to(plain))
    assert not response.targets and not response.isolation


def test_wrong_targets_are_refused_with_their_paths() -> None:
    """Unknown enum values, an empty name, a port beyond 65,535."""
    message = place_request(asked(), Limits())
    message.groups[0].targets[0].kind = cast(task_group_pb2.TargetKind, 9)
    message.groups[0].targets[1].host_ports = cast(task_group_pb2.HostPorts, 9)
    message.groups[1].targets.add(port=-1)
    with pytest.raises(InvalidRequest) as caught:
        place_call(message, DEFAULT_SIZES)
    assert [str(fault) for fault in caught.value.faults] == [
        "groups[0].targets[0].kind: is 9; must be TARGET_GROUP or CLASSIC",
        "groups[0].targets[1].host_ports: is 9; must be STATIC, DYNAMIC or INTERFACE",
        "groups[1].targets[0].name: is empty; name the target group or the Classic Load Balancer",
        "groups[1].targets[0].port: is -1; must be a port, 1 to 65535, or 0 where it is not known",
    ]


def test_too_many_targets_are_refused_before_they_are_unpacked() -> None:
    """Empty ones take two bytes on the wire and much more in memory."""
    message = wire.PlaceRequest(groups=[task_group_pb2.TaskGroup(name="x")])
    payload = message.SerializeToString() + b"\x12" + _length(3 * SCANNED) + b"\xb2\x01\x00" * SCANNED
    with pytest.raises(TooLarge, match=r"groups.targets: has 101 entries; at most 100"):
        call_from_bytes(payload)


def _length(number: int) -> bytes:
    """A length as a varint."""
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
