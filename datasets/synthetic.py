"""Seeded ECS clusters of any size: ``python -m datasets.synthetic DIR --instances 100 --services 20 --seed 1``.

Writes a cluster directory (container instances, tasks, task definitions, services, cluster), every running task on an
instance that its service's rules admit. The axes:

fill
    Share of the cluster's CPU units that running tasks take. Task sizes are scaled so that ``tasks_running`` tasks
    take it.
fragmentation
    0 to 100: where the free capacity is. With ``p`` the share of instances that would hold everything when each is
    95 % full, ``p + (1 - p) * fragmentation / 100`` of the instances are in use, evenly, or as few more as the
    sizes and rules of the tasks demand. At 0 what is free is whole empty instances, at 100 every instance has about the
    same share free.
tightness
    0 to 1. That share of the services carries constraints, and each of these may use ``1 - 0.8 * tightness`` of the
    instances (``memberOf`` over the attribute ``pool``). In turn they also carry ``distinctInstance``, an
    anti-affinity (``not(task:group == ...)``) to the constrained service before, or a static host port (the first and
    the last only where their tasks are at most half as many as their instances).

A task that finds no room under its rules does not run; its service then wants it (``runningCount`` below
``desiredCount``).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.ecs_documents import REGION, Document, arn, pages, task_definition, write
from datasets.ecs_instances import SHAPES, Occupancy, container_instance
from datasets.ecs_tasks import deployment, deployment_id, service, task
from solver.errors import Fault, InvalidRequest

DEFAULT_MIX: Mapping[str, float] = {"m5.large": 4, "m5.xlarge": 3, "c5.xlarge": 2, "r5.large": 1}
CLUSTER = "synthetic"
POOLS = 20
"""Values of the attribute ``pool``, evenly spread over the instances."""

PACKED = 0.95
"""How full an instance is counted at fragmentation 0."""

SELECTIVITY = 0.8
_CPU_GRID = 16
_FIRST_PORT = 10000
_STRATEGIES: tuple[list[dict[str, str]], ...] = (
    [{"type": "spread", "field": "attribute:ecs.availability-zone"}],
    [{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "binpack", "field": "memory"}],
    [],
    [{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "spread", "field": "instanceId"}],
    [{"type": "binpack", "field": "cpu"}],
    [{"type": "random"}],
)


@dataclass(frozen=True, eq=False)
class _Instances:
    """Columns over ``I`` instances: type, zone, pool, and CPU units and MiB as ``int64[I, 2]``."""

    types: list[str]
    zones: list[str]
    pools: NDArray[np.int64]
    capacity: NDArray[np.int64]


@dataclass(eq=False)
class _Service:
    """A service: what a task takes, how many are wanted, its rules, and where its tasks run."""

    name: str
    cpu: int
    memory: int
    wanted: int
    pools: list[int] = field(default_factory=list)
    distinct: bool = False
    avoids: str | None = None
    port: int = 0
    places: list[int] = field(default_factory=list)


def generate(
    directory: Path,
    *,
    instances: int,
    services: int,
    zones: int = 3,
    tasks_running: int | None = None,
    mix: Mapping[str, float] | None = None,
    fill: float = 0.5,
    fragmentation: float = 50.0,
    tightness: float = 0.3,
    seed: int = 0,
) -> int:
    """Write a cluster directory and return how many tasks run in it.

    Parameters
    ----------
    instances, services
        At least one of each.
    zones
        1 to 6; instances take them in turn.
    tasks_running
        By default five for each instance; at least one for each service.
    mix
        Weight of each instance type (see ``datasets.ecs_instances.SHAPES``); counts are as near to it as whole
        instances allow.
    fill, fragmentation, tightness
        The axes above.

    Raises
    ------
    InvalidRequest
        If a value is out of its range, or ``tasks_running`` tasks cannot take ``fill`` of the cluster.
    """
    wanted = 5 * instances if tasks_running is None else tasks_running
    mix = DEFAULT_MIX if mix is None else mix
    _validate(instances, services, zones, wanted, mix, fill, fragmentation, tightness)
    draw = np.random.default_rng(seed)
    columns = _draw_instances(draw, instances, zones, mix)
    drawn = _draw_services(draw, columns, services, wanted, fill)
    _constrain(draw, drawn, columns, tightness)
    _run(draw, drawn, columns, fill, fragmentation)
    _write(Path(directory), columns, drawn)
    return sum(len(one.places) for one in drawn)


def _validate(
    instances: int,
    services: int,
    zones: int,
    wanted: int,
    mix: Mapping[str, float],
    fill: float,
    fragmentation: float,
    tightness: float,
) -> None:
    faults = [
        Fault(name, f"{value} is out of range", f"give {lowest} to {highest}")
        for name, value, lowest, highest in (
            ("instances", instances, 1, 1_000_000),
            ("services", services, 1, 1_000_000),
            ("zones", zones, 1, 6),
            ("tasks_running", wanted, services, 10_000_000),
            ("fill", fill, 0.01, 0.95),
            ("fragmentation", fragmentation, 0, 100),
            ("tightness", tightness, 0, 1),
        )
        if not lowest <= value <= highest
    ]
    for name, weight in mix.items():
        if name not in SHAPES:
            faults.append(Fault(f"mix.{name}", "is not an instance type known here", f"use one of {', '.join(SHAPES)}"))
        elif not weight > 0:
            faults.append(Fault(f"mix.{name}", f"{weight} is no weight", "give a number above 0"))
    if not mix:
        faults.append(Fault("mix", "names no instance type", f"use one of {', '.join(SHAPES)}"))
    if faults:
        raise InvalidRequest(faults)


def _shares(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole numbers in proportion to the weights that sum to ``total``: largest remainders, ties to the first."""
    exact = total * weights / weights.sum()
    result: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    first = np.argsort(result - exact, kind="stable")[: total - int(result.sum())]
    result[first] += 1
    return result


