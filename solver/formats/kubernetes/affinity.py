"""Pod affinity, anti-affinity and topology spread: which pods a pod goes by (Kubernetes documentation, Assigning Pods to
Nodes, Pod Topology Spread Constraints).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from solver.formats.ecs.documents import Element, shown
from solver.formats.kubernetes.selectors import (
    IN,
    NOT_IN,
    Requirement,
    Selector,
    is_label_key,
    read_selector,
)

REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
DO_NOT, ANYWAY = "DoNotSchedule", "ScheduleAnyway"
HONOR, IGNORE = "Honor", "Ignore"
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Chosen:
    """Which pods a rule is about.

    Parameters
    ----------
    selector
        None selects no pod.
    namespaces
        By name.
    of_namespaces
        Those whose labels it selects, besides.
    """

    selector: Selector | None
    namespaces: tuple[str, ...]
    of_namespaces: Selector | None = None

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether it selects pods with these labels, in its namespaces."""
        return self.selector is not None and self.selector.matches(labels)


@dataclass(frozen=True)
class PodTerm:
    """A term of pod affinity or anti-affinity; ``weight`` is 0 where it is required."""

    chosen: Chosen
    key: str
    weight: int = 0
    same: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    """Labels that must be the same as, or other than, the pod's own (``matchLabelKeys``, ``mismatchLabelKeys``)."""

    def chosen_by(self, labels: Mapping[str, str]) -> Chosen:
        """Which pods it is about for a pod with these labels."""
        return _with_labels(self.chosen, labels, self.same, self.other)


@dataclass(frozen=True)
class Spread:
    """A topology spread constraint."""

    chosen: Chosen
    key: str
    skew: int
    hard: bool
    least: int = 1
    by_affinity: bool = True
    by_taints: bool = False
    same: tuple[str, ...] = ()

    def chosen_by(self, labels: Mapping[str, str]) -> Chosen:
        """Which pods it counts for a pod with these labels."""
        return _with_labels(self.chosen, labels, self.same, ())


def _with_labels(chosen: Chosen, labels: Mapping[str, str], same: tuple[str, ...], other: tuple[str, ...]) -> Chosen:
    more = [Requirement(key, IN, (labels[key],)) for key in same if key in labels]
    more += [Requirement(key, NOT_IN, (labels[key],)) for key in other if key in labels]
    if chosen.selector is None or not more:
        return chosen
    selector = Selector((*chosen.selector.requirements, *more))
    return Chosen(selector, chosen.namespaces, chosen.of_namespaces)


def read_pod_affinity(affinity: Element | None, namespace: str) -> tuple[tuple[PodTerm, ...], tuple[PodTerm, ...]]:
    """The terms of affinity and of anti-affinity."""
    near, apart = (
        _terms(affinity.element(name) if affinity else None, namespace) for name in ("podAffinity", "podAntiAffinity")
    )
    return near, apart


def _terms(affinity: Element | None, namespace: str) -> tuple[PodTerm, ...]:
    if affinity is None:
        return ()
    found = [_term(element, namespace, 0) for element in affinity.elements(REQUIRED)]
    for element in affinity.elements(PREFERRED):
        weight, term = read_weight(element), element.element("podAffinityTerm")
        if term is None:
            element.fault("podAffinityTerm", "is missing", "must be a pod affinity term")
        elif weight:
            found.append(_term(term, namespace, weight))
    return tuple(found)


def read_weight(element: Element) -> int:
    """The weight of a preference, 1 to 100; 0, with a fault, where it is none."""
    if not element.has("weight"):
        element.fault("weight", "is missing", "must be 1 to 100")
    return element.amount("weight", 1, 100)


def _term(element: Element, namespace: str, weight: int) -> PodTerm:
    namespaces, of_namespaces = tuple(sorted(element.texts("namespaces"))), read_selector(element, "namespaceSelector")
    if not namespaces and of_namespaces is None:
        namespaces = (namespace,)
    return PodTerm(
        chosen=Chosen(read_selector(element, "labelSelector"), namespaces, of_namespaces),
        key=_key(element),
        weight=weight,
        same=tuple(element.texts("matchLabelKeys")),
        other=tuple(element.texts("mismatchLabelKeys")),
    )


def _key(element: Element) -> str:
    key = element.needed("topologyKey")
    if key and not is_label_key(key):
        element.fault("topologyKey", f"is {shown(key)}", "must be the key of a label")
    return key


def read_spreads(spec: Element, namespace: str) -> tuple[Spread, ...]:
    """The topology spread constraints of a pod."""
    return tuple(_spread(element, namespace) for element in spec.elements("topologySpreadConstraints"))


def _spread(element: Element, namespace: str) -> Spread:
    skew = element.amount("maxSkew", 1, LARGEST)
    if not element.has("maxSkew"):
        element.fault("maxSkew", "is missing", "must be a whole number from 1")
    policy = _one_of(element, "whenUnsatisfiable", (DO_NOT, ANYWAY), needed=True)
    return Spread(
        chosen=Chosen(read_selector(element, "labelSelector"), (namespace,)),
        key=_key(element),
        skew=max(skew, 1),
        hard=policy != ANYWAY,
        least=element.amount("minDomains", 1, LARGEST) or 1,
        by_affinity=_one_of(element, "nodeAffinityPolicy", (HONOR, IGNORE)) != IGNORE,
        by_taints=_one_of(element, "nodeTaintsPolicy", (HONOR, IGNORE)) == HONOR,
        same=tuple(element.texts("matchLabelKeys")),
    )


def _one_of(element: Element, name: str, values: tuple[str, ...], *, needed: bool = False) -> str:
    found = element.needed(name) if needed else element.text(name)
    if found and found not in values:
        element.fault(name, f"is {shown(found)}", f"must be one of {', '.join(values)}")
    return found
