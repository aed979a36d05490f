"""What ``isolateRoles`` comes to, as an answer tells it."""

from __future__ import annotations

import numpy as np
import pytest

from solver import api
from solver.domain.counts import Counts
from solver.domain.explanation import RolesTogether, RoleUse
from solver.domain.problem import Problem
from solver.domain.request import Engine, Limits
from solver.rules.isolation import MOST_PAIRED, isolation
from tests.builders import cluster, group, problem, random_change, random_problem

LIMITS = Limits(time_limit=5, workers=1)


def three_roles() -> Problem:
    """Three instances; roles r1 and r2 share the first one."""
    groups = [
        group("A", cpu=1, role="r1"),
        group("B", cpu=1, role="r2"),
        group("C", cpu=1, role="r3"),
        group("D", cpu=1),
    ]
    running = {"A": [2, 0, 1], "B": [1, 1, 0], "D": [1, 1, 1]}
    return problem(cluster([{}, {}, {}]), groups, running, rules=["isolateRoles(r1, r2, r9)"])


def test_each_role_has_its_tasks_and_instances_before_and_after() -> None:
    """Roles of the rule alone; one that no group has is told as unknown."""
    asked = three_roles()
    after = asked.running.to_dense()
    after[0], after[1] = [3, 0, 0], [0, 2, 0]
    (found,) = isolation(asked, Counts.dense(after))
    assert found.rule == "isolateRoles(r1, r2, r9)"
    assert found.roles == (
        RoleUse("r1", 2, 1, 3, 3, True),
        RoleUse("r2", 2, 1, 2, 2, True),
        RoleUse("r9", 0, 0, 0, 0, False),
    )
    assert found.together == (RolesTogether("r1", "r2", 1, 0),)
    assert (found.shared_before, found.shared_after) == (1, 0)


def test_a_rule_that_holds_everywhere_has_no_pairs() -> None:
    """And a request without the rule tells nothing."""
    asked = three_roles()
    apart = Counts.dense(np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [9, 9, 9]]))
    (found,) = isolation(problem(asked.cluster, asked.groups, {"A": [1, 0, 0]}, rules=["isolateRoles(r1,r2)"]), apart)
    assert found.together == () and (found.shared_before, found.shared_after) == (0, 0)
    assert isolation(problem(asked.cluster, asked.groups), apart) == ()


def test_pairs_are_counted_for_so_many_roles() -> None:
    """However many roles share an instance, the pairs stay few; how many instances are shared is exact."""
    roles = [f"r{k}" for k in range(MOST_PAIRED + 20)]
    groups = [group(role, cpu=1, role=role) for role in roles]
    asked = problem(cluster([{}]), groups, {role: [1] for role in roles}, rules=[f"isolateRoles({','.join(roles)})"])
    (found,) = isolation(asked, asked.running)
    assert len(found.together) == MOST_PAIRED * (MOST_PAIRED - 1) // 2
    assert (found.shared_before, found.shared_after) == (1, 1)
    assert {pair.after for pair in found.together} == {1}


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("seed", range(12))
def test_no_engine_makes_roles_share_more_instances(engine: Engine, seed: int) -> None:
    """§3.8: whatever starts, stops and moves, no instance gets tasks of several isolated roles that had not before."""
    for made in (random_problem(seed), random_change(seed)):
        groups = tuple(
            group(one.name, one.start, family=one.family, cpu=1, role=f"r{g % 3}", stop=one.stop, movable=one.movable)
            for g, one in enumerate(made.groups)
        )
        rules = ["isolateRoles(r0, r1, r2)"]
        running = {one.name: made.running.row(g).tolist() for g, one in enumerate(made.groups)}
        asked = problem(made.cluster, groups, running, rules=rules, freedom=made.freedom)
        answer = api.place(asked, Limits(time_limit=5, workers=1, engine=engine), explain=False)
        (found,) = api.isolation(answer)
        assert found.shared_after <= found.shared_before
        roles = [{g % 3 for g, i, _ in asked.running if i == at} for at in range(asked.cluster.size)]
        for at, before in enumerate(roles):
            after = {g % 3 for g, i, _ in answer.tasks if i == at}
            assert len(after) <= 1 or len(before) > 1, (seed, at)
