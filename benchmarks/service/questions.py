"""Requests of three sizes, from N4's instances and services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from benchmarks.growth import SERIES, grown
from solver import api
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.service import codec
from solver.service.decode import PlaceCall


@dataclass(frozen=True)
class Size:
    """How large a request is.

    Parameters
    ----------
    tasks, instances, services
        How many.
    seconds
        Its time limit.
    """

    tasks: int
    instances: int
    services: int
    seconds: float


SIZES: Mapping[str, Size] = {
    "small": Size(200, 100, 20, 0.1),
    "medium": Size(1_000, 1_000, 50, 0.3),
    "large": Size(10_000, 10_000, 200, 1.0),
}


@dataclass(frozen=True, eq=False)
class Question:
    """A request, and what is known of its answer beforehand.

    Parameters
    ----------
    label
        Comes back in the answer: so no call gets that of another.
    """

    problem: Problem
    limits: Limits
    label: str

    @cached_property
    def payload(self) -> bytes:
        """On the wire."""
        return codec.call_to_bytes(PlaceCall(self.problem, self.limits, label=self.label))

    @cached_property
    def fingerprint(self) -> str:
        """Of the problem, as the answer must state it."""
        return api.fingerprint(self.problem)


def question(size: str, seed: int, limits: Limits | None = None, label: str = "") -> Question:
    """The request of a size and a seed: even ones pack, which needs search, and odd ones spread, which counting proves."""
    wanted = SIZES[size]
    series = list(SERIES)[seed % len(SERIES)]
    problem = grown(SERIES[series], wanted.tasks, wanted.instances, wanted.services, 1, seed, 1.0)
    return Question(problem, limits or Limits(time_limit=wanted.seconds, seed=seed), label or f"{size} {seed}")


def labelled(asked: Question, label: str) -> Question:
    """The same, with another label."""
    return replace(asked, label=label)
