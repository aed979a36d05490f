"""``warm-up`` says what it did, and where it is kept."""

from __future__ import annotations

from tests.cli.conftest import Run


def test_warm_up_says_how_long_it_took_and_where_the_result_is(run: Run) -> None:
    """Whether it compiled or loaded what an earlier process had compiled."""
    answer = run("warm-up")
    assert answer.exit_code == 0
    assert answer.stdout.startswith(("compiled in ", "loaded what was compiled before in "))
    assert answer.stdout.rstrip().endswith("__pycache__")
