"""Clusters as tables: pandas frames, CSV and Parquet, to the domain; answers to frames.

``instances``, one row an instance
    ``id``; for each resource its capacity, as ``capacity.NAME`` or simply ``NAME`` (``cpu``: 1024 = one vCPU;
    ``memory``: MiB) and, where known, ``free.NAME`` (else the capacity less what ``running`` takes);
    ``attribute:NAME`` columns, an empty cell for an instance without it; ``status`` (ACTIVE or DRAINING),
    ``connected``, ``ec2_instance_id``, ``agent_version``, ``registered_at``, ``capacity_provider``, ``used_ports``
    (``80/tcp;53/udp``), ``unlisted_tasks``.
``groups``, one row a task group
    ``name``; ``family`` (else the name); one column a resource, the demand of one task; ``start``, the new tasks
    wanted; ``priority``; ``constraints`` and ``strategies`` as ``type(argument)``, separated by semicolons; ``ports``;
    ``all_or_nothing``; ``stop``, the running tasks to stop; ``movable``, whether its tasks may move; ``move_cost`` (1
    where left out) and ``max_moves``; ``minimum_healthy_percent`` and ``maximum_percent`` of what there should be, on
    the way; ``scheduling`` (REPLICA, DAEMON or STANDALONE); ``required_attributes``, ``zones`` and
    ``capacity_providers``, separated by semicolons; ``role``; ``task_definition``.
``running``, one row a group and instance
    ``group``, ``instance`` (id, EC2 id or the last part of an ARN) and ``count`` (1 where left out).

An absent column is a column of empty cells. A column that is none of these is a fault.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from solver.domain.answer import Answer
from solver.domain.cluster import ClusterSnapshot, Port
from solver.domain.columns import TextColumn
from solver.domain.counts import LARGEST_SUM, Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import Scheduling, TaskGroup
from solver.errors import MAX_FAULTS, Fault, InvalidRequest, UnreadableDocument
from solver.formats.choose import nearest
from solver.formats.frames import FrameReader, port, rule
from solver.formats.plan import COLUMNS, cells_of_plan

TABLES = ("instances", "groups", "running")
SUFFIXES = (".csv", ".parquet")
STATES = ("ACTIVE", "DRAINING")
INSTANCE_COLUMNS = (
    *("id", "status", "connected", "ec2_instance_id", "agent_version", "registered_at", "capacity_provider"),
    *("used_ports", "unlisted_tasks"),
)
BOUNDS = ("max_moves", "minimum_healthy_percent", "maximum_percent")
GROUP_COLUMNS = (
    *("name", "family", "start", "priority", "constraints", "strategies", "ports", "all_or_nothing", "scheduling"),
    *("required_attributes", "zones", "capacity_providers", "role", "task_definition"),
    *("stop", "movable", "move_cost", *BOUNDS),
)
RUNNING_COLUMNS = ("group", "instance", "count")

UNTOLD = -(2**62)
"""Where a table does not say what is free."""


def problem_from_frames(instances: pd.DataFrame, groups: pd.DataFrame, running: pd.DataFrame | None = None) -> Problem:
    """The problem that three frames describe; the columns are those of the module's description.

    Raises
    ------
    InvalidRequest
        With every fault at once, each with its row (from 0) and column: ``groups[3].cpu``.
    """
    faults: list[Fault] = []
    cluster_reader = FrameReader("instances", instances, faults)
    group_reader = FrameReader("groups", groups, faults)
    empty = pd.DataFrame(columns=list(RUNNING_COLUMNS))
    running_reader = FrameReader("running", empty if running is None else running, faults)
    resources = _resources(cluster_reader)
    cluster, free = _cluster(cluster_reader, resources)
    listed = _groups(group_reader, resources)
    # Without the instances, every row of the counts would be at fault.
    counts = _running(running_reader, {group.name: g for g, group in enumerate(listed)}, cluster)
    if faults or cluster is None:
        raise InvalidRequest(faults)
    demand = [[group.demand.get(name, 0) for name in resources] for group in listed]
    left = cluster.capacity - counts.load(np.array(demand, np.int64).reshape(len(listed), len(resources)))
    return Problem(replace(cluster, free=np.where(free == UNTOLD, left, free)), listed, counts)


def read_tables(directory: Path) -> Problem:
    """The problem in a folder of ``instances``, ``groups`` and perhaps ``running``, as ``.csv`` or ``.parquet``.

    Raises
    ------
    UnreadableDocument
        If a table is missing, is there twice or cannot be read, or is Parquet without the extra ``parquet``.
    InvalidRequest
        With every fault of their cells, each with the file, the line and the column.
    """
    paths = tables_in(directory)
    missing = [name for name in ("instances", "groups") if name not in paths]
    if missing:
        faults = [
            Fault(str(directory), f"holds no {name}.csv and no {name}.parquet", "add one of them") for name in missing
        ]
        raise UnreadableDocument(faults)
    frames: dict[str, pd.DataFrame] = {}
    too_long: list[Fault] = []
    for name, path in paths.items():
        try:
            frames[name] = read_frame(path)
        except InvalidRequest as invalid:
            if isinstance(invalid, UnreadableDocument):
                raise
            too_long += invalid.faults
    if too_long:
        raise InvalidRequest(too_long)
    try:
        return problem_from_frames(frames["instances"], frames["groups"], frames.get("running"))
    except InvalidRequest as invalid:
        raise type(invalid)([_with_line(fault, paths) for fault in invalid.faults]) from invalid


def tables_in(directory: Path) -> dict[str, Path]:
    """The tables in a folder, by name.

    Raises
    ------
    UnreadableDocument
        If one is there both as CSV and as Parquet.
    """
    found: dict[str, Path] = {}
    for name in TABLES:
        paths = [path for path in (directory / f"{name}{suffix}" for suffix in SUFFIXES) if path.is_file()]
        if len(paths) > 1:
            problem = f"holds both {paths[0].name} and {paths[1].name}"
            raise UnreadableDocument.at(str(directory), problem, "keep one of them")
        found |= dict.fromkeys([name], paths[0]) if paths else {}
    return found


def read_frame(path: Path) -> pd.DataFrame:
    """A table from a CSV file, every cell as text, or from a Parquet file.

    Raises
    ------
    UnreadableDocument
        If there is no such file or it is not what its name says.
    InvalidRequest
        With every line that has more cells than the header: pandas would drop the last ones.
    """
    try:
        if path.suffix == ".parquet":
            return _read_parquet(path)
        header, faults = _header_and_long_lines(path)
        if faults:
            raise InvalidRequest(faults)
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)
    except (OSError, ValueError, csv.Error) as failed:
        what = failed.strerror if isinstance(failed, OSError) else str(failed).splitlines()[0]
        remedy = f"must be a {path.suffix[1:].upper()} file with a header"
        raise UnreadableDocument.at(str(path), f"cannot be read ({what})", remedy) from failed
    # pandas numbers a repeated column; the reader of the frame shall see that it is repeated.
    return frame.set_axis([name.strip() for name in header], axis=1) if len(header) == frame.shape[1] else frame


def _header_and_long_lines(path: Path) -> tuple[list[str], list[Fault]]:
    """The header of a CSV file as it is written, and a fault for each line that is longer (at most ``MAX_FAULTS``)."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = next((cells for cells in reader if cells), [])
        long = ((reader.line_num, len(cells)) for cells in reader if len(cells) > len(header))
        faults = [
            Fault(f"{path.name} line {line}", f"has {cells} cells", f"the header has {len(header)}")
            for line, cells in islice(long, MAX_FAULTS)
        ]
    return header, faults


