"""What watches the inputs: it counts every one, and keeps those that crash, hang or end the process."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.fuzzing.__main__ import TARGETS, main
from tests.fuzzing.campaign import Plan, Tally, drawn, run, run_one
from tests.fuzzing.misbehaving import Misbehaving

INPUTS = {"proto": 1_500, "clusters": 1_500, "query": 6_000, "ecs": 1_200, "events": 400}
"""Some seconds of each; the command runs a million."""


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_at_random_are_read_or_refused(name: str) -> None:
    """None crashes or hangs what reads it; some are read, and some are refused."""
    target, tally = TARGETS[name](), Tally()
    for number in range(INPUTS[name]):
        run_one(target, number, drawn(target, 1, number), slow_seconds=5.0, tally=tally)
    assert not tally.failures, tally.failures[0].what
    assert tally.inputs == INPUTS[name]
    assert any(outcome.isupper() for outcome in tally.outcomes)
    assert any(not outcome.isupper() for outcome in tally.outcomes)


@pytest.mark.parametrize("name", TARGETS)
def test_an_input_can_be_drawn_again(name: str) -> None:
    """By the seed and its number; another seed or number gives another."""
    first, again = TARGETS[name](), TARGETS[name]()
    inputs = [drawn(first, seed, number) for seed in range(3) for number in range(10)]
    assert inputs == [drawn(again, seed, number) for seed in range(3) for number in range(10)]
    assert len(set(inputs)) > 20


def digits_of(seed: int) -> list[int]:
    """What the first ten inputs of a seed do."""
    return [int(drawn(Misbehaving(), seed, number)) for number in range(10)]


def test_what_must_not_be_is_found() -> None:
    """An exception that is none of ours, an input that takes long, one that never ends and one that ends its process."""
    seed = next(seed for seed in range(1_000) if all(digits_of(seed).count(digit) == 1 for digit in (3, 5, 7, 9)))
    digits = digits_of(seed)
    tally = run(Plan(Misbehaving, inputs=10, seed=seed, slow_seconds=0.2, stuck_seconds=1.0))
    assert tally.inputs == 10
    assert {failure.number for failure in tally.failures} == {k for k in range(10) if digits[k] in (3, 5, 7, 9)}
    expected = {"CRASH ZeroDivisionError": 1, "HANG": 1, "KILLED": 2}
    expected |= {"TOO_LARGE": sum(digit in (0, 4, 8) for digit in digits)}
    assert tally.outcomes == Counter(expected | {"read": 6 - expected["TOO_LARGE"]})
    said = {digits[failure.number]: failure.what for failure in tally.failures}
    assert set(said) == {3, 5, 7, 9}
    assert "ZeroDivisionError: a fault" in said[3]
    assert "processor time" in said[5]
    assert "was at it for" in said[7]
    assert "ended with 11" in said[9]


def test_the_command_keeps_what_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a file that runs again; its exit code is 1 where something fails, otherwise 0."""
    monkeypatch.setitem(TARGETS, "query", Misbehaving)
    seed = next(seed for seed in range(100) if drawn(Misbehaving(), seed, 0) == b"3")
    arguments = ["query", "--inputs", "1", "--folder", str(tmp_path)]
    assert main([*arguments, "--seed", str(seed)]) == 1
    path = tmp_path / f"query-{seed}-0.input"
    assert path.read_bytes() == b"3"
    assert "ZeroDivisionError" in path.with_suffix(".txt").read_text()
    assert "1 inputs, 1 failures" in capsys.readouterr().out
    assert main(["query", "--file", str(path)]) == 1
    monkeypatch.undo()
    assert main(["query", "--file", str(path)]) == 0
