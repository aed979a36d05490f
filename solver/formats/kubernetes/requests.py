"""What a pod requests (Kubernetes documentation, Init Containers, Sidecar Containers, Pod Overhead; KEP-753, resource
calculation for scheduling).

``max(containers and sidecars together, each init container with the sidecars before it) + overhead``, resource by resource;
what the pod as a whole requests of CPU, memory and huge pages stands in place of its containers' sum. While a pod is being
resized, the larger of what it asks for and what it has counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from solver.formats.ecs.documents import Element
from solver.formats.kubernetes.amounts import CPU, HUGE_PAGES, MEMORY, PODS, added, larger, read_amounts


def read_requests(spec: Element, status: Element | None = None) -> dict[str, int]:
    """Thousandths of a CPU, bytes, or pieces, by resource; and one of ``pods``.

    Parameters
    ----------
    status
        Of a pod that exists.
    """
    if not spec.elements("containers") and spec.value:
        spec.fault("containers", "is empty", "must have at least one container")
    now = _allocated(status)
    together = added(_of_container(container, now) for container in spec.elements("containers"))
    sidecars: dict[str, int] = {}
    first: dict[str, int] = {}
    for container in spec.elements("initContainers"):
        request = _of_container(container, now)
        if container.text("restartPolicy") == "Always":
            together = added((together, request))
            sidecars = added((sidecars, request))
            first = larger(first, sidecars)
        else:
            first = larger(first, added((request, sidecars)))
    found = larger(together, first)
    whole = spec.element("resources")
    for resource, amount in _of_resources(whole).items():
        if resource in (CPU, MEMORY) or resource.startswith(HUGE_PAGES):
            found[resource] = amount
    found = added((found, read_amounts(spec, "overhead")))
    found[PODS] = 1
    return {resource: amount for resource, amount in found.items() if amount}


def _of_container(container: Element, now: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    found = _of_resources(container.element("resources"))
    return larger(found, now.get(container.text("name"), {}))


def _of_resources(resources: Element | None) -> dict[str, int]:
    """Requests; of what has only a limit, the limit."""
    return read_amounts(resources, "requests", read_amounts(resources, "limits"))


def _allocated(status: Element | None) -> dict[str, dict[str, int]]:
    """By container, what a pod that is being resized has now."""
    found: dict[str, dict[str, int]] = {}
    for name in ("containerStatuses", "initContainerStatuses"):
        for container in status.elements(name) if status else ():
            if container.has("allocatedResources"):
                found[container.text("name")] = read_amounts(container, "allocatedResources")
    return found
