"""Hostile ECS documents: each refused by the class of its fault, at the file and the path of the field."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from solver.errors import InvalidRequest, UnreadableDocument
from solver.formats.ecs import read
from tests.formats.ecs.documents import write
from tests.formats.ecs.test_fuzz import rich, use

I0, I1 = (f"container-instances.json[0].containerInstances[{k}]" for k in range(2))
T0, T1, T3 = (f"tasks.json[0].tasks[{k}]" for k in (0, 1, 3))
D0, D1 = (f"task-definitions.json[{k}].taskDefinition" for k in range(2))
S0, S1 = (f"services.json[0].services[{k}]" for k in range(2))
GONE = object()
"""In the place of a value: the field is taken away."""
Entry = tuple[str, str, Any, tuple[str, ...]]

BYTES = [
    ("an empty file", "tasks.json", b"", "tasks.json: line 1, column 1"),
    ("white space", "tasks.json", b" \n ", "tasks.json: line 2, column 2"),
    ("zeros", "tasks.json", bytes(1_000), "tasks.json: line 1, column 1"),
    ("a byte of 255", "services.json", b"\xff", "services.json"),
    ("a byte-order mark alone", "tasks.json", b"\xef\xbb\xbf", "tasks.json: line 1, column 1"),
    ("UTF-16 cut in the middle of a character", "tasks.json", "[1]".encode("utf-16")[:-1], "tasks.json"),
    ("UTF-32 of no characters", "tasks.json", b"\xff\xfe\x00\x00\xff\xff\xff\xff", "tasks.json"),
    ("not UTF-8", "tasks.json", b'{"tasks": ["\xc0\x80"]}', "tasks.json"),
    ("not-a-number", "tasks.json", b'{"tasks": NaN}', "tasks.json"),
    (
        "an infinite amount",
        "container-instances.json",
        b'{"containerInstances": [Infinity]}',
        "container-instances.json",
    ),
    ("infinity", "tasks.json", b'{"tasks": [-Infinity]}', "tasks.json"),
    ("a number of 5,000 digits", "tasks.json", b'{"tasks": ' + b"9" * 5_000 + b"}", "tasks.json"),
    ("100,000 lists inside each other", "tasks.json", b"[" * 100_000, "tasks.json"),
    ("100,000 objects inside each other", "tasks.json", b'{"a":' * 100_000, "tasks.json"),
    ("a list of lists", "tasks.json", b"[[[]]]", "tasks.json[0]"),
    ("a text", "tasks.json", b'"tasks"', "tasks.json"),
    ("null", "tasks.json", b"null", "tasks.json"),
    ("single quotes", "tasks.json", b"{'tasks': []}", "tasks.json: line 1, column 2"),
    ("a comma too many", "tasks.json", b'{"tasks": [],}', "tasks.json: line 1, column 14"),
    ("two documents", "tasks.json", b'{"tasks": []}{"tasks": []}', "tasks.json: line 1, column 14"),
    ("a control character in a text", "tasks.json", b'{"tasks": ["\n"]}', "tasks.json: line 1, column 13"),
    ("an error of the service", "tasks.json", b'{"__type": "AccessDeniedException"}', "tasks.json"),
    ("another file's answer", "tasks.json", b'{"services": []}', "tasks.json"),
    ("one page of another call", "tasks.json", b'[{"tasks": []}, {"clusters": []}]', "tasks.json[1]"),
    ("a member of another case", "tasks.json", b'{"Tasks": []}', "tasks.json"),
    ("a broken file that need not be there", "task-protection.json", b"{", "task-protection.json: line 1, column 2"),
    ("a snapshot that is a list", "snapshot.json", b"[0]", "snapshot.json[0]"),
]

REFUSED: list[Entry] = [
    ("instances that are an object", "container-instances.json[0].containerInstances", {}, ()),
    ("an instance that is a text", I0, "arn", ()),
    ("an instance that is null", I0, None, ()),
    ("an instance that is a list", I0, [[]], ()),
    ("an instance without an ARN", f"{I0}.containerInstanceArn", GONE, ()),
    ("an instance whose ARN is empty", f"{I0}.containerInstanceArn", "", ()),
    ("an instance whose ARN is a number", f"{I0}.containerInstanceArn", 7, ()),
    ("an instance whose ARN is a list of itself", f"{I0}.containerInstanceArn", [I0], ()),
    ("an instance whose ARN has half of a surrogate pair", f"{I0}.containerInstanceArn", "arn\ud800", ()),
    (
        "an instance twice",
        f"{I1}.containerInstanceArn",
        "arn:aws:ecs:us-east-1:111122223333:container-instance/test/a",
        (),
    ),
    ("an EC2 id that is an object", f"{I0}.ec2InstanceId", {}, ()),
    ("a status that is a number", f"{I0}.status", 1, ()),
    ("a flag that is a text", f"{I0}.agentConnected", "true", ()),
    ("a flag that is a number", f"{I0}.agentConnected", 1, ()),
    ("versions that are a text", f"{I0}.versionInfo", "1.98.0", ()),
    ("a version that is a number", f"{I0}.versionInfo.agentVersion", 1.98, ()),
    ("a moment that is none", f"{I0}.registeredAt", "yesterday", ()),
    ("a moment of 10^300", f"{I0}.registeredAt", 1e300, ()),
    ("a moment that is a flag", f"{I0}.registeredAt", True, ()),
    ("tasks that are negative", f"{I0}.runningTasksCount", -1, ()),
    ("tasks that are a fraction", f"{I0}.runningTasksCount", 0.5, ()),
    ("tasks of 10^40", f"{I0}.runningTasksCount", 10**40, ()),
    ("resources that are an object", f"{I0}.registeredResources", {}, ()),
    ("a resource that is null", f"{I0}.registeredResources[0]", None, ()),
    ("a resource without a name", f"{I0}.registeredResources[0].name", GONE, ()),
    ("a resource of an unknown type", f"{I0}.registeredResources[0].type", "FLOAT", ()),
    ("a resource twice", f"{I0}.registeredResources[1].name", "CPU", (f"{I0}.registeredResources",)),
    ("no CPU", f"{I0}.registeredResources[0].name", "X", (f"{I0}.registeredResources", f"{I0}.remainingResources")),
    ("CPU that is negative", f"{I0}.registeredResources[0].integerValue", -1, ()),
    ("CPU of 10^12 + 1", f"{I0}.registeredResources[0].integerValue", 10**12 + 1, ()),
    ("CPU that is a text", f"{I0}.registeredResources[0].integerValue", "many", ()),
    ("CPU of 19 digits as a text", f"{I0}.registeredResources[0].integerValue", "1" * 19, ()),
    ("CPU in other digits", f"{I0}.registeredResources[0].integerValue", "１２", ()),
    ("more CPU left than there is", f"{I0}.remainingResources[0].integerValue", 2049, (f"{I0}.remainingResources",)),
    (
        "a port that is no number",
        f"{I0}.remainingResources[2].stringSetValue",
        ["ssh"],
        (f"{I0}.remainingResources[2].stringSetValue[0]",),
    ),
    (
        "a port of 65,536",
        f"{I0}.remainingResources[2].stringSetValue",
        ["65536"],
        (f"{I0}.remainingResources[2].stringSetValue[0]",),
    ),
    (
        "ports that are numbers",
        f"{I0}.remainingResources[2].stringSetValue",
        [22],
        (f"{I0}.remainingResources[2].stringSetValue[0]",),
    ),
    ("ports that are a text", f"{I0}.remainingResources[2].stringSetValue", "22", ()),
    ("attributes that are an object", f"{I0}.attributes", {"zone": "a"}, ()),
    ("an attribute without a name", f"{I0}.attributes[0].name", "", ()),
    ("an attribute whose value is a number", f"{I0}.attributes[0].value", 7, ()),
    ("tasks that are an object", "tasks.json[0].tasks", {}, ()),
    ("a task that is a number", T0, 7, ()),
    ("a task without an ARN", f"{T0}.taskArn", GONE, ()),
    ("a task twice", f"{T1}.taskArn", "arn:aws:ecs:us-east-1:111122223333:task/test/t1", ()),
    ("a task whose group is a list", f"{T0}.group", ["service:web"], ()),
    ("a task without a revision", f"{T0}.taskDefinitionArn", GONE, ()),
    ("a task whose status is an object", f"{T0}.desiredStatus", {}, ()),
    ("a task that started at no moment", f"{T0}.startedAt", "2026-02-30T00:00:00Z", ()),
    ("a task on an instance that is a number", f"{T0}.containerInstanceArn", 1, ()),
    ("definitions that are a list", D0, [], ()),
    ("a definition that is null", D0, None, ()),
    ("a definition without an ARN", f"{D0}.taskDefinitionArn", GONE, ()),
    (
        "a definition twice",
        f"{D1}.taskDefinitionArn",
        "arn:aws:ecs:us-east-1:111122223333:task-definition/web:1",
        (D1,),
    ),
    (
        "containers of a definition that are an object",
        f"{D0}.containerDefinitions",
        {},
        (f"{D0}.containerDefinitions", f"{D0}.containerDefinitions"),
    ),
    (
        "a container that is null",
        f"{D0}.containerDefinitions[0]",
        None,
        (f"{D0}.containerDefinitions[0]", f"{D0}.containerDefinitions"),
    ),
    ("a container whose CPU is negative", f"{D0}.containerDefinitions[0].cpu", -1, ()),
    ("a container whose memory is 10^300", f"{D0}.containerDefinitions[0].memory", 1e300, ()),
    ("a container whose memory is a list", f"{D0}.containerDefinitions[0].memory", [512], ()),
    ("a host port of 65,536", f"{D1}.containerDefinitions[0].portMappings[0].hostPort", 65_536, ()),
    ("a container port that is a text", f"{D1}.containerDefinitions[0].portMappings[0].containerPort", "http", ()),
    ("a protocol that is none", f"{D1}.containerDefinitions[0].portMappings[0].protocol", "sctp", ()),
    ("GPUs that are no number", f"{D1}.containerDefinitions[0].resourceRequirements[0].value", "one", ()),
    ("a network mode that is a number", f"{D1}.networkMode", 1, ()),
    ("a constraint of a definition that is a number", f"{D1}.placementConstraints[0].expression", 5, ()),
    ("tags that are an object", "task-definitions.json[1].tags", {"placement:priority": "3"}, ()),
    ("services that are a number", "services.json[0].services", 1, ()),
    ("a service that is a list", S0, [], ()),
    ("a service twice", f"{S1}.serviceName", "web", (f"{S1}.serviceArn",)),
    ("a desired count that is negative", f"{S0}.desiredCount", -1, ()),
    ("a desired count that is a text of letters", f"{S0}.desiredCount", "all", ()),
    ("a strategy that is a text", f"{S1}.placementStrategy[0]", "spread", ()),
    ("six strategies", f"{S1}.placementStrategy", [{"type": "random"}] * 6, ()),
    ("eleven constraints", f"{S1}.placementConstraints", [{"type": "distinctInstance"}] * 11, ()),
    ("subnets that are a text", f"{S1}.networkConfiguration.awsvpcConfiguration.subnets", "s1", ()),
    ("a network configuration that is a list", f"{S1}.networkConfiguration", [], ()),
    ("a scheduling that is none", f"{S0}.schedulingStrategy", "SOMETIMES", ()),
    ("deployments that are an object", f"{S0}.deployments", {}, ()),
    ("a provider that is a number", f"{S1}.capacityProviderStrategy[0].capacityProvider", 7, ()),
    ("a weight that is negative", f"{S1}.capacityProviderStrategy[0].weight", -1, ()),
    ("protected tasks that are a flag", "task-protection.json.protectedTasks", True, ()),
    ("a protection that is a text", "task-protection.json.protectedTasks[0].protectionEnabled", "true", ()),
    ("a protection until no moment", "task-protection.json.protectedTasks[0].expirationDate", "soon", ()),
    ("clusters that are a text", "cluster.json.clusters", "test", ()),
    ("a cluster whose name is a list", "cluster.json.clusters[0].clusterName", ["test"], ()),
    ("failures that are a text", "tasks.json[0].failures", "none", ()),
]
"""Name, the place that differs, its value, and the paths of the faults where it is not that of the place."""

READ = [
    ("a port of 0", f"{I0}.remainingResources[2].stringSetValue", ["0"]),
    ("a task without a group", f"{T0}.group", GONE),
    (
        "a task of an unknown revision",
        f"{T0}.taskDefinitionArn",
        "arn:aws:ecs:us-east-1:111122223333:task-definition/web:9",
    ),
    ("a task whose CPU is a text of letters", f"{T3}.containers[0].cpu", "x"),
    ("containers that are a text", f"{T0}.containers", "main"),
    ("a definition without a family", f"{D0}.family", GONE),
    ("a revision of 0", f"{D0}.revision", 0),
    ("a revision that is negative", f"{D0}.revision", -1),
    ("a revision of 10^40", f"{D0}.revision", 10**40),
    ("a revision that is a text of letters", f"{D0}.revision", "latest"),
    ("a constraint of a definition without an expression", f"{D1}.placementConstraints[0].expression", GONE),
    ("a priority that is no number", "task-definitions.json[1].tags[0].value", "high"),
    ("a service without a name", f"{S0}.serviceName", GONE),
    ("a service of an unknown revision", f"{S0}.taskDefinition", "none:1"),
    ("a desired count of ten million and one", f"{S0}.desiredCount", 10_000_001),
    ("a strategy of an unknown type", f"{S1}.placementStrategy[0].type", "binpak"),
    ("a constraint of an unknown type", f"{S1}.placementConstraints[0].type", "sameInstance"),
    ("a broken expression", f"{S1}.placementConstraints[1].expression", "attribute:x =="),
    ("an expression of a megabyte", f"{S1}.placementConstraints[1].expression", "(" * 2**20),
    ("providers that are null in a list", "capacity-providers.json.capacityProviders", [None]),
]
"""What is set aside with a warning, is not needed, or is refused only once tasks are asked for that it concerns."""


def changed(folder: Path, path: str, value: Any) -> Path:
    """A directory in which one place differs."""
    files = copy.deepcopy(rich())
    name, keys = re.fullmatch(r"([a-z-]+\.json)(.*)", path).groups()
    *before, last = [int(key) if key.isdigit() else key for key in re.findall(r"\w+", keys)]
    holder = files[name]
    for key in before:
        holder = holder[key]
    if value is GONE:
        del holder[last]
    else:
        holder[last] = value
    return write(folder, files)


@pytest.mark.parametrize(("file", "content", "path"), [entry[1:] for entry in BYTES], ids=[entry[0] for entry in BYTES])
def test_a_hostile_file_is_unreadable(tmp_path: Path, file: str, content: bytes, path: str) -> None:
    """By UnreadableDocument, with the file and where there is one the line and the column."""
    (write(tmp_path, rich()) / file).write_bytes(content)
    with pytest.raises(UnreadableDocument) as refused:
        read(tmp_path)
    assert (type(refused.value), [fault.path for fault in refused.value.faults]) == (UnreadableDocument, [path])


@pytest.mark.parametrize(
    ("path", "value", "paths"), [entry[1:] for entry in REFUSED], ids=[entry[0] for entry in REFUSED]
)
def test_a_hostile_field_is_an_invalid_request(tmp_path: Path, path: str, value: Any, paths: tuple[str, ...]) -> None:
    """By InvalidRequest, at the field's own path."""
    with pytest.raises(InvalidRequest) as refused:
        read(changed(tmp_path, path, value))
    assert (type(refused.value), [fault.path for fault in refused.value.faults]) == (
        InvalidRequest,
        list(paths or [path]),
    )
    assert len(str(refused.value)) < 2_000


@pytest.mark.parametrize(("path", "value"), [entry[1:] for entry in READ], ids=[entry[0] for entry in READ])
def test_a_field_that_looks_hostile_is_read(tmp_path: Path, path: str, value: Any) -> None:
    """And every group can be asked for, or is refused by an error of ours."""
    cluster = read(changed(tmp_path, path, value))
    assert cluster.problem.cluster.size == 2
    use(cluster)


def test_each_has_a_name_of_its_own() -> None:
    """Names tell the inputs apart."""
    names = [entry[0] for entry in (*BYTES, *REFUSED, *READ)]
    assert len(set(names)) == len(names) >= 120
