"""What is recorded, as tables and as a page: ``python -m benchmarks.report [out/benchmarks.json]``.

With what pytest-benchmark wrote, its measurements take the place of those in ``results.csv``, and the row of this release the
place of its earlier one in ``releases.csv``. Then, and without an argument at once, ``RESULTS.md`` and ``report.html`` are
made of what is recorded. A run at another scale than 1 is printed and not recorded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.aims import asked, met
from benchmarks.growth import exponents, fitted_exponent
from benchmarks.measured import (
    BOUND,
    SECONDS,
    STATUS,
    VALUE,
    Key,
    Measurement,
    Measurements,
    Run,
    read,
)
from benchmarks.notation import NOTHING, counted, seconds
from benchmarks.page.html import page
from benchmarks.releases import read_releases, release_row, with_release, write_releases
from benchmarks.results import by_run, load, merged, save
from benchmarks.subject import Case, Subject
from benchmarks.subjects import subjects

FOLDER = Path(__file__).resolve().parent
COMMAND = "make bench"
RESULTS, PAGE = "RESULTS.md", "report.html"

Row = Sequence[str]


def render(found: Measurements, runs: Mapping[str, Run], releases: Sequence[Mapping[str, str]]) -> str:
    """The whole of ``RESULTS.md``."""
    lines = [
        "# Results",
        "",
        *_origins(found, runs),
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


def _origins(found: Measurements, runs: Mapping[str, Run]) -> list[str]:
    """A paragraph for each run: the one that most measurements are from, then what the others measured."""
    lines: list[str] = []
    for name, parts in by_run(found).items():
        lines += (
            ["", f"Of another run {parts}: {runs[name].origin()}"]
            if lines
            else [f"Made by `{COMMAND}` {runs[name].origin()}"]
        )
    return lines


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
            if one.texts(STATUS):
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
    p95 = one.numbers(SECONDS).p95
    return [str(one.seeds), seconds(one.median), NOTHING if p95 is None else seconds(p95), f"{one.peak_mb:,.0f}"]


def _answer(subject: Subject, case: Case, phase: str, one: Measurement) -> Row:
    rivals = [f"{rival.system}: {rival.figure}" for rival in subject.rivals if rival.case == case.name]
    return [
        case.name,
        phase,
        one.numbers(VALUE).text(),
        one.numbers(BOUND).text(),
        f"{one.proven} of {one.answers}",
        counted(one.texts(STATUS)),
        *_times(one),
        *_aim(case, phase, one),
        "; ".join(rivals) or NOTHING,
        "; ".join(f"{name} {text}" for name, text in one.remarks().items()) or NOTHING,
    ]


def _aim(case: Case, phase: str, one: Measurement) -> list[str]:
    aim = case.aims.get(phase)
    if aim is None:
        return [NOTHING]
    return [f"{asked(aim)}: {'met' if met(aim, one) else '**missed**'}"]


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


def _table(head: Sequence[str], rows: Iterable[Row]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def measurable() -> list[Key]:
    """Every phase of every case of every subject, in the order of the report."""
    return [
        (subject.name, case.name, phase.name)
        for subject in subjects()
        for case in subject.cases
        for phase in subject.phases
    ]


def record(folder: Path, new: Measurements, run: Run) -> None:
    """Put new measurements beside those that are recorded, and this release's row beside those of the others."""
    known, runs = load(folder)
    found = merged(known, new, measurable())
    save(folder, found, {**runs, run.name: run})
    write_releases(folder, with_release(read_releases(folder), release_row(found, run)))


def main(arguments: Sequence[str], folder: Path = FOLDER) -> None:
    """Record what was measured, and write what is made of the records."""
    for source in arguments:
        new, run = read(Path(source))
        if run.scale != 1:
            print(render(new, {run.name: run}, read_releases(folder)))
            return
        record(folder, new, run)
    found, runs = load(folder)
    (folder / RESULTS).write_text(render(found, runs, read_releases(folder)), encoding="utf-8")
    (folder / PAGE).write_text(page(folder), encoding="utf-8")
    print(f"{len(found)} measurements: {folder / RESULTS}, {folder / PAGE}")


if __name__ == "__main__":
    main(sys.argv[1:])
