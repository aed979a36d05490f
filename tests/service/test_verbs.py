"""The general request on the wire, and the calls that answer one kind of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.domain.answer import Action, Answer
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Preempt, Scheduling, TaskGroup
from solver.errors import InvalidRequest, TooLarge
from solver.formats.kinds import Kind, kind_faults
from solver.service import codec
from solver.service.client import Client
from solver.service.decode import PlaceCall
from solver.service.encode import place_request
from solver.service.frames import Call
from solver.service.sizes import SizeLimits
from solver.service.verbs import VERBS
from solver.v1 import placement_service_pb2 as wire
from tests.service import problems
from tests.service.running import Running, fake, server

DEMAND = {"cpu": 512, "memory": 1024}
RUNNING = Counts.dense(np.array([[2, 1, 0], [1, 0, 1]]))


def request(*changes: dict[str, Any], **more: Any) -> Problem:
    """Groups web and db, which run 3 and 2 tasks, changed group by group."""
    groups = tuple(
        TaskGroup(name, name, DEMAND, scheduling=Scheduling.REPLICA, **change)
        for name, change in zip(("web", "db"), (*changes, {}, {})[:2], strict=True)
    )
    return replace(problems.small(), groups=groups, running=RUNNING, **more)


DRAINED = np.array([True, False, False])
OF_KIND = {
    Kind.TERMINATE: request({"stop": 2}),
    Kind.DRAIN: request({"movable": True}, drained=DRAINED),
    Kind.REBALANCE: request({"movable": True}, freedom=Freedom(max_moves=3, consolidate=True)),
    Kind.RECONCILE: request({"start": 2, "movable": True}, {"stop": 1}, freedom=Freedom(preempt=Preempt.LOWER)),
    Kind.DEPLOY: request({"start": 2}),
}


@pytest.mark.parametrize("kind", OF_KIND)
@pytest.mark.parametrize("call", VERBS)
def test_a_call_admits_only_its_own_kind(call: Call, kind: Kind) -> None:
    """A request of another kind is refused with the path of each field; its own, and what is less, is read."""
    verb, problem = VERBS[call], OF_KIND[kind]
    payload = codec.call_to_bytes(PlaceCall(problem, Limits()), verb)
    expected = [f"request.{fault.path}" for fault in kind_faults(problem, verb.kind)]
    assert (expected == []) == (kind is verb.kind or (verb.kind, kind) in {
        (Kind.RECONCILE, Kind.TERMINATE), (Kind.RECONCILE, Kind.REBALANCE), (Kind.RECONCILE, Kind.DEPLOY),
        (Kind.DEPLOY, Kind.TERMINATE),
    })  # fmt: skip
    if expected:
        with pytest.raises(InvalidRequest) as refused:
            codec.call_from_bytes(payload, verb=verb)
        assert [fault.path for fault in refused.value.faults] == expected
    else:
        assert problems.contents(codec.call_from_bytes(payload, verb=verb).problem) == problems.contents(problem)


@pytest.mark.parametrize(
    ("kind", "problem", "said"),
    [
        (Kind.TERMINATE, request({"start": 1}), "groups[0].start: is 1; terminate starts no tasks: leave it out"),
        (Kind.DRAIN, request({}, {"stop": 1}), "groups[1].stop: is 1; drain stops no tasks of groups: leave it out"),
        (
            Kind.REBALANCE,
            request({"movable": True}),
            "freedom.max_moves: is missing; say how many tasks may move, or set",
        ),
        (Kind.RECONCILE, request(drained=DRAINED), "drained_instances: names 1; reconcile drains no instances: leave"),
        (
            Kind.DEPLOY,
            request({"start": 1}, {"stop": 1}),
            "groups[1].family: is of db, and web changes too; deploy one",
        ),
        (Kind.DEPLOY, request({"movable": True}), "groups[0].movable: is true; deploy moves no tasks: leave it out"),
        (
            Kind.DRAIN,
            request(freedom=Freedom(preempt=Preempt.ANY)),
            "freedom.preempt: is ANY; drain stops no tasks for",
        ),
        (Kind.TERMINATE, request(freedom=Freedom(empty=2)), "freedom.empty: is 2; terminate empties no instances"),
        (Kind.DRAIN, request(freedom=Freedom(repair=True)), "freedom.repair: is true; drain repairs no rules"),
        (Kind.DRAIN, request(freedom=Freedom(consolidate=True)), "freedom.consolidate: is true; drain does not consol"),
    ],
)
def test_what_is_beyond_a_kind_is_said(kind: Kind, problem: Problem, said: str) -> None:
    """The field, what it says, and what would be right; the general request admits all of it."""
    (fault,) = kind_faults(problem, kind)
    assert str(fault).startswith(said)
    assert kind_faults(problem, Kind.PLACE) == []


def test_goals_and_budgets_of_a_rebalance_are_carried() -> None:
    """What is asked of moves alone comes through, and no other call admits it."""
    freedom = Freedom(max_move_cost=7, min_gain=1500, repair=True, slot={"memory": 9, "cpu": 512})
    problem = request({"movable": True, "move_cost": 3, "max_moves": 2}, freedom=freedom)
    payload = codec.call_to_bytes(PlaceCall(problem, Limits()), VERBS[Call.REBALANCE])
    read = codec.call_from_bytes(payload, verb=VERBS[Call.REBALANCE]).problem
    assert problems.contents(read) == problems.contents(problem) and read.freedom == freedom
    assert [str(fault).partition(":")[2] for fault in kind_faults(problem, Kind.RECONCILE)] == [
        " is 1,500; reconcile judges no moves by what they gain: leave it out, or ask for another operation",
        " names memory, cpu; reconcile frees no slot: leave it out, or ask for another operation",
    ]


def test_numbers_beyond_the_wire_are_refused() -> None:
    """Before anything is sent, with the field."""
    problem = request({"movable": True}, freedom=Freedom(max_moves=2**63, max_move_cost=2**64, min_gain=2**65))
    with pytest.raises(InvalidRequest) as refused:
        place_request(problem, Limits())
    assert [fault.path for fault in refused.value.faults] == [
        "freedom.max_moves", "freedom.max_move_cost", "freedom.min_gain",
    ]  # fmt: skip


def test_faults_of_the_new_fields_are_at_their_paths() -> None:
    """Everything at once, as for the other fields."""
    message = place_request(request({"movable": True}, {"stop": 1}), Limits())
    message.groups[0].minimum_healthy_percent = 101
    message.groups[0].maximum_percent = 99
    message.groups[0].move_cost = -1
    message.groups[1].max_moves = -2
    message.groups[1].start = 1
    message.drained_instances.append("i-9999")
    message.freedom.MergeFromString(bytes([0x18, 9]))  # a preempt that no version has
    message.freedom.max_moves = -1
    with pytest.raises(InvalidRequest) as refused:
        codec.call_from_bytes(message.SerializeToString())
    assert sorted(map(str, refused.value.faults)) == [
        "drained_instances[0]: 'i-9999' is not an instance; name an instance of the cluster",
        "freedom.max_moves: is -1; must be a whole number, zero or more",
        "freedom.preempt: is 9; must be NONE, LOWER or ANY",
        "groups[0].maximum_percent: is 99; must be 100 to 1,000",
        "groups[0].minimum_healthy_percent: is 101; must be 0 to 100",
        "groups[0].move_cost: is -1; must be zero or more",
        "groups[1].max_moves: is -2; must be zero or more",
        "groups[1].stop: is 1, and start is 1; start or stop, not both",
    ]


def test_more_stops_than_tasks_are_refused() -> None:
    """With the number that run."""
    message = place_request(request({"stop": 3}), Limits())
    message.groups[0].stop = 4
    with pytest.raises(InvalidRequest, match=r"groups\[0\].stop: is 4; only 3 of web run"):
        codec.call_from_bytes(message.SerializeToString())


def test_what_is_not_said_has_the_wire_s_defaults() -> None:
    """A move costs 1, nothing bounds anything; zero is said and kept apart."""
    plain = place_request(request(), Limits())
    assert not plain.HasField("freedom") and not plain.groups[0].HasField("move_cost")
    zeros = request({"move_cost": 0, "max_moves": 0, "minimum_healthy_percent": 0}, freedom=Freedom(0, 0))
    found, _ = codec.request_from_json(codec.request_to_json(zeros, Limits()))
    assert (found.groups, found.freedom) == (zeros.groups, zeros.freedom)


def test_budgets_that_have_no_form_on_the_wire() -> None:
    """A number beyond 64 bits is refused, not cut."""
    with pytest.raises(InvalidRequest, match=r"freedom.max_moves: is 9,223,372,036,854,775,808; must fit 64 bits"):
        place_request(request(freedom=Freedom(max_moves=2**63)), Limits())


def test_a_request_of_a_verb_is_counted_before_it_is_unpacked() -> None:
    """As the general one, with the path in the verb's message."""
    verb = VERBS[Call.DRAIN]
    payload = codec.call_to_bytes(PlaceCall(OF_KIND[Kind.DRAIN], Limits()), verb)
    with pytest.raises(TooLarge, match=r"request.groups: has 2 entries; at most 1"):
        codec.call_from_bytes(payload, SizeLimits(groups=1), verb)
    with pytest.raises(TooLarge, match=r"request.drained_instances: has 4 entries; at most 3"):
        message = wire.DrainRequest.FromString(payload)
        message.request.drained_instances.extend(["i-0001"] * 3)
        codec.call_from_bytes(message.SerializeToString(), SizeLimits(instances=3), verb)


