"""Clusters from frames, CSV and Parquet; answers to frames."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, Scheduling
from solver.errors import InvalidRequest, UnreadableDocument
from solver.formats.table_cluster import TableCluster
from solver.formats.tables import plan_frame, problem_from_frames, read_tables, tiers_frame
from tests.report.answers import answer

INSTANCES = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "ec2_instance_id": ["i-a", "i-b", None],
        "memory": [4096, 4096, 8192],
        "cpu": [1024, 2048, 4096],
        "attribute:ecs.availability-zone": ["z1", "z2", None],
        "status": ["ACTIVE", "DRAINING", None],
        "used_ports": ["80/tcp;53/udp", None, "80"],
    }
)
GROUPS = pd.DataFrame(
    {
        "name": ["web", "batch"],
        "cpu": [256, 512],
        "memory": [512, 256],
        "start": [3, None],
        "constraints": ["distinctInstance; memberOf(attribute:x in [a;b] and not(attribute:y =~ 'p;q'))", None],
        "strategies": ["spread(attribute:ecs.availability-zone);binpack(memory)", None],
        "ports": ["80/tcp", None],
        "scheduling": ["REPLICA", None],
    }
)
RUNNING = pd.DataFrame({"group": ["web", "web", "batch"], "instance": ["a", "i-a", "c"], "count": [1, 1, 2]})


def faults(invalid: pytest.ExceptionInfo[InvalidRequest]) -> list[str]:
    return [str(fault) for fault in invalid.value.faults]


def test_frames_become_a_problem() -> None:
    """Instances, groups and counts are what the three frames say, whatever the order of their columns."""
    problem = problem_from_frames(INSTANCES, GROUPS, RUNNING)
    cluster = problem.cluster
    assert cluster.instance_ids == ("a", "b", "c")
    assert cluster.resources == ("cpu", "memory")
    assert cluster.capacity.tolist() == [[1024, 4096], [2048, 4096], [4096, 8192]]
    assert cluster.active.tolist() == [True, False, True]
    assert [cluster.attributes["ecs.availability-zone"][i] for i in range(3)] == ["z1", "z2", None]
    assert {port: rows.tolist() for port, rows in cluster.used_ports.items()} == {("tcp", 80): [0, 2], ("udp", 53): [0]}
    web, batch = problem.groups
    assert (web.start, web.family, web.ports, web.scheduling) == (3, "web", (("tcp", 80),), Scheduling.REPLICA)
    assert (batch.start, batch.strategies, batch.constraints) == (0, None, ())
    assert web.strategies == (RuleSpec("spread", "attribute:ecs.availability-zone"), RuleSpec("binpack", "memory"))
    assert problem.running.to_dense().tolist() == [[2, 0, 0], [0, 0, 2]]


def test_semicolons_inside_an_argument_do_not_end_a_rule() -> None:
    """Rules are parted at semicolons outside parentheses and quotes only."""
    (web, _) = problem_from_frames(INSTANCES, GROUPS).groups
    expected = RuleSpec("memberOf", "attribute:x in [a;b] and not(attribute:y =~ 'p;q')")
    assert web.constraints == (RuleSpec("distinctInstance"), expected)


def test_free_is_capacity_less_what_runs() -> None:
    """Where no column says what is free, it is the capacity less what the running tasks take."""
    assert problem_from_frames(INSTANCES, GROUPS, RUNNING).cluster.free.tolist() == [
        [512, 3072],
        [2048, 4096],
        [3072, 7680],
    ]


def test_free_is_what_its_column_says() -> None:
    """A ``free`` column wins over what the running tasks take; its empty cells do not."""
    told = INSTANCES.assign(**{"free.cpu": [100, None, -5]})
    assert problem_from_frames(told, GROUPS, RUNNING).cluster.free[:, 0].tolist() == [100, 2048, -5]


def test_capacity_columns_and_bare_columns_are_the_same() -> None:
    """``capacity.cpu`` means what ``cpu`` means, and a resource may have any name."""
    other = INSTANCES.rename(columns={"cpu": "capacity.cpu"}).assign(licences=[1, 0, 2])
    cluster = problem_from_frames(other, GROUPS).cluster
    assert cluster.resources == ("cpu", "memory", "licences")
    assert cluster.capacity[:, 2].tolist() == [1, 0, 2]


BAD_CELLS = [
    ("instances", {"cpu": [1, -2, 3]}, "instances[1].cpu: is '-2'; must be a whole number from 0 to 2^53"),
    ("instances", {"cpu": [1, None, 3]}, "instances[1].cpu: is empty; must be a whole number"),
    ("instances", {"cpu": [1, float("inf"), 3]}, "instances[1].cpu: is 'inf'; must be a whole number from 0 to 2^53"),
    ("instances", {"cpu": [1, 2.5, 3]}, "instances[1].cpu: is '2.5'; must be a whole number from 0 to 2^53"),
    ("instances", {"cpu": ["1", "1e300", "3"]}, "instances[1].cpu: is '1e300'; must be a whole number from 0 to 2^53"),
    (
        "instances",
        {"rack": ["r1", "r2", "r3"]},
        "instances[0].rack: is 'r1'; must be a whole number from 0 to 2^53 for a resource; a text needs the column "
        "name attribute:rack",
    ),
    (
        "instances",
        {"free.cpu": [9999, 1, 1]},
        "instances[0].free.cpu: is 9999, above the capacity 1024; must be at most the capacity",
    ),
    (
        "instances",
        {"free.gpu": [1, 1, 1]},
        "instances: has the column 'free.gpu' without a capacity; add 'capacity.gpu'",
    ),
    (
        "instances",
        {"id": ["a", "a", "c"]},
        "instances[1].id: 'a' is already an instance; give each instance its own id",
    ),
    ("instances", {"id": ["a", " ", "c"]}, "instances[1].id: is empty; must be filled"),
    (
        "instances",
        {"status": ["ACTIVE", "GONE", None]},
        "instances[1].status: is 'GONE'; must be ACTIVE or DRAINING; leave other instances out",
    ),
    (
        "instances",
        {"connected": ["true", "perhaps", None]},
        "instances[1].connected: is 'perhaps'; must be true or false",
    ),
    (
        "instances",
        {"used_ports": ["80/icmp", None, None]},
        "instances[0].used_ports: '80/icmp' is not a port; write 80/tcp or 53/udp, from 1 to 65535",
    ),
    ("groups", {"memory": [512, "much"]}, "groups[1].memory: is 'much'; must be a whole number from 0 to 2^53"),
    ("groups", {"name": ["web", "web"]}, "groups[1].name: 'web' is already a group; name each group once"),
    ("groups", {"start": [3, 10_000_001]}, "groups[1].start: is 10000001; must be 0 to 10,000,000"),
    (
        "groups",
        {"constraints": ["memberOf(attribute:x", None]},
        "groups[0].constraints: 'memberOf(attribute:x' has a parenthesis or a quote without its partner; close what "
        "is opened",
    ),
    (
        "groups",
        {"strategies": ["(memory)", None]},
        "groups[0].strategies: '(memory)' is not a rule; write type or type(argument), like binpack(memory)",
    ),
    (
        "groups",
        {"scheduling": ["SOMETIMES", None]},
        "groups[0].scheduling: is 'SOMETIMES'; must be one of REPLICA, DAEMON, STANDALONE",
    ),
    ("running", {"count": [1, -1, 2]}, "running[1].count: is '-1'; must be a whole number from 0 to 2^53"),
    (
        "running",
        {"group": ["web", "wbe", "batch"]},
        "running[1].group: 'wbe' is not in the table of groups; did you mean 'web'?",
    ),
    (
        "running",
        {"instance": ["a", "z", "c"]},
        "running[1].instance: 'z' is not in the table of instances; must be the id of a row there",
    ),
    ("running", {"node": [1, 2, 3]}, "running: has the column 'node'; must be one of group, instance, count"),
]


@pytest.mark.parametrize(("table", "cells", "message"), BAD_CELLS, ids=[f"{t}-{m[:40]}" for t, _, m in BAD_CELLS])
def test_bad_cell(table: str, cells: dict[str, list[object]], message: str) -> None:
    """A fault names the row, the column, what is wrong and what would be right."""
    frames = {"instances": INSTANCES, "groups": GROUPS, "running": RUNNING}
    frames[table] = frames[table].astype(object).assign(**cells)
    with pytest.raises(InvalidRequest) as invalid:
        problem_from_frames(**frames)
    assert message in faults(invalid)
    assert [fault for fault in faults(invalid) if fault.startswith(table)] == [message]


def test_all_faults_at_once() -> None:
    """One refusal lists the faults of all three frames."""
    with pytest.raises(InvalidRequest) as invalid:
        problem_from_frames(
            INSTANCES.drop(columns="id").assign(cpu=[-1, 1, 1]),
            GROUPS.assign(cpu=[1, -1], speed=[1, 2]),
            RUNNING.assign(count=[0.5, 1, 1]),
        )
    paths = [fault.path for fault in invalid.value.faults]
    assert sorted(paths) == ["groups", "groups[1].cpu", "instances", "instances[0].cpu", "running[0].count"]


def test_a_column_twice_is_refused() -> None:
    """A column name that stands twice is a fault, not silently the first or the last."""
    twice = pd.concat([INSTANCES, INSTANCES[["cpu"]]], axis=1)
    with pytest.raises(InvalidRequest, match="instances: column cpu: stands there twice; name each column once"):
        problem_from_frames(twice, GROUPS)


def test_sums_beyond_what_a_double_holds_are_refused() -> None:
    """Amounts that add up to more than 2^53 are refused, not wrapped."""
    with pytest.raises(InvalidRequest, match="adds up to more than 2\\^53 over the instances for cpu"):
        problem_from_frames(INSTANCES.assign(cpu=2**53), GROUPS)


def test_no_rows_are_an_empty_cluster() -> None:
    """Tables without rows give a cluster without instances, and no fault."""
    problem = problem_from_frames(INSTANCES.head(0), GROUPS.head(0))
    assert (problem.cluster.size, problem.groups) == (0, ())


def written(directory: Path, suffix: str) -> Path:
    for name, frame in (("instances", INSTANCES), ("groups", GROUPS), ("running", RUNNING)):
        path = directory / f"{name}{suffix}"
        frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    return directory


def same(one: Problem, other: Problem) -> bool:
    return (
        one.groups == other.groups
        and one.running.same_as(other.running)
        and np.array_equal(one.cluster.free, other.cluster.free)
        and one.cluster.instance_ids == other.cluster.instance_ids
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_files_say_what_the_frames_say(suffix: str, tmp_path: Path) -> None:
    """Tables read back from CSV and Parquet give the problem of the frames that wrote them."""
    assert same(read_tables(written(tmp_path, suffix)), problem_from_frames(INSTANCES, GROUPS, RUNNING))


def test_parquet_without_its_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow a Parquet file is refused with the extra that reads it."""
    written(tmp_path, ".parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        UnreadableDocument, match=r"needs the package pyarrow; pip install 'placement-solver\[parquet\]'"
    ):
        read_tables(tmp_path)


