"""Machine reassignment files: what is read, what is refused, and published costs from an evaluator outside the solver."""

from __future__ import annotations

import csv
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from solver.domain.placement import Placement
from solver.engines.reassignment.bound import pooled_bound
from solver.errors import InvalidRequest, TooLarge, UnreadableDocument
from solver.formats.machine_reassignment import (
    MOST_INSTANCES,
    assignment_text,
    read_reassignment,
    reassignment_from_text,
)
from solver.rules.reassignment import rules_of
from tests.engines.reassignment.evaluator import cost, is_allowed, read

MODEL = """\
2
1 100
0 10
2
0 0 30 400 16 80 0 1
0 1 10 240 8 160 1 0
2
2 0
1 1 0
3
0 12 10 1000
0 10 20 100
1 6 200 1
1
0 1 20
10
1 10 100
"""
ASSIGNMENT = "0 1 0\n"


def test_processes_are_groups_that_may_move_and_machines_are_instances() -> None:
    """A family for each service, location and neighbourhood as attributes, and what the costs need beside it."""
    asked = reassignment_from_text(MODEL, ASSIGNMENT)
    problem = asked.problem
    assert problem.cluster.capacity.tolist() == [[30, 400], [10, 240]]
    assert problem.cluster.free.tolist() == [[12, 190], [0, 220]]
    assert [(group.family, list(group.demand.values()), group.move_cost) for group in problem.groups] == [
        ("s0", [12, 10], 1000),
        ("s0", [10, 20], 100),
        ("s1", [6, 200], 1),
    ]
    assert problem.operation.moving.all()
    assert list(problem.running) == [(0, 0, 1), (1, 1, 1), (2, 0, 1)]
    assert problem.cluster.attributes["location"][1] == "1" and problem.cluster.attributes["neighbourhood"][1] == "0"
    assert asked.transient.tolist() == [True, False] and asked.dependencies.tolist() == [[1, 0]]


def test_files_are_read_plain_and_compressed_and_written_as_they_are_read(tmp_path: Path) -> None:
    """The assignment that is written is the one that is read."""
    plain, packed, assignment = tmp_path / "model.txt", tmp_path / "model.txt.xz", tmp_path / "assignment.txt"
    plain.write_text(MODEL)
    packed.write_bytes(lzma.compress(MODEL.encode()))
    assignment.write_text(assignment_text(np.array([1, 0, 0])))
    for model in (plain, packed):
        asked = read_reassignment(model, assignment)
        assert asked.home.tolist() == [1, 0, 0] and asked.demand.tolist() == [[12, 10], [10, 20], [6, 200]]


@pytest.mark.parametrize("name", [f"{part}_{k}" for part in ("a1", "a2") for k in range(1, 6)])
def test_published_initial_costs_and_bounds_are_met(published: Callable[[str], Path], name: str) -> None:
    """By the evaluator, which reads the texts itself, and by the rules; nothing is broken before."""
    files = [published(f"roadef2012/{kind}_{name}.txt.xz") for kind in ("model", "assignment")]
    with published("roadef2012/reference_values.csv").open() as listed:
        row = next(row for row in csv.DictReader(listed) if row["instance"] == name)
    asked = read_reassignment(*files)
    initial = asked.home.tolist()
    model = read(lzma.decompress(files[0].read_bytes()).decode())
    before = Placement(asked.problem)
    rules = rules_of(asked)
    assert is_allowed(model, initial, initial) and not any(rule.broken(before) for rule in rules.constraints)
    assert cost(model, initial, initial) == rules.tiers[0].value(before) == int(row["initial_cost"])
    assert pooled_bound(asked) == int(row["simple_lower_bound"])


@pytest.mark.parametrize(
    ("model", "assignment", "said"),
    [
        ("", "0", "model: ends inside the number of resources, after 0 numbers; give at least 1 more"),
        ("0", "0", "model line 1 field 1: is 0 as the number of resources; give at least 1"),
        (
            MODEL.replace("1 100\n", "2 100\n", 1),
            "0 1 0",
            "model line 2 field 1: is 2 in the resources; must be from 0 to 1",
        ),
        (MODEL.replace("240", "x"), "0 1 0", "model line 6 field 4: holds 'x'; must hold whole numbers"),
        (MODEL.replace("240", "-240"), "0 1 0", "model line 6 field 4: is -240 in the machines; must be from 0 to"),
        (MODEL.replace("240", "2.5"), "0 1 0", "model line 6 field 4: holds '2.5'; must hold whole numbers"),
        (
            MODEL.replace("1 1 0\n3", "1 1 2\n3"),
            "0 1 0",
            "model line 9 field 3: is 2 in the services; must be from 0 to 1",
        ),
        (
            MODEL.replace("1 6 200", "2 6 200"),
            "0 1 0",
            "model line 13 field 1: is 2 in the processes; must be from 0 to 1",
        ),
        (
            MODEL.replace("0 1 20", "0 2 20"),
            "0 1 0",
            "model line 15 field 2: is 2 in the balances; must be from 0 to 1",
        ),
        (MODEL + "7", "0 1 0", "model line 18 field 1: goes on after the 49 numbers that it should hold"),
        (MODEL[:-4], "0 1 0", "model: ends inside the weights of moves"),
        (MODEL, "0 1", "assignment: ends inside the processes, after 2 numbers; give at least 1 more"),
        (MODEL, "0 1 0 1", "assignment line 1 field 4: goes on after the 3 numbers"),
        (MODEL, "0 1 2", "assignment line 1 field 3: is 2 in the processes; must be from 0 to 1"),
        (MODEL, "0 1 zero", "assignment line 1 field 3: holds 'zero'; must hold whole numbers"),
    ],
)
def test_what_is_not_in_the_format_is_refused_with_its_line_and_field(model: str, assignment: str, said: str) -> None:
    """Never read as something else."""
    with pytest.raises(UnreadableDocument) as refused:
        reassignment_from_text(model, assignment)
    assert said in str(refused.value)


def test_cutting_a_model_anywhere_is_noticed() -> None:
    """A text that ends early is refused, wherever it ends."""
    words = MODEL.split()
    for kept in range(len(words)):
        with pytest.raises(InvalidRequest):
            reassignment_from_text(" ".join(words[:kept]), ASSIGNMENT)


def test_what_is_too_large_is_refused() -> None:
    """More machines than are allowed, before memory is spent; costs that could leave 2^53."""
    with pytest.raises(TooLarge, match=f"give at most {MOST_INSTANCES:,}"):
        reassignment_from_text(MODEL.replace("\n2\n0 0 30", f"\n{MOST_INSTANCES + 1}\n0 0 30"), ASSIGNMENT)
    with pytest.raises(InvalidRequest, match=r"costs: could exceed 2\^53"):
        reassignment_from_text(MODEL.replace("1 100\n", "1 999999999999999\n", 1), ASSIGNMENT)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, not compressed though its name says so, not text."""
    good, bad = tmp_path / "assignment.txt", tmp_path / "model.txt.xz"
    good.write_text(ASSIGNMENT)
    with pytest.raises(UnreadableDocument, match=r"model\.txt\.xz: cannot be read"):
        read_reassignment(bad, good)
    bad.write_text(MODEL)
    with pytest.raises(UnreadableDocument, match=r"model\.txt\.xz: is not an \.xz file"):
        read_reassignment(bad, good)
    bad.write_bytes(lzma.compress("é".encode()))
    with pytest.raises(UnreadableDocument, match=r"model\.txt\.xz: is not text"):
        read_reassignment(bad, good)
