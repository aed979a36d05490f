"""Reassignment: three judges of one plan agree, tiny problems are solved, bounds hold, and what repeats does."""

from __future__ import annotations

import numpy as np
import pytest
from ortools.sat.python import cp_model

from solver.compile import compile_model
from solver.domain.placement import Placement
from solver.domain.reassignment import Reassignment
from solver.engines.deadline import Deadline
from solver.engines.reassignment.bound import counting_bound, pooled_bound
from solver.engines.reassignment.columns import Columns
from solver.engines.reassignment.engine import reassign
from solver.engines.reassignment.search import Budget, search
from solver.errors import InvalidRequest
from solver.formats.machine_reassignment import reassignment_from_text
from solver.rules.reassignment import cost_of, rules_of
from solver.verify import check
from tests.engines.reassignment.drawn import drawn, everywhere
from tests.engines.reassignment.evaluator import cost, is_allowed, read

SEEDS = range(25)
PROCESSES, MACHINES = 5, 3
STEPS = 40_000


def _drawn(seed: int) -> tuple[str, list[int], Reassignment]:
    model, assignment = drawn(seed, PROCESSES, MACHINES)
    return model, [int(word) for word in assignment.split()], reassignment_from_text(model, assignment)


def test_the_rules_say_what_the_challenge_says() -> None:
    """Of every assignment of tiny problems: allowed exactly where the evaluator allows it, and the same cost."""
    allowed = refused = 0
    for seed in SEEDS:
        text, initial, asked = _drawn(seed)
        model, rules = read(text), rules_of(asked)
        for final in everywhere(PROCESSES, MACHINES):
            tasks = asked.counts(np.array(final))
            fine = is_allowed(model, initial, final)
            allowed, refused = allowed + fine, refused + (not fine)
            assert (not check(asked.problem, tasks, rules)) == fine, f"problem {seed}: {final}"
            value = rules.tiers[0].value(Placement(asked.problem, tasks))
            assert value == cost(model, initial, final), f"problem {seed}: {final}"
            assert value <= rules.tiers[0].ceiling(asked.problem)
    assert allowed and refused


def test_tiny_problems_are_solved() -> None:
    """The search meets the least cost of all assignments; the bound is never above it."""
    for seed in SEEDS:
        text, initial, asked = _drawn(seed)
        model = read(text)
        least = min(cost(model, initial, x) for x in everywhere(PROCESSES, MACHINES) if is_allowed(model, initial, x))
        found = reassign(asked, 60.0, seed=seed, workers=2, steps=STEPS)
        assert is_allowed(model, initial, found.place.tolist()), f"problem {seed}"
        assert found.cost == cost(model, initial, found.place.tolist()) == least, f"problem {seed}"
        assert found.initial == cost(model, initial, initial)
        assert pooled_bound(asked) <= counting_bound(asked) == found.bound <= least
        assert found.proven == (least == found.bound)
        assert sum(term.after for term in found.terms) == found.cost


def test_the_exact_form_has_the_same_optimum() -> None:
    """What all rules tell the model, minimised, is the least cost of all assignments."""
    for seed in SEEDS[:10]:
        text, initial, asked = _drawn(seed)
        model = read(text)
        least = min(cost(model, initial, x) for x in everywhere(PROCESSES, MACHINES) if is_allowed(model, initial, x))
        compiled = compile_model(rules_of(asked))
        # Every task is somewhere: a group that may move keeps its one task.
        compiled.model.minimise(compiled.tiers[0])
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        assert solver.solve(compiled.model.cp) == cp_model.OPTIMAL, f"problem {seed}"
        assert round(solver.objective_value) == least, f"problem {seed}"
        tasks = compiled.model.decode(solver.value)
        assert (tasks.totals() == 1).all() and is_allowed(model, initial, tasks.instance.tolist()), f"problem {seed}"


def test_the_compiled_search_counts_what_the_rules_count() -> None:
    """On problems of middle size, the cost that it keeps step by step is the value of its plan, which may be."""
    for seed in range(6):
        model, assignment = drawn(seed, 14, 6)
        asked = reassignment_from_text(model, assignment)
        rules = rules_of(asked)
        initial = cost_of(rules).value(Placement(asked.problem))
        found = search(asked, initial, 0, Budget(Deadline(60.0), STEPS), seed=seed, workers=1)
        tasks = asked.counts(found.place)
        assert cost_of(rules).value(Placement(asked.problem, tasks)) == found.cost <= initial, f"problem {seed}"
        assert not check(asked.problem, tasks, rules), f"problem {seed}"


def test_a_budget_of_steps_repeats() -> None:
    """Same seed, workers and steps: the same plan, whatever the clock says (§10.1)."""
    model, assignment = drawn(3, 14, 6)
    asked = reassignment_from_text(model, assignment)
    first, second = (reassign(asked, 60.0, seed=5, workers=2, steps=STEPS) for _ in range(2))
    assert np.array_equal(first.place, second.place) and first.steps == second.steps


def test_who_cancels_gets_a_plan() -> None:
    """At once cancelled: what changes nothing; it is checked as every plan is."""
    _, initial, asked = _drawn(1)
    found = reassign(asked, 60.0, cancelled=lambda: True)
    assert found.place.tolist() == initial and found.cost == found.initial and found.steps == 0


def test_an_assignment_that_breaks_a_rule_is_refused() -> None:
    """The search begins with what is there: two tasks of one service on an instance are named."""
    model = "1\n0 1\n2\n0 0 9 9 0 1\n0 0 9 9 1 0\n1\n0 0\n2\n0 1 1\n0 1 1\n0\n1 1 1\n"
    with pytest.raises(InvalidRequest, match="assignment: breaks a rule: p0: distinctInstance at m0"):
        reassign(reassignment_from_text(model, "0 0"), 1.0)


def test_what_a_service_needs_reaches_the_search() -> None:
    """Services of one task count where another depends on them; others are told apart from all."""
    model = "1\n0 1\n2\n0 0 9 9 0 1\n1 0 9 9 1 0\n3\n0 1 1\n0 0\n0 0\n3\n0 1 1\n1 1 1\n2 1 1\n0\n1 1 1\n"
    arguments = Columns.of(reassignment_from_text(model, "0 0 1")).arguments
    service = next(array for array in arguments[12:] if isinstance(array, np.ndarray))
    assert service.tolist() == [0, 1, -1]


def test_what_fits_nowhere_else_is_charged_at_home() -> None:
    """A task as large as its instance, whose safety is zero: pooled, the other instance's safety would make up for it."""
    model = "1\n0 1\n2\n0 0 9 0 0 1\n0 0 5 5 1 0\n2\n0 0\n0 0\n2\n0 9 1\n1 1 1\n0\n1 1 1\n"
    asked = reassignment_from_text(model, "0 1")
    found = reassign(asked, 60.0, steps=STEPS)
    assert pooled_bound(asked) == 5
    assert found.bound == found.cost == 9 and found.proven
