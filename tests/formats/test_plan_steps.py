"""The waves of a plan in CSV: written, read, and as actions for the simulator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from solver.domain.request import RunningTask
from solver.domain.steps import Action, Steps
from solver.errors import InvalidRequest
from solver.formats.plan import actions_from_plan, plan_to_csv, rows_of_plan
from tests.builders import cluster, group, problem
from tests.service.problems import answer_to

HEADER = "action,group,task,instance,from_instance,step"
TASKS = (RunningTask("a/t1", 0, 0, protected=True), RunningTask("a/t2", 0, 0), RunningTask("a/t3", 0, 0, healthy=False))
ASKED = problem(cluster([{}, {}, {}]), [group("web")], {"web": [3, 0, 0]}, tasks=TASKS)
I1, I2, _ = ASKED.cluster.instance_ids
SPLIT = Action("move", "web", "a/t2", I2, I1, 3, start_step=1, stop_step=3)
STOP = Action("stop", "web", "a/t3", I1, "", 2)


def written(*actions: Action) -> str:
    """The plan with these actions as CSV."""
    return plan_to_csv(replace(answer_to(ASKED), steps=Steps(actions, 3)))


def test_a_move_in_two_waves_has_both() -> None:
    """Two more columns, which only such a plan has; what is read is what was written."""
    text = written(SPLIT, STOP)
    assert text.splitlines() == [
        f"{HEADER},start_step,stop_step",
        f"move,web,a/t2,{I2},{I1},3,1,3",
        f"stop,web,a/t3,{I1},,2,,",
    ]
    assert actions_from_plan(ASKED, rows_of_plan(text)) == (SPLIT, STOP)
    assert written(STOP).splitlines()[0] == HEADER


def test_a_move_in_one_wave_starts_and_stops_there() -> None:
    """Where the columns are left out or empty, the step stands for both."""
    (action,) = actions_from_plan(ASKED, rows_of_plan(f"{HEADER}\nmove,web,t2,{I2},{I1},4\n"))
    assert (action.task, action.starts_in, action.stops_in, action.step) == ("a/t2", 4, 4, 4)


def test_a_task_without_a_name_is_chosen() -> None:
    """§9.1: the unhealthy first, a protected one last, none twice, and none that another row names."""
    rows = f"{HEADER}\nstop,web,,{I1},,1\nstop,web,t2,{I1},,1\nstop,web,,{I1},,2\n"
    assert [action.task for action in actions_from_plan(ASKED, rows_of_plan(rows))] == ["a/t3", "a/t2", "a/t1"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"stop,web,,{I1},,,,", "line 2: has no step; write the wave in which it is complete, from 1"),
        (f"move,web,,{I2},{I1},2,0,2", "line 2: start_step is '0'; must be a whole number from 1, or empty"),
        (f"move,web,,{I2},{I1},2,1,x", "line 2: stop_step is 'x'; must be a whole number from 1, or empty"),
    ],
)
def test_waves_that_cannot_be(row: str, said: str) -> None:
    """Each with its line."""
    with pytest.raises(InvalidRequest) as caught:
        actions_from_plan(ASKED, rows_of_plan(f"{HEADER},start_step,stop_step\n{row}\n"))
    assert str(caught.value) == said
