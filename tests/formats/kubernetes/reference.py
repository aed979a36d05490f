"""kube-scheduler's filters for one pod, written from the documentation: raw JSON in, names of nodes out, none of our modules.

Pages: assign-pod-node, taint-and-toleration, topology-spread-constraints; API: Pod v1. For pods in one namespace, with
quantities in whole CPUs and thousandths, and selectors of ``matchLabels`` alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

Object = dict[str, Any]
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def milli(text: str) -> int:
    """Thousandths of a CPU."""
    return int(text[:-1]) if text.endswith("m") else 1000 * int(text)


def labels(one: Object) -> dict[str, str]:
    """The labels of an object."""
    found: dict[str, str] = one["metadata"].get("labels", {})
    return found


def selects(selector: Object | None, one: Object) -> bool:
    """Whether a label selector matches; an absent one matches nothing."""
    return selector is not None and all(labels(one).get(k) == v for k, v in selector.get("matchLabels", {}).items())


def matches(requirement: Object, own: dict[str, str]) -> bool:
    """A node selector requirement."""
    value, values = own.get(requirement["key"]), requirement.get("values", [])
    operator = requirement["operator"]
    if operator == "In":
        return value in values
    if operator == "NotIn":
        return value not in values
    if operator in ("Exists", "DoesNotExist"):
        return (value is not None) == (operator == "Exists")
    if value is None or not value.lstrip("-").isdigit():
        return False
    return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])


def admits(node: Object, pod: Object) -> bool:
    """Node selector and required node affinity."""
    spec, own = pod["spec"], labels(node)
    if any(own.get(k) != v for k, v in spec.get("nodeSelector", {}).items()):
        return False
    required = spec.get("affinity", {}).get("nodeAffinity", {}).get(REQUIRED)
    if required is None:
        return True
    return any(all(matches(r, own) for r in term["matchExpressions"]) for term in required["nodeSelectorTerms"])


def tolerated(node: Object, pod: Object) -> bool:
    """Taints that refuse."""
    for taint in [*node["spec"].get("taints", []), *cordon(node)]:
        if taint["effect"] != "PreferNoSchedule" and not any(
            tolerates(t, taint) for t in pod["spec"].get("tolerations", [])
        ):
            return False
    return True


def cordon(node: Object) -> list[Object]:
    """The taint that a cordoned node has."""
    unschedulable = {"key": "node.kubernetes.io/unschedulable", "value": "", "effect": "NoSchedule"}
    return [unschedulable] if node["spec"].get("unschedulable") else []


def tolerates(toleration: Object, taint: Object) -> bool:
    """One toleration, one taint."""
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    same = toleration["key"] == taint["key"]
    return same and (toleration.get("operator") == "Exists" or toleration.get("value", "") == taint["value"])


def fits(node: Object, pod: Object, pods: Sequence[Object]) -> bool:
    """CPU, the number of pods, host ports."""
    here = [one for one in pods if one["spec"].get("nodeName") == node["metadata"]["name"]]
    offered = node["status"]["allocatable"]
    taken = sum(milli(c["resources"]["requests"]["cpu"]) for one in [*here, pod] for c in one["spec"]["containers"])
    held = {port for one in here for port in ports(one)}
    return taken <= milli(offered["cpu"]) and len(here) < int(offered["pods"]) and held.isdisjoint(ports(pod))


def ports(pod: Object) -> set[int]:
    """Its host ports."""
    return {p["hostPort"] for c in pod["spec"]["containers"] for p in c.get("ports", []) if "hostPort" in p}


def beside(node: Object, pod: Object, pods: Sequence[Object], nodes: Sequence[Object]) -> bool:
    """Required pod affinity and anti-affinity, its own and, of the latter, that of pods which run."""
    own = {one["metadata"]["name"]: labels(one) for one in nodes}
    affinity = pod["spec"].get("affinity", {})

    def there(one: Object, key: str) -> bool:
        value = labels(node).get(key)
        return value is not None and own[one["spec"]["nodeName"]].get(key) == value

    near = affinity.get("podAffinity", {}).get(REQUIRED, [])
    for term in near:
        if term["topologyKey"] not in labels(node):
            return False
    anywhere = all(any(selects(t["labelSelector"], one) for one in pods) for t in near)
    first = not anywhere and all(selects(t["labelSelector"], pod) for t in near)
    if near and not first:
        for term in near:
            if not any(selects(term["labelSelector"], one) and there(one, term["topologyKey"]) for one in pods):
                return False
    for term in affinity.get("podAntiAffinity", {}).get(REQUIRED, []):
        if any(selects(term["labelSelector"], one) and there(one, term["topologyKey"]) for one in pods):
            return False
    for one in pods:
        for term in one["spec"].get("affinity", {}).get("podAntiAffinity", {}).get(REQUIRED, []):
            if selects(term["labelSelector"], pod) and there(one, term["topologyKey"]):
                return False
    return True


def spreads(node: Object, pod: Object, pods: Sequence[Object], nodes: Sequence[Object]) -> bool:
    """Topology spread constraints that refuse."""
    hard = [c for c in pod["spec"].get("topologySpreadConstraints", []) if c["whenUnsatisfiable"] == "DoNotSchedule"]
    keys = [c["topologyKey"] for c in hard]
    for constraint in hard:
        key = constraint["topologyKey"]
        if key not in labels(node):
            return False
        counts: Counter[str] = Counter()
        for other in nodes:
            if any(k not in labels(other) for k in keys):
                continue
            if constraint.get("nodeAffinityPolicy", "Honor") == "Honor" and not admits(other, pod):
                continue
            if constraint.get("nodeTaintsPolicy", "Ignore") == "Honor" and not tolerated(other, pod):
                continue
            here = [one for one in pods if one["spec"].get("nodeName") == other["metadata"]["name"]]
            counts[labels(other)[key]] += sum(selects(constraint["labelSelector"], one) for one in here)
        least = 0 if len(counts) < constraint.get("minDomains", 1) else min(counts.values(), default=0)
        if counts[labels(node)[key]] + selects(constraint["labelSelector"], pod) - least > constraint["maxSkew"]:
            return False
    return True


def filtered(nodes: Sequence[Object], pods: Sequence[Object], pod: Object) -> set[str]:
    """The nodes that take the pod; a cordoned one takes none here, not even of those that tolerate it."""
    return {
        node["metadata"]["name"]
        for node in nodes
        if not cordon(node)
        and admits(node, pod)
        and tolerated(node, pod)
        and fits(node, pod, pods)
        and beside(node, pod, pods, nodes)
        and spreads(node, pod, pods, nodes)
    }
