"""The two forms of a request and an answer say everything, and say it once."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.devices import DeviceNeed
from solver.domain.problem import Problem
from solver.domain.request import Limits, TaskGroup
from solver.domain.survival import Survival
from solver.errors import InvalidRequest
from solver.service import codec
from solver.service.decode import PlaceCall
from solver.v1 import placement_service_pb2 as wire
from solver.v1 import plan_pb2
from tests.service import problems

thorough = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@thorough
@given(problems.problems(), problems.limits, st.none() | problems.survivals)
def test_bytes_keep_a_request(problem: Problem, limits: Limits, survival: Survival | None) -> None:
    """A request that is written and read again is the same."""
    if survival is not None:
        limits = replace(limits, deterministic_limit=None)
    call = PlaceCall(
        problem,
        limits,
        explain=False,
        validate_only=True,
        label="x",
        warnings=("one", "two"),
        request_id="r",
        survival=survival,
    )
    found = codec.call_from_bytes(codec.call_to_bytes(call))
    assert problems.contents(found.problem) == problems.contents(problem)
    assert (found.limits, found.explain, found.validate_only, found.survival) == (limits, False, True, survival)
    assert (found.label, found.warnings, found.request_id) == ("x", ("one", "two"), "r")


@thorough
@given(problems.problems(), problems.limits, st.none() | problems.survivals)
def test_json_keeps_a_request(problem: Problem, limits: Limits, survival: Survival | None) -> None:
    """A request file that is written and read again is the same."""
    if survival is not None:
        limits = replace(limits, deterministic_limit=None)
    found = codec.call_from_json(codec.request_to_json(problem, limits, survival=survival))
    assert problems.contents(found.problem) == problems.contents(problem)
    assert (found.limits, found.survival) == (limits, survival)


@thorough
@given(problems.answers())
def test_bytes_and_json_keep_an_answer(answer: Answer) -> None:
    """An answer that is written and read again is the same, as bytes and as JSON."""
    by_bytes = codec.answer_from_bytes(codec.answer_to_bytes(answer), answer.problem)
    by_json = codec.answer_from_json(codec.answer_to_json(answer), answer.problem)
    assert problems.answer_contents(by_bytes) == problems.answer_contents(answer)
    assert problems.answer_contents(by_json) == problems.answer_contents(answer)


@thorough
@given(problems.answers())
def test_actions_on_the_wire_are_the_actions_of_the_answer(answer: Answer) -> None:
    """The actions on the wire, each as often as its count says, are the answer's actions."""
    cells = answer.started.count.sum()
    if cells > 5_000:
        return
    message = wire.PlaceResponse.FromString(codec.answer_to_bytes(answer))
    kinds = {plan_pb2.ACTION_KIND_START: "start"}
    found = [
        (kinds[a.kind], a.group, a.task, a.instance, a.from_instance, a.step)
        for a in message.actions
        for _ in range(a.count)
    ]
    assert found == [(a.kind, a.group, a.task, a.instance, a.from_instance, a.step) for a in answer.actions()]


@thorough
@given(problems.problems())
def test_bytes_keep_a_plan_to_check(problem: Problem) -> None:
    """A plan to check that is written and read again is the same, with its request."""
    found, tasks = codec.check_from_bytes(codec.check_to_bytes(problem, problem.running))
    assert problems.contents(found) == problems.contents(problem)
    assert tasks.same_as(problem.running)


def test_both_forms_of_counts_and_attributes_add_up() -> None:
    """Counts by name and by column add up, and so do attributes with their instance and in columns."""
    message = _message(problems.small())
    message.running.add(group="service:web", instance="i-0001", count=2)
    message.running_columns.groups.extend([0, 0])
    message.running_columns.instances.extend([1, 2])
    message.running_columns.counts.extend([3, 4])
    message.cluster.instances[1].attributes["stack"] = "prod"
    found = codec.call_from_bytes(message.SerializeToString()).problem
    assert list(found.running) == [(0, 1, 5), (0, 2, 4)]
    assert [found.cluster.attributes["stack"][i] for i in range(3)] == [None, "prod", None]
    assert found.cluster.attributes["ecs.availability-zone"][1] == "zone-1"


def test_an_attribute_in_both_forms_is_refused() -> None:
    """An attribute that an instance has twice is a fault, even with the same value."""
    message = _message(problems.small())
    message.cluster.instances[1].attributes["ecs.availability-zone"] = "zone-1"
    assert _paths(message) == ["cluster.instances[1].attributes[ecs.availability-zone]"]


