"""The recorded measurements: ``results.csv``, a row a figure, and ``runs.csv``, a row for each run that they are from.

The report and the page are made of these files and of nothing else, so that they can be made again from a checkout.
``results.csv`` has the columns

- ``run``, ``subject``, ``case``, ``phase``, ``figure``: what was measured, and in which run of ``runs.csv``;
- ``text``: where the figure is a text; then ``count`` says how many seeds had it, and a figure may have several rows;
- ``count``, ``median``, ``p95``, ``least``, ``most``, ``total``: of a number over the seeds that have it; empty where unknown;
- ``each``: the numbers themselves in the order of the seeds, separated by spaces; empty where only the summary was kept.

Times are in seconds, memory in MB (10^6 bytes); a proof is 1 where there is one, else 0.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from benchmarks.measured import BOUND, PACKAGES, VALUE, Key, Measurement, Measurements, Numbers, Run, Texts

PROCESS_SECONDS = 0.8
"""What the process takes to start that measures peak memory."""

RESULTS, RUNS = "results.csv", "runs.csv"
SUMMARY = tuple(field.name for field in fields(Numbers) if field.name not in ("count", "each"))
COLUMNS = ("run", "subject", "case", "phase", "figure", "text", "count", *SUMMARY, "each")
RUN_COLUMNS = ("name", "date", "commit", "processor", "cores", "system", "python", "loop_seconds", *PACKAGES)


def load(folder: Path) -> tuple[Measurements, Mapping[str, Run]]:
    """The measurements and the runs by name; nothing where nothing is recorded.

    Raises
    ------
    ValueError
        If a row names a run that is not listed, or a bound is above the value of a plan: such a run is not shown.
    """
    runs = {row["name"]: _run(row) for row in _rows(folder / RUNS)}
    found: dict[Key, tuple[str, dict[str, Numbers | Texts]]] = {}
    for number, row in enumerate(_rows(folder / RESULTS), start=2):
        if row["run"] not in runs:
            raise ValueError(f"{RESULTS}, line {number}: the run '{row['run']}' is not known; {RUNS} must list it")
        _, figures = found.setdefault((row["subject"], row["case"], row["phase"]), (row["run"], {}))
        if row["text"]:
            known = figures.get(row["figure"], {})
            figures[row["figure"]] = {**(known if isinstance(known, Mapping) else {}), row["text"]: int(row["count"])}
        else:
            figures[row["figure"]] = _numbers(row)
    measurements = {key: Measurement(run, figures) for key, (run, figures) in found.items()}
    for key, one in measurements.items():
        require_sound(key, one)
    return measurements, runs


def require_sound(key: Key, one: Measurement) -> None:
    """Refuse what cannot be.

    Raises
    ------
    ValueError
        If a bound is above the value of a plan.
    """
    value, bound = one.numbers(VALUE), one.numbers(BOUND)
    pairs = list(zip(value.each, bound.each, strict=False)) or [(value.total or 0, bound.total or 0)]
    if any(low > high for high, low in pairs):
        raise ValueError(f"{', '.join(key)}: a bound is above a value; measure it again")


def save(folder: Path, measurements: Measurements, runs: Mapping[str, Run]) -> None:
    """Write both files; of the runs those that a measurement is from."""
    used = {one.run for one in measurements.values()}
    _write(folder / RUNS, RUN_COLUMNS, (_of_run(run) for name, run in runs.items() if name in used))
    _write(folder / RESULTS, COLUMNS, (row for key, one in measurements.items() for row in _of_measurement(key, one)))


def merged(known: Measurements, new: Measurements, order: Sequence[Key]) -> Measurements:
    """What is known and what is new, which stands in place of what it measures again, in an order; nothing beside that."""
    both = {**known, **new}
    return {key: both[key] for key in order if key in both}


def least_seconds(found: Measurements, keys: Sequence[Key]) -> tuple[float, int]:
    """What it takes at least to measure again, and how many of them are not known: each seed, and once more for peak memory."""
    known = [found[key] for key in keys if key in found]
    return sum((one.seeds + 1) * one.median + PROCESS_SECONDS for one in known), len(keys) - len(known)


def by_run(found: Measurements) -> Mapping[str, str]:
    """What measurements each run has, in words; the run with most of them first.

    A subject all of whose measurements are from the run is named alone; beside another one stand the phases that are, and the
    cases where it is not all of them.
    """
    keys: dict[str, list[Key]] = {}
    for key, one in found.items():
        keys.setdefault(one.run, []).append(key)
    return {name: _named(keys[name], found) for name in sorted(keys, key=lambda run: -len(keys[run]))}


def _named(keys: Sequence[Key], found: Measurements) -> str:
    said = []
    for subject in dict.fromkeys(key[0] for key in keys):
        mine = [key for key in keys if key[0] == subject]
        whole = len(mine) == sum(key[0] == subject for key in found)
        cases: dict[str, list[str]] = {}
        for _, case, phase in mine:
            cases.setdefault(case, []).append(phase)
        everywhere = len(cases) == len({key[1] for key in found if key[0] == subject})
        if everywhere and len({tuple(phases) for phases in cases.values()}) == 1:
            parts = ", ".join(next(iter(cases.values())))
        else:
            parts = "; ".join(f"{case}: {', '.join(phases)}" for case, phases in cases.items())
        said.append(f"`{subject}`" + ("" if whole else f" ({parts})"))
    return ", ".join(said)


def _rows(file: Path) -> Iterator[Mapping[str, str]]:
    if file.is_file():
        with file.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)


def _write(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _of_measurement(key: Key, one: Measurement) -> Iterator[Mapping[str, str]]:
    subject, case, phase = key
    for name, figure in one.figures.items():
        row = {"run": one.run, "subject": subject, "case": case, "phase": phase, "figure": name}
        if not isinstance(figure, Numbers):
            for text, count in figure.items():
                yield {**row, "text": text, "count": str(count)}
            continue
        summary = {column: _text(getattr(figure, column)) for column in SUMMARY}
        yield {**row, "count": str(figure.count), **summary, "each": " ".join(_text(value) for value in figure.each)}


def _numbers(row: Mapping[str, str]) -> Numbers:
    summary = {column: _amount(row[column]) for column in SUMMARY}
    each = tuple(amount for amount in map(_amount, row["each"].split()) if amount is not None)
    return Numbers(count=int(row["count"]), **summary, each=each)


def _text(amount: float | None) -> str:
    """An integer as it is, any other number with six digits and its point, so that it is read as such."""
    if amount is None:
        return ""
    return str(amount) if isinstance(amount, int) else repr(float(f"{amount:.6g}"))


def _amount(text: str) -> float | None:
    if not text:
        return None
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _of_run(run: Run) -> Mapping[str, str]:
    return {**{name: str(getattr(run, name)) for name in RUN_COLUMNS if name not in PACKAGES}, **run.versions}


def _run(row: Mapping[str, str]) -> Run:
    return Run(
        name=row["name"],
        date=row["date"],
        commit=row["commit"],
        processor=row["processor"],
        cores=int(row["cores"]),
        system=row["system"],
        python=row["python"],
        loop_seconds=float(row["loop_seconds"]),
        versions={package: row[package] for package in PACKAGES},
    )
