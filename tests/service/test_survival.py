"""Survival over the wire: what is asked, what is answered, and what a server promises besides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import grpc
import numpy as np
import pytest

from solver import api
from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Scheduling
from solver.domain.solution import Status
from solver.domain.survival import LossOutcome, Survival
from solver.errors import InvalidRequest
from solver.fingerprint import fingerprint
from solver.robustness.witness import missing_after
from solver.service import codec
from solver.service.analysis.process import Order
from solver.service.analysis.request import read_request
from solver.service.client import Client
from solver.service.decode import PlaceCall
from solver.service.encode import check_request
from solver.service.logs import LogOptions
from solver.service.outcomes import losses_to_wire
from solver.service.sizes import SizeLimits
from solver.service.verbs import PREFIX, VERBS
from solver.v1 import cluster_service_pb2 as kept
from solver.v1 import placement_service_pb2 as wire
from solver.v1 import plan_pb2
from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub
from solver.v1.placement_service_pb2_grpc import PlacementServiceStub
from tests.builders import cluster, group, problem
from tests.service import problems
from tests.service.analysis.calls import request
from tests.service.running import Running, server

ZONES = Survival(("zone",))
LIMITS = Limits(time_limit=20, workers=1)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A server with one real worker."""
    with server() as found:
        yield found


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[Client]:
    """A client of it."""
    with Client(running.address) as found:
        yield found


def web(start: int, size: int = 2) -> Problem:
    """Tasks of a quarter of an instance; three zones of so many instances."""
    rows = [{"id": f"{zone}{k}", "zone": zone, "cpu": 4} for zone in "abc" for k in range(size)]
    packed = group("web", start, cpu=1, scheduling=Scheduling.REPLICA, chain=["binpack(cpu)"])
    return problem(cluster(rows, resources=("cpu",)), [packed])


def survives(asked: Problem, answer: Answer, loss: LossOutcome) -> bool:
    """Whether the witness on the wire, put together again, shows that a loss of a zone is survived; judged by the checker."""
    zones = asked.cluster.column("ecs.availability-zone")
    gone = np.array([zones[i] == loss.value for i in range(asked.cluster.size)])
    left = np.cumsum(~gone) - 1
    dense = answer.tasks.to_dense()[:, ~gone]
    for g, i, count in loss.fallbacks:
        assert not gone[i]
        dense[g, left[i]] += count
    covered = np.ones(len(asked.groups), np.bool_)
    return missing_after(asked, answer.tasks, gone, covered, Counts.dense(dense)) == loss.without_place


def test_a_plan_survives_and_shows_it(client: Client) -> None:
    """Of 24 places two zones have 16: so many are placed, proved, and the witness of each loss passes the checker here."""
    asked = web(20)
    answer = client.place(asked, LIMITS, survival=ZONES)
    assert answer.placed().tolist() == [16] and answer.status is Status.OPTIMAL
    assert [(one.what, one.value, one.instances, one.without_place, one.proven) for one in answer.losses] == [
        ("zone", zone, 2, 0, True) for zone in "abc"
    ]
    assert sum(one.tasks for one in answer.losses) == 16
    assert all(survives(asked, answer, one) for one in answer.losses)
    (short,) = answer.shortfalls
    assert short.proven and short.conflict is not None and "after the loss of zone" in short.conflict.members[0]
    plain = client.place(asked, LIMITS)
    assert plain.placed().tolist() == [20] and plain.losses == ()
    assert {answer.replay.fingerprint, plain.replay.fingerprint} == {
        fingerprint(asked, None, ZONES),
        fingerprint(asked),
    }


