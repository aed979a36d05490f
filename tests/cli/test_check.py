"""``placement-solver check``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.formats.ecs.documents import write
from tests.formats.ecs.test_operations import documents

HEADER = "action,group,task,instance,from_instance,step\n"


@pytest.fixture
def plan(tables: Path) -> Path:
    """A plan that keeps every rule: two tasks of web on b1, one of batch on a2."""
    path = tables / "plan.csv"
    path.write_text(f"{HEADER}start,web,,i-0b1,,1\nstart,web,,b1,,1\nstart,batch,,i-0a2,,1\n", encoding="utf-8")
    return path


def test_a_plan_that_keeps_every_rule(run: Run, tables: Path, plan: Path) -> None:
    """A plan that somebody else made passes with 0."""
    answer = run("check", tables, plan)
    assert (answer.exit_code, answer.stdout) == (0, "The plan (3 rows) keeps every rule\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("start,web,,b1", "start,web,,a2", "memberOf(attribute:stack == prod) at i-0a2"),
        ("start,web,,b1", "start,web,,c1", "i-0c1"),
        ("start,batch,,i-0a2,,1\n", "start,batch,,i-0a2,,1\n" * 2, "distinctInstance at i-0a2"),
        ("start,web,,b1,,1\n", "start,web,,b1,,1\n" * 9, "cpu at i-0b1"),
    ],
)
def test_a_plan_that_breaks_a_rule(run: Run, tables: Path, plan: Path, old: str, new: str, said: str) -> None:
    """A plan that breaks a rule ends with 1, and names the rule and the place."""
    plan.write_text(plan.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    answer = run("check", tables, plan)
    assert answer.exit_code == 1
    assert said in " ".join(answer.stdout.split())


def test_what_a_plan_stops_is_taken_as_what_was_asked_for(run: Run, tables: Path, plan: Path) -> None:
    """A plan that also stops a task passes; one that stops more than run is bad input."""
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace("start,batch,,i-0a2", "stop,web,,i-0a1"), encoding="utf-8")
    assert run("check", tables, plan).exit_code == 0
    plan.write_text(text.replace("start,batch,,i-0a2,,1\n", "stop,web,,i-0a1,,1\n" * 50), encoding="utf-8")
    assert run("check", tables, plan).exit_code == 2


def test_rules_and_places_are_counted_apart(run: Run, tables: Path, plan: Path) -> None:
    """One rule that is broken at two places is one rule."""
    header, *_ = plan.read_text(encoding="utf-8").splitlines()
    rows = [f"start,batch,,{name},," for name in ("i-0a2", "i-0a2", "i-0b1", "i-0b1")]
    plan.write_text("\n".join([header, *rows]), encoding="utf-8")
    assert "The plan (4 rows) breaks 1 rule at 2 places" in run("check", tables, plan).stdout


def test_group_says_what_was_asked_for(run: Run, tables: Path, plan: Path) -> None:
    """With --group, more starts than were asked for break a rule."""
    assert run("check", tables, plan, "-g", "web=2", "-g", "batch=4").exit_code == 0
    answer = run("check", tables, plan, "-g", "web=1", "-g", "batch=1")
    assert (answer.exit_code, "tasks wanted" in answer.stdout) == (1, True)


def test_json(run: Run, tables: Path, plan: Path) -> None:
    """-o json gives the violations, an empty list where there are none."""
    assert json.loads(run("check", tables, plan, "-o", "json").stdout) == {"violations": []}
    answer = run("check", tables, plan, "-g", "web=1", "-g", "batch=1", "-o", "json")
    (violation,) = json.loads(answer.stdout)["violations"]
    assert (violation["group"], answer.exit_code) == ("web", 1)


def test_own_plans_pass(run: Run, tables: Path) -> None:
    """What place prints as CSV passes, through a file, standard input and a request file."""
    request = tables / "request.json"
    printed = run("place", tables, "-g", "web=5", "-g", "batch=1", "-o", "csv", "--save-request", request).stdout
    assert run("check", tables, "-", stdin=printed).exit_code == 0
    assert run("check", request, "-", stdin=printed).exit_code == 0


def test_an_empty_plan_passes(run: Run, tables: Path) -> None:
    """A plan that changes nothing keeps every rule."""
    assert run("check", tables, "-", stdin=HEADER).exit_code == 0


def test_faults_by_line(run: Run, tables: Path, plan: Path) -> None:
    """Every fault of a plan is told at once with the file and the line, and ends with 2."""
    plan.write_text(f"{HEADER}start,wep,,i-0b1,,1\nstart,web,,i-none,,1\n", encoding="utf-8")
    answer = run("check", tables, plan)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.splitlines() == [
        f"error: {plan} line 2: wep: is not a group of the cluster; did you mean 'web'?",
        f"error: {plan} line 3: instance 'i-none' is not in the cluster; must be an EC2 id, an ARN or the last part of "
        "an ARN of an instance in the cluster",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory); name a file that exists"),
        (b"", "line 1: the plan is empty; must begin with the header"),
        (b"\xff\xfe\x00", "is not UTF-8 (byte 0); must be text"),
        (b"a,b\n1,2\n", "line 1: has no column 'action'"),
    ],
)
def test_a_file_that_is_no_plan(run: Run, tables: Path, content: bytes | None, message: str) -> None:
    """A file that is missing or no plan ends with 2 and says so."""
    if content is not None:
        (tables / "plan.csv").write_bytes(content)
    answer = run("check", tables, tables / "plan.csv")
    assert answer.exit_code == 2
    assert message in answer.stderr


@pytest.mark.parametrize("action", ["stop,{group},w2,i-b,", "move,{group},w2,i-c,i-b"])
def test_a_protected_task_is_neither_stopped_nor_moved_by_name(run: Run, tmp_path: Path, action: str) -> None:
    """Though another task of its group on the instance could go: a plan that names its tasks means these."""
    cluster = write(tmp_path / "ecs", documents().files())
    at = ("--at", "2026-11-01T00:00:00+00:00")
    for task, code in (("w2", 1), ("w3", 0)):
        plan = f"{HEADER}{action.format(group='service:web@web:6').replace('w2', task)},1\n"
        answer = run("check", cluster, "-", *at, stdin=plan)
        assert answer.exit_code == code, answer.stdout
    plan = f"{HEADER}{action.format(group='service:web@web:6')},1\n"
    said = " ".join(run("check", cluster, "-", *at, stdin=plan).stdout.split())
    assert "service:web@web:6: protection at i-b: 1 stop of arn:aws:ecs:us-east-1:111122223333:task/test/w2," in said
    assert run("check", cluster, "-", "--at", "2028-01-01T00:00:00+00:00", stdin=plan).exit_code == 0
    wrong = run("check", cluster, "-", "--at", "tomorrow", stdin=plan)
    assert wrong.exit_code == 2 and wrong.stderr.startswith("error: --at: is ")


def test_rules_of_the_whole_cluster(run: Run, tables: Path) -> None:
    """A plan is checked against --rule too; a rule that cannot be read is named as it was written."""
    plan = tables / "plan.csv"
    plan.write_text(run("place", tables, "--group", "web=6", "-o", "csv").stdout, encoding="utf-8")
    codes = [run("check", tables, plan, *more).exit_code for more in ((), ("--rule", "reserve:cpu,1024"))]
    assert codes == [0, 1]
    refused = run("check", tables, plan, "--rule", "nonsense:1")
    assert (refused.exit_code, refused.stderr.startswith("error: --rule nonsense:1: ")) == (2, True)


def test_steps_needs_the_wave_of_each_row(run: Run, tables: Path) -> None:
    """Without --steps a row may leave it out; with it, each row says when."""
    plan = f"{HEADER}start,web,,b1,,\n"
    assert run("check", tables, "-", stdin=plan).exit_code == 0
    answer = run("check", tables, "-", "--steps", stdin=plan)
    said = "error: standard input line 2: has no step; write the wave in which it is complete, from 1\n"
    assert (answer.exit_code, answer.stderr) == (2, said)


def test_own_orders_pass(run: Run, tables: Path) -> None:
    """What an operation prints as CSV can be carried out in its own order."""
    for arguments in (("terminate", tables, "-g", "web=1"), ("rebalance", tables, "--max-moves", "2", "-g", "web")):
        printed = run(*arguments, "-o", "csv").stdout
        assert run("check", tables, "-", "--steps", stdin=printed).exit_code == 0


def test_steps_finds_what_only_the_end_hides(run: Run, tables: Path) -> None:
    """Four tasks fill an instance: a fifth fits only once one has left."""
    rows = "start,web,,b1,,1\n" * 4 + "start,web,,a1,,{}\nstop,web,,a1,,{}\n" + "start,web,,a1,,3\n" * 2
    for waves, code in (((2, 1), 0), ((4, 5), 1)):
        plan = HEADER + rows.format(*waves)
        assert run("check", tables, "-", stdin=plan).exit_code == 0
        answer = run("check", tables, "-", "--steps", stdin=plan)
        assert answer.exit_code == code, answer.stdout
