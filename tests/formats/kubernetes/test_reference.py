"""The rules that pods become let one more pod go exactly where kube-scheduler's filters would, on clusters at random."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from solver.domain.placement import Placement
from solver.formats.kubernetes import KubernetesCluster
from solver.rules.bind import bind
from tests.formats.kubernetes.objects import HOST, ZONE, Object, cluster_of, deployment, node
from tests.formats.kubernetes.reference import REQUIRED, filtered

TAINTS = ("gpu=a:NoSchedule", "gpu=b:NoExecute", "old=:NoSchedule", "old=:PreferNoSchedule")
APPS = ("web", "api", "db")


def nodes_at_random(r: random.Random) -> list[Object]:
    """Three to six nodes; every one has a name as label, most a zone, some a disk, a size, a taint or a cordon."""
    found = []
    for k in range(r.randint(3, 6)):
        labels = {"disk": r.choice(["ssd", "hdd"])} if r.random() < 0.7 else {}
        labels |= {"size": r.choice(["1", "5", "9", "big"])} if r.random() < 0.7 else {}
        taints = r.sample(TAINTS, r.choice([0, 0, 0, 1, 2]))
        amounts = {"cpu": r.choice(["1", "2"]), "pods": r.choice(["2", "4", "9"])}
        found.append(node(f"n{k}", r.choice("abc"), taints=taints, labels=labels, amounts=amounts))
        if r.random() < 0.1:
            found[-1]["spec"]["unschedulable"] = True
    return found


def spec_at_random(r: random.Random, app: str, others: tuple[str, ...]) -> dict[str, Any]:
    """What pods of an app ask for: any of the rules, alone or together."""
    spec: dict[str, Any] = {"cpu": r.choice(["100m", "500m", "1"])}
    affinity: Object = {}
    if r.random() < 0.2:
        spec["nodeSelector"] = {"disk": "ssd"}
    if r.random() < 0.3:
        requirement = r.choice(
            [
                {"key": "disk", "operator": "NotIn", "values": ["hdd"]},
                {"key": "size", "operator": "Gt", "values": ["4"]},
                {"key": "size", "operator": "DoesNotExist"},
                {"key": ZONE, "operator": "In", "values": ["a", "b"]},
            ]
        )
        affinity["nodeAffinity"] = {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}}
    if r.random() < 0.4:
        choices: list[Object] = [
            {"key": "gpu", "operator": "Exists"},
            {"key": "gpu", "value": "a"},
            {"operator": "Exists"},
        ]
        choices += [{"key": "old", "operator": "Exists", "effect": "NoSchedule"}]
        spec["tolerations"] = r.sample(choices, r.randint(1, 2))
    for kind, chance in (("podAffinity", 0.25), ("podAntiAffinity", 0.3)):
        if r.random() < chance:
            chosen = r.choice([app, *others])
            term = {"labelSelector": {"matchLabels": {"app": chosen}}, "topologyKey": r.choice([HOST, ZONE])}
            affinity[kind] = {REQUIRED: [term]}
    if affinity:
        spec["affinity"] = affinity
    if r.random() < 0.4:
        constraint: Object = {
            "maxSkew": r.choice([1, 1, 2]),
            "topologyKey": r.choice([HOST, ZONE]),
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": app}},
        }
        constraint |= r.choice(
            [{}, {}, {"minDomains": 3}, {"nodeTaintsPolicy": "Honor"}, {"nodeAffinityPolicy": "Ignore"}]
        )
        spec["topologySpreadConstraints"] = [constraint]
    if r.random() < 0.2:
        spec["ports"] = [{"containerPort": 80, "hostPort": r.choice([80, 81])}]
    return spec


def at_random(seed: int) -> tuple[list[Object], list[Object]]:
    """Nodes, and the objects of up to three deployments whose pods are anywhere."""
    r = random.Random(seed)
    nodes = nodes_at_random(r)
    names = [one["metadata"]["name"] for one in nodes]
    objects: list[Object] = []
    for app in APPS[: r.randint(1, 3)]:
        spec = spec_at_random(r, app, APPS[:2])
        objects += deployment(app, [r.choice(names) for _ in range(r.randint(0, 3))], 1, **spec)
    return nodes, objects


def opened(cluster: KubernetesCluster, name: str) -> set[str]:
    """The nodes with room for one more pod of a group, as far as all rules say."""
    rules = bind(cluster.problem)
    group = cluster.problem.by_name[name]
    room = rules.room(Placement(cluster.problem), group)
    return {cluster.problem.cluster.instance_ids[i] for i in np.flatnonzero(room > 0).tolist()}


def test_one_more_pod_goes_exactly_where_the_filters_let_it() -> None:
    """Both directions, for each pod that waits in 100 clusters (seeds 0 to 99)."""
    some, none, parted = 0, 0, 0
    for seed in range(100):
        nodes, objects = at_random(seed)
        cluster = cluster_of(nodes, objects)
        pods = [one for one in objects if one["kind"] == "Pod"]
        bound = [one for one in pods if "nodeName" in one["spec"]]
        for waiting in [one for one in pods if "nodeName" not in one["spec"]]:
            name = f"deployment:default/{waiting['metadata']['labels']['app']}"
            expected = filtered(nodes, bound, waiting)
            assert opened(cluster, name) == expected, f"seed {seed}, {name}"
            some += len(expected) > 0
            none += not expected
            parted += 0 < len(expected) < len(nodes)
    assert min(some, none, parted) > 10
