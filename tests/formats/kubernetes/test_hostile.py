"""Documents that are wrong: a clear error with the path, never a crash, never a wrong cluster (§11)."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from solver.errors import InvalidRequest, PlacementSolverError, UnreadableDocument
from solver.formats.kubernetes import read, read_objects
from tests.formats.kubernetes.objects import (
    ZONE,
    Object,
    budget,
    cluster_of,
    deployment,
    dump,
    listed,
    node,
    pod,
    workload,
)

HUGE = 10**9


def with_(base: Object, path: str, value: Any) -> Object:
    """A copy with another value at a dotted path."""
    found = copy.deepcopy(base)
    *parents, last = path.split(".")
    at: Any = found
    for part in parents:
        at = at[int(part)] if part.isdigit() else at.setdefault(part, {})
    at[int(last) if last.isdigit() else last] = value
    return found


REQUEST = "spec.containers.0.resources.requests.cpu"
SPREAD = {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}
WRONG: dict[str, tuple[Object, str, str]] = {
    "a request that is none": (with_(pod("p"), REQUEST, "1 cpu"), "containers[0].resources.requests.cpu", "quantity"),
    "a negative request": (with_(pod("p"), REQUEST, "-1"), "containers[0].resources.requests.cpu", "quantity"),
    "a request of a list": (with_(pod("p"), REQUEST, [1]), "containers[0].resources.requests.cpu", "quantity"),
    "a request of true": (with_(pod("p"), REQUEST, True), "containers[0].resources.requests.cpu", "quantity"),
    "a request beyond all bounds": (with_(pod("p"), REQUEST, "1e400"), "requests.cpu", "quantity"),
    "half a device": (with_(pod("p"), "spec.containers.0.resources.requests.a/b", "500m"), "requests.a/b", "whole"),
    "a phase that is none": (pod("p", phase="Sleeping"), "status.phase", "Pending, Running"),
    "containers that are text": (with_(pod("p"), "spec.containers", "main"), "spec.containers", "must be a list"),
    "no container": (with_(pod("p"), "spec.containers", []), "spec.containers", "at least one"),
    "a container that is a number": (
        with_(pod("p"), "spec.containers.0", 3),
        "spec.containers[0]",
        "must be an object",
    ),
    "labels that are a list": (with_(pod("p"), "metadata.labels", ["a"]), "metadata.labels", "must be an object"),
    "a label that is a number": (with_(pod("p"), "metadata.labels", {"a": 1}), "metadata.labels.a", "must be text"),
    "an effect that is none": (node("n", taints=["a=b:Never"]), "spec.taints[0].effect", "NoSchedule"),
    "a taint without a key": (node("n", taints=["=b:NoSchedule"]), "spec.taints[0].key", "must be a text"),
    "an operator that is none": (pod("p", tolerations=[{"operator": "Like"}]), "tolerations[0].operator", "Exists"),
    "a toleration of nothing": (pod("p", tolerations=[{"value": "x"}]), "tolerations[0].key", "Exists"),
    "a protocol that is none": (
        pod("p", ports=[{"hostPort": 1, "containerPort": 1, "protocol": "ICMP"}]),
        "ports[0].protocol",
        "TCP",
    ),
    "a port beyond all ports": (pod("p", ports=[{"hostPort": 70000}]), "ports[0].hostPort", "65,535"),
    "a skew of zero": (pod("p", topologySpreadConstraints=[{**SPREAD, "maxSkew": 0}]), "[0].maxSkew", "must be 1"),
    "a policy that is none": (
        pod("p", topologySpreadConstraints=[{**SPREAD, "nodeTaintsPolicy": "Maybe"}]),
        "[0].nodeTaintsPolicy",
        "Honor",
    ),
    "a wish that is none": (
        pod("p", topologySpreadConstraints=[{**SPREAD, "whenUnsatisfiable": "Please"}]),
        "whenUnsatisfiable",
        "DoNotSchedule",
    ),
    "a weight beyond 100": (
        pod("p", affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 101}]}}),
        "[0].weight",
        "1 to 100",
    ),
    "no terms": (
        pod(
            "p",
            affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
        ),
        "nodeSelectorTerms",
        "at least one",
    ),
    "replicas beyond all bounds": (workload("Deployment", "w", HUGE), "spec.replicas", "10,000,000"),
    "replicas of text": (with_(workload("Deployment", "w"), "spec.replicas", "many"), "spec.replicas", "whole number"),
    "no template": (with_(workload("StatefulSet", "w"), "spec", {}), "spec.template.spec", "spec of a pod"),
    "a budget of both": (budget("b", {}, minAvailable=1, maxUnavailable=1), "spec.maxUnavailable", "one of them"),
    "a budget of 200%": (budget("b", {}, minAvailable="200%"), "spec.minAvailable", "0% to 100%"),
    "a budget of words": (budget("b", {}, minAvailable="most"), "spec.minAvailable", "whole number"),
    "a budget of a half": (budget("b", {}, minAvailable=0.5), "spec.minAvailable", "whole number"),
    "a priority beyond all bounds": (pod("p", priority=2**40), "spec.priority", "must be"),
    "a node without amounts": (with_(node("n"), "status", {}), "status.allocatable", "at least cpu"),
    "a node without pods": (
        with_(node("n"), "status.allocatable", {"cpu": 1, "memory": 1}),
        "allocatable",
        "has no pods",
    ),
    "a name that is missing": (with_(pod("p"), "metadata.name", None), "metadata.name", "is missing"),
    "a date that is none": (with_(pod("p"), "metadata.creationTimestamp", "soon"), "creationTimestamp", "ISO 8601"),
    "cordoned with a word": (with_(node("n"), "spec.unschedulable", "yes"), "spec.unschedulable", "true or false"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_path(name: str) -> None:
    """The file, the place in it, what is wrong and what would be right."""
    document, path, remedy = WRONG[name]
    with pytest.raises(InvalidRequest) as caught:
        cluster_of(node("fine"), document)
    (fault, *_) = [fault for fault in caught.value.faults if path in fault.path]
    assert fault.path.startswith("all.json.items[1].")
    assert remedy in f"{fault.problem}; {fault.remedy}"


@pytest.mark.parametrize(
    "twice", [node("n1"), pod("p", "n1"), workload("Deployment", "w"), budget("b", {}), workload("DaemonSet", "d")]
)
def test_an_object_that_is_there_twice(twice: Object) -> None:
    """In one file or two: the second is at fault, and names the first."""
    with pytest.raises(
        InvalidRequest, match=r"b\.json\.items\[0\]\.metadata\.name: '.*' is also at a\.json\.items\[0\]"
    ):
        read_objects([("a.json", listed([twice])), ("b.json", listed([twice]))])


def test_one_name_in_two_namespaces_is_two_pods() -> None:
    """Names are of a namespace; a node's are of the cluster."""
    cluster = cluster_of(node("n1"), pod("p", "n1"), pod("p", "n1", namespace="other"))
    assert {task.id for task in cluster.problem.tasks} == {"default/p", "other/p"}


