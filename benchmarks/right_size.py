"""What a right-sized mix costs, against first fit decreasing and against the bound: ``python -m benchmarks.right_size``.

Two workloads. The first is that of the Cluster Autoscaler's own benchmark: 50,000 tasks of (50 m, 100) and 1,000 of (95 m, 190)
on instances of (1,000 m, 5,000, 100 tasks). The second has tasks whose needs are log-normal, cpu ``exp(N(0, 1))`` in 0.25 to 16
processors, memory ``exp(N(1.5, 1.2))`` in 1 to 120 GiB, on a catalogue of EC2 types with prices, as read by
``placement-solver right-size``. Rows with empty cells are passed over. Every plan passes the checker.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from solver.capacity import Catalogue, InstanceType, RightSized, read_catalogue, right_size
from solver.domain.cluster import ClusterSnapshot
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits, TaskGroup


def main() -> None:
    """Print one row a workload."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("catalogue", type=Path, nargs="?", help="CSV; without it only the first workload is run")
    said.add_argument("--tasks", type=int, nargs="*", default=[5_000, 20_000])
    said.add_argument(
        "--types", nargs="*", default=["!t*"], help="patterns of types; without burstable ones by default"
    )
    said.add_argument("--seconds", type=float, default=60.0)
    said.add_argument("--seed", type=int, default=1)
    given = said.parse_args()
    print("| workload | types | first fit | mix | bound | gap | instances | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    show("N6: 51,000 tasks", one_type(), autoscaler(), given.seconds)
    if given.catalogue is not None:
        catalogue = read_catalogue(given.catalogue, skip_incomplete=True).only(given.types)
        for tasks in given.tasks:
            show(f"{tasks:,} log-normal tasks", catalogue, log_normal(tasks, given.seed), given.seconds)


def show(name: str, catalogue: Catalogue, problem: Problem, seconds: float) -> None:
    """One row."""
    begun = time.monotonic()
    found: RightSized = right_size(problem, catalogue, Limits(time_limit=seconds), zones=["a"])
    took = time.monotonic() - begun
    first = "-" if found.first_fit is None else f"{found.first_fit / 1e6:,.4f}"
    costs = f"{first} | {found.cost / 1e6:,.4f} | {found.bound / 1e6:,.4f} | {found.gap:.2%}"
    print(f"| {name} | {len(catalogue.types):,} | {costs} | {sum(found.bought.values()):,} | {took:.1f} |", flush=True)


def one_type() -> Catalogue:
    """(1,000 m, 5,000, 100 tasks) for 1 an hour; the number of tasks is counted as interfaces."""
    return Catalogue((InstanceType("autoscaler", 1_000, 5_000, 1_000_000, 0, 100),))


def autoscaler() -> Problem:
    """50,000 tasks of (50, 100) and 1,000 of (95, 190)."""
    return nowhere(
        [
            TaskGroup("small", "small", {"cpu": 50, "memory": 100, "interfaces": 1}, start=50_000),
            TaskGroup("large", "large", {"cpu": 95, "memory": 190, "interfaces": 1}, start=1_000),
        ]
    )


def log_normal(tasks: int, seed: int) -> Problem:
    """Tasks of their own size, in CPU units and MiB; those of one size are one group."""
    draw = np.random.default_rng(seed)
    cpu = np.clip(np.exp(draw.normal(0.0, 1.0, tasks)), 0.25, 16.0)
    memory = np.clip(np.exp(draw.normal(1.5, 1.2, tasks)), 1.0, 120.0)
    sizes = np.ceil(np.stack([cpu * 1_024, memory * 1_024], axis=1)).astype(np.int64)
    rows, count = np.unique(sizes, axis=0, return_counts=True)
    return nowhere(
        [
            TaskGroup(f"g{n}", f"g{n}", {"cpu": int(row[0]), "memory": int(row[1])}, start=int(many))
            for n, (row, many) in enumerate(zip(rows, count, strict=True))
        ]
    )


def nowhere(groups: list[TaskGroup]) -> Problem:
    """A cluster without instances that shall hold the groups."""
    none = np.zeros((0, 4), np.int64)
    flags = np.zeros(0, np.bool_)
    cluster = ClusterSnapshot((), ("cpu", "memory", "gpu", "interfaces"), none, none.copy(), flags, flags.copy())
    return Problem(cluster, tuple(groups), Counts.empty(len(groups), 0))


if __name__ == "__main__":
    main()