def _draw_instances(draw: np.random.Generator, count: int, zones: int, mix: Mapping[str, float]) -> _Instances:
    names = list(mix)
    counts = _shares(count, np.array([mix[name] for name in names], dtype=np.float64))
    kinds = draw.permutation(np.repeat(np.arange(len(names)), counts))
    types = [names[kind] for kind in kinds]
    return _Instances(
        types=types,
        zones=[f"{REGION}{'abcdef'[number % zones]}" for number in range(count)],
        pools=draw.permutation(np.arange(count) % POOLS),
        capacity=np.array([(SHAPES[name].cpu, SHAPES[name].memory) for name in types], dtype=np.int64),
    )


def _draw_services(
    draw: np.random.Generator, columns: _Instances, services: int, wanted: int, fill: float
) -> list[_Service]:
    """Task counts (log-normal), then CPU in the ratio 1:2:4:8 and memory below the cluster's own MiB per CPU unit."""
    counts = 1 + _shares(wanted - services, draw.lognormal(0.0, 0.6, services))
    sizes = draw.choice([1.0, 2.0, 4.0, 8.0], services)
    total = columns.capacity.sum(axis=0)
    smallest = columns.capacity.min(axis=0)
    cpu = sizes * (fill * total[0] / (counts @ sizes))
    cpu = np.maximum(_CPU_GRID, np.round(cpu / _CPU_GRID) * _CPU_GRID)
    cpu = np.minimum(cpu, smallest[0])
    if abs(counts @ cpu / total[0] - fill) > 0.05:
        raise InvalidRequest.at(
            "tasks_running",
            f"{wanted} tasks of {_CPU_GRID} to {smallest[0]} CPU units cannot take {fill:.0%} of {total[0]} units",
            "change tasks_running, fill or the number of instances",
        )
    ratio = draw.choice([0.4, 0.6, 0.8], services) * total[1] / total[0]
    memory = np.clip(np.round(cpu * ratio / 32) * 32, 32, smallest[1])
    return [
        _Service(f"s{n:04d}", cpu=int(cpu[n]), memory=int(memory[n]), wanted=int(counts[n])) for n in range(services)
    ]


