"""``placement-solver place``."""

from __future__ import annotations

import csv
import errno
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.formats.ecs.documents import Documents, write


def test_everything_placed(run: Run, tables: Path) -> None:
    """When everything asked for is placed, the exit code is 0 and the headline says so."""
    answer = run("place", tables, "--group", "web=6")
    assert answer.exit_code == 0
    assert answer.stdout.startswith("Placed all 6 tasks, proved optimal\n")
    assert answer.stderr == ""


def test_shortfall(run: Run, tables: Path) -> None:
    """A shortfall ends with 3 and its reasons, even of everything."""
    answer = run("place", tables, "--group", "web=7")
    assert answer.exit_code == 3
    assert "web: 1 of 7 not placed (no plan places more)" in answer.stdout
    assert run("place", tables, "-g", "batch=1", "--constraint", "memberOf:attribute:stack == none").exit_code == 3


def test_all_or_nothing(run: Run, tables: Path) -> None:
    """All or nothing ends with 4 where it is proved impossible, with 0 where it is done, and changes nothing else."""
    refused = run("place", tables, "--group", "web=7", "--all-or-nothing", "-o", "csv")
    assert (refused.exit_code, refused.stdout) == (4, "action,group,task,instance,from_instance,step\n")
    assert run("place", tables, "--group", "web=6", "--all-or-nothing").exit_code == 0


def test_what_the_table_wants(run: Run, tables: Path) -> None:
    """Without --group the starts of the table of groups are placed."""
    assert run("place", tables).stdout.startswith("Placed all 4 tasks")


