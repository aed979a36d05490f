"""From pytest-benchmark's JSON to ``RESULTS.md``: ``python -m benchmarks.report out/benchmarks.json``.

The row of this release goes to ``releases.csv``, where those of earlier releases stay.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.growth import exponents, fitted_exponent
from benchmarks.subject import Aim, Case, Subject
from benchmarks.subjects import subjects

FOLDER = Path(__file__).resolve().parent
COMMAND = "make bench"
PACKAGES = ("placement-solver", "ortools", "numpy")
NOTHING = "–"

Row = Sequence[str]


@dataclass(frozen=True)
class Measurement:
    """One phase of one case.

    Parameters
    ----------
    seconds
        Wall time of each seed.
    status, value, bound, proven, figures
        Of each seed; empty where the phase has none.
    peak_mb
        Peak memory of a process that does this alone, MB.
    """

    seconds: tuple[float, ...]
    peak_mb: float
    status: tuple[str, ...] = ()
    value: tuple[int, ...] = ()
    bound: tuple[int, ...] = ()
    proven: tuple[bool, ...] = ()
    figures: tuple[Mapping[str, object], ...] = ()

    @property
    def median(self) -> float:
        """Seconds."""
        return float(np.median(self.seconds))

    @property
    def p95(self) -> float:
        """Seconds, interpolated between the two nearest seeds."""
        return float(np.percentile(self.seconds, 95))


Measurements = Mapping[tuple[str, str, str], Measurement]
"""By the names of subject, case and phase."""


@dataclass(frozen=True)
class Machine:
    """Where and when it was measured.

    Parameters
    ----------
    scale
        Of the subjects; 1 is the workload as described.
    loop_seconds
        How fast it was, as ``benchmarks.speed`` measures it.
    """

    date: str
    commit: str
    processor: str
    cores: int
    system: str
    scale: float
    loop_seconds: float


def read(path: Path) -> tuple[Measurements, Machine]:
    """Read what ``pytest --benchmark-json`` wrote.

    Raises
    ------
    SystemExit
        If a measurement in it failed: what must hold did not.
    KeyError
        If it was not written by ``bench_subjects.py``.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    found: dict[tuple[str, str, str], Measurement] = {}
    scales = set()
    for benchmark in document["benchmarks"]:
        extra = benchmark["extra_info"]
        if not extra:
            raise SystemExit(f"{path}: {benchmark['name']} failed: see what pytest says of it, and measure it again")
        scales.add(float(extra["scale"]))
        found[extra["subject"], extra["case"], extra["phase"]] = Measurement(
            seconds=tuple(benchmark["stats"]["data"]),
            peak_mb=extra["peak_mb"],
            status=tuple(text for text in extra["status"] if text),
            value=tuple(extra["value"]),
            bound=tuple(extra["bound"]),
            proven=tuple(extra["proven"]),
            figures=tuple(extra["figures"]),
        )
    machine = document["machine_info"]
    commit = document["commit_info"]
    return found, Machine(
        date=document["datetime"][:10],
        commit=str(commit.get("id") or "")[:10] + (" with changes" if commit.get("dirty") else ""),
        processor=machine.get("cpu", {}).get("brand_raw", machine.get("machine", "")),
        cores=os.cpu_count() or 1,
        system=f"{machine['system']}, Python {machine['python_version']}",
        scale=max(scales, default=1.0),
        loop_seconds=machine["loop_seconds"],
    )


