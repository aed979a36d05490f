"""Operations on a cluster from tables, and the columns that say what may change."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from solver.errors import InvalidRequest
from solver.formats.table_cluster import TableCluster
from solver.formats.tables import problem_from_frames

INSTANCES = pd.DataFrame({"id": ["a", "b"], "cpu": [8, 8], "memory": [8, 8]})
GROUPS = pd.DataFrame(
    {
        "name": ["web@2", "web@1", "batch"],
        "family": ["web", "web", ""],
        "cpu": [1, 1, 1],
        "memory": [1, 1, 1],
        "scheduling": ["REPLICA", "REPLICA", ""],
        "start": ["2", "", ""],
        "stop": ["", "1", ""],
        "movable": ["", "", "true"],
        "move_cost": ["3", "", ""],
        "max_moves": ["", "0", ""],
        "minimum_healthy_percent": ["0", "100", ""],
        "maximum_percent": ["", "150", ""],
    }
)
RUNNING = pd.DataFrame({"group": ["web@1", "web@1", "batch"], "instance": ["a", "b", "a"], "count": [2, 1, 2]})


@pytest.fixture
def cluster() -> TableCluster:
    return TableCluster(problem_from_frames(INSTANCES, GROUPS, RUNNING))


def test_columns_of_what_may_change(cluster: TableCluster) -> None:
    """An empty cell is the default; zero is no empty cell."""
    names = ("stop", "movable", "move_cost", "max_moves", "minimum_healthy_percent", "maximum_percent")
    assert [tuple(getattr(group, name) for name in names) for group in cluster.problem.groups] == [
        (0, False, 3, None, 0, None),
        (1, False, 1, 0, 100, 150),
        (0, True, 1, None, None, None),
    ]


def test_the_first_group_of_a_family_is_the_newest(cluster: TableCluster) -> None:
    """It starts what is missing; the last one stops first; the table's own wishes are the desired count alone."""
    problem, _ = cluster.reconcile()
    assert [(g.start, g.stop, g.movable) for g in problem.groups] == [(1, 0, False), (0, 0, True), (0, 0, False)]
    problem, _ = cluster.terminate({"web": 2})
    assert [(g.start, g.stop, g.movable) for g in problem.groups] == [(0, 0, False), (0, 2, False), (0, 0, False)]


def test_drain_and_rebalance(cluster: TableCluster) -> None:
    """As on a cluster from documents."""
    problem, _ = cluster.drain(["a"])
    assert problem.operation.leaving.totals().tolist() == [0, 2, 0]
    problem, _ = cluster.rebalance(3, groups=["batch"])
    assert [group.movable for group in problem.groups] == [False, False, True]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("minimum_healthy_percent", "101", "groups[0].minimum_healthy_percent: is 101; must be 0 to 100"),
        ("maximum_percent", "99", "groups[0].maximum_percent: is 99; must be 100 to 1,000"),
        ("stop", "1", "groups[0].stop: is 1, and start is 2; start or stop, not both"),
        ("movable", "perhaps", "groups[0].movable: is 'perhaps'; "),
    ],
)
def test_cells_that_cannot_be(column: str, value: Any, said: str) -> None:
    """Each is refused with its row and column."""
    groups = GROUPS.assign(**{column: [value, "", ""]})
    with pytest.raises(InvalidRequest) as caught:
        problem_from_frames(INSTANCES, groups, RUNNING)
    assert str(caught.value.faults[0]).startswith(said)


def test_a_frozen_group_that_might_stop_is_refused(cluster: TableCluster) -> None:
    """Tables do not name tasks, so nothing could keep a frozen group's on a drained instance."""
    with pytest.raises(InvalidRequest) as caught:
        cluster.drain(["a"], frozen=["web"])
    assert str(caught.value) == (
        "web@1: is frozen, and 2 of its tasks may have to stop, which are not known by name; "
        "drop it, or freeze their instances"
    )
    with pytest.raises(InvalidRequest, match="weeb: is not a group of the cluster; did you mean 'web'"):
        cluster.terminate({"weeb": 1})