def test_faults_of_a_file_name_its_line(tmp_path: Path) -> None:
    """A fault in a CSV file is found by the file's name, its line and the column."""
    written(tmp_path, ".csv")
    INSTANCES.assign(cpu=["1", "two", "3"]).to_csv(tmp_path / "instances.csv", index=False)
    with pytest.raises(InvalidRequest, match=r"instances\.csv line 3, cpu: is 'two'"):
        read_tables(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"instances\.csv: cannot be read \(No columns to parse from file\)"),
        (b"id,cpu,memory\na,1,1\nb,1,1,1,1\n", r"^instances\.csv line 3: has 5 cells; the header has 3$"),
        (b"id,cpu\n\xff\xfe,1\n", r"instances\.csv: cannot be read \('utf-8' codec"),
        (b"id,cpu,cpu,memory\na,1,2,1\n", "instances: column cpu: stands there twice"),
    ],
    ids=["empty", "ragged", "not text", "column twice"],
)
def test_broken_file(content: bytes, message: str, tmp_path: Path) -> None:
    """A file that is no table is refused by name, with what is wrong."""
    written(tmp_path, ".csv")
    (tmp_path / "instances.csv").write_bytes(content)
    with pytest.raises(InvalidRequest, match=message):
        read_tables(tmp_path)


