"""The compiled search on requests of some size: rules are kept, answers repeat, and it is left out where it is not compiled."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.subjects.priorities import priority_problem
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Preempt
from solver.engines import assigning, portfolio, sequential
from solver.engines.assignment.closing import Chosen
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.kernels import compiled
from solver.engines.kernels.annealing import anneal
from solver.engines.kernels.filling import fillings
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.verify import check
from tests.builders import cluster, group, problem

INSTANCES, GROUPS = 12, 16
RULES = ("distinctInstance", "maxPerInstance(2)", "maxSkew(attribute:ecs.availability-zone, 2)", "antiAffinity(g1, instanceId)",
         "antiAffinity(g2, attribute:ecs.availability-zone)", "memberOf(attribute:ecs.availability-zone != c)")  # fmt: skip


def crowded(seed: int) -> Problem:
    """A cluster nearly full of tasks with rules of every kind that is made of terms, none of them broken, and more wanted."""
    r = random.Random(seed)
    rows = [{"id": f"i{i}", "zone": "abc"[i % 3], "cpu": 100, "memory": 100} for i in range(INSTANCES)]
    groups = []
    for g in range(GROUPS):
        demand = {"cpu": r.randint(10, 35), "memory": r.randint(10, 35)}
        rules = tuple(rule for rule in RULES if r.random() < 0.2 and f"g{g}," not in rule)
        one = group(f"g{g}", r.randint(1, 4), rules=rules, **demand, priority=r.choice([0, 0, 1]))
        groups.append(
            replace(one, role=r.choice(["", "", "r1", "r2"]), ports=(("tcp", 80),) if r.random() < 0.2 else ())
        )
    empty = problem(cluster(rows), groups, {}, rules=["isolateRoles(r1, r2)"])
    first = sequential.place(bind(empty), seed, Deadline(10))
    settled = empty.after(first)
    movable = tuple(
        replace(one, start=after.start, movable=True) for one, after in zip(groups, settled.groups, strict=True)
    )
    return replace(settled, groups=movable, freedom=Freedom(preempt=Preempt.ANY, interleaved=True))


def _incumbent(rules: Rules) -> Incumbent:
    incumbent = Incumbent(rules)
    incumbent.require_sequential(sequential.place(rules, 0, Deadline(10)))
    portfolio.count_bounds(incumbent, Deadline(10))
    return incumbent


@pytest.mark.parametrize("seed", range(12))
def test_every_plan_of_the_search_keeps_the_rules_that_are_made_of_terms(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checker refuses none of them; and together they are better than where they began."""
    rules = bind(crowded(seed))
    incumbent = _incumbent(rules)
    before, offered = incumbent.values, []

    def offer(tasks: Counts, *, of_all_rules: bool = True) -> bool:
        offered.append(tasks)
        return Incumbent.offer(incumbent, tasks, of_all_rules=of_all_rules)

    monkeypatch.setattr("solver.engines.assignment.search.choose", lambda *_: Chosen(None, 0))
    monkeypatch.setattr(incumbent, "offer", offer)
    assigning.improve(incumbent, Limits(workers=1, deterministic_limit=0.3), Deadline(60))
    assert len(offered) > 2 or incumbent.proven(len(before) - 1)
    for tasks in offered:
        assert not check(rules.problem, tasks, rules)
    assert incumbent.values <= before


def test_the_search_places_more_and_moves_little() -> None:
    """Of crowded clusters most end better than the sequential scheduler leaves them."""
    better = 0
    for seed in range(12):
        incumbent = _incumbent(bind(crowded(seed)))
        assigning.improve(incumbent, Limits(workers=1, deterministic_limit=0.3), Deadline(60))
        better += incumbent.values < incumbent.sequential
    assert better >= 6


