"""How time and memory grow, drawn: a plot for each series and axis, a line for each phase, and the exponent that fits it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.growth import fitted
from benchmarks.measured import Measurement, Measurements
from benchmarks.notation import seconds
from benchmarks.page.axes import LogAxis, amount, duration
from benchmarks.page.blocks import Curve, Plot, Plots, Point
from benchmarks.subject import Subject

WIDTH, HEIGHT = 340.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 330.0, 10.0, 182.0
"""Of the area between the axes, in units of the drawing."""

STOP, PROVED = "stop", "PROVED"
TOO_FEW = "no exponent, ended by the time limit"

Line = Sequence[tuple[int, Measurement]]
"""Measurements of one phase by size."""


def plots(subject: Subject, found: Measurements) -> Iterator[Plots]:
    """Of a subject whose cases grow: time for each series, then memory of the phase that makes the answer, all series in one."""
    lines = {
        (series, phase.name): line
        for series in dict.fromkeys(case.series for case in subject.cases if case.size)
        for phase in subject.phases
        if len(line := _line(subject, found, series, phase.name)) > 1
    }
    if not lines:
        return
    drawn = []
    for series in dict.fromkeys(series for series, _ in lines):
        of_series = {phase: line for (name, phase), line in lines.items() if name == series}
        title = series if series != "all" else subject.phases[-1].name
        drawn.append(_plot(f"{title}: time", subject.axis, of_series, memory=False))
    phase = next((phase for phase in ("answer",) if any(name == phase for _, name in lines)), subject.phases[0].name)
    of_phase = {series: line for (series, name), line in lines.items() if name == phase}
    drawn.append(_plot(f"peak memory of the phase “{phase}”", subject.axis, of_phase, memory=True))
    yield Plots(f"{subject.title}: `{subject.name}`", subject.description, drawn)


def _line(subject: Subject, found: Measurements, series: str, phase: str) -> Line:
    cases = [case for case in subject.cases if case.series == series]
    line = [(case.size, found.get((subject.name, case.name, phase))) for case in cases]
    return [(size, one) for size, one in line if one is not None]


def _plot(title: str, axis: str, lines: dict[str, Line], *, memory: bool) -> Plot:
    fits = {name: _fit(line, memory) for name, line in lines.items()}
    sizes = [size for line in lines.values() for size, _ in line]
    measures = [_measure(one, memory) for line in lines.values() for _, one in line]
    fitted_ends = [measure for fit in fits.values() if fit is not None for _, measure in fit.ends]
    x, y = LogAxis.over(sizes, LEFT, RIGHT), LogAxis.over([*measures, *fitted_ends], BOTTOM, TOP)
    return Plot(
        title=title,
        x_label=axis,
        y_label="MB" if memory else "seconds",
        x_ticks=x.ticks(amount),
        y_ticks=y.ticks((lambda one: f"{one:,.0f}") if memory else duration),
        curves=[
            _curve(name, number, line, fits[name], x, y, memory) for number, (name, line) in enumerate(lines.items())
        ],
    )


@dataclass(frozen=True)
class _Fit:
    """The exponent, and size and measure at both ends of the line."""

    exponent: float
    ends: tuple[tuple[int, float], tuple[int, float]]


def _fit(line: Line, memory: bool) -> _Fit | None:
    """Of the points that no time limit ended; None where fewer than two are left."""
    kept = [(size, _measure(one, memory)) for size, one in line if memory or not _limited(one)]
    if len(kept) < 2:
        return None
    exponent, factor = fitted([size for size, _ in kept], [measure for _, measure in kept])
    first, last = kept[0][0], kept[-1][0]
    return _Fit(exponent, ((first, factor * first**exponent), (last, factor * last**exponent)))


def _curve(name: str, number: int, line: Line, fit: _Fit | None, x: LogAxis, y: LogAxis, memory: bool) -> Curve:
    return Curve(
        name=name,
        legend=number,
        points=[_point(size, one, x, y, memory) for size, one in line],
        line=None if fit is None else tuple(place for size, one in fit.ends for place in (x.at(size), y.at(one))),
        text=TOO_FEW if fit is None else f"exponent {round(fit.exponent, 2) + 0.0:.2f}",
    )


def _limited(one: Measurement) -> bool:
    """Whether the time limit ended some of the runs."""
    stop = one.texts(STOP)
    return bool(stop) and stop.get(PROVED, 0) < sum(stop.values())


def _point(size: int, one: Measurement, x: LogAxis, y: LogAxis, memory: bool) -> Point:
    measure = _measure(one, memory)
    hollow = not memory and _limited(one)
    said = f"{measure:,.0f} MB" if memory else f"{seconds(measure)} s"
    text = f"{size:,}: {said}" + (", ended by the time limit in some runs" if hollow else "")
    return Point(x.at(size), y.at(measure), text, hollow)


def _measure(one: Measurement, memory: bool) -> float:
    return one.peak_mb if memory else one.median
