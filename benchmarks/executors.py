"""What a scenario costs beside its answer, by executor, and how that grows with workers.

    python -m benchmarks.executors                                 # 1,000 small scenarios and 100 large ones, by 1 and 2 workers
    python -m benchmarks.executors --small 100 --large 10 --workers 1 2 4 --executors local ray

Small scenarios are of 6 instances and 20 tasks, large ones of 1,000 instances and 5,000 tasks, all with the sequential engine.
The executors are processes of this computer, a Dask cluster on it with as many workers of one thread each, and a Ray cluster on
it with room for as many actors. Each is there before the clock starts, and has answered one scenario a worker. *Beside* are the
milliseconds a scenario for which a worker was not answering: ``(seconds * workers - sum of the rows' seconds) / scenarios``. The
exit code is 1 unless every scenario has one row with an answer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from benchmarks.ray_cluster import ray_cluster
from benchmarks.workloads import packing_problem
from solver.domain.request import Engine, Limits
from solver.formats.table_cluster import TableCluster
from solver.whatif.answering import Batch
from solver.whatif.asked import Asked
from solver.whatif.edits import Scale
from solver.whatif.executor import Executor
from solver.whatif.executors import LOCAL, executor_of
from solver.whatif.question import Place
from solver.whatif.row import Row
from solver.whatif.run import batch_of, run
from solver.whatif.scenario import Scenario

LIMITS = Limits(time_limit=60, engine=Engine.SEQUENTIAL)


@dataclass(frozen=True)
class Size:
    """Scenarios of a kind."""

    name: str
    instances: int
    tasks: int
    count: int

    def batch(self) -> Batch:
        """What they have in common."""
        cluster = TableCluster(packing_problem(self.tasks, self.instances, seed=0))
        return batch_of(Asked.of(cluster, Place()), LIMITS)

    def scenarios(self) -> list[Scenario]:
        """Each wants a little more than the one before."""
        return [Scenario(f"{k}", (Scale(1 + k / (10 * self.count)),)) for k in range(self.count)]


@contextmanager
def dask(workers: int) -> Iterator[str]:
    """The name of a Dask cluster on this computer."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    ) as found:
        yield f"dask://{found.scheduler_address.removeprefix('tcp://')}"


@contextmanager
def local(workers: int) -> Iterator[str]:
    """The processes of this computer."""
    yield LOCAL


CLUSTERS: dict[str, Callable[[int], AbstractContextManager[str]]] = {"local": local, "dask": dask, "ray": ray_cluster}
"""By engine, what begins one with so many workers and yields the name of its executor."""


def warm(executor: Executor, workers: int) -> None:
    """Have every worker answer once: it then has the batch, and a process that has loaded everything."""
    for k in range(workers):
        executor.submit(Scenario(f"warm {k}", (Scale(1.0),)))
    found: list[Row] = []
    while len(found) < workers:
        found += executor.completed(60)


def measured(engine: str, size: Size, workers: int, against: float | None) -> tuple[bool, float]:
    """Whether every scenario is answered once, and the milliseconds beside; prints both."""
    batch, scenarios = size.batch(), size.scenarios()
    with CLUSTERS[engine](workers) as name:
        started = time.monotonic()
        executor = executor_of(name, batch, workers if engine == "local" else None)
        warm(executor, workers)
        ready = time.monotonic()
        analysis = run(batch, scenarios, executor)
        seconds = time.monotonic() - ready
    answering = sum(row.seconds for row in analysis.rows)
    beside = 1_000 * (seconds * workers - answering) / len(analysis.rows)
    right = analysis.is_whole and len(analysis.rows) == size.count + 1 and not analysis.failed
    ratio = "" if against is None else f", {beside / max(against, 1e-9):.1f} times local's"
    print(
        f"{engine:5} {workers} workers, {size.count:,} {size.name}: begun in {ready - started:.1f} s, {seconds:.1f} s, "
        f"{len(analysis.rows) / seconds:.1f} a second, {1_000 * answering / len(analysis.rows):.1f} ms an answer and "
        f"{beside:.1f} ms beside{ratio}{'' if right else '; NOT every scenario has its answer'}",
        flush=True,
    )
    return right, beside


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each once; 1 where a row is missing."""
    parser = argparse.ArgumentParser(description="What a scenario costs beside its answer.")
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--large", type=int, default=100)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--executors", nargs="+", choices=list(CLUSTERS), default=list(CLUSTERS))
    given = parser.parse_args(arguments)
    whole = True
    for size in (Size("small", 6, 20, given.small), Size("large", 1_000, 5_000, given.large)):
        for workers in given.workers:
            against = None
            for engine in given.executors:
                right, beside = measured(engine, size, workers, against)
                whole = whole and right
                against = beside if engine == "local" else against
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