def _constrain(draw: np.random.Generator, services: Sequence[_Service], columns: _Instances, tightness: float) -> None:
    """Give rules to the share ``tightness`` of the services, the ones with the fewest tasks first."""
    chosen = sorted(services, key=lambda one: one.wanted)[: round(tightness * len(services))]
    admitted = max(1, round(POOLS * (1 - SELECTIVITY * tightness)))
    for number, one in enumerate(chosen):
        one.pools = sorted(int(pool) for pool in draw.permutation(POOLS)[:admitted])
        if number % 3 != 1 and one.wanted > _admitted(one, columns).sum() // 2:
            continue
        if number % 3 == 0:
            one.distinct = True
        elif number % 3 == 1:
            one.avoids = chosen[number - 1].name
        else:
            one.port = _FIRST_PORT + number


def _run(
    draw: np.random.Generator, services: Sequence[_Service], columns: _Instances, fill: float, fragmentation: float
) -> None:
    """Place every task on the admitted instance in use with the largest share free; where none has room, use one more.

    Services with rules come first, then the largest tasks.
    """
    count = len(columns.types)
    least = min(1.0, fill / PACKED)
    in_use = max(1, round(count * (least + (1 - least) * fragmentation / 100)))
    used = np.zeros(count, dtype=bool)
    used[draw.permutation(count)[:in_use]] = True
    free = columns.capacity.copy()
    by_name = {one.name: one for one in services}
    avoided: dict[str, list[str]] = {}
    for one in services:
        if one.avoids is not None:
            avoided.setdefault(one.avoids, []).append(one.name)
    for one in sorted(services, key=lambda s: (not s.pools, -s.cpu)):
        others = [*([one.avoids] if one.avoids else []), *avoided.get(one.name, [])]
        allowed = _admitted(one, columns)
        for other in others:
            allowed[by_name[other].places] = False
        _place(one, allowed, free, used, columns.capacity)


def _admitted(one: _Service, columns: _Instances) -> NDArray[np.bool_]:
    return np.isin(columns.pools, one.pools) if one.pools else np.ones(len(columns.types), dtype=bool)


def _place(
    one: _Service,
    allowed: NDArray[np.bool_],
    free: NDArray[np.int64],
    used: NDArray[np.bool_],
    capacity: NDArray[np.int64],
) -> None:
    size = np.array([one.cpu, one.memory], dtype=np.int64)
    for _ in range(one.wanted):
        fits = allowed & (free >= size).all(axis=1)
        candidates = fits & used if (fits & used).any() else fits
        if not candidates.any():
            return
        at = int(np.argmax(np.where(candidates, (free / capacity).min(axis=1), -1.0)))
        used[at] = True
        free[at] -= size
        one.places.append(at)
        if one.distinct or one.port:
            allowed[at] = False


def _write(directory: Path, columns: _Instances, services: Sequence[_Service]) -> None:
    names = [f"{CLUSTER}-{number:06d}" for number in range(len(columns.types))]
    definitions = {one.name: task_definition(one.name, 1, _definition(one), age=86400.0) for one in services}
    tasks = [
        task(
            CLUSTER,
            f"{one.name}/{number}",
            definitions[one.name],
            group=f"service:{one.name}",
            instance=names[at],
            zone=columns.zones[at],
            started_by=deployment_id(one.name, 1),
            age=3600.0,
        )
        for one in services
        for number, at in enumerate(one.places)
    ]
    directory.mkdir(parents=True, exist_ok=True)
    write(directory / "container-instances.json", pages("containerInstances", _instances(names, columns, services)))
    write(directory / "tasks.json", pages("tasks", tasks))
    write(
        directory / "task-definitions.json",
        [{"taskDefinition": definition, "tags": []} for definition in definitions.values()],
    )
    write(directory / "services.json", pages("services", [_service(one) for one in services], 10))
    write(directory / "cluster.json", pages("clusters", [_cluster(len(names), len(tasks), len(services))])[0])


