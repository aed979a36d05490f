"""Kubernetes objects for tests, and a cluster of 100 nodes as ``kubectl`` would print it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from solver.domain.answer import Answer
from solver.domain.request import Limits
from solver.formats.kubernetes import KubernetesCluster, read_objects

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"
Object = dict[str, Any]

LIMITS = Limits(time_limit=20.0, workers=1)


def node(
    name: str, zone: str = "", *, taints: Sequence[str] = (), labels: Mapping[str, str] | None = None, **more: Any
) -> Object:
    """A node; ``taints`` as ``key=value:Effect``; ``cpu``, ``memory`` and ``pods`` in ``more``, and ``cordoned``."""
    found = []
    for text in taints:
        rest, _, effect = text.rpartition(":")
        key, _, value = rest.partition("=")
        found.append({"key": key, "value": value, "effect": effect})
    zoned = {ZONE: zone} if zone else {}
    amounts = {"cpu": "4", "memory": "8Gi", "pods": "110", **more.pop("amounts", {})}
    spec: Object = {"taints": found} if found else {}
    if more.pop("cordoned", False):
        spec["unschedulable"] = True
    ready = more.pop("ready", "True")
    assert not more
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {HOST: name, **zoned, **(labels or {})}},
        "spec": spec,
        "status": {"allocatable": amounts, "conditions": [{"type": "Ready", "status": ready}]},
    }


def pod_spec(cpu: str = "100m", memory: str = "128Mi", **spec: Any) -> Object:
    """The spec of a pod with one container."""
    container: Object = {"name": "main", "image": "main", "resources": {"requests": {"cpu": cpu, "memory": memory}}}
    container |= {"ports": spec.pop("ports")} if "ports" in spec else {}
    return {"containers": [container], **spec}


def pod(
    name: str,
    on: str = "",
    *,
    labels: Mapping[str, str] | None = None,
    owner: tuple[str, str] | None = None,
    namespace: str = "default",
    phase: str = "",
    metadata: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Object:
    """A pod, Running on a node or waiting for one; ``owner`` is the kind and the name of its controller."""
    references = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(labels or {}),
            "ownerReferences": references,
            "creationTimestamp": "2026-11-01T10:00:00Z",
            **(metadata or {}),
        },
        "spec": pod_spec(**spec) | ({"nodeName": on} if on else {}),
        "status": {"phase": phase or ("Running" if on else "Pending"), **(status or {})},
    }


def workload(kind: str, name: str, replicas: int | None = None, *, namespace: str = "default", **spec: Any) -> Object:
    """A controller with the template of its pods; ``labels`` are of the pods, ``metadata`` is its own."""
    labels, metadata = dict(spec.pop("labels", {"app": name})), spec.pop("metadata", {})
    counted = {} if replicas is None else {"replicas": replicas}
    return {
        "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": {
            **counted,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(**spec)},
        },
    }


def deployment(name: str, nodes: Sequence[str], waiting: int = 0, **spec: Any) -> list[Object]:
    """A deployment, its replica set, and its pods: one on each of the nodes, and some that wait."""
    labels = {"app": name, **spec.pop("labels", {})}
    namespace = spec.pop("namespace", "default")
    owned = {"ownerReferences": [{"kind": "Deployment", "name": name, "controller": True}]}
    replica_set = f"{name}-5d9c7b9b6d"
    replicas = len(nodes) + waiting
    found = [
        workload("Deployment", name, replicas, namespace=namespace, labels=labels, **spec),
        workload("ReplicaSet", replica_set, replicas, namespace=namespace, labels=labels, metadata=owned, **spec),
    ]
    hashed = {**labels, "pod-template-hash": "5d9c7b9b6d"}
    for at, on in enumerate([*nodes, *[""] * waiting]):
        found.append(
            pod(
                f"{replica_set}-{at:05d}",
                on,
                labels=hashed,
                owner=("ReplicaSet", replica_set),
                namespace=namespace,
                **spec,
            )
        )
    return found


def budget(name: str, labels: Mapping[str, str], *, namespace: str = "default", **spec: Any) -> Object:
    """A disruption budget."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": dict(labels)}, **spec},
    }


