"""Inputs at random for what reads foreign input; ends with 1 if one of them crashes it or makes it hang.

    python -m tests.fuzzing query --inputs 1000000
    python -m tests.fuzzing ecs --file out/fuzzing/ecs-0-123.input

Targets: ``proto``, the messages of PlacementService as a worker reads them; ``clusters``, those of ClusterService as the
front reads and keeps them; ``query``, expressions; ``ecs``, directories of documents; ``events``, those that follow them.
One that fails is kept in ``out/fuzzing`` beside what happened, and runs again with ``--file``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.fuzzing.campaign import Plan, Tally, run, run_one
from tests.fuzzing.clusters_target import ClustersTarget
from tests.fuzzing.ecs_target import EcsTarget
from tests.fuzzing.events_target import EventsTarget
from tests.fuzzing.proto_target import ProtoTarget
from tests.fuzzing.query_target import QueryTarget

TARGETS = {
    "proto": ProtoTarget,
    "clusters": ClustersTarget,
    "query": QueryTarget,
    "ecs": EcsTarget,
    "events": EventsTarget,
}

FOLDER = Path("out", "fuzzing")

SHOWN_SECONDS = 10.0
"""Seconds between two lines about how far it is."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many (default: 1,000,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input, to go on with a seed")
    parser.add_argument("--file", type=Path, help="an input that was kept, in the place of new ones")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where inputs that fail are kept")
    asked = parser.parse_args(arguments)
    if asked.file:
        return _again(asked.target, asked.file)
    name, shown, kept, whole = f"{asked.target}-{asked.seed}", time.monotonic(), 0, Tally()

    def told(tally: Tally) -> None:
        nonlocal shown, kept, whole
        whole = tally
        for failure in tally.failures[kept:]:
            path = failure.kept(asked.folder, name)
            print(f"input {failure.number}: {failure.what.strip().splitlines()[-1]}; kept in {path}", flush=True)
        kept = len(tally.failures)
        if time.monotonic() - shown > SHOWN_SECONDS:
            shown = time.monotonic()
            print(f"{tally.inputs:,} inputs, {len(tally.failures)} failures", file=sys.stderr, flush=True)

    # Interrupted, it says what it has come to.
    with suppress(KeyboardInterrupt):
        told(run(Plan(TARGETS[asked.target], asked.inputs, asked.seed, asked.first), told))
    print(summary(asked.target, asked.seed, whole))
    return 1 if whole.failures else 0


def summary(name: str, seed: int, tally: Tally) -> str:
    """What a campaign came to."""
    rate = tally.inputs / max(tally.seconds, 1e-9)
    lines = [
        f"{name}, seed {seed}: {tally.inputs:,} inputs, {len(tally.failures)} failures",
        f"{rate:,.0f} inputs a second of processor time",
        f"slowest: input {tally.slowest}, {1_000 * tally.slowest_seconds:.0f} ms",
        f"{len(tally.outcomes)} outcomes:",
    ]
    return "\n".join(lines + [f"{count:>12,}  {outcome}" for outcome, count in tally.outcomes.most_common()])


def _again(name: str, path: Path) -> int:
    tally = Tally()
    run_one(TARGETS[name](), 0, path.read_bytes(), Plan(TARGETS[name], 1).slow_seconds, tally)
    print(next(iter(tally.outcomes)), *(failure.what for failure in tally.failures), sep="\n")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
