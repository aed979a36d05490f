"""What a pod requests (Kubernetes documentation, Init Containers, Sidecar Containers, Pod Overhead)."""

from __future__ import annotations

from typing import Any

import pytest

from solver.errors import Fault
from solver.formats.ecs.documents import Element
from solver.formats.kubernetes.requests import read_requests


def of(spec: dict[str, Any], status: dict[str, Any] | None = None) -> dict[str, int]:
    """What a spec requests, without faults."""
    faults: list[Fault] = []
    found = read_requests(Element(spec, "spec", faults), None if status is None else Element(status, "status", faults))
    assert not faults
    return found


def container(cpu: str, name: str = "c", **more: Any) -> dict[str, Any]:
    """A container that requests CPU."""
    return {"name": name, "resources": {"requests": {"cpu": cpu}}, **more}


CASES = {
    "containers add up": ({"containers": [container("100m"), container("0.2")]}, 300),
    "an init container counts alone": ({"containers": [container("100m")], "initContainers": [container("1")]}, 1000),
    "a smaller one does not count": ({"containers": [container("2")], "initContainers": [container("1")] * 5}, 2000),
    "a sidecar runs on": (
        {"containers": [container("100m")], "initContainers": [container("50m", restartPolicy="Always")]},
        150,
    ),
    "an init container beside the sidecars before it": (
        {
            "containers": [container("100m")],
            "initContainers": [
                container("300m", restartPolicy="Always"),
                container("500m"),
                container("200m", restartPolicy="Always"),
            ],
        },
        800,
    ),
    "and not beside those after it": (
        {
            "containers": [container("100m")],
            "initContainers": [container("500m"), container("300m", restartPolicy="Always")],
        },
        500,
    ),
    "overhead comes on top": (
        {"containers": [container("100m")], "initContainers": [container("1")], "overhead": {"cpu": "250m"}},
        1250,
    ),
    "the pod as a whole in place of its containers": (
        {"containers": [container("100m")], "resources": {"requests": {"cpu": "2"}}, "overhead": {"cpu": "10m"}},
        2010,
    ),
    "a limit stands for a request": ({"containers": [{"name": "c", "resources": {"limits": {"cpu": "700m"}}}]}, 700),
    "a request stands before a limit": (
        {"containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}, "requests": {"cpu": "1"}}}]},
        1000,
    ),
    "a number as YAML has it": ({"containers": [{"name": "c", "resources": {"requests": {"cpu": 0.5}}}]}, 500),
    "nothing": ({"containers": [{"name": "c"}]}, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_requests_of_cpu(name: str) -> None:
    """``max(containers and sidecars, each init container with the sidecars before it) + overhead``."""
    spec, expected = CASES[name]
    assert of(spec).get("cpu", 0) == expected


def test_every_pod_counts_against_pods() -> None:
    """One of ``pods``, whatever it requests."""
    assert of({"containers": [{"name": "c"}]}) == {"pods": 1}


def test_resources_are_judged_one_by_one() -> None:
    """The larger of two phases is not the same phase for every resource."""
    first = {"name": "i", "resources": {"requests": {"cpu": "2", "memory": "1Mi"}}}
    main = {"name": "c", "resources": {"requests": {"cpu": "1", "memory": "5Mi", "nvidia.com/gpu": "2"}}}
    found = of({"containers": [main], "initContainers": [first]})
    assert found == {"cpu": 2000, "memory": 5 << 20, "nvidia.com/gpu": 2, "pods": 1}


def test_a_pod_that_is_resized_takes_the_larger() -> None:
    """What it has been allocated counts until it is smaller (KEP-1287)."""
    spec = {"containers": [container("100m", "a")]}
    status = {"containerStatuses": [{"name": "a", "allocatedResources": {"cpu": "400m"}}]}
    assert of(spec, status)["cpu"] == 400
    status["containerStatuses"][0]["allocatedResources"] = {"cpu": "50m"}
    assert of(spec, status)["cpu"] == 100