def render(found: Measurements, machine: Machine, releases: Sequence[Mapping[str, str]]) -> str:
    """The whole of ``RESULTS.md``."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    lines = [
        "# Results",
        "",
        f"Made by `{COMMAND}` on {machine.date}, at {machine.commit}. {machine.processor}, {machine.cores} cores, "
        f"{machine.system}; {versions}. Two CP-SAT workers. "
        f"A million additions in Python took {machine.loop_seconds * 1e3:.0f} ms meanwhile."
        + ("" if machine.scale == 1 else f" **Scale {machine.scale}, not the workloads as described.**"),
        "",
        "Seconds of wall clock, model building included, in a process that has loaded the engines; median and 95th "
        "percentile over the seeds, one run each. Peak memory is that of a fresh process that does only this, "
        "interpreter and input included. `README.md` says what the phases are.",
        "",
        "## Releases",
        "",
        *_releases(releases),
    ]
    for subject in subjects():
        if any(key[0] == subject.name for key in found):
            lines += ["", *_subject(subject, found)]
    return "\n".join(lines) + "\n"


def _releases(releases: Sequence[Mapping[str, str]]) -> list[str]:
    """One row a release, the latest first."""
    columns = list(dict.fromkeys(name for row in releases for name in row))
    return _table(columns, [[row.get(name) or NOTHING for name in columns] for row in releases])


def _subject(subject: Subject, found: Measurements) -> list[str]:
    lines = [f"## {subject.title}", "", f"`benchmarks/subjects/{subject.name}.py`. {subject.description}", ""]
    answers, phases = [], []
    for case in subject.cases:
        for phase in subject.phases:
            one = found.get((subject.name, case.name, phase.name))
            if one is None:
                continue
            if one.status:
                answers.append(_answer(subject, case, phase.name, one))
            else:
                phases.append([case.name, phase.name, *_times(one), *_aim(case, phase.name, one)])
    if answers:
        head = ["case", "phase", "value", "bound", "proven", "status", *_TIMES, "aim", "elsewhere", "remarks"]
        lines += [*_table(head, answers), ""]
    if phases:
        lines += [*_table(["case", "phase", *_TIMES, "aim"], phases), ""]
    lines += _growth(subject, found)
    for source in dict.fromkeys(rival.source for rival in subject.rivals):
        systems = dict.fromkeys(rival.system for rival in subject.rivals if rival.source == source)
        lines.append(f"Elsewhere, {source}: {', '.join(systems)}.")
    return lines[:-1] if lines[-1] == "" else lines


_TIMES = ("seeds", "median s", "p95 s", "peak MB")


def _times(one: Measurement) -> list[str]:
    p95 = seconds(one.p95) if len(one.seconds) > 1 else NOTHING
    return [str(len(one.seconds)), seconds(one.median), p95, f"{one.peak_mb:,.0f}"]


def _answer(subject: Subject, case: Case, phase: str, one: Measurement) -> Row:
    rivals = [f"{rival.system}: {rival.figure}" for rival in subject.rivals if rival.case == case.name]
    return [
        case.name,
        phase,
        several(one.value),
        several(one.bound),
        f"{sum(one.proven)} of {len(one.proven)}",
        _counted(one.status),
        *_times(one),
        *_aim(case, phase, one),
        "; ".join(rivals) or NOTHING,
        _remarks(one),
    ]


def _remarks(one: Measurement) -> str:
    """The further figures: the median of numbers, how often a text."""
    remarks = []
    for name in dict.fromkeys(name for figures in one.figures for name in figures):
        values = [figures[name] for figures in one.figures if name in figures]
        if all(isinstance(value, float) for value in values):
            remarks.append(f"{name} {seconds(float(np.median(cast(list[float], values))))}")
        elif all(isinstance(value, int) for value in values):
            remarks.append(f"{name} {several(cast(list[int], values))}")
        else:
            remarks.append(f"{name} {_counted([str(value) for value in values])}")
    return "; ".join(remarks) or NOTHING


def _aim(case: Case, phase: str, one: Measurement) -> list[str]:
    aim = case.aims.get(phase)
    if aim is None:
        return [NOTHING]
    said = f"{'each' if aim.every else 'median'} below {aim.seconds:g} s" + (", proved" if aim.proven else "")
    return [f"{said}: {'met' if met(aim, one) else '**missed**'}"]


def met(aim: Aim, one: Measurement) -> bool:
    """Whether the measurement reaches the aim."""
    slow = max(one.seconds) if aim.every else one.median
    return slow < aim.seconds and (not aim.proven or all(one.proven))


def _growth(subject: Subject, found: Measurements) -> list[str]:
    """How each phase grows along the subject's axis, series by series."""
    rows = []
    for series in dict.fromkeys(case.series for case in subject.cases if case.size):
        cases = [case for case in subject.cases if case.series == series]
        for phase in subject.phases:
            line = [(case.size, found.get((subject.name, case.name, phase.name))) for case in cases]
            known = [(size, one) for size, one in line if one is not None]
            if len(known) > 1:
                rows.append(_growth_row(series, phase.name, known))
    if not rows:
        return []
    head = ["series", "phase", subject.axis, "seconds grow by", "exponent of time", "exponent of memory"]
    return [
        f"Growth with the {subject.axis}: with exponent 1 twice the size takes twice as much. Between neighbouring sizes, "
        "and over all of them (least squares of the logarithms).",
        "",
        *_table(head, rows),
        "",
    ]


