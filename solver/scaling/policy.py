"""What a scaling policy of a service wants in a minute."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction
from typing import NamedTuple, Protocol, TypeAlias

from solver.errors import Fault

Metric: TypeAlias = Fraction | None
"""Percent of what the running tasks can carry; None where no task runs, and so nothing is measured."""


class Way(Enum):
    """Out, in, or neither."""

    OUT = "out"
    IN = "in"
    STAY = "stay"


class Wish(NamedTuple):
    """Which way, and to how many tasks."""

    way: Way
    tasks: int


class Policy(Protocol):
    """A scaling policy of a service."""

    @property
    def out_cooldown(self) -> int:
        """Seconds after a scale-out."""

    @property
    def in_cooldown(self) -> int:
        """Seconds after a scale-in until the next."""

    @property
    def must_agree(self) -> bool:
        """Whether a scale-in needs it to want one too."""

    def wish(self, metrics: Sequence[Metric], running: int, before: int) -> Wish:
        """What it wants.

        Parameters
        ----------
        metrics
            One a minute, the latest last.
        running
            Tasks to start from: those that run, not those that are desired.
        before
            Tasks from which the last scale-out started, while its cooldown lasts; else ``running``.
        """

    def faults(self) -> list[Fault]:
        """What is wrong with it."""


def breached(metrics: Sequence[Metric], minutes: int, low: Fraction | None, high: Fraction | None) -> bool:
    """Whether each of the last ``minutes`` metrics is above ``high``, or below ``low``; not where one is missing."""
    last = metrics[-minutes:]
    if len(last) < minutes:
        return False
    return all(
        metric is not None and ((high is not None and metric > high) or (low is not None and metric < low))
        for metric in last
    )
