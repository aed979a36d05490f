"""The provider that fits: the one where a task costs least, not the one that a weight names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from solver.scaling.needed import Amounts


class Offer(NamedTuple):
    """What a provider launches: its name, what an instance has, and what it costs an hour in millionths (None: not known)."""

    provider: str
    capacity: Amounts
    price: int | None


def tasks_on(demand: Mapping[str, int], capacity: Amounts) -> int:
    """Tasks of one kind that an empty instance holds; 1 where they need nothing that is counted."""
    return min((capacity.get(name, 0) // amount for name, amount in demand.items() if amount), default=1)


def by_fit(demand: Mapping[str, int], offers: Sequence[Offer]) -> list[str]:
    """The providers that hold the task, the cheapest first: price over tasks an instance.

    One without a price comes after those with one, by its tasks an instance; ties stand as listed.
    """
    found: list[tuple[bool, Fraction, int, str]] = []
    for k, offer in enumerate(offers):
        fit = tasks_on(demand, offer.capacity)
        if fit:
            cost = Fraction(1 if offer.price is None else offer.price, fit)
            found.append((offer.price is None, cost, k, offer.provider))
    return [name for *_, name in sorted(found)]