def _growth_row(series: str, phase: str, known: Sequence[tuple[int, Measurement]]) -> Row:
    sizes = [size for size, _ in known]
    times = [one.median for _, one in known]
    memory = [one.peak_mb for _, one in known]
    return [
        series,
        phase,
        ", ".join(f"{size:,}" for size in sizes),
        ", ".join(f"{after / before:.1f}x" for before, after in zip(times, times[1:], strict=False)),
        f"{', '.join(f'{one:.1f}' for one in exponents(sizes, times))}; all {fitted_exponent(sizes, times):.2f}",
        f"{fitted_exponent(sizes, memory):.2f}",
    ]


def seconds(amount: float) -> str:
    """Three digits that count, in seconds: 0.00214, 0.0312, 1.25, 12.3."""
    if amount <= 0:
        return "0"
    digits = max(0, 2 - int(np.floor(np.log10(amount))))
    return f"{amount:.{min(digits, 6)}f}"


def several(values: Sequence[int]) -> str:
    """Equal ones once, up to three in full, of more the range and the sum."""
    if not values:
        return NOTHING
    if len(set(values)) == 1:
        return f"{values[0]:,}"
    if len(values) <= 3:
        return ", ".join(f"{value:,}" for value in values)
    return f"{min(values):,} to {max(values):,}, sum {sum(values):,}"


def _counted(texts: Sequence[str]) -> str:
    """Each text once, with its number where there are different ones."""
    kinds = list(dict.fromkeys(texts))
    if len(kinds) == 1:
        return kinds[0]
    return ", ".join(f"{kind} {texts.count(kind)}" for kind in kinds)


def _table(head: Sequence[str], rows: Iterable[Row]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def release_row(found: Measurements, machine: Machine) -> dict[str, str]:
    """This release's row: a column for each headline of a case."""
    row = {
        "release": metadata.version(PACKAGES[0]),
        "date": machine.date,
        "ortools": metadata.version("ortools"),
        "python": platform.python_version(),
        "cores": str(machine.cores),
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
        parts = [several(one.value), f"proved {sum(one.proven)} of {len(one.proven)}", *parts]
    if "LATE" in one.status:
        parts.append(f"late {one.status.count('LATE')} of {len(one.status)}")
    return "; ".join(parts)


def with_release(rows: Sequence[Mapping[str, str]], row: Mapping[str, str]) -> list[Mapping[str, str]]:
    """The rows with this one first, in place of an earlier one of the same release."""
    return [row, *(other for other in rows if other.get("release") != row["release"])]


def main(arguments: Sequence[str]) -> None:
    """Write ``RESULTS.md`` and the release's row."""
    (source,) = arguments
    found, machine = read(Path(source))
    known = FOLDER / "releases.csv"
    rows: list[Mapping[str, str]] = []
    if known.is_file():
        with known.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    if machine.scale == 1:
        rows = with_release(rows, release_row(found, machine))
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with known.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    (FOLDER / "RESULTS.md").write_text(render(found, machine, rows), encoding="utf-8")
    print(f"{FOLDER / 'RESULTS.md'}: {len(found)} measurements")


if __name__ == "__main__":
    main(sys.argv[1:])
