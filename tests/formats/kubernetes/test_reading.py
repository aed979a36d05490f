"""What the objects of a cluster come to: who takes what, who moves, what is named in a warning."""

from __future__ import annotations

import numpy as np
import pytest

from solver import api
from solver.domain.request import Preempt, Scheduling
from solver.errors import InvalidRequest
from solver.formats.kubernetes import KubernetesCluster
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
    workload,
)

NODES = [node("n1", "a"), node("n2", "b")]


def free(cluster: KubernetesCluster, name: str, resource: str) -> int:
    """What is free of a resource on a node."""
    snapshot = cluster.problem.cluster
    at = snapshot.find(name)
    assert at is not None
    return int(snapshot.free[at, snapshot.resources.index(resource)])


def test_pods_that_have_ended_take_nothing() -> None:
    """Succeeded and Failed pods hold neither resources nor ports, and are of no group."""
    ended = [pod(f"p{phase}", "n1", phase=phase, cpu="1") for phase in ("Succeeded", "Failed")]
    cluster = cluster_of(NODES, ended)
    assert free(cluster, "n1", "cpu") == 4000 and free(cluster, "n1", "pods") == 110
    assert not cluster.problem.groups


def test_a_bound_pod_takes_what_it_requests_and_a_place() -> None:
    """Also before it runs; ``pods`` counts one."""
    cluster = cluster_of(NODES, pod("p", "n1", phase="Pending", cpu="250m", memory="1Gi"))
    assert [free(cluster, "n1", name) for name in ("cpu", "memory", "pods")] == [3750, 7 * 1024, 109]


def test_what_waits_is_what_to_place() -> None:
    """Pods without a node are wanted; gated ones and ones that are being deleted are not."""
    gone = pod("gone", metadata={"deletionTimestamp": "2026-11-01T10:00:00Z"})
    cluster = cluster_of(NODES, pod("p"), gone, pod("gated", schedulingGates=[{"name": "x"}]))
    assert cluster.pending == {"pod:default/p": ("default/p",)}
    assert any("default/gated set aside" in warning for warning in cluster.warnings)
    assert len(nodes_of(placed(cluster))) == 1


@pytest.mark.parametrize(("stopping", "expected"), [("held", 3900), ("free", 4000)])
def test_a_pod_that_is_being_deleted(stopping: str, expected: int) -> None:
    """Holds what it requests until it is gone (unless told otherwise), and counts for no rule (§2.4)."""
    going = pod("p", "n1", metadata={"deletionTimestamp": "2026-11-01T10:00:00Z"})
    cluster = cluster_of(NODES, going, stopping=stopping)
    assert free(cluster, "n1", "cpu") == expected
    assert not cluster.problem.running.totals().any()


def test_static_and_daemon_pods_do_not_move() -> None:
    """A drain leaves them; a static pod cannot even be asked to."""
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    objects = [
        workload("DaemonSet", "agent"),
        *(pod(f"agent-{n}", n, owner=("DaemonSet", "agent"), labels={"app": "agent"}) for n in ("n1", "n2")),
        pod("api-n1", "n1", metadata=mirror),
        *deployment("web", ["n1", "n1"]),
    ]
    cluster = cluster_of(NODES, objects)
    problem, _ = cluster.drain(["n1"])
    moved = {a.group for a in api.place(problem, LIMITS).actions()}
    assert moved == {"deployment:default/web"}
    with pytest.raises(InvalidRequest, match="static pod"):
        cluster.rebalance(5, movable=["pod:default/api-n1"])
    with pytest.raises(InvalidRequest, match="DAEMON"):
        cluster.rebalance(5, movable=["daemonset:default/agent"])


def test_what_daemons_are_owed_is_held_back() -> None:
    """A node without its daemon pod keeps room for it; one that the daemon set does not select keeps none (§2.2)."""
    small = {"amounts": {"cpu": "1"}}
    chosen = workload("DaemonSet", "agent", cpu="600m", nodeSelector={"with": "agent"})
    nodes = [node("n1", labels={"with": "agent"}, **small), node("n2", **small)]
    assert nodes_of(placed(cluster_of(nodes, chosen, pod("p", cpu="500m")))) == ["n2"]


def test_daemon_pods_are_one_group_wherever_they_are_bound() -> None:
    """The controller's own term for the name of a node tells no pods apart."""

    def bound(name: str) -> Object:
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}
        affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
        return pod(f"agent-{name}", name, owner=("DaemonSet", "agent"), affinity=affinity)

    cluster = cluster_of(NODES, bound("n1"), bound("n2"))
    (group,) = cluster.problem.groups
    assert (group.name, group.scheduling) == ("daemonset:default/agent", Scheduling.DAEMON)


