"""The worked examples of ECS's documents that concern stopping, draining and moving, and what every change promises.

Each docstring gives the example's number and its sentence, or the paragraph of the semantics.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.api import place
from solver.domain.problem import Problem
from solver.domain.request import Engine, Freedom, Limits, RunningTask, Scheduling, TaskGroup
from tests.builders import ZONE_FIELD, cluster, group, problem, random_change
from tests.test_ecs_examples import SPREAD_ZONE, answer, both, service


def left(asked: Problem, engine: Engine, seed: int = 0) -> list[int]:
    """The tasks of the first group on each instance after the change."""
    return answer(asked, engine, seed).tasks.to_dense()[0].tolist()


def running(one: TaskGroup, zones: str, counts: list[int], **fields: object) -> Problem:
    """A service that runs on instances in these zones, with nothing else there."""
    return problem(cluster([{"zone": zone} for zone in zones]), [one], {one.name: counts}, **fields)


class TestTermination:
    """Which task goes when fewer are wanted."""

    @both
    def test_36(self, engine: Engine) -> None:
        """No strategy: in the zone with the most tasks of the service, on the instance with the most of them."""
        asked = running(replace(service("web", 0, []), stop=1), "abbcc", [1, 2, 1, 2, 1])
        assert left(asked, engine) in ([1, 1, 1, 2, 1], [1, 2, 1, 1, 1])

    @both
    def test_37(self, engine: Engine) -> None:
        """``spread`` over zones, three and two: the task that leaves the best spread is in the first, whichever."""
        asked = running(replace(service("web", 0, [SPREAD_ZONE]), stop=1), "aab", [2, 1, 2])
        assert left(asked, engine) in ([1, 1, 2], [2, 0, 2])

    @both
    def test_38(self, engine: Engine) -> None:
        """``binpack``: the instance with the most left after the stop loses the task."""
        rows = [{"memory": 800, "free": {"memory": 500}}, {"memory": 2300, "free": {"memory": 2000}}]
        one = replace(group("web", chain=["binpack(memory)"], memory=300), stop=1)
        assert left(problem(cluster(rows), [one], {"web": [1, 1]}), engine) == [1, 0]

    @both
    def test_a_protected_task_never_stops(self, engine: Engine) -> None:
        """Scale-in protection: the other instance loses its task although the strategy would rather keep it."""
        tasks = (
            RunningTask("t1", 0, 0, protected=True),
            RunningTask("t2", 0, 0, protected=True),
            RunningTask("t3", 0, 1),
        )
        asked = running(replace(service("web", 0, [SPREAD_ZONE]), stop=2), "ab", [2, 1], tasks=tasks)
        found = answer(asked, engine)
        assert found.tasks.to_dense().tolist() == [[2, 0]]
        assert asked.operation.asked.tolist() == [1]

    @both
    def test_a_stop_is_never_refused_by_a_constraint(self, engine: Engine) -> None:
        """§3.1: protection leaves more skew than ``maxSkew`` allows, and the task stops all the same."""
        tasks = tuple(RunningTask(f"t{i}{k}", 0, i, protected=i > 0) for i in range(3) for k in range(2))
        one = replace(service("web", 0, [SPREAD_ZONE], rules=[f"maxSkew({ZONE_FIELD}, 1)"]), stop=2)
        assert left(running(one, "abc", [2, 2, 2], tasks=tasks), engine) == [0, 2, 2]

    def test_several_stops_leave_the_best_spread_and_then_the_fewest_instances(self) -> None:
        """Jointly: six of twelve go, the zones end even, and one instance a zone is emptied."""
        one = replace(service("web", 0, [SPREAD_ZONE, "binpack(cpu)"], cpu=1), stop=6)
        counts = left(running(one, "aabbcc", [2, 2, 2, 2, 2, 2]), Engine.AUTO)
        assert [sum(counts[k : k + 2]) for k in (0, 2, 4)] == [2, 2, 2]
        assert sum(count > 0 for count in counts) == 3


class TestDraining:
    """What leaves an instance, and where it goes."""

    @both
    def test_four_instances_in_three_zones_end_even(self, engine: Engine) -> None:
        """One of two instances of a zone is drained: 6, 6 and 6, not 8, 5 and 5."""
        asked = running(
            service("web", 0, [SPREAD_ZONE]), "aabc", [3, 3, 6, 6], drained=np.array([0, 1, 0, 0], np.bool_)
        )
        assert left(asked, engine) == [6, 0, 6, 6]

    @both
    def test_40(self, engine: Engine) -> None:
        """A standalone task stays on an instance that is drained; a service's task does not."""
        groups = [service("web", 0, [SPREAD_ZONE]), group("batch", scheduling=Scheduling.STANDALONE)]
        asked = problem(
            cluster([{"zone": "a"}, {"zone": "b"}]),
            groups,
            {"web": [2, 0], "batch": [1, 0]},
            drained=np.array([True, False]),
        )
        assert answer(asked, engine).tasks.to_dense().tolist() == [[0, 2], [1, 0]]

    def test_what_finds_no_place_is_missing_and_has_a_reason(self) -> None:
        """§5.1: a task that left and is nowhere counts as not placed."""
        asked = running(
            service("web", 0, [SPREAD_ZONE], rules=["distinctInstance"]), "ab", [1, 1], drained=np.array([True, False])
        )
        found = place(asked, Limits(time_limit=5, workers=1))
        assert found.tiers[0].value == 1
        assert [(one.group, one.wanted, one.placed) for one in found.shortfalls] == [("web", 1, 0)]
        assert "distinctInstance" in str(found.shortfalls[0].conflict)

    def test_the_cheapest_instances_are_emptied(self) -> None:
        """Two of four: not the one with three tasks, and not the one whose single task stands alone."""
        web = replace(service("web", 0, ["random"], cpu=1), movable=True)
        rows = [{"cpu": 6, "free": {"cpu": 6 - n}} for n in (3, 1, 2, 1)]
        runs = {"web": [3, 1, 2, 0], "batch": [0, 0, 0, 1]}
        groups = [web, group("batch", scheduling=Scheduling.STANDALONE, cpu=1)]
        asked = problem(cluster(rows), groups, runs, freedom=Freedom(empty=2))
        found = answer(asked, Engine.AUTO)
        after = found.tasks.to_dense()[0]
        assert (after[[1, 2]].tolist(), int(after[[0, 3]].sum())) == ([0, 0], 6)
        assert [(tier.name, tier.value, tier.proven) for tier in found.tiers] == [
            ("empty", 0, True),
            ("moved", 3, True),
        ]

    def test_no_more_instances_are_emptied_than_can_be(self) -> None:
        """What is short of the number is the first tier's value, proved."""
        asked = running(replace(service("web", 0, ["random"]), movable=True), "ab", [1, 1], freedom=Freedom(empty=2))
        found = answer(asked, Engine.AUTO)
        assert [(tier.name, tier.value, tier.proven) for tier in found.tiers][0] == ("empty", 1, True)


