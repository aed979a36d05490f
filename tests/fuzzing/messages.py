"""Messages of the wire that use every field, and messages changed field by field."""

from __future__ import annotations

from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from solver.formats.kinds import Kind
from solver.v1 import cluster_pb2, cluster_service_pb2, plan_pb2, task_group_pb2
from solver.v1 import placement_service_pb2 as wire
from tests.fuzzing.mutation import FLOATS, NUMBERS, TEXTS, changed_text

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}

WORDS = (
    *("cpu", "memory", "a", "b", "c", "web", "db", "daemon", "service:web", "i-1", "zone-1", "ecs.availability-zone"),
    *("memberOf", "distinctInstance", "maxPerInstance", "maxSkew", "affinity", "antiAffinity", "spread", "binpack"),
    *("random", "leastFragmentation", "reserve", "isolateRoles", "instanceId", "host", "attribute:zone", "attribute:"),
    *("3", "cpu, 5", "cpu, 5, attribute:zone == a", "attribute:zone, 1", "web, instanceId", "web, attribute:zone, 3"),
    *(
        "r1, r2",
        "r1, r1",
        "attribute:zone =~ z.*",
        "task:group == web",
        "runningTasksCount < 3 or not agentConnected == true",
    ),
    *(
        "prod",
        "t1",
        "t2",
        "zone=a",
        "arn:aws:ecs:eu-west-1:1:container-instance/demo/a",
        "2026-10-01T00:00:00Z",
        "1.9.0",
    ),
)
"""Texts that mean something somewhere."""


def cluster() -> cluster_pb2.Cluster:
    """Three instances that differ in everything."""
    found = cluster_pb2.Cluster(name="demo", taken_at="2026-10-01T00:00:00Z", resources=["cpu", "memory"])
    found.instances.add(id="a", ec2_instance_id="i-1", capacity=[8, 80], free=[4, 40], used_tcp_ports=[22, 80])
    found.instances.add(
        id="b", status=2, capacity=[8, 80], free=[8, 80], agent_version="1.9.0", registered_at="2026-10-01"
    )
    found.instances.add(id="c", capacity=[16, 80], free=[-4, 0], unlisted_tasks=3, agent_disconnected=True)
    found.instances[0].attributes["zone"] = "zone-1"
    found.instances[2].capacity_provider = "provider"
    found.instances[2].used_udp_ports.append(53)
    found.attribute_columns.add(name="stack", values=["prod", "test"], codes=[1, 0, 2])
    return found


def groups(running: bool = False) -> list[task_group_pb2.TaskGroup]:
    """Three groups with every kind of rule; ``running``: without what is wanted."""
    rule, limits = (
        task_group_pb2.Rule,
        {"minimum_healthy_percent": 50, "maximum_percent": 200, "max_moves": 3, "move_cost": 2},
    )
    web = task_group_pb2.TaskGroup(
        name="web", family="service:web", demand={"cpu": 2, "memory": 10}, scheduling=1, **limits
    )
    web.start, web.priority, web.movable, web.zones[:], web.role = 0 if running else 3, 7, True, ["zone-1"], "r1"
    for kind, argument in (
        ("memberOf", "attribute:stack == prod and runningTasksCount < 9"),
        ("maxSkew", "attribute:zone, 1"),
        ("antiAffinity", "db, instanceId"),
        ("affinity", "db, attribute:zone, 3"),
    ):
        web.constraints.append(rule(type=kind, argument=argument))
    web.strategies.extend([rule(type="spread", argument="attribute:zone"), rule(type="binpack", argument="cpu")])
    db = task_group_pb2.TaskGroup(name="db", demand={"cpu": 1}, role="r2", required_attributes=["stack=prod", "zone"])
    db.ports.extend([task_group_pb2.HostPort(port=5432), task_group_pb2.HostPort(port=53, protocol=2)])
    db.constraints.extend([rule(type="distinctInstance"), rule(type="maxPerInstance", argument="2")])
    db.stop, db.all_or_nothing, db.capacity_providers[:] = 0 if running else 1, False, []
    daemon = task_group_pb2.TaskGroup(name="daemon", scheduling=2, demand={"memory": 1}, task_definition="d:1")
    return [web, db, daemon]


