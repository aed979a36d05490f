"""Documents that are missing, broken, or say what cannot be: each refused with its file and path (§11)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from solver.errors import InvalidRequest, UnreadableDocument
from solver.formats.ecs import read
from tests.formats.ecs.documents import Documents, amount, container, instance_arn, small, strings, task_arn, write

FILES = ("container-instances.json", "tasks.json", "task-definitions.json", "services.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "cluster", small().files())


def refused(folder: Path) -> list[str]:
    with pytest.raises(InvalidRequest) as caught:
        read(folder)
    return [str(fault) for fault in caught.value.faults]


def test_a_file_is_one_answer_or_a_list_of_answers(tmp_path: Path) -> None:
    """Pages are joined; one answer alone is the same as a list of it; unknown fields are ignored."""
    documents = small().instance("b").definition("web:2")
    files = documents.files()
    pages = {
        **files,
        "container-instances.json": [{"containerInstances": [one], "new": {}} for one in documents.instances],
    }
    one = {name: content[0] if name != "task-definitions.json" else content for name, content in files.items()}
    clusters = [read(write(tmp_path / name, content)) for name, content in (("a", files), ("b", pages), ("c", one))]
    for cluster in clusters:
        assert cluster.problem.cluster.instance_ids == (instance_arn("a"), instance_arn("b"))
        assert cluster.problem.running.totals().tolist() == [1]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_byte_order_marks_are_read(folder: Path, encoding: str) -> None:
    """What PowerShell and some editors put in front is no fault."""
    for name in FILES:
        (folder / name).write_text((folder / name).read_text(encoding="utf-8"), encoding=encoding)
    assert read(folder).problem.cluster.size == 1


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named_with_the_call_that_makes_it(folder: Path, name: str) -> None:
    """Each of the four files that are needed is asked for with the call that prints it."""
    (folder / name).unlink()
    (said,) = refused(folder)
    assert said.startswith(f"{name}: is missing in {folder}; must be what `aws ecs describe-")


def test_a_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there, or a file in its place, is refused by its name."""
    with pytest.raises(UnreadableDocument, match="does not exist; must be a folder with container-instances.json"):
        read(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreadableDocument, match="is not a directory"):
        read(tmp_path / "file")


def test_a_truncated_file_tells_line_and_column(folder: Path) -> None:
    """A file that ends in the middle is refused with the line and the column where it does."""
    text = json.dumps(small().files()["tasks.json"], indent=1)
    (folder / "tasks.json").write_text(text[: len(text) // 2])
    (said,) = refused(folder)
    assert re.match(r"tasks.json: line \d+, column \d+: ", said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "tasks.json: line 1, column 1: the file ends in the middle"),
        ('[\n {"tasks" []}]', "tasks.json: line 2, column 11: is no JSON: Expecting ':' delimiter"),
        ('{"tasks": [NaN]}', "tasks.json: is no JSON: NaN is no number"),
        ("[" * 100_000, "tasks.json: is nested too deeply"),
        ('{"tasks": [%s]}' % ("9" * 5000), "tasks.json: is no JSON: "),
        ("[[]]", "tasks.json[0]: is a list of 0; must be what `aws ecs describe-tasks` prints"),
        ("{}", "tasks.json: has no member tasks; must be what"),
        ('{"services": []}', "tasks.json: looks like services.json (`aws ecs describe-services`); must be what"),
        ('[{"tasks": []}, {"containerInstances": []}]', "tasks.json[1]: looks like container-instances.json"),
        ("7", "tasks.json: is 7; must be what"),
    ],
)
def test_a_file_that_is_no_such_answer(folder: Path, text: str, said: str) -> None:
    """What is malformed, nested too deeply or of another kind is refused by its file."""
    (folder / "tasks.json").write_text(text)
    assert refused(folder)[0].startswith(said)


def test_a_file_that_is_no_text(folder: Path) -> None:
    """Bytes that are no UTF-8 are refused with the first wrong one."""
    (folder / "tasks.json").write_bytes(b'{"tasks": ["\xff"]}')
    assert refused(folder) == ["tasks.json: is not text: byte 13 is no utf-8; must be JSON in UTF-8"]


def test_all_unreadable_files_at_once(folder: Path) -> None:
    """Of several unreadable files each is named."""
    (folder / "tasks.json").write_text("{")
    (folder / "services.json").unlink()
    assert len(refused(folder)) == 2


def edit(change: Callable[[Documents], object]) -> Documents:
    documents = small()
    change(documents)
    return documents


def remaining(documents: Documents) -> list[Any]:
    return documents.instances[0]["remainingResources"]


