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
    assert rows[0] == ["type", "zone", "buy"]
    assert rows[2] == ["m5.large", "a", "10"]
    assert all(line == line.rstrip() for line in answer.stdout.splitlines())
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


def tables(folder: Path, movable: bool) -> Path:
    """Two instances in zone a that one would be enough for."""
    (folder / "instances.csv").write_text(
        "id,cpu,memory,attribute:ecs.availability-zone,attribute:ecs.instance-type\n"
        "i1,2048,8192,a,m5.large\ni2,2048,8192,a,m5.large\n",
        encoding="utf-8",
    )
    head, end = ("name,cpu,memory,movable\n", ",true\n") if movable else ("name,cpu,memory\n", "\n")
    (folder / "groups.csv").write_text(f"{head}web,512,1024{end}", encoding="utf-8")
    (folder / "running.csv").write_text("group,instance,count\nweb,i1,1\nweb,i2,1\n", encoding="utf-8")
    return folder


def test_a_budget_of_moves_that_nothing_can_use_is_told(run: Run, folder: Path) -> None:
    """Without ``movable`` in the table no task moves: said with the remedy; with it, an instance is given up."""
    for movable, cost in ((False, "0.1920"), (True, "0.0960")):
        answer = run("right-size", tables(folder, movable), "--catalogue", folder / "types.csv", "--max-moves", "1")
        told = " ".join(answer.stdout.split())
        assert f"{cost} an hour; no mix is cheaper (proved)" in told
        assert ("--max-moves is 1, and no running task may move" in told) is not movable
        assert ("mark groups movable in groups.csv" in told) is not movable


def test_a_zone_that_nobody_knows_is_told(run: Run, folder: Path) -> None:
    """The cluster has zone a alone: 'b' may be a new one or a mistake. Where no zone is known any will do."""
    options = ("right-size", folder, "--catalogue", folder / "types.csv", "--zone", "a", "--zone", "b", "-o", "json")
    assert json.loads(run(*options).stdout)["warnings"] == []
    tables(folder, movable=True)
    (told,) = json.loads(run(*options).stdout)["warnings"]
    assert (
        told
        == "--zone 'b' is a zone of neither the cluster nor the catalogue, which know a: a mistake unless it is new"
    )
    zoned = folder / "zoned.csv"
    rows = CATALOGUE.splitlines()
    zoned.write_text("\n".join([f"{rows[0]},zones", *(f"{row},a b" for row in rows[1:])]) + "\n", encoding="utf-8")
    known = run("right-size", folder, "--catalogue", zoned, "--zone", "b", "-o", "json")
    assert json.loads(known.stdout)["warnings"] == []
