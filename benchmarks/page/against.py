"""What other systems reached on the cases of a subject, beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.measured import VALUE, Measurement, Measurements
from benchmarks.notation import seconds
from benchmarks.page.blocks import Bar, Bars, Comparison, Part, Verdict
from benchmarks.subject import Case, Rival, Subject

BEST_PLAN = "best plan (s)"


def command_of(subject: Subject) -> str:
    """What measures a subject again."""
    return f'make bench ARGS="-k {subject.name}"'


def comparisons(subject: Subject, found: Measurements) -> Iterator[Comparison]:
    """Each rival's number beside the answer of the same case."""
    for rival in subject.rivals:
        one = found.get((subject.name, rival.case, "answer"))
        verdict, note = (Verdict.MISSING, "") if one is None else _judged(rival, one)
        yield Comparison(
            system=rival.system,
            workload=f"{subject.title}: {rival.case}",
            theirs=rival.figure + (f" in {_times(rival.seconds)} s" if rival.value and rival.seconds else ""),
            ours="" if one is None else _ours(rival, one),
            verdict=verdict,
            note=note,
            drawback="" if one is None or not _slower(rival, one) else "slower",
            measured=rival.measured,
            source=rival.source,
            command=command_of(subject),
        )


def _ours(rival: Rival, one: Measurement) -> str:
    value = one.numbers(VALUE)
    if rival.value:
        said = value.text() if len(rival.value) != 1 or not value.each else f"{value.each[0]:,} (seed 1)"
        best = one.numbers(BEST_PLAN).median
        there = "" if best is None else f", there after {seconds(best)} s"
        return f"{said} in {seconds(one.median)} s{there}; proved {one.proven} of {one.answers}"
    if rival.seconds:
        return f"{seconds(one.median)} s; proved {one.proven} of {one.answers}"
    return f"value {value.text()}, proved {one.proven} of {one.answers}, in {seconds(one.median)} s"


def _judged(rival: Rival, one: Measurement) -> tuple[Verdict, str]:
    ours = one.numbers(VALUE).each
    if rival.value and len(ours) >= len(rival.value):
        mine, theirs = sum(ours[: len(rival.value)]), sum(rival.value)
        return _compared(mine, theirs), f"theirs {theirs / mine:.2f} times ours" if mine else ""
    if rival.seconds and not rival.value:
        ratios = [theirs / one.median for theirs in rival.seconds]
        return _compared(one.median, min(rival.seconds)), f"theirs {_span(ratios)} times ours"
    return Verdict.OPEN, ""


def _slower(rival: Rival, one: Measurement) -> bool:
    """Whether a better plan of ours takes longer than theirs."""
    return bool(rival.value and rival.seconds) and one.median > max(rival.seconds)


def _compared(ours: float, theirs: float) -> Verdict:
    return Verdict.BETTER if ours < theirs else Verdict.EQUAL if ours == theirs else Verdict.WORSE


def _times(amounts: Sequence[float]) -> str:
    return " to ".join(dict.fromkeys(f"{one:g}" for one in amounts))


def _span(amounts: Sequence[float]) -> str:
    return " to ".join(dict.fromkeys(f"{one:,.0f}" if one >= 10 else f"{one:.1f}" for one in amounts))


def value_bars(subject: Subject, found: Measurements) -> Iterator[Bars]:
    """Values that can be compared, as the mean over the seeds that are known; shorter is better."""
    for case in subject.cases:
        one = found.get((subject.name, case.name, "answer"))
        rivals = [rival for rival in subject.rivals if rival.case == case.name and rival.value]
        if one is None or not rivals or not one.numbers(VALUE).each:
            continue
        yield _bars(subject, case, one, rivals)


def _bars(subject: Subject, case: Case, one: Measurement, rivals: Sequence[Rival]) -> Bars:
    ours = [int(value) for value in one.numbers(VALUE).each]
    rows = [("placement-solver", tuple(ours), seconds(one.median), 0)]
    rows += [(rival.system, rival.value, _times(rival.seconds), 1) for rival in rivals]
    means = [sum(values) / len(values) for _, values, _, _ in rows]
    bars = [
        Bar(
            label=name,
            parts=[Part(100 * mean / max(means), legend, f"{name}: {mean:.1f}")],
            text=f"{', '.join(map(str, values))}"
            + (" (seed 1 alone)" if len(values) == 1 and len(ours) > 1 else "")
            + (f" in {time} s" if time else ""),
        )
        for (name, values, time, legend), mean in sorted(zip(rows, means, strict=True), key=lambda row: row[1])
    ]
    return Bars(f"{subject.title}, {case.name}: mean over the seeds, fewer is better", ["ours", "others"], bars)
