"""What ``make bench`` measures: aims, time to a good plan, growth, shares of time, every measurement, releases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.aims import asked, met
from benchmarks.measured import BOUND, SECONDS, STATUS, VALUE, Measurement, Measurements, Run
from benchmarks.notation import NOTHING, counted, seconds
from benchmarks.page.against import command_of, comparisons, value_bars
from benchmarks.page.blocks import Bar, Bars, Block, Content, Goal, Part, Section, Suite, Table
from benchmarks.page.growth_plots import plots
from benchmarks.page.milestone_chart import noted, timelines
from benchmarks.releases import read_releases
from benchmarks.results import by_run, load
from benchmarks.sampling import PARTS
from benchmarks.subject import Subject
from benchmarks.subjects import subjects, time_shares

COMMAND = "make bench"
PERCENT = " (%)"

MILESTONES = (
    "When the first checked plan was there, one within 5 % and within 1 % of the final bound, the best one, the proof of "
    "the tier that the case reports, and the end of the answer, reasons and order of steps included. Medians over the seeds"
    " that got there, with how many did where not all; the axis is logarithmic. The gap is of what a plan can change: see "
    "*Milestones* in `README.md`. A dash where something was not reached, or not noted when it was measured."
)
GROWTH = (
    "Both axes are logarithmic: a straight line is a power of the size, and its slope the exponent. With exponent 1 twice "
    "the size takes twice as much, with 0 the size does not matter. A hollow point was ended by the time limit in some of "
    "its runs: it says what the limit is, not what the work takes. Lines are fitted to the other points by least squares of"
    " the logarithms."
)


def read(folder: Path) -> Content:
    """Everything that ``results.csv``, ``runs.csv`` and ``releases.csv`` keep."""
    found, runs = load(folder)
    return Content(
        note=_origin(_of(found, *(subject.name for subject in subjects() if subject.rivals)), runs, "Ours measured "),
        headlines=list(_headlines(found)),
        comparisons=[one for subject in subjects() for one in comparisons(subject, found)],
        goals=[goal for subject in subjects() for goal in _goals(subject, found)],
        sections=[section for section in _sections(folder, found, runs) if section.blocks],
    )


def _of(found: Measurements, *names: str, phase: str = "") -> Measurements:
    """The measurements of some subjects, in one phase or in all."""
    return {key: one for key, one in found.items() if key[0] in names and phase in ("", key[2])}


def _origin(found: Measurements, runs: Mapping[str, Run], begin: str = "Measured ") -> str:
    """What is said of each run that the measurements are from, the one with most of them first."""
    said = [
        f"{f'In another run {parts}: ' if number else begin}{runs[name].origin()}"
        for number, (name, parts) in enumerate(by_run(found).items())
    ]
    return " ".join(said)


def _sections(folder: Path, found: Measurements, runs: Mapping[str, Run]) -> Iterator[Section]:
    counted_too = [subject.name for subject in subjects() for rival in subject.rivals if rival.value]
    yield Section(
        "quality",
        "Quality beside others",
        "Where another system's plans have been counted on the same problems. A shorter bar is a better plan.",
        COMMAND,
        _origin(_of(found, *counted_too, phase="answer"), runs),
        [bars for subject in subjects() for bars in value_bars(subject, found)],
    )
    yield Section(
        "milestones",
        "Time to a good plan, and to its proof",
        MILESTONES,
        COMMAND,
        _origin({key: one for key, one in found.items() if noted(one)}, runs),
        [timeline for subject in subjects() for timeline in timelines(subject, found)],
    )
    yield Section(
        "growth",
        "Growth",
        GROWTH,
        "make bench ARGS=\"-k 'growth or ecs_import'\"",
        _origin(_of(found, *(subject.name for subject in subjects() if subject.axis)), runs),
        [drawn for subject in subjects() for drawn in plots(subject, found)],
    )
    yield Section(
        "shares",
        "What the time goes into",
        time_shares.SUBJECT.description,
        command_of(time_shares.SUBJECT),
        _origin(_of(found, time_shares.SUBJECT.name), runs),
        list(_share_bars(_of(found, time_shares.SUBJECT.name))),
    )
    yield Section(
        "measurements",
        "Every measurement",
        "Median and 95th percentile of the wall time over the seeds, one run each; peak memory of a fresh process that does only "
        "this, interpreter and input included.",
        COMMAND,
        _origin(found, runs),
        [_table(subject, found) for subject in subjects() if _of(found, subject.name)],
    )
    yield Section(
        "releases",
        "Releases",
        "One row a release: headlines of the workloads above.",
        COMMAND,
        "",
        list(_releases(folder)),
    )


def _headlines(found: Measurements) -> Iterator[tuple[str, str]]:
    answers = sum(one.answers for one in found.values())
    if answers:
        proven = sum(one.proven for one in found.values())
        yield f"{proven:,} of {answers:,}", "answers of all cases and seeds proved, in the tier that the case reports"


def _goals(subject: Subject, found: Measurements) -> Iterator[Goal]:
    for case in subject.cases:
        for phase, aim in case.aims.items():
            one = found.get((subject.name, case.name, phase))
            if one is None:
                continue
            slowest = one.numbers(SECONDS).most if aim.every else None
            said = f"median {seconds(one.median)} s"
            if slowest is not None:
                said += f", slowest {seconds(slowest)} s"
            if aim.proven:
                said += f", proved {one.proven} of {one.answers}"
            late = one.texts(STATUS).get("LATE", 0)
            said += f", late {late} of {one.seeds}" if late else ""
            name = case.name if phase == "answer" else f"{case.name}, {phase}"
            yield Goal(subject.title, name, asked(aim), said, met(aim, one), command_of(subject))


def _share_bars(found: Measurements) -> Iterator[Bars]:
    bars = []
    for (_, case, _), one in found.items():
        known = [(number, part, one.numbers(part + PERCENT).median) for number, part in enumerate(PARTS)]
        parts = [(number, part, share) for number, part, share in known if share is not None]
        said = [f"{part} {share:.0f} %" for _, part, share in sorted(parts, key=lambda part: -part[2]) if share >= 1]
        bars.append(
            Bar(
                label=case,
                parts=[Part(share, number, f"{part}: {share:.1f} %") for number, part, share in parts],
                text=f"{', '.join(said)}; {_outcome(one)}",
            )
        )
    if bars:
        yield Bars("Percent of the time of a request", PARTS, bars)


def _outcome(one: Measurement) -> str:
    return f"{counted(one.texts(STATUS))}, value {one.numbers(VALUE).text()}, bound {one.numbers(BOUND).text()}"


def _table(subject: Subject, found: Measurements) -> Block:
    rows = []
    for case in subject.cases:
        for phase in subject.phases:
            one = found.get((subject.name, case.name, phase.name))
            if one is not None:
                rows.append([case.name, phase.name, *_cells(one)])
    head = ["case", "phase", "value", "bound", "proved", "status", "seeds", "median s", "p95 s", "peak MB", "more"]
    return Table(subject.title, head, rows, f"`{command_of(subject)}`. {subject.description}", folded=True)


def _cells(one: Measurement) -> list[str]:
    p95, status = one.numbers(SECONDS).p95, one.texts(STATUS)
    return [
        one.numbers(VALUE).text(),
        one.numbers(BOUND).text(),
        f"{one.proven} of {one.answers}" if status else NOTHING,
        counted(status) if status else NOTHING,
        str(one.seeds),
        seconds(one.median),
        NOTHING if p95 is None else seconds(p95),
        f"{one.peak_mb:,.0f}",
        "; ".join(f"{name} {text}" for name, text in one.remarks().items()) or NOTHING,
    ]


def _releases(folder: Path) -> Iterator[Block]:
    rows = read_releases(folder)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if rows:
        yield Table(
            "Releases, the latest first", columns, [[row.get(name) or NOTHING for name in columns] for row in rows]
        )


SUITE = Suite("bench", read)
