"""A deployment: from the revisions of a service that run to one (ECS developer guide, rolling update)."""

from __future__ import annotations

from solver.domain.request import Scheduling
from solver.formats.draft import Draft
from solver.formats.ecs.definitions import Definition
from solver.formats.ecs.groups import Directory


def make_deployment(
    draft: Draft, directory: Directory, service: str, task_definition: str, desired: int | None
) -> None:
    """Have the new revision start what it lacks, and all others stop; what is wrong goes to the draft."""
    family = service if service.startswith("service:") else f"service:{service}"
    definition = _definition(draft, directory, task_definition)
    if family not in directory.services:
        draft.faults.append(draft.names.unknown(family, "is to be deployed and is not a service of the cluster"))
        return
    found = directory.services[family]
    count = found.desired if desired is None else desired
    if definition is None or not draft.is_count("desired", count, "is"):
        return
    if found.scheduling is Scheduling.DAEMON:
        draft.fault(
            family, "is a DAEMON service", "ECS replaces its tasks instance by instance: deploy a REPLICA service"
        )
        return
    entry = directory.listed(family, definition.key)
    if entry.refusal:
        problem, _, remedy = entry.refusal.partition("; ")
        draft.fault(family, problem, remedy)
        return
    members = draft.base.families.get(family, ())
    if draft.is_frozen(family, members, "to be deployed"):
        return
    new = draft.place_of(entry)
    running = draft.total((new,))
    if count > running:
        draft.start(family, entry, count - running)
    elif count < running:
        draft.stop(family, (new,), running - count)
    for old in members:
        if old != new:
            draft.stop(draft.groups[old].name, (old,), draft.total((old,)))


def _definition(draft: Draft, directory: Directory, name: str) -> Definition | None:
    found = directory.definitions.find(name)
    if found is None:
        remedy = f"add what `aws ecs describe-task-definition --task-definition {name}` prints"
        draft.fault(name, "is not in task-definitions.json", remedy)
    return found