def test_groups_are_named_by_what_controls_them() -> None:
    """A deployment's pods by the deployment, revisions apart; pods of their own by name (§1.2)."""
    owned = {"ownerReferences": [{"kind": "Deployment", "name": "web", "controller": True}]}
    sets = [
        workload(
            "ReplicaSet", f"web-{at}", 1, metadata={**owned, "annotations": {"deployment.kubernetes.io/revision": at}}
        )
        for at in ("1", "2")
    ]
    pods = [pod(f"web-{at}-x", "n1", owner=("ReplicaSet", f"web-{at}"), cpu=f"{at}00m") for at in ("1", "2")]
    other = [
        *(workload("Deployment", "web", 2), *sets, *pods, pod("alone", "n1")),
        pod("db-0", "n1", owner=("StatefulSet", "db"), namespace="data"),
        pod("lone-abc", "n1", owner=("ReplicaSet", "lone")),
        pod("shop-77f-q", "n2", owner=("ReplicaSet", "shop-77f"), labels={"pod-template-hash": "77f"}),
    ]
    names = [group.name for group in cluster_of(NODES, other).problem.groups]
    assert names[:2] == ["deployment:default/web", "deployment:default/web@web-1"]
    assert set(names[2:]) == {
        *("pod:default/alone", "statefulset:data/db", "replicaset:default/lone", "deployment:default/shop"),
    }


def test_pods_of_one_revision_that_differ_are_told_apart() -> None:
    """What an admission webhook changed in some pods is theirs alone."""
    owner = ("StatefulSet", "db")
    pods = [pod(f"db-{k}", "n1", owner=owner, cpu=cpu) for k, cpu in enumerate(["1", "1", "500m"])]
    cluster = cluster_of(NODES, pods)
    demands = {group.name: group.demand["cpu"] for group in cluster.problem.groups}
    assert demands == {"statefulset:default/db": 1000, "statefulset:default/db@#2": 500}
    assert free(cluster, "n1", "cpu") == 1500


def test_a_short_name_means_the_one_controller_of_that_name() -> None:
    """Several of one name are asked for by kind or namespace."""
    objects = [*deployment("web", ["n1"]), *deployment("web", ["n1"], namespace="other"), pod("solo", "n1")]
    cluster = cluster_of(NODES, objects)
    for name in ("pod:default/solo", "solo", "default/solo", "pod/solo"):
        entry = cluster.names.resolve(name)
        assert entry is not None and entry.group.name == "pod:default/solo"
    assert cluster.names.resolve("web") is None
    with pytest.raises(
        InvalidRequest, match="means several groups; write one of deployment:default/web, deployment:other"
    ):
        cluster.request({"web": 1})
    with pytest.raises(InvalidRequest, match="did you mean 'pod:default/solo'"):
        cluster.request({"sollo": 1})


def test_host_ports_are_held_once_a_node() -> None:
    """By protocol; on the host's network every container port is one (API, ContainerPort)."""
    ports = [{"containerPort": 80, "hostPort": 8080}]
    running = pod("p", "n1", ports=ports)
    assert nodes_of(placed(cluster_of(NODES, running, pod("q", ports=ports)))) == ["n2"]
    udp = [{"containerPort": 80, "hostPort": 8080, "protocol": "UDP"}]
    assert nodes_of(placed(cluster_of(NODES[0], running, pod("q", ports=udp)))) == ["n1"]
    on_host = pod("h", hostNetwork=True, ports=[{"containerPort": 8080}])
    assert nodes_of(placed(cluster_of(NODES[0], running, on_host))) == []
    assert nodes_of(placed(cluster_of(NODES[0], running, pod("q", ports=[{"containerPort": 8080}])))) == ["n1"]


def test_cordoned_and_unready_nodes_take_nothing_and_keep_what_they_have() -> None:
    """And the warnings name them."""
    nodes = [node("n1", cordoned=True), node("n2", ready="Unknown"), node("n3")]
    cluster = cluster_of(nodes, pod("p", "n1"), pod("q"))
    assert nodes_of(placed(cluster)) == ["n3"]
    assert free(cluster, "n1", "pods") == 109
    assert {"cordoned, and takes no new pods: n1", "not ready, and takes no new pods: n2"} <= set(cluster.warnings)


