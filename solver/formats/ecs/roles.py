"""Tasks that run under another role than their task definition's: each such role is a group of its own (§1.2, §3.8).

``family:batch as role/etl`` are tasks of ``family:batch`` that were started with ``overrides.taskRoleArn`` (ECS API,
TaskOverride).
"""

from __future__ import annotations

from dataclasses import replace

from solver.formats.ecs.definitions import Definitions
from solver.formats.ecs.tasks import Task
from solver.formats.listed import AS_ROLE, Listed


def own_role(task: Task, definitions: Definitions) -> str:
    """The ARN of the role that a task was given in place of its task definition's; empty where it was given none, or the same."""
    overrides = task.source.element("overrides")
    role = overrides.text("taskRoleArn") if overrides is not None else ""
    if not role:
        return ""
    definition = definitions.by_key.get(task.key)
    is_same = definition is not None and _arn(role, task) == _arn(definition.role, task)
    return "" if is_same else _arn(role, task)


def under_role(entry: Listed, role: str, task: Task) -> Listed:
    """The group of those tasks of a group that run under a role of their own.

    They may move, as what moves a task keeps its overrides. New ones cannot be asked for: a group has no overrides.

    Parameters
    ----------
    task
        One of them: a role of its account is named by its path, which is unique there, any other by its ARN.
    """
    group = entry.group
    name = f"{group.name}{AS_ROLE}{role.removeprefix(_account(task))}"
    refusal = f"runs under the role {role}, which its tasks were given when they started; start {group.name} instead"
    return replace(
        entry, group=replace(group, name=name, role=role), refusal=entry.refusal or refusal, moves=not entry.refusal
    )


def _arn(role: str, task: Task) -> str:
    """The ARN of a role of which only the name is given: it is of the task's account."""
    return role if not role or role.startswith("arn:") else f"{_account(task)}{role}"


def _account(task: Task) -> str:
    """What the ARNs of roles in the task's account begin with."""
    _, partition, _, _, account, *_ = [*task.arn.split(":"), *[""] * 4]
    return f"arn:{partition}:iam::{account}:role/"
