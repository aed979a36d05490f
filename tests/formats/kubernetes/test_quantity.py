"""Quantities (Kubernetes API, Quantity; documentation, Resource Management for Pods and Containers)."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from solver.formats.kubernetes.quantity import LARGEST, parse_quantity, rounded_up

EXACT = {
    # Documentation, Resource Management: "the following represent roughly the same value".
    "128974848": 128974848,
    "129e6": 129_000_000,
    "129M": 129_000_000,
    "128974848000m": 128974848,
    "123Mi": 128974848,
    "100m": Fraction(1, 10),
    "0.1": Fraction(1, 10),
    "1Gi": 2**30,
    "1.5Gi": 3 * 2**29,
    "1e3": 1000,
    "1E3": 1000,
    "1E": 10**18,
    "12e-1": Fraction(6, 5),
    "7Ei": 7 * 2**60,
    "5.": 5,
    ".5": Fraction(1, 2),
    "+3": 3,
    "0": 0,
    "-0": 0,
    "1n": Fraction(1, 10**9),
    "250u": Fraction(1, 4000),
    "2k": 2000,
    "9223372036854775807": LARGEST,
}


@pytest.mark.parametrize("text", EXACT)
def test_a_quantity_is_exact(text: str) -> None:
    """No digit is lost, whatever the suffix."""
    assert parse_quantity(text) == EXACT[text]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "m",
            "Gi",
            "1 Gi",
            "1gi",
            "1GI",
            "1K",
            "1ki",
            "1Kib",
            "1e",
            "e3",
            "1e1.5",
            "--1",
            "1-",
            "0x10",
            "1_000",
        ),
        *(
            "-1",
            "-100m",
            "9223372036854775808",
            "8Ei",
            "1e19",
            "1e9999",
            "1e-9999",
            "1" * 41,
            "NaN",
            "Infinity",
            "١",
            "1,5",
        ),
        *("1m1", "1.2.3", "1Mi\n", "\t1"),
    ],
)
def test_nonsense_is_none(text: str) -> None:
    """Neither negative, nor beyond 2^63 - 1, nor in another form."""
    assert parse_quantity(text) is None


def test_a_quantity_is_what_its_parts_say() -> None:
    """Number times scale, for numbers and suffixes at random (seed 11)."""
    r = random.Random(11)
    scales = {
        "m": Fraction(1, 1000),
        "": Fraction(1),
        "k": Fraction(1000),
        "Ki": Fraction(1024),
        "Mi": Fraction(1024**2),
    }
    for _ in range(500):
        whole, part = r.randint(0, 10**6), r.randint(0, 999)
        suffix, scale = r.choice(list(scales.items()))
        assert parse_quantity(f"{whole}.{part:03d}{suffix}") == (whole + Fraction(part, 1000)) * scale


def test_amounts_are_rounded_up_as_the_scheduler_rounds() -> None:
    """0.1m of a CPU counts as 1m (Kubernetes API, Quantity: "rounded up")."""
    tenth = parse_quantity("0.1m")
    assert tenth is not None
    assert (rounded_up(tenth, 1000), rounded_up(Fraction(2), 1000), rounded_up(Fraction(3, 2))) == (1, 2000, 2)