def test_extended_resources_are_counted_by_the_piece() -> None:
    """Whole devices under their own name; a node without any takes no such pod."""
    gpu = pod("p")
    gpu["spec"]["containers"][0]["resources"]["limits"] = {"nvidia.com/gpu": "2"}
    nodes = [node("n1"), node("n2", amounts={"nvidia.com/gpu": "1"}), node("n3", amounts={"nvidia.com/gpu": "2"})]
    cluster = cluster_of(nodes, gpu)
    assert nodes_of(placed(cluster)) == ["n3"]
    assert nodes_of(placed(cluster_of(nodes[:2], gpu))) == []


def test_no_request_is_rounded() -> None:
    """The unit divides every request: MiB, else KiB, else bytes, and a warning says so; what does not fit by a byte does not."""
    cluster = cluster_of(NODES, pod("p", "n1", memory="128974848"))
    assert (free(cluster, "n1", "memory"), cluster.problem.groups[0].demand["memory"]) == (8 * 1024 - 123, 123)
    assert not cluster.warnings
    tight = node("n1", amounts={"memory": "300M"})
    exact = [pod(f"p{k}", memory="100M") for k in range(3)]
    cluster = cluster_of(tight, exact)
    assert any("memory is counted in bytes" in warning for warning in cluster.warnings)
    assert len(nodes_of(placed(cluster))) == 3
    cluster = cluster_of(tight, *exact[:2], pod("p3", memory="100000001"))
    assert len(nodes_of(placed(cluster))) == 2


def test_sums_that_bytes_would_make_too_large_use_a_larger_unit() -> None:
    """Rounded up, with a warning (§11.2)."""
    nodes = [node(f"n{k}", amounts={"memory": "2Pi"}) for k in range(4)]
    cluster = cluster_of(nodes, pod("p", memory="1025"))
    assert cluster.problem.groups[0].demand["memory"] == 2
    assert any("rounded up" in warning for warning in cluster.warnings)


def test_priorities_come_from_the_pod_then_its_class_then_the_usual_one() -> None:
    """API, PriorityClass; the classes that every cluster has are known."""
    usual = {"kind": "PriorityClass", "metadata": {"name": "usual"}, "value": 7, "globalDefault": True}
    pods = [
        pod("a", priority=5, priorityClassName="usual"),
        pod("b", priorityClassName="system-node-critical"),
        pod("c"),
        pod("d", priorityClassName="unknown"),
    ]
    cluster = cluster_of(NODES, usual, pods)
    assert [group.priority for group in cluster.problem.groups] == [5, 2_000_001_000, 7, 7]
    _, warnings = cluster.request({})
    assert any("priority class unknown is not in the documents" in warning for warning in warnings)


def test_reconcile_pre_empts_lower_priorities_where_it_may() -> None:
    """*pod-priority-preemption*: a pending pod of a higher class takes the place of a lower one."""
    full = node("n1", amounts={"cpu": "1"})
    objects = [*deployment("low", ["n1"], cpu="800m"), *deployment("high", [], 1, cpu="800m", priority=1000)]
    cluster = cluster_of(full, objects)
    problem, _ = cluster.reconcile(preempt=Preempt.LOWER)
    actions = {(a.kind, a.group) for a in api.place(problem, LIMITS).actions()}
    assert actions == {("stop", "deployment:default/low"), ("start", "deployment:default/high")}
    problem, _ = cluster.reconcile()
    assert not list(api.place(problem, LIMITS).actions())


def test_desired_counts_are_the_controllers() -> None:
    """Replicas (1 where left out), else the pods that are there; a daemon set has none."""
    objects = [
        *(workload("Deployment", "web", 5), workload("StatefulSet", "db"), workload("DaemonSet", "agent")),
        pod("solo", "n1"),
    ]
    assert dict(cluster_of(NODES, objects).desired_counts()) == {
        "deployment:default/web": 5,
        "statefulset:default/db": 1,
        "pod:default/solo": 1,
    }


