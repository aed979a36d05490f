"""N10: the published set "New" of vector packing problems, against the best of some 700 heuristics and the known optima.

    python -m benchmarks.vector_packing --results packing.csv              # all 1,080, three hours at most
    python -m benchmarks.vector_packing --results packing.csv --every 10   # the first of each ten: 108

Each problem is asked once with a limit of 10 s. What is in the file of results is not asked again, so that a run may be stopped
and gone on with. The plans are checked as every answer is. The table has a row for each class and number of dimensions.
"""

from __future__ import annotations

import argparse
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from benchmarks.kept import keep, known
from benchmarks.published import published
from solver import api
from solver.domain.request import Limits
from solver.engines.kernels.compiled import warm_up
from solver.formats.vector_packing import problem_from_vbp

FOLDER, ARCHIVE, LISTED, SUFFIX = "vector_packing", "New_instances.tar.gz", "New_summary_known.csv", ".vbp"
TIER = "1/binpack/instances"


@dataclass(frozen=True)
class Found:
    """What one problem came to.

    Parameters
    ----------
    bins, bound, seconds
        Of the answer; ``bound`` is what is proved.
    best, optimum
        As published: the best heuristic's, and the optimum where it is known (else -1).
    """

    name: str
    bins: int
    bound: int
    seconds: float
    best: int
    optimum: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="a CSV file of what each problem came to, to go on with")
    parser.add_argument("--every", type=int, default=1, help="of so many problems of a class and size the first")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for each (default: 10)")
    parser.add_argument("--only", default="", help="names that begin with this: class1, class4_500")
    asked = parser.parse_args(arguments)
    warm_up()
    listed = pd.read_csv(published(FOLDER) / LISTED, sep="\t").set_index("instance_name")
    kept = {one.name: one for one in known(asked.results, Found)}
    found: list[Found] = []
    with tarfile.open(published(FOLDER) / ARCHIVE) as archive:
        for name, text in _problems(archive, asked.every, asked.only):
            one = kept.get(name)
            if one is None:
                row = listed.loc[name]
                one = _solved(name, text, asked.limit, int(row["best_overall"]), int(row["OPT"]))
                keep(asked.results, [asdict(one)])
            found.append(one)
    print("\n".join(table(found)))


def _problems(archive: tarfile.TarFile, every: int, only: str) -> Iterator[tuple[str, str]]:
    """Names and texts, in the order of class, dimensions, items and number."""
    members = {Path(member.name).stem: member for member in archive.getmembers() if member.name.endswith(SUFFIX)}
    for name in sorted(members, key=_key):
        if _key(name)[-1] % every == 0 and name.startswith(only):
            file = archive.extractfile(members[name])
            if file is not None:
                yield name, file.read().decode("ascii")


def _key(name: str) -> tuple[str, int, int, int]:
    kind, items, dimensions, number = name.split("_")
    return kind, int(dimensions), int(items), int(number)


def _solved(name: str, text: str, limit: float, best: int, optimum: int) -> Found:
    problem = problem_from_vbp(text, name)
    begin = time.monotonic()
    answer = api.place(problem, Limits(time_limit=limit), explain=False)
    seconds = time.monotonic() - begin
    tier = next(tier for tier in answer.tiers if tier.name == TIER)
    if answer.broken_after or answer.tasks.totals().sum() != problem.wanted.sum():
        raise AssertionError(f"{name}: the plan does not hold every item, or breaks a rule")
    return Found(name, tier.value, tier.bound, round(seconds, 3), best, optimum)


def table(found: Sequence[Found]) -> Iterator[str]:
    """A row for each class and number of dimensions, then all of them together."""
    columns = (
        *("class", "dimensions", "problems", "below the best heuristic", "equal", "above", "proved"),
        *("of known optima met", "proved", "bins above the bound"),
    )
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    parts: dict[tuple[str, int], list[Found]] = {}
    for one in found:
        parts.setdefault(_key(one.name)[:2], []).append(one)
    for (kind, dimensions), rows in parts.items():
        yield f"| {kind.removeprefix('class')} | {dimensions} {_shares(rows)}"
    yield f"| **all** | {_shares(found)}"


def _shares(rows: Sequence[Found]) -> str:
    known = [one for one in rows if one.optimum > 0]
    gap = sum(one.bins - one.bound for one in rows) / max(sum(one.bound for one in rows), 1)
    columns = [
        f"{len(rows):,}",
        *(f"{sum(test(one) for one in rows):,}" for test in (_below, _equal, _above)),
        f"{sum(one.bins == one.bound for one in rows):,}",
        f"{sum(one.bins <= one.optimum for one in known):,} of {len(known):,}",
        f"{sum(one.bins == one.bound for one in known):,}",
        f"{gap:.1%}",
    ]
    return "| " + " | ".join(columns) + " |"


def _below(one: Found) -> bool:
    return one.bins < one.best


def _equal(one: Found) -> bool:
    return one.bins == one.best


def _above(one: Found) -> bool:
    return one.bins > one.best


if __name__ == "__main__":
    main()
