"""Survival: the losses after which every task must still have a place, and what becomes of each once a plan is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_KINDS = 10
"""Kinds of loss that one request may name."""


@dataclass(frozen=True)
class Survival:
    """That a plan survives: after it, any one of some losses leaves every task a place.

    Parameters
    ----------
    lose
        Kinds of loss: ``zone``, ``type``, ``instance``, ``attribute:NAME``. One loss happens, of one kind.
    covered
        Groups or families whose tasks must have a place; where none is named, all but those of DAEMON services.
    """

    lose: tuple[str, ...] = ("zone",)
    covered: tuple[str, ...] = ()


@dataclass(frozen=True)
class LossOutcome:
    """What becomes of one loss once a plan is carried out.

    Parameters
    ----------
    what, value
        What is lost, as it was asked for, and which of them: the attribute's value, or the instance's name.
    instances
        That are lost. 1 or more.
    tasks
        Those on them that must have a place again. 0 or more.
    missing
        By group, the tasks without a place in the witness, the plan that was found for after the loss. Each 1 or more.
    at_least
        No plan for after the loss leaves fewer tasks without a place. At most the sum of ``missing``.
    allowed
        Tasks that may stay without a place: as many as were found to have none before the operation (§8). 0 too where there was
        no time to judge that.
    allowed_proven
        Whether ``allowed`` is proved to be the fewest.
    fallbacks
        What the witness starts: a group and an instance, by their places in the request, and how many tasks.
    """

    what: str
    value: str
    instances: int
    tasks: int
    missing: Mapping[str, int] = field(default_factory=dict)
    at_least: int = 0
    allowed: int = 0
    allowed_proven: bool = True
    fallbacks: tuple[tuple[int, int, int], ...] = ()

    @property
    def without_place(self) -> int:
        """Tasks without a place in the witness."""
        return sum(self.missing.values())

    @property
    def proven(self) -> bool:
        """Whether ``missing`` is proved to be the fewest."""
        return self.at_least >= self.without_place
