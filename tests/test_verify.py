"""The checker stands alone (§6.4)."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from solver import api
from solver.domain.counts import Counts
from solver.errors import InvalidRequest
from solver.rules.bind import bind
from solver.verify import broken, check
from tests.builders import cluster, group, problem

ALONE = """
import sys
import numpy as np
import solver
from solver.engines import sequential
from solver.rules.bind import bind
from solver.verify import check

cluster = solver.ClusterSnapshot(
    ("i1",), ("cpu",), np.array([[4]]), np.array([[4]]), np.array([True]), np.array([True])
)
asked = solver.Problem(cluster, (solver.TaskGroup("a", "a", {"cpu": 3}, start=2),), solver.Counts.empty(1, 1))
plan = sequential.place(bind(asked), 0)
assert plan.totals().tolist() == [1] and not check(asked, plan) and not solver.check(asked, plan)
assert check(asked, solver.Counts.dense(np.array([[2]])))
print(sorted({"ortools", "grpc", "pandas", "matplotlib"} & set(sys.modules)))
"""


def test_checking_and_the_sequential_plan_need_no_solver() -> None:
    """A fresh interpreter checks a plan, and makes the first one, without ortools being loaded."""
    answer = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert (answer.stdout, answer.stderr) == ("[]\n", "")


def test_what_was_broken_before_is_listed_but_refuses_nothing() -> None:
    """§8: the broken part may stay; the answer lists it; making it worse is a violation."""
    rows = [{"cpu": 9, "free": {"cpu": 6}}, {"cpu": 9}]
    asked = problem(cluster(rows), [group("A", 1, rules=["distinctInstance"], cpu=1)], {"A": [3, 0]})
    stays, worse = Counts.dense(np.array([[3, 1]])), Counts.dense(np.array([[4, 0]]))
    rules = bind(asked)
    assert check(asked, stays, rules) == ()
    assert [(v.rule, v.place, v.after, v.allowed) for v in broken(asked, stays, rules)] == [
        ("distinctInstance", "i1", 3, 1)
    ]
    assert [(v.rule, v.place, v.after, v.allowed) for v in check(asked, worse, rules)] == [
        ("distinctInstance", "i1", 4, 3)
    ]


def test_a_plan_may_come_in_any_order_and_names_what_is_there() -> None:
    """Whoever made it: cells that are not sorted are the same plan, one of no group or instance is refused."""
    rows = [{"cpu": 9, "disk": "ssd"}, {"cpu": 9, "disk": "hdd"}]
    asked = problem(
        cluster(rows), [group("a", 1, cpu=1), group("b", 1, cpu=1, rules=["memberOf(attribute:disk == ssd)"])]
    )
    shape, ones = (2, 2), np.ones(2, np.int64)
    plan = Counts(*shape, np.array([1, 0]), np.array([1, 0]), ones)
    assert [found.group for found in api.check(asked, plan)] == ["b"]
    assert not api.check(asked, Counts(*shape, np.array([1, 0]), np.array([0, 0]), ones))
    for cells, path in ((np.array([0, -1]), "tasks.group[1]"), (np.array([5, 0]), "tasks.group[0]")):
        with pytest.raises(InvalidRequest) as refused:
            api.check(asked, Counts(*shape, cells, np.array([0, 0]), ones))
        assert [fault.path for fault in refused.value.faults] == [path]
