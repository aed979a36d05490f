"""Every subject in every phase."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import cycle

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.peak_memory import peak_of
from benchmarks.subject import Case, Outcome, Phase, Subject
from benchmarks.subjects import subjects

MEASUREMENTS = [
    pytest.param(subject, case, phase, id=f"{subject.name}-{case.name}-{phase.name}")
    for subject in subjects()
    for case in subject.cases
    for phase in subject.phases
]


@pytest.mark.parametrize(("subject", "case", "phase"), MEASUREMENTS)
def test_subject(benchmark: BenchmarkFixture, scale: float, subject: Subject, case: Case, phase: Phase) -> None:
    """What must hold of the subject holds, seed by seed; the time and the peak memory are noted."""
    seeds = cycle(case.seeds)
    outcomes: list[Outcome] = []

    with ExitStack() as stack:

        def setup() -> tuple[tuple[_Round], dict[str, object]]:
            return (_Round(case, phase, next(seeds), scale, stack),), {}

        def judge(done: _Round) -> None:
            outcomes.append(phase.judge(case, done.seed, scale, done.found))

        last = benchmark.pedantic(_Round.run, setup=setup, teardown=judge, rounds=len(case.seeds))
        if not outcomes:
            judge(last)
    wrong = [line for outcome in outcomes for line in outcome.wrong]
    assert wrong == []
    if benchmark.enabled:
        benchmark.extra_info.update(
            subject=subject.name,
            case=case.name,
            phase=phase.name,
            scale=scale,
            status=[outcome.status for outcome in outcomes],
            value=[value for outcome in outcomes for value in outcome.value],
            bound=[bound for outcome in outcomes for bound in outcome.bound],
            proven=[outcome.proven for outcome in outcomes if outcome.value],
            figures=[dict(outcome.figures) for outcome in outcomes],
            peak_mb=peak_of(subject.name, case.name, phase.name, case.seeds[0], scale),
        )


class _Round:
    """One seed: prepared when made, timed in ``run``."""

    def __init__(self, case: Case, phase: Phase, seed: int, scale: float, stack: ExitStack) -> None:
        self.seed = seed
        self.found: object = None
        self._run = phase.prepare(case, seed, scale, stack)

    def run(self) -> _Round:
        """What is timed."""
        self.found = self._run()
        return self
