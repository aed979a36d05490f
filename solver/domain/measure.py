"""What is to be little once everything else of a request is: instances in use, what they cost, uneven families."""

from __future__ import annotations

from dataclasses import dataclass

Level = tuple[str, str]
"""A family and a field: its tasks in the fullest value of the field less those in the emptiest are counted."""


@dataclass(frozen=True)
class Measure:
    """What is minimised after the strategies and the soft rules, before moves; of several, in this order.

    Parameters
    ----------
    instances
        Instances in use.
    prices
        What the instances in use cost: the price of one, by instance type; types that are not named cost nothing.
    levels
        The skews of families over fields, added up.
    """

    instances: bool = False
    prices: tuple[tuple[str, int], ...] = ()
    levels: tuple[Level, ...] = ()
