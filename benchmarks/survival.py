"""What survival of a loss costs and how long it takes: ``python -m benchmarks.survival``.

Each row is a synthetic cluster (``datasets.synthetic``) on which every service that may still start tasks wants some more: placed
without the rule and with it, ``place --survive``. Every loss has its checked witness.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from datasets import synthetic
from solver.domain.problem import Problem
from solver.domain.request import Limits, Scheduling
from solver.formats import ecs
from solver.robustness import Surviving, survive


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one row a fill."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--instances", type=int, default=300)
    said.add_argument("--services", type=int, default=60)
    said.add_argument("--fill", type=float, nargs="*", default=[0.3, 0.5, 0.6, 0.65])
    said.add_argument("--new", type=int, default=2, help="tasks that each service wants beside those that run")
    said.add_argument("--lose", nargs="*", default=["zone"])
    said.add_argument("--seconds", type=float, default=60.0)
    said.add_argument("--workers", type=int, default=2)
    said.add_argument("--seed", type=int, default=3)
    given = said.parse_args(arguments)
    print(
        "| fill | wanted | without the rule | with it | at most | one at a time | losses survived | engine | seconds |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for fill in given.fill:
        with tempfile.TemporaryDirectory() as folder:
            problem = wanting(Path(folder), given.instances, given.services, fill, given.seed, given.new)
        begun = time.monotonic()
        found = survive(problem, given.lose, limits=Limits(time_limit=given.seconds, workers=given.workers))
        print(row(fill, problem, found, time.monotonic() - begun), flush=True)


def wanting(folder: Path, instances: int, services: int, fill: float, seed: int, new: int) -> Problem:
    """A cluster whose replica services want some tasks more each."""
    synthetic.generate(folder, instances=instances, services=services, fill=fill, seed=seed)
    problem = ecs.read(folder).problem
    groups = tuple(
        replace(group, start=new) if group.scheduling is Scheduling.REPLICA else group for group in problem.groups
    )
    return replace(problem, groups=groups)


def row(fill: float, problem: Problem, found: Surviving, seconds: float) -> str:
    """Of the table."""
    answer, wanted = found.answer, int(problem.wanted.sum())
    unplaced = [tier for tier in answer.tiers if tier.name.startswith("unplaced")]
    most = wanted - sum(tier.bound for tier in unplaced)
    sequential = wanted - sum(tier.sequential for tier in unplaced)
    placed = [int(np.sum(one.placed())) for one in (found.plain, answer)]
    survived = sum(1 for one in found.losses if not one.missing)
    cells = [f"{fill:.2f}", f"{wanted:,}", f"{placed[0]:,}", f"{placed[1]:,}", f"{most:,}", f"{sequential:,}"]
    cells += [f"{survived} of {len(found.losses)}", answer.engine, f"{seconds:.1f}"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
