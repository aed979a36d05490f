"""The demo cluster's instances, and which task came to run where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from datasets.demo_services import ON_DEMAND, SERVICES, SPOT, ZONES, DemoInstance, DemoService
from datasets.ecs_documents import Demand, demand, stable_id
from datasets.ecs_instances import SHAPES, gpu_ids

CLUSTER = "demo"
DRAINING = ("m5.large-b4", "m5.xlarge-c2")
DISCONNECTED = "m5.xlarge-a3"
WITHOUT_TELEMETRY = "m5.large-c1"

_PER_ZONE = {"m5.large": 9, "m5.xlarge": 5, "c5.xlarge": 3, "r5.large": 2, "g4dn.xlarge": 1, "t3.medium": 2}


@dataclass(frozen=True)
class DemoTask:
    """A task on an instance; on none where it runs on FARGATE."""

    identity: str
    owner: DemoService
    revision: int
    instance: DemoInstance | None
    desired: str = "RUNNING"
    last: str = "RUNNING"
    health: str = "UNKNOWN"
    devices: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The ECS task group."""
        return self.owner.task_group


def instances() -> list[DemoInstance]:
    """The 66 instances, by zone, type and number."""
    result = []
    for zone in ZONES:
        for kind, count in _PER_ZONE.items():
            for number in range(1, count + 1):
                result.append(_instance(kind, zone, number))
    return result


def _instance(kind: str, zone: str, number: int) -> DemoInstance:
    name = f"{kind}-{zone[-1]}{number}"
    attributes = {}
    if kind == "t3.medium" or (kind == "m5.large" and number in (7, 8)) or (kind == "m5.xlarge" and number == 5):
        attributes["stack"] = "dev"
    elif kind == "g4dn.xlarge":
        attributes["stack"] = "ml"
    elif not (kind == "m5.large" and number == 9):
        attributes["stack"] = "prod"
    if kind in ("c5.xlarge", "r5.large", "m5.xlarge"):
        attributes["disk"] = "hdd" if kind == "m5.xlarge" else "ssd"
    if kind != "t3.medium":
        attributes["rack"] = f"{zone[-1]}-{1 + number % 2}"
    return DemoInstance(
        name=name,
        type=kind,
        zone=zone,
        attributes=attributes,
        provider=None if kind == "t3.medium" else SPOT if kind == "m5.large" and number % 2 else ON_DEMAND,
        trunked=kind in ("m5.xlarge", "c5.xlarge"),
        eni=kind != "t3.medium",
        fresh=kind == "m5.large" and number == 1,
        status="DRAINING" if name in DRAINING else "ACTIVE",
        connected=name != DISCONNECTED,
    )


def run(cluster: Sequence[DemoInstance]) -> list[DemoTask]:
    """Every task of the demo; fills the instances' ``taken`` and ``groups``.

    Services come in the order of their table, each task where its first strategies say at that moment and otherwise
    anywhere; a service with a ``peak`` then stops tasks here and there, which leaves the gaps.
    """
    result = []
    for owner in SERVICES:
        revisions = [revision for revision, count in owner.running.items() for _ in range(count)]
        if owner.request.get("launchType") == "FARGATE":
            result += [DemoTask(f"{owner.name}/{n}", owner, r, None) for n, r in enumerate(revisions)]
            continue
        places = _places(owner, cluster, max(owner.peak, len(revisions)))
        for place in sorted(places, key=lambda p: stable_id("stop", owner.name, p[0]))[len(revisions) :]:
            _release(owner, place[1])
            places.remove(place)
        devices: dict[str, int] = {}
        for (number, instance), revision in zip(places, revisions, strict=True):
            result.append(_task(owner, number, revision, instance, devices))
    return result


def _places(owner: DemoService, cluster: Sequence[DemoInstance], count: int) -> list[tuple[int, DemoInstance]]:
    needs = demand(owner.definition)
    daemon = owner.request.get("schedulingStrategy") == "DAEMON"
    places: list[tuple[int, DemoInstance]] = []
    for number in range(count):
        candidates = [i for i in cluster if owner.admits(i) and _has_room(i, needs)]
        if daemon:
            taken = {p.name for _, p in places}
            candidates = [i for i in candidates if i.status == "ACTIVE" and i.name not in {*taken, WITHOUT_TELEMETRY}]
        else:
            candidates = [i for i in candidates if not i.fresh]
        if not candidates:
            raise RuntimeError(f"{owner.name}: no instance for task {number}; make the demo's table smaller")
        chosen = min(candidates, key=lambda i: (*_preference(owner, i, places), stable_id(owner.name, number, i.name)))
        places.append((number, chosen))
        _take(owner, chosen)
    return places


