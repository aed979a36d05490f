"""Events that ECS sends through EventBridge, verbatim (ECS developer guide, Amazon ECS events).

Task and container-instance events hold the whole resource, in the form of the describe calls, and a version that rises with each
event of the resource. An event may come more than once, late, or with fields and types that nobody has heard of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from solver.errors import Fault, UnreadableDocument
from solver.formats.ecs.documents import Element, shown
from solver.formats.ecs.instances import read_instances
from solver.formats.ecs.tasks import GONE, read_tasks
from solver.formats.json_text import json_value

SOURCE = "aws.ecs"

MOST_VERSION = 2**53
"""Of a resource; versions count its events."""


class Subject(Enum):
    """What an event is about, by its ``detail-type``."""

    INSTANCE = "ECS Container Instance State Change"
    TASK = "ECS Task State Change"
    SERVICE = "ECS Service Action"
    DEPLOYMENT = "ECS Deployment State Change"
    OTHER = ""


_ARNS = {Subject.INSTANCE: "containerInstanceArn", Subject.TASK: "taskArn"}
_LAST = {Subject.INSTANCE: ("INACTIVE", "DEREGISTERED"), Subject.TASK: GONE}


@dataclass(frozen=True)
class Event:
    """One event.

    Parameters
    ----------
    arn
        Of the instance, the task, or the service; empty for any other event.
    version
        Of the instance or the task; 0 for what has none.
    cluster
        The ARN of its cluster; empty where it says none.
    name
        Of a service action or a deployment's state, such as ``SERVICE_TASK_PLACEMENT_FAILURE``.
    ends
        Whether the instance or the task is gone with it.
    detail
        What it says.
    """

    subject: Subject
    arn: str
    version: int
    cluster: str
    name: str
    ends: bool
    at: datetime | None
    detail: Mapping[str, object]


NOTHING = Event(Subject.OTHER, "", 0, "", "", False, None, {})
"""What stands for an event that cannot be read."""


def read_events(texts: Sequence[bytes]) -> list[tuple[Event, tuple[Fault, ...]]]:
    """Each event, from its JSON text, with what is wrong with it: then it must not be used."""
    found = []
    for k, text in enumerate(texts):
        path, faults = f"events[{k}]", list[Fault]()
        try:
            value = json_value(text, path, "an event of EventBridge")
        except UnreadableDocument as unreadable:
            found.append((NOTHING, unreadable.faults))
            continue
        event = _event(value, path, faults)
        found.append((event, tuple(faults)))
    return found


def _event(value: object, path: str, faults: list[Fault]) -> Event:
    if not isinstance(value, dict):
        faults.append(Fault(path, f"is {shown(value)}", "must be an event of EventBridge, a JSON object"))
        return NOTHING
    envelope = Element(value, path, faults)
    kind = envelope.needed("detail-type")
    subject = next((one for one in Subject if one.value == kind and kind), Subject.OTHER)
    if envelope.text("source") not in ("", SOURCE):
        subject = Subject.OTHER
    detail = envelope.element("detail")
    if subject is Subject.OTHER or detail is None:
        if subject is not Subject.OTHER:
            envelope.fault("detail", "is missing", "must say what has changed")
        return NOTHING
    if subject in _ARNS:
        arn, version = detail.needed(_ARNS[subject]), detail.amount("version", 1, MOST_VERSION)
        if not detail.has("version"):
            detail.fault("version", "is missing", "must be the version of the resource, 1 or more")
    else:
        arn, version = next(iter(envelope.texts("resources")), ""), 0
    status = detail.text("status" if subject is Subject.INSTANCE else "lastStatus")
    return Event(
        subject=subject,
        arn=arn,
        version=version,
        cluster=detail.text("clusterArn"),
        name=detail.text("eventName"),
        ends=status in _LAST.get(subject, ()),
        at=envelope.instant("time"),
        detail=detail.value,
    )


def require_readable(subject: Subject, document: Mapping[str, object], path: str, faults: list[Fault]) -> None:
    """Note what is wrong with an instance or a task as an event leaves it."""
    member = "containerInstances" if subject is Subject.INSTANCE else "tasks"
    found: list[Fault] = []
    answer = Element({member: [document]}, path, found)
    if subject is Subject.INSTANCE:
        read_instances([answer])
    else:
        read_tasks([answer])
    inside = f"{path}.{member}[0]"
    faults += [Fault(fault.path.replace(inside, f"{path}.detail", 1), fault.problem, fault.remedy) for fault in found]