def test_lines_longer_than_the_header_are_refused(tmp_path: Path) -> None:
    """Cells beyond the header are never dropped: each such line of each table is named."""
    (tmp_path / "instances.csv").write_text('id,cpu,memory\n"a",1,1\n\nb,1,1,9\n', encoding="utf-8")
    (tmp_path / "groups.csv").write_text("name,cpu,memory,start\nweb,1,1\nx,1,1,binpack(memory),1\n", encoding="utf-8")
    (tmp_path / "running.csv").write_text("group,instance\nweb,a,\n", encoding="utf-8")
    with pytest.raises(InvalidRequest) as invalid:
        read_tables(tmp_path)
    assert faults(invalid) == [
        "instances.csv line 4: has 4 cells; the header has 3",
        "groups.csv line 3: has 5 cells; the header has 4",
        "running.csv line 2: has 3 cells; the header has 2",
    ]


def test_lines_shorter_than_the_header_have_empty_cells(tmp_path: Path) -> None:
    """A line that ends early is a line whose last cells are empty."""
    (tmp_path / "instances.csv").write_text("id,cpu,memory\na,1,1\n", encoding="utf-8")
    (tmp_path / "groups.csv").write_text("name,cpu,memory,start\nweb,1,1\n", encoding="utf-8")
    assert read_tables(tmp_path).groups[0].start == 0


