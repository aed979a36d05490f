"""What the loss of each zone leaves without a place and what to add for it: ``python -m benchmarks.robustness``.

Each row is one loss of a synthetic cluster (``datasets.synthetic``): how many tasks have no place, and the cheapest addition
that was found and verified, beside what nothing undercuts. The last row of a cluster is all additions together.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from datasets import synthetic
from solver.domain.request import Limits
from solver.formats import ecs
from solver.robustness import Case, survey


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one row a loss."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--instances", type=int, default=300)
    said.add_argument("--services", type=int, default=60)
    said.add_argument("--fill", type=float, nargs="*", default=[0.5, 0.72])
    said.add_argument("--lose", nargs="*", default=["zone"])
    said.add_argument("--seconds", type=float, default=10.0, help="as --time-limit of placement-solver robust")
    said.add_argument("--workers", type=int, default=2)
    said.add_argument("--seed", type=int, default=3)
    given = said.parse_args(arguments)
    print("| fill | lost | tasks | answer | without a place | added | at least | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    for fill in given.fill:
        with tempfile.TemporaryDirectory() as folder:
            synthetic.generate(
                Path(folder), instances=given.instances, services=given.services, fill=fill, seed=given.seed
            )
            cluster = ecs.read(Path(folder))
        begun = time.monotonic()
        found = survey(cluster, given.lose, limits=Limits(time_limit=given.seconds, workers=given.workers))
        for case in found.cases:
            print(f"| {fill:.2f} | {case.loss.name} | {' | '.join(_cells(case))} | {case.seconds:.1f} |", flush=True)
        took = f"{time.monotonic() - begun:.1f}"
        if found.together is not None:
            added = f"{sum(count for _, count in found.together.counts):,}"
            left = ", ".join(found.together.unrepaired) or "every loss survived"
            print(f"| {fill:.2f} | all together | | {left} | | {added} | | {took} |", flush=True)


def _cells(case: Case) -> list[str]:
    judgement, addition = case.judgement, case.addition
    missing = sum(judgement.missing.values())
    lacks = f"{missing:,}" if judgement.proven else f"{judgement.at_least:,} to {missing:,}"
    added, least = "", ""
    if addition is not None:
        added, least = f"{addition.size:,}", f"{addition.size_at_least:,}"
    return [f"{case.lost:,}", judgement.verdict.value, lacks if missing else "0", added, least]


if __name__ == "__main__":
    main()
