"""Managed scaling of a capacity provider: target tracking of its reservation (ECS developer guide, cluster auto scaling).

Out at once, in after fifteen minutes below the target and by less than half at a time; never in while an instance warms up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from solver.errors import Fault
from solver.scaling.reservation import COLD, reservation

DATAPOINTS_IN = 15
"""Minutes below the target before instances go."""

RANGES = {
    "target_capacity": (1, 100),
    "minimum_step": (1, 10_000),
    "maximum_step": (1, 10_000),
    "warm_up": (0, 10_000),
}
"""ECS API, ManagedScaling."""


@dataclass(frozen=True)
class ManagedScaling:
    """How a provider scales.

    Parameters
    ----------
    target_capacity
        Percent of the instances that should be needed.
    minimum_step, maximum_step
        Instances that one scale-out adds at least and at most.
    warm_up
        Seconds during which a new instance keeps the group from scaling in.
    termination_protection
        Only instances that are empty but for daemons may go.
    """

    target_capacity: int = 100
    minimum_step: int = 1
    maximum_step: int = 10_000
    warm_up: int = 300
    termination_protection: bool = True

    def faults(self) -> list[Fault]:
        """Numbers out of ECS's ranges."""
        found = [
            Fault(name, f"is {getattr(self, name):,}", f"must be {low:,} to {high:,}")
            for name, (low, high) in RANGES.items()
            if not low <= getattr(self, name) <= high
        ]
        if not found and self.minimum_step > self.maximum_step:
            problem = f"is {self.minimum_step:,}, above maximum_step {self.maximum_step:,}"
            found.append(Fault("minimum_step", problem, "must be at most maximum_step"))
        return found


@dataclass(frozen=True)
class Change:
    """What a minute comes to.

    Parameters
    ----------
    desired
        Capacity that there should be, in instances.
    below
        Minutes in a row that the reservation was below the target.
    reservation
        In percent.
    """

    desired: int
    below: int
    reservation: Fraction


def capacity_for(needed: int, running: int, target_capacity: int, *, cold_start: bool = True) -> int:
    """Instances with which the reservation is at most the target: ``ceil(100 * M / target)``; from none, two.

    Parameters
    ----------
    cold_start
        False where M is known without any instance.
    """
    if cold_start and running == 0 and needed:
        return COLD // 100
    return -(-100 * needed // target_capacity)


def scale_in_step(running: int, desired: int) -> int:
    """Instances that go at once: at least one, and less than half of those that run."""
    return min(running - desired, max(1, (running - 1) // 2)) if desired < running else 0


def decide(
    scaling: ManagedScaling,
    needed: int,
    running: int,
    desired: int,
    below: int,
    *,
    warming: bool,
    bounds: tuple[int, int],
    cold_start: bool = True,
) -> Change:
    """The capacity that there should be after this minute.

    Parameters
    ----------
    needed, running
        M and N.
    desired
        Capacity that there should be so far: those that run and those that are on their way.
    below
        Minutes so far.
    warming
        Whether an instance is on its way or warms up.
    bounds
        The least and the most instances of the group.
    cold_start
        Whether it goes from none to two.
    """
    least, most = bounds
    metric = reservation(needed, running)
    aim = max(least, min(capacity_for(needed, running, scaling.target_capacity, cold_start=cold_start), most))
    if (metric > scaling.target_capacity or desired < least) and aim > desired:
        return Change(aim, 0, metric)
    if metric >= scaling.target_capacity:
        return Change(desired, 0, metric)
    kept = Change(desired, below + 1, metric)
    if kept.below < DATAPOINTS_IN or warming or aim >= desired or desired > running:
        return kept
    return replace(kept, desired=desired - scale_in_step(running, aim))