def _instances(names: Sequence[str], columns: _Instances, services: Sequence[_Service]) -> list[Document]:
    taken = [Occupancy() for _ in names]
    running = [0 for _ in names]
    for one in services:
        for at in one.places:
            taken[at].cpu += one.cpu
            taken[at].memory += one.memory
            running[at] += 1
            if one.port:
                taken[at].tcp.append(str(one.port))
    return [
        container_instance(
            CLUSTER,
            name,
            columns.types[number],
            columns.zones[number],
            taken=taken[number],
            running=running[number],
            custom={"pool": _pool(columns.pools[number])},
        )
        for number, name in enumerate(names)
    ]


def _pool(number: int) -> str:
    return f"p{number:02d}"


def _definition(one: _Service) -> dict[str, Any]:
    ports = [{"containerPort": 8080, "hostPort": one.port, "protocol": "tcp"}]
    container = {"name": one.name, "image": f"{one.name}:stable", "cpu": one.cpu, "memory": one.memory}
    return {"networkMode": "bridge", "containerDefinitions": [{**container, "portMappings": ports}]}


def _service(one: _Service) -> Document:
    rules: list[dict[str, str]] = []
    if one.pools:
        listed = ", ".join(map(_pool, one.pools))
        rules.append({"type": "memberOf", "expression": f"attribute:pool in [{listed}]"})
    if one.distinct:
        rules.append({"type": "distinctInstance"})
    if one.avoids is not None:
        rules.append({"type": "memberOf", "expression": f"not(task:group == service:{one.avoids})"})
    request = {
        "serviceName": one.name,
        "taskDefinition": arn("task-definition", f"{one.name}:1"),
        "desiredCount": one.wanted,
        "launchType": "EC2",
        "placementStrategy": _STRATEGIES[int(one.name[1:]) % len(_STRATEGIES)],
        "placementConstraints": rules,
    }
    counts = {"desiredCount": one.wanted, "runningCount": len(one.places), "pendingCount": 0}
    only = deployment(request, 1, status="PRIMARY", rolloutState="COMPLETED", **counts)
    return service(CLUSTER, request, running=len(one.places), pending=0, deployments=[only])


def _cluster(instances: int, tasks: int, services: int) -> Document:
    return {
        "clusterArn": arn("cluster", CLUSTER),
        "clusterName": CLUSTER,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": instances,
        "runningTasksCount": tasks,
        "pendingTasksCount": 0,
        "activeServicesCount": services,
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    }


def _mix(text: str) -> dict[str, float]:
    """``m5.large=4,c5.xlarge=1``."""
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        return {name: float(weight) for name, _, weight in pairs}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write TYPE=WEIGHT,TYPE=WEIGHT") from None


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m datasets.synthetic", description="Write a synthetic ECS cluster.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--instances", type=int, default=100)
    parser.add_argument("--services", type=int, default=20)
    parser.add_argument("--zones", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=None, dest="tasks_running", help="running tasks; 5 an instance")
    parser.add_argument("--mix", type=_mix, default=None, metavar="TYPE=WEIGHT,...")
    parser.add_argument("--fill", type=float, default=0.5, help="share of the CPU in use, 0.01 to 0.95")
    parser.add_argument("--fragmentation", type=float, default=50.0, help="0 (whole instances free) to 100 (even)")
    parser.add_argument("--tightness", type=float, default=0.3, help="0 (no constraints) to 1")
    parser.add_argument("--seed", type=int, default=0)
    options = vars(parser.parse_args(arguments))
    directory = options.pop("directory")
    try:
        running = generate(directory, **options)
    except InvalidRequest as error:
        parser.error(str(error))
    print(f"{directory}: {options['instances']} instances, {options['services']} services, {running} tasks running")


if __name__ == "__main__":
    main()
