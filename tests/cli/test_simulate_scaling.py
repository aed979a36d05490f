"""``simulate-scaling``: both sets of rules side by side, and the timeline."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from solver.scaling.timeline import COLUMNS, SUMMARY
from tests.cli.conftest import Run

SCALING = """
curve: demand.csv
prices: {m5.large: 0.1}
providers: {main: {types: m5.large, maximum: 4}}
services:
  web: {load_per_task: 100, minimum: 1, maximum: 9, policies: [target_tracking: {target: 60}]}
"""


def written(folder: Path) -> Path:
    """A file beside its curve: eight minutes of more than two instances hold."""
    rows = [f"{minute},web,{200 if minute < 2 else 500}" for minute in range(8)]
    (folder / "demand.csv").write_text("\n".join(["minute,service,demand", *rows]), encoding="utf-8")
    (folder / "scaling.yaml").write_text(SCALING, encoding="utf-8")
    return folder / "scaling.yaml"


def test_a_table_and_files(run: Run, tables: Path, tmp_path: Path) -> None:
    """A column for each set of rules; the timeline has a row a minute for each service, each provider and the whole."""
    out = tmp_path / "out"
    answer = run("simulate-scaling", tables, written(tmp_path), "--out", out)
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.splitlines()[0] == "8 minutes, 1 service, 1 provider"
    assert "ECS's rules" in answer.stdout and "task-minutes wanted" in answer.stdout
    rows = list(csv.DictReader(io.StringIO((out / "timeline.csv").read_text())))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 2 * 3 * 8
    assert {row["rules"] for row in rows} == {"ecs", "ours"}
    assert (out / "summary.csv").read_text().startswith(",".join(SUMMARY))
    assert (out / "demand.csv").read_text().splitlines()[1] == "0,web,200"


def test_a_provider_that_the_cluster_does_not_have_is_warned_of(run: Run, tables: Path, tmp_path: Path) -> None:
    """In the table, and on standard error beside JSON and CSV."""
    path = written(tmp_path)
    said = "provider 'main' has no instance in the cluster: its group begins empty"
    assert said in " ".join(run("simulate-scaling", tables, path, "--rules", "ecs").stdout.split())
    answer = run("simulate-scaling", tables, path, "--rules", "ecs", "-o", "csv")
    assert f"warning: {said}" in answer.stderr and said not in answer.stdout


def test_json_has_what_the_table_has(run: Run, tables: Path, tmp_path: Path) -> None:
    """With --rules one set alone; numbers add up."""
    answer = run("simulate-scaling", tables, written(tmp_path), "--rules", "ecs", "-o", "json")
    (found,) = json.loads(answer.stdout)["runs"]
    assert tuple(found) == SUMMARY and found["wanted"] == found["ran"] + found["unplaced"] > 0


def test_bad_input_ends_with_2(run: Run, tables: Path, tmp_path: Path) -> None:
    """A file that is wrong names itself and the field; a curve that is missing names itself."""
    path = written(tmp_path)
    path.write_text(SCALING.replace("maximum: 9", "maximum: -9"), encoding="utf-8")
    answer = run("simulate-scaling", tables, path)
    assert answer.exit_code == 2 and f"{path} services.web.maximum: is -9; must be 1 to 100,000" in answer.stderr
    path.write_text(SCALING.replace("demand.csv", "other.csv"), encoding="utf-8")
    answer = run("simulate-scaling", tables, path)
    assert answer.exit_code == 2 and "other.csv: cannot be read" in answer.stderr
