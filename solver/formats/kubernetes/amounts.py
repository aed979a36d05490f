"""Amounts of resources: what a document writes, and the unit in which the domain counts each (§2.2).

``cpu`` is counted in thousandths of a CPU, as kube-scheduler does; memory, storage and huge pages in MiB where all that is
requested is whole MiB, else in KiB, else in bytes, so that nothing is rounded: what a node has beyond a multiple of the unit
no sum of requests can use. Everything else is counted one by one. Source: Kubernetes documentation, Resource Management for
Pods and Containers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from solver.formats.ecs.documents import Element, shown
from solver.formats.kubernetes.quantity import USAGE, parse_quantity, rounded_up

CPU, MEMORY, PODS, STORAGE, HUGE_PAGES = "cpu", "memory", "pods", "ephemeral-storage", "hugepages-"
UNITS = ((1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes"))
LARGEST_TOTAL = 1 << 52
"""Of a resource over all nodes, in its unit: sums with the pods stay below 2^53 (§11.2)."""

VOLUMES = "attachable-volumes-"


def is_in_bytes(resource: str) -> bool:
    """Whether a resource is measured in bytes."""
    return resource in (MEMORY, STORAGE) or resource.startswith(HUGE_PAGES)


def read_amounts(owner: Element | None, name: str, defaults: Mapping[str, int] | None = None) -> dict[str, int]:
    """A list of resources: thousandths of a CPU, bytes, or pieces; with defaults for what is not named."""
    found = dict(defaults or {})
    listed = None if owner is None else owner.element(name)
    if listed is None:
        return found
    for resource, value in listed.value.items():
        amount = _amount(listed, resource, value)
        if amount is not None:
            found[resource] = amount
    return found


def _amount(listed: Element, resource: str, value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        listed.fault(resource, f"is {shown(value)}", USAGE)
        return None
    number = parse_quantity(value if isinstance(value, str) else repr(value))
    if number is None:
        listed.fault(resource, f"is {shown(value)}", USAGE)
        return None
    if resource == CPU:
        return rounded_up(number, 1000)
    if "/" in resource and number.denominator != 1:
        listed.fault(resource, f"is {shown(value)}", "must be whole: a piece of an extended resource is not divided")
        return None
    return rounded_up(number)


def added(amounts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Amounts together."""
    total: dict[str, int] = {}
    for each in amounts:
        for resource, amount in each.items():
            total[resource] = total.get(resource, 0) + amount
    return total


def larger(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The larger of two, resource by resource."""
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in (*one, *(set(other) - set(one)))}


@dataclass(frozen=True)
class Scale:
    """How much of what a document writes makes one in the domain, by resource."""

    unit: Mapping[str, int]
    coarse: frozenset[str] = frozenset()
    """Resources whose requests are rounded up, since the exact unit would make sums too large."""

    @classmethod
    def of(cls, capacities: Iterable[Mapping[str, int]], requests: Iterable[Mapping[str, int]]) -> Scale:
        """The largest unit that divides every request, or a larger one where the sums would be too large."""
        total = added(capacities)
        asked: dict[str, set[int]] = {}
        for request in requests:
            for resource, amount in request.items():
                asked.setdefault(resource, set()).add(amount)
        unit, coarse = {}, set()
        for resource in {*total, *asked}:
            if not is_in_bytes(resource):
                unit[resource] = 1
                continue
            amounts = asked.get(resource, set())
            exact = next(size for size, _ in UNITS if all(amount % size == 0 for amount in amounts))
            unit[resource] = next(
                (
                    size
                    for size, _ in reversed(UNITS)
                    if size >= exact and total.get(resource, 0) // size <= LARGEST_TOTAL
                ),
                UNITS[0][0],
            )
            if unit[resource] > exact:
                coarse.add(resource)
        return cls(unit, frozenset(coarse))

    def requested(self, resource: str, amount: int) -> int:
        """What a request comes to: exact, or rounded up."""
        return -(-amount // self.unit.get(resource, 1))

    def held(self, resource: str, amount: int) -> int:
        """What a node's amount comes to, rounded down."""
        return amount // self.unit.get(resource, 1)

    def warnings(self) -> Iterable[str]:
        """What people should know about units that are not MiB."""
        for resource, size in sorted(self.unit.items()):
            if is_in_bytes(resource) and size != UNITS[0][0]:
                name = next(name for other, name in UNITS if other == size)
                yield f"{resource} is counted in {name}, since a pod requests no whole number of MiB"
        for resource in sorted(self.coarse):
            yield f"{resource}: requests are rounded up, since sums in a finer unit would exceed 2^53"
