"""Plans as CSV, written and read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import RunningTask
from solver.errors import InvalidRequest
from solver.formats.plan import COLUMNS, counts_from_plan, plan_to_csv, rows_of_plan, starts_of_plan
from tests.report.answers import answer

HEADER = ",".join(COLUMNS) + "\n"


@pytest.fixture
def problem() -> Problem:
    """Two groups on six instances; of the first, two tasks run on instance 0 and one on instance 1, by name."""
    bare = answer(6, 2, 1).problem
    running = np.zeros((2, 6), np.int64)
    running[0, 0], running[0, 1] = 2, 1
    tasks = (RunningTask("arn:task/t1", 0, 0), RunningTask("arn:task/t2", 0, 0), RunningTask("arn:task/t3", 0, 1))
    return replace(bare, running=Counts.dense(running), tasks=tasks)


def test_a_plan_read_back_is_the_answer() -> None:
    """The counts of a written plan are the counts of the answer that wrote it."""
    found = answer(60, 3, 8)
    text = plan_to_csv(found)
    assert text.startswith(HEADER)
    assert text.count("\n") == 1 + 24
    assert counts_from_plan(found.problem, text).same_as(found.tasks)


def test_instances_by_every_name(problem: Problem) -> None:
    """An instance is named by its ARN, the ARN's last part or its EC2 id."""
    whole = problem.cluster.instance_ids[2]
    for name in (whole, whole.rsplit("/", 1)[-1], problem.cluster.label(2)):
        counts = counts_from_plan(problem, f"{HEADER}start,service:api,,{name},,1\n")
        assert counts.row(1).tolist() == [0, 0, 1, 0, 0, 0]


def test_starts_stops_and_moves(problem: Problem) -> None:
    """A start adds, a stop takes away, a move does both."""
    i = problem.cluster.label
    plan = f"{HEADER}start,service:web,,{i(3)},,1\nstop,service:web,t1,{i(0)},,1\nmove,service:web,t3,{i(4)},{i(1)},2\n"
    assert counts_from_plan(problem, plan).row(0).tolist() == [1, 0, 0, 1, 1, 0]
    assert starts_of_plan(rows_of_plan(plan)) == {"service:web": 1}


def test_columns_in_any_order_and_only_the_needed_ones(problem: Problem) -> None:
    """Columns may stand in any order; task, from_instance and step may be left out."""
    plan = f"instance, group ,ACTION\n{problem.cluster.label(5)},service:api,start\n\n"
    assert counts_from_plan(problem, plan).row(1).tolist() == [0, 0, 0, 0, 0, 1]


FAULTY = [
    ("", "line 1: the plan is empty; must begin with the header"),
    ("action,group\nstart,service:web\n", "line 1: has no column 'instance'; the header is"),
    ("action,group,instance,node\n", "line 1: has the column 'node'; the header is"),
    ("action,group,instance,group\n", "line 1: has the column 'group' twice; name each column once"),
    (HEADER + "start,service:web\n", "line 2: has 2 cells; the header has 6"),
    (HEADER + 'start,"service:web,,a,,1\n', "is not CSV"),
    (HEADER + "begin,service:web,,I2,,1\n", "line 2: action is 'begin'; must be one of start, stop, move"),
    (HEADER + "start,service:wep,,I2,,1\n", "line 2: there is no group 'service:wep'; did you mean 'service:web'?"),
    (HEADER + "start,service:web,,i-none,,1\n", "line 2: instance 'i-none' is not in the cluster; must be an EC2 id"),
    (HEADER + "move,service:web,,I2,i-none,1\n", "line 2: from_instance 'i-none' is not in the cluster"),
    (HEADER + "move,service:web,,I2,,1\n", "line 2: the move has no from_instance; name the instance"),
    (HEADER + "move,service:web,,I0,I0,1\n", "line 2: the move stays on its instance"),
    (HEADER + "start,service:web,,I2,I0,1\n", "line 2: the start has a from_instance; must be empty"),
    (HEADER + "start,service:web,t1,I2,,1\n", "line 2: the start names the task 't1'; must be empty"),
    (HEADER + "start,service:web,,I2,,0\n", "line 2: step is '0'; must be a whole number from 1, or empty"),
    (HEADER + "start,service:web,,I2,,first\n", "line 2: step is 'first'"),
    (HEADER + "stop,service:web,,I2,,1\n", "line 2: 1 tasks of service:web leave LABEL2, where 0 run"),
    (HEADER + "stop,service:web,t3,I0,,1\n", "line 2: 't3' is no task of service:web on LABEL0"),
    (HEADER + "stop,service:web,t1,I0,,1\nstop,service:web,t1,I0,,1\n", "line 3: the task 't1' is already on line 2"),
]


@pytest.mark.parametrize(("plan", "message"), FAULTY, ids=[message[:50] for _, message in FAULTY])
def test_faulty_plan(plan: str, message: str, problem: Problem) -> None:
    """A fault names its line, what is wrong and what would be right."""
    for i in range(6):
        plan = plan.replace(f"I{i}", problem.cluster.instance_ids[i])
        message = message.replace(f"LABEL{i}", problem.cluster.label(i))
    with pytest.raises(InvalidRequest) as invalid:
        counts_from_plan(problem, plan)
    assert message in str(invalid.value)


def test_every_fault_with_its_line(problem: Problem) -> None:
    """All faulty lines are told at once."""
    plan = f"{HEADER}start,nobody,,i-none,,1\nstart,service:web,,{problem.cluster.label(0)},,1\nstart,none,,i-nix,,1\n"
    with pytest.raises(InvalidRequest) as invalid:
        counts_from_plan(problem, plan)
    assert [fault.path for fault in invalid.value.faults] == ["line 2", "line 2", "line 4", "line 4"]