def definition(documents: Documents) -> dict[str, Any]:
    return documents.definitions[0]["taskDefinition"]


I0 = "container-instances.json[0].containerInstances[0]"
T0 = "tasks.json[0].tasks[0]"
D0 = "task-definitions.json[0].taskDefinition"
S0 = "services.json[0].services[0]"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda d: remaining(d)[1].update(integerValue=1.5),
            f"{I0}.remainingResources[1].integerValue: is 1.5; must be a",
        ),
        (
            lambda d: remaining(d)[1].update(integerValue=10**13),
            f"{I0}.remainingResources[1].integerValue: is 10000000",
        ),
        (
            lambda d: remaining(d)[1].update(integerValue=9000),
            f"{I0}.remainingResources: has 9000 of MEMORY, and 4096 are",
        ),
        (lambda d: remaining(d)[0].pop("integerValue"), f"{I0}.remainingResources[0].integerValue: is missing"),
        (lambda d: remaining(d).pop(0), f"{I0}.remainingResources: has no CPU"),
        (
            lambda d: remaining(d)[0].update(type="FLOAT"),
            f'{I0}.remainingResources[0].type: is "FLOAT"; must be STRINGSET',
        ),
        (lambda d: remaining(d)[2].update(stringSetValue=["x"]), f"{I0}.remainingResources[2].stringSetValue[0]: is"),
        (
            lambda d: remaining(d)[2].update(stringSetValue=["70000"]),
            f"{I0}.remainingResources[2].stringSetValue[0]: is",
        ),
        (
            lambda d: d.instances[0]["registeredResources"][0].update(integerValue=-1),
            f"{I0}.registeredResources[0].integerValue: is -1; must be 0 to",
        ),
        (lambda d: d.instances[0].pop("registeredResources"), f"{I0}.registeredResources: is missing"),
        (lambda d: d.instances[0].update(registeredResources=[]), f"{I0}.registeredResources: has no CPU"),
        (lambda d: d.instances[0].pop("agentConnected"), f"{I0}.agentConnected: is missing"),
        (
            lambda d: d.instances[0].update(agentConnected="yes"),
            f'{I0}.agentConnected: is "yes"; must be true or false',
        ),
        (lambda d: d.instances[0].update(status="GONE"), f'{I0}.status: is "GONE"; must be one of ACTIVE, DRAINING'),
        (lambda d: d.instances[0].update(registeredAt="soon"), f'{I0}.registeredAt: is "soon"; must be an ISO 8601'),
        (lambda d: d.instances[0].update(attributes={}), f"{I0}.attributes: is an object of 0; must be a list"),
        (lambda d: d.instances[0].update(attributes=["a"]), f'{I0}.attributes[0]: is "a"; must be an object'),
        (lambda d: d.instances[0].update(runningTasksCount=-3), f"{I0}.runningTasksCount: is -3; must be 0 to"),
        (lambda d: d.instances[0].pop("containerInstanceArn"), f"{I0}.containerInstanceArn: is missing"),
        (lambda d: d.instances[0].update(ec2InstanceId="\ud800"), f"{I0}.ec2InstanceId: has half of a surrogate pair"),
        (lambda d: d.instance("a"), f"{I0[:-3]}[1].containerInstanceArn: '{instance_arn('a')}' is also at {I0}"),
        (
            lambda d: d.task("t1", "service:web", "web:1", "a"),
            f"{T0[:-3]}[1].taskArn: '{task_arn('t1')}' is also at {T0}",
        ),
        (lambda d: d.tasks[0].pop("lastStatus"), f"{T0}.lastStatus: is missing"),
        (lambda d: d.tasks[0].pop("desiredStatus"), f"{T0}.desiredStatus: is missing"),
        (lambda d: d.tasks[0].pop("taskDefinitionArn"), f"{T0}.taskDefinitionArn: is missing"),
        (
            lambda d: d.tasks[0].update(startedAt=1e300),
            f"{T0}.startedAt: is 1e+300; must be an ISO 8601 time or seconds",
        ),
        (lambda d: d.service("web", "web:1"), f"{S0[:-3]}[1].serviceArn: 'web' is already a service"),
        (lambda d: d.services[0].update(schedulingStrategy="SOME"), f'{S0}.schedulingStrategy: is "SOME"; must be'),
        (lambda d: d.services[0].update(desiredCount="many"), f'{S0}.desiredCount: is "many"; must be a whole number'),
        (
            lambda d: d.services[0].update(placementStrategy=[{"type": "random"}] * 6),
            f"{S0}.placementStrategy: has 6 rules; at most 5",
        ),
        (
            lambda d: d.services[0].update(placementConstraints=[{"expression": "x"}]),
            f"{S0}.placementConstraints[0].type: is missing",
        ),
        (lambda d: definition(d).update(memory=-5), f"{D0}.memory: is -5; must be 0 to"),
        (lambda d: definition(d).update(cpu="1 vCPU"), f'{D0}.cpu: is "1 vCPU"; must be a whole number'),
        (lambda d: definition(d).update(networkMode="mesh"), f'{D0}.networkMode: is "mesh"; must be one of awsvpc'),
        (lambda d: definition(d).update(containerDefinitions=[]), f"{D0}.containerDefinitions: is missing or empty"),
        (lambda d: definition(d).update(taskDefinitionArn="web"), f'{D0}.taskDefinitionArn: is "web"; must end in'),
        (
            lambda d: definition(d)["containerDefinitions"][0].update(portMappings=[{"hostPort": 70000}]),
            f"{D0}.containerDefinitions[0].portMappings[0].hostPort: is 70000; must be 0 to 65,535",
        ),
        (
            lambda d: definition(d)["containerDefinitions"][0].update(portMappings=[{"hostPort": 1, "protocol": "ip"}]),
            f'{D0}.containerDefinitions[0].portMappings[0].protocol: is "ip"; must be tcp or udp',
        ),
        (
            lambda d: d.definition("web:1", {"name": "main", "cpu": 1}),
            f"task-definitions.json[1].taskDefinition: web:1 is also at {D0} and differs; keep one of them",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_path(tmp_path: Path, change: Callable[[Documents], object], said: str) -> None:
    """File, JSON path, what is wrong and what would be right."""
    with pytest.raises(InvalidRequest) as caught:
        edit(change).read(tmp_path)
    assert [str(fault) for fault in caught.value.faults][0].startswith(said)


def test_all_faults_of_all_files_at_once(tmp_path: Path) -> None:
    """Faults in several files are told together."""
    documents = small()
    remaining(documents)[0]["integerValue"] = None
    documents.tasks[0]["lastStatus"] = 3
    definition(documents)["memory"] = "lots"
    documents.services[0]["desiredCount"] = -1
    with pytest.raises(InvalidRequest) as caught:
        documents.read(tmp_path)
    assert [fault.path.partition(".json")[0] for fault in caught.value.faults] == [
        "container-instances",
        "task-definitions",
        "services",
        "tasks",
    ]


def test_sums_beyond_2_53_are_refused(tmp_path: Path) -> None:
    """§11.2: no sum leaves 2^53."""
    documents = Documents()
    for n in range(10_000):
        disk = [amount("DISK", 10**12)]
        documents.instance(f"n{n}", registered=disk, remaining=disk)
    with pytest.raises(InvalidRequest, match=r"adds up to more than 2\^53 over the instances for DISK"):
        documents.read(tmp_path)


def test_a_task_definition_that_stands_twice_is_one(tmp_path: Path) -> None:
    """Two services of one task definition may have had it described twice."""
    assert len(small().definition("web:1").read(tmp_path).problem.groups) == 1


def test_moto_s_port_0_takes_no_port(tmp_path: Path) -> None:
    """Port 0 stands for any port."""
    documents = Documents().instance("a", used=["0", "22"])
    assert list(documents.read(tmp_path).problem.cluster.used_ports) == [("tcp", 22)]


def test_gpus_may_be_a_number(tmp_path: Path) -> None:
    """GPUs are ids of devices, or a count; in thousandths either way."""
    documents = Documents().instance("a", registered=[amount("GPU", 4)], remaining=[amount("GPU", 1)])
    ids = strings("GPU", ["g0", "g1"])
    documents.instance("b", registered=[ids], remaining=[strings("GPU", [])])
    snapshot = documents.read(tmp_path).problem.cluster
    assert snapshot.capacity[:, 2].tolist() == [4000, 2000] and snapshot.free[:, 2].tolist() == [1000, 0]


def test_an_amount_written_as_text_is_read_or_refused(tmp_path: Path) -> None:
    """White space around it is fine, of whatever kind; other text is refused."""
    for text, said in (
        ("\x1e56", 56),
        (" 56\n", 56),
        ("\u200756", 56),
        ("- 5", None),
        ("５６", None),
        ("1" * 19, None),
    ):
        documents = small().definition("own:1", container(cpu=text))
        if said is None:
            with pytest.raises(InvalidRequest, match="must be a whole number"):
                documents.read(tmp_path)
        else:
            cluster = documents.service("own", "own:1").read(tmp_path)
            assert cluster.problem.groups[cluster.problem.by_name["service:own"]].demand["cpu"] == said
