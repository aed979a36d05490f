"""Streams: what is known on the way, in order, and the answer as the last message."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import grpc
import numpy as np
import pytest

from solver import api
from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.progress import Progress
from solver.domain.request import Engine, Limits, RuleSpec, TaskGroup
from solver.domain.solution import Status
from solver.errors import DeadlineMissed, InvalidRequest, Overloaded, WorkerLost
from solver.service import codec
from solver.service.client import Client
from solver.service.decode import PlaceCall
from solver.service.frames import Call
from solver.service.placement import CUT_OFF
from solver.service.verbs import STREAMS
from solver.v1 import placement_service_pb2 as wire
from solver.v1.placement_service_pb2_grpc import PlacementServiceStub
from tests.service import problems
from tests.service.running import Running, fake, server


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """One worker that does what a label says."""
    with server(fake()) as found:
        yield found


@pytest.fixture(scope="module")
def solving() -> Iterator[Running]:
    """One worker that solves."""
    with server() as found:
        yield found


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    with Client(running.address) as found:
        yield found


def crowded() -> Problem:
    """More tasks than there is room for, in groups of several sizes: several plans before the best one."""
    groups = tuple(
        TaskGroup(
            f"g{g}",
            f"g{g}",
            {"cpu": 300 + 170 * g, "memory": 700 + 330 * (g % 3)},
            start=12,
            strategies=(RuleSpec("spread", "attribute:ecs.availability-zone"), RuleSpec("binpack", "memory")),
        )
        for g in range(8)
    )
    return problems.small(14, groups)


def watched(found: Iterator[Progress | Answer]) -> tuple[list[Progress], Answer]:
    """What came on the way, and the answer."""
    *on_the_way, answer = found
    assert isinstance(answer, Answer)
    assert all(isinstance(one, Progress) for one in on_the_way)
    return [one for one in on_the_way if isinstance(one, Progress)], answer


def test_plans_come_as_they_are_found_and_the_answer_last(client: Client) -> None:
    """Each plan comes while the search goes on, later ones with better values, and the last message is the answer."""
    begun = time.monotonic()
    arrived = []
    for one in client.stream_place(problems.small(), label="reports 0.3"):
        arrived.append((time.monotonic() - begun, one))
    *way, (_, answer) = arrived
    assert isinstance(answer, Answer)
    assert answer.label == "reports 0.3"
    plans = [(at, one) for at, one in way if isinstance(one, Progress) and one.is_new]
    values = [one.tiers[0].value for _, one in plans]
    assert values == [9, 8, 7, 6, 5, 4]
    assert all(list(one.tasks) == [(0, 0, 1)] for _, one in plans)
    assert plans[0][0] < 0.12 + 0.3 < plans[-1][0] < arrived[-1][0]


def test_bounds_that_rise_come_alone(client: Client) -> None:
    """Where only a bound has risen, its tiers come without the plan, with names and titles."""
    way, _ = watched(client.stream_place(problems.small(), label="reports 0.3"))
    alone = [one for one in way if not one.is_new]
    assert [one.tiers[0].bound for one in alone] == [1, 2, 3]
    assert {(one.tiers[0].name, one.tiers[0].value) for one in alone} == {("unplaced/0", 4)}
    assert alone[0].tiers[0].title
    assert alone[0].tasks is way[-4].tasks


def test_what_is_too_early_comes_when_it_is_due(running: Running) -> None:
    """Plans that follow each other at once are one message with the newest, not none and not all."""
    with Client(running.address) as client:
        way, _ = watched(client.stream_place(problems.small(), label="reports 0.01"))
    values = [one.tiers[0].value for one in way]
    assert values == sorted(values, reverse=True)
    assert 2 <= len(values) <= 4


def test_an_incumbent_says_what_an_answer_does(running: Running) -> None:
    """A plan on its way has status, label, warnings and what repeats it; why the search stopped is unset."""
    request = wire.StreamPlaceRequest(
        request=wire.PlaceRequest.FromString(
            codec.call_to_bytes(PlaceCall(problems.small(), Limits(), label="reports 0.1", warnings=("said",)))
        )
    )
    with grpc.insecure_channel(running.address) as channel:
        *way, last = PlacementServiceStub(channel).StreamPlace(request)
    plan = way[0].progress.plan
    assert (plan.status, plan.stop) == (2, 0)
    assert (plan.label, list(plan.warnings), plan.replay.fingerprint) == ("reports 0.1", ["said"], "f" * 64)
    assert [one.progress.terminal for one in (*way, last)] == [False] * len(way) + [True]
    seconds = [one.progress.seconds for one in (*way, last)]
    assert seconds == sorted(seconds)
    assert seconds[0] < 0.3
    assert last.progress.plan.stop == 2


@pytest.mark.parametrize("call", STREAMS)
def test_every_plan_on_the_way_is_checked_and_better_than_the_one_before(solving: Running, call: Call) -> None:
    """From the engines: plans that the checker passes, values that get better, bounds that never pass a value."""
    problem = crowded()
    with Client(solving.address) as client:
        asked = client.stream_place if call is Call.STREAM_PLACE else client.stream_reconcile
        way, answer = watched(asked(problem, Limits(time_limit=3.0)))
    values = [tuple(tier.value for tier in one.tiers) for one in way]
    final = tuple(tier.value for tier in answer.tiers)
    assert len(way) >= 2
    assert [*values, final] == sorted([*values, final], reverse=True)
    assert all(tier.bound <= tier.value for one in way for tier in one.tiers)
    assert all(api.check(problem, one.tasks) == () for one in way)
    assert [tier.name for tier in way[0].tiers] == [tier.name for tier in answer.tiers]


def test_the_last_message_has_what_the_call_with_one_response_answers(solving: Running) -> None:
    """With a deterministic limit and one worker both are the same, byte by byte."""
    limits = Limits(time_limit=300, deterministic_limit=0.02, workers=1, engine=Engine.EXACT)
    request = wire.PlaceRequest.FromString(codec.call_to_bytes(PlaceCall(crowded(), limits, label="mine")))
    with grpc.insecure_channel(solving.address) as channel:
        stub = PlacementServiceStub(channel)
        once = stub.Place(request)
        *_, last = stub.StreamPlace(wire.StreamPlaceRequest(request=request))
        *_, reconciled = stub.StreamReconcile(wire.StreamReconcileRequest(request=request))
    expected = once.SerializeToString(deterministic=True)
    assert last.progress.plan.SerializeToString(deterministic=True) == expected
    assert reconciled.progress.plan.SerializeToString(deterministic=True) == expected


def test_a_stream_of_a_kind_refuses_what_is_not_of_it(solving: Running) -> None:
    """As Reconcile, with the path in the stream's own message; StreamPlace takes it."""
    problem = replace(problems.small(), drained=np.array([True, False, False]))
    with Client(solving.address) as client:
        with pytest.raises(InvalidRequest) as refused:
            next(client.stream_reconcile(problem))
        assert watched(client.stream_place(problem))[1].status is Status.OPTIMAL
    assert refused.value.faults[0].path.startswith("request.drained_instances")


