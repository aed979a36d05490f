"""The command on the demo cluster: ECS documents, and ``placement-solver demo``."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from solver.cli.demo import MOVES, WANTED, folder
from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def documents() -> Path:
    return folder()


def test_demo(run: Run, tmp_path: Path) -> None:
    """The demo places everything that it asks for, says what it runs, and draws its figure."""
    answer = run("demo", "--figure", tmp_path / "demo.png")
    assert answer.exit_code == 0
    assert answer.stdout.startswith(f"Placed all {sum(WANTED.values())} tasks")
    assert f"$ placement-solver place {folder()} --group service:web=12" in answer.stderr
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")


def test_the_demo_rebalances(run: Run, tmp_path: Path) -> None:
    """Two services, within the budget, in waves that can be carried out; with a picture of its own."""
    answer = run("demo", "--figure", tmp_path / "demo.png")
    assert f"$ placement-solver rebalance {folder()} --max-moves {MOVES} --group service:checkout" in answer.stderr
    assert f"Moved {MOVES} tasks" in answer.stdout
    assert "carried out" not in answer.stdout
    assert (tmp_path / "demo-rebalanced.png").read_bytes().startswith(b"\x89PNG")


def test_demo_beats_the_sequential_scheduler(run: Run) -> None:
    """On the demo the plan is better in some tier, and worse in none before it."""
    tiers = json.loads(run("demo", "-o", "json").stdout)["tiers"]
    values = [int(tier.get("value", 0)) for tier in tiers]
    assert values < [int(tier.get("sequential", 0)) for tier in tiers]


def test_services_and_families(run: Run, documents: Path) -> None:
    """Groups are services, families, and families with a revision; the rows name them as they were asked for."""
    names = ("service:web", "family:batch", "family:batch:6")
    answer = run("place", documents, *(f"--group={name}=1" for name in names), "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert (answer.exit_code, {row["group"] for row in rows}) == (0, set(names))
    assert all(row["instance"].startswith("arn:aws:ecs:") for row in rows)
    assert run("check", documents, "-", stdin=answer.stdout).exit_code == 0


def test_warnings_go_to_standard_error(run: Run, documents: Path) -> None:
    """What is not modelled is told beside the answer, never inside it."""
    answer = run("place", documents, "-g", "service:web=1", "-o", "json")
    json.loads(answer.stdout)
    assert "warning: service:mailer on FARGATE set aside" in answer.stderr


def test_a_request_that_cannot_be_satisfied(run: Run, documents: Path) -> None:
    """A service whose rules exclude each other gets the two rules as its conflict, and a repair."""
    answer = run("place", documents, "-g", "service:ledger=2")
    text = " ".join(answer.stdout.split())
    assert answer.exit_code == 3
    assert "service:ledger: 2 of 2 not placed (no plan places more)" in text
    assert "(a smallest set)" in text
    assert "relax drop memberOf" in text


def test_rules_in_place_of_the_services_own(run: Run, documents: Path) -> None:
    """--constraint replaces the service's own constraints; those of the task definition stay."""

    def instances(text: str) -> set[str]:
        return {row["instance"] for row in csv.DictReader(io.StringIO(text))}

    answer = run(
        "place", documents, "--group=service:ledger=2", "--constraint=memberOf:attribute:stack == prod", "--output=csv"
    )
    dev = instances(run("query", documents, "attribute:stack == dev", "--output=csv").stdout)
    r5 = instances(run("query", documents, "attribute:ecs.instance-type =~ r5\\..*", "--output=csv").stdout)
    assert answer.exit_code == 0
    assert instances(answer.stdout) <= r5 - dev


def test_query_on_documents(run: Run, documents: Path) -> None:
    """An expression over documents selects by attribute and by group."""
    everything = run("query", documents, "agentConnected == true or agentConnected == false")
    some = run("query", documents, "attribute:ecs.instance-type =~ g4dn\\..* and task:group == service:inference")
    assert everything.stdout.startswith("66 of 66 instances")
    assert 0 < int(some.stdout.split()[0]) < 66


def test_unknown_names(run: Run, documents: Path) -> None:
    """An unknown group is refused with the nearest known one; all at once."""
    answer = run("place", documents, "-g", "service:wep=1", "-g", "family:bach=2", "--freeze", "i-none")
    assert answer.exit_code == 2
    lines = answer.stderr.splitlines()
    assert [line.split(":", 1)[1].strip().split(": ")[0] for line in lines] == ["service:wep", "family:bach", "i-none"]
    assert "did you mean service:web" in lines[0]


def test_stopping_tasks_hold_or_free(run: Run, documents: Path) -> None:
    """--stopping free gives back what tasks that are about to stop hold."""

    def free(stopping: str) -> int:
        answer = run("query", documents, "runningTasksCount >= 0", "-o", "csv", "--stopping", stopping)
        return sum(int(row["free.cpu"]) for row in csv.DictReader(io.StringIO(answer.stdout)))

    assert free("held") < free("free")
