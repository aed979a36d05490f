"""The general request and its ordered answer on the wire: stops, moves, drained instances, budgets, blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from solver import api
from solver.domain.problem import Problem
from solver.domain.request import Limits, RunningTask, Scheduling
from solver.domain.steps import Steps
from solver.errors import InvalidRequest
from solver.service.codec import (
    DEFAULT_SIZES,
    answer_from_bytes,
    answer_from_json,
    answer_to_bytes,
    answer_to_json,
    request_from_json,
    request_to_json,
)
from solver.service.decode import place_call
from solver.service.encode import place_request
from solver.v1 import placement_service_pb2 as wire
from tests.builders import cluster, group, problem, random_change

LIMITS = Limits(time_limit=5, workers=1)


def blocked() -> Problem:
    """One task that is to stop and may not, since all must stay healthy and one more is not."""
    tasks = (RunningTask("t1", 0, 0), RunningTask("t2", 0, 0, healthy=False, protected=True))
    one = group("web", chain=["random"], scheduling=Scheduling.REPLICA, stop=1, minimum_healthy_percent=100)
    return problem(cluster([{"zone": "a"}]), [one], {"web": [2]}, tasks=tasks)


@pytest.mark.parametrize("seed", range(40))
def test_a_request_that_changes_what_runs_comes_back_as_it_was(seed: int) -> None:
    """Every field of the groups, the drained instances and the freedom, as bytes and as JSON."""
    asked = random_change(seed)
    message = wire.PlaceRequest.FromString(place_request(asked, LIMITS).SerializeToString())
    read = place_call(message, DEFAULT_SIZES).problem
    assert api.fingerprint(read) == api.fingerprint(asked)
    again, _ = request_from_json(request_to_json(asked, LIMITS))
    assert api.fingerprint(again) == api.fingerprint(asked)


@pytest.mark.parametrize("seed", range(40))
def test_an_answer_comes_back_with_its_order(seed: int) -> None:
    """Counts, actions by name and wave."""
    asked = random_change(seed)
    answer = api.place(asked, LIMITS, explain=False)
    for read in (
        answer_from_bytes(answer_to_bytes(answer), asked),
        answer_from_json(answer_to_json(answer), asked),
    ):
        assert read.tasks.same_as(answer.tasks)
        assert sorted(map(repr, read.actions())) == sorted(map(repr, answer.actions()))


def test_a_plan_that_cannot_be_carried_out_whole_says_what_blocks_it() -> None:
    """The counts are those of the plan, the actions those of the part; the block comes with its remedies."""
    asked = blocked()
    answer = api.place(asked, LIMITS, explain=False)
    read = answer_from_bytes(answer_to_bytes(answer), asked)
    assert isinstance(answer.steps, Steps)
    assert isinstance(read.steps, Steps)
    assert answer.steps.block is not None
    assert read.steps.block == answer.steps.block
    assert read.tasks.to_dense().tolist() == [[1]]
    assert not list(read.actions())
    assert "minimumHealthyPercent" in str(read.steps.block)


def test_an_unknown_way_to_preempt_is_refused_with_its_path() -> None:
    """As every enum of the request."""
    message = place_request(random_change(1), LIMITS)
    message.freedom.MergeFromString(bytes([0x18, 9]))
    with pytest.raises(InvalidRequest, match="freedom.preempt: is 9; must be NONE, LOWER or ANY"):
        place_call(message, DEFAULT_SIZES)


def test_what_does_not_fit_the_wire_is_refused_with_its_path() -> None:
    """A budget beyond 64 bits."""
    asked = random_change(2)
    asked = replace(asked, freedom=replace(asked.freedom, max_moves=2**63))
    with pytest.raises(InvalidRequest, match="freedom.max_moves"):
        place_request(asked, LIMITS)
