"""Step scaling: the further the metric is beyond a threshold, the larger the step.

Source: Application Auto Scaling API, StepScalingPolicyConfiguration.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from solver.errors import Fault
from solver.scaling.policy import Metric, Policy, Way, Wish
from solver.scaling.target_tracking import cooldown_faults

MOST_DATAPOINTS = 60
"""Minutes that an alarm looks at."""


class Adjustment(Enum):
    """What the number of a step means."""

    CHANGE = "ChangeInCapacity"
    PERCENT = "PercentChangeInCapacity"
    EXACT = "ExactCapacity"


class Side(Enum):
    """On which side of the threshold the alarm is."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True)
class Step:
    """One step: where the metric is ``lower`` to ``upper`` away from the threshold, this adjustment.

    Parameters
    ----------
    lower, upper
        Percent relative to the threshold; None for no bound. Above, ``lower`` belongs to the step; below, ``upper``.
    adjustment
        Tasks, or percent of the tasks.
    """

    adjustment: int
    lower: Fraction | None = None
    upper: Fraction | None = None

    def holds(self, beyond: Fraction, side: Side) -> bool:
        """Whether a metric so far beyond the threshold is in it."""
        if side is Side.ABOVE:
            return (self.lower is None or beyond >= self.lower) and (self.upper is None or beyond < self.upper)
        return (self.lower is None or beyond > self.lower) and (self.upper is None or beyond <= self.upper)


@dataclass(frozen=True)
class StepScaling(Policy):
    """Steps beyond a threshold.

    Parameters
    ----------
    threshold
        Percent. The alarm stands while the metric is there or beyond.
    side
        Above or below.
    steps
        They do not overlap.
    adjustment_type
        What the numbers of the steps mean.
    cooldown
        Seconds.
    min_adjustment_magnitude
        Tasks that a percentage changes at least.
    datapoints
        Minutes beyond the threshold before the alarm stands.
    """

    threshold: Fraction
    side: Side
    steps: tuple[Step, ...]
    adjustment_type: Adjustment = Adjustment.CHANGE
    cooldown: int = 300
    min_adjustment_magnitude: int = 1
    datapoints: int = 1

    @property
    def out_cooldown(self) -> int:
        """Seconds after a scale-out."""
        return self.cooldown

    @property
    def in_cooldown(self) -> int:
        """Seconds after a scale-in until the next."""
        return self.cooldown

    @property
    def must_agree(self) -> bool:
        """It acts by its own alarm."""
        return False

    def wish(self, metrics: Sequence[Metric], running: int, before: int) -> Wish:
        """The step that the metric is in, from the tasks to start from."""
        last = metrics[-self.datapoints :]
        beyond = [metric - self.threshold for metric in last if metric is not None]
        sign = 1 if self.side is Side.ABOVE else -1
        if len(beyond) < self.datapoints or any(sign * distance < 0 for distance in beyond):
            return Wish(Way.STAY, running)
        step = next((step for step in self.steps if step.holds(beyond[-1], self.side)), None)
        start = before if self.side is Side.ABOVE else running
        tasks = start if step is None else adjusted(start, step.adjustment, self)
        way = Way.STAY if tasks == start else Way.OUT if tasks > start else Way.IN
        return Wish(way, tasks)

    def faults(self) -> list[Fault]:
        """Steps that are missing or overlap, numbers out of their ranges."""
        found = cooldown_faults(cooldown=self.cooldown)
        for name, most in (("min_adjustment_magnitude", 1_000), ("datapoints", MOST_DATAPOINTS)):
            if not 1 <= getattr(self, name) <= most:
                found.append(Fault(name, f"is {getattr(self, name):,}", f"must be 1 to {most:,}"))
        if not 0 <= self.threshold <= 1_000:
            found.append(Fault("threshold", f"is {float(self.threshold):g}", "must be 0 to 1,000 percent"))
        if not self.steps:
            found.append(Fault("steps", "is empty", "give at least one step"))
        spans = [_span(step) for step in self.steps]
        for k, (low, high) in enumerate(spans):
            if low >= high:
                found.append(Fault(f"steps[{k}].upper", "is not above lower", "must be above it"))
            if any(low < other_high and other_low < high for other_low, other_high in spans[:k]):
                found.append(Fault(f"steps[{k}]", "overlaps another step", "let each distance be in one step"))
            if self.adjustment_type is Adjustment.EXACT and self.steps[k].adjustment < 0:
                problem = f"is {self.steps[k].adjustment}"
                found.append(Fault(f"steps[{k}].adjustment", problem, "must be zero or more with ExactCapacity"))
        return found


def _span(step: Step) -> tuple[float, float]:
    low = -math.inf if step.lower is None else float(step.lower)
    high = math.inf if step.upper is None else float(step.upper)
    return low, high


def adjusted(tasks: int, adjustment: int, policy: StepScaling) -> int:
    """The tasks after a step, never below 0.

    A percentage is rounded towards zero, but to at least one task (EC2 Auto Scaling user guide, scaling adjustment types), and
    changes at least ``min_adjustment_magnitude`` tasks.
    """
    if policy.adjustment_type is Adjustment.EXACT:
        return adjustment
    change = adjustment
    if policy.adjustment_type is Adjustment.PERCENT:
        exact = Fraction(tasks * adjustment, 100)
        size = max(math.floor(abs(exact)), 1 if exact else 0)
        size = max(size, policy.min_adjustment_magnitude) if adjustment else 0
        change = size if adjustment > 0 else -size
    return max(tasks + change, 0)
