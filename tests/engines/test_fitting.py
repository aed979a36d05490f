"""Fewer instances in use by annealing: what comes before is held, rules are kept, answers repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.subjects import mixed_rules
from benchmarks.subjects.consolidation import consolidation_problem
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Scheduling
from solver.engines import fitting, packed_first, portfolio, sequential
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.kernels.annealing import anneal
from solver.rules.bind import bind
from solver.verify import check
from tests.builders import cluster, group, problem

INSTANCES = "2/binpack/instances"


def mixed(seed: int) -> Problem:
    """A tenth of N4 with anti-affinity, distinct instances and zones."""
    return mixed_rules.SUBJECT.cases[0].build(seed, 0.2)


def _incumbent(problem: Problem) -> Incumbent:
    incumbent = Incumbent(bind(problem))
    incumbent.require_sequential(sequential.place(incumbent.rules, 0, Deadline(10)))
    incumbent.offer(packed_first.place(incumbent.rules, 0, Deadline(10)))
    portfolio.count_bounds(incumbent, Deadline(10))
    return incumbent


def _tier(incumbent: Incumbent, name: str) -> int:
    return [cost.name for cost in incumbent.rules.tiers].index(name)


def _limits(seconds: float = 2.0) -> Limits:
    return Limits(workers=1, deterministic_limit=seconds)


@pytest.mark.parametrize("seed", range(1, 5))
def test_fewer_instances_are_used_and_what_comes_before_stays(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By several; and no better plan is refused, since annealing knows these rules."""
    incumbent = _incumbent(mixed(seed))
    tier = _tier(incumbent, INSTANCES)
    before, refused, offered = incumbent.values, 0, 0

    def offer(tasks: Counts, *, of_all_rules: bool = True) -> bool:
        nonlocal refused, offered
        offered += 1
        better = incumbent.value(tasks) < incumbent.values
        refused += better and bool(check(incumbent.rules.problem, tasks, incumbent.rules))
        return Incumbent.offer(incumbent, tasks, of_all_rules=of_all_rules)

    monkeypatch.setattr(incumbent, "offer", offer)
    fitting.improve(incumbent, _limits(), Deadline(60))
    assert incumbent.values[:tier] == before[:tier]
    assert incumbent.values[tier] <= before[tier] - 2
    assert offered
    assert refused == 0


def test_running_tasks_move_off_instances_within_the_budget() -> None:
    """A consolidation empties instances, and moves no more than it may."""
    problem = consolidation_problem(60, 1, 2)
    free = _incumbent(problem)
    fitting.improve(free, _limits(), Deadline(60))
    assert free.values[0] < free.sequential[0] - 3
    bounded = _incumbent(replace(problem, freedom=replace(problem.freedom, max_moves=4)))
    fitting.improve(bounded, _limits(), Deadline(60))
    assert bounded.values[_tier(bounded, "moved")] <= 4
    assert free.values[0] < bounded.values[0] <= bounded.sequential[0]


def test_the_same_question_with_a_deterministic_limit_has_the_same_answer() -> None:
    """Whatever the clock does (§10.1)."""
    found = []
    for _ in range(2):
        incumbent = _incumbent(mixed(1))
        fitting.improve(incumbent, _limits(0.5), Deadline(600))
        found.append(incumbent.tasks)
    assert found[0].same_as(found[1])


def test_it_ends_where_the_bound_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """And begins nothing then."""
    incumbent = _incumbent(mixed(1))
    tier = _tier(incumbent, INSTANCES)
    incumbent.add_bound(tier, incumbent.values[tier], "model")
    monkeypatch.setattr(incumbent, "offer", lambda *_, **__: pytest.fail("a plan was looked for"))
    fitting.improve(incumbent, _limits(), Deadline(60))


def test_spreading_over_instances_and_then_packing_is_no_fault() -> None:
    """A family of one group with a bucket on each instance."""
    chain = ("spread(instanceId)", "binpack(cpu)")
    asked = problem(cluster([{"cpu": 10, "memory": 10}] * 8), [group("a", 4, chain=chain, cpu=1, memory=1)], {})
    incumbent = _incumbent(asked)
    fitting.improve(incumbent, _limits(0.2), Deadline(60))
    assert incumbent.values[0] == 0


def test_running_daemons_keep_no_instance_in_use() -> None:
    """Instances with one daemon each are emptied of other tasks all the same."""
    daemon = replace(group("d", cpu=1, memory=1), scheduling=Scheduling.DAEMON)
    web = group("web", cpu=2, memory=2, movable=True)
    everywhere = {"d": [1] * 8, "web": [1] * 8}
    asked = problem(cluster([{"cpu": 9, "memory": 9}] * 8), [daemon, web], everywhere)
    incumbent = _incumbent(replace(asked, freedom=Freedom(consolidate=True)))
    assert incumbent.values[0] == 8
    fitting.improve(incumbent, _limits(), Deadline(60))
    assert incumbent.values[0] == 2


def test_nothing_is_compiled_a_second_time() -> None:
    """Arrays cut to the usable instances are laid out as those of the whole."""
    fitting.improve(_incumbent(consolidation_problem(60, 1, 2)), _limits(0.1), Deadline(60))
    assert len(anneal.signatures) == 1
