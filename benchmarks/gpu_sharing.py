"""N8: GPU sharing on the OpenB trace, against six published online policies (Weng et al., USENIX ATC 2023).

    python -m benchmarks.gpu_sharing --results benchmarks/gpu_sharing.csv            # one by one, ten draws of two workloads
    python -m benchmarks.gpu_sharing --results benchmarks/gpu_sharing.csv --curve    # and in batches with moves, on a tenth
    python -m benchmarks.gpu_sharing --results benchmarks/gpu_sharing.csv --table    # only the tables of what is there

The published protocol: the pods of the list in random order, then pods drawn from it at random, until 1.3 times the GPUs of the
cluster have been asked for. They arrive one by one, and nothing moves. What counts is the share of the GPUs that is allocated
when so much has arrived. What is in the file of results is not asked again, so that a run may be stopped and gone on with.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.kept import keep, known
from benchmarks.published import published
from solver import api
from solver.domain.answer import Answer
from solver.domain.cluster import ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Bools, Counts, Ints
from solver.domain.devices import WHOLE
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, RuleSpec, RunningTask, TaskGroup
from solver.engines.arrivals import Arrivals, Arrived
from solver.formats.openb import STRATEGIES, Trace, read_openb
from solver.rules.bind import bind

FOLDER, NODES, LISTED = "openb", "openb_node_list_gpu_node.csv", "fgd_allocation_mean_over_seeds.csv"
WORKLOADS = ("openb_pod_list_default", "openb_pod_list_gpuspec33")
ARRIVED = (90, 100, 110, 130)
"""Per cent of the cluster's GPUs that have been asked for, at which allocation is compared."""

RATIO = 1.3
SAMPLE, LIMIT = 10, 5.0
"""Of so many nodes one, and seconds for each model, for batches."""

OPEN, TRIES = 10, 4
"""Nodes of a model, and models for each batch that leaves pods out."""

CURVE = ((1, 0), (10, 0), (50, 0), (100, 0), (100, 50), (50, 25))
"""Pods in a batch, and moves that each batch may make."""

CHAIN = ", ".join(str(spec) for spec in STRATEGIES)

