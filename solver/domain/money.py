"""Amounts of money: counted in millionths of a currency, so that sums are exact; people write them as decimal numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from solver.errors import Fault

MILLIONTHS = 1_000_000
LARGEST_PRICE = 1_000_000
"""Of an instance for an hour, in the currency."""


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


def decimal(millionths: int) -> str:
    """Millionths as a decimal number, exactly."""
    whole, part = divmod(abs(millionths), MILLIONTHS)
    sign = "-" if millionths < 0 else ""
    return f"{sign}{whole}.{part:06d}".rstrip("0") if part else f"{sign}{whole}"
