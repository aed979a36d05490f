"""Messages that are small on the wire and would take much memory or time: refused before they do.

None of these tests would end, or stay within the memory of a computer, if what it is about were missing.
"""

from __future__ import annotations

import pytest

from solver.domain.columns import TextColumn
from solver.errors import MAX_FAULT_TEXT, MAX_FAULTS, Fault, InvalidRequest, TooLarge
from solver.rules.bind import bind
from solver.service import codec
from solver.service.sizes import PLACE, SizeLimits, require_small
from solver.v1 import cluster_pb2, task_group_pb2
from solver.v1 import cluster_service_pb2 as kept
from solver.v1 import placement_service_pb2 as wire

CLUSTER_OF_8_MB = b"\x0a\x80\x80\x80\x04"
"""The beginning of ``PlaceRequest.cluster``, for 8 MiB of what follows."""


def request() -> wire.PlaceRequest:
    """One task for one instance."""
    found = wire.PlaceRequest()
    found.cluster.resources.append("cpu")
    found.cluster.instances.add(id="a", capacity=[5], free=[5])
    found.groups.add(name="g", start=1, demand={"cpu": 1})
    return found


def faults(found: wire.PlaceRequest) -> tuple[Fault, ...]:
    """What is said of a request and its rules."""
    with pytest.raises(InvalidRequest) as refused:
        bind(codec.call_from_bytes(found.SerializeToString()).problem)
    return refused.value.faults


@pytest.mark.parametrize(
    "before", [b"", b"\xa3\x06\xa4\x06", b"\xa3\x06\x08\x01\xa4\x06", b"\xa1\x06" + bytes(8), b"\xa0\x06\x01"]
)
def test_parts_are_counted_behind_whatever_comes_first(before: bytes) -> None:
    """Fields of a later version, and groups, which no version has: four million instances of two bytes are refused."""
    payload = before + CLUSTER_OF_8_MB + b"\x22\x00" * (4 << 20)
    with pytest.raises(TooLarge, match=r"cluster\.instances: has 100,001 entries; at most 100,000"):
        require_small(payload, PLACE, SizeLimits())


def test_parts_that_no_limit_is_about_are_counted_too() -> None:
    """Four million warnings take seconds only to be counted; a million are fine."""
    with pytest.raises(TooLarge, match="more than 2,000,000 parts"):
        require_small(b"\x6a\x00" * (4 << 20), PLACE, SizeLimits())
    require_small(b"\x6a\x00" * 1_000_000, PLACE, SizeLimits())


@pytest.mark.parametrize("field", ["ports", "required_attributes", "zones", "capacity_providers"])
def test_lists_of_a_group_are_limited(field: str) -> None:
    """As an instance's attributes are, in messages of any size."""
    found = request()
    one = task_group_pb2.HostPort(port=80) if field == "ports" else "x"
    getattr(found.groups[0], field).extend([one] * 400_000)
    with pytest.raises(TooLarge, match=rf"groups\[0\]\.{field}: has 400,000 entries; at most 1,000"):
        SizeLimits().require_place(found)
    del getattr(found.groups[0], field)[1_001:]
    with pytest.raises(TooLarge, match=rf"groups\[0\]\.{field}: has 1,001 entries; at most 1,000"):
        codec.call_from_bytes(found.SerializeToString())


def test_ports_may_be_as_many_as_there_are() -> None:
    """With limits that admit them, 65,535 ports of a group are told apart."""
    found = request()
    found.groups[0].ports.extend(task_group_pb2.HostPort(port=1 + port) for port in range(65_535))
    found.groups[0].ports.add(port=7)
    with pytest.raises(InvalidRequest) as refused:
        codec.call_from_bytes(found.SerializeToString(), SizeLimits(attributes=70_000))
    assert [fault.path for fault in refused.value.faults] == ["groups[0].ports[65535]"]


def test_what_was_sent_is_not_repeated_for_each_fault() -> None:
    """A name of 10 MB in the remedies of 10,000 faults: a hundred are kept, and their texts are cut."""
    found = request()
    found.cluster.resources[0] = "x" * 10_000_000
    for number in range(10_000):
        found.groups[0].demand[f"d{number}"] = 1
    said = faults(found)
    assert len(said) == MAX_FAULTS
    assert max(len(text) for fault in said for text in (fault.path, fault.problem, fault.remedy)) == MAX_FAULT_TEXT