def test_validate_only_answers_with_one_message(running: Running) -> None:
    """Nothing is searched: the only message is terminal, with the label."""
    call = PlaceCall(problems.small(), Limits(), validate_only=True, label="takes 60")
    request = wire.StreamPlaceRequest(request=wire.PlaceRequest.FromString(codec.call_to_bytes(call)))
    with grpc.insecure_channel(running.address) as channel:
        (only,) = PlacementServiceStub(channel).StreamPlace(request, timeout=5)
    assert (only.progress.terminal, only.progress.plan.label, only.progress.plan.status) == (True, "takes 60", 0)


def test_all_or_nothing_reports_no_half(solving: Running) -> None:
    """Where not everything fits together, no plan comes on the way: the answer alone says so."""
    problem = replace(crowded(), all_or_nothing=True)
    with Client(solving.address) as client:
        way, answer = watched(client.stream_place(problem, Limits(time_limit=1.0)))
    assert [one for one in way if one.is_new] == []
    assert answer.status in (Status.INFEASIBLE, Status.NOT_FOUND)


def test_closing_the_iterator_frees_the_worker_within_300_ms(running: Running, client: Client) -> None:
    """The only worker, the same process as before, takes the next call soon after the stream was closed."""
    before = client.place(problems.small()).warnings[-2]
    found = client.stream_place(problems.small(), label="reports, until cancelled")
    assert isinstance(next(found), Progress)
    found.close()
    begun = time.monotonic()
    assert client.place(problems.small()).warnings[-2] == before
    assert time.monotonic() - begun < 0.3


def test_a_reader_that_does_not_read_holds_up_nobody(running: Running, client: Client) -> None:
    """The worker ends in its time, and the reader finds the newest and the answer, not all that was."""
    # Messages too large for what gRPC and the connection hold on the way: the writer must wait for the reader.
    found = client.stream_place(problems.small(), label="reports many", warnings=["x" * 4_000_000])
    first = next(found)
    assert isinstance(first, Progress)
    begun = time.monotonic()
    with Client(running.address) as other:
        assert other.place(problems.small(), timeout=20).status is Status.FEASIBLE
    assert time.monotonic() - begun < 10
    way, answer = watched(found)
    assert answer.label == "reports many"
    values = [one.tiers[0].value for one in way]
    assert values == sorted(values, reverse=True)
    assert len(values) < 20


def test_the_answer_is_there_before_the_deadline(client: Client) -> None:
    """A search that goes on until it is cancelled is cancelled in time, and the stream ends with an answer."""
    begun = time.monotonic()
    way, answer = watched(client.stream_place(problems.small(), timeout=1.0, label="reports, until cancelled"))
    assert time.monotonic() - begun < 1.0
    assert way
    assert answer.status is Status.FEASIBLE


def test_a_stuck_search_ends_with_the_best_plan_that_came(client: Client) -> None:
    """The terminal message at the deadline is the last plan, tiers included, with a warning."""
    way, answer = watched(client.stream_place(problems.small(), timeout=1.0, label="stuck with a plan"))
    assert answer.warnings == (CUT_OFF,)
    assert answer.tiers == way[-1].tiers
    assert [tier.value for tier in answer.tiers][0] == 1