class TestRebalancing:
    """Moves, within a budget."""

    def web(self, counts: list[int], moves: int | None) -> Problem:
        """A service that spreads over three zones and may move."""
        one = replace(service("web", 0, [SPREAD_ZONE]), movable=True)
        return running(one, "abc", counts, freedom=Freedom(max_moves=moves))

    def test_47(self) -> None:
        """4, 1 and 1 with rebalancing on end 2, 2 and 2."""
        assert left(self.web([4, 1, 1], None), Engine.AUTO) == [2, 2, 2]

    def test_broken_rules_are_repaired_before_any_strategy_is_served(self) -> None:
        """§8: two tasks on one instance against ``distinctInstance``; one moves, although the zones were even before."""
        one = replace(service("web", 0, [SPREAD_ZONE], rules=["distinctInstance"]), movable=True)
        asked = running(one, "aabc", [2, 0, 1, 1], freedom=Freedom(max_moves=3, repair=True))
        found = answer(asked, Engine.AUTO)
        assert found.tasks.to_dense().tolist() == [[1, 1, 1, 1]]
        assert (found.tiers[0].name, found.tiers[0].value, found.tiers[0].sequential) == ("broken", 0, 1)
        assert (len(found.broken_before), len(found.broken_after)) == (1, 0)

    def test_the_sequential_scheduler_changes_nothing(self) -> None:
        """§6.5: a rebalance is compared with leaving things as they are."""
        assert left(self.web([4, 1, 1], None), Engine.SEQUENTIAL) == [4, 1, 1]

    def test_more_moves_are_never_worse_and_none_change_nothing(self) -> None:
        """The curve of unevenness over the budget falls, from what is there to what can be."""
        curve = [place(self.web([7, 2, 0], moves), Limits(workers=1)).tiers[-2].value for moves in range(5)]
        assert curve == [53, 41, 33, 29, 27]


def moving_only(seed: int, freedom: Freedom) -> Problem:
    """A random problem in which nothing is asked for but moves."""
    drawn = random_change(seed)
    groups = tuple(
        replace(one, start=0, stop=0, movable=one.scheduling is not Scheduling.DAEMON, max_moves=None)
        for one in drawn.groups
    )
    nothing_drained = np.zeros(drawn.cluster.size, np.bool_)
    return replace(drawn, groups=groups, drained=nothing_drained, all_or_nothing=False, freedom=freedom)


@pytest.mark.parametrize("shard", range(4))
def test_a_rebalance_is_never_worse_than_it_began_and_more_budget_is_never_worse(shard: int) -> None:
    """§6.5, tiers 1 to 5: moves are its price. With a budget of zero nothing changes."""
    moved = 0
    for seed in range(shard, 120, 4):
        before: tuple[int, ...] | None = None
        for budget in (0, 1, 2, None):
            asked = moving_only(seed, Freedom(max_moves=budget))
            found = place(asked, Limits(time_limit=10, workers=1), explain=False)
            values = tuple(tier.value for tier in found.tiers if tier.name != "moved")
            assert values <= tuple(tier.sequential for tier in found.tiers if tier.name != "moved"), f"seed {seed}"
            assert budget != 0 or found.tasks.same_as(asked.running), f"seed {seed}"
            assert before is None or values <= before, f"seed {seed}, budget {budget}"
            before = values
            moved += not found.tasks.same_as(asked.running)
    assert moved