@pytest.mark.parametrize("shape", [(8, 4, 1, 0.95), (16, 4, 2, 0.95), (8, 8, 4, 0.90)])
def test_nearly_full_nodes_are_proved(shape: tuple[int, int, int, float]) -> None:
    """Every task placed or missing for good, and no move too many: bounds meet the plan in every tier."""
    rules = bind(priority_problem(*shape, 1))
    incumbent = _incumbent(rules)
    assigning.improve(incumbent, Limits(workers=1), Deadline(60))
    assert incumbent.values < incumbent.sequential
    assert incumbent.proven(len(incumbent.values) - 1)
    assert {incumbent.bound(t).source for t in range(len(incumbent.values))} <= {"counting", "relaxation"}


@pytest.mark.parametrize("seed", range(4))
def test_tasks_that_fill_every_instance_to_the_brim_are_all_placed(seed: int) -> None:
    """No room is left anywhere, so that the way from one packing to another leads through overfull instances."""
    draw = random.Random(seed)
    groups = []
    for n in range(8):
        # An instance of 100 cut into two to four tasks, in both resources.
        edges = [sorted(draw.sample(range(15, 86, 5), 1 + n % 3)) for _ in range(2)]
        cpu, memory = ([b - a for a, b in itertools.pairwise([0, *cuts, 100])] for cuts in edges)
        groups += [group(f"g{n}{k}", 1, cpu=c, memory=m) for k, (c, m) in enumerate(zip(cpu, memory, strict=True))]
    draw.shuffle(groups)
    rules = bind(problem(cluster([{"cpu": 100, "memory": 100}] * 8), groups, {}))
    incumbent = _incumbent(rules)
    assert incumbent.values[0] > 0
    assigning.improve(incumbent, Limits(workers=1, deterministic_limit=5.0), Deadline(60))
    assert incumbent.values[0] == 0


@pytest.mark.parametrize("seconds", [0.1000001, 1e-9])
def test_a_deterministic_limit_that_is_no_whole_number_of_steps_ends(seconds: float) -> None:
    """By the steps, long before the clock."""
    incumbent = _incumbent(bind(priority_problem(16, 8, 1, 1.0, 3)))
    deadline = Deadline(20)
    assigning.improve(incumbent, Limits(workers=1, deterministic_limit=seconds), deadline)
    assert not deadline.passed()


def test_the_same_question_with_a_deterministic_limit_has_the_same_answer() -> None:
    """Whatever the clock does (§10.1)."""
    rules = bind(priority_problem(16, 8, 2, 1.0, 3))
    found = []
    for _ in range(2):
        incumbent = _incumbent(rules)
        assigning.improve(incumbent, Limits(workers=1, deterministic_limit=0.2), Deadline(600))
        found.append((incumbent.tasks, [incumbent.bound(t) for t in range(len(incumbent.values))]))
    assert found[0][0].same_as(found[1][0])
    assert found[0][1] == found[1][1]


def test_one_compiled_form_serves_every_request() -> None:
    """Arrays come in one layout: another would be compiled anew, in the middle of a request."""
    compiled.warm_up()
    for asked in (crowded(1), priority_problem(4, 4, 1, 0.95, 1)):
        assigning.improve(_incumbent(bind(asked)), Limits(workers=1, deterministic_limit=0.1), Deadline(60))
    assert [len(kernel.signatures) for kernel in (anneal, fillings)] == [1, 1]


def test_what_is_not_compiled_is_left_out_where_there_is_no_time_and_the_answer_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plan is then that of the other engines."""
    monkeypatch.setattr(compiled, "ready", lambda kernels, seconds: False)
    run = portfolio.run(bind(priority_problem(4, 4, 1, 0.95, 1)), Limits(time_limit=10, workers=1))
    assert portfolio.UNCOMPILED in run.remarks
    assert run.solution.engine != "assigning"


def test_what_is_compiled_is_kept_for_the_next_process() -> None:
    """And is ready where little time is left."""
    compiled.warm_up()
    assert compiled.ready(compiled.ASSIGNMENT, 0.0)
    assert any(np.char.endswith([path.name for path in compiled.kept_in().iterdir()], ".nbi"))
