"""The real engines behind the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from solver import api
from solver.domain.cluster import ZONE, ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits, RuleSpec, Scheduling, TaskGroup
from solver.domain.solution import Status
from solver.errors import DeadlineMissed, InvalidRequest, Overloaded
from solver.service import codec
from solver.service.client import Client
from tests.service import problems
from tests.service.running import server


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A client of a server with one real worker."""
    with server() as running, Client(running.address) as found:
        yield found


def large() -> Problem:
    """1,000 instances in three zones, of three sizes and partly full; 20 groups that want 50 tasks each."""
    size, groups = 1_000, 20
    random = np.random.default_rng(7)
    capacity = np.array([[4096, 16384], [8192, 32768], [16384, 65536]], np.int64)[random.integers(0, 3, size)]
    zones = [f"eu-west-1{'abc'[i % 3]}" for i in range(size)]
    cluster = ClusterSnapshot(
        instance_ids=tuple(f"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/{i:032x}" for i in range(size)),
        resources=("cpu", "memory"),
        capacity=capacity,
        free=(capacity * random.uniform(0.1, 1.0, (size, 1))).astype(np.int64),
        active=np.ones(size, np.bool_),
        connected=np.ones(size, np.bool_),
        attributes={
            ZONE: TextColumn.of(zones),
            "stack": TextColumn.of(["prod" if i % 10 else "test" for i in range(size)]),
        },
        ec2_instance_id=TextColumn.of([f"i-{i:017x}" for i in range(size)]),
    )
    chains = (
        None,
        (RuleSpec("spread", f"attribute:{ZONE}"), RuleSpec("binpack", "memory")),
        (RuleSpec("binpack", "cpu"),),
    )
    only = (RuleSpec("memberOf", "attribute:stack == prod"),)
    wanted = tuple(
        TaskGroup(
            f"service:s{g}",
            f"service:s{g}",
            {"cpu": 128 * (1 + g % 4), "memory": 256 * (1 + g % 5)},
            start=50,
            constraints=only if g % 2 else (RuleSpec("distinctInstance"),),
            strategies=chains[g % 3],
            scheduling=Scheduling.REPLICA,
        )
        for g in range(groups)
    )
    return Problem(cluster, wanted, Counts.empty(groups, size))


def test_a_plan_is_placed_and_checked(client: Client) -> None:
    """Place gives a proved plan that Check finds nothing wrong with; a worse one it finds everything wrong with."""
    problem = problems.small()
    answer = client.place(problem)
    assert (answer.status, answer.complete) == (Status.OPTIMAL, True)
    assert client.check(problem, answer.tasks) == ()
    crowded = Counts.dense(np.array([[9, 0, 0]]))
    assert client.check(problem, crowded) == api.check(problem, crowded) != ()


def test_the_service_says_what_the_library_says(client: Client) -> None:
    """The same request has the same plan, tiers and reasons over gRPC as from the library."""
    group = TaskGroup("service:web", "service:web", {"memory": 1024, "cpu": 3000}, start=5)
    problem = problems.small(groups=(group,))
    limits = Limits(time_limit=20, deterministic_limit=5, workers=1, seed=3)
    here, there = api.place(problem, limits), client.place(problem, limits)
    assert there.tasks.same_as(here.tasks)
    assert (there.status, there.tiers, there.engine) == (here.status, here.tiers, here.engine)
    assert [(s.group, s.wanted, s.placed, s.proven, s.funnel) for s in there.shortfalls] == [
        (s.group, s.wanted, s.placed, s.proven, s.funnel) for s in here.shortfalls
    ]
    assert there.replay.fingerprint == here.replay.fingerprint


def test_repeatable_answers_are_the_same_bytes(client: Client) -> None:
    """With a deterministic limit and one worker, two calls give the same bytes, whatever their deadlines (§10.1)."""
    limits = Limits(deterministic_limit=5, workers=1, engine=Engine.EXACT)
    first, second = (client.place(problems.small(), limits, timeout=timeout) for timeout in (None, 60))
    assert codec.answer_to_bytes(first) == codec.answer_to_bytes(second)


def test_a_wrong_rule_is_an_invalid_request(client: Client) -> None:
    """What only the rules themselves can refuse comes back with the rule's path and the column."""
    group = replace(problems.small().groups[0], constraints=(RuleSpec("memberOf", "attribute:stack === prod"),))
    with pytest.raises(InvalidRequest) as refused:
        client.place(problems.small(groups=(group,)))
    (fault,) = refused.value.faults
    assert fault.path.startswith("groups[0].constraints[0] memberOf: column ")


def test_a_plan_is_there_within_100_ms(client: Client) -> None:
    """With a deadline of 100 ms, 1,000 instances and 1,000 tasks of 20 groups get a checked plan over gRPC.

    The computer may be busy with other tests, so one of several calls is enough.
    """
    problem = large()
    answer = None
    for _ in range(20):
        try:
            answer = client.place(problem, timeout=0.1)
        except (DeadlineMissed, Overloaded):
            time.sleep(0.1)
            continue
        break
    assert answer is not None, "no call was answered in time"
    assert answer.complete
    assert api.check(problem, answer.tasks) == ()


def test_a_tiny_deadline_gives_a_plan_or_a_plain_no(client: Client) -> None:
    """With hardly any time there is a checked plan, or the deadline is missed; the next call works in any case."""
    problem = problems.small()
    for timeout in (0.001, 0.02, 0.04):
        with suppress(DeadlineMissed, Overloaded):
            assert api.check(problem, client.place(problem, timeout=timeout).tasks) == ()
    assert client.place(problem).complete