def test_a_stuck_search_without_a_plan_misses_the_deadline(client: Client) -> None:
    """Where there is no plan, the deadline is an error, and the next call has a worker."""
    # The worker of the test before may just be killed.
    client.place(problems.small())
    with pytest.raises(DeadlineMissed):
        list(client.stream_place(problems.small(), timeout=0.5, label="stuck"))
    assert client.place(problems.small()).status is Status.FEASIBLE


def test_a_worker_that_is_killed_on_the_way_leaves_its_plan(client: Client) -> None:
    """The last message has what it had reported, and says so; another worker answers the next call."""
    *_, last = client.stream_place(problems.small(), label="reports, then ends")
    assert isinstance(last, Answer)
    assert last.warnings == (CUT_OFF,)
    assert client.place(problems.small()).status is Status.FEASIBLE


def test_a_worker_that_is_killed_without_a_plan_is_an_error(client: Client) -> None:
    """The stream fails as any call does."""
    with pytest.raises(WorkerLost):
        list(client.stream_place(problems.small(), label="ends"))
    assert client.place(problems.small()).status is Status.FEASIBLE


def test_a_stream_waits_for_a_worker_as_any_call(running: Running, client: Client) -> None:
    """While the only worker is busy beyond the deadline, a stream is refused as overloaded."""
    holder = threading.Thread(target=lambda: client.place(problems.small(), label="takes 1.2"))
    holder.start()
    time.sleep(0.2)
    with pytest.raises((Overloaded, DeadlineMissed)):
        list(client.stream_place(problems.small(), timeout=0.4))
    holder.join()


def test_a_cluster_that_is_kept_is_named_in_every_plan(solving: Running) -> None:
    """Each plan on the way says the version that it holds for, as the answer does."""
    from solver.v1 import cluster_service_pb2 as kept
    from solver.v1.cluster_service_pb2_grpc import ClusterServiceStub

    whole = wire.PlaceRequest.FromString(codec.call_to_bytes(PlaceCall(crowded(), Limits(time_limit=1.0))))
    with grpc.insecure_channel(solving.address) as channel:
        ClusterServiceStub(channel).PutCluster(
            kept.PutClusterRequest(name="prod", state=kept.ClusterState(cluster=whole.cluster))
        )
        asked = wire.PlaceRequest(cluster_name="prod", groups=whole.groups, limits=whole.limits)
        found = list(PlacementServiceStub(channel).StreamPlace(wire.StreamPlaceRequest(request=asked)))
    plans = [one.progress.plan for one in found if one.progress.HasField("plan")]
    assert len(plans) >= 2
    assert {(plan.cluster_name, plan.cluster_version) for plan in plans} == {("prod", 1)}


# Hints.


def test_a_stream_takes_a_hint(solving: Running) -> None:
    """A plan that the checker passes is taken without a warning: the answer is no worse."""
    problem = problems.small()
    hint = Counts.dense(np.array([[1, 1, 0]]))
    with Client(solving.address) as client:
        _, answer = watched(client.stream_place(problem, Limits(time_limit=0.1), hint=hint))
    assert answer.tiers[0].value == 0
    assert answer.replay.fingerprint == api.fingerprint(problem, hint)
    assert answer.warnings == ()


def test_a_hint_that_the_checker_refuses_is_ignored_with_a_warning(solving: Running) -> None:
    """Too much on one instance: the answer is as without the hint, and says why the hint was not taken."""
    problem = problems.small()
    wrong = Counts.dense(np.array([[100, 0, 0]]))
    with Client(solving.address) as client:
        answer, plain = client.place(problem, hint=wrong), client.place(problem)
    assert list(answer.tasks) == list(plain.tasks)
    (warning,) = set(answer.warnings) - set(plain.warnings)
    assert warning.startswith("the hint was ignored, since the checker refuses it: ")


def test_a_hint_that_is_no_plan_of_the_cluster_is_refused(solving: Running) -> None:
    """A group that is not there is the caller's mistake, with its path."""
    request = wire.PlaceRequest.FromString(codec.call_to_bytes(PlaceCall(problems.small(), Limits())))
    row = request.hint.add()
    row.group, row.instance, row.count = "nobody", request.cluster.instances[0].id, 1
    with grpc.insecure_channel(solving.address) as channel, pytest.raises(grpc.RpcError) as refused:
        PlacementServiceStub(channel).Place(request)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "hint[0].group: 'nobody' is not a group" in (refused.value.details() or "")


def test_an_answer_with_a_hint_has_another_fingerprint(solving: Running) -> None:
    """What repeats an answer includes the hint."""
    problem = problems.small()
    with Client(solving.address) as client:
        plain = client.place(problem)
        again = client.place(problem, hint=plain.tasks)
    assert plain.replay.fingerprint != again.replay.fingerprint
    assert again.replay.fingerprint == api.fingerprint(problem, plain.tasks)
