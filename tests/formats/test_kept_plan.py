"""Plans as they are kept: what they hold is what the answer says, and nothing else is read again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.survival import LossOutcome
from solver.errors import InvalidRequest, UnreadableDocument
from solver.formats.kept_plan import kept_plan
from solver.formats.kept_plan_reading import read_kept_plan
from tests.report.answers import answer


def test_a_plan_is_read_as_it_was_kept(tmp_path: Path) -> None:
    """Reasons, tiers, losses and every instance among it."""
    losses = (LossOutcome("zone", "a", 3, 7, {"service:web": 2}, 1, 2, False), LossOutcome("type", "m5", 1, 0))
    kept = kept_plan(replace(answer(missing=2), losses=losses), operation="place", scenario="ü <b>")
    path = tmp_path / "plan.json"
    path.write_text(kept.to_json(), encoding="utf-8")
    assert read_kept_plan(path) == kept
    assert kept.shortfalls and kept.tiers
    assert [(one.value, one.tasks, [(short.group, short.count) for short in one.short]) for one in kept.losses] == [
        ("a", 7, [("service:web", 2)]),
        ("m5", 0, []),
    ]


def test_what_is_kept_is_what_the_answer_says() -> None:
    """Amounts as the state after the plan has them, tasks one by one."""
    made = answer(size=24, groups=3, each=5, missing=1)
    kept = kept_plan(made)
    problem, dense = made.problem, made.tasks.to_dense()
    free = Placement(problem, made.tasks).free
    for i, one in enumerate(kept.instances):
        assert one.used_before == tuple((problem.cluster.capacity[i] - problem.cluster.free[i]).tolist())
        assert one.used_after == tuple((problem.cluster.capacity[i] - free[i]).tolist())
        found = {kept.groups[cell.group].name: cell.after for cell in one.cells}
        assert found == {problem.groups[g].name: n for g, n in enumerate(dense[:, i].tolist()) if n}
        assert one.open == bool(problem.cluster.accepts[i])
    assert [group.missing for group in kept.groups] == [0, 0, 1]


PLAIN = json.loads(kept_plan(answer(size=6, groups=2, each=2, missing=1)).to_json())
INSTANCE = next(k for k, one in enumerate(PLAIN["instances"]) if one["cells"])


@pytest.mark.parametrize("name", sorted(PLAIN))
@pytest.mark.parametrize("wrong", [{"no": "such"}, 1.5, "MISSING"], ids=repr)
def test_each_field_of_the_wrong_kind_is_named(tmp_path: Path, name: str, wrong: object) -> None:
    """With its path; a field that is missing too."""
    said = {**PLAIN, name: wrong}
    if wrong == "MISSING":
        del said[name]
    if name == "seconds" and wrong == 1.5 or name == "versions" and isinstance(wrong, dict):
        return
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(InvalidRequest) as refused:
        read_kept_plan(path)
    assert all(fault.path.startswith(f"{path}: {name}") for fault in refused.value.faults)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"capacity": [1]}, "capacity"),
        ({"cells": [{"group": 99, "before": 0, "after": 1}]}, "cells[0].group"),
        ({"cells": [{"group": -1, "before": 0, "after": 1}]}, "cells[0].group"),
        ({"open": 1}, "open"),
        ({"more": 1}, "more"),
    ],
)
def test_what_does_not_go_with_the_rest_is_named(tmp_path: Path, change: dict[str, object], where: str) -> None:
    """Groups and resources that there are not would be drawn as others."""
    instances = [{**one, **(change if k == INSTANCE else {})} for k, one in enumerate(PLAIN["instances"])]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**PLAIN, "instances": instances}), encoding="utf-8")
    with pytest.raises(InvalidRequest) as refused:
        read_kept_plan(path)
    assert [fault.path for fault in refused.value.faults] == [f"{path}: instances[{INSTANCE}].{where}"]


@pytest.mark.parametrize("text", ["", "{", "\x00", '{"format": 1'])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    """As whatever else is read."""
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableDocument):
        read_kept_plan(path)


def test_a_move_is_counted_once() -> None:
    """A task that runs elsewhere afterwards neither starts nor stops for good."""
    made = answer(size=6, groups=1, each=1)
    (_, there, _) = next(iter(made.tasks))
    running = Counts.of((1, 6), np.array([0]), np.array([(there + 1) % 6]), np.array([1]))
    group = replace(made.problem.groups[0], start=0, movable=1)
    kept = kept_plan(replace(made, problem=replace(made.problem, groups=(group,), running=running)))
    assert kept.moved == 1
    assert [(one.before, one.after, one.wanted, one.missing) for one in kept.groups] == [(1, 1, 0, 0)]
