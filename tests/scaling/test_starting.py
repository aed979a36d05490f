"""Tasks that run and do not carry demand yet."""

from __future__ import annotations

import random

import pytest

from solver.scaling.ecs import EcsRules
from solver.scaling.ours import OurRules
from solver.scaling.rules import Rules
from solver.scaling.setting import ServiceSetting, Setting
from solver.scaling.simulator import simulate
from solver.scaling.starting import Starting
from tests.scaling.clusters import fleet_of, setting


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("start_up", [0, 30, 60, 90, 300])
def test_it_counts_what_a_list_of_tasks_says(seed: int, start_up: int) -> None:
    """Each task with the second from which it carries demand; the youngest stop first."""
    draw = random.Random(seed)
    tasks = [0] * draw.randint(0, 9)
    starting = Starting(len(tasks))
    for minute in range(80):
        wanted = max(len(tasks) + draw.choice((-4, -1, 0, 0, 1, 3)), 0)
        tasks = tasks[:wanted] + [60 * minute + start_up] * (wanted - len(tasks))
        expected = sum(ready > 60 * minute for ready in tasks)
        assert starting.after(wanted, 60 * minute, start_up) == expected


def with_start_up(study: Setting, seconds: int) -> Setting:
    def slow(service: ServiceSetting) -> ServiceSetting:
        return ServiceSetting(**{**vars(service), "start_up": seconds})

    return Setting(**{**vars(study), "services": tuple(map(slow, study.services))})


@pytest.mark.parametrize("kind", [EcsRules, OurRules])
def test_what_starts_up_carries_no_demand(kind: type[Rules]) -> None:
    """The same tasks run in the same minutes, and more of the demand is not carried, the longer they start up."""
    study = setting({"web": [150] * 3 + [900] * 12})
    cluster = fleet_of({"web": [1, 1, 1]}, 3)
    runs = [simulate(cluster, with_start_up(study, seconds), kind) for seconds in (0, 60, 180)]
    assert [run.ran for run in runs] == [runs[0].ran] * 3 and len({run.unplaced for run in runs}) == 1
    assert runs[0].short < runs[1].short < runs[2].short
    # Nine tasks carry the demand: those of a minute are short one minute more for each minute that they start up.
    rows = [{row.minute: row for row in run.services} for run in runs]
    for minute, row in rows[1].items():
        ran_before = min(rows[0][minute - 1].running, row.running) if minute else 3
        assert row.short == max(-int(-row.demand // 100) - ran_before, 0)