def test_columns_of_nothing_but_faults_are_refused() -> None:
    """Three columns of 500,000 numbers, all of them wrong."""
    found = request()
    for column, value in (("groups", 9), ("instances", 9), ("counts", 0)):
        getattr(found.running_columns, column).extend([value] * 500_000)
    assert [fault.path for fault in faults(found)] == [f"running_columns.groups[{k}]" for k in range(MAX_FAULTS)]


def test_amounts_of_nothing_but_faults_are_refused() -> None:
    """100,000 instances with five negative amounts each."""
    found = request()
    found.cluster.resources.extend("abcd")
    found.cluster.instances[0].capacity[:] = found.cluster.instances[0].free[:] = [-1] * 5
    found.cluster.instances.extend(
        cluster_pb2.Instance(id=f"i{k}", capacity=[-1] * 5, free=[-1] * 5) for k in range(99_999)
    )
    assert len(faults(found)) == MAX_FAULTS


def test_families_that_are_not_there_cost_little() -> None:
    """What was meant is looked for among a few short names: 1,000 rules of 5,000 groups with names of 100 characters."""
    found = request()
    for number in range(5_000):
        found.groups.add(name=f"{number:04d}" + "ab" * 48)
    for group in found.groups[:100]:
        for number in range(10):
            group.constraints.add(type="affinity", argument=f"{'ab' * 47}{number}, instanceId")
    said = faults(found)
    assert len(said) == MAX_FAULTS
    assert "such as 0" in said[0].remedy


def test_attributes_of_one_instance_cost_little_in_a_large_cluster() -> None:
    """1,000 attributes that one of 30,000 instances has."""
    found = request()
    found.cluster.instances.extend(cluster_pb2.Instance(id=f"i{k}", capacity=[1], free=[1]) for k in range(29_999))
    for number in range(1_000):
        found.cluster.instances[7].attributes[f"a{number}"] = "x"
    cluster = codec.call_from_bytes(found.SerializeToString()).problem.cluster
    assert cluster.attributes["a5"][7] == "x"
    assert (cluster.attributes["a5"].codes >= 0).sum() == 1


def test_a_sparse_column_is_the_same_as_a_dense_one() -> None:
    """Both are made from the same texts."""
    sparse, dense = TextColumn.sparse(4, {2: "b", 0: "c"}), TextColumn.of(["c", None, "b", None])
    assert (sparse.values, sparse.codes.tolist()) == (dense.values, dense.codes.tolist())
    assert TextColumn.sparse(2, {}).codes.tolist() == [-1, -1]


def test_columns_that_are_too_large_written_out_are_refused() -> None:
    """A value of 1 MB that each of 1,000 instances would have as its own."""
    state = kept.ClusterState()
    state.cluster.instances.extend(cluster_pb2.Instance(id=str(k)) for k in range(1_000))
    column = state.cluster.attribute_columns.add(name="a", values=["x" * 1_000_000], codes=[1] * 1_000)
    with pytest.raises(TooLarge, match=r"state\.cluster\.attribute_columns: has 1,000,001,000 characters"):
        SizeLimits().require_state(state, "state.")
    column.codes[:] = [0] * 999 + [1]
    SizeLimits().require_state(state, "state.")


def test_a_plan_whose_sums_would_wrap_is_refused() -> None:
    """4,096 tasks of 2^52 each are 0 in 64 bits: no plan that is checked, but an error (§11.2)."""
    found = wire.CheckRequest(request=request())
    found.request.groups[0].demand["cpu"] = 2**52
    found.tasks.add(group="g", instance="a", count=4_096)
    with pytest.raises(InvalidRequest) as refused:
        codec.check_from_bytes(found.SerializeToString())
    assert [fault.path for fault in refused.value.faults] == ["tasks"]
    found.tasks[0].count = 2
    assert codec.check_from_bytes(found.SerializeToString())[1].totals().tolist() == [2]
