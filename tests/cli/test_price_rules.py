"""``price-rules``: what it prints, and what it ends with."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.cli.conftest import Run

MEMBER = "memberOf(attribute:stack == prod)"


def plain(text: str) -> str:
    return " ".join(text.split())


def test_a_table_for_people(run: Run, tables: Path) -> None:
    """What costs most first; what is proved to cost nothing is named below; c1, which drains, keeps what it has.

    Three jobs find room where web has instances in use already; alone on one each, they take another.
    """
    with (tables / "groups.csv").open("a", encoding="utf-8") as groups:
        groups.write("jobs,256,256,3,distinctInstance,random\n")
    answer = run("price-rules", tables, "--time-limit", "20s")
    assert answer.exit_code == 0
    lines = [plain(line) for line in answer.stdout.splitlines()]
    assert lines[0] == "5 rules priced in instances; every price is proved"
    assert lines[2] == "With every constraint: 4 instances in use (proved)"
    assert lines[4] == "costs between with without rule"
    assert lines[6] == "+1 proved 4 3 distinctInstance of jobs"
    assert "+1 proved 4 3 all constraints" in lines
    assert "Cost nothing, proved (4)" in lines and "- distinctInstance of batch" in lines
    assert "Together is no sum" in answer.stdout


def test_dollars_skew_tasks_and_moves(run: Run, tables: Path) -> None:
    """Each unit says what it is; prices from a catalogue and from options, the latter first."""
    catalogue = tables.parent / "types.csv"
    catalogue.write_text(
        "instance_type,vcpu,memory_gib,price_per_hour\nm5.large,2,8,0.2\nm5.xlarge,4,16,0.192\n", encoding="utf-8"
    )
    dollars = run("price-rules", tables, "--in", "dollars", "--catalogue", catalogue, "--price", "m5.large=0.1")
    assert dollars.exit_code == 0 and "0.392 dollars an hour for the instances in use (proved)" in dollars.stdout
    skew = run("price-rules", tables, "--in", "skew", "--field", "attribute:stack")
    assert skew.exit_code == 0 and "over stack" in skew.stdout
    for unit, said in (("tasks", "0 tasks without a place (proved)"), ("moves", "0 moves (proved)")):
        answer = run("price-rules", tables, "--in", unit)
        assert answer.exit_code == 0 and said in answer.stdout, answer.output


def test_json_and_csv_have_the_same_prices(run: Run, tables: Path) -> None:
    """Every rule, with what is proved of its price; those together come last in the CSV."""
    found = json.loads(run("price-rules", tables, "-o", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(run("price-rules", tables, "-o", "csv").stdout)))
    assert [(row["kind"], row["rule"], row["of"]) for row in rows[: len(found["rules"])]] == [
        (rule["kind"], rule["rule"], rule["of"]) for rule in found["rules"]
    ]
    assert [row["rule"] for row in rows[len(found["rules"]) :]] == [row["what"] for row in found["together"]]
    prices = {rule["rule"]: rule["price"] for rule in found["rules"]}
    assert prices[MEMBER] == {"value": "0", "atLeast": "0", "atMost": "0", "proven": True}
    assert {row["rule"]: row["price"] for row in rows}[MEMBER] == "0"
    assert found["whole"] and found["proven"] and found["notPriced"] == []


def test_kubernetes_objects_are_priced_alike(run: Run, tmp_path: Path) -> None:
    """A pod that may share a node with its like costs a node more where it may not."""
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "20"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "spec": {
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}}}],
            "affinity": {
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
                    ]
                }
            },
        },
        "status": {"phase": "Pending"},
    }
    nodes = [{**node, "metadata": {"name": f"n{k}", "labels": {"kubernetes.io/hostname": f"n{k}"}}} for k in range(3)]
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": True}
    pods = [
        {
            **pod,
            "metadata": {
                "name": f"web-{k}",
                "namespace": "default",
                "labels": {"app": "web"},
                "ownerReferences": [owner],
            },
        }
        for k in range(2)
    ]
    (tmp_path / "all.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": [*nodes, *pods]}), encoding="utf-8"
    )
    answer = run("price-rules", tmp_path, "-o", "json", "--desired", "default/web=2")
    assert answer.exit_code == 0, answer.output
    prices = {rule["rule"].partition("(")[0]: rule["price"] for rule in json.loads(answer.stdout)["rules"]}
    assert prices["antiAffinity"] == {"value": "1", "atLeast": "1", "atMost": "1", "proven": True}


def test_bad_input_ends_with_2(run: Run, tables: Path) -> None:
    """The message names the option."""
    for options, said in (
        (
            ("--in", "dollars"),
            "--price: is missing for m5.large, m5.xlarge, which the cluster has; write --price m5.large=DOLLARS "
            "--price m5.xlarge=DOLLARS with what an hour of each costs, or name prices with --catalogue FILE.csv",
        ),
        (("--in", "dollars", "--price", "m5.large"), "--price: 'm5.large' is not TYPE=PRICE"),
        (("--in", "dollars", "--price", "m5.large=-1", "--price", "m5.xlarge=1"), "--price m5.large: is -1.0"),
        (("--price", "m5.large=1"), "--price: is given, and --in is instances; it goes with --in dollars"),
        (("--in", "skew", "--field", "attribute:rak"), "--field: is 'attribute:rak', and no instance has it"),
        (("--field", "attribute:rack"), "--field: is given, and --in is instances; it goes with --in skew"),
        (("--max-moves", "-1"), "--max-moves"),
        (("--desired", "wib=2"), "--desired wib: is not a group of the cluster; did you mean 'web'?"),
        (("--move", "wib"), "--move wib: is not a group of the cluster; did you mean 'web'?"),
        (("--time-limit", "0s"), "--time-limit"),
        (("--rule", "reserve:memry,1"), "--rule reserve:memry,1"),
    ):
        answer = run("price-rules", tables, *options)
        assert answer.exit_code == 2 and said in answer.stderr, answer.stderr


def test_a_name_without_its_prefix_is_told_with_it_and_no_group_twice(run: Run, tables: Path) -> None:
    """Groups of tables may be called as ECS calls them."""
    text = (tables / "groups.csv").read_text(encoding="utf-8").replace("web", "service:web")
    (tables / "groups.csv").write_text(text, encoding="utf-8")
    (tables / "running.csv").unlink(missing_ok=True)
    answer = run("price-rules", tables, "--desired", "web=2")
    assert answer.stderr.splitlines() == [
        "error: --desired web: is not a group of the cluster; did you mean 'service:web'?"
    ]
    far = run("price-rules", tables, "--desired", "zzz=2").stderr
    assert far.count("service:web") == 1


def test_moves_say_what_is_counted(run: Run, tables: Path) -> None:
    """Above the table, and only for that unit."""
    said = "Counted are tasks that move from where they run, each at its move cost."
    assert said in " ".join(run("price-rules", tables, "--in", "moves").stdout.split())
    assert "Counted are" not in run("price-rules", tables, "--in", "tasks").stdout


def test_rules_that_are_not_reached_end_with_3(run: Run, tables: Path) -> None:
    """They are named."""
    answer = run("price-rules", tables, "--time-limit", "20ms")
    assert answer.exit_code in (0, 3)
    assert ("Not priced, for want of time" in answer.stdout) == (answer.exit_code == 3)


def test_a_folder_of_ecs_documents(run: Run) -> None:
    """Every rule of the demo cluster is in the list, priced or named; those that somebody adds too."""
    answer = run(
        "price-rules",
        "datasets/demo",
        "--in",
        "tasks",
        "--rule",
        "reserve:memory,64",
        "--time-limit",
        "4s",
        "-o",
        "json",
    )
    found = json.loads(answer.stdout)
    rules = [*found["rules"], *found["notPriced"]]
    assert len(rules) == 42 and answer.exit_code == (0 if found["whole"] else 3)
    assert {"kind": "constraint", "rule": "reserve(memory,64)", "of": ""} in [
        {name: rule[name] for name in ("kind", "rule", "of")} for rule in rules
    ]
