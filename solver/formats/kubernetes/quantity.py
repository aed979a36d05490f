"""Quantities, exactly (Kubernetes API, Quantity: ``100m``, ``1Gi``, ``1e3``, ``128974848``, ``1.5Gi``).

``<quantity> ::= <signedNumber><suffix>`` with a suffix of ``Ki Mi Gi Ti Pi Ei``, of ``n u m k M G T P E`` or none, or an
exponent to ten (``e3``, ``E-2``). No quantity is larger than ``2^63 - 1``.
"""

from __future__ import annotations

import re
from fractions import Fraction

LARGEST = 2**63 - 1
LONGEST_NUMBER = 40
"""Characters of the number; and the exponent to ten is at most so far from zero."""

_WRITTEN = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d{1,4})", re.ASCII)
_BINARY = {suffix: Fraction(1024**power) for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}

USAGE = "must be a quantity such as 100m, 1.5Gi, 2k, 1e3 or 128974848, zero or more and below 2^63"


def parse_quantity(text: str) -> Fraction | None:
    """The number that a quantity stands for; None if it is none, negative or too large."""
    found = _WRITTEN.fullmatch(text)
    if found is None or len(found[2]) > LONGEST_NUMBER:
        return None
    suffix = found[3]
    if suffix in _BINARY:
        scale = _BINARY[suffix]
    else:
        exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
        if abs(exponent) > LONGEST_NUMBER:
            return None
        scale = Fraction(10) ** exponent
    number = Fraction(found[2].rstrip(".")) * scale
    if number > LARGEST or (found[1] == "-" and number):
        return None
    return number


def rounded_up(number: Fraction, per_unit: int = 1) -> int:
    """The least whole number of parts that is enough, of which ``per_unit`` make one: as kube-scheduler counts."""
    scaled = number * per_unit
    return -(-scaled.numerator // scaled.denominator)
