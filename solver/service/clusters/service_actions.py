"""What was decided for a kept cluster, as events in the shape of those that ECS sends of its services.

The envelope is EventBridge's and ``detail`` that of ``ECS Service Action``
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html): names that ECS has mean what they mean
there, and the members that ECS does not have are our own. The source is ours, so that nobody takes them for events of AWS.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from solver.service.clusters.draft import Reserved, Tasks
from solver.v1 import placement_service_pb2 as placing
from solver.v1 import plan_pb2, task_group_pb2

SOURCE = "placement-solver"
DETAIL_TYPE = "ECS Service Action"

MOST_LISTED = 100
"""Instances and tasks that an event names; their number is always said."""

LAPSED = "RESERVATION:LAPSED"
"""The reason where nothing has confirmed a committed plan in time."""


@dataclass
class _Deed:
    """Tasks of one group that start, stop or move alike."""

    tasks: int = 0
    instances: dict[str, None] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)

    def add(self, count: int, instance: str, task: str) -> None:
        """More tasks on an instance."""
        self.tasks += count
        self.instances[instance] = None
        if task:
            self.named.append(task)

    def said(self) -> dict[str, object]:
        """As members of an event."""
        found: dict[str, object] = {
            "containerInstanceArns": list(self.instances)[:MOST_LISTED],
            "instances": len(self.instances),
            "tasks": self.tasks,
        }
        if self.named:
            found["taskArns"] = self.named[:MOST_LISTED]
        return found


_DEEDS = {
    plan_pb2.ACTION_KIND_START: "SERVICE_TASKS_PLACED",
    plan_pb2.ACTION_KIND_STOP: "SERVICE_TASKS_STOPPED",
    plan_pb2.ACTION_KIND_MOVE: "SERVICE_TASKS_MOVED",
}


def of_answer(asked: placing.PlaceRequest, answer: placing.PlaceResponse, now: datetime) -> list[str]:
    """What a request that names a cluster was answered, group by group; nothing where it was only validated.

    Parameters
    ----------
    asked
        As it came: its groups are those that it asks for.
    answer
        With the cluster and its version.
    """
    if answer.status == plan_pb2.STATUS_UNSPECIFIED:
        return []
    common = {"clusterVersion": answer.cluster_version, "label": answer.label}
    wanted = {group.name: group for group in asked.groups}
    deeds: dict[str, dict[plan_pb2.ActionKind, _Deed]] = {name: {} for name in wanted}
    for action in answer.actions:
        deed = deeds.setdefault(action.group, {}).setdefault(action.kind, _Deed())
        deed.add(action.count, action.instance, action.task)
    reasons = {shortfall.group: _reason(shortfall) for shortfall in answer.shortfalls}
    found = []

    def tell(kind: str, event: str, group: str, members: Mapping[str, object]) -> None:
        found.append(_event(kind, event, answer.cluster_name, group, now, {**members, **common}))

    for name, done in deeds.items():
        group = wanted.get(name)
        start = done.get(plan_pb2.ACTION_KIND_START, _Deed())
        numbers = {"wanted": group.start if group else 0, "placed": start.tasks}
        for kind, deed in sorted(done.items()):
            tell("INFO", _DEEDS.get(kind, ""), name, {**deed.said(), **numbers})
        if group is not None and start.tasks < group.start:
            failure = {"containerInstanceArns": [], "reason": reasons.get(name, ""), **numbers}
            tell("ERROR", _failure(group), name, {**failure, "status": plan_pb2.Status.Name(answer.status)})
        elif group is not None and not done and not group.stop:
            tell("INFO", "SERVICE_STEADY_STATE", name, numbers)
    return found


def _failure(group: task_group_pb2.TaskGroup) -> str:
    daemon = group.scheduling == task_group_pb2.SCHEDULING_DAEMON
    return "SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED" if daemon else "SERVICE_TASK_PLACEMENT_FAILURE"


def _reason(shortfall: plan_pb2.Shortfall) -> str:
    """Why most instances are refused; empty where nothing is known of it."""
    stage = max(shortfall.funnel, key=lambda stage: stage.refused, default=None)
    return "" if stage is None or not stage.refused else stage.reason or stage.rule


def of_commit(cluster: str, version: int, reserved: Reserved | None, now: datetime) -> list[str]:
    """What a plan that was committed starts and stops; nothing where it changes nothing."""
    if reserved is None:
        return []
    common = {
        "clusterVersion": version,
        "reservation": reserved.id,
        "lapsesAt": _moment(reserved.lapses_at),
        "requestId": reserved.request_id,
    }
    return [
        *_of_tasks("INFO", "TASKS_STARTED", cluster, reserved.starting, now, common),
        *_of_tasks("INFO", "TASKS_STOPPED", cluster, reserved.stopping, now, common),
    ]


def of_lapse(cluster: str, version: int, lapsed: Iterable[Reserved], now: datetime) -> list[str]:
    """What was committed and has not come about in time."""
    found = []
    for reserved in lapsed:
        common = {
            "clusterVersion": version,
            "reservation": reserved.id,
            "requestId": reserved.request_id,
            "reason": LAPSED,
        }
        found += _of_tasks("WARN", "SERVICE_TASK_START_IMPAIRED", cluster, reserved.starting, now, common)
        found += _of_tasks("WARN", "SERVICE_TASK_STOP_IMPAIRED", cluster, reserved.stopping, now, common)
    return found


def _of_tasks(
    kind: str, event: str, cluster: str, tasks: Tasks, now: datetime, common: Mapping[str, object]
) -> list[str]:
    """One event a group."""
    deeds: dict[str, _Deed] = {}
    for task in tasks.values():
        deeds.setdefault(task.group, _Deed()).add(1, task.instance, task.id)
    return [_event(kind, event, cluster, group, now, {**deed.said(), **common}) for group, deed in deeds.items()]


def _event(kind: str, event: str, cluster: str, group: str, now: datetime, members: Mapping[str, object]) -> str:
    detail = {
        "eventType": kind,
        "eventName": event,
        "clusterArn": cluster,
        "createdAt": _moment(now),
        "group": group,
        **members,
    }
    whole = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [group],
        "detail": {name: value for name, value in detail.items() if value != ""},
    }
    return json.dumps(whole, ensure_ascii=False)


def _moment(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, as ECS writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
