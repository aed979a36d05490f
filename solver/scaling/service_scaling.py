"""The desired count of a service: policies, cooldowns and bounds together (ECS developer guide, service auto scaling).

Out if any policy wants it, to the largest number; in only if all target tracking policies do. A scale-out is never held up by a
scale-in; while its cooldown lasts, a larger one may overtake it, and what it added counts as part of that. A scale-in waits until
the cooldown of the last one is over, which a scale-out ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from solver.scaling.policy import Metric, Policy, Way


@dataclass(frozen=True)
class ServiceState:
    """What is remembered of a service.

    Parameters
    ----------
    desired
        Tasks that there should be.
    out_until, in_until
        Seconds at which the cooldowns end.
    before
        Tasks from which the last scale-out started.
    """

    desired: int
    out_until: int = 0
    in_until: int = 0
    before: int = 0


def decide(
    state: ServiceState,
    policies: Sequence[Policy],
    metrics: Sequence[Metric],
    running: int,
    now: int,
    bounds: tuple[int, int],
) -> ServiceState:
    """What there should be after this minute.

    Parameters
    ----------
    metrics
        One a minute, the latest last.
    running
        Tasks that run.
    now
        Seconds.
    bounds
        The least and the most tasks.
    """
    least, most = bounds
    base = state.before if now < state.out_until else running
    wishes = [(policy, policy.wish(metrics, running, base)) for policy in policies]
    out = [(policy, wish) for policy, wish in wishes if wish.way is Way.OUT]
    if out:
        policy, wish = max(out, key=lambda one: one[1].tasks)
        tasks = least if state.desired < least else min(max(wish.tasks, least), most)
        if tasks <= state.desired:
            return state
        return ServiceState(tasks, out_until=now + policy.out_cooldown, before=base)
    tracking = [wish for policy, wish in wishes if policy.must_agree]
    inward = [(policy, wish) for policy, wish in wishes if wish.way is Way.IN]
    if any(wish.way is not Way.IN for wish in tracking):
        inward = []
    if not inward or now < state.in_until:
        return state
    policy, wish = max(inward, key=lambda one: one[1].tasks)
    tasks = most if state.desired > most else max(min(wish.tasks, most), least)
    if tasks >= state.desired:
        return state
    return replace(state, desired=tasks, in_until=now + policy.in_cooldown)
