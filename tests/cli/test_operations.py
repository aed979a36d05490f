"""``placement-solver terminate``, ``drain``, ``rebalance``, ``reconcile`` and ``deploy``: what they ask, and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.formats.ecs.documents import Documents, write
from tests.formats.ecs.test_operations import documents

VERBS = ("terminate", "drain", "rebalance", "reconcile", "deploy")
AT = ("--at", "2026-11-01T00:00:00+00:00")


@pytest.fixture
def ecs(tmp_path: Path) -> Path:
    """Service web in two revisions, db, a standalone group and a daemon, on three instances."""
    return write(tmp_path / "ecs", documents().files())


def asked(run: Run, *arguments: object) -> dict[str, Any]:
    """The request that a command makes, as it saves it."""
    file = Path(str(arguments[1])).parent / "request.json"
    answer = run(*arguments, *AT, "--save-request", file, "--engine", "sequential", "-o", "json")
    assert file.exists(), answer.stderr
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def of(request: dict[str, Any], field: str) -> dict[str, Any]:
    return {group["name"]: group[field] for group in request["groups"] if group.get(field)}


def test_terminate(run: Run, ecs: Path) -> None:
    """--group names families, whose oldest revisions stop first."""
    request = asked(run, "terminate", ecs, "-g", "service:web=3", "--group", "family:batch=1")
    assert of(request, "stop") == {"service:web@web:6": 2, "service:web": 1, "family:batch": 1}
    assert not of(request, "start") and not of(request, "movable")


def test_what_protection_keeps_is_a_shortfall(run: Run, ecs: Path) -> None:
    """Exit code 3 and ECS's word, whatever the engine did."""
    answer = run("terminate", ecs, "-g", "service:web=5", *AT, "-o", "json")
    assert answer.exit_code == 3
    assert "warning: service:web: DEPLOYMENT_BLOCKED: 1 of 5 tasks to stop" in answer.stderr


def test_drain(run: Run, ecs: Path) -> None:
    """--instance by any name, --max-moves for others, --move for standalone tasks."""
    request = asked(run, "drain", ecs, "-i", "i-a", "--max-moves", "1", "--move", "family:batch")
    assert [name.rsplit("/", 1)[-1] for name in request["drainedInstances"]] == ["a"]
    assert (request["freedom"]["maxMoves"], request["freedom"]["interleaved"]) == ("5", True)
    assert set(of(request, "movable")) == {"service:web", "service:web@web:6", "service:db", "family:batch"}


def test_drain_the_cheapest(run: Run, ecs: Path) -> None:
    """--cheapest in place of --instance, not beside it; a number that cannot be emptied is a shortfall."""
    request = asked(run, "drain", ecs, "--cheapest", "2", "--max-moves", "3")
    assert (request["freedom"]["empty"], request["freedom"]["maxMoves"]) == (2, "3")
    assert run("drain", ecs, "--cheapest", "3", *AT, "-o", "json").exit_code == 3
    both = run("drain", ecs, "--cheapest", "1", "-i", "i-a")
    assert "--cheapest: stands beside --instance; name the instances, or say how many" in both.stderr


def test_rebalance(run: Run, ecs: Path) -> None:
    """The named groups move, at most so many tasks, perhaps onto few instances."""
    more = ("--consolidate", "--repair", "--min-gain", "0.25")
    request = asked(run, "rebalance", ecs, "--max-moves", "4", "-g", "service:db", *more)
    assert request["freedom"]["minGain"] == "250"
    assert set(of(request, "movable")) == {"service:db"}
    assert (request["freedom"]["maxMoves"], request["freedom"]["consolidate"]) == ("4", True)
    assert request["freedom"]["repair"] is True


def test_a_rebalance_that_frees_a_slot(run: Run, ecs: Path) -> None:
    """--defragment for the largest instance, --slot beside it for another slot."""
    request = asked(run, "rebalance", ecs, "--max-moves", "4", "--defragment")
    assert {"cpu", "memory"} <= set(request["freedom"]["slot"])
    request = asked(run, "rebalance", ecs, "--max-moves", "4", "--defragment", "--slot", "cpu=512, memory=1024")
    assert request["freedom"]["slot"] == {"cpu": "512", "memory": "1024"}


