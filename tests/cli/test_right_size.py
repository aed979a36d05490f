"""``right-size``: what it prints, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CATALOGUE = """instance_type,vcpu,memory_gib,price_per_hour
m5.large,2,8,0.096
m5.xlarge,4,16,0.192
c5.xlarge,4,8,0.17
"""
GROUPS = """name,cpu,memory,start,constraints
web,1024,2048,10,distinctInstance
batch,512,3072,6,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten tasks that need an instance each, six that go beside them; no instances, and a catalogue."""
    for name, text in {"instances": "id,cpu,memory\n", "groups": GROUPS, "types": CATALOGUE}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_table_for_people(run: Run, folder: Path) -> None:
    """Ten of the cheapest type: fewer instances cannot hold ten tasks that are apart."""
    answer = run("right-size", folder, "--catalogue", folder / "types.csv", "--zone", "a", "--time-limit", "20s")
    assert answer.exit_code == 0
    rows = [line.split() for line in answer.stdout.splitlines()]
    assert rows[1] == ["m5.large", "a", "10"]
    assert "16 tasks on 10 instances; the checker passes the plan" in answer.stdout
    assert "0.9600 an hour; no mix is cheaper (proved)" in answer.stdout


def test_json_has_the_plan(run: Run, folder: Path) -> None:
    """Every task has its instance, of those that are bought; web at most once on each."""
    options = ("--catalogue", folder / "types.csv", "--zone", "a", "--zone", "b", "--time-limit", "20s", "-o", "json")
    found = json.loads(run("right-size", folder, *options).stdout)
    assert found["proven"] and found["cost"] == found["bound"] == "0.9600"
    assert sum(one["count"] for one in found["buy"]) == 10
    assert {one["zone"] for one in found["buy"]} <= {"a", "b"}
    web = [one for one in found["plan"] if one["group"] == "web"]
    assert [one["count"] for one in web] == [1] * 10
    assert sum(one["count"] for one in found["plan"] if one["group"] == "batch") == 6


def test_bad_input_ends_with_2(run: Run, folder: Path) -> None:
    """The message names the option, or the line and column of the catalogue."""
    dear = folder / "dear.csv"
    dear.write_text(CATALOGUE.replace("0.17", "-1"), encoding="utf-8")
    types = folder / "types.csv"
    for options, said in (
        (("--catalogue", dear), "line 4, price_per_hour: is -1, which is negative"),
        (("--catalogue", folder / "none.csv"), "none.csv"),
        (("--catalogue", types, "--attribute", "stack"), "--attribute: is 'stack'; must be NAME=VALUE"),
        (("--catalogue", types, "--max-moves", "-1"), "--max-moves"),
        (("--catalogue", types, "--types", "x1.*"), "x1.*"),
    ):
        answer = run("right-size", folder, *options)
        assert answer.exit_code == 2 and said in answer.stderr
