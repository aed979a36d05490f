"""Documents with a member dropped or replaced: read, or refused by an error of ours, never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from solver.errors import PlacementSolverError
from solver.formats.ecs import EcsCluster, read
from tests.formats.ecs.documents import container, member_of, port, small, write

STRANGE: list[Any] = [
    *(None, True, 0, -1, 7, 1.5, 1e300, 10**40, "", "x", "-9", "\ud800", "é", "a" * 300),
    *([], {}, [None], [[]], ["x"], [0], {"x": 1}, [{}], [{"name": 1, "type": [], "key": {}}]),
]


def rich() -> dict[str, Any]:
    """A directory that uses as many members as there are."""
    interface = {"type": "ElasticNetworkInterface", "details": [{"name": "subnetId", "value": "s1"}]}
    gpu = {"name": "GPU", "type": "STRINGSET", "stringSetValue": ["g0"]}
    documents = small().instance("b", custom={"ecs.subnet-id": "s1"}, registered=[gpu], remaining=[gpu])
    documents.definition(
        "net:1",
        container(portMappings=[port(80, 80)], resourceRequirements=[{"type": "GPU", "value": "1"}]),
        networkMode="awsvpc",
        placementConstraints=member_of("attribute:x == 1"),
        requiresAttributes=[{"name": "cap", "value": "v"}],
        runtimePlatform={"cpuArchitecture": "X86_64"},
        tags={"placement:priority": "3"},
    )
    documents.service(
        "net",
        "net:1",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["s1"]}},
        capacityProviderStrategy=[{"capacityProvider": "p", "weight": 1, "base": 1}],
        placementStrategy=[{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "random"}],
        placementConstraints=[{"type": "distinctInstance"}, *member_of("task:group == service:web")],
        deploymentController={"type": "ECS"},
        events=[{"createdAt": "2026-10-01T00:00:00Z"}],
        tags={"placement:priority": "3"},
    )
    documents.task("t2", "service:net", "net:1", "b", attachments=[interface], availabilityZone="us-east-1a")
    own = {"cpu": "100", "containerOverrides": [{"name": "main", "cpu": 10}]}
    documents.task("t3", "service:net", "net:1", "b", desired="STOPPED", overrides=own)
    bound = [{"name": "main", "gpuIds": ["g0"], "networkBindings": [{"hostPort": 80, "protocol": "tcp"}]}]
    documents.task("t4", "family:old", "old:1", "b", desired="STOPPED", containers=bound)
    documents.protect("t1", "2026-11-01T13:00:00Z")
    documents.more["cluster.json"] = {
        "clusters": [{"clusterName": "test", "defaultCapacityProviderStrategy": [{"capacityProvider": "p"}]}]
    }
    documents.more["capacity-providers.json"] = {"capacityProviders": [{"name": "p"}]}
    return documents.files()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def changed(file: Any, path: tuple[Any, ...], value: Any, *, drop: bool) -> Any:
    """A file's content with one place dropped or replaced."""
    file = copy.deepcopy(file)
    holder = file
    for key in path[:-1]:
        holder = holder[key]
    if drop:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return file


def use(cluster: EcsCluster) -> None:
    """Ask for every group, and print what was said, as the command would."""
    for group in cluster.problem.groups:
        try:
            cluster.request({group.name: 1})[1]
        except PlacementSolverError as refused:
            str(refused).encode()
    "\n".join(cluster.warnings).encode()


def survives(folder: Path, name: str, content: Any, path: tuple[Any, ...]) -> bool:
    """Whether it is read with one file changed; an error of ours is its other way to end."""
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    try:
        use(read(folder))
    except PlacementSolverError as refused:
        assert str(refused).encode(), (name, path)
        return False
    return True


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_a_member_is_replaced_or_dropped(tmp_path: Path, seed: int, drop: bool) -> None:
    """With a strange value in any place, or without what is there, documents are read or refused, nothing else."""
    files, random = rich(), Random(seed)
    write(tmp_path, files)
    outcomes = set()
    for name, content in files.items():
        found = list(places(content))
        for path in random.sample(found, min(40, len(found))):
            one = changed(content, path, random.choice(STRANGE), drop=drop)
            outcomes.add(survives(tmp_path, name, one, path))
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    assert outcomes == {True, False}


def test_a_file_is_cut_or_garbled(tmp_path: Path) -> None:
    """With bytes cut off or overwritten anywhere, documents are read or refused, nothing else."""
    random, files = Random(5), rich()
    for _ in range(60):
        folder = write(tmp_path, files)
        name = random.choice(sorted(files))
        content = json.dumps(files[name]).encode()
        at = random.randrange(len(content))
        cut = random.random() < 0.5
        (folder / name).write_bytes(content[:at] if cut else content[:at] + random.randbytes(2) + content[at + 2 :])
        try:
            use(read(folder))
        except PlacementSolverError as refused:
            assert str(refused)


def test_what_is_fuzzed_is_read(tmp_path: Path) -> None:
    """The documents before a change are in order."""
    cluster = read(write(tmp_path, rich()))
    assert len(cluster.problem.groups) == 2
