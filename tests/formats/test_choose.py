"""What was probably meant by a name that means nothing."""

from __future__ import annotations

import pytest

from solver.formats.choose import alike, nearest

GROUPS = ("service:web", "service:worker", "family:web", "family:batch:7", "plain")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web", ["service:web", "family:web"]),
        ("service:wbe", ["service:web"]),
        ("batch:7", ["family:batch:7"]),
        ("wbe", ["service:web", "family:web"]),
        ("palin", ["plain"]),
        ("", []),
        ("zzzz", []),
    ],
)
def test_the_name_after_a_prefix_comes_first_then_close_ones(name: str, expected: list[str]) -> None:
    """Those that are close without their prefix only where nothing else is."""
    assert alike(name, GROUPS, 3)[: len(expected)] == expected
    assert bool(alike(name, GROUPS, 3)) == bool(expected)


def test_so_many_names_and_each_once() -> None:
    """However often they stand in the list."""
    assert alike("web", (*GROUPS, *GROUPS), 1) == ["service:web"]
    assert alike("web", (*GROUPS, *GROUPS), 9) == list(dict.fromkeys(alike("web", GROUPS, 9)))
    assert nearest("zzzz", ("a", "b", "a")) == "must be one of a, b"
    assert nearest("wib", ("web", "web")) == "did you mean 'web'?"
    assert nearest("x", ()) == "there is none"
