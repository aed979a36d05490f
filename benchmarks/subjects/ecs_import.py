"""Reading a directory of ECS documents."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from benchmarks.subject import TEN_SEEDS, Case, Outcome, Phase, Subject
from benchmarks.workloads import scaled
from datasets import synthetic
from solver.domain.problem import Problem
from solver.formats import ecs

_SERVICES = 50
_TASKS_AN_INSTANCE = 5


def _instances(case: Case, scale: float) -> int:
    return scaled(case.size, scale, 20)


def _write(directory: str, size: int, seed: int) -> int:
    services = min(_SERVICES, size)
    running = _TASKS_AN_INSTANCE * size
    return synthetic.generate(Path(directory), instances=size, services=services, tasks_running=running, seed=seed)


def _problem(size: int, seed: int, scale: float) -> Problem:
    with TemporaryDirectory() as directory:
        _write(directory, scaled(size, scale, 20), seed)
        return ecs.read(Path(directory)).problem


def _prepare(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
    directory = stack.enter_context(TemporaryDirectory())
    running = _write(directory, _instances(case, scale), seed)
    return partial(_read, Path(directory), running)


def _read(directory: Path, running: int) -> tuple[ecs.EcsCluster, int, Path]:
    return ecs.read(directory), running, directory


def _judge(case: Case, seed: int, scale: float, found: object) -> Outcome:
    cluster, running, directory = cast(tuple[ecs.EcsCluster, int, Path], found)
    problem = cluster.problem
    wrong = []
    if problem.cluster.size != _instances(case, scale):
        wrong.append(f"{problem.cluster.size} instances are read, not {_instances(case, scale)}")
    if int(problem.running.totals().sum()) != running:
        wrong.append(f"{int(problem.running.totals().sum())} running tasks are read, not {running}")
    size = sum(file.stat().st_size for file in directory.iterdir())
    return Outcome(figures={"running tasks": running, "documents (MB)": round(size / 1e6, 1)}, wrong=tuple(wrong))


SUBJECT = Subject(
    name="ecs_import",
    title="Reading ECS documents",
    description=(
        "A cluster directory of `datasets/synthetic.py` with 50 services and five running tasks an instance, read from "
        "disk into a problem."
    ),
    cases=tuple(
        Case(
            name=f"{size:,} instances",
            build=partial(_problem, size),
            seeds=seeds,
            size=size,
            series="all",
            headlines={"import": "import, 1,000 instances"} if size == 1_000 else {},
        )
        for size, seeds in ((100, TEN_SEEDS), (300, TEN_SEEDS), (1_000, TEN_SEEDS), (3_000, (1, 2, 3)))
    ),
    phases=(Phase("import", _prepare, _judge),),
    axis="instances",
)
