"""``min_gain``: moves must pay in the first tier that can gain something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ortools.sat.python import cp_model

from solver.api import place
from solver.compile import compile_model
from solver.cpsat.model import CountModel
from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, Preempt, TaskGroup
from solver.domain.solution import Status
from solver.errors import InvalidRequest
from solver.rules.bind import bind
from solver.steps.choose import stops
from solver.steps.detour import Budget
from solver.steps.events import Events
from solver.verify import check
from tests.builders import cluster, group, problem, random_rebalance
from tests.oracle import Oracle


def two_tasks(min_gain: int, move_cost: int = 1) -> Problem:
    """Two tasks on the first instance and three on the second: two moves empty the first."""
    groups = [group("A", movable=True, move_cost=move_cost, cpu=1)]
    freedom = Freedom(max_moves=5, min_gain=min_gain, consolidate=True)
    return problem(cluster([{"cpu": 5}, {"cpu": 5, "free": {"cpu": 2}}]), groups, {"A": [2, 3]}, freedom=freedom)


def rebalanced(asked: Problem) -> list[list[int]]:
    answer = place(asked, Limits(workers=1))
    assert answer.status is Status.OPTIMAL
    found: list[list[int]] = answer.tasks.to_dense().tolist()
    return found


@pytest.mark.parametrize(("min_gain", "moves"), [(0, True), (1, True), (500, True), (501, False), (1000, False)])
def test_an_instance_is_emptied_by_so_many_moves_at_most(min_gain: int, moves: bool) -> None:
    """0.5 is one instance for two moves; more cannot be had, so that nothing moves."""
    assert rebalanced(two_tasks(min_gain)) == ([[0, 5]] if moves else [[2, 3]])


def test_moves_count_what_they_cost() -> None:
    """The same two moves at cost 2 gain a quarter of an instance each."""
    assert rebalanced(two_tasks(250, move_cost=2)) == [[0, 5]]
    assert rebalanced(two_tasks(251, move_cost=2)) == [[2, 3]]


def test_the_checker_says_what_the_moves_may_cost() -> None:
    """Two moves where a gain of one instance pays for one; moving nothing is never refused."""
    asked = two_tasks(1000)
    (found,) = check(asked, Counts.dense(np.array([[0, 5]])))
    assert (found.rule, found.allowed, found.after) == ("gain of moves", 1, 2)
    assert check(asked, asked.running) == ()


def test_where_nothing_can_be_gained_nothing_moves() -> None:
    """Every tier is at its counting bound: there is no goal, and the answer says so."""
    asked = replace(two_tasks(1), running=Counts.dense(np.array([[0, 5]])))
    asked = replace(asked, cluster=cluster([{"cpu": 5}, {"cpu": 5, "free": {"cpu": 0}}]))
    gain = bind(asked).gain
    assert gain is not None and gain.goal is None
    assert "moves must gain 0.001 each, and there is nothing to gain: nothing moves" in place(asked).warnings
    (found,) = check(asked, Counts.dense(np.array([[1, 4]])))
    assert (found.allowed, found.after) == (0, 1)


def test_the_answer_says_what_was_gained() -> None:
    """The goal, before and after, and what the moves count."""
    said = "moves must gain 0.5 each in instances in use: 2 before, 1 after, moves count 2"
    assert said in place(two_tasks(500)).warnings
    assert not place(two_tasks(0)).warnings


def test_the_goal_is_the_first_tier_that_can_gain() -> None:
    """Spreading over zones is as even as can be; over instances it is not."""
    rows = [{"zone": "a"}, {"zone": "a"}, {"zone": "b"}]
    chain = ["spread(attribute:ecs.availability-zone)", "spread(instanceId)"]
    asked = problem(cluster(rows), [group("A", movable=True, chain=chain)], {"A": [2, 0, 2]})
    asked = replace(asked, freedom=Freedom(min_gain=2000))
    gain = bind(asked).gain
    assert gain is not None and gain.goal is not None and gain.goal.name == "2/spread/evenness"
    assert rebalanced(asked) == [[1, 1, 2]]
    assert rebalanced(replace(asked, freedom=Freedom(min_gain=2001))) == [[2, 0, 2]]


def test_a_detour_is_paid_for_too() -> None:
    """The gain of a plan pays for two moves at 0.5 and three at a third: one is left for a task in the way."""
    for min_gain, left in ((500, 0), (333, 1)):
        asked = two_tasks(min_gain)
        rules, tasks = bind(asked), Counts.dense(np.array([[0, 5]]))
        events = Events.of((tasks - asked.running).positive(), stops(asked, tasks))
        assert events.after(asked).same_as(tasks)
        assert Budget.of(rules, events).cost == left
        assert rules.gain is not None and rules.gain.most(Placement(asked, tasks)) == 2 + left


@pytest.mark.parametrize(
    ("one", "more", "said"),
    [
        ({}, {"min_gain": -1}, "freedom.min_gain: is -1; must be a whole number, zero or more"),
        ({}, {"min_gain": 0.5}, "freedom.min_gain: is 0.5; must be a whole number, zero or more"),
        ({"start": 1}, {}, "freedom.min_gain: is 100, and tasks start; ask for moves alone, such as a rebalance after"),
        ({"stop": 1}, {}, "freedom.min_gain: is 100, and tasks are to stop; ask for moves alone"),
        ({}, {"empty": 1}, "freedom.min_gain: is 100, and instances are to be emptied; ask for moves alone"),
        ({}, {"interleaved": True}, "freedom.min_gain: is 100, and moves are interleaved; ask for moves alone"),
    ],
)
def test_only_moves_can_be_judged(one: dict[str, int], more: dict[str, int], said: str) -> None:
    """Absurd numbers, and requests in which something else changes the tiers."""
    with pytest.raises(InvalidRequest) as refused:
        problem(
            cluster([{}, {}]),
            [replace(group("A", movable=True), **one)],
            {"A": [1, 1]},
            freedom=replace(Freedom(min_gain=100, preempt=Preempt.NONE), **more),
        )
    (fault,) = refused.value.faults
    assert str(fault).startswith(said)


def test_a_product_beyond_64_bits_is_refused() -> None:
    """§11.2: what CP-SAT could not count exactly."""
    tasks = TaskGroup("A", "A", {}, movable=True, move_cost=10**9)
    asked = problem(cluster([{}, {}]), [tasks], {"A": [4, 4]}, freedom=Freedom(min_gain=10**10))
    with pytest.raises(
        InvalidRequest, match=r"freedom.min_gain: is 10,000,000,000, which times the moves and the costs"
    ):
        bind(asked)


def test_the_model_allows_exactly_the_moves_that_pay() -> None:
    """Both directions, on random rebalances: of all states that the other rules allow, those that the plain form passes."""
    refused = 0
    for seed in range(30):
        asked = random_rebalance(seed)
        asked = replace(asked, freedom=replace(asked.freedom, max_moves=2, min_gain=asked.freedom.min_gain or 1))
        rules = bind(asked)
        compiled = compile_model(rules)
        assert rules.gain is not None
        for state in Oracle(replace(asked, freedom=replace(asked.freedom, min_gain=0))).plans():
            tasks = Counts.dense(np.array(state))
            pays = not rules.gain.violations(Placement(asked, tasks))
            assert _has(compiled.model, tasks) == pays, f"seed {seed}\n{state}"
            refused += not pays
    assert refused > 100


def _has(model: CountModel, tasks: Counts) -> bool:
    """Whether the model has a solution with these counts."""
    # What starts and what stays comes first; all others follow from it.
    given = len(model._variables) - len(model._value_of)
    model.cp.clear_hints()
    for variable, value in zip(model._variables[:given], model.values(tasks), strict=False):
        model.cp.add_hint(variable, value)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.fix_variables_to_their_hinted_value = True
    status = solver.solve(model.cp)
    assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
    return status != cp_model.INFEASIBLE
