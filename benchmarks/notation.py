"""How figures are written, in tables and on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

NOTHING = "–"


def seconds(amount: float) -> str:
    """Three digits that count, in seconds: 0.00214, 0.0312, 1.25, 12.3."""
    if amount <= 0:
        return "0"
    digits = max(0, 2 - int(np.floor(np.log10(amount))))
    return f"{amount:.{min(digits, 6)}f}"


def several(values: Sequence[int]) -> str:
    """Equal ones once, up to three in full, of more the range and the sum."""
    if not values:
        return NOTHING
    if len(set(values)) == 1:
        return f"{values[0]:,}"
    if len(values) <= 3:
        return ", ".join(f"{value:,}" for value in values)
    return spanned(min(values), max(values), sum(values))


def spanned(least: int, most: int, total: int) -> str:
    """The range and the sum of numbers of which not all are equal."""
    return f"{least:,}" if least == most else f"{least:,} to {most:,}, sum {total:,}"


def counted(texts: Mapping[str, int]) -> str:
    """Each text once, with its number where there are different ones."""
    if len(texts) == 1:
        return next(iter(texts))
    return ", ".join(f"{text} {count}" for text, count in texts.items())