def _read_parquet(path: Path) -> pd.DataFrame:
    if find_spec("pyarrow") is None:
        remedy = "pip install 'placement-solver[parquet]', or use CSV"
        raise UnreadableDocument.at(str(path), "Parquet needs the package pyarrow", remedy)
    return pd.read_parquet(path)


def _with_line(fault: Fault, paths: Mapping[str, Path]) -> Fault:
    found = re.match(r"(instances|groups|running)\[(\d+)\]\.?(.*)", fault.path)
    if not found or found[1] not in paths:
        return fault
    path, row = paths[found[1]], int(found[2])
    where = f"line {row + 2}" if path.suffix == ".csv" else f"row {row + 1}"
    return replace(fault, path=f"{path.name} {where}" + (f", {found[3]}" if found[3] else ""))


def _resources(reader: FrameReader) -> tuple[str, ...]:
    """The resources that the columns name, ``cpu`` and ``memory`` first."""
    found: dict[str, str] = {}
    for column in reader.columns:
        if column in INSTANCE_COLUMNS or column.startswith(("attribute:", "free.")):
            continue
        name = column.removeprefix("capacity.")
        if name in found:
            remedy = "name its capacity once"
            reader.faults.append(Fault("instances", f"has the columns '{found[name]}' and '{column}'", remedy))
        found[name] = column
    for column in reader.columns:
        if column.startswith("free.") and column.removeprefix("free.") not in found:
            remedy = f"add 'capacity.{column.removeprefix('free.')}'"
            reader.faults.append(Fault("instances", f"has the column '{column}' without a capacity", remedy))
    return tuple(sorted(found, key=lambda name: (name != "cpu", name != "memory", list(found).index(name))))