def tasks() -> list[task_group_pb2.RunningTask]:
    """Two tasks by name."""
    first = task_group_pb2.RunningTask(id="t1", group="db", instance="a", is_protected=True, tags={"k": "v"})
    return [
        first,
        task_group_pb2.RunningTask(id="t2", group="web", instance="a", pending=True, started_at="2026-10-01"),
    ]


def place() -> wire.PlaceRequest:
    """A request with something in nearly every field, and without a fault."""
    found = wire.PlaceRequest(cluster=cluster(), groups=groups(), tasks=tasks(), label="mine", warnings=["w"])
    found.running.add(group="db", instance="i-1", count=1)
    found.running_columns.groups[:], found.running_columns.instances[:], found.running_columns.counts[:] = [0], [0], [1]
    found.rules.extend([task_group_pb2.Rule(type="reserve", argument="cpu, 1, attribute:stack == prod")])
    found.rules.append(task_group_pb2.Rule(type="isolateRoles", argument="r1, r2"))
    found.frozen_instances.append("b")
    found.drained_instances.append("c")
    found.limits.CopyFrom(
        wire.Limits(time_limit_seconds=1.0, deterministic_limit_seconds=2.0, workers=1, seed=3, engine=3)
    )
    found.freedom.CopyFrom(wire.Freedom(max_moves=3, max_move_cost=9, preempt=2, consolidate=True, slot={"cpu": 2}))
    found.explain, found.validate_only = True, True
    return found


def of_kind(kind: Kind) -> wire.PlaceRequest:
    """A request of one kind."""
    found = place()
    if kind in (Kind.TERMINATE, Kind.DEPLOY, Kind.DRAIN):
        found.ClearField("freedom")
    if kind is not Kind.DRAIN:
        found.ClearField("drained_instances")
    else:
        found.freedom.max_moves = 3
    if kind is Kind.REBALANCE:
        found.freedom.ClearField("preempt")
    if kind is Kind.RECONCILE:
        found.freedom.ClearField("slot")
    web, db, _ = found.groups
    web.movable = kind in (Kind.DRAIN, Kind.REBALANCE, Kind.RECONCILE)
    if kind in (Kind.TERMINATE, Kind.DRAIN, Kind.REBALANCE):
        web.start = 0
    if kind in (Kind.DRAIN, Kind.REBALANCE, Kind.DEPLOY):
        db.stop = 0
    return found


def check() -> wire.CheckRequest:
    """A plan for it, in both forms."""
    found = wire.CheckRequest(request=place())
    found.tasks.add(group="db", instance="a", count=1)
    found.task_columns.groups[:], found.task_columns.instances[:], found.task_columns.counts[:] = [0], [0], [4]
    return found


def kept() -> cluster_service_pb2.ClusterState:
    """What a server keeps."""
    return cluster_service_pb2.ClusterState(cluster=cluster(), groups=groups(running=True), tasks=tasks())


def changes() -> cluster_service_pb2.ApplyChangesRequest:
    """One change of each kind."""
    change = cluster_service_pb2.Change
    status = cluster_service_pb2.InstanceStatusChange(instance="b", status=1)
    found = [
        change(
            put_instance=cluster_pb2.Instance(id="d", capacity=[8, 80], free=[8, 80], attributes={"zone": "zone-2"})
        ),
        change(set_instance_status=status),
        change(put_task=task_group_pb2.RunningTask(id="t3", group="web", instance="d")),
        change(remove_task="t2"),
        change(put_group=task_group_pb2.TaskGroup(name="new", demand={"cpu": 1})),
        change(remove_group="new"),
        change(remove_instance="c"),
    ]
    return cluster_service_pb2.ApplyChangesRequest(name="prod", changes=found, expected_version=1)


