"""Target tracking: as many tasks as bring the metric to the target (ECS developer guide, service auto scaling).

ECS documents that it rounds conservatively, and no formula. Ours: ``ceil(running * metric / target)`` both ways, out after
three minutes above the target, in after fifteen below nine tenths of it, which are the alarms that ECS makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from solver.errors import Fault
from solver.scaling.policy import Metric, Policy, Way, Wish, breached

DATAPOINTS_OUT, DATAPOINTS_IN = 3, 15
MARGIN = Fraction(9, 10)
"""Of the target: in only below."""


@dataclass(frozen=True)
class TargetTracking(Policy):
    """A target for the metric, in percent.

    Parameters
    ----------
    scale_out_cooldown, scale_in_cooldown
        Seconds.
    disable_scale_in
        It never asks for fewer tasks, and no scale-in asks for its consent.
    """

    target: Fraction
    scale_out_cooldown: int = 300
    scale_in_cooldown: int = 300
    disable_scale_in: bool = False

    @property
    def out_cooldown(self) -> int:
        """Seconds after a scale-out."""
        return self.scale_out_cooldown

    @property
    def in_cooldown(self) -> int:
        """Seconds after a scale-in until the next."""
        return self.scale_in_cooldown

    @property
    def must_agree(self) -> bool:
        """In only if all target tracking policies agree that scale in."""
        return not self.disable_scale_in

    def wish(self, metrics: Sequence[Metric], running: int, before: int) -> Wish:
        """Out where the metric is above the target, in where it is far below."""
        latest = metrics[-1] if metrics else None
        if latest is None:
            return Wish(Way.STAY, running)
        tasks = tasks_for(running, latest, self.target)
        if breached(metrics, DATAPOINTS_OUT, None, self.target):
            return Wish(Way.OUT, tasks)
        if not self.disable_scale_in and breached(metrics, DATAPOINTS_IN, MARGIN * self.target, None):
            return Wish(Way.IN, tasks)
        return Wish(Way.STAY, running)

    def faults(self) -> list[Fault]:
        """A target that is none, cooldowns below 0."""
        found = cooldown_faults(scale_out_cooldown=self.scale_out_cooldown, scale_in_cooldown=self.scale_in_cooldown)
        if not 0 < self.target <= 1_000:
            found.append(Fault("target", f"is {float(self.target):g}", "must be above 0 and at most 1,000 percent"))
        return found


def tasks_for(running: int, metric: Fraction, target: Fraction) -> int:
    """``ceil(running * metric / target)``."""
    return -int(-running * metric // target)


def cooldown_faults(**seconds: int) -> list[Fault]:
    """Cooldowns that are none."""
    return [
        Fault(name, f"is {amount:,}", "must be 0 to 86,400 seconds")
        for name, amount in seconds.items()
        if not 0 <= amount <= 86_400
    ]