def test_the_curve_of_a_rebalance(run: Run, ecs: Path) -> None:
    """A row a budget, as a table, CSV and JSON, and a picture; also of a request file."""
    call = ("rebalance", ecs, "--max-moves", "3", *AT, "--workers", "1", "--curve")
    answer = run(*call, "-o", "csv", "--figure", ecs.parent / "curve.svg")
    assert answer.exit_code == 0 and (ecs.parent / "curve.svg").exists()
    assert [line.split(",")[0] for line in answer.stdout.splitlines()] == ["max_moves", "0", "1", "2", "3"]
    assert len(json.loads(run(*call, "-o", "json").stdout)["points"]) == 4
    assert run(*call).stdout.startswith("What up to 3 moves gain; ")
    file = ecs.parent / "request.json"
    assert run(*call, "--save-request", file).exit_code == 0
    assert run("rebalance", "--request", file, "--curve").stdout.startswith("What up to 3 moves gain; ")
    request = json.loads(file.read_text(encoding="utf-8"))
    request["freedom"] = {"maxMoveCost": "3"}
    file.write_text(json.dumps(request), encoding="utf-8")
    refused = run("rebalance", "--request", file, "--curve")
    assert refused.exit_code == 2
    assert "freedom.max_moves: is missing; give the largest budget of the curve" in refused.stderr


def test_budgets_of_a_rebalance(run: Run, ecs: Path) -> None:
    """--group NAME=MOVES, --move-cost of a family with all its revisions, --max-move-cost in place of --max-moves."""
    more = ("-g", "service:db=1", "-g", "service:web", "--move-cost", "service:web=3", "--max-move-cost", "7")
    request = asked(run, "rebalance", ecs, *more)
    assert set(of(request, "movable")) == {"service:db", "service:web", "service:web@web:6"}
    assert of(request, "maxMoves") == {"service:db": "1"}
    assert of(request, "moveCost") == {"service:web": "3", "service:web@web:6": "3"}
    assert request["freedom"]["maxMoveCost"] == "7" and "maxMoves" not in request["freedom"]


def test_budgets_of_other_operations(run: Run, ecs: Path) -> None:
    """A drain pays for what leaves apart: 4 tasks, 2 of them at cost 3; reconcile takes the groups too."""
    cost = ("--move-cost", "service:web=3", "--max-move-cost", "5")
    request = asked(run, "drain", ecs, "-i", "i-a", *cost)
    assert request["freedom"]["maxMoveCost"] == str(3 + 3 + 1 + 5) and "maxMoves" not in request["freedom"]
    assert set(of(request, "movable")) == {"service:web", "service:web@web:6", "service:db"}
    request = asked(run, "drain", ecs, "--cheapest", "1", *cost)
    assert (request["freedom"]["maxMoveCost"], request["freedom"]["empty"]) == ("5", 1)
    request = asked(run, "reconcile", ecs, "-g", "service:db=2", *cost)
    assert of(request, "maxMoves") == {"service:db": "2"} and set(of(request, "movable")) == {"service:db"}
    assert request["freedom"]["maxMoveCost"] == "5"


def test_reconcile(run: Run, ecs: Path) -> None:
    """Counts that are named and those of the documents, pre-emption, priorities, what is frozen."""
    more = ("--preempt", "lower", "--priority", "service:db=4", "--freeze", "i-b", "--max-moves", "0")
    request = asked(run, "reconcile", ecs, "--desired", "service:web=0", *more, "--rule", "reserve:cpu,1")
    assert of(request, "stop") == {"service:web": 2, "service:web@web:6": 3}
    assert of(request, "start") == {"service:db": 1, "service:agent": 1}
    assert of(request, "priority") == {"service:db": 4, "service:agent": 5}
    assert request["freedom"]["preempt"] == "PREEMPT_LOWER"
    assert len(request["frozenInstances"]) == 1 and request["rules"][0]["type"] == "reserve"


def test_deploy(run: Run, ecs: Path) -> None:
    """The new revision starts, the others stop, within the percentages."""
    request = asked(run, "deploy", ecs, "--service", "web", "--task-definition", "web:8", "--all-or-nothing")
    assert of(request, "start") == {"service:web@web:8": 6} and set(of(request, "stop")) == {
        "service:web",
        "service:web@web:6",
    }
    assert of(request, "maximumPercent")["service:web@web:8"] == 150 and request["allOrNothing"]


