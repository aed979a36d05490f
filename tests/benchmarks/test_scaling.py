"""Random demand of the benchmark of scaling: what it is, and that its rows add up."""

from __future__ import annotations

from fractions import Fraction

import pytest

from benchmarks.scaling import EXAMPLE, HIGHEST, daily, jumps, row, simulated, with_curve
from solver.formats.table_cluster import TableCluster
from solver.formats.tables import read_tables
from solver.scaling.reading import read_setting


@pytest.mark.parametrize("drawn", [daily, jumps])
def test_demand_is_the_same_for_the_same_seed_and_within_what_can_be_carried(drawn: object) -> None:
    """Each seed and service has its own; noise may go a fifth beyond the highest."""
    assert callable(drawn)
    curves = [drawn(name, seed, 300) for name in HIGHEST for seed in range(4)]
    assert len(set(curves)) == len(curves) and all(len(curve) == 300 for curve in curves)
    assert curves == [drawn(name, seed, 300) for name in HIGHEST for seed in range(4)]
    for curve, most in zip(curves, (most for most in HIGHEST.values() for _ in range(4)), strict=True):
        assert min(curve) >= 0 and max(curve) <= Fraction(6, 5) * most


def test_jumps_stay_level_between() -> None:
    """Ten minutes at least, but for the end."""
    for seed in range(8):
        curve = jumps("web", seed, 400)
        changes = [at for at in range(1, 400) if curve[at] != curve[at - 1]]
        assert changes and all(b - a >= 10 for a, b in zip([0, *changes], changes, strict=False))


def test_a_row_has_the_sums_of_its_runs() -> None:
    """Task-minutes wanted, then cost and the others for each set of rules."""
    cluster = TableCluster(read_tables(EXAMPLE))
    setting = read_setting(EXAMPLE / "scaling.yaml", cluster)
    runs = [simulated(cluster, with_curve(setting, seed, 3), 80) for seed in range(2)]
    cells = [cell.strip() for cell in row("all", runs).strip("|").split("|")]
    assert cells[:2] == ["all", f"{sum(one[0].wanted for one in runs):,}"] and len(cells) == 2 + 4 * 4
    assert cells[6:10] == [f"{sum(one[k].unplaced for one in runs):,}" for k in range(4)]
    assert cells[3] == f"{float(sum(one[1].cost for one in runs)):,.2f}"
