"""Capacity-provider strategies: how many tasks go to which provider, by ``base`` and ``weight``.

Source: ECS API, CapacityProviderStrategyItem.
The provider is chosen before, and whatever, the tasks need: a strategy is no fallback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solver.errors import Fault, InvalidRequest

MOST_PROVIDERS, LARGEST_BASE, LARGEST_WEIGHT = 20, 100_000, 1_000


@dataclass(frozen=True)
class Share:
    """One entry of a strategy.

    Parameters
    ----------
    provider
        Its name.
    base
        The first so many tasks go there; only one entry has a base.
    weight
        Its share of the tasks beyond the base; with 0 it gets none of them.
    """

    provider: str
    base: int = 0
    weight: int = 0


def strategy_faults(shares: Sequence[Share]) -> list[Fault]:
    """What is wrong with a strategy, each with its place below it."""
    faults = []
    if not 1 <= len(shares) <= MOST_PROVIDERS:
        faults.append(Fault("", f"has {len(shares)} entries", f"must have 1 to {MOST_PROVIDERS}"))
    for k, share in enumerate(shares):
        if not share.provider:
            faults.append(Fault(f"[{k}].provider", "is empty", "name a capacity provider"))
        if share.provider in {other.provider for other in shares[:k]}:
            faults.append(Fault(f"[{k}].provider", f"'{share.provider}' stands twice", "name each provider once"))
        if not 0 <= share.base <= LARGEST_BASE:
            faults.append(Fault(f"[{k}].base", f"is {share.base:,}", f"must be 0 to {LARGEST_BASE:,}"))
        if not 0 <= share.weight <= LARGEST_WEIGHT:
            faults.append(Fault(f"[{k}].weight", f"is {share.weight:,}", f"must be 0 to {LARGEST_WEIGHT:,}"))
    if sum(share.base > 0 for share in shares) > 1:
        faults.append(Fault("", "has several entries with a base", "give one of them a base"))
    if shares and all(share.weight == 0 for share in shares):
        faults.append(Fault("", "has no weight above 0", "give a provider a weight: ECS places no task without one"))
    return faults


def split(tasks: int, shares: Sequence[Share]) -> dict[str, int]:
    """How many of so many tasks each provider has: the base first, the rest by weight.

    What the weights do not divide goes by the largest remainder, ties in the order of the list. (ECS documents no rounding.)

    Raises
    ------
    InvalidRequest
        If no entry has a weight, or anything else is wrong with the strategy, as ``RunTask`` and ``CreateService`` would refuse.
    """
    if faults := strategy_faults(shares):
        raise InvalidRequest([Fault(f"strategy{fault.path}", fault.problem, fault.remedy) for fault in faults])
    if tasks < 0:
        raise InvalidRequest.at("tasks", f"is {tasks}", "must be zero or more")
    found = {share.provider: min(share.base, tasks) for share in shares}
    rest, total = tasks - sum(found.values()), sum(share.weight for share in shares)
    remainders = []
    for k, share in enumerate(shares):
        whole, remainder = divmod(rest * share.weight, total)
        found[share.provider] += whole
        remainders.append((-remainder, k, share.provider))
    left = tasks - sum(found.values())
    for _, _, provider in sorted(remainders)[:left]:
        found[provider] += 1
    return found


def next_providers(now: Mapping[str, int], more: int, shares: Sequence[Share]) -> dict[str, int]:
    """Where so many new tasks of a service go: one by one to the provider that lacks most of its split, ties as listed.

    Parameters
    ----------
    now
        Tasks of the service by provider, those that wait included.
    """
    held = {share.provider: now.get(share.provider, 0) for share in shares}
    found = {share.provider: 0 for share in shares}
    for _ in range(more):
        aim = split(sum(held.values()) + 1, shares)
        chosen = max(held, key=lambda provider: aim[provider] - held[provider])
        held[chosen] += 1
        found[chosen] += 1
    return found