def test_missing_and_double_files(tmp_path: Path) -> None:
    """Groups must be there, and no table both as CSV and as Parquet."""
    written(tmp_path, ".csv")
    (tmp_path / "groups.csv").unlink()
    with pytest.raises(UnreadableDocument, match=r"holds no groups\.csv and no groups\.parquet; add one of them"):
        read_tables(tmp_path)
    INSTANCES.to_parquet(tmp_path / "instances.parquet")
    with pytest.raises(UnreadableDocument, match=r"holds both instances\.csv and instances\.parquet; keep one of them"):
        read_tables(tmp_path)


def cluster() -> TableCluster:
    return TableCluster(problem_from_frames(INSTANCES, GROUPS, RUNNING))


def test_request_by_name() -> None:
    """Naming groups starts exactly these; naming none starts what the table wants."""
    assert [group.start for group in cluster().request({"batch": 2})[0].groups] == [0, 2]
    assert [group.start for group in cluster().request({})[0].groups] == [3, 0]


def test_request_replaces_rules_and_priority() -> None:
    """Rules and priorities of the request take the place of the group's own, and of no other group's."""
    rules, chain = (RuleSpec("distinctInstance"),), (RuleSpec("random"),)
    problem, _ = cluster().request({"batch": 1}, constraints=rules, strategies=chain, priorities={"batch": 7})
    web, batch = problem.groups
    assert (batch.constraints, batch.strategies, batch.priority) == (rules, chain, 7)
    assert (web.constraints, web.strategies, web.priority) != (rules, chain, 7)


def test_request_freezes_instances() -> None:
    """A frozen instance is out of bounds; other instances stay open."""
    problem, _ = cluster().request({"web": 1}, frozen=["i-a"])
    assert problem.open_to_change.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("starts", "frozen", "message"),
    [
        ({"wob": 1}, (), "wob: is not a group of the cluster; did you mean 'web'?"),
        ({"web": 1}, ("nothing",), "nothing: is to be frozen and is not in the cluster"),
        ({"web": 1}, ("web",), "web: is both frozen and to be started"),
    ],
)
def test_request_for_what_is_not_there(starts: dict[str, int], frozen: tuple[str, ...], message: str) -> None:
    """An unknown name is refused with the nearest known one."""
    with pytest.raises(InvalidRequest) as invalid:
        cluster().request(starts, frozen=frozen)
    assert message in str(invalid.value)


def test_a_priority_of_what_is_not_there() -> None:
    """A priority is for a group of the cluster, started or not; another name is refused."""
    assert [group.priority for group in cluster().request({"batch": 1}, priorities={"web": 3})[0].groups].count(3) == 1
    with pytest.raises(
        InvalidRequest, match="bach: has a priority and is not a group of the cluster; did you mean 'batch'"
    ):
        cluster().request({"batch": 1}, priorities={"bach": 3})


def test_plan_and_tiers_as_frames() -> None:
    """The frames of an answer have one row a task, and one a tier."""
    found = answer(missing=2)
    plan, tiers = plan_frame(found), tiers_frame(found)
    assert list(plan.columns) == ["action", "group", "task", "instance", "from_instance", "step"]
    assert len(plan) == int(found.placed().sum())
    assert tiers[["value", "bound", "proven"]].to_numpy().tolist() == [[2, 2, True], [66, 64, False]]
