"""A plan as CSV: one row a task that starts, stops or moves.

Columns ``action,group,task,instance,from_instance,step``. ``action`` is ``start``, ``stop`` or ``move``. ``task`` is
empty for a task that does not exist yet. A move leaves ``from_instance`` for ``instance``. ``step`` is the wave that
completes it, from 1. Where a move starts and stops in different waves, two more columns, ``start_step`` and
``stop_step``, say in which. Where tasks are put on devices, a last column, ``devices``, has their numbers: ``0+3``.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.explanation import Violation
from solver.domain.problem import Problem
from solver.domain.request import RunningTask
from solver.domain.steps import Action
from solver.errors import Fault, InvalidRequest, UnreadableDocument
from solver.formats.choose import nearest

COLUMNS = ("action", "group", "task", "instance", "from_instance", "step")
WAVES = ("start_step", "stop_step")
DEVICES = "devices"
NEEDED = ("action", "group", "instance")
ACTIONS = ("start", "stop", "move")
LARGEST_STEP = 10_000_000


@dataclass(frozen=True)
class Row:
    """One row of a plan and the line of the file where it ends."""

    line: int
    action: str
    group: str
    task: str
    instance: str
    from_instance: str
    step: str
    start_step: str = ""
    stop_step: str = ""
    devices: str = ""


def plan_to_csv(answer: Answer) -> str:
    """The plan of an answer, with a header; instances by the ids of the cluster."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    actions = list(answer.actions())
    waves = any(action.start_step or action.stop_step for action in actions)
    seated = any(action.devices for action in actions)
    writer.writerow((*COLUMNS, *(WAVES if waves else ()), *((DEVICES,) if seated else ())))
    for action in actions:
        devices = ("+".join(map(str, action.devices)),) if seated else ()
        writer.writerow((*cells_of(action), *(_waves_of(action) if waves else ()), *devices))
    return out.getvalue()


def cells_of_plan(answer: Answer) -> Iterator[tuple[str | int, ...]]:
    """One row a task that starts, stops or moves, in the order of ``COLUMNS``."""
    return (cells_of(action) for action in answer.actions())


def cells_of(action: Action) -> tuple[str | int, ...]:
    """One action in the order of ``COLUMNS``."""
    return action.kind, action.group, action.task, action.instance, action.from_instance, action.step


def _waves_of(action: Action) -> tuple[str | int, ...]:
    return (action.starts_in, action.stops_in) if action.kind == "move" else ("", "")


