"""Load balancers and isolated roles in a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.targets import HostPorts, Target, TargetKind
from solver.report.terminal import show
from tests.builders import cluster, group, problem
from tests.report.answers import REPLAY, answer, operation

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
WEB = Target("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/5f", zones=ZONES[:2])
CLASSIC = Target("old", TargetKind.CLASSIC, "nginx", 80, HostPorts.DYNAMIC)


def planned(after: Sequence[Sequence[int]], rules: Sequence[str] = (), targets: Sequence[Target] = (WEB,)) -> Answer:
    """Two services of two tasks each on three instances, in a zone each; the first one is registered."""
    groups = [
        group("service:web", role="role/web", targets=tuple(targets), movable=True, cpu=1),
        group("service:api", role="role/api", movable=True, cpu=1),
    ]
    running = {"service:web": [1, 1, 0], "service:api": [1, 0, 1]}
    asked = problem(cluster([{"zone": zone} for zone in ZONES]), groups, running, rules=rules)
    return replace(
        answer(groups=1), problem=asked, tasks=Counts.dense(np.array(after)), replay=REPLAY, tiers=(), warnings=()
    )


def shown(found: Answer, width: int = 80) -> str:
    out = io.StringIO()
    show(found, Console(file=out, width=width))
    return out.getvalue()


def row(text: str, begin: str, after: str) -> list[str]:
    """The cells of the line that begins so, in what comes after a title."""
    return next(line for line in text.split(after)[1].splitlines() if line.startswith(begin)).split()


def test_targets_of_a_service_that_the_plan_touches() -> None:
    """Zone by zone, with an arrow where the number changes; what is wrong stands beneath."""
    text = shown(planned([[2, 0, 0], [1, 0, 1]]))
    assert row(text, "service:web", "as targets of") == ["service:web", "target", "group", "web", "1→2", "1→0"]
    assert "service:web, target group web: no task is left in us-east-1b" in text
    assert "are not known" not in text


def test_a_service_that_is_neither_touched_nor_wrong_is_left_out() -> None:
    """The table is about the plan; one where something is wrong is shown although nothing of it changes."""
    still = [[1, 1, 0], [0, 1, 1]]
    assert "as targets of" not in shown(planned(still))
    assert "as targets of" not in shown(planned(still, targets=()))
    text = shown(planned(still, targets=(replace(WEB, zones=ZONES),)))
    assert row(text, "service:web", "as targets of")[-3:] == ["1", "1", "0"]
    assert "still no task in us-east-1c" in text


def test_it_says_which_zones_stand_for_the_load_balancer_s() -> None:
    """Those of the ACTIVE instances, where its own are not known."""
    text = shown(planned([[1, 1, 0], [1, 0, 1]], targets=(CLASSIC,)), 120)
    assert "the zones of the load balancer are not known: those of the ACTIVE instances stand for them" in text
    assert "port 80 of container nginx has a dynamic one" in " ".join(text.split())
    assert "the zones of some load balancers" in shown(
        planned([[1, 1, 0], [1, 0, 1]], targets=(CLASSIC, replace(WEB, zones=ZONES))), 120
    )


def test_many_zones_are_counted_in_a_narrow_terminal() -> None:
    """Tasks, and zones with tasks, where there is no room for a column each."""
    wide = replace(WEB, zones=(*ZONES, "us-east-1d"))
    found = planned([[2, 0, 0], [1, 0, 1]], targets=(wide,))
    assert row(shown(found), "service:web", "as targets of")[-2:] == ["2", "2→1"]
    assert row(shown(found, 120), "service:web", "as targets of")[-4:] == ["1→2", "1→0", "0", "0"]


def test_isolated_roles_before_and_after() -> None:
    """Where each role is, the roles that share an instance, and the role that nobody has."""
    rules = ["isolateRoles(role/web, role/api, role/none)"]
    text = shown(planned([[0, 2, 0], [1, 0, 1]], rules))
    assert row(text, "role/web", "isolated task role") == ["role/web", "2", "2→1"]
    assert row(text, "role/api", "isolated task role") == ["role/api", "2", "2"]
    assert "no group has the role role/none" in text
    assert "role/web and role/api share 1→0 instances" in text
    assert "isolated task role" not in shown(planned([[0, 2, 0], [1, 0, 1]]))


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """However many services, and however long their names."""
    found = operation()
    targets = tuple(Target(f"{'long-' * 12}{k}", zones=ZONES) for k in range(20))
    groups = tuple(replace(one, targets=targets, role=f"role/{'x' * 90}") for one in found.problem.groups)
    lines = shown(replace(found, problem=replace(found.problem, groups=groups)), width).splitlines()
    assert max(map(len, lines)) <= width
    assert "... and 48 more (-o json has them)" in lines


def test_names_are_no_commands_to_the_terminal() -> None:
    """What a document says is shown without what a terminal would obey."""
    bad = "\x1b[31mred"
    rules = [f"isolateRoles(role/web, {bad})"]
    text = shown(planned([[2, 0, 0], [1, 0, 1]], rules, (Target(bad, zones=("us-east-1a", bad)),)))
    assert "\x1b" not in text and "red" in text
