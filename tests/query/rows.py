"""Rows of a small cluster, and the columns that ``evaluate`` reads of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.domain.columns import TextColumn
from solver.query import evaluate, parse
from tests.query.row_by_row import Row


def row(attributes: dict[str, str] | None = None, **facts: Any) -> Row:
    """An instance with these facts and nothing else."""
    groups = facts.get("groups", {})
    return {
        "attributes": attributes or {},
        "agentConnected": facts.get("connected", True),
        "agentVersion": facts.get("version"),
        "ec2InstanceId": facts.get("ec2"),
        "registeredAt": facts.get("registered"),
        "runningTasksCount": facts.get("running", sum(groups.values())),
        "groups": groups,
    }


class Columns:
    """The facts of these rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def attribute(self, name: str) -> TextColumn | None:
        """None if no row has it."""
        values = [instance["attributes"].get(name) for instance in self.rows]
        return None if all(value is None for value in values) else TextColumn.of(values)

    @property
    def agent_connected(self) -> NDArray[np.bool_]:
        """One a row."""
        return np.array([instance["agentConnected"] for instance in self.rows], np.bool_)

    @property
    def agent_version(self) -> TextColumn:
        """One a row."""
        return self._text("agentVersion")

    @property
    def ec2_instance_id(self) -> TextColumn:
        """One a row."""
        return self._text("ec2InstanceId")

    @property
    def registered_at(self) -> TextColumn:
        """One a row."""
        return self._text("registeredAt")

    def _text(self, key: str) -> TextColumn:
        return TextColumn.of(instance[key] for instance in self.rows)

    @property
    def running_tasks(self) -> NDArray[np.int64]:
        """One a row."""
        return np.array([instance["runningTasksCount"] for instance in self.rows], np.int64)

    @property
    def task_groups(self) -> Sequence[str]:
        """Every group that a row names."""
        return sorted({group for instance in self.rows for group in instance["groups"]})

    def tasks_of(self, family: str) -> NDArray[np.int64]:
        """One a row."""
        return np.array([instance["groups"].get(family, 0) for instance in self.rows], np.int64)


def selected(text: str, rows: Sequence[Row]) -> list[int]:
    """The rows that an expression selects, by number from 1."""
    return [int(at) + 1 for at in np.flatnonzero(evaluate(parse(text), Columns(rows)))]
