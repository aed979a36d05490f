"""How many tasks in ``awsvpc`` mode an EC2 instance type takes: one network interface a task.

Source: ECS developer guide, container-instance-eni.
``interfaces.csv`` holds two numbers a type. Without trunking: the interfaces of the type less the primary one. With
trunking: those less the trunk, and the branch interfaces, at most 120 (the limits that the guide's table of supported
types gives). Facts of EC2, in our own arrangement.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

NO_LIMIT = 10_000
"""Interfaces of a type that the table does not have: no limit in practice."""


@cache
def _limits() -> dict[str, tuple[int, int]]:
    text = (files("solver.formats.ecs") / "interfaces.csv").read_text(encoding="utf-8")
    return {
        kind: (int(row["tasks"]), int(row["trunked_tasks"]))
        for row in csv.DictReader(text.splitlines())
        for kind in row["instance_types"].split()
    }


def most_tasks(instance_type: str | None, trunked: bool) -> int | None:
    """The tasks in ``awsvpc`` mode that an instance of the type takes; None for a type that the table does not have."""
    limits = _limits().get(instance_type or "")
    return None if limits is None else limits[trunked]
