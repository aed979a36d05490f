"""Disruption budgets: how many pods may be gone at once on the way (Kubernetes documentation, Disruptions; API,
PodDisruptionBudget).

A budget keeps ``minAvailable`` of the pods that it selects, or lets ``maxUnavailable`` be gone; percentages are of the pods
that there should be, rounded up. The domain bounds the healthy tasks of a family by a percentage of it (§9.2). Where a budget
covers several families, each gets a share of what may be gone, so that together they keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from solver.formats.ecs.documents import Element, shown
from solver.formats.ecs.remarks import Remarks, listed
from solver.formats.kubernetes.documents import namespace_of
from solver.formats.kubernetes.selectors import Selector, read_selector


@dataclass(frozen=True)
class Amount:
    """A number of pods, or a percentage."""

    number: int
    percent: bool

    def of(self, total: int) -> int:
        """How many pods it is, rounded up."""
        return -(-self.number * total // 100) if self.percent else self.number


@dataclass(frozen=True)
class Budget:
    """One budget: at most one of ``available`` and ``unavailable`` is there; without either all pods may be gone."""

    namespace: str
    name: str
    selector: Selector | None
    available: Amount | None
    unavailable: Amount | None

    def allows(self, expected: int, healthy: int) -> int:
        """How many of the healthy pods may be gone, where so many are expected."""
        if self.unavailable is not None:
            kept = max(expected - self.unavailable.of(expected), 0)
        else:
            kept = self.available.of(expected) if self.available is not None else 0
        return max(healthy - kept, 0)


def read_budgets(documents: Iterable[Element]) -> list[Budget]:
    """Every budget, in the documents' order."""
    return [found for document in documents if (found := _budget(document))]


def _budget(document: Element) -> Budget | None:
    metadata, spec = document.element("metadata"), document.element("spec")
    if metadata is None or spec is None:
        return None
    available, unavailable = (_amount(spec, name) for name in ("minAvailable", "maxUnavailable"))
    if available is not None and unavailable is not None:
        spec.fault("maxUnavailable", "is there, and minAvailable too", "have one of them")
    return Budget(
        namespace_of(metadata), metadata.text("name"), read_selector(spec, "selector"), available, unavailable
    )


def _amount(spec: Element, name: str) -> Amount | None:
    """A whole number, or a percentage as text; None where it is absent or, with a fault, none."""
    if not spec.has(name):
        return None
    value = spec.value[name]
    text = value if isinstance(value, str) else str(value)
    digits = text.removesuffix("%")
    whole = digits.isascii() and digits.isdigit() and len(digits) <= 9 and not isinstance(value, (bool, float))
    percent = text.endswith("%")
    if not whole or (percent and int(digits) > 100):
        spec.fault(name, f"is {shown(value)}", "must be a whole number, or a percentage from 0% to 100%")
        return None
    return Amount(int(digits), percent)


@dataclass
class Member:
    """Pods of a family that a budget may select: how many there should be, how many run and how many of these are healthy.

    Parameters
    ----------
    labels
        Of each pod that runs, and whether it is healthy.
    """

    family: str
    namespace: str
    expected: int
    labels: Sequence[tuple[Mapping[str, str], bool]]


def allowances(budgets: Iterable[Budget], members: Sequence[Member], remarks: Remarks) -> dict[str, int]:
    """By family that a budget covers, how many of its healthy pods may be gone at once; the strictest where several do."""
    found: dict[str, int] = {}
    covered: dict[str, str] = {}
    twice: list[str] = []
    for budget in budgets:
        chosen = [(m, *_selected(budget, m)) for m in members if m.namespace == budget.namespace]
        chosen = [(m, running, healthy) for m, running, healthy in chosen if running]
        if not chosen:
            continue
        expected = sum(_expected(m, running) for m, running, _ in chosen)
        allowed = budget.allows(expected, sum(healthy for _, _, healthy in chosen))
        shares = _shares(allowed, [healthy for _, _, healthy in chosen])
        if len(chosen) > 1:
            names = listed(m.family for m, _, _ in chosen)
            remarks.say(
                f"the disruption budget {budget.namespace}/{budget.name} covers {names}: each gets a share of the "
                f"{allowed:,} that may be gone at once"
            )
        for (member, running, _), share in zip(chosen, shares, strict=True):
            if running < len(member.labels):
                remarks.say(
                    f"the disruption budget {budget.namespace}/{budget.name} covers only some of the pods of "
                    f"{member.family}: it counts for all of them"
                )
            if member.family in covered:
                twice.append(member.family)
            covered[member.family] = budget.name
            found[member.family] = min(share, found.get(member.family, share))
    text = "{names} has several disruption budgets, and the eviction API refuses its pods: the strictest counts"
    remarks.about(twice, text, text.replace("has several", "have several"))
    return found


def _selected(budget: Budget, member: Member) -> tuple[int, int]:
    """How many pods of a family a budget selects, and how many of them are healthy."""
    if budget.selector is None:
        return 0, 0
    healthy = [is_healthy for labels, is_healthy in member.labels if budget.selector.matches(labels)]
    return len(healthy), sum(healthy)


def _expected(member: Member, running: int) -> int:
    """Of a family all of whose pods are selected, those that there should be."""
    return max(member.expected, running) if running == len(member.labels) else running


def _shares(allowed: int, healthy: Sequence[int]) -> list[int]:
    """What each family may lose, in proportion to what it has, the rest to the largest."""
    total = sum(healthy)
    if not total:
        return [0] * len(healthy)
    shares = [allowed * count // total for count in healthy]
    for k in sorted(range(len(healthy)), key=lambda k: -healthy[k])[: allowed - sum(shares)]:
        shares[k] += 1
    return shares


def least_percent(total: int, kept: int) -> int:
    """A percentage of which ``ceil(total * percent / 100)`` is ``kept``, or else the smallest of which it is more."""
    if not total or kept <= 0:
        return 0
    percent = min(100 * kept // total, 100)
    return percent if -(-percent * total // 100) >= kept else percent + 1
