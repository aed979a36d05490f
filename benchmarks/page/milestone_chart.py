"""When answers were there, within 5 %, within 1 %, best and proved, drawn on one axis of time for each subject."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measured import SECONDS, Measurement, Measurements
from benchmarks.notation import NOTHING, seconds
from benchmarks.page.axes import LogAxis, duration
from benchmarks.page.blocks import Mark, Timeline, Track
from benchmarks.subject import Subject

STEPS = (
    ("first plan", "first plan (s)"),
    ("within 5 %", "within 5 % (s)"),
    ("within 1 %", "within 1 % (s)"),
    ("best plan", "best plan (s)"),
    ("proved", "proved (s)"),
    ("end", SECONDS),
)
"""What is drawn, and the figure that it is."""

LEAST = 1e-5
"""Seconds; a shorter time is drawn as this."""


def timelines(subject: Subject, found: Measurements) -> Iterator[Timeline]:
    """Of the answers of a subject that note when they were there."""
    rows = [
        (case.name if phase.name == "answer" else f"{case.name}, {phase.name}", one)
        for case in subject.cases
        for phase in subject.phases
        if (one := found.get((subject.name, case.name, phase.name))) is not None and noted(one)
    ]
    if not rows:
        return
    times = [max(time, LEAST) for _, one in rows for _, name in STEPS if (time := one.numbers(name).median) is not None]
    axis = LogAxis.over(times, 0.0, 100.0, margin=0.08)
    yield Timeline(
        caption=f"{subject.title}: `{subject.name}`",
        legend=[step for step, _ in STEPS],
        head=[f"{step}, s" for step, _ in STEPS],
        ticks=axis.ticks(duration),
        tracks=[_track(label, one, axis) for label, one in rows],
        folded=bool(subject.axis),
    )


def noted(one: Measurement) -> bool:
    """Whether a measurement says when its plans were there."""
    return one.numbers(STEPS[0][1]).count > 0


def _track(label: str, one: Measurement, axis: LogAxis) -> Track:
    marks, cells = [], []
    for number, (step, name) in enumerate(STEPS):
        figure = one.numbers(name)
        cells.append(_said(one, name))
        if figure.median is not None:
            marks.append(Mark(axis.at(max(figure.median, LEAST)), number, f"{step}: {_said(one, name)} s"))
    return Track(label, marks, cells)


def _said(one: Measurement, name: str) -> str:
    """The median of the runs that got there, and how many did where not all."""
    figure = one.numbers(name)
    if figure.median is None:
        return NOTHING
    return seconds(figure.median) + ("" if figure.count == one.seeds else f" ({figure.count} of {one.seeds})")
