"""A grid is the product of its axes; a sample of it is uniform, without replacement, and as fast however large the grid is."""

from __future__ import annotations

from collections import Counter
from math import comb

import pytest

from solver.whatif.edits import LoseZone, Scale
from solver.whatif.grid import MOST_SCENARIOS, Axis, Choice, Grid, drawn

ZONES = Axis("lost", (Choice("none"), Choice("a", (LoseZone("a"),)), Choice("b", (LoseZone("b"),))))
GROWTH = Axis("growth", tuple(Choice(str(n), (Scale(n),)) for n in (1, 2)))
HUGE = tuple(Axis(f"x{k}", tuple(Choice(str(n)) for n in range(1_000))) for k in range(3))


def test_a_grid_is_every_combination_in_order() -> None:
    """Three choices times two are six scenarios, the last axis fastest, edits in the order of the axes."""
    scenarios = Grid((ZONES, GROWTH)).scenarios()
    assert [scenario.name for scenario in scenarios] == [
        f"lost={zone} growth={n}" for zone in ("none", "a", "b") for n in (1, 2)
    ]
    assert scenarios[3].edits == (LoseZone("a"), Scale(2))


def test_a_sample_of_a_thousand_million_has_distinct_members_of_the_grid() -> None:
    """A hundred of 10^9: in order, none twice, each one of the grid; another seed draws others, the same seed the same."""
    grid = Grid(HUGE, sample=100, seed=7)
    assert grid.size == 10**9 and not list(grid.faults())
    names = [scenario.name for scenario in grid.scenarios()]
    assert len(names) == len(set(names)) == 100
    assert names == [scenario.name for scenario in Grid(HUGE, sample=100, seed=7).scenarios()]
    assert names != [scenario.name for scenario in Grid(HUGE, sample=100, seed=8).scenarios()]
    numbers = drawn(10**9, 100, 7)
    assert numbers == sorted(set(numbers)) and numbers[0] >= 0 and numbers[-1] < 10**9


def test_a_sample_may_be_of_any_size_of_grid() -> None:
    """Beyond 2^64, too; and all of a small one."""
    assert len(set(drawn(10**40, 50, 1))) == 50
    assert drawn(5, 5, 3) == [0, 1, 2, 3, 4]


def test_every_sample_is_as_likely_as_any_other() -> None:
    """Of 6 things 3: each of the 20 sets is drawn about as often (chi-square below the 0.999 quantile of 19 degrees)."""
    draws = 20_000
    found = Counter(tuple(drawn(6, 3, seed)) for seed in range(draws))
    expected = draws / comb(6, 3)
    assert len(found) == comb(6, 3)
    assert sum((count - expected) ** 2 / expected for count in found.values()) < 43.8


@pytest.mark.parametrize(
    ("grid", "fault"),
    [
        (Grid(()), "axes: is empty; name an axis, with choices"),
        (
            Grid((Axis("lost", ()),)),
            "axes.lost: has no choice, so that the grid is empty; give it some, or leave the axis out",
        ),
        (
            Grid(HUGE),
            f": has 1,000,000,000 scenarios; write sample: N for some of them, or have at most {MOST_SCENARIOS:,}",
        ),
        (Grid(HUGE, sample=0), f"sample: is 0; must be 1 to {MOST_SCENARIOS:,}"),
        (Grid(HUGE, sample=10**6), f"sample: is 1,000,000; must be 1 to {MOST_SCENARIOS:,}"),
        (Grid((ZONES,), sample=4), "sample: is 4 of 3 scenarios; leave it out to have all of them"),
        (
            Grid((Axis("lost", (Choice("a"), Choice("a"))),)),
            "axes.lost[1]: 'a' stands twice; give each choice its own name",
        ),
    ],
)
def test_a_grid_that_makes_no_sense_says_why(grid: Grid, fault: str) -> None:
    """Empty, too large, or sampled beyond what there is."""
    assert [str(one) for one in grid.faults()] == [fault]
