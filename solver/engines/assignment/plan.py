"""The best plan that there is, as search and bound read and write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from solver.domain.counts import Ints


@dataclass(frozen=True)
class Plan:
    """The best plan and what is proved of it.

    Parameters
    ----------
    counts
        ``int64[G, I]``: the plan, beside what is fixed.
    offer
        Takes a plan if it is better and keeps every rule.
    known
        Of a tier: its value, its bound, and ``int64[G]`` how few tasks there may be with the tiers before as good as they are.
    prove
        Takes a bound of a tier that holds where the earlier tiers are no worse than the values given.
    """

    counts: Callable[[], Ints]
    offer: Callable[[Ints], bool]
    known: Callable[[int], tuple[int, int, Ints]]
    prove: Callable[[int, int, tuple[int, ...]], None]

    def open_tier(self, tiers: int) -> int | None:
        """The first tier whose bound is below its value; None where all are proved."""
        for tier in range(tiers):
            value, bound, _ = self.known(tier)
            if bound < value:
                return tier
        return None

    def values(self, tiers: int) -> tuple[int, ...]:
        """Of the first tiers."""
        return tuple(self.known(tier)[0] for tier in range(tiers))
