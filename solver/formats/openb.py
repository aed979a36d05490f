"""Node and pod lists of the OpenB trace (Alibaba ``cluster-trace-gpu-v2023``): GPUs that tasks share.

Two CSV files. Nodes: ``sn,cpu_milli,memory_mib,gpu,model``. Pods: ``name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec`` and
columns that are not read. ``gpu_milli`` is of each GPU; a pod with ``num_gpu`` 1 and ``gpu_milli`` 460 shares one.
``gpu_spec`` is ``A|B``, the models that it accepts; empty, any. Pods that ask for the same are a group.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from solver.domain.cluster import ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import LARGEST_SUM, Counts
from solver.domain.devices import MOST_DEVICES, WHOLE, DeviceNeed
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, TaskGroup
from solver.errors import Fault, UnreadableDocument

NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
POD_COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "gpu_spec")
RESOURCES = ("cpu", "memory", "gpu")
"""Thousandths of a CPU, MiB, thousandths of a GPU."""

MODEL = "gpu.model"
MOST_FAULTS = 100
STRATEGIES = (RuleSpec("leastFragmentation"), RuleSpec("binpack", "gpu"))
"""Of pods: among instances where as little is lost, the fullest."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Nodes and pods.

    Parameters
    ----------
    cluster
        All devices free.
    groups
        One for each distinct request, by how often it is asked for, that often in ``arrivals``; none wants tasks.
    pods
        The group of each pod, in the order of the list.
    names
        Of each pod.
    """

    cluster: ClusterSnapshot
    groups: tuple[TaskGroup, ...]
    pods: tuple[int, ...]
    names: tuple[str, ...]

    def problem(self) -> Problem:
        """A request that places every pod of the list."""
        groups = tuple(replace(group, start=group.arrivals) for group in self.groups)
        return Problem(self.cluster, groups, Counts.empty(len(groups), self.cluster.size))


def read_openb(nodes: Path, pods: Path) -> Trace:
    """The trace in two files.

    Raises
    ------
    UnreadableDocument
        If a file is not there, or with every fault of its rows.
    """
    return trace_from_csv(_text(nodes), _text(pods), str(nodes), str(pods))


def trace_from_csv(nodes: str, pods: str, nodes_name: str = "nodes", pods_name: str = "pods") -> Trace:
    """The trace in two texts; messages begin with their names and the line.

    Raises
    ------
    UnreadableDocument
        With every fault of their rows.
    """
    reader = _Reader()
    cluster = reader.cluster(nodes, nodes_name)
    groups, members, names = reader.groups(pods, pods_name)
    if reader.faults or cluster is None:
        raise UnreadableDocument(reader.faults[:MOST_FAULTS])
    return Trace(cluster, groups, members, names)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as failed:
        what = failed.strerror or str(failed)
        raise UnreadableDocument.at(str(path), f"cannot be read ({what})", "name a file that exists") from failed
    except UnicodeDecodeError as broken:
        raise UnreadableDocument.at(str(path), "is not text", "give a CSV file in UTF-8") from broken


Request = tuple[int, int, int, int, str]
"""CPU, memory, devices, thousandths of each, models."""


class _Reader:
    """Reads rows and notes what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def cluster(self, text: str, name: str) -> ClusterSnapshot | None:
        """The nodes; None where there is a fault."""
        ids: list[str] = []
        rows: list[tuple[int, int, int]] = []
        models: list[str | None] = []
        seen: dict[str, int] = {}
        for line, row in self._rows(text, name, NODE_COLUMNS):
            where = f"{name} line {line}"
            amounts = [self._number(where, row, column) for column in NODE_COLUMNS[1:4]]
            if amounts[2] > MOST_DEVICES:
                self._fault(f"{where} gpu", f"is {amounts[2]}", f"must be 0 to {MOST_DEVICES}")
                amounts[2] = 0
            if not row["sn"]:
                self._fault(f"{where} sn", "is empty", "name each node")
            elif row["sn"] in seen:
                self._fault(f"{where} sn", f"'{row['sn']}' is already on line {seen[row['sn']]}", "name each node once")
            if amounts[2] and not row["model"]:
                self._fault(f"{where} model", "is empty", "name the model of the GPUs")
            seen.setdefault(row["sn"], line)
            ids.append(row["sn"])
            rows.append((amounts[0], amounts[1], amounts[2]))
            models.append(row["model"] or None)
        if self.faults:
            return None
        table = np.array(rows, np.int64).reshape(len(rows), 3)
        gpus = table[:, 2].copy()
        table[:, 2] *= WHOLE
        most = int(gpus.max(initial=0))
        return ClusterSnapshot(
            instance_ids=tuple(ids),
            resources=RESOURCES,
            capacity=table,
            free=table,
            active=np.ones(len(ids), np.bool_),
            connected=np.ones(len(ids), np.bool_),
            attributes={MODEL: TextColumn.of(models)},
            device_count=gpus,
            devices=np.where(np.arange(most) < gpus[:, None], WHOLE, 0).astype(np.int64),
        )

    def groups(self, text: str, name: str) -> tuple[tuple[TaskGroup, ...], tuple[int, ...], tuple[str, ...]]:
        """The groups, that of each pod, and the pods' names."""
        found: dict[Request, int] = {}
        requests: list[Request] = []
        names = []
        for line, row in self._rows(text, name, POD_COLUMNS):
            request = self._request(f"{name} line {line}", row)
            requests.append(request)
            names.append(row["name"])
            found[request] = found.get(request, 0) + 1
        order = sorted(found, key=lambda request: (-found[request], request))
        number = {request: g for g, request in enumerate(order)}
        groups = tuple(_group(request, found[request]) for request in order)
        return groups, tuple(number[request] for request in requests), tuple(names)

    def _request(self, where: str, row: dict[str, str]) -> Request:
        cpu, memory, count, each = (self._number(where, row, column) for column in POD_COLUMNS[1:5])
        if count > MOST_DEVICES:
            self._fault(f"{where} num_gpu", f"is {count}", f"must be 0 to {MOST_DEVICES}")
        if count and not 1 <= each <= WHOLE:
            self._fault(f"{where} gpu_milli", f"is {each} with num_gpu {count}", f"must be 1 to {WHOLE:,}")
        if not count and each:
            self._fault(f"{where} gpu_milli", f"is {each} with num_gpu 0", "must be 0 where no GPU is asked for")
        models = sorted({model.strip() for model in row["gpu_spec"].split("|") if model.strip()})
        wrong = [model for model in models if not model.replace("-", "").replace("_", "").isalnum()]
        if wrong:
            self._fault(f"{where} gpu_spec", f"names '{wrong[0][:40]}'", "must be models of letters and digits: A|B")
            models = []
        return cpu, memory, count, each, "|".join(models)

    def _rows(self, text: str, name: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
        """Line numbers and cells by column, of the rows that have as many as the header."""
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
        header = next(reader, [])
        missing = [column for column in columns if column not in header]
        if missing:
            remedy = f"the header must have {','.join(columns)}"
            self._fault(f"{name} line 1", f"has no column '{missing[0]}'", remedy)
            return
        for cells in reader:
            if len(cells) == len(header):
                yield reader.line_num, {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
            elif cells:
                self._fault(
                    f"{name} line {reader.line_num}", f"has {len(cells)} cells", f"the header has {len(header)}"
                )

    def _number(self, where: str, row: dict[str, str], column: str) -> int:
        text = row[column]
        if text.isascii() and text.isdigit() and len(text) <= 15 and int(text) <= LARGEST_SUM // 10**5:
            return int(text)
        remedy = f"must be a whole number, 0 to {LARGEST_SUM // 10**5:,}"
        self._fault(f"{where} {column}", f"is '{text[:40]}'", remedy)
        return 0

    def _fault(self, path: str, problem: str, remedy: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(path, problem, remedy))


def _group(request: Request, pods: int) -> TaskGroup:
    cpu, memory, count, each, models = request
    asked = f"{count}x{each}" if count else "none"
    name = f"pod:cpu={cpu},memory={memory},gpu={asked}" + (f",model={models}" if models else "")
    accepted = RuleSpec("memberOf", f"attribute:{MODEL} in [{', '.join(models.split('|'))}]")
    return TaskGroup(
        name=name,
        family=name,
        demand={"cpu": cpu, "memory": memory, "gpu": count * each},
        constraints=(accepted,) if models else (),
        strategies=STRATEGIES,
        devices=DeviceNeed(each, count) if count else None,
        arrivals=pods,
    )
