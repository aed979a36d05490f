"""``placement-solver import kubernetes``, and every command on the folder."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import solver.kubernetes
from solver.errors import SourceUnavailable
from tests.cli.conftest import Run
from tests.formats.kubernetes.objects import budget, deployment, listed, node, pod, workload, write

WEB = "deployment:default/web"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four nodes in two zones; a service with a budget, a stateful set of the same pod name twice, and pods that wait."""
    nodes = [node(f"n{k}", "ab"[k % 2], labels={"disk": "ssd" if k else "hdd"}) for k in range(4)]
    stateful = [
        *(workload("StatefulSet", "db", 1, namespace=space) for space in ("one", "two")),
        pod("db-0", "n0", owner=("StatefulSet", "db"), namespace="one"),
        pod("db-0", "n0", owner=("StatefulSet", "db"), namespace="two"),
    ]
    web = [*deployment("web", ["n0", "n0", "n1"]), budget("web", {"app": "web"}, maxUnavailable=1)]
    web += deployment("late", [], 2, nodeSelector={"disk": "ssd"})
    return write(tmp_path / "dump", [*nodes, *stateful, *web])


def rows(text: str) -> list[dict[str, str]]:
    """The rows of a plan."""
    return list(csv.DictReader(io.StringIO(text)))


def test_it_says_what_the_folder_comes_to(run: Run, folder: Path) -> None:
    """One line on standard output."""
    answer = run("import", "kubernetes", folder)
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout == f"{folder}: 4 nodes, 5 pods on them, 2 waiting for a node, 4 groups\n"


def test_place_is_about_the_pods_that_wait(run: Run, folder: Path) -> None:
    """Without --group; a short name works too, and the plan passes the checker."""
    answer = run("place", folder, "-o", "csv", "--workers", "1")
    assert answer.exit_code == 0
    found = rows(answer.stdout)
    assert [(row["action"], row["group"]) for row in found] == [("start", "deployment:default/late")] * 2
    assert {row["instance"] for row in found} <= {"n1", "n2", "n3"}
    plan = folder.parent / "plan.csv"
    plan.write_text(answer.stdout)
    assert run("check", folder, plan).exit_code == 0
    assert len(rows(run("place", folder, "--group", "web=3", "-o", "csv").stdout)) == 3


def test_drain_names_pods_and_nodes_and_keeps_the_budget(run: Run, folder: Path) -> None:
    """Pods of one name in two namespaces are told apart; the plan passes the checker with its waves."""
    answer = run("drain", folder, "--instance", "n0", "-o", "csv", "--workers", "1")
    assert answer.exit_code == 0
    found = rows(answer.stdout)
    assert {row["task"] for row in found} == {
        *("one/db-0", "two/db-0", "default/web-5d9c7b9b6d-00000", "default/web-5d9c7b9b6d-00001"),
    }
    assert {row["from_instance"] for row in found} == {"n0"}
    web = [row.get("stop_step") or row["step"] for row in found if row["group"] == WEB]
    assert len(set(web)) == 2
    plan = folder.parent / "plan.csv"
    plan.write_text(answer.stdout)
    assert run("check", folder, plan, "--steps").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("rebalance", "--max-moves", "3"),
        ("reconcile",),
        ("reconcile", "--preempt", "lower"),
        ("reconcile", "--desired", "web=6"),
        ("terminate", "--group", "web=1"),
        ("drain", "--cheapest", "1"),
    ],
)
def test_every_operation_works(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    """With something to do, and a plan that the checker passes."""
    command, *rest = arguments
    answer = run(command, folder, *rest, "-o", "csv", "--workers", "1")
    assert answer.exit_code == 0 and rows(answer.stdout)
    plan = folder.parent / "plan.csv"
    plan.write_text(answer.stdout)
    assert run("check", folder, plan, "--steps").exit_code == 0


def test_query_reads_labels_and_taints(run: Run, folder: Path) -> None:
    """Labels are attributes; a node is found by name."""
    answer = run("query", folder, "attribute:disk == ssd and attribute:topology.kubernetes.io/zone == b", "-o", "csv")
    assert [row["instance"] for row in rows(answer.stdout)] == ["n1", "n3"]
    answer = run("query", folder, "ec2InstanceId == n2", "-o", "json")
    (instance,) = json.loads(answer.stdout)["instances"]
    assert (instance["zone"], instance["free.cpu"]) == ("a", 4000)


def test_deploy_is_of_ecs(run: Run, folder: Path) -> None:
    """Kubernetes rolls out by itself: an error, with what would be right."""
    answer = run("deploy", folder, "--service", "web", "--task-definition", "web:2")
    assert answer.exit_code == 2 and "holds no ECS documents" in answer.stderr


def test_a_request_that_is_saved_asks_the_same(run: Run, folder: Path) -> None:
    """Every rule of the folder goes through the request file."""
    saved = folder.parent / "request.json"
    first = run("place", folder, "-o", "csv", "--workers", "1", "--save-request", saved)
    again = run("place", "--request", saved, "-o", "csv", "--workers", "1")
    assert (again.exit_code, again.stdout) == (0, first.stdout)


def test_faults_name_the_file_and_the_path(run: Run, folder: Path) -> None:
    """In every command, with exit code 2."""
    (folder / "more.json").write_text(json.dumps(listed([pod("p", cpu="lots")])))
    for command in (("import", "kubernetes", folder), ("place", folder), ("query", folder, "attribute:a exists")):
        answer = run(*command)
        assert answer.exit_code == 2
        path = "more.json.items[0].spec.containers[0].resources.requests.cpu"
        assert f'{path}: is "lots"; must be a quantity' in answer.stderr.replace("\n", " ").replace("  ", " ")


def test_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    """Or holds nothing."""
    assert "does not exist" in run("import", "kubernetes", tmp_path / "none").stderr
    (tmp_path / "empty").mkdir()
    answer = run("import", "kubernetes", tmp_path / "empty")
    assert answer.exit_code == 2 and "holds no node" in answer.stderr


def test_a_live_cluster_is_written_and_read(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--context`` names it; a cluster that cannot be reached ends with 1."""
    asked: list[str | None] = []

    class Fake:
        def page(self, kind: solver.kubernetes.Kind, place: str) -> dict[str, object]:
            items = [node("n1")] if kind.file == "nodes.json" else []
            return {"metadata": {}, "items": items}

    def connect(context: str | None) -> Fake:
        asked.append(context)
        if context == "gone":
            raise SourceUnavailable("kubernetes: no such context")
        return Fake()

    monkeypatch.setattr(solver.kubernetes, "connect", connect)
    answer = run("import", "kubernetes", tmp_path / "live", "--context", "prod")
    assert answer.exit_code == 0 and "1 nodes, 0 pods on them" in answer.stdout
    assert (tmp_path / "live" / "nodes.json").is_file() and asked == ["prod"]
    answer = run("import", "kubernetes", tmp_path / "other", "--context", "gone")
    assert (answer.exit_code, answer.stderr) == (1, "error: kubernetes: no such context\n")
    assert not (tmp_path / "other").exists()
