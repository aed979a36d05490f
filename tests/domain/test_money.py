"""Amounts of money: exact both ways, below zero too."""

from __future__ import annotations

from decimal import Decimal

import pytest

from solver.domain.money import MILLIONTHS, decimal, millionths


@pytest.mark.parametrize("amount", [0, 1, 10, 999_999, 1_000_000, 1_900_000, 10_000_000, 123_456_789_012])
def test_a_decimal_number_is_the_amount(amount: int) -> None:
    """Of a price, and of a saving."""
    for signed in (amount, -amount):
        text = decimal(signed)
        assert Decimal(text) * MILLIONTHS == signed
        assert text == text.strip() and not text.endswith(".") and ("." not in text or not text.endswith("0"))


def test_a_price_is_counted_as_it_is_written() -> None:
    """Not as the nearest binary fraction."""
    assert millionths({"a": 0.096, "b": 3, "c": 0.000001}) == {"a": 96_000, "b": 3_000_000, "c": 1}
