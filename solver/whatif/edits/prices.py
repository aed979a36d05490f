"""What instances cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from solver.errors import Fault
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit, require
from solver.whatif.node import Node

MILLIONTHS = 1_000_000
LARGEST_PRICE = 1_000_000


@dataclass(frozen=True)
class SetPrices(Edit):
    """Instances of some types cost so much an hour; the others what they did.

    Parameters
    ----------
    prices
        By type, in any currency; counted in its millionths.
    """

    NAME: ClassVar[str] = "set_prices"
    prices: Mapping[str, float]

    @classmethod
    def read(cls, node: Node) -> SetPrices:
        """``{m5.large: 0.096}``."""
        return cls({name: value.number() for name, value in node.mapping().items()})

    def applied_to(self, asked: Asked) -> Asked:
        """The question with the prices."""
        require(price_faults(self.prices))
        return replace(asked, prices={**asked.prices, **millionths(self.prices)})


def price_faults(prices: Mapping[str, float]) -> list[Fault]:
    """What is wrong with prices, by type."""
    return [
        Fault(name, f"is {price}", f"must be 0 to {LARGEST_PRICE:,}")
        for name, price in prices.items()
        if not math.isfinite(price) or not 0 <= price <= LARGEST_PRICE
    ]


def millionths(prices: Mapping[str, float]) -> dict[str, int]:
    """Prices as whole numbers, as they are written: 0.096 is 96,000."""
    return {name: round(Fraction(str(price)) * MILLIONTHS) for name, price in prices.items()}