def test_percentages_that_allow_nothing_block_the_plan(run: Run, tmp_path: Path) -> None:
    """Neither a start nor a stop may come first: what waits for what, what would help, and exit code 3."""
    found = Documents().instance("a").definition("web:1").definition("web:2")
    percentages = {"minimumHealthyPercent": 100, "maximumPercent": 100}
    found.service("web", "web:1", desired=2, deploymentConfiguration=percentages)
    found.task("w1", "service:web", "web:1", "a").task("w2", "service:web", "web:1", "a")
    cluster = write(tmp_path / "full", found.files())
    answer = run("deploy", cluster, "--service", "web", "--task-definition", "web:2", *AT, "-o", "json")
    assert answer.exit_code == 3
    assert "start of service:web@web:2 on i-a waits for stop of service:web on i-a" in answer.stderr
    assert "service:web: minimumHealthyPercent 50 instead of 100 or service:web: maximumPercent 150" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("terminate", "ECS"), "--group: is missing: nothing is to stop; write --group NAME=COUNT"),
        (("terminate", "ECS", "-g", "service:web=9"), "service:web: is to stop 9 tasks; at most the 5 that run"),
        (
            ("terminate", "ECS", "-g", "web=1"),
            "web: is not a group of the cluster; did you mean service:web or family:web?",
        ),
        (("terminate", "ECS", "-g", "service:web=0"), "--group: COUNT of service:web is '0'; must be a whole number"),
        (("drain", "ECS"), "--instance: is missing: nothing is to be drained; write --instance INSTANCE"),
        (("drain", "ECS", "-i", "i-z"), "i-z: is to be drained and is not in the cluster; did you mean 'i-"),
        (("drain", "ECS", "-i", "a", "-i", "b", "-i", "c"), "--instance: leave no instance that takes tasks; "),
        (("drain", "ECS", "-i", "a", "--max-moves", "-1"), "--max-moves: is '-1'; must be a whole number from 0 to"),
        (
            ("rebalance", "ECS"),
            "--max-moves: is missing: it says how many tasks may move; write --max-moves 10, or --max-move-cost 10",
        ),
        (
            ("rebalance", "ECS", "--max-move-cost", "-1"),
            "--max-move-cost: is '-1'; must be a whole number from 0 to 9,0",
        ),
        (
            ("rebalance", "ECS", "--max-moves", "4", "-g", "service:db=x"),
            "--group: MOVES of service:db is 'x'; must be a whole number from 0 to 10,000,000",
        ),
        (
            ("rebalance", "ECS", "--max-moves", "4", "-g", "service:db=1", "-g", "service:db"),
            "--group: service:db is named twice; name each group once",
        ),
        (
            ("rebalance", "ECS", "--max-moves", "4", "--slot", "cpu=1"),
            "--slot: stands without --defragment; write --defragment too, or leave it out",
        ),
        (
            ("rebalance", "ECS", "--max-moves", "4", "--defragment", "--slot", "cpu"),
            "--slot: 'cpu' is not RESOURCE=AMOUNT; write it like cpu=4096,memory=8192",
        ),
        (
            ("rebalance", "ECS", "--max-moves", "4", "--defragment", "--slot", "cpu=0"),
            "--slot: AMOUNT of cpu is '0'; must be a whole number from 1 to 9,007,199,254,740",
        ),
        (
            ("rebalance", "ECS", "--max-moves", "4", "--defragment", "--slot", "cpu=1,cpu=2"),
            "--slot: cpu is named twice; name each resource once",
        ),
        (
            ("rebalance", "ECS", "--max-moves", "4", "--defragment", "--slot", "disk=1"),
            "--slot: 'disk' is not a resource of the cluster; must be of cpu, memory",
        ),
        (
            ("rebalance", "ECS", "--max-move-cost", "4", "--curve"),
            "--curve: has no last budget; write --max-moves N, the most moves of its rows",
        ),
        (("rebalance", "ECS", "--max-moves", "4", "--min-gain", "x"), "--min-gain: is 'x'; must be a number, like 2"),
        (
            ("rebalance", "ECS", "--max-moves", "4", "--min-gain", "0.0005"),
            "--min-gain: is 0.0005; must be a number from 0 to 10,000,000 with at most three decimals",
        ),
        (
            ("rebalance", "ECS", "--max-moves", "4", "-g", "service:web=1"),
            "service:web: may move at most 1 task, and its revisions move each by itself; give service:web and "
            "service:web@web:6 a number each",
        ),
        (
            ("rebalance", "ECS", "--max-moves", "4", "--move-cost", "service:web"),
            "--move-cost: 'service:web' is not NAME=N; write it like service:web=12, N a whole number",
        ),
        (
            ("drain", "ECS", "-i", "a", "--move-cost", "service:web=-1"),
            "--move-cost: N of service:web is '-1'; must be a whole number from 0 to 10,000,000",
        ),
        (("rebalance", "ECS", "--max-moves", "many"), "--max-moves: is 'many'; must be a whole number"),
        (
            ("reconcile", "ECS", "--desired", "service:web=-2"),
            "--desired: COUNT of service:web is '-2'; must be a whole",
        ),
        (
            ("reconcile", "ECS", "--desired", "service:web=2", "--desired", "service:web=3"),
            "--desired: service:web is named twice; name each group once",
        ),
        (("reconcile", "ECS", "--preempt", "all"), "--preempt: is 'all'; must be one of none, lower, any"),
        (("deploy", "ECS", "--service", "web"), "--task-definition: is missing; write --service web --task-definition"),
        (
            ("deploy", "ECS", "--service", "web", "--task-definition", "web:77"),
            "web:77: is not in task-definitions.json",
        ),
        (("drain",), "--instance: is missing"),
        (("reconcile",), "CLUSTER_DIR: is missing; name the folder of a cluster, or use --request FILE"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, ecs: Path, arguments: tuple[str, ...], said: str) -> None:
    """Each with its option or name, what is wrong and what would be right; exit code 2."""
    answer = run(*(ecs if argument == "ECS" else argument for argument in arguments), *AT)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.startswith(f"error: {said}")