def _amounts(reader: FrameReader, resources: tuple[str, ...]) -> tuple[Ints, Ints]:
    """``int64[I, R]`` each: the capacity, and what is free, or ``UNTOLD``."""
    capacity = np.zeros((len(reader), len(resources)), np.int64)
    free = np.full_like(capacity, UNTOLD)
    for r, name in enumerate(resources):
        column = f"capacity.{name}" if f"capacity.{name}" in reader.columns else name
        before = len(reader.faults)
        needed = name in ("cpu", "memory")
        capacity[:, r] = reader.integers(column, None if needed else 0)
        if len(reader.faults) > before and column == name and not needed:
            # Most likely a text that somebody meant as an attribute: one fault for the whole column.
            first = reader.faults[before]
            del reader.faults[before + 1 :]
            also = f"{first.remedy} for a resource; a text needs the column name attribute:{name}"
            reader.faults[before] = replace(first, remedy=also)
        if f"free.{name}" in reader.columns:
            free[:, r] = reader.integers(f"free.{name}", UNTOLD, least=-LARGEST_SUM)
        if len(reader.faults) == before:
            for i in np.flatnonzero(free[:, r] > capacity[:, r]).tolist():
                problem = f"is {free[i, r]}, above the capacity {capacity[i, r]}"
                reader.fault(i, f"free.{name}", problem, "must be at most the capacity")
    return capacity, free


def _cluster(reader: FrameReader, resources: tuple[str, ...]) -> tuple[ClusterSnapshot | None, Ints]:
    """The cluster with everything free, None where a fault was noted; and what is free, or ``UNTOLD``."""
    capacity, free = _amounts(reader, resources)
    names = reader.filled("id") if reader.need("id") else []
    status = reader.texts("status")
    for row, text in enumerate(status):
        if text not in (None, *STATES):
            reader.fault(row, "status", f"is '{text}'", "must be ACTIVE or DRAINING; leave other instances out")
    connected, unlisted = reader.booleans("connected", True), reader.integers("unlisted_tasks", 0)
    ports = _used_ports(reader)
    if reader.faults:
        return None, free
    attributes = {
        column.removeprefix("attribute:"): TextColumn.of(reader.texts(column))
        for column in reader.columns
        if column.startswith("attribute:")
    }
    try:
        cluster = ClusterSnapshot(
            instance_ids=tuple(names),
            resources=resources,
            capacity=capacity,
            free=capacity,
            active=np.array([text != "DRAINING" for text in status], np.bool_),
            connected=connected,
            attributes=attributes,
            ec2_instance_id=TextColumn.of(reader.texts("ec2_instance_id")),
            agent_version=TextColumn.of(reader.texts("agent_version")),
            registered_at=TextColumn.of(reader.texts("registered_at")),
            capacity_provider=TextColumn.of(reader.texts("capacity_provider")),
            used_ports=ports,
            unlisted_tasks=unlisted,
        )
    except InvalidRequest as invalid:
        reader.faults += invalid.faults
        return None, free
    return cluster, free


def _used_ports(reader: FrameReader) -> dict[Port, Ints]:
    rows: dict[Port, set[int]] = {}
    for row, used in enumerate(reader.lists("used_ports", port)):
        for one in used or ():
            rows.setdefault(one, set()).add(row)
    return {one: np.array(sorted(where), np.int64) for one, where in rows.items()}