def test_every_fault_is_listed_at_once() -> None:
    """At most 100 (§11.1)."""
    with pytest.raises(InvalidRequest) as caught:
        cluster_of(node("n1"), [pod(f"p{k}", phase="Sleeping") for k in range(150)])
    assert len(caught.value.faults) == 100


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", "", "the file ends in the middle"),
        ("a.json", '{"kind": "Node", "apiVersion"', "the file ends in the middle"),
        ("a.json", '{"apiVersion": "v1"} x', "is no JSON"),
        ("a.json", '"apiVersion"', "no object of the Kubernetes API"),
        ("a.json", '{"apiVersion": "v1"}', "kind: is missing"),
        ("a.json", '{"apiVersion": "v1", "kind": 3}', "kind: is missing|kind: is 3"),
        ("a.json", '{"apiVersion": "v1", "kind": "List", "items": [5]}', r"items\[0\]: is 5"),
        ("a.json", '{"apiVersion": "v1", "kind": "List", "items": []}', "holds no node"),
        ("a.json", "[" * 100_000 + '"apiVersion"', "nested too deeply|ends in the middle"),
        ("a.json", "[" * 500 + '"apiVersion"' + "]" * 500, "no object of the Kubernetes API"),
        ("a.yaml", "apiVersion: v1\nkind: [", "is no YAML"),
        ("a.yaml", "apiVersion: &a v1\nkind: *a\n", "alias"),
        ("a.yaml", "apiVersion: v1\nkind: !!python/object/apply:os.system [ls]\n", "is no YAML"),
    ],
)
def test_a_file_that_is_something_else(tmp_path: Path, name: str, content: str, said: str) -> None:
    """Truncated, of another kind, too deep, or with what YAML can do and the API never does."""
    (tmp_path / name).write_text(content)
    with pytest.raises(UnreadableDocument, match=said):
        read(tmp_path)


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    """Several YAML documents in a file are several objects."""
    objects = [node("n1"), *deployment("web", ["n1"], 2)]
    (tmp_path / "all.yaml").write_text("---\n".join(json.dumps(one) + "\n" for one in objects))
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "all.json").write_text(json.dumps(listed(objects)))
    one, other = read(tmp_path), read(tmp_path / "json")
    assert one.problem.groups == other.problem.groups and one.pending == other.pending


def test_documents_changed_at_random_are_read_or_refused() -> None:
    """A value of another type anywhere gives a cluster or faults, and nothing else (seeds 0 to 49)."""
    values: list[Any] = [None, True, -1, 10**30, 0.5, "", "x", "\ud800", [], {}, [[]], [{}], {"a": {}}, "1e999"]
    whole = dump(nodes=40)
    refused = 0
    for seed in range(50):
        r = random.Random(seed)
        objects = copy.deepcopy(whole)
        for _ in range(r.randint(1, 3)):
            at: Any = r.choice([one for one in objects if one])
            while True:
                key = r.choice(list(at) if isinstance(at, dict) else range(len(at)))
                if isinstance(at[key], (dict, list)) and at[key] and r.random() < 0.75:
                    at = at[key]
                    continue
                at[key] = copy.deepcopy(r.choice(values))
                break
        try:
            cluster_of(objects)
        except PlacementSolverError:
            refused += 1
    assert 10 < refused < 50
