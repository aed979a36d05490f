"""What is wrong with a request is found all at once, each fault at the path of its field (§11)."""

from __future__ import annotations

import math

import pytest

from solver.domain.request import Limits
from solver.errors import Fault, InvalidRequest, TooLarge
from solver.service import codec
from solver.service.encode import check_request, place_request
from solver.service.sizes import SizeLimits
from solver.v1 import placement_service_pb2 as wire
from tests.service import problems


def message(size: int = 3) -> wire.PlaceRequest:
    """A request without faults."""
    return place_request(problems.small(size), Limits())


def faults(found: wire.PlaceRequest, sizes: SizeLimits = codec.DEFAULT_SIZES) -> list[Fault]:
    """What is wrong with a request."""
    with pytest.raises(InvalidRequest) as refused:
        codec.call_from_bytes(found.SerializeToString(), sizes)
    return list(refused.value.faults)


def paths(found: wire.PlaceRequest) -> list[str]:
    """Where something is wrong with a request."""
    return [fault.path for fault in faults(found)]


def test_a_request_without_faults_is_read() -> None:
    """The request that the tests below break has no fault."""
    assert codec.call_from_bytes(message().SerializeToString()).problem.cluster.size == 3


def test_every_kind_of_fault_of_a_cluster_is_found_at_once() -> None:
    """Identity, amounts, states, ports and attributes: one message names all of them, by the wire's own paths."""
    found = message()
    one, two, three = found.cluster.instances
    two.id = one.id
    one.capacity[0] = -1
    three.free[1] = 10**6
    two.status = 77
    two.used_tcp_ports.extend([0, 22, 22])
    three.unlisted_tasks = -1
    found.cluster.attribute_columns[0].codes[2] = 9
    found.cluster.attribute_columns.add(name="stack", values=["prod"], codes=[1])
    assert sorted(paths(found)) == [
        "cluster.attribute_columns[0].codes[2]",
        "cluster.attribute_columns[1].codes",
        "cluster.instances[0].capacity[0]",
        "cluster.instances[0].free[0]",
        "cluster.instances[1].id",
        "cluster.instances[1].status",
        "cluster.instances[1].used_tcp_ports[0]",
        "cluster.instances[1].used_tcp_ports[2]",
        "cluster.instances[2].free[1]",
        "cluster.instances[2].unlisted_tasks",
    ]


def test_a_row_of_another_length_is_a_fault() -> None:
    """Each instance has one amount for each resource; the message says how many."""
    found = message()
    del found.cluster.instances[1].free[:]
    (fault,) = faults(found)
    assert str(fault) == "cluster.instances[1].free: has 0 amounts; one for each of the 2 resources"


def test_every_kind_of_fault_of_groups_and_counts_is_found_at_once() -> None:
    """Groups, unknown names, counts, limits and rules: one message names all of them."""
    found = message()
    group = found.groups[0]
    group.start = -1
    group.demand["gpus"] = 1
    group.scheduling = 9
    group.ports.add(port=0, protocol=7)
    group.constraints.add(type="distinctInstances")
    group.strategies.add(type="binpack", argument="disk")
    found.groups.add().CopyFrom(group)
    found.running.add(group="service:none", instance="i-9999", count=1)
    found.running.add(group="service:web", instance="i-0001", count=0)
    found.running_columns.groups.append(5)
    found.running_columns.instances.append(5)
    found.running_columns.counts.append(0)
    found.tasks.add(id="", group="service:web", instance="i-0001")
    found.frozen_instances.append("i-9999")
    found.rules.add(type="reserve", argument="")
    found.limits.time_limit_seconds = math.nan
    found.limits.workers = 0
    found.limits.seed = -1
    found.limits.engine = 9
    found.label = "x" * 1001
    expected = {
        "groups[0].start",
        "groups[0].demand[gpus]",
        "groups[0].scheduling",
        "groups[0].ports[0]",
        "groups[0].ports[0].protocol",
        "groups[1].name",
        "running[0].group",
        "running[0].instance",
        "running[1].count",
        "running_columns.groups[0]",
        "running_columns.instances[0]",
        "running_columns.counts[0]",
        "tasks[0].id",
        "frozen_instances[0]",
        "limits.time_limit_seconds",
        "limits.workers",
        "limits.seed",
        "limits.engine",
        "label",
    }
    where = paths(found)
    assert expected <= set(where)
    assert any(path.startswith("groups[0].constraints[0]") for path in where)
    assert any(path.startswith("groups[1].strategies[0]") for path in where)
    assert any(path.startswith("rules[0]") for path in where)
    assert len(where) == len(set(where))


def test_columns_of_different_lengths_are_refused() -> None:
    """The three columns of counts have one length."""
    found = message()
    found.running_columns.groups.append(0)
    assert [str(fault) for fault in faults(found)] == [
        "running_columns: has columns of 1, 0, 0 numbers; must have one length"
    ]


