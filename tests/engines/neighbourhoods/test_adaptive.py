"""What has helped is tried more often (solver.engines.neighbourhoods.adaptive)."""

from __future__ import annotations

from collections import Counter

import numpy as np

from solver.engines.neighbourhoods.adaptive import LEAST_SIZE, Choice


def test_a_kind_that_helps_is_tried_more_often_and_none_is_given_up() -> None:
    """One kind of three helps, each time that it is tried."""
    choice, draw = Choice(("a", "b", "c")), np.random.default_rng(0)
    tried: list[str] = []
    for _ in range(300):
        kind = choice.next(draw)
        tried.append(kind)
        choice.learn(kind, better=kind == "b", whole=True, share=1.0)
    late = Counter(tried[100:])
    assert late["b"] > 0.7 * 200
    assert min(late["a"], late["c"]) > 0


def test_neighbourhoods_grow_where_they_are_quick_and_shrink_where_they_come_to_nothing() -> None:
    """Not searched whole and no better plan; between the two they stay as they are."""
    choice = Choice(("a",), size=5)
    choice.learn("a", better=False, whole=True, share=0.1)
    assert choice.size == 6
    choice.learn("a", better=False, whole=True, share=0.9)
    assert choice.size == 6
    choice.learn("a", better=True, whole=False, share=1.0)
    assert choice.size == 6
    for _ in range(10):
        choice.learn("a", better=False, whole=False, share=1.0)
    assert choice.size == LEAST_SIZE


def test_a_kind_that_finds_nothing_to_look_at_is_tried_less() -> None:
    """As if it had not helped."""
    choice = Choice(("a", "b"))
    choice.forget("a")
    assert choice.scores["a"] < choice.scores["b"]
