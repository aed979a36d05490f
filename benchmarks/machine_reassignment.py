"""N9: machine reassignment, set A of the ROADEF/EURO challenge 2012, against its winners and the best listed costs.

    python -m benchmarks.machine_reassignment --results reassignment.csv                # all ten, 60 s each
    python -m benchmarks.machine_reassignment --results reassignment.csv --only a2      # those that begin with this

Each problem is asked once. What is in the file of results is not asked again, so that a run may be stopped and gone on with. The
plans are checked as every answer is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from benchmarks.kept import keep, known
from benchmarks.published import published
from solver.engines.kernels.compiled import warm_up
from solver.engines.reassignment.engine import reassign
from solver.formats.machine_reassignment import read_reassignment

FOLDER, LISTED = "roadef2012", "reference_values.csv"

WINNER = {
    "a1_1": 44_306_501,
    "a1_2": 778_166_409,
    "a1_3": 583_006_431,
    "a1_4": 263_330_189,
    "a1_5": 727_578_310,
    "a2_1": 359,
    "a2_2": 756_757_072,
    "a2_3": 1_214_932_367,
    "a2_4": 1_683_815_097,
    "a2_5": 324_221_045,
}
"""What the program of the challenge's winning team came to in 60 s on two shared cores."""


@dataclass(frozen=True)
class Found:
    """What one problem came to.

    Parameters
    ----------
    initial, cost, bound, moved, steps, seconds
        Of the answer; ``bound`` is what is proved.
    winner, team, best
        What the winning team's program came to in 60 s, one team published for 300 s, and the best listed.
    """

    name: str
    initial: int
    cost: int
    bound: int
    moved: int
    steps: int
    seconds: float
    winner: int
    team: int
    best: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="a CSV file of what each problem came to, to go on with")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each (default: 60)")
    parser.add_argument("--workers", type=int, default=2, help="threads (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="of the search (default: 0)")
    parser.add_argument("--only", default="", help="names that begin with this: a1, a2_4")
    asked = parser.parse_args(arguments)
    warm_up()
    listed = pd.read_csv(published(FOLDER) / LISTED).set_index("instance")
    kept = {one.name: one for one in known(asked.results, Found)}
    found: list[Found] = []
    for name in (name for name in WINNER if name.startswith(asked.only)):
        one = kept.get(name)
        if one is None:
            row = listed.loc[name]
            one = _solved(name, asked, int(row["s41_300s"]), int(row["best_listed_value"]))
            keep(asked.results, [asdict(one)])
        found.append(one)
    print("\n".join(table(found)))


def _solved(name: str, asked: argparse.Namespace, team: int, best: int) -> Found:
    files = (published(f"{FOLDER}/{kind}_{name}.txt.xz") for kind in ("model", "assignment"))
    found = reassign(read_reassignment(*files), asked.limit, seed=asked.seed, workers=asked.workers)
    seconds = round(found.seconds, 1)
    return Found(
        *(name, found.initial, found.cost, found.bound, found.moved, found.steps, seconds),
        *(WINNER[name], team, best),
    )


def table(found: Sequence[Found]) -> Iterator[str]:
    """A row for each problem, then how many are at or below each of the others' figures."""
    columns = (
        *("problem", "before", "cost", "bound", "gap", "seconds"),
        *("winner, 60 s", "against it", "a team, 300 s", "against it", "best listed", "against it"),
    )
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for one in found:
        gap = f"{(one.cost - one.bound) / max(one.cost, 1):.3%}"
        cells = [one.name, f"{one.initial:,}", f"{one.cost:,}", f"{one.bound:,}", gap, f"{one.seconds:.0f}"]
        for other in (one.winner, one.team, one.best):
            cells += [f"{other:,}", f"{(one.cost - other) / max(other, 1):+.3%}"]
        yield f"| {' | '.join(cells)} |"
    met = [sum(one.cost <= other(one) for one in found) for other in (_winner, _team, _best)]
    said = f"at or below it: {met[0]} | | {met[1]} | | {met[2]} | |"
    yield f"| **{len(found)}** | | | | | | {said}"


def _winner(one: Found) -> int:
    return one.winner


def _team(one: Found) -> int:
    return one.team


def _best(one: Found) -> int:
    return one.best


if __name__ == "__main__":
    main()