CLASSES = (2 * WHOLE, WHOLE, WHOLE // 2, 1, 0)
"""GPU thousandths of a pod from which it is of a higher class, in a batch: the large ones go first."""


@dataclass(frozen=True)
class Decision:
    """A pod is put somewhere, or moved there, when a batch is decided.

    Parameters
    ----------
    batch
        Its number.
    pod
        The number of the arrival.
    node, devices
        Where, and on which GPUs.
    """

    batch: int
    pod: int
    node: str
    devices: tuple[int, ...]


@dataclass(frozen=True)
class Found:
    """What one run came to; ``at_100`` is allocation in per cent when 100 % had arrived, the mean over all arrivals near it."""

    workload: str
    sample: int
    batch: int
    moves: int
    seed: int
    pods: int
    placed: int
    moved: int
    at_90: float
    at_100: float
    at_110: float
    at_130: float
    seconds: float


@dataclass
class Run:
    """A run in the making.

    Attributes
    ----------
    arrivals
        The group of each pod that arrives, in order.
    size
        Pods that are decided at once.
    decisions
        What was decided so far.
    """

    trace: Trace
    arrivals: list[int]
    size: int = 1
    decisions: list[Decision] = field(default_factory=list)

    def one_by_one(self) -> None:
        """Each pod when it arrives, for good."""
        cluster, groups = self.trace.cluster, self.trace.groups
        stream = Arrivals(bind(Problem(cluster, groups, Counts.empty(len(groups), cluster.size))))
        for pod, group in enumerate(self.arrivals):
            put = stream.place(group)
            if put is not None:
                self.decisions.append(Decision(pod, pod, cluster.instance_ids[put.instance], put.devices))

    def in_batches(self, moves: int, limit: float, seed: int = 0) -> None:
        """So many pods at once, with at most so many moves; what finds no place then is not asked again.

        First in turn, the large ones first. Where that leaves pods out and tasks may move, models of some nodes each, with the
        others frozen: as many of these pods as can be, class by class, with as few moves as that takes.
        """
        draw = np.random.default_rng(seed)
        names = self.trace.cluster.instance_ids
        stream: Arrivals | None = None
        for batch, first in enumerate(range(0, len(self.arrivals), self.size)):
            asked = range(first, min(first + self.size, len(self.arrivals)))
            if stream is None:
                before = replace(self._problem((), 0), groups=self.trace.groups, tasks=(), freedom=Freedom())
                stream = Arrivals(bind(before))
            put = self._in_turn(stream, asked)
            self.decisions += [Decision(batch, pod, names[at.instance], at.devices) for pod, at in put.items()]
            waiting, left = [pod for pod in asked if pod not in put], moves
            for _ in range(TRIES):
                if not waiting or not left:
                    break
                problem = self._problem(waiting, left, draw)
                answer = api.place(problem, Limits(time_limit=limit), explain=False)
                whole = answer.steps is None or answer.steps.block is None
                if whole and answer.placed().sum() > np.minimum(answer.placed(), answer.stopped.totals()).sum():
                    left -= sum(action.kind == "move" for action in answer.actions())
                    waiting = self._take(batch, waiting, answer)
                    stream = None

    def _in_turn(self, stream: Arrivals, asked: range) -> dict[int, Arrived]:
        """Where pods are put, the large ones first; those that find no place are left out."""
        amount = {pod: self.trace.groups[self.arrivals[pod]].demand["gpu"] for pod in asked}
        tried = {pod: stream.place(self.arrivals[pod]) for pod in sorted(asked, key=lambda pod: -amount[pod])}
        return {pod: at for pod, at in tried.items() if at is not None}

    def _take(self, batch: int, asked: Sequence[int], answer: Answer) -> list[int]:
        """Note what an answer decides, and which pods still wait; which of those of one request it starts makes no difference."""
        waiting: dict[str, list[int]] = {}
        for pod in reversed(asked):
            waiting.setdefault(self.trace.groups[self.arrivals[pod]].name, []).append(pod)
        for action in answer.actions():
            pod = waiting[action.group].pop() if action.kind == "start" else int(action.task)
            self.decisions.append(Decision(batch, pod, action.instance, action.devices))
        return sorted(pod for pods in waiting.values() for pod in pods)

    def _problem(self, asked: Sequence[int], moves: int, draw: np.random.Generator | None = None) -> Problem:
        """Pods as a request in which nothing counts but pods, class by class, and moves; all nodes but some drawn are frozen."""
        trace, cluster = self.trace, self.trace.cluster
        wanted = Counter(self.arrivals[pod] for pod in asked)
        tasks = [
            RunningTask(str(pod), self.arrivals[pod], self._number[at.node], devices=at.devices)
            for pod, at in sorted({decision.pod: decision for decision in self.decisions}.items())
        ]
        free, devices = cluster.free.copy(), cluster.devices.copy()
        cells: Counter[tuple[int, int]] = Counter()
        for task in tasks:
            group = trace.groups[task.group]
            free[task.instance] -= [group.demand[name] for name in cluster.resources]
            devices[task.instance, list(task.devices)] -= group.devices.each if group.devices else 0
            cells[task.group, task.instance] += 1
        columns = np.array([(*cell, n) for cell, n in cells.items()], np.int64).reshape(-1, 3).T
        groups = tuple(
            replace(
                group,
                start=wanted[g],
                movable=moves > 0 and group.devices is not None,
                priority=_class(group),
                strategies=(RuleSpec("random"),),
            )
            for g, group in enumerate(trace.groups)
        )
        return Problem(
            replace(cluster, free=free, devices=devices),
            groups,
            Counts.of((len(groups), cluster.size), columns[0], columns[1], columns[2]),
            frozen=_but_some(devices, draw),
            tasks=tuple(tasks),
            freedom=Freedom(max_moves=moves),
        )

    @cached_property
    def _number(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.trace.cluster.instance_ids)}

    def allocation(self) -> Iterator[tuple[float, float]]:
        """Per cent of the GPUs that have been asked for, and that are allocated, after each batch.

        Raises
        ------
        AssertionError
            If a GPU, the CPUs or the memory of a node ever hold more than there is.
        """
        groups, cluster = self.trace.groups, self.trace.cluster
        amount = [group.demand["gpu"] for group in groups]
        capacity = int(cluster.devices.sum())
        free, devices = cluster.free.copy(), cluster.devices.copy()
        at: dict[int, Decision] = {}
        decided: dict[int, list[Decision]] = {}
        for decision in self.decisions:
            decided.setdefault(decision.batch, []).append(decision)
        arrived = allocated = 0
        for batch, first in enumerate(range(0, len(self.arrivals), self.size)):
            # A pod that is put somewhere and moved in the same batch is where it was moved.
            here = [*{decision.pod: decision for decision in decided.get(batch, [])}.values()]
            left = [at[new.pod] for new in here if new.pod in at]
            for sign, one in [*((1, one) for one in left), *((-1, one) for one in here)]:
                group, i = groups[self.arrivals[one.pod]], self._number[one.node]
                free[i] += sign * np.array([group.demand[name] for name in cluster.resources])
                devices[i, list(one.devices)] += sign * (group.devices.each if group.devices else 0)
            touched = [self._number[new.node] for new in here]
            if here and min(free[touched].min(), devices[touched].min()) < 0:
                raise AssertionError(f"batch {batch} puts more on a node than it has")
            allocated += sum(amount[self.arrivals[new.pod]] for new in here if new.pod not in at)
            at |= {new.pod: new for new in here}
            arrived += sum(amount[group] for group in self.arrivals[first : first + self.size])
            yield 100 * arrived / capacity, 100 * allocated / capacity


