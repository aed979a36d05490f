"""The examples of the Kubernetes documentation, as properties of every plan; objects are written anew.

Pages of kubernetes.io/docs/concepts/scheduling-eviction: *topology-spread-constraints*, *assign-pod-node*,
*taint-and-toleration*, *pod-priority-preemption*; concepts/workloads/pods/disruptions.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from solver import api
from tests.formats.kubernetes.objects import (
    HOST,
    LIMITS,
    ZONE,
    Object,
    budget,
    cluster_of,
    deployment,
    node,
    nodes_of,
    placed,
    pod,
)

FOUR = [node("node1", "zoneA"), node("node2", "zoneA"), node("node3", "zoneB"), node("node4", "zoneB")]
FOO = {"foo": "bar"}
ON_FOUR = [pod("p1", "node1", labels=FOO), pod("p2", "node2", labels=FOO), pod("p3", "node3", labels=FOO)]


def spread(key: str, skew: int = 1, when: str = "DoNotSchedule", **more: Any) -> Object:
    """A topology spread constraint over pods ``foo: bar``."""
    selector = {"matchLabels": FOO}
    return {"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": selector, **more}


def allowed(objects: list[Object], **spec: Any) -> set[str]:
    """The nodes where one more pod ``foo: bar`` may go: the plan with all other nodes frozen has it there."""
    cluster = cluster_of(objects, pod("mypod", labels=FOO, **spec))
    names = [one["metadata"]["name"] for one in objects if one["kind"] == "Node"]
    found = set()
    for name in names:
        problem, _ = cluster.request({}, frozen=[other for other in names if other != name])
        found |= set(nodes_of(api.place(problem, LIMITS)))
    return found


def test_one_constraint_leaves_the_other_zone() -> None:
    """*topology-spread-constraints*, one constraint: with 2 and 1 pods in two zones the next goes to zone B."""
    assert allowed([*FOUR, *ON_FOUR], topologySpreadConstraints=[spread(ZONE)]) == {"node3", "node4"}


def test_two_constraints_leave_one_node() -> None:
    """*topology-spread-constraints*, multiple constraints: by zone node3 or node4, by node the empty one: node4."""
    both = [spread(ZONE), spread(HOST)]
    assert allowed([*FOUR, *ON_FOUR], topologySpreadConstraints=both) == {"node4"}


def test_constraints_that_conflict_leave_nothing() -> None:
    """*topology-spread-constraints*, conflicting constraints: the zone asks for node3, the node count for node2."""
    nodes = [node("node1", "zoneA"), node("node2", "zoneA"), node("node3", "zoneB")]
    running = [pod(f"p{k}", on, labels=FOO) for k, on in enumerate(["node1", "node1", "node2", "node3", "node3"])]
    both = [spread(ZONE), spread(HOST)]
    assert allowed([*nodes, *running], topologySpreadConstraints=both) == set()
    answer = placed(cluster_of(nodes, running, pod("mypod", labels=FOO, topologySpreadConstraints=both)))
    assert answer.status.name == "OPTIMAL" and not nodes_of(answer)
    assert allowed(
        [*nodes, *running], topologySpreadConstraints=[spread(ZONE), spread(HOST, when="ScheduleAnyway")]
    ) == {"node3"}


def test_node_affinity_takes_a_zone_out() -> None:
    """*topology-spread-constraints*, with node affinity: a zone that the pod may not use counts nowhere."""
    nodes = [*FOUR, node("node5", "zoneC")]
    term = {"matchExpressions": [{"key": ZONE, "operator": "NotIn", "values": ["zoneC"]}]}
    affinity = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}},
    }
    found = allowed([*nodes, *ON_FOUR], topologySpreadConstraints=[spread(ZONE)], affinity=affinity)
    assert found == {"node3", "node4"}
    # Ignored, the empty zone C is the least, and neither of the others may have more than one above it.
    ignoring = spread(ZONE, nodeAffinityPolicy="Ignore")
    assert allowed([*nodes, *ON_FOUR], topologySpreadConstraints=[ignoring], affinity=affinity) == set()


@pytest.mark.parametrize(("policy", "expected"), [("Ignore", set()), ("Honor", {"node3", "node4"})])
def test_a_tainted_zone_counts_as_the_policy_says(policy: str, expected: set[str]) -> None:
    """*topology-spread-constraints*: by default taints are ignored, so that a zone nobody may use is the emptiest."""
    nodes = [*FOUR, node("node5", "zoneC", taints=["dedicated=x:NoSchedule"])]
    found = allowed([*nodes, *ON_FOUR], topologySpreadConstraints=[spread(ZONE, nodeTaintsPolicy=policy)])
    assert found == expected


def test_too_few_domains_count_as_an_empty_one() -> None:
    """*topology-spread-constraints*, ``minDomains``: with two zones of five the global minimum is 0."""
    few = spread(ZONE, skew=2, minDomains=5)
    assert allowed([*FOUR, *ON_FOUR], topologySpreadConstraints=[few]) == {"node3", "node4"}
    assert allowed([*FOUR, *ON_FOUR], topologySpreadConstraints=[spread(ZONE, skew=1, minDomains=5)]) == set()


def test_a_soft_constraint_evens_out_and_refuses_nothing() -> None:
    """*topology-spread-constraints*, ``ScheduleAnyway``: the scheduler still gives priority to what lowers the skew."""
    soft = [spread(ZONE, when="ScheduleAnyway")]
    assert allowed([*FOUR, *ON_FOUR], topologySpreadConstraints=soft) == {"node1", "node2", "node3", "node4"}
    answer = placed(cluster_of(FOUR, ON_FOUR, pod("mypod", labels=FOO, topologySpreadConstraints=soft)))
    assert nodes_of(answer)[0] in {"node3", "node4"}


def test_new_pods_of_a_deployment_stay_within_the_skew() -> None:
    """*topology-spread-constraints*: twelve pods over three zones of different room, ``maxSkew`` 1."""
    nodes = [node(f"n{k}", "abc"[k % 3], amounts={"pods": str(3 if k % 3 == 0 else 20)}) for k in range(6)]
    constraint = {**spread(ZONE), "labelSelector": {"matchLabels": {"app": "web"}}}
    answer = placed(cluster_of(nodes, deployment("web", [], 12, topologySpreadConstraints=[constraint])))
    counts = Counter("abc"[int(name[1:]) % 3] for name in nodes_of(answer))
    assert counts == {"a": 4, "b": 4, "c": 4}


TOLERATIONS: list[Object] = [
    {"key": "key1", "operator": "Equal", "value": "value1", "effect": "NoSchedule"},
    {"key": "key1", "operator": "Equal", "value": "value1", "effect": "NoExecute"},
]


@pytest.mark.parametrize(
    ("taints", "tolerations", "fits"),
    [
        (["key1=value1:NoSchedule"], [], False),
        (["key1=value1:NoSchedule"], TOLERATIONS[:1], True),
        (["key1=value1:NoSchedule"], [{"key": "key1", "operator": "Exists", "effect": "NoSchedule"}], True),
        (["key1=value2:NoSchedule"], TOLERATIONS[:1], False),
        # "In this case, the pod will not be able to schedule onto the node, because there is no toleration matching the
        # third taint."
        (["key1=value1:NoSchedule", "key1=value1:NoExecute", "key2=value2:NoSchedule"], TOLERATIONS, False),
        (["key1=value1:NoSchedule", "key1=value1:NoExecute", "key2=value2:PreferNoSchedule"], TOLERATIONS, True),
        (["anything=:NoExecute"], [{"operator": "Exists"}], True),
        (["key1=:NoSchedule"], [{"key": "key1"}], True),
        (["key1=value1:NoSchedule"], [{"key": "key1", "value": "value1"}], True),
    ],
)
def test_taints_and_tolerations(taints: list[str], tolerations: list[Object], fits: bool) -> None:
    """*taint-and-toleration*: a taint that refuses and that no toleration matches keeps the pod away."""
    answer = placed(cluster_of(node("n1", taints=taints), pod("p", tolerations=tolerations)))
    assert nodes_of(answer) == (["n1"] if fits else [])


def test_a_soft_taint_is_avoided_while_there_is_room() -> None:
    """*taint-and-toleration*: ``PreferNoSchedule`` tries to avoid the node, and it is not guaranteed."""
    nodes = [node("soft", taints=["old=1:PreferNoSchedule"]), node("plain", amounts={"pods": "2"})]
    cluster = cluster_of(nodes, deployment("web", [], 3))
    assert Counter(nodes_of(placed(cluster))) == {"plain": 2, "soft": 1}


def test_required_and_preferred_node_affinity() -> None:
    """*assign-pod-node*, node affinity: only in two zones, and there rather with the other label."""
    nodes = [
        node("east", "antarctica-east1"),
        node("west", "antarctica-west1", labels={"another-node-label-key": "another-node-label-value"}),
        node("south", "south1", labels={"another-node-label-key": "another-node-label-value"}),
    ]
    zones = {"key": ZONE, "operator": "In", "values": ["antarctica-east1", "antarctica-west1"]}
    other = {"key": "another-node-label-key", "operator": "In", "values": ["another-node-label-value"]}
    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [zones]}]},
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": {"matchExpressions": [other]}}
            ],
        }
    }
    assert nodes_of(placed(cluster_of(nodes, pod("p", affinity=affinity)))) == ["west"]
    assert nodes_of(placed(cluster_of(nodes[0], nodes[2], pod("p", affinity=affinity)))) == ["east"]
    assert nodes_of(placed(cluster_of(nodes[2], pod("p", affinity=affinity)))) == []


def test_the_larger_weight_wins() -> None:
    """*assign-pod-node*, node affinity weight: the node with the largest sum of weights."""
    nodes = [node("one", labels={"label-1": "key-1"}), node("two", labels={"label-2": "key-2"})]
    terms = [
        {
            "weight": weight,
            "preference": {"matchExpressions": [{"key": label, "operator": "In", "values": [f"key-{label[-1]}"]}]},
        }
        for weight, label in ((1, "label-1"), (50, "label-2"))
    ]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": terms}}
    assert nodes_of(placed(cluster_of(nodes, pod("p", affinity=affinity)))) == ["two"]


def term(app: str, key: str = HOST) -> Object:
    """A required term about the pods of an app."""
    expression = {"key": "app", "operator": "In", "values": [app]}
    return {"labelSelector": {"matchExpressions": [expression]}, "topologyKey": key}


def required(**terms: list[Object]) -> Object:
    """Affinity with these required terms."""
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": found} for kind, found in terms.items()}


def test_caches_apart_and_servers_beside_them() -> None:
    """*assign-pod-node*, more practical use-cases: each of three nodes has one cache and one server."""
    cache = deployment("store", [], 3, affinity=required(podAntiAffinity=[term("store")]))
    server = deployment(
        "web-store", [], 3, affinity=required(podAntiAffinity=[term("web-store")], podAffinity=[term("store")])
    )
    answer = placed(cluster_of([node(f"node-{k}") for k in (1, 2, 3)], cache, server))
    for name in ("deployment:default/store", "deployment:default/web-store"):
        assert nodes_of(answer, name) == ["node-1", "node-2", "node-3"]
    # A fourth of each finds no node of its own.
    more = cluster_of(
        [node(f"node-{k}") for k in (1, 2, 3)],
        deployment("store", [], 4, affinity=required(podAntiAffinity=[term("store")])),
    )
    assert len(nodes_of(placed(more))) == 3


def test_affinity_to_a_zone() -> None:
    """*assign-pod-node*, pod affinity: only in a zone where a pod ``security=S1`` runs."""
    nodes = [node("a1", "a"), node("b1", "b"), node("b2", "b")]
    near = required(podAffinity=[{"labelSelector": {"matchLabels": {"security": "S1"}}, "topologyKey": ZONE}])
    running = pod("s1", "b1", labels={"security": "S1"})
    assert nodes_of(placed(cluster_of(nodes, running, pod("p", affinity=near))))[0] in ("b1", "b2")
    assert nodes_of(placed(cluster_of(nodes, pod("p", affinity=near)))) == []


def test_preferred_anti_affinity() -> None:
    """*assign-pod-node*, pod anti-affinity: rather not in a zone with a pod ``security=S2``, and there if it must."""
    weighted = {"weight": 100, "podAffinityTerm": {**term("s2", ZONE)}}
    apart = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [weighted]}}
    nodes = [node("a1", "a"), node("b1", "b")]
    running = pod("s2", "b1", labels={"app": "s2"})
    assert nodes_of(placed(cluster_of(nodes, running, pod("p", affinity=apart)))) == ["a1"]
    assert nodes_of(placed(cluster_of(nodes[1], running, pod("p", affinity=apart)))) == ["b1"]


def test_a_pod_that_runs_keeps_others_away() -> None:
    """*assign-pod-node*: the anti-affinity of a pod that runs holds against one that comes, too."""
    apart = required(podAntiAffinity=[term("loud")])
    running = pod("quiet", "n1", labels={"app": "quiet"}, affinity=apart)
    answer = placed(cluster_of(node("n1"), node("n2"), running, pod("loud", labels={"app": "loud"})))
    assert nodes_of(answer) == ["n2"]


def test_namespaces_bound_what_a_term_selects() -> None:
    """*assign-pod-node*: without namespaces a term is about its own; an empty namespaceSelector is about all."""
    running = pod("other", "n1", labels={"app": "x"}, namespace="elsewhere")
    nodes = [node("n1")]
    own = required(podAntiAffinity=[term("x")])
    every = required(podAntiAffinity=[{**term("x"), "namespaceSelector": {}}])
    named = required(podAntiAffinity=[{**term("x"), "namespaces": ["elsewhere"]}])
    assert nodes_of(placed(cluster_of(nodes, running, pod("p", affinity=own)))) == ["n1"]
    assert nodes_of(placed(cluster_of(nodes, running, pod("p", affinity=every)))) == []
    assert nodes_of(placed(cluster_of(nodes, running, pod("p", affinity=named)))) == []


def test_the_higher_priority_is_placed_first() -> None:
    """*pod-priority-preemption*: where not all fit, the ones of the higher class do."""
    classes = [{"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1_000_000}]
    low, high = pod("low", cpu="3"), pod("high", cpu="3", priorityClassName="high")
    answer = placed(cluster_of(classes, node("n1"), low, high))
    assert nodes_of(answer, "pod:default/high") == ["n1"] and nodes_of(answer, "pod:default/low") == []


def test_a_disruption_budget_holds_on_the_way() -> None:
    """*disruptions*: with ``maxUnavailable: 1`` no wave of a drain ends two pods, and with 0 none may go."""
    nodes = [node(f"n{k}") for k in range(4)]
    web = deployment("web", ["n0", "n0", "n0", "n1"])
    cluster = cluster_of(nodes, web, budget("web", {"app": "web"}, maxUnavailable=1))
    problem, _ = cluster.drain(["n0"])
    answer = api.place(problem, LIMITS)
    moves = [a for a in answer.actions() if a.kind == "move"]
    assert len(moves) == 3 and set(Counter(a.stops_in for a in moves).values()) == {1}
    problem, warnings = cluster_of(nodes, web, budget("web", {"app": "web"}, maxUnavailable=0)).drain(["n0"])
    assert not list(api.place(problem, LIMITS).actions())
    assert any("DEPLOYMENT_BLOCKED" in warning for warning in warnings)
