"""``placement-solver import ecs``: what the command does around the importer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import solver.aws
from solver.errors import SourceUnavailable
from tests.cli.conftest import Run


def test_arguments_reach_the_importer(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cluster, folder and endpoint are passed on; standard output stays empty."""
    calls: list[tuple[object, ...]] = []

    def fake(cluster: str, directory: Path, endpoint: str | None, progress: Callable[[str, int, int], None]) -> None:
        progress("tasks", 1, 2)
        calls.append((cluster, directory, endpoint))

    monkeypatch.setattr(solver.aws, "import_ecs", fake)
    answer = run("import", "ecs", "--cluster", "prod", "--endpoint-url", "http://127.0.0.1:5000", tmp_path)
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert calls == [("prod", tmp_path, "http://127.0.0.1:5000")]
    assert f"written: {tmp_path}" in answer.stderr


def test_a_cluster_that_cannot_be_read(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is not available ends with 1 and one line."""

    def fake(*_: object) -> None:
        raise SourceUnavailable("ecs: AccessDenied for ListTasks; allow ecs:ListTasks")

    monkeypatch.setattr(solver.aws, "import_ecs", fake)
    answer = run("import", "ecs", "--cluster", "prod", tmp_path)
    assert (answer.exit_code, answer.stderr) == (1, "error: ecs: AccessDenied for ListTasks; allow ecs:ListTasks\n")


def test_the_cluster_must_be_named(run: Run, tmp_path: Path) -> None:
    """Without --cluster it ends with 2."""
    answer = run("import", "ecs", tmp_path)
    assert (answer.exit_code, "--cluster" in answer.stderr) == (2, True)
