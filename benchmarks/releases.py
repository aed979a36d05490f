"""One row a release: what ``releases.csv`` keeps when the measurements of the next one take the place of this one's."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.measured import STATUS, VALUE, Measurement, Measurements, Run
from benchmarks.notation import NOTHING, seconds
from benchmarks.subject import Case
from benchmarks.subjects import subjects

RELEASES = "releases.csv"


def read_releases(folder: Path) -> list[Mapping[str, str]]:
    """The rows of ``releases.csv``, the latest release first."""
    file = folder / RELEASES
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def write_releases(folder: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write ``releases.csv``, a column for each headline of any of them."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / RELEASES).open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def release_row(found: Measurements, run: Run) -> dict[str, str]:
    """This release's row: a column for each headline of a case."""
    row = {
        "release": run.versions["placement-solver"],
        "date": run.date,
        "ortools": run.versions["ortools"],
        "python": run.python,
        "cores": str(run.cores),
    }
    for subject in subjects():
        for case in subject.cases:
            for phase, column in case.headlines.items():
                one = found.get((subject.name, case.name, phase))
                row[column] = NOTHING if one is None else _headline(case, phase, one)
    return row


def _headline(case: Case, phase: str, one: Measurement) -> str:
    """The median; before it value and proof where the aim is to prove a tier, after it how many were late."""
    parts = [f"{seconds(one.median)} s"]
    if case.tier and phase in case.aims and case.aims[phase].proven:
        parts = [one.numbers(VALUE).text(), f"proved {one.proven} of {one.answers}", *parts]
    late = one.texts(STATUS).get("LATE", 0)
    if late:
        parts.append(f"late {late} of {sum(one.texts(STATUS).values())}")
    return "; ".join(parts)


def with_release(rows: Sequence[Mapping[str, str]], row: Mapping[str, str]) -> list[Mapping[str, str]]:
    """The rows with this one first, in place of an earlier one of the same release."""
    return [row, *(other for other in rows if other.get("release") != row["release"])]
