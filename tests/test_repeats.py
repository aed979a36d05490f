"""Same question, same answer (§10), and an answer in time."""

from __future__ import annotations

import dataclasses
import random

import pytest

from solver import api
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits
from solver.domain.solution import Status, Stop
from solver.errors import InvalidRequest
from tests.builders import ZONE_FIELD, cluster, group, problem, random_problem

REPEATABLE = Limits(time_limit=600, deterministic_limit=0.5, workers=1, seed=3)


def crowded(seed: int, instances: int = 60, groups: int = 8) -> Problem:
    """A problem that CP-SAT does not finish at once."""
    r = random.Random(seed)
    rows = [
        {"id": f"i{k:03d}", "zone": "abc"[k % 3], "cpu": r.choice([4096, 8192]), "memory": r.choice([8000, 16000])}
        for k in range(instances)
    ]
    asked = [
        group(
            f"s{k}",
            r.randint(5, 20),
            rules=r.choice([[], ["maxPerInstance(2)"], [f"antiAffinity(s{(k + 1) % groups}, instanceId)"]]),
            chain=r.choice([[f"spread({ZONE_FIELD})", "binpack(memory)"], ["binpack(cpu)"], ["random"]]),
            cpu=r.randint(200, 900),
            memory=r.randint(200, 2500),
        )
        for k in range(groups)
    ]
    return problem(cluster(rows), asked)


@pytest.mark.parametrize("seed", range(3))
def test_a_deterministic_limit_one_worker_and_a_seed_repeat_the_answer(seed: int) -> None:
    """§10.1: the same plan, tiers and status."""
    first, again = (api.place(crowded(seed), REPEATABLE) for _ in range(2))
    assert first.tasks.same_as(again.tasks)
    assert first.tiers == again.tiers
    assert (first.status, first.stop, first.replay) == (again.status, again.stop, again.replay)


def test_every_answer_carries_what_replays_it() -> None:
    """§10.2: fingerprint, seed, limits and versions; another request has another fingerprint."""
    asked = random_problem(1)
    replay = api.place(asked, REPEATABLE).replay
    assert (replay.seed, replay.workers, replay.deterministic_limit) == (3, 1, 0.5)
    assert {"placement-solver", "ortools", "numpy", "python"} == set(replay.versions)
    assert replay.fingerprint == api.fingerprint(random_problem(1)) != api.fingerprint(random_problem(2))
    more = dataclasses.replace(asked, groups=(dataclasses.replace(asked.groups[0], start=5), *asked.groups[1:]))
    assert api.fingerprint(more) != replay.fingerprint


@pytest.mark.parametrize("engine", list(Engine))
@pytest.mark.parametrize("seconds", [0.001, 0.05, 0.3])
def test_a_checked_plan_comes_whatever_the_time_limit(engine: Engine, seconds: float) -> None:
    """The sequential plan is there when time runs out, and never better than what is returned (§6.5)."""
    asked = crowded(9, instances=300, groups=12)
    answer = api.place(asked, Limits(time_limit=seconds, engine=engine))
    assert not api.check(asked, answer.tasks)
    assert answer.status in (Status.OPTIMAL, Status.FEASIBLE)
    if seconds > 0.01:
        assert [t.value for t in answer.tiers] <= [t.sequential for t in answer.tiers]
        assert answer.placed().sum() > 0


def test_cancelling_returns_the_best_plan_so_far() -> None:
    """Once the caller says so, the search ends and says why."""
    seen: list[tuple[int, ...]] = []
    answer = api.place(
        crowded(5, instances=150, groups=20),
        Limits(time_limit=60),
        on_incumbent=lambda tasks, values: seen.append(values),
        cancelled=lambda: bool(seen),
    )
    assert answer.stop is Stop.CANCELLED
    assert tuple(tier.value for tier in answer.tiers) == seen[-1]
    assert not api.check(answer.problem, answer.tasks)


def test_incumbents_come_in_order_each_better_than_the_one_before() -> None:
    """Every incumbent has passed the checker and is lexicographically better."""
    asked = crowded(2)
    seen: list[tuple[int, ...]] = []
    answer = api.place(asked, Limits(time_limit=3), on_incumbent=lambda tasks, values: seen.append(values))
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == len(seen) >= 1
    assert seen[-1] == tuple(tier.value for tier in answer.tiers)


def test_progress_ends_with_the_values_and_bounds_of_the_answer() -> None:
    """Whoever watches sees values that only get better and, in the end, what the answer says of each tier."""
    seen: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    answer = api.place(
        crowded(2), Limits(time_limit=3), on_progress=lambda known: seen.append((known.values, known.floors))
    )
    assert [values for values, _ in seen] == sorted((values for values, _ in seen), reverse=True)
    assert seen[-1] == tuple(zip(*((tier.value, tier.bound) for tier in answer.tiers), strict=True))


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        (Limits(time_limit=0), "limits.time_limit: is 0 s; must be above 0 and at most 86,400 s"),
        (Limits(time_limit=float("nan")), "limits.time_limit: is nan s; must be above 0 and at most 86,400 s"),
        (Limits(workers=0), "limits.workers: is 0; must be 1 to 64"),
        (Limits(seed=-1), "limits.seed: is -1; must be 0 to 2,147,483,647"),
        (Limits(deterministic_limit=0), "limits.deterministic_limit: is 0; must be above 0 and at most 86,400"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits: Limits, path: str) -> None:
    """The message names the field and says what would be right."""
    with pytest.raises(InvalidRequest) as refused:
        api.place(random_problem(1), limits)
    assert str(refused.value) == path