def test_a_budget_over_several_controllers_is_shared() -> None:
    """Together they lose no more than it allows; a warning names them."""
    objects = [
        *deployment("one", ["n1"] * 4, labels={"tier": "x"}),
        *deployment("two", ["n1"] * 4, labels={"tier": "x"}),
        budget("both", {"tier": "x"}, minAvailable="50%"),
    ]
    cluster = cluster_of(NODES, objects)
    percents = [group.minimum_healthy_percent for group in cluster.problem.groups]
    kept = [-(-(percent or 0) * 4 // 100) for percent in percents]
    assert sum(kept) == 4 and all(kept)
    assert any("covers deployment:default/one, deployment:default/two" in warning for warning in cluster.warnings)


@pytest.mark.parametrize(
    ("spec", "kept"),
    [
        ({"minAvailable": 2}, 2),
        ({"maxUnavailable": 3}, 4),
        ({"minAvailable": "30%"}, 3),
        ({"maxUnavailable": "30%"}, 4),
    ],
)
def test_a_budget_as_a_percentage(spec: dict[str, int | str], kept: int) -> None:
    """Of seven pods; percentages are rounded up (*disruptions*, and the API's *minAvailable*)."""
    cluster = cluster_of(NODES, deployment("web", ["n1"] * 7), budget("web", {"app": "web"}, **spec))
    percent = cluster.problem.groups[0].minimum_healthy_percent
    assert percent is not None and -(-percent * 7 // 100) == kept


def test_annotations_that_keep_a_pod_protect_it() -> None:
    """Cluster Autoscaler's ``safe-to-evict: "false"`` and Karpenter's ``do-not-disrupt: "true"``; the opposites do not."""
    for name, value, kept in (
        ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false", True),
        ("cluster-autoscaler.kubernetes.io/safe-to-evict", "true", False),
        ("karpenter.sh/do-not-disrupt", "true", True),
    ):
        (task,) = cluster_of(NODES, pod("p", "n1", metadata={"annotations": {name: value}})).problem.tasks
        assert task.protected is kept


def test_what_cannot_be_said_is_named() -> None:
    """Volumes, other schedulers, claims, SCTP, unread kinds, unknown controllers: each in a warning."""
    odd = pod(
        "odd",
        schedulerName="other",
        volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}, {"name": "e", "emptyDir": {}}],
        resourceClaims=[{"name": "r"}],
        ports=[{"containerPort": 1, "hostPort": 9, "protocol": "SCTP"}],
        preemptionPolicy="Never",
        runtimeClassName="kata",
        tolerations=[{"key": "x", "operator": "Gt", "value": "3"}],
    )
    rollout = pod("r-1", "n1", owner=("Rollout", "r"))
    service = {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "s"}}
    cluster = cluster_of(NODES, odd, rollout, service, pod("far", "n9"))
    _, warnings = cluster.request({})
    said = "\n".join([*cluster.warnings, *warnings])
    for part in (
        *(
            "the scheduler other places it",
            "persistent volumes",
            "emptyDir",
            "resource claims",
            "9/SCTP",
            "Never",
            "kata",
        ),
        *("Gt and Lt", "1 object of kind Service not read", "rollout:default/r: what controls the pods is not known"),
        "pod default/far set aside: bound to a node that is not in the documents",
    ):
        assert part in said, part


def test_a_long_affinity_becomes_an_attribute() -> None:
    """An expression beyond 2,000 characters stands in an attribute that the importer computes; it selects the same nodes."""
    wanted = [f"node-with-a-rather-long-name-{k:03d}" for k in range(100)]
    requirement = {"key": HOST, "operator": "In", "values": wanted}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    cluster = cluster_of(NODES, node(wanted[7]), pod("p", affinity=affinity))
    assert nodes_of(placed(cluster)) == [wanted[7]]


def test_too_many_preferences_lose_the_lightest() -> None:
    """A group has at most ten rules: the heaviest preferences stay, and a warning counts the others."""
    preferred = [
        {"weight": k, "preference": {"matchExpressions": [{"key": f"k{k}", "operator": "Exists"}]}}
        for k in range(1, 16)
    ]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    cluster = cluster_of(NODES, pod("p", affinity=affinity))
    rules = cluster.problem.groups[0].constraints
    assert [rule.argument.partition(",")[0] for rule in rules] == [str(k) for k in range(15, 5, -1)]
    _, warnings = cluster.request({})
    assert any("5 of its preferences" in warning for warning in warnings)


def test_affinity_to_several_controllers_is_to_any_of_them() -> None:
    """One pod that the selector matches is enough, whichever controls it."""
    objects = [*deployment("a", ["n1"], labels={"tier": "x"}), *deployment("b", [], 0, labels={"tier": "x"})]
    near = {"labelSelector": {"matchLabels": {"tier": "x"}}, "topologyKey": ZONE}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [near]}}
    assert nodes_of(placed(cluster_of(NODES, objects, pod("p", affinity=affinity)))) == ["n1"]


def test_zones_and_types_have_ecs_names_too() -> None:
    """So that every command shows them; labels are attributes by their own names."""
    typed = node("n1", "a", labels={"node.kubernetes.io/instance-type": "m5.large"})
    snapshot = cluster_of(typed).problem.cluster
    attributes = {name: column[0] for name, column in snapshot.attributes.items()}
    assert attributes["ecs.availability-zone"] == attributes[ZONE] == "a"
    assert attributes["ecs.instance-type"] == "m5.large"
    assert np.array_equal(snapshot.active, [True])