def _class(group: TaskGroup) -> int:
    """A higher number for larger pods."""
    return sum(group.demand["gpu"] >= least for least in CLASSES)


def _but_some(devices: Ints, draw: np.random.Generator | None) -> Bools:
    """``bool[I]``: all nodes but ``OPEN`` that are drawn, half of them among the ones with the most left of their GPUs."""
    frozen = np.zeros(len(devices), np.bool_)
    if draw is not None:
        roomy = np.argsort(-devices.sum(axis=1) * draw.random(len(devices)))[: OPEN // 2]
        frozen[:] = True
        frozen[roomy] = False
        frozen[draw.permutation(np.flatnonzero(frozen))[: OPEN - len(roomy)]] = False
    return frozen


def drawn(trace: Trace, seed: int) -> list[int]:
    """The groups of the pods that arrive: the list shuffled, then pods of it at random, cut at ``RATIO`` of the GPUs."""
    draw = random.Random(seed)
    order = list(trace.pods)
    draw.shuffle(order)
    most = RATIO * int(trace.cluster.devices.sum())
    found, asked = [], 0
    while True:
        group = order[len(found)] if len(found) < len(order) else draw.choice(trace.pods)
        asked += trace.groups[group].demand["gpu"]
        if asked > most:
            return found
        found.append(group)


def sampled(trace: Trace, every: int) -> Trace:
    """The same pods on the first of each so many nodes."""
    cluster = trace.cluster
    rows = np.arange(0, cluster.size, every)
    smaller = ClusterSnapshot(
        instance_ids=tuple(cluster.instance_ids[i] for i in rows),
        resources=cluster.resources,
        capacity=cluster.capacity[rows],
        free=cluster.free[rows],
        active=cluster.active[rows],
        connected=cluster.connected[rows],
        attributes={name: TextColumn.of([column[i] for i in rows]) for name, column in cluster.attributes.items()},
        devices=cluster.devices[rows],
        device_count=cluster.device_count[rows],
    )
    return replace(trace, cluster=smaller)


def measured(trace: Trace, workload: str, sample: int, size: int, moves: int, seed: int, limit: float) -> Found:
    """One run, played back on a count of its own."""
    run = Run(trace, drawn(trace, seed), size)
    begin = time.monotonic()
    if size == 1 and not moves:
        run.one_by_one()
    else:
        run.in_batches(moves, limit, seed)
    seconds = time.monotonic() - begin
    curve = list(run.allocation())
    last = [[at for arrived, at in curve if round(arrived) == percent] for percent in ARRIVED]
    shares = [round(statistics.mean(near), 2) if near else float("nan") for near in last]
    placed = len({decision.pod for decision in run.decisions})
    moved = len(run.decisions) - placed
    end = round(curve[-1][1], 2)
    return Found(
        workload, sample, size, moves, seed, len(run.arrivals), placed, moved, *shares[:3], end, round(seconds, 1)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is not there yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="a CSV file of what each run came to, to go on with")
    parser.add_argument("--seeds", type=int, default=10, help="draws of each workload, one by one (default: 10)")
    parser.add_argument(
        "--curve", action="store_true", help="also in batches with moves, one draw, on a tenth of the nodes"
    )
    parser.add_argument("--limit", type=float, default=LIMIT, help=f"seconds for a batch with moves (default: {LIMIT})")
    parser.add_argument("--table", action="store_true", help="run nothing")
    asked = parser.parse_args(arguments)
    found = known(asked.results, Found)
    wanted = [(workload, 1, 1, 0, seed) for seed in range(asked.seeds) for workload in WORKLOADS]
    if asked.curve:
        wanted += [(workload, SAMPLE, size, moves, 0) for workload in WORKLOADS[:1] for size, moves in CURVE]
    there = {(one.workload, one.sample, one.batch, one.moves, one.seed) for one in found}
    for key in () if asked.table else (key for key in wanted if key not in there):
        workload, sample, size, moves, seed = key
        trace = sampled(read_openb(published(FOLDER) / NODES, published(FOLDER) / f"{workload}.csv"), sample)
        found.append(measured(trace, workload, sample, size, moves, seed, asked.limit))
        keep(asked.results, [asdict(found[-1])])
    print("\n".join([*policies(found, pd.read_csv(published(FOLDER) / LISTED)), "", *curve_table(found)]))


def policies(found: Sequence[Found], listed: pd.DataFrame) -> Iterator[str]:
    """A row a policy and workload: allocation in per cent when so much has arrived, and at the end its standard deviation."""
    yield "| workload | policy | draws | 90 % arrived | 100 % | 110 % | 130 % | deviation | ms a pod |"
    yield "|---" * 9 + "|"
    for workload in WORKLOADS:
        name = workload.removeprefix("openb_pod_list_")
        for _, row in listed[listed["workload"] == workload].iterrows():
            shares = " | ".join(f"{row[f'alloc_pct_at_arrived_{percent}']:.2f}" for percent in ARRIVED)
            policy = str(row["policy"]).partition("-")[2]
            yield f"| {name} | {policy}, published | {row['runs']} | {shares} | {row['std_at_130']:.3f} | |"
        runs = [one for one in found if (one.workload, one.sample, one.batch, one.moves) == (workload, 1, 1, 0)]
        if runs:
            means = [statistics.mean(getattr(one, f"at_{percent}") for one in runs) for percent in ARRIVED]
            deviation = statistics.stdev(one.at_130 for one in runs) if len(runs) > 1 else 0.0
            pace = 1_000 * sum(one.seconds for one in runs) / sum(one.pods for one in runs)
            shares = " | ".join(f"**{mean:.2f}**" for mean in means)
            yield f"| {name} | `{CHAIN}`, one by one | {len(runs)} | {shares} | {deviation:.3f} | {pace:.1f} |"


def curve_table(found: Sequence[Found]) -> Iterator[str]:
    """A row a batch size and budget."""
    yield "| workload | pods decided at once | moves for each batch | allocated at the end, % | pods placed | moved |"
    yield "|---" * 6 + "|"
    for one in (one for one in found if one.sample > 1):
        name = one.workload.removeprefix("openb_pod_list_")
        yield f"| {name} | {one.batch} | {one.moves} | {one.at_130:.2f} | {one.placed:,} of {one.pods:,} | {one.moved} |"


if __name__ == "__main__":
    main()