def test_all_faults_at_once(run: Run, ecs: Path) -> None:
    """Options that cannot be read and names that are unknown are told together."""
    answer = run("drain", ecs, "-i", "i-z", "--max-moves", "x", "--time-limit", "soon")
    assert [line.split(":")[1].strip() for line in answer.stderr.splitlines()] == ["--max-moves", "--time-limit"]
    answer = run("drain", ecs, "-i", "i-z", "--move", "nope")
    assert len(answer.stderr.splitlines()) == 2


def test_tables_can_be_reconciled_and_not_deployed(run: Run, tables: Path) -> None:
    """Tables have groups, and no task definitions."""
    request = asked(run, "reconcile", tables, "--desired", "web=1")
    assert of(request, "stop") == {"web": 1}
    answer = run("deploy", tables, "--service", "web", "--task-definition", "web:8")
    assert answer.exit_code == 2 and answer.stderr.startswith("error: CLUSTER_DIR: holds no ECS documents")


def test_a_request_file_must_be_of_the_kind(run: Run, ecs: Path) -> None:
    """What a file asks beyond the command is refused with its field; place answers any."""
    file = ecs.parent / "request.json"
    asked(run, "reconcile", ecs, "--desired", "service:web=1")
    answer = run("terminate", "--request", file)
    assert answer.exit_code == 2
    said = "terminate starts no tasks: leave it out, or ask for another operation"
    assert f"error: {file} groups[1].start: is 1; {said}\n" in answer.stderr
    assert run("reconcile", "--request", file, "-o", "json").exit_code in (0, 3)
    assert run("place", "--request", file, "-o", "json").exit_code in (0, 3)
    both = run("terminate", ecs, "-g", "service:web=1", "--request", file)
    assert "leave out CLUSTER_DIR, --group, --priority and --freeze" in both.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example_and_the_common_options(run: Run, verb: str) -> None:
    """Every operation has them, and the exit codes."""
    text = " ".join(run(verb, "--help").stdout.split())
    assert f"Example: placement-solver {verb} CLUSTER_DIR" in text
    for option in ("--time-limit", "--engine", "--seed", "--priority", "--freeze", "--request", "--figure", "--output"):
        assert option in text
    assert "Exit codes: 0 everything asked for was done" in text