def listed(objects: Sequence[Object]) -> Object:
    """The objects as ``kubectl get -o json`` prints them."""
    return {"apiVersion": "v1", "kind": "List", "items": list(objects), "metadata": {"resourceVersion": ""}}


def cluster_of(*objects: Object | Sequence[Object], stopping: str = "held") -> KubernetesCluster:
    """The cluster of some objects, or lists of them."""
    flat: list[Object] = []
    for one in objects:
        flat += [one] if isinstance(one, dict) else list(one)
    return read_objects([("all.json", listed(flat))], stopping=stopping)


def placed(cluster: KubernetesCluster, **starts: int) -> Answer:
    """The answer to placing what waits, or so many pods of groups."""
    from solver import api

    problem, warnings = cluster.request(starts)
    return api.place(problem, LIMITS, warnings=warnings)


def nodes_of(answer: Answer, group: str = "") -> list[str]:
    """Where pods start, in order of names."""
    return sorted(a.instance for a in answer.actions() if a.kind in ("start", "move") and group in ("", a.group))


def write(directory: Path, objects: Sequence[Object]) -> Path:
    """A directory with one file."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "cluster.json").write_text(json.dumps(listed(objects)), encoding="utf-8")
    return directory


def dump(seed: int = 7, nodes: int = 100) -> list[Object]:
    """A cluster of three zones: services of many sizes put anywhere they fit, daemons, static pods, budgets and taints."""
    r = random.Random(seed)
    found: list[Object] = []
    names = [f"node-{k:03d}" for k in range(nodes)]
    free = {name: 3600 for name in names}
    room = {name: 30 for name in names}
    for k, name in enumerate(names):
        taints = ["dedicated=batch:NoSchedule"] if k % 10 == 9 else []
        found.append(
            node(name, "abc"[k % 3], taints=taints, labels={"disk": "ssd" if k % 2 else "hdd"}, cordoned=k == 50)
        )
    system = {"namespace": "kube-system"}
    found.append(
        workload("DaemonSet", "agent", namespace="kube-system", cpu="100m", tolerations=[{"operator": "Exists"}])
    )
    for name in names:
        found.append(pod(f"agent-{name}", name, owner=("DaemonSet", "agent"), labels={"app": "agent"}, **system))
        free[name] -= 100
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    for name in names[:3]:
        found.append(pod(f"apiserver-{name}", name, metadata=mirror, cpu="250m", **system))
        free[name] -= 250
    open_nodes = [name for k, name in enumerate(names) if k % 10 != 9 and k != 50]
    for s in range(20):
        app = f"app-{s:02d}"
        milli = r.choice([100, 250, 500])
        spec: Object = {"cpu": f"{milli}m"}
        if s % 4 == 0:
            spec["topologySpreadConstraints"] = [
                {
                    "maxSkew": 2,
                    "topologyKey": ZONE,
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"app": app}},
                }
            ]
        if s % 5 == 1:
            term = {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app": app}}}
            spec["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
        if s % 5 == 2:
            spec["nodeSelector"] = {"disk": "ssd"}
        usable = [name for name in open_nodes if s % 5 != 2 or int(name[-3:]) % 2]
        chosen: list[str] = []
        for _ in range(r.randint(6, 15)):
            fits = [n for n in usable if free[n] >= milli and room[n] and (s % 5 != 1 or n not in chosen)]
            # Crowded on few nodes, so that there is something to even out.
            pick = r.choice(fits[: max(6, len(fits) // 6)])
            free[pick] -= milli
            room[pick] -= 1
            chosen.append(pick)
        found += deployment(app, chosen, **spec)
        if s % 3 == 0:
            found.append(budget(app, {"app": app}, maxUnavailable=2))
    return found
