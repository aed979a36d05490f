"""The snapshot's time, and until when tasks are protected (ECS API, GetTaskProtection)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from solver.errors import InvalidRequest
from solver.formats.ecs.documents import Element, instant, shown
from solver.formats.ecs.remarks import Remarks, counted
from solver.formats.ecs.tasks import Task

TASK_TIMES = ("createdAt", "startedAt", "connectivityAt", "pullStoppedAt", "stoppingAt")


@dataclass(frozen=True)
class Protection:
    """Until when a task is protected: ``ends`` None for ever."""

    task: str
    ends: datetime | None


def read_protections(answers: list[Element]) -> list[Protection]:
    """The tasks whose protection is enabled, whether or not it has run out."""
    found = []
    for answer in answers:
        for document in answer.elements("protectedTasks"):
            task, ends = document.needed("taskArn"), document.instant("expirationDate")
            if document.flag("protectionEnabled"):
                found.append(Protection(task, ends))
    return found


def snapshot_time(at: str | None, answers: list[Element]) -> datetime | None:
    """The moment of the snapshot: ``at``, else what ``snapshot.json`` says; None where neither does.

    Raises
    ------
    InvalidRequest
        If ``at`` is no time.
    """
    if at is not None:
        moment = instant(at)
        if moment is None:
            raise InvalidRequest.at("at", f"is {shown(at)}", "must be an ISO 8601 time like 2026-11-01T12:00:00Z")
        return moment
    moments = [answer.instant("takenAt") for answer in answers]
    return next((moment for moment in moments if moment is not None), None)


def protected_tasks(
    protections: list[Protection],
    at: datetime | None,
    tasks: list[Task],
    services: Iterable[Element],
    remarks: Remarks,
) -> frozenset[str]:
    """The ARNs of the tasks that are protected at the snapshot's time.

    Where that time is in no document, the latest thing that they say has happened stands for it: the snapshot cannot
    be older, so nothing loses its protection too early.
    """
    ending = [protection for protection in protections if protection.ends is not None]
    if ending and at is None:
        at = max(_moments(tasks, services), default=None)
        if at is None:
            remarks.say(
                f"the snapshot's time is not known, so {counted(len(ending), 'task protection')} "
                "counts as not expired; give the time of the snapshot"
            )
        else:
            remarks.say(
                f"the snapshot's time is not known: the latest event in the documents, {at.isoformat()}, stands for it, "
                f"against which {counted(len(ending), 'task protection')} may have expired"
            )
    return frozenset(p.task for p in protections if p.ends is None or at is None or p.ends > at)


def _moments(tasks: list[Task], services: Iterable[Element]) -> Iterator[datetime]:
    found = [task.source.instant(name) for task in tasks for name in TASK_TIMES]
    for service in services:
        found.append(service.instant("createdAt"))
        found += [event.instant("createdAt") for event in service.elements("events")]
        for deployment in service.elements("deployments"):
            found += [deployment.instant("createdAt"), deployment.instant("updatedAt")]
    return (moment for moment in found if moment is not None)