def rows_of_plan(text: str) -> tuple[Row, ...]:
    """The rows of a plan; columns in any order, of which only ``action``, ``group`` and ``instance`` must be there.

    Raises
    ------
    UnreadableDocument
        If it is no CSV, or the header lacks a column or has one that is unknown.
    InvalidRequest
        With every row that has too many or too few cells, or an unknown action.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as broken:
        remedy = "must be CSV with the columns " + ",".join(COLUMNS)
        raise UnreadableDocument.at(f"line {reader.line_num}", f"is not CSV ({broken})", remedy) from broken
    header = _header(lines)
    faults: list[Fault] = []
    rows = []
    for line, cells in lines[1:]:
        if len(cells) != len(header):
            faults.append(Fault(f"line {line}", f"has {len(cells)} cells", f"the header has {len(header)}"))
            continue
        row = Row(
            line,
            **{
                **dict.fromkeys((*COLUMNS, *WAVES, DEVICES), ""),
                **{h: c.strip() for h, c in zip(header, cells, strict=True)},
            },
        )
        faults += _row_faults(row)
        rows.append(row)
    if faults:
        raise InvalidRequest(faults)
    return tuple(rows)


def starts_of_plan(rows: Sequence[Row]) -> dict[str, int]:
    """How many tasks of each group a plan starts, in the order of the first rows; 0 where it only stops or moves."""
    starts: dict[str, int] = {}
    for row in rows:
        starts[row.group] = starts.get(row.group, 0) + (row.action == "start")
    return starts


def allowing(problem: Problem, rows: Sequence[Row]) -> Problem:
    """The problem with what a plan stops and moves as what was asked for; what starts is asked for already.

    Raises
    ------
    InvalidRequest
        If more tasks of a group stop than run, or tasks of a DAEMON service do.
    """
    done = {action: Counter(row.group for row in rows if row.action == action) for action in ACTIONS}
    groups = []
    for group in problem.groups:
        starts, stops = done["start"][group.name], done["stop"][group.name]
        # Of a group that starts as well as stops tasks, as many have moved.
        moves = done["move"][group.name] + min(starts, stops)
        groups.append(
            replace(
                group,
                # A group that has fewer tasks in the end starts none, whatever a table wants.
                start=max(group.start - stops, 0) if stops <= starts else 0,
                stop=max(stops - starts, 0),
                movable=group.movable or moves > 0,
            )
        )
    return replace(problem, groups=tuple(groups))


def unknown_instances(problem: Problem, rows: Sequence[Row]) -> list[Fault]:
    """The faults of instances that are not in the cluster, which need not wait for the groups to be known."""
    reader = _Reader(problem)
    for row in rows:
        reader.places(row)
    return reader.faults


def counts_from_plan(problem: Problem, plan: str | Sequence[Row]) -> Counts:
    """The tasks of each group on each instance after a plan.

    Parameters
    ----------
    plan
        The text of a plan, or its rows. Groups by the names of the problem; instances by EC2 id, ARN or the ARN's
        last part.

    Raises
    ------
    InvalidRequest
        With every fault by line: an unknown group, instance or task, a task named twice, a stop where none runs.
    """
    reader = _read(problem, rows_of_plan(plan) if isinstance(plan, str) else plan)
    cells = np.array(reader.cells, np.int64).reshape(len(reader.cells), 3)
    shape = (len(problem.groups), problem.cluster.size)
    return problem.running + Counts.of(shape, cells[:, 0], cells[:, 1], cells[:, 2])


def actions_from_plan(problem: Problem, rows: Sequence[Row]) -> tuple[Action, ...]:
    """The actions of a plan with their waves, for the simulator; a task that stops without a name is chosen (§9.1).

    Raises
    ------
    InvalidRequest
        As ``counts_from_plan``, and with every row without a step.
    """
    remedy = "write the wave in which it is complete, from 1"
    missing = [Fault(f"line {row.line}", "has no step", remedy) for row in rows if not row.step]
    if missing:
        raise InvalidRequest(missing)
    reader = _read(problem, rows)
    return tuple(reader.action(row) for row in rows)


def protected_stops(problem: Problem, rows: Sequence[Row]) -> tuple[Violation, ...]:
    """The protected tasks that a plan stops or moves by name, though others of the group could go in their stead.

    Raises
    ------
    InvalidRequest
        As ``counts_from_plan``.
    """
    reader = _read(problem, rows)
    tasks = (reader.task(row) for row in rows if row.action != "start")
    label, groups = problem.cluster.label, problem.groups
    return tuple(
        Violation("protection", groups[task.group].name, label(task.instance), 0, 1, f"stop of {task.id}, protected")
        for task in tasks
        if task is not None and task.protected
    )


def _read(problem: Problem, rows: Sequence[Row]) -> _Reader:
    reader = _Reader(problem)
    for row in rows:
        reader.take(row)
    if not reader.faults:
        reader.check_stops()
    if reader.faults:
        raise InvalidRequest(reader.faults)
    return reader


def _header(lines: list[tuple[int, list[str]]]) -> list[str]:
    expected = ",".join(COLUMNS)
    if not lines:
        raise UnreadableDocument.at("line 1", "the plan is empty", f"must begin with the header {expected}")
    line, header = lines[0][0], [name.strip().lower() for name in lines[0][1]]
    faults = [Fault(f"line {line}", f"has no column '{name}'", f"the header is {expected}") for name in NEEDED]
    faults = [fault for fault, name in zip(faults, NEEDED, strict=True) if name not in header]
    for name in dict.fromkeys(header):
        if name not in (*COLUMNS, *WAVES, DEVICES):
            faults.append(Fault(f"line {line}", f"has the column '{name}'", f"the header is {expected}"))
        elif header.count(name) > 1:
            faults.append(Fault(f"line {line}", f"has the column '{name}' twice", "name each column once"))
    if faults:
        raise UnreadableDocument(faults)
    return header


def _row_faults(row: Row) -> list[Fault]:
    faults = []

    def fault(problem: str, remedy: str) -> None:
        faults.append(Fault(f"line {row.line}", problem, remedy))

    if row.action not in ACTIONS:
        fault(f"action is '{row.action}'", f"must be one of {', '.join(ACTIONS)}")
    if row.action == "move" and not row.from_instance:
        fault("the move has no from_instance", "name the instance that the task leaves")
    if row.action in ("start", "stop") and row.from_instance:
        fault(f"the {row.action} has a from_instance", "must be empty; only a move has one")
    if row.action == "start" and row.task:
        fault(f"the start names the task '{row.task}'", "must be empty: a task that starts has no name yet")
    steps = {"step": row.step, "start_step": row.start_step, "stop_step": row.stop_step}
    for name, step in steps.items():
        if step and not (step.isascii() and step.isdigit() and 1 <= int(step[:19]) <= LARGEST_STEP):
            fault(f"{name} is '{step}'", "must be a whole number from 1, or empty")
    return faults


class _Reader:
    """Turns rows into changes of counts, and notes what is wrong with them."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.faults: list[Fault] = []
        self.cells: list[tuple[int, int, int]] = []
        self._leaves: Counter[tuple[int, int]] = Counter()
        self._last_line: dict[tuple[int, int], int] = {}
        self._named: dict[str, int] = {}
        self._places: dict[int, tuple[int, int, int]] = {}
        self._tasks = {task.id: task for task in problem.tasks}
        last = Counter(task.id.rsplit("/", 1)[-1] for task in problem.tasks)
        by_last = {task.id.rsplit("/", 1)[-1]: task.id for task in problem.tasks}
        self._short = {short: identity for short, identity in by_last.items() if last[short] == 1}

    def take(self, row: Row) -> None:
        """One row."""
        group = self.problem.by_name.get(row.group)
        if group is None:
            self._fault(row, f"there is no group '{row.group}'", nearest(row.group, self.problem.by_name))
        instance, leaves = self.places(row)
        if group is None or instance is None or leaves is None:
            return
        if row.action == "move" and leaves == instance:
            self._fault(row, "the move stays on its instance", "instance and from_instance must differ")
        self._places[row.line] = (group, instance, leaves)
        if row.action != "start":
            self._leave(row, group, leaves)
        if row.action != "stop":
            self.cells.append((group, instance, 1))

    def places(self, row: Row) -> tuple[int | None, int | None]:
        """The instance of a row, and the one that its task leaves; None where it is not in the cluster."""
        instance = self._instance(row, "instance", row.instance)
        leaves = self._instance(row, "from_instance", row.from_instance) if row.action == "move" else instance
        return instance, leaves

    def _leave(self, row: Row, group: int, instance: int) -> None:
        self.cells.append((group, instance, -1))
        self._leaves[group, instance] += 1
        self._last_line[group, instance] = row.line
        if not row.task:
            return
        identity = self._identity(row)
        if identity in self._named:
            self._fault(row, f"the task '{row.task}' is already on line {self._named[identity]}", "name each task once")
        self._named[identity] = row.line
        task = self._tasks.get(identity)
        if self._tasks and (task is None or (task.group, task.instance) != (group, instance)):
            where = self.problem.cluster.label(instance)
            remedy = "must be a task that runs there, or empty"
            self._fault(row, f"'{row.task}' is no task of {row.group} on {where}", remedy)

    def task(self, row: Row) -> RunningTask | None:
        """The task that a row names."""
        return self._tasks.get(self._identity(row))

    def _identity(self, row: Row) -> str:
        """The id of the task that a row names, whole or by its last part where only one task has it."""
        return row.task if row.task in self._tasks else self._short.get(row.task.rsplit("/", 1)[-1], row.task)

    def action(self, row: Row) -> Action:
        """The action of a row without faults."""
        ids = self.problem.cluster.instance_ids
        group, instance, leaves = self._places[row.line]
        task = self._identity(row)
        if not task and row.action != "start":
            task = self._chosen(group, leaves)
        step, moves = int(row.step), row.action == "move"
        starts, stops = (int(wave or step) if moves else 0 for wave in (row.start_step, row.stop_step))
        return Action(
            row.action,
            row.group,
            task,
            ids[instance],
            ids[leaves] if moves else "",
            max(step, starts, stops),
            starts,
            stops,
        )

    def _chosen(self, group: int, instance: int) -> str:
        """A task of the group there that no row names: never a protected one while there is another."""
        there = [
            task
            for task in self.problem.tasks
            if (task.group, task.instance) == (group, instance) and task.id not in self._named
        ]
        found = min(there, key=lambda task: (task.protected, task.healthy, task.running, task.started_at), default=None)
        if found is None:
            return ""
        self._named[found.id] = 0
        return found.id

    def check_stops(self) -> None:
        """No more tasks leave an instance than run there."""
        running = {(g, i): n for g, i, n in self.problem.running}
        for (group, instance), count in self._leaves.items():
            found = running.get((group, instance), 0)
            if count > found:
                name, where = self.problem.groups[group].name, self.problem.cluster.label(instance)
                path = f"line {self._last_line[group, instance]}"
                problem = f"{count} tasks of {name} leave {where}, where {found} run"
                self.faults.append(Fault(path, problem, "only a task that runs can stop or move"))

    def _instance(self, row: Row, column: str, name: str) -> int | None:
        found = self.problem.cluster.find(name)
        if found is None:
            remedy = "must be an EC2 id, an ARN or the last part of an ARN of an instance in the cluster"
            self._fault(row, f"{column} '{name}' is not in the cluster", remedy)
        return found

    def _fault(self, row: Row, problem: str, remedy: str) -> None:
        self.faults.append(Fault(f"line {row.line}", problem, remedy))