def test_what_is_left_out_takes_its_default() -> None:
    """Limits, the family, the state of an instance and the wish for reasons have the defaults that the wire states."""
    text = """{"cluster": {"resources": ["cpu"], "instances": [{"id": "a", "capacity": [1], "free": [1]}]},
               "groups": [{"name": "family:batch", "start": 1, "demand": {"cpu": 1}}]}"""
    call = codec.call_from_json(text)
    assert call.limits == Limits()
    assert call.explain
    assert call.problem.groups == (TaskGroup("family:batch", "family:batch", {"cpu": 1}, start=1),)
    assert call.problem.cluster.accepts.tolist() == [True]


def test_an_instance_goes_by_each_of_its_names() -> None:
    """Counts and frozen instances take the id, the last part of an ARN, and the EC2 id."""
    message = _message(problems.small())
    whole = message.cluster.instances[0].id
    for name in (whole, "0001", "i-0002"):
        message.running.add(group="service:web", instance=name, count=1)
    message.frozen_instances.append("i-0001")
    found = codec.call_from_bytes(message.SerializeToString()).problem
    assert list(found.running) == [(0, 0, 1), (0, 1, 1), (0, 2, 1)]
    assert found.frozen.tolist() == [False, True, False]


def test_an_id_wins_over_the_short_name_of_another() -> None:
    """Where one instance's EC2 id is the id of another, the id is meant."""
    message = _message(problems.small())
    message.cluster.instances[0].ec2_instance_id = message.cluster.instances[2].id
    message.running.add(group="service:web", instance=message.cluster.instances[2].id, count=1)
    assert list(codec.call_from_bytes(message.SerializeToString()).problem.running) == [(0, 2, 1)]


def test_what_has_no_form_on_the_wire_is_refused() -> None:
    """A negative count and an empty family cannot be written, and are not changed in silence."""
    problem = problems.small()
    group = replace(problem.groups[0], family="")
    with pytest.raises(InvalidRequest) as refused:
        codec.call_to_bytes(PlaceCall(replace(problem, groups=(group,)), Limits()))
    assert [fault.path for fault in refused.value.faults] == ["groups[0].family"]
    negative = Counts.dense(problems.np.array([[0, -1, 0]]))
    with pytest.raises(InvalidRequest, match="count -1"):
        codec.check_to_bytes(problem, negative)


def test_times_are_left_out_where_answers_repeat() -> None:
    """With a deterministic limit and one worker two answers of the same plan are the same bytes; without, not."""
    answer = problems.answer_to(problems.small())
    later = replace(answer, seconds=9.0)
    assert codec.answer_to_bytes(answer) != codec.answer_to_bytes(later)
    replay = replace(answer.replay, deterministic_limit=1.0, workers=1)
    first, second = (codec.answer_to_bytes(replace(each, replay=replay)) for each in (answer, later))
    assert first == second


def test_an_answer_to_another_problem_is_refused() -> None:
    """An answer that names a group or an instance that the problem does not have is not read as something else."""
    problem = problems.small()
    answer = problems.answer_to(problem)
    other = problems.small(groups=(replace(problem.groups[0], name="service:api"),))
    with pytest.raises(InvalidRequest, match="'service:web' is not a group"):
        codec.answer_from_bytes(codec.answer_to_bytes(answer), other)


def test_request_files_name_instances_and_groups() -> None:
    """A request file keeps attributes with their instance and counts with their names."""
    problem = problems.small()
    running = Counts.dense(problems.np.array([[0, 2, 0]]))
    written = json.loads(codec.request_to_json(replace(problem, running=running), Limits()))
    assert written["running"] == [
        {"group": "service:web", "instance": problem.cluster.instance_ids[1], "count": 2},
    ]
    assert written["cluster"]["instances"][0]["attributes"] == {"ecs.availability-zone": "zone-0"}


def test_devices_are_refused_where_they_have_no_form() -> None:
    """A server that does not hear of them would put any number of tasks on a device, and its checker would agree."""
    problem = problems.small()
    seated = replace(problem.groups[0], devices=DeviceNeed(600))
    for write in (
        lambda asked: codec.call_to_bytes(PlaceCall(asked, Limits())),
        lambda asked: codec.request_to_json(asked, Limits()),
        lambda asked: codec.check_to_bytes(asked, asked.running),
    ):
        with pytest.raises(InvalidRequest) as refused:
            write(replace(problem, groups=(seated, *problem.groups[1:])))
        assert [fault.path for fault in refused.value.faults] == ["groups[0].devices"]


def _message(problem: Problem) -> wire.PlaceRequest:
    return wire.PlaceRequest.FromString(codec.call_to_bytes(PlaceCall(problem, Limits())))


def _paths(message: wire.PlaceRequest) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        codec.call_from_bytes(message.SerializeToString())
    return [fault.path for fault in refused.value.faults]