def commit() -> cluster_service_pb2.CommitRequest:
    """A plan of each kind of action."""
    action = plan_pb2.Action
    found = [
        action(kind=1, group="daemon", instance="b", count=2, step=1),
        action(kind=2, group="db", task="t1", instance="a", count=1),
        action(kind=3, group="web", task="t2", from_instance="a", instance="b", count=1),
    ]
    more = [task_group_pb2.TaskGroup(name="new", demand={"cpu": 1}, start=2)]
    return cluster_service_pb2.CommitRequest(
        name="prod", version=1, actions=found, groups=more, lapse_seconds=60, request_id="once"
    )


def change_field(message: Message, random: Random) -> None:
    """Change one field of a message, or of one inside it."""
    descriptors = message.DESCRIPTOR.fields
    known = message.ListFields()
    if known and random.random() < 0.85:
        # What is set leads further; what is not set is tried now and then.
        descriptor, value = random.choice(known)
        inner = _message_inside(descriptor, value, random)
        if inner is not None and random.random() < 0.9:
            return change_field(inner, random)
    else:
        descriptor = random.choice(descriptors)
    if random.random() < 0.1:
        return message.ClearField(descriptor.name)
    _set(message, descriptor, random)


def _message_inside(descriptor: FieldDescriptor, value: Any, random: Random) -> Message | None:
    if descriptor.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE or _is_map(descriptor):
        return None
    if not descriptor.is_repeated:
        return value
    return random.choice(value) if len(value) else None


def _is_map(descriptor: FieldDescriptor) -> bool:
    return descriptor.message_type is not None and descriptor.message_type.GetOptions().map_entry


def _set(message: Message, descriptor: FieldDescriptor, random: Random) -> None:
    value = getattr(message, descriptor.name)
    if _is_map(descriptor):
        key, held = (descriptor.message_type.fields_by_name[part] for part in ("key", "value"))
        for _ in range(random.choice((1, 1, 3, 20))):
            value[_scalar(key, random)] = _scalar(held, random)
    elif descriptor.is_repeated:
        _change_list(value, descriptor, random)
    elif descriptor.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        value.SetInParent()
        change_field(value, random)
    else:
        setattr(message, descriptor.name, _scalar(descriptor, random))


def _change_list(value: Any, descriptor: FieldDescriptor, random: Random) -> None:
    is_message = descriptor.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE
    match random.randrange(4):
        case 0 if len(value):
            del value[random.randrange(len(value))]
        case 1 if len(value):
            value.extend([random.choice(value)] * random.choice((1, 1, 12)))
        case 2 if len(value) and not is_message:
            value[random.randrange(len(value))] = _scalar(descriptor, random)
        case _ if is_message:
            change_field(value.add(), random)
        case _:
            value.extend([_scalar(descriptor, random)] * random.choice((1, 1, 12)))


def _scalar(descriptor: FieldDescriptor, random: Random) -> Any:
    kind = descriptor.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return _text(random)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return random.random() < 0.5
    if kind == FieldDescriptor.CPPTYPE_DOUBLE:
        return random.choice(FLOATS)
    least, most = _INTEGERS[kind]
    few = (
        (0, 1, 2, 3, 4, 5) if random.random() < 0.5 else tuple(number for number in NUMBERS if least <= number <= most)
    )
    return random.choice((*few, random.randint(least, most)))


def _text(random: Random) -> str:
    drawn = random.random()
    if drawn < 0.6:
        return random.choice(WORDS)
    text = random.choice(TEXTS) if drawn < 0.8 else changed_text(random.choice(WORDS), WORDS, random)
    # Half of a surrogate pair has no form on the wire.
    return text.encode("utf-8", "replace").decode()