def test_a_missing_cluster_is_named() -> None:
    """A request without a cluster says so, and says nothing of its groups' demands being unknown twice."""
    assert "cluster" in paths(wire.PlaceRequest())


def test_sums_beyond_2_53_are_refused() -> None:
    """Neither the cluster's amounts nor the tasks' demands may add up to more than 2^53; at most that is allowed."""
    found = message(2)
    for instance in found.cluster.instances:
        instance.capacity[0] = instance.free[0] = 2**52
    assert codec.call_from_bytes(found.SerializeToString()).problem.cluster.capacity[0, 0] == 2**52
    found.cluster.instances[0].capacity[0] = 2**52 + 2
    assert paths(found) == ["cluster.instances.capacity"]
    found = message(2)
    found.groups[0].demand["cpu"] = 2**40
    found.running.add(group="service:web", instance="i-0001", count=2**13 - 2)
    assert codec.call_from_bytes(found.SerializeToString()).problem.running.totals().tolist() == [2**13 - 2]
    found.running[0].count += 1
    assert paths(found) == ["groups.demand[cpu]"]


def test_at_most_a_hundred_faults_are_listed() -> None:
    """A request with more faults lists a hundred."""
    found = message(300)
    for instance in found.cluster.instances:
        instance.capacity[0] = -1
    assert len(faults(found)) == 100


def test_a_plan_to_check_has_the_paths_of_its_own_request() -> None:
    """The request inside a plan to check is at ``request``; the plan's counts are at the top."""
    problem = problems.small()
    found = check_request(problem, problem.running)
    found.tasks.add(group="service:none", instance="i-0000", count=1)
    found.request.frozen_instances.append("nobody")
    with pytest.raises(InvalidRequest) as refused:
        codec.check_from_bytes(found.SerializeToString())
    assert [fault.path for fault in refused.value.faults] == ["tasks[0].group", "request.frozen_instances[0]"]


@pytest.mark.parametrize(
    ("limit", "path"),
    [
        ("instances", "cluster.instances"),
        ("resources", "cluster.resources"),
        ("groups", "groups"),
        ("counts", "running"),
        ("tasks", "tasks"),
        ("rules", "rules"),
        ("attributes", "cluster: attributes"),
    ],
)
def test_each_size_limit_holds(limit: str, path: str) -> None:
    """A list of exactly the limit is read, one more is refused with the path of the list."""
    found = message(2)
    found.groups.add().CopyFrom(found.groups[0])
    found.groups[1].name = "service:api"
    found.cluster.instances[0].attributes["stack"] = "prod"
    for k in range(2):
        found.running.add(group="service:web", instance="i-0001", count=1)
        found.tasks.add(id=f"task-{k}", group="service:web", instance="i-0001")
        found.rules.add(type="reserve", argument="cpu, 1")
    payload = found.SerializeToString()
    codec.call_from_bytes(payload, SizeLimits(**{limit: 2}))
    with pytest.raises(TooLarge) as refused:
        codec.call_from_bytes(payload, SizeLimits(**{limit: 1}))
    assert str(refused.value).startswith(f"{path}: has 2 entries; at most 1")


def test_empty_parts_are_counted_before_they_are_unpacked() -> None:
    """A message of a million empty instances or groups' ports is refused by its bytes alone."""
    empty = b"\x22\x00" * 1_000_000
    cluster = b"\x0a" + _length(len(empty)) + empty
    with pytest.raises(TooLarge, match=r"cluster\.instances"):
        codec.call_from_bytes(cluster)
    twice = (b"\x0a" + _length(len(empty) // 20) + empty[: len(empty) // 20]) * 12
    with pytest.raises(TooLarge, match=r"cluster\.instances"):
        codec.call_from_bytes(twice)
    ports = b"\x2a\x00" * 1_000_000
    with pytest.raises(TooLarge, match=r"groups\.ports"):
        codec.call_from_bytes(b"\x12" + _length(len(ports)) + ports)
    request = b"\x0a" + _length(len(cluster)) + cluster
    with pytest.raises(TooLarge, match=r"request\.cluster\.instances"):
        codec.check_from_bytes(request)


def test_a_large_message_that_is_none_is_an_invalid_request() -> None:
    """The count before unpacking leaves bytes that are no message to the decoder, and ends."""
    for payload in (b"\xff" * 2_000_000, b"\x0a\xff\xff\xff\xff\x7f" * 300_000, b"\x0b" * 2_000_000):
        with pytest.raises(InvalidRequest, match="is not a solver.v1.PlaceRequest"):
            codec.call_from_bytes(payload)


def _length(number: int) -> bytes:
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