def _preference(owner: DemoService, instance: DemoInstance, places: Sequence[tuple[int, DemoInstance]]) -> list[int]:
    values = []
    strategies = owner.request.get(
        "placementStrategy", [{"type": "spread", "field": "attribute:ecs.availability-zone"}]
    )
    for strategy in strategies if owner.group is None else []:
        if strategy["type"] == "binpack":
            shape = SHAPES[instance.type]
            left = {"cpu": shape.cpu - instance.taken.cpu, "memory": shape.memory - instance.taken.memory}
            values.append(left[strategy["field"]])
        elif strategy["type"] == "spread":
            bucket = _bucket(instance, strategy["field"])
            values += [bucket == "", sum(_bucket(other, strategy["field"]) == bucket for _, other in places)]
    return values


def _bucket(instance: DemoInstance, field: str) -> str:
    if field == "instanceId":
        return instance.name
    name = field.removeprefix("attribute:")
    return instance.zone if name == "ecs.availability-zone" else instance.attributes.get(name, "")


def _has_room(instance: DemoInstance, needs: Demand) -> bool:
    shape, taken = SHAPES[instance.type], instance.taken
    return (
        taken.cpu + needs.cpu <= shape.cpu
        and taken.memory + needs.memory <= shape.memory
        and not set(needs.tcp) & set(taken.tcp)
        and not set(needs.udp) & set(taken.udp)
        and len(taken.gpu_ids) + needs.gpus <= shape.gpus
        and taken.interfaces + needs.interfaces <= (shape.trunked if instance.trunked else shape.interfaces)
        and not (needs.interfaces and not instance.eni)
    )


def _take(owner: DemoService, instance: DemoInstance) -> None:
    needs, taken = demand(owner.definition), instance.taken
    taken.cpu += needs.cpu
    taken.memory += needs.memory
    taken.tcp += needs.tcp
    taken.udp += needs.udp
    taken.interfaces += needs.interfaces
    taken.gpu_ids = gpu_ids(instance.name, len(taken.gpu_ids) + needs.gpus)
    instance.groups.append(owner.task_group)


def _release(owner: DemoService, instance: DemoInstance) -> None:
    needs, taken = demand(owner.definition), instance.taken
    taken.cpu -= needs.cpu
    taken.memory -= needs.memory
    taken.tcp = [port for port in taken.tcp if port not in needs.tcp]
    taken.udp = [port for port in taken.udp if port not in needs.udp]
    taken.interfaces -= needs.interfaces
    taken.gpu_ids = taken.gpu_ids[: len(taken.gpu_ids) - needs.gpus]
    instance.groups.remove(owner.task_group)


def _task(owner: DemoService, number: int, revision: int, instance: DemoInstance, devices: dict[str, int]) -> DemoTask:
    needs = demand(owner.definition)
    first = devices.get(instance.name, 0)
    devices[instance.name] = first + needs.gpus
    checked = any("healthCheck" in container for container in owner.definition["containerDefinitions"])
    return DemoTask(
        identity=f"{owner.name}/{number}",
        owner=owner,
        revision=revision,
        instance=instance,
        health="HEALTHY" if checked else "UNKNOWN",
        devices=tuple(gpu_ids(instance.name, first + needs.gpus)[first:]),
    )


def disturb(tasks: Sequence[DemoTask]) -> list[DemoTask]:
    """One PENDING and one UNHEALTHY task, and one told to stop that still runs: its room counts as free, as in ECS."""
    pending = _first(tasks, "api", 8)
    unhealthy = _first(tasks, "session", 8)
    stopping = _first(tasks, "api", 7)
    if stopping.instance is not None:
        _release(stopping.owner, stopping.instance)
    changed = {
        pending.identity: replace(pending, last="PENDING"),
        unhealthy.identity: replace(unhealthy, health="UNHEALTHY"),
        stopping.identity: replace(stopping, desired="STOPPED"),
    }
    return [changed.get(one.identity, one) for one in tasks]


def _first(tasks: Sequence[DemoTask], service: str, revision: int) -> DemoTask:
    return next(one for one in tasks if one.owner.name == service and one.revision == revision)