class Moving(Answer):
    """An answer with an order of its own."""

    def actions(self) -> Iterator[Action]:
        first, second, third = self.problem.cluster.instance_ids
        yield Action("stop", "web", "task/1", second, "", 1)
        yield Action("move", "web", "task/2", third, first, 2)
        yield Action("start", "db", "", second, "", 2)
        yield Action("start", "db", "", second, "", 2)


def test_an_answer_that_stops_and_moves_is_kept() -> None:
    """Tasks by name, moves with both ends, the step; equal actions are one; the counts are the plan's."""
    problem = request({"stop": 1, "movable": True}, {"start": 2})
    after = Counts.dense(np.array([[1, 0, 1], [1, 2, 1]]))
    given = problems.answer_to(problem)
    values = {name: getattr(given, name) for name in Answer.__dataclass_fields__}
    answer = Moving(**{**values, "tasks": after})
    verb = VERBS[Call.RECONCILE]
    message = wire.ReconcileResponse.FromString(codec.answer_to_bytes(answer, verb)).response
    assert [(a.kind, a.group, a.task, a.step, a.count) for a in message.actions] == [
        (2, "web", "task/1", 1, 1),
        (3, "web", "task/2", 2, 1),
        (1, "db", "", 2, 2),
    ]
    read = codec.answer_from_bytes(codec.answer_to_bytes(answer, verb), problem, verb)
    assert read.tasks.same_as(after)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """One worker that places one task, whatever is asked."""
    with server(fake()) as found:
        yield found


@pytest.mark.parametrize("call", VERBS)
def test_the_client_has_each_verb(running: Running, call: Call) -> None:
    """It is answered with its own message, and what is of another kind is refused by the server."""
    verb = VERBS[call]
    with Client(running.address) as client:
        ask = getattr(client, verb.method.lower())
        answer = ask(OF_KIND[verb.kind], label="x", warnings=["said"])
        assert (answer.label, answer.warnings[0]) == ("x", "said")
        other = OF_KIND[Kind.DRAIN if verb.kind is not Kind.DRAIN else Kind.DEPLOY]
        with pytest.raises(InvalidRequest, match=r"^request\."):
            ask(other)
