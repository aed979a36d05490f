"""Counting proves that tasks do not fit, and never says so of tasks that do."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.problem import Problem
from solver.explain.counting import enough_by_counting
from solver.rules.bind import bind
from tests.builders import ZONE_FIELD
from tests.explain.planted import HTTP, api, asked, rows, web


def counted(request: Problem) -> bool | None:
    return enough_by_counting(bind(request), request.wanted)


@pytest.mark.parametrize(("start", "fits"), [(6, True), (7, False)])
def test_one_group_is_counted_instance_by_instance(start: int, fits: bool) -> None:
    """``sum floor(free / demand)``: two on each of three instances, whatever is free in all."""
    assert counted(asked(rows(3, free={"memory": 1400}), [web(start, memory=500)])) is fits


@pytest.mark.parametrize(("start", "fits"), [(5, True), (6, False)])
def test_a_full_zone_limits_the_others(start: int, fits: bool) -> None:
    """``maxSkew``: with one task at most in b, two in a and two in c is all; a skew of 2 would allow three."""
    request = asked(
        rows(3, free={"memory": [8192, 500, 8192]}), [web(start, memory=500, rules=[f"maxSkew({ZONE_FIELD}, 1)"])]
    )
    assert counted(request) is fits


@pytest.mark.parametrize(("start", "fits"), [(3, True), (4, False)])
def test_an_antiaffinity_with_itself_takes_one_a_bucket(start: int, fits: bool) -> None:
    """Three zones, three tasks, however many instances."""
    assert counted(asked(rows(6), [web(start, rules=[f"antiAffinity(web, {ZONE_FIELD})"])])) is fits


@pytest.mark.parametrize(("start", "fits"), [(4, True), (5, False)])
def test_an_affinity_with_itself_takes_one_bucket(start: int, fits: bool) -> None:
    """All in the best zone: two instances with two places each."""
    free = {"memory": [1000, 500, 500, 1000, 500, 500]}
    assert counted(asked(rows(6, free=free), [web(start, rules=[f"affinity(web, {ZONE_FIELD})"])])) is fits


def test_large_tasks_of_several_groups_are_counted_together() -> None:
    """Three instances of 1,000 take three tasks of more than 500, though 3,000 would hold four of 600 and 700."""
    groups = [web(2, memory=600), api(2, memory=700)]
    assert counted(asked(rows(3, free={"memory": 1000}), groups)) is False
    assert counted(asked(rows(4, free={"memory": 1000}), groups)) is None


def test_what_no_sum_of_demands_can_fill_is_not_there() -> None:
    """On 1,000 the demands 300 and 400 fill all of it, 400 and 450 only 900 of it."""
    assert counted(asked(rows(2, free={"memory": 1000}), [web(4, memory=300), api(2, memory=400)])) is None
    assert counted(asked(rows(2, free={"memory": 1000}), [web(1, memory=450), api(4, memory=400)])) is False


def test_holders_of_a_port_are_counted_together() -> None:
    """One holder an instance, of whichever group."""
    groups = [web(1, ports=(HTTP,)), api(2, ports=(HTTP,))]
    assert counted(asked(rows(2), groups)) is False
    assert counted(asked(rows(3), groups)) is None


def test_two_linked_rules_prove_only_what_one_of_them_does() -> None:
    """Each rule over buckets gives a limit; that both can be met together is not said."""
    rules = [f"maxSkew({ZONE_FIELD}, 1)", "antiAffinity(web, instanceId)"]
    assert counted(asked(rows(3), [web(4, rules=rules)])) is False
    assert counted(asked(rows(3), [web(3, rules=rules)])) is None


def test_counting_agrees_with_what_is_there_at_a_thousand_instances() -> None:
    """The sum over many instances is exact."""
    free = np.random.default_rng(3).integers(0, 3000, 1000)
    most = int((free // 700).sum())
    assert counted(asked(rows(1000, free={"memory": free.tolist()}), [web(most, cpu=1, memory=700)])) is True
    assert counted(asked(rows(1000, free={"memory": free.tolist()}), [web(most + 1, cpu=1, memory=700)])) is False