def _groups(reader: FrameReader, resources: tuple[str, ...]) -> tuple[TaskGroup, ...]:
    for column in reader.columns:
        if column not in (*GROUP_COLUMNS, *resources):
            known = ", ".join((*GROUP_COLUMNS, *resources))
            reader.faults.append(Fault("groups", f"has the column '{column}'", f"must be one of {known}"))
    names = reader.filled("name") if reader.need("name") else [""] * len(reader)
    seen: set[str] = set()
    for g, name in enumerate(names):
        if name and name in seen:
            reader.fault(g, "name", f"'{name}' is already a group", "name each group once")
        seen.add(name)
    families, roles, definitions = (reader.texts(column) for column in ("family", "role", "task_definition"))
    demand = np.stack([reader.integers(name, 0) for name in resources], axis=1) if resources else None
    start, priority = reader.integers("start", 0), reader.integers("priority", 0, least=-(2**31))
    constraints, strategies = reader.lists("constraints", rule), reader.lists("strategies", rule)
    ports, together = reader.lists("ports", port), reader.booleans("all_or_nothing", False)
    attributes, zones = reader.lists("required_attributes", str), reader.lists("zones", str)
    providers, scheduling = reader.lists("capacity_providers", str), _scheduling(reader)
    stop, movable, cost = reader.integers("stop", 0), reader.booleans("movable", False), reader.integers("move_cost", 1)
    bounds = {name: reader.integers(name, UNTOLD) for name in BOUNDS}
    return tuple(
        TaskGroup(
            name=name,
            family=families[g] or name,
            demand={} if demand is None else dict(zip(resources, demand[g].tolist(), strict=True)),
            ports=ports[g] or (),
            start=int(start[g]),
            constraints=constraints[g] or (),
            strategies=strategies[g],
            priority=int(priority[g]),
            all_or_nothing=bool(together[g]),
            scheduling=scheduling[g],
            required_attributes=attributes[g] or (),
            zones=zones[g] or (),
            capacity_providers=providers[g] or (),
            role=roles[g] or "",
            task_definition=definitions[g] or "",
            stop=int(stop[g]),
            movable=bool(movable[g]),
            move_cost=int(cost[g]),
            devices=None,
            arrivals=0,
            targets=(),
            **{name: None if column[g] == UNTOLD else int(column[g]) for name, column in bounds.items()},
        )
        for g, name in enumerate(names)
    )


def _scheduling(reader: FrameReader) -> list[Scheduling]:
    found = []
    for row, text in enumerate(reader.texts("scheduling")):
        known = text is None or text in Scheduling.__members__
        if not known:
            reader.fault(row, "scheduling", f"is '{text}'", f"must be one of {', '.join(Scheduling.__members__)}")
        found.append(Scheduling[text] if text and known else Scheduling.STANDALONE)
    return found


def _running(reader: FrameReader, groups: Mapping[str, int], cluster: ClusterSnapshot | None) -> Counts:
    """The counts; without a cluster only the cells are looked at."""
    for column in reader.columns:
        if column not in RUNNING_COLUMNS:
            remedy = f"must be one of {', '.join(RUNNING_COLUMNS)}"
            reader.faults.append(Fault("running", f"has the column '{column}'", remedy))
    shape = (len(groups), cluster.size if cluster else 0)
    if not reader.need("group", "instance"):
        return Counts.empty(*shape)
    named, placed, count = reader.filled("group"), reader.filled("instance"), reader.integers("count", 1)
    if cluster is None:
        return Counts.empty(*shape)
    cells = []
    for row, (group, instance) in enumerate(zip(named, placed, strict=True)):
        g, i = groups.get(group), cluster.find(instance)
        if g is None and group:
            reader.fault(row, "group", f"'{group}' is not in the table of groups", nearest(group, groups))
        if i is None and instance:
            problem = f"'{instance}' is not in the table of instances"
            reader.fault(row, "instance", problem, "must be the id of a row there")
        if g is not None and i is not None:
            cells.append((g, i, int(count[row])))
    columns = np.array(cells, np.int64).reshape(len(cells), 3)
    return Counts.of(shape, columns[:, 0], columns[:, 1], columns[:, 2])


def plan_frame(answer: Answer) -> pd.DataFrame:
    """One row a task that starts, stops or moves: ``action, group, task, instance, from_instance, step``."""
    return pd.DataFrame(list(cells_of_plan(answer)), columns=list(COLUMNS))


def tiers_frame(answer: Answer) -> pd.DataFrame:
    """One row a tier: ``name, title, value, bound, proven, source, sequential``, in order of importance."""
    columns = ["name", "title", "value", "bound", "proven", "source", "sequential"]
    return pd.DataFrame([[getattr(tier, column) for column in columns] for tier in answer.tiers], columns=columns)
