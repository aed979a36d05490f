"""A run whose plan is wrong leaves nothing that a report could show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import cast

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import bench_subjects
from benchmarks.phases import judged
from benchmarks.subject import Case, Outcome, Phase, Subject
from benchmarks.workloads import packing_problem
from solver import api
from solver.domain.answer import Answer
from solver.domain.request import Limits


class Benchmark:
    """As pytest-benchmark's: it prepares, runs and tears down each round, and keeps what is noted."""

    enabled = True

    def __init__(self) -> None:
        self.extra_info: dict[str, object] = {}

    def pedantic(
        self, run: Callable[..., object], *, setup: Callable[[], object], teardown: Callable[..., None], rounds: int
    ) -> object:
        for _ in range(rounds):
            prepared, _ = setup()
            found = run(*prepared)
            teardown(*prepared)
        return found


CASE = Case(
    name="a few",
    build=lambda seed, scale: packing_problem(60, 30, seed),
    limits=Limits(time_limit=0.5),
    seeds=(1, 2),
    tier="2/binpack/instances",
)


def subject_of(change: Callable[[Answer], Answer]) -> Subject:
    """A subject whose answers are changed before they are judged."""

    def prepare(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
        return lambda: api.place(case.build(seed, scale), replace(case.limits, seed=seed))

    def judge(case: Case, seed: int, scale: float, found: object) -> Outcome:
        assert isinstance(found, Answer)
        return judged(case, seed, scale, change(found))

    return Subject("one_task", "", "", (CASE,), (Phase("answer", prepare, judge),))


def measure(monkeypatch: pytest.MonkeyPatch, change: Callable[[Answer], Answer], benchmark: Benchmark) -> None:
    """Run the benchmark of such a subject."""
    monkeypatch.setattr(bench_subjects, "peak_of", lambda *of: 42.0)
    subject = subject_of(change)
    bench_subjects.test_subject(cast(BenchmarkFixture, benchmark), 1.0, subject, CASE, subject.phases[0])


def test_a_sound_run_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, bounds and figures of each seed."""
    benchmark = Benchmark()
    measure(monkeypatch, lambda answer: answer, benchmark)
    noted = benchmark.extra_info
    assert noted["subject"] == "one_task"
    assert [len(cast(Sequence[object], noted[name])) for name in ("value", "bound", "figures")] == [2, 2, 2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda answer: replace(answer, tasks=answer.tasks + answer.tasks), "broken rule"),
        (lambda answer: replace(answer, tasks=answer.problem.running), "not placed"),
        (
            lambda answer: replace(answer, tiers=tuple(replace(tier, bound=tier.value + 1) for tier in answer.tiers)),
            "above the value",
        ),
        (
            lambda answer: replace(answer, tiers=tuple(replace(tier, sequential=-1) for tier in answer.tiers)),
            "worse than the sequential scheduler",
        ),
    ],
    ids=["breaks a rule", "leaves tasks out", "claims too much", "worse than one by one"],
)
def test_a_wrong_run_fails_and_notes_nothing(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Answer], Answer], said: str
) -> None:
    """The checker is asked once more; without notes the measurement is refused by name when the report is made."""
    benchmark = Benchmark()
    with pytest.raises(AssertionError, match=said):
        measure(monkeypatch, change, benchmark)
    assert benchmark.extra_info == {}