def test_what_stays_broken_says_what_is_proved_of_it(client: Client) -> None:
    """A task that one instance alone admits has no place after its loss, before and after: told with both proofs."""
    rows = [{"id": zone, "zone": zone, "cpu": 4} for zone in "abc"]
    rows[0] |= {"disk": "ssd", "free": {"cpu": 3}}
    groups = [group("db", cpu=1, rules=["memberOf(attribute:disk == ssd)"]), group("web", 9, cpu=1)]
    asked = problem(cluster(rows, resources=("cpu",)), groups, {"db": [1, 0, 0]})
    answer = client.place(asked, LIMITS, survival=ZONES)
    lost = answer.losses[0]
    assert (lost.missing, lost.at_least, lost.allowed, lost.allowed_proven) == ({"db": 1}, 1, 1, True)
    (written,) = losses_to_wire([lost], asked)
    assert written.status == plan_pb2.LOSS_STATUS_NOT_SURVIVED and written.proven
    (written,) = losses_to_wire([replace(lost, at_least=0)], asked)
    assert written.status == plan_pb2.LOSS_STATUS_UNDECIDED and not written.proven
    covered = client.place(asked, LIMITS, survival=Survival(("zone",), ("web",)))
    assert not any(one.missing for one in covered.losses) and not covered.warnings


def test_rebalance_and_reconcile_keep_survival(client: Client) -> None:
    """Moves pack tasks only as far as every zone may be lost; a service grows only so far."""
    rows = [{"id": f"{zone}{k}", "zone": zone, "cpu": 4, "free": {"cpu": 3}} for zone in "ab" for k in range(2)]
    service = group("web", cpu=1, movable=True, scheduling=Scheduling.REPLICA, chain=["binpack(cpu)"])
    moving = problem(cluster(rows, resources=("cpu",)), [service], {"web": [1, 1, 1, 1]}, freedom=Freedom(max_moves=3))
    answer = client.rebalance(moving, LIMITS, survival=ZONES)
    assert len(answer.losses) == 2 and not any(one.missing for one in answer.losses)
    grown = client.reconcile(web(20), LIMITS, survival=ZONES)
    assert grown.placed().tolist() == [16] and len(grown.losses) == 3


def test_every_plan_on_the_way_survives(client: Client) -> None:
    """A stream reports plans that survive, and none of the search without the rule; the last says what becomes of the losses."""
    *way, answer = client.stream_place(web(20), LIMITS, survival=ZONES)
    assert isinstance(answer, Answer) and answer.placed().tolist() == [16] and len(answer.losses) == 3
    assert all(int(known.tasks.totals().sum()) <= 16 for known in way)


@pytest.mark.parametrize(
    ("survival", "limits", "paths"),
    [
        (Survival(("rack", "zone"), ("we",)), LIMITS, ["survive_groups[0]", "survive[0]"]),
        (Survival(("attribute:ecs.availability-zone", "attribute:rack")), LIMITS, ["survive[1]"]),
        (Survival(("zone",) * 11), LIMITS, ["survive"]),
        (ZONES, replace(LIMITS, deterministic_limit=1.0), ["limits.deterministic_limit_seconds"]),
    ],
)
def test_what_cannot_be_survived_is_refused_before_any_search(
    client: Client, survival: Survival, limits: Limits, paths: list[str]
) -> None:
    """With the path of each field, whether it is asked or only validated; a call that holds the request puts its own before."""
    with pytest.raises(InvalidRequest) as refused:
        client.place(web(1), limits, survival=survival)
    assert [fault.path for fault in refused.value.faults] == paths
    with pytest.raises(InvalidRequest) as refused:
        client.validate(web(1), limits, survival=survival)
    assert [fault.path for fault in refused.value.faults] == paths
    with pytest.raises(InvalidRequest) as refused:
        client.reconcile(web(1), limits, survival=survival)
    assert [fault.path for fault in refused.value.faults] == [PREFIX + path for path in paths]


def test_a_valid_request_is_valid(client: Client) -> None:
    """Validation alone says nothing against it."""
    client.validate(web(1), LIMITS, survival=Survival(("zone", "instance"), ("web",)))


def test_groups_without_a_loss_are_refused() -> None:
    """They would say nothing."""
    with pytest.raises(InvalidRequest) as refused:
        codec.call_from_bytes(codec.call_to_bytes(PlaceCall(web(1), LIMITS, survival=Survival((), ("web",)))))
    assert [fault.path for fault in refused.value.faults] == ["survive_groups"]


