"""Warnings of what the documents name and do not have: task definitions and services."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from solver.formats.ecs.definitions import Definitions
from solver.formats.ecs.remarks import Remarks
from solver.formats.ecs.services import Service
from solver.formats.listed import Listed


def warn_of_missing(
    groups: Iterable[Listed],
    running: Collection[tuple[str, str]],
    definitions: Definitions,
    services: Mapping[str, Service],
    remarks: Remarks,
) -> None:
    """Warn of task definitions and services that are not there.

    Parameters
    ----------
    running
        The groups of tasks that run, each with its ``family:revision``, in order.
    """
    undefined = {key for _, key in running if key not in definitions.by_key}
    text = "task definition {names} is not in task-definitions.json: its tasks count as their own documents say"
    texts = "task definitions {names} are not in task-definitions.json: their tasks count as their own documents say"
    remarks.about(sorted(undefined), text, texts)
    text = "{names} run tasks and are not in services.json: their rules are not known"
    without = [group for group, _ in running if group.startswith("service:") and group not in services]
    remarks.about(without, text.replace("run tasks and are", "runs tasks and is").replace("their", "its"), text)
    missing = [entry.group.name for entry in groups if "is not in task-definitions.json" in entry.refusal]
    busy = {group for group, _ in running}
    idle = [name for name in missing if name in services and name not in busy]
    text = "the task definition of {names} is not in task-definitions.json: no task of it can be placed"
    remarks.about(idle, text, text)
