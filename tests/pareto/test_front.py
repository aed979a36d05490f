"""``solver.pareto.front``: what it is asked, and what it says when it is cut short."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits
from solver.errors import InvalidRequest
from solver.formats.kept_front import KeptFront, read_kept_front
from solver.pareto import Axis, Front, front
from solver.pareto.keeping import kept_front
from solver.report.files import write_whole
from solver.rules.bind import bind
from solver.rules.max_skew import MaxSkew
from tests.builders import ZONE_FIELD, cluster, group, problem
from tests.readme import ROOT, blocks

LIMITS = Limits(time_limit=60, workers=1)
TYPE = "ecs.instance-type"


def two_zones(freedom: Freedom | None = None) -> Problem:
    """Four instances in two zones, each with two tasks that all fit on two instances."""
    rows = [{"zone": zone, "cpu": 4, "free": {"cpu": 2}, TYPE: kind} for zone, kind in zip("aabb", "LSSS", strict=True)]
    groups = [group("A", movable=True, cpu=1)]
    snapshot = cluster(rows, resources=("cpu",))
    return problem(snapshot, groups, {"A": [2, 2, 2, 2]}, freedom=freedom or Freedom(max_moves=4))


def values(found: Front) -> list[tuple[int, ...]]:
    return [point.values for point in found.points]


def test_instances_against_moves_against_skew() -> None:
    """An instance is emptied by two moves: within its zone the tasks stay even, and elsewhere nothing is gained."""
    found = front(two_zones(), limits=LIMITS)
    assert values(found) == [(2, 4, 0), (3, 2, 0), (4, 0, 0)]
    assert found.proven and found.chosen == (Axis.COST, Axis.MOVES, Axis.SKEW) and found.undecided == ()


def test_prices_make_the_cost() -> None:
    """The dear instance is emptied first, by 2 moves; in millionths, and in the frame in the currency."""
    found = front(two_zones(), ("cost", "moves"), limits=LIMITS, prices={"L": 0.4, "S": 0.1})
    assert values(found) == [(200_000, 4), (300_000, 2), (700_000, 0)]
    assert found.frame().to_dict("records")[1] == {
        "cost": 0.3, "cost_bound": 0.3, "moves": 2, "moves_bound": 2, "proven": True, "surrounded": True,
    }  # fmt: skip


def test_the_order_of_the_axes_does_not_matter() -> None:
    """They stand as cost, moves, skew."""
    assert values(front(two_zones(), ("skew", "cost"), limits=LIMITS)) == [(2, 0)]


def test_a_skew_of_k_keeps_the_rule_max_skew_with_k() -> None:
    """The plan of each point of the skew axis keeps ``maxSkew(field, k)`` with its own k, and breaks it with one less."""
    asked = replace(
        two_zones(Freedom(max_moves=6)), groups=(group("A", movable=True, cpu=1, rules=[f"maxSkew({ZONE_FIELD}, 9)"]),)
    )
    for point in front(asked, ("cost", "skew"), limits=LIMITS).points:
        for k in (point.values[1], point.values[1] - 1):
            rules = [f"maxSkew({ZONE_FIELD}, {k})"] if k > 0 else []
            judged = replace(asked, groups=(group("A", movable=True, cpu=1, rules=rules),), running=point.answer.tasks)
            skews = [rule for rule in bind(judged).constraints if isinstance(rule, MaxSkew)]
            broken = [bool(rule.broken(bind(judged).before)) for rule in skews]
            assert broken == ([k < point.values[1]] if rules else [])


def test_a_cancelled_front_has_what_was_known() -> None:
    """At least one point, with a checked plan, and what is not decided."""
    found = front(two_zones(), limits=LIMITS, cancelled=lambda: True)
    assert found.stopped and len(found.points) == 1 and not found.proven
    assert found.undecided


def test_without_time_it_says_so() -> None:
    """The first request is answered; nothing is proved beyond what counting shows."""
    found = front(two_zones(), limits=replace(LIMITS, time_limit=0.001))
    assert len(found.points) == 1 and found.searches == 1
    assert not found.proven and not found.points[0].surrounded


def test_what_needs_no_move_is_known_without_a_search() -> None:
    """Of a rebalance, whatever time there is: no plan but the present one moves nothing. Where moves cost nothing, others do."""
    found = front(two_zones(), ("cost", "moves"), limits=replace(LIMITS, deterministic_limit=1e-9))
    assert found.points[-1].values == found.points[-1].bounds == (4, 0)
    free = replace(two_zones(), groups=(group("A", movable=True, cpu=1, move_cost=0),))
    assert values(front(free, ("cost", "moves"), limits=LIMITS)) == [(2, 0)]


def test_a_front_with_a_deterministic_limit_repeats() -> None:
    """Point by point and bound by bound, where the search is cut short."""
    limits = replace(LIMITS, deterministic_limit=1e-4, seed=3)
    one, other = (front(two_zones(), limits=limits) for _ in range(2))
    assert [(p.values, p.bounds) for p in one.points] == [(p.values, p.bounds) for p in other.points]
    assert one.undecided == other.undecided and one.searches == other.searches


def test_tasks_without_a_place_are_as_few_in_every_point() -> None:
    """Twelve more do not fit beside eight on sixteen units: four lack a place, which is proved, and nothing else is left."""
    asked = two_zones()
    groups = (*asked.groups, group("B", 12, cpu=1))
    wanting = problem(asked.cluster, groups, {"A": [2, 2, 2, 2]}, freedom=asked.freedom)
    found = front(wanting, limits=LIMITS)
    assert (found.missing, found.missing_proven) == (4, True)
    assert all(int(point.answer.missing().sum()) == 4 for point in found.points)


BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"axes": ("cost",)}, r"axes: are cost; must be at least two of cost, moves, skew, each once"),
    ({"axes": ("cost", "cost")}, r"axes: are cost, cost; must be at least two"),
    ({"axes": ()}, r"axes: are none; must be at least two"),
    ({"axes": ("cost", "price")}, r"axes: 'price' is no axis; must be of cost, moves, skew"),
    ({"prices": {"L": 1.0}}, r"prices.S: has no price, and i2 is one; give a price for every type"),
    ({"prices": {"L": -1.0, "S": 1.0}}, r"prices.L: is -1.0; must be 0 to 1,000,000"),
    ({"prices": {"L": 1.0, "S": 1.0}, "axes": ("moves", "skew")}, r"prices: are given, and the cost is no axis"),
    ({"skew_over": "zone"}, r"skew_over: "),
    ({"skew_over": "attribute:rack"}, r"skew_over: no instance has 'attribute:rack'"),
    ({"limits": Limits(time_limit=-1)}, r"limits.time_limit: is -1 s; must be above 0"),
)


@pytest.mark.parametrize(("given", "said"), BAD)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    """With the field, what is wrong, and what would be right."""
    with pytest.raises(InvalidRequest, match=said):
        front(two_zones(), **given)


@pytest.mark.parametrize(
    "freedom", [Freedom(min_gain=5), Freedom(empty=1), Freedom(repair=True), Freedom(slot={"cpu": 4})]
)
def test_other_goals_of_a_request_are_refused(freedom: Freedom) -> None:
    """A front does not weigh them."""
    with pytest.raises(InvalidRequest, match=r"freedom\.\w+: is asked for; ask for it without a Pareto front"):
        front(two_zones(freedom), limits=LIMITS)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    """All of it; and a field that is missing or has the wrong length is refused at its path."""
    limits = replace(LIMITS, deterministic_limit=1e-4)
    kept = kept_front(front(two_zones(), limits=limits), limits, "rebalance")
    path = tmp_path / "front.json"
    write_whole(path, kept.to_json().encode())
    assert read_kept_front(path) == kept
    _refuse(
        path, replace(kept, undecided=((1.0,),)), r"undecided\[0\]: has 1 amounts; must have one for each of 3 axes"
    )
    _refuse(path, replace(kept, format=2), r"format: is 2; must be 1")
    _refuse(path, replace(kept, axes=kept.axes[:1], points=(), undecided=()), r"axes: are 1; must be two or three")


def _refuse(path: Path, kept: KeptFront, said: str) -> None:
    write_whole(path, kept.to_json().encode())
    with pytest.raises(InvalidRequest, match=said):
        read_kept_front(path)


def test_what_the_command_takes_and_the_file_holds_is_documented() -> None:
    """Options, axes and the words of the table, in docs/pareto.md; and its program runs."""
    from typer.main import get_command

    from solver.cli.app import app

    text = (ROOT / "docs" / "pareto.md").read_text(encoding="utf-8")
    command = get_command(app).commands["pareto"]
    options = {name for option in command.params for name in option.opts if name.startswith("--")}
    shared = {"--stopping", "--at", "--output"}
    assert {name for name in options - shared if f"`{name}" not in text and name not in text} == set()
    (program,) = [block.text for block in blocks(text) if block.language == "python"]
    exec(compile(program, "docs/pareto.md", "exec"), {"__name__": "docs"})  # noqa: S102