@pytest.mark.parametrize("method", ["Terminate", "Drain", "Deploy"])
def test_other_calls_refuse_it(method: str) -> None:
    """Their plans are not made to survive, and none may be taken for one that does."""
    verb = next(one for one in VERBS.values() if one.method == method)
    payload = codec.call_to_bytes(PlaceCall(web(0), LIMITS, survival=ZONES), verb)
    with pytest.raises(InvalidRequest) as refused:
        codec.call_from_bytes(payload, verb=verb)
    assert [fault.path for fault in refused.value.faults] == ["request.survive"]


def test_a_check_refuses_it() -> None:
    """A plan has no witnesses, and whether there are some is a search."""
    message = check_request(web(0), Counts.empty(1, 6))
    message.request.survive.append("zone")
    with pytest.raises(InvalidRequest) as refused:
        codec.check_from_bytes(message.SerializeToString())
    assert [fault.path for fault in refused.value.faults] == ["request.survive"]


def test_too_many_losses_are_refused_before_they_are_made(client: Client) -> None:
    """Each has a witness of its own."""
    many = problems.small(size=5_001)
    with pytest.raises(InvalidRequest, match="5,001 losses") as refused:
        client.validate(many, LIMITS, survival=Survival(("instance",)))
    assert [fault.path for fault in refused.value.faults] == ["survive[0]"]


def test_the_deadline_holds_with_many_losses(client: Client) -> None:
    """Of every instance of ninety, more tasks than fit: the plan is there in time, checked, and each loss is told."""
    asked = web(400, size=30)
    answer = client.place(asked, timeout=3, survival=Survival(("instance",)))
    assert api.check(asked, answer.tasks) == () and len(answer.losses) == 90
    assert all(one.without_place <= one.allowed for one in answer.losses)


def test_closing_a_stream_ends_the_search(client: Client) -> None:
    """The worker answers the next call long before the time of the one that was left."""
    asked = web(400, size=30)
    stream = client.stream_place(asked, Limits(time_limit=60), survival=Survival(("instance",)))
    next(stream)
    stream.close()
    assert client.place(problems.small(), timeout=20).complete


def test_a_hint_that_does_not_survive_is_ignored_with_a_warning(client: Client) -> None:
    """One that does is no better than the answer."""
    asked = web(20)
    full = Counts.dense(np.array([[4, 4, 4, 4, 4, 0]]))
    answer = client.place(asked, LIMITS, survival=ZONES, hint=full)
    assert any("the hint was ignored: no place was found" in said for said in answer.warnings)
    assert answer.placed().tolist() == [16]


def test_an_analysis_refuses_it() -> None:
    """Its scenarios are answered without, and none may be taken for one that survives."""
    asked = request(survive=["zone"], survive_groups=["web"]).SerializeToString()
    with pytest.raises(InvalidRequest) as refused:
        read_request(Order(asked, SizeLimits(), 10, 1, None, 2**30, LogOptions()))
    assert [fault.path for fault in refused.value.faults] == ["request.survive", "request.survive_groups"]


def test_a_cluster_that_is_kept_takes_it(running: Running) -> None:
    """The request names the cluster, and groups that it keeps; the answer has the losses and the version."""
    asked = web(20)
    whole = wire.PlaceRequest.FromString(codec.call_to_bytes(PlaceCall(asked, LIMITS, survival=ZONES)))
    with grpc.insecure_channel(running.address) as channel:
        ClusterServiceStub(channel).PutCluster(
            kept.PutClusterRequest(name="prod", state=kept.ClusterState(cluster=whole.cluster))
        )
        named = wire.PlaceRequest(
            cluster_name="prod", groups=whole.groups, limits=whole.limits, survive=["zone"], survive_groups=["web"]
        )
        found = PlacementServiceStub(channel).Place(named)
    assert [one.status for one in found.losses] == [plan_pb2.LOSS_STATUS_SURVIVED] * 3
    assert (found.cluster_version, sum(action.count for action in found.actions)) == (1, 16)
