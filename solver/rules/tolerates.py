"""``tolerates(toleration, ...)``: no start on an instance with a taint that is not tolerated (ours).

The taints of an instance are its attribute ``taints``: ``key=value:Effect``, several with commas between them. Those with the
effect ``PreferNoSchedule`` refuse nobody. Tolerations are written as ``kubectl`` writes taints: ``key=value:Effect`` (or any
effect, ``key=value``), ``key:Effect`` and ``key`` for whatever value, ``*`` for whatever key, ``*:Effect``. An empty argument
tolerates nothing. Source: Kubernetes documentation, Taints and Tolerations. What runs already is left where it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from solver.domain.counts import Bools
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.errors import InvalidRequest
from solver.rules.base import Breaches, Constraint, Reading
from solver.rules.model import Model

TYPE = "tolerates"
ATTRIBUTE = "taints"
SOFT = "PreferNoSchedule"
EFFECTS = ("NoSchedule", SOFT, "NoExecute")


@dataclass(frozen=True)
class Toleration:
    """What is tolerated.

    Parameters
    ----------
    key
        Empty for every key.
    value
        None for every value.
    effect
        Empty for every effect.
    """

    key: str
    value: str | None
    effect: str

    @classmethod
    def parse(cls, text: str) -> Toleration:
        """Read ``key=value:Effect`` or a part of it.

        Raises
        ------
        InvalidRequest
            If the key is empty, an effect is not one, or every key is tolerated with one value.
        """
        rest, colon, effect = text.partition(":")
        key, equals, value = rest.partition("=")
        if not key or (colon and effect not in EFFECTS) or (key == "*" and equals):
            remedy = f"must be KEY=VALUE:EFFECT, KEY:EFFECT, KEY or *, with an effect of {', '.join(EFFECTS)}"
            raise InvalidRequest.at("argument", f"toleration is '{text}'", remedy)
        return cls("" if key == "*" else key, value if equals else None, effect)

    def covers(self, taint: str) -> bool:
        """Whether it tolerates a taint, ``key=value:Effect``."""
        rest, _, effect = taint.rpartition(":")
        key, _, value = rest.partition("=")
        fits = (not self.key or self.key == key) and (self.value is None or self.value == value)
        return fits and self.effect in ("", effect)


@dataclass(frozen=True)
class Tolerates(Constraint):
    """The owner starts tasks only where all taints that refuse are tolerated."""

    owner: int
    tolerations: tuple[Toleration, ...]
    text: str
    reason: ClassVar[str] = "untolerated taint"

    @classmethod
    def parse(cls, owner: int, argument: str) -> Tolerates:
        """Read the tolerations.

        Raises
        ------
        InvalidRequest
            If one of them is none.
        """
        parts = [part.strip() for part in argument.split(",")] if argument.strip() else []
        return cls(owner, tuple(map(Toleration.parse, parts)), ", ".join(parts))

    @property
    def name(self) -> str:
        return f"{TYPE}({self.text})"

    @property
    def is_static(self) -> bool:
        return True

    def admits(self, problem: Problem, group: int) -> Bools:
        if group != self.owner:
            return super().admits(problem, group)
        column = problem.cluster.column(f"attribute:{ATTRIBUTE}")
        refused = column.where(np.array([not self._all_of(value) for value in column.values], np.bool_))
        return ~refused

    def _all_of(self, taints: str) -> bool:
        """Whether all of an instance's taints that refuse are tolerated."""
        return all(
            any(toleration.covers(taint) for toleration in self.tolerations)
            for taint in (part.strip() for part in taints.split(","))
            if taint and not taint.endswith(f":{SOFT}")
        )

    def readings(self, problem: Problem) -> Iterable[Reading]:
        return ()

    def compile(self, model: Model) -> None:
        """Nothing counts: the group has no candidates elsewhere."""

    def breaches(self, placement: Placement) -> Breaches:
        starts = np.maximum(placement.change(self.owner), 0)
        refused = np.where(self.admits(placement.problem, self.owner), 0, starts)
        unit = "new tasks on an instance with a taint that is not tolerated"
        return Breaches(refused, np.zeros_like(refused), placement.problem.cluster.label, unit)