def test_csv_is_one_row_a_task_and_nothing_else(run: Run, tables: Path) -> None:
    """With -o csv, standard output holds the header and one row a task."""
    answer = run("place", tables, "--group", "web=3", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert answer.stdout.splitlines()[0] == "action,group,task,instance,from_instance,step"
    assert [(row["action"], row["group"], row["task"], row["step"]) for row in rows] == [("start", "web", "", "1")] * 3


def test_json_is_the_response_and_nothing_else(run: Run, tables: Path) -> None:
    """With -o json, standard output is one JSON document."""
    document = json.loads(run("place", tables, "--group", "web=3", "-o", "json").stdout)
    assert document["status"] == "STATUS_OPTIMAL"
    assert sum(int(action.get("count", 1)) for action in document["actions"]) == 3


def test_constraint_in_place_of_the_services_own(run: Run, tables: Path) -> None:
    """--constraint and --strategy replace the group's own: then web may go where its own rule forbids."""
    own = run("place", tables, "-g", "web=1", "--strategy", "binpack:memory", "-o", "csv").stdout
    other = run("place", tables, "-g", "web=1", "--constraint", "memberOf:attribute:stack == dev", "-o", "csv").stdout
    assert ("a2" in own, "a2" in other) == (False, True)


def test_several_rules_in_order(run: Run, tables: Path) -> None:
    """--constraint and --strategy are repeatable and keep their order."""
    rules = ("--constraint", "distinctInstance", "--constraint", "memberOf:attribute:stack == prod")
    chain = ("--strategy", "spread:attribute:ecs.availability-zone", "--strategy", "binpack:memory")
    answer = run("place", tables, "-g", "web=2", *rules, *chain)
    assert (answer.exit_code, "Placed 1 of 2" in answer.stdout) == (3, True)
    tiers = json.loads(run("place", tables, "-g", "web=2", *rules, *chain, "-o", "json").stdout)["tiers"]
    names = [tier["name"] for tier in tiers]
    assert names.index("1/spread/evenness") < names.index("2/binpack/instances")


def test_priority_decides_who_is_placed(run: Run, tables: Path) -> None:
    """The group with the higher --priority is placed first."""
    wanted = ("-g", "web=6", "-g", "batch=3", "--constraint", "distinctInstance")
    assert run("place", tables, *wanted).exit_code == 2
    for first, expected in (("web", 1), ("batch", 3)):
        answer = run("place", tables, "-g", "web=6", "-g", "batch=3", "--priority", f"{first}=9", "-o", "csv")
        assert answer.stdout.count("start,batch") == expected


def test_freeze_keeps_an_instance_out(run: Run, tables: Path) -> None:
    """Nothing starts on a frozen instance, by whichever of its names."""
    for name in ("i-0b1", "b1"):
        answer = run("place", tables, "--group", "web=6", "--freeze", name, "-o", "csv")
        assert (answer.exit_code, ",b1," in answer.stdout) == (3, False)


@pytest.mark.parametrize("engine", ["auto", "exact", "sequential"])
def test_engines(run: Run, tables: Path, engine: str) -> None:
    """Every engine answers, and places what fits."""
    answer = run("place", tables, "--group", "web=6", "--engine", engine, "--seed", 3, "--workers", 1)
    assert (answer.exit_code, answer.stdout[:18]) == (0, "Placed all 6 tasks")


def test_deterministic_limit_repeats(run: Run, tables: Path) -> None:
    """With a deterministic limit, one worker and a seed, the same request gives the same bytes."""
    limits = ("--deterministic-limit", "1", "--workers", "1", "--seed", "5", "-o", "json")
    once, again = (run("place", tables, "-g", "web=5", "-g", "batch=2", *limits).stdout for _ in range(2))
    assert once == again


@pytest.mark.parametrize("name", ["plan.svg", "plan.png"])
def test_figure(run: Run, tables: Path, name: str) -> None:
    """--figure draws the cluster, and says so on standard error only."""
    answer = run("place", tables, "--group", "web=2", "--figure", tables / name, "-o", "csv")
    assert (tables / name).stat().st_size > 1000
    assert "drawn" in answer.stderr
    assert "drawn" not in answer.stdout


def test_a_figure_onto_a_full_disk(run: Run, tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure that cannot be written ends with 1 after the answer; what was there stays, and no part is left."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tables / "a.png"))

    (tables / "a.png").write_bytes(b"before")
    monkeypatch.setattr(Path, "replace", full)
    answer = run("place", tables, "--group", "web=1", "--figure", tables / "a.png")
    assert (answer.exit_code, answer.stdout[:16]) == (1, "Placed the task,")
    assert (
        answer.stderr
        == f"error: {tables / 'a.png'}: No space left on device; check the path, its rights and the disk\n"
    )
    assert sorted(path.name for path in tables.iterdir()) == ["a.png", "groups.csv", "instances.csv", "running.csv"]
    assert (tables / "a.png").read_bytes() == b"before"


def test_request_file(run: Run, tables: Path) -> None:
    """A request that was saved gives the same plan when it is read again."""
    request = tables / "request.json"
    first = run("place", tables, "--group", "web=5", "--save-request", request, "-o", "csv")
    assert run("place", "--request", request, "-o", "csv").stdout == first.stdout


BAD = [
    (("place",), ["CLUSTER_DIR: is missing; name the folder of a cluster, or use --request FILE"]),
    (("place", "FOLDER/nowhere"), ["FOLDER/nowhere: does not exist; must be the folder of a cluster"]),
    (("place", "FOLDER/groups.csv"), ["FOLDER/groups.csv: is not a folder; must be the folder of a cluster"]),
    (("place", "FOLDER/empty"), ["FOLDER/empty: holds no cluster; must hold container-instances.json, tasks.json"]),
    (("place", "FOLDER", "-g", "wep=1"), ["wep: is not a group of the cluster; did you mean 'web'?"]),
    (("place", "FOLDER", "-g", "web"), ["--group: 'web' is not NAME=COUNT; write it like service:web=12"]),
    (("place", "FOLDER", "-g", "=1"), ["--group: '=1' is not NAME=COUNT"]),
    (("place", "FOLDER", "-g", "web=0"), ["--group: COUNT of web is '0'; must be a whole number from 1 to 10,000,000"]),
    (
        ("place", "FOLDER", "-g", "web=-1"),
        ["--group: COUNT of web is '-1'; must be a whole number from 1 to 10,000,000"],
    ),
    (("place", "FOLDER", "-g", "web=1.5"), ["--group: COUNT of web is '1.5'"]),
    (("place", "FOLDER", "-g", "web=10000001"), ["--group: COUNT of web is '10000001'; must be a whole number from 1"]),
    (("place", "FOLDER", "-g", "web=" + "9" * 5000), ["--group: COUNT of web is '999"]),
    (("place", "FOLDER", "-g", "web=1", "-g", "web=2"), ["--group: web is named twice; name each group once"]),
    (("place", "FOLDER", "--time-limit", "soon"), ["--time-limit: is 'soon'; must be a duration like 200ms, 2s or 1m"]),
    (("place", "FOLDER", "--time-limit", "0s"), ["--time-limit: is '0s'; must be a duration"]),
    (("place", "FOLDER", "--time-limit", "25h"), ["--time-limit: is '25h'; must be a duration"]),
    (("place", "FOLDER", "--time-limit", "5"), ["--time-limit: is '5'; must be a duration"]),
    (("place", "FOLDER", "--seed", "-1"), ["--seed: is -1; must be 0 to 2,147,483,647"]),
    (("place", "FOLDER", "--workers", "0"), ["--workers: is 0; must be 1 to 64"]),
    (("place", "FOLDER", "--deterministic-limit", "nan"), ["--deterministic-limit: is 'nan'; must be a number"]),
    (("place", "FOLDER", "-g", "web=1", "--priority", "bat=1"), ["--priority: 'bat' is not among the groups to place"]),
    (("place", "FOLDER", "-g", "web=1", "--priority", "web=high"), ["--priority: N of web is 'high'"]),
    (
        ("place", "FOLDER", "--freeze", "i-none"),
        ["i-none: is to be frozen and is not in the cluster; must be a group, or"],
    ),
    (("place", "FOLDER", "-g", "web=1", "--freeze", "web"), ["web: is both frozen and to be started"]),
    (
        ("place", "FOLDER", "-g", "web=1", "--constraint", ":x"),
        ["--constraint: ':x' has no type; write TYPE or TYPE:ARGUMENT"],
    ),
    (
        ("place", "FOLDER", "-g", "web=1", "--constraint", "memberof:x"),
        ["web.constraints[0] memberof: type: is not a constraint; must be one of affinity"],
    ),
    (
        ("place", "FOLDER", "-g", "web=1", "--constraint", "memberOf:attribute:x =~ (a"),
        ["web.constraints[0] memberOf: column 16: '(' is never closed; write ')' to close it"],
    ),
    (
        ("place", "FOLDER", "-g", "web=1", "--strategy", "binpack:disk"),
        ["web.strategies[0] binpack: argument: is 'disk'; must be one of cpu, memory"],
    ),
    (
        ("place", "FOLDER", "-g", "web=1", "-g", "batch=1", "--strategy", "random"),
        ["--strategy: is given for 2 groups; needs exactly one --group"],
    ),
    (
        ("place", "FOLDER", "--figure", "FOLDER/a.gif"),
        ["--figure: 'FOLDER/a.gif' is neither SVG nor PNG; must end in .svg or"],
    ),
    (
        ("place", "FOLDER", "--figure", "FOLDER/no/a.png"),
        ["--figure: the folder 'FOLDER/no' does not exist; make it first"],
    ),
    (
        ("place", "FOLDER", "-g", "web=1", "--save-request", "FOLDER/no/r.json"),
        ["--save-request: the folder 'FOLDER/no' does not exist; make it first"],
    ),
    (("place", "--request", "FOLDER/no.json"), ["FOLDER/no.json: cannot be read (No such file or directory)"]),
    (("place", "--request", "FOLDER/cut.json"), ["FOLDER/cut.json"]),
    (("place", "FOLDER", "--request", "FOLDER/cut.json"), ["--request: holds the cluster and all that is asked of it"]),
    (
        ("place", "FOLDER", "-g", "web=x", "-g", "bat=1", "--time-limit", "1", "--constraint", "", "--constraint", ":"),
        [
            "--group: COUNT of web is 'x'",
            "--constraint: '' has no type",
            "--constraint: ':' has no type",
            "--constraint: is given for 2 groups",
            "--time-limit: is '1'",
            "bat: is not a group of the cluster; did you mean 'batch'?",
        ],
    ),
]


@pytest.mark.parametrize(("arguments", "messages"), BAD, ids=[" ".join(a)[:60] for a, _ in BAD])
def test_bad_input(run: Run, tables: Path, arguments: tuple[str, ...], messages: list[str]) -> None:
    """Bad input ends with 2 and one line a fault on standard error: what is wrong, and what would be right."""
    (tables / "empty").mkdir()
    (tables / "cut.json").write_text('{"cluster": {"instances": [', encoding="utf-8")
    answer = run(*(argument.replace("FOLDER", str(tables)) for argument in arguments))
    assert answer.exit_code == 2
    assert answer.stdout == ""
    lines = answer.stderr.splitlines()
    assert len(lines) == len(messages)
    for line, message in zip(lines, messages, strict=True):
        assert line.startswith("error: " + message.replace("FOLDER", str(tables)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--engine", "magic"), "--engine: is 'magic'; must be one of auto"),
        (("--output", "xml"), "--output: is 'xml'; must be one of"),
        (("--seed", "x"), "--seed: is 'x'; must be a whole"),
        (("--stopping", "gone"), "--stopping: is 'gone'; must be one of held, free"),
        (("--speed", "1"), "--speed: is not an option of"),
    ],
)
def test_options_that_are_none(run: Run, tables: Path, arguments: tuple[str, ...], message: str) -> None:
    """An unknown option or choice ends with 2, and names the choices."""
    answer = run("place", tables, "--group", "web=1", *arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert message in answer.stderr


def test_ten_million_tasks(run: Run, tables: Path) -> None:
    """The largest count is answered: what fits is placed, the others are a shortfall."""
    answer = run("place", tables, "--group", "web=10000000", "--time-limit", "3s")
    assert answer.exit_code == 3
    assert answer.stdout.startswith("Placed 6 of 10,000,000 tasks")


def test_an_empty_cluster(run: Run, tables: Path) -> None:
    """A cluster without instances is a shortfall of everything, not an error."""
    header = (tables / "instances.csv").read_text(encoding="utf-8").splitlines()[0]
    (tables / "instances.csv").write_text(header + "\n", encoding="utf-8")
    (tables / "running.csv").unlink()
    answer = run("place", tables, "--group", "web=2", "--figure", tables / "empty.svg")
    assert (answer.exit_code, answer.stdout[:19]) == (3, "Placed 0 of 2 tasks")


def test_a_group_with_no_instance(run: Run, tables: Path) -> None:
    """A group that no instance may hold gets its funnel down to none."""
    answer = run("place", tables, "-g", "web=2", "--constraint", "memberOf:attribute:stack == none")
    assert (answer.exit_code, "0 of 2" in answer.stdout) == (3, True)
    assert "MemberOf placement" in answer.stdout


def test_why_and_prices_come_below_the_answer(run: Run, tables: Path) -> None:
    """--why has a sentence for each start, --prices what the rules cost; with JSON neither has a form: both are refused."""
    shown = run("place", tables, "--group", "web=2", "--constraint", "distinctInstance", "--why", "--prices").stdout
    assert shown.index("Placed all 2 tasks") < shown.index("Why there") < shown.index("What each rule costs")
    assert "instances could take one before the plan" in " ".join(shown.split())
    assert "without which no better plan was found" in " ".join(shown.split())
    refused = run("place", tables, "--group", "web=2", "-o", "json", "--why", "--prices")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--why: has no form in -o json" in refused.stderr
    assert "--prices: has no form in -o json" in refused.stderr


def test_a_constraint_on_what_is_nowhere_is_warned_of(run: Run, tables: Path) -> None:
    """A memberOf of the command line that names an attribute no instance has gives a warning, and else none."""
    arguments = ("place", tables, "-g", "batch=1", "-o", "csv", "--constraint")
    wrong = run(*arguments, "memberOf:attribute:stak == dev")
    assert (wrong.exit_code, wrong.stderr) == (
        3,
        "warning: no instance has attribute 'stak'; did you mean 'stack'?\n",
    )
    assert run(*arguments, "memberOf:attribute:stack == dev").stderr == ""


def test_a_request_that_is_only_validated(run: Run, tables: Path) -> None:
    """With validateOnly a sound request is told so on standard error and nothing is placed; a bad one is refused."""
    path = tables / "request.json"
    run("place", tables, "--group", "web=5", "--save-request", path, "-o", "csv")
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(document | {"validateOnly": True}), encoding="utf-8")
    answer = run("place", "--request", path, "-o", "json")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "", "the request is valid\n")
    for more, message in (
        (("--seed", "-1"), "error: --seed: "),
        (("--deterministic-limit", "-1"), "error: --deterministic-limit: "),
        (("--rule", "nonsense:1"), "error: --rule nonsense:1: "),
    ):
        refused = run("place", "--request", path, *more)
        assert (refused.exit_code, refused.stdout, refused.stderr[: len(message)]) == (2, "", message)
    document["groups"][0]["constraints"] = [{"type": "nonsense"}]
    path.write_text(json.dumps(document | {"validateOnly": True}), encoding="utf-8")
    refused = run("place", "--request", path)
    assert (refused.exit_code, "web.constraints[0]" in refused.stderr) == (2, True), refused.stderr


def test_a_request_file_decides_about_reasons_and_its_label(run: Run, tables: Path) -> None:
    """What the file says of explaining and its label holds for the command too."""
    path = tables / "request.json"
    run("place", tables, "--group", "web=7", "--save-request", path, "-o", "csv")
    document = json.loads(path.read_text(encoding="utf-8"))
    for explain in (True, False):
        path.write_text(json.dumps(document | {"explain": explain, "label": "mine"}), encoding="utf-8")
        answer = json.loads(run("place", "--request", path, "-o", "json").stdout)
        assert (bool(answer["shortfalls"]), answer["label"]) == (explain, "mine")


def test_rules_of_the_whole_cluster(run: Run, tables: Path) -> None:
    """--rule adds a rule of the cluster to tables and to a request file: what it forbids is not placed."""
    path = tables / "request.json"
    saved = run("place", tables, "--group", "web=6", "--save-request", path)
    assert saved.exit_code == 0
    for source in ((tables, "--group", "web=6"), ("--request", path)):
        loose = run("place", *source, "--rule", "reserve:memory,512")
        tight = run("place", *source, "--rule", "reserve:memory,512", "--rule", "reserve:cpu,1024")
        assert (loose.exit_code, tight.exit_code) == (0, 3)


def test_rules_of_the_whole_cluster_that_are_none(run: Run, tables: Path) -> None:
    """A --rule that cannot be read is named as it was written; all of them at once."""
    rules = ("--rule", "nonsense:1", "--rule", "reserve:memory,512", "--rule", "reserve:memory")
    answer = run("place", tables, "--group", "web=1", *rules)
    assert (answer.exit_code, answer.stdout) == (2, "")
    first, second = answer.stderr.splitlines()
    assert first.startswith("error: --rule nonsense:1: ")
    assert second.startswith("error: --rule reserve:memory: ")


@pytest.mark.parametrize("output", ["csv", "json", "table"])
def test_a_zone_that_loses_its_targets_is_warned_of(run: Run, tmp_path: Path, output: str) -> None:
    """Whatever the form of the answer; with CSV and JSON on standard error."""
    documents = Documents().instance("a", zone="a").instance("b", zone="b").definition("web:1")
    registered = {"targetGroupArn": "tg", "containerName": "main", "containerPort": 80}
    documents.service("web", "web:1", loadBalancers=[registered])
    for name in ("a", "b"):
        documents.task(f"t{name}", "service:web", "web:1", name)
    folder = write(tmp_path / "cluster", documents.files())
    found = run("terminate", folder, "--group", "service:web=1", "-o", output)
    said = found.stdout if output == "table" else found.stderr
    assert "service:web, target group tg: no task is left in " in said
    assert ("no task is left" in found.stdout) is (output != "csv")


def test_the_hint_of_a_request_file_is_offered(run: Run, tmp_path: Path) -> None:
    """A plan that the file holds is judged by the checker; one that it refuses is ignored with a warning."""
    request = {
        "cluster": {"resources": ["cpu"], "instances": [{"id": "a", "capacity": [4], "free": [4]}]},
        "groups": [{"name": "web", "demand": {"cpu": 2}, "start": 1}],
        "hint": [{"group": "web", "instance": "a", "count": 3}],
    }
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request))
    found = run("place", "--request", path, "-o", "json")
    assert found.exit_code == 0
    (warning,) = json.loads(found.stdout)["warnings"]
    assert warning.startswith("the hint was ignored, since the checker refuses it: ")
