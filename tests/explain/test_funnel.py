"""§7.1: the funnel, in the pipeline's order and ECS's words."""

from __future__ import annotations

import numpy as np
import pytest

from solver.domain.explanation import FunnelStage
from solver.domain.request import Scheduling
from solver.explain import closest, event, funnel
from solver.rules.bind import bind
from tests.builders import cluster, group, problem
from tests.explain.planted import HTTP, asked, rows, web


def test_every_instance_is_refused_once_for_its_first_reason() -> None:
    """State, then resources and ports, then the customer's constraints, then other groups' rules."""
    free = {"cpu": [2048, 2048, 2048, 50, 50, 2048, 2048, 2048], "memory": [8192] * 4 + [100] + [8192] * 3}
    instances = rows(
        8,
        free=free,
        active=[False] + [True] * 7,
        connected=[False, False] + [True] * 6,
        ports=[[]] * 5 + [[HTTP]] + [[]] * 2,
        stack=["dev"] * 7 + ["prod"],
    )
    keeper = group("keeper", cpu=1, rules=["antiAffinity(web, instanceId)"], scheduling=Scheduling.REPLICA)
    request = asked(
        instances,
        [web(ports=(HTTP,), rules=["memberOf(attribute:stack == prod)"]), keeper],
        {"keeper": [0] * 7 + [1]},
        frozen=np.array([False, False, True] + [False] * 5),
    )
    assert funnel(bind(request), request.running, 0) == (
        FunnelStage("cluster", "instance status", "not ACTIVE", 1, 7),
        FunnelStage("cluster", "container agent", "AGENT", 1, 6),
        FunnelStage("cluster", "frozen instances", "frozen by the request", 1, 5),
        FunnelStage("cluster", "cpu", "RESOURCE:CPU", 2, 3),
        FunnelStage("cluster", "host port 8080/tcp", "RESOURCE:PORTS", 1, 2),
        FunnelStage(
            "customer", "memberOf(attribute:stack == prod)", "MemberOf placement constraint unsatisfied.", 1, 1
        ),
        FunnelStage(
            "final",
            "antiAffinity(web, instanceId) of keeper",
            "AntiAffinity placement constraint unsatisfied.",
            1,
            0,
        ),
    )


def test_the_funnel_judges_the_state_after_the_plan() -> None:
    """What the plan itself took is no longer there."""
    request = asked(rows(2), [web(3, rules=["distinctInstance"])])
    rules = bind(request)
    planned = request.running + type(request.running).dense(np.array([[1, 1]]))
    assert [stage.refused for stage in funnel(rules, planned, 0)] == [2]
    assert [(stage.refused, stage.left) for stage in funnel(rules, request.running, 0)] == [(0, 2)]


@pytest.mark.parametrize(
    ("together", "reason"), [(True, "the 5 new tasks go together, and 2 fit"), (False, "one more")]
)
def test_instances_that_are_left_are_accounted_for(together: bool, reason: str) -> None:
    """Where instances would take one more task, the last stage says why none was placed."""
    request = asked(rows(2), [web(5, rules=["distinctInstance"], all_or_nothing=together)])
    last = funnel(bind(request), request.running, 0)[-1]
    assert last.reason.startswith(reason)
    assert (last.refused, last.left) == (0, 2)


def test_the_closest_instance_is_refused_by_the_fewest_rules() -> None:
    """ECS's event names one instance; ours is the one that lacks least, with all that it lacks."""
    free = {"cpu": [50, 50, 2048], "memory": [100, 8192, 100]}
    request = asked(
        rows(3, free=free, stack=["dev", "prod", "dev"]), [web(rules=["memberOf(attribute:stack == prod)"])]
    )
    near = closest(bind(request), request.running, 0)
    assert near is not None
    assert (near.instance, near.rules, near.reasons) == (1, ("cpu",), ("RESOURCE:CPU",))
    assert event(bind(request), request.running, 0) == (
        "(service web) was unable to place a task because no container instance met all of its requirements."
        " The closest matching container-instance i-1 is refused by cpu (RESOURCE:CPU)."
    )


def test_an_empty_cluster_has_no_closest_instance() -> None:
    """Nothing to name, and no funnel."""
    request = problem(cluster([]), [group("web", 1, cpu=1)])
    assert closest(bind(request), request.running, 0) is None
    assert funnel(bind(request), request.running, 0) == ()
