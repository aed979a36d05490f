"""N1's whole grid: how often a plan is better than the default scheduler's and how often it is proved, in 1 s and in 10 s.

    python -m benchmarks.priority_grid --seeds 20 --results grid.csv

Every cell of nodes x tasks a node x priorities x utilisation, and with ``--curve`` larger clusters of one class. Each case
is asked with a limit of 1 s; what is not proved by then is asked once more, with 10 s. Cases are those in which the default
leaves something pending, as in the rival's paper, so that a plan as good as the default's is seldom the best. All cells come
with the first seed, then all with the second; what is in the file of results is not asked again, so that a run may be
stopped and gone on with.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from benchmarks.kept import keep
from benchmarks.subjects.priorities import priority_problem
from solver import api
from solver.domain.answer import Answer
from solver.domain.request import Limits
from solver.engines.kernels.compiled import warm_up

NODES, TASKS, PRIORITIES, UTILISATION = (4, 8, 16, 32), (4, 8), (1, 2, 4), (0.90, 0.95, 1.00, 1.05)
CURVE_NODES, CURVE_TASKS, CURVE_UTILISATION = (64, 128, 256), (4, 8), (0.90, 0.95)
LIMITS = (1.0, 10.0)


@dataclass(frozen=True)
class Cell:
    """One shape of the grid."""

    nodes: int
    tasks: int
    priorities: int
    utilisation: float


@dataclass(frozen=True)
class Found:
    """What one case came to within a limit.

    Parameters
    ----------
    better
        Than the default scheduler: earlier in lexicographic order.
    proven
        Every tier.
    missing_gap, moved_gap
        Tasks missing, and moved, of all classes above what is proved.
    """

    better: bool
    proven: bool
    missing_gap: int
    moved_gap: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="cases of a cell (default: 20)")
    parser.add_argument("--curve", action="store_true", help="64 to 256 nodes of one class, in place of the grid")
    parser.add_argument("--results", type=Path, help="a CSV file of what each case came to, to go on with")
    asked = parser.parse_args(arguments)
    warm_up()
    cells = list(_curve() if asked.curve else _grid())
    known = _known(asked.results)
    results: dict[Cell, list[tuple[Found, ...]]] = {cell: [] for cell in cells}
    for seed, cell in itertools.product(range(1, asked.seeds + 1), cells):
        found = known.get((cell, seed))
        if found is None:
            found = _case(cell, seed)
            keep(asked.results, _rows(cell, seed, found))
        results[cell].append(found)
    print("\n".join(_table(results)))


def _known(file: Path | None) -> dict[tuple[Cell, int], tuple[Found, ...]]:
    """What the file of results holds of each case with every limit."""
    found: dict[tuple[Cell, int], dict[float, Found]] = {}
    if file is not None and file.exists():
        for row in pd.read_csv(file).to_dict("records"):
            case = Cell(row["nodes"], row["tasks"], row["priorities"], row["utilisation"]), row["seed"]
            found.setdefault(case, {})[row["limit"]] = Found(
                row["better"], row["proven"], row["missing_gap"], row["moved_gap"]
            )
    return {case: tuple(rows.values()) for case, rows in found.items() if tuple(rows) == LIMITS}


def _rows(cell: Cell, seed: int, found: tuple[Found, ...]) -> list[dict[str, object]]:
    """What is kept of a case: a row for each limit."""
    limits = zip(LIMITS, found, strict=True)
    return [asdict(cell) | {"seed": seed, "limit": limit} | asdict(one) for limit, one in limits]


def _grid() -> Iterator[Cell]:
    for shape in itertools.product(NODES, TASKS, PRIORITIES, UTILISATION):
        yield Cell(*shape)


def _curve() -> Iterator[Cell]:
    for nodes, tasks, utilisation in itertools.product(CURVE_NODES, CURVE_TASKS, CURVE_UTILISATION):
        yield Cell(nodes, tasks, 1, utilisation)


def _case(cell: Cell, seed: int) -> tuple[Found, ...]:
    """The case within each limit; what is proved within one is not asked again."""
    found: list[Found] = []
    for limit in LIMITS:
        if found and found[-1].proven:
            found.append(found[-1])
            continue
        problem = priority_problem(cell.nodes, cell.tasks, cell.priorities, cell.utilisation, seed)
        found.append(_found(api.place(problem, Limits(time_limit=limit, seed=seed), explain=False)))
    return tuple(found)


def _found(answer: Answer) -> Found:
    tiers, wrong = answer.tiers, api.check(answer.problem, answer.tasks)
    if wrong:
        raise AssertionError(f"the plan breaks a rule, and its case is not recorded: {wrong[0]}")
    gap = {
        kind: sum(tier.value - tier.bound for tier in tiers if tier.name.startswith(kind))
        for kind in ("unplaced", "moved")
    }
    return Found(
        better=tuple(tier.value for tier in tiers) < tuple(tier.sequential for tier in tiers),
        proven=all(tier.proven for tier in tiers),
        missing_gap=gap["unplaced"],
        moved_gap=gap["moved"],
    )


def _table(results: dict[Cell, list[tuple[Found, ...]]]) -> Iterator[str]:
    """A row for each cell, then all of them together."""
    columns = [f"{what} at {limit:g} s" for limit in LIMITS for what in ("better", "proved")]
    columns.append("gap in tasks missing, moved: mean (most)")
    yield f"| nodes x tasks | priorities | utilisation | {' | '.join(columns)} |"
    yield "|---|---|---" + "|---" * len(columns) + "|"
    for cell, cases in results.items():
        yield f"| {cell.nodes} x {cell.tasks} | {cell.priorities} | {cell.utilisation:.2f} {_shares(cases)}"
    everything = [case for cases in results.values() for case in cases]
    yield f"| **all** | | {_shares(everything)}"


def _shares(cases: Sequence[tuple[Found, ...]]) -> str:
    columns = []
    for k in range(len(LIMITS)):
        columns += [f"{statistics.mean(getattr(case[k], what) for case in cases):.0%}" for what in ("better", "proven")]
    last = [case[-1] for case in cases]
    gaps = [[one.missing_gap for one in last], [one.moved_gap for one in last]]
    columns.append(", ".join(f"{statistics.mean(gap):.1f} ({max(gap)})" for gap in gaps))
    return "| " + " | ".join(columns) + " |"


if __name__ == "__main__":
    main()
