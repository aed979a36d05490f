"""Requests of right-size to the placement engines: everything has a place first, and nothing but what is asked for after that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import attrgetter

from solver.api import answered
from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Bound
from solver.rules.base import Cost
from solver.rules.bound import Rules

LEAST_SECONDS = 0.2
"""For one request."""


def placed(
    problem: Problem,
    limits: Limits,
    deadline: Deadline,
    objective: Callable[[Rules], tuple[Cost, ...]] = attrgetter("leading"),
    hint: Counts | None = None,
    bounds: Mapping[int, Bound] | None = None,
) -> Answer:
    """The best plan found by the deadline: without an order, and without the tiers of the groups' strategies.

    Parameters
    ----------
    objective
        What is minimised; left out, what has no place, and the search ends where everything has one.
    hint, bounds
        As ``solver.api.answered`` takes them.
    """
    seconds = max(deadline.remaining(), LEAST_SECONDS)
    found, _ = answered(
        problem,
        replace(limits, time_limit=seconds),
        explain=False,
        on_incumbent=None,
        on_progress=None,
        cancelled=lambda: deadline.was_cancelled,
        warnings=(),
        label="",
        hint=hint,
        objective=objective,
        bounds=bounds,
        order=False,
    )
    return found
