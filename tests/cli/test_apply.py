"""``placement-solver apply``: what is refused before a cluster is looked at. The rest is in ``tests/aws``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_the_cluster_must_be_named(run: Run, tmp_path: Path) -> None:
    """Without --cluster it ends with 2."""
    answer = run("apply", tmp_path / "plan.csv")
    assert (answer.exit_code, "--cluster: is missing" in answer.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("action,group\n", (), "line 1: has no column 'instance'"),
        ("action,group,instance\nrun,web,i-1\n", (), "line 2: action is 'run'; must be one of start, stop, move"),
        ("", ("--timeout", "soon"), "--timeout: is 'soon'; must be a duration"),
    ],
)
def test_a_plan_that_cannot_be_read(
    run: Run, tmp_path: Path, text: str, options: tuple[str, ...], message: str
) -> None:
    """Bad input, before any call."""
    path = tmp_path / "plan.csv"
    path.write_text(text, encoding="utf-8")
    answer = run("apply", path, "--cluster", "prod", *options)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert message in answer.stderr


def test_help_gives_the_exit_codes(run: Run) -> None:
    """The codes of this command, not those of placing."""
    said = " ".join(run("apply", "--help").stdout.split())
    assert "1 nothing was carried out; 2 bad input; 3 carried out in part." in said
