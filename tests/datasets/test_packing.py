"""Workload N4: the instances that the published figures were measured on."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from datasets.packing import packing_cluster


@pytest.fixture(scope="module")
def generator(published: Callable[[str], Path]) -> ModuleType:
    """The program that made the published instances."""
    path = published("packing_vs_schedulers/generate.py")
    spec = importlib.util.spec_from_file_location("published_packing", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("tasks", "instances", "seed"), [(1000, 500, 1), (1000, 500, 2), (1000, 500, 3), (47, 10, 4)])
def test_the_draws_are_those_of_the_published_instances(
    generator: ModuleType, tasks: int, instances: int, seed: int
) -> None:
    """Instances, zones, services and task counts are equal, seed by seed."""
    theirs, ours = generator.instance(tasks, instances, seed), packing_cluster(tasks, instances, seed)
    assert ours.names == tuple(node["name"] for node in theirs["nodes"])
    assert tuple(zone[-1] for zone in ours.zones) == tuple(node["az"] for node in theirs["nodes"])
    assert ours.capacity.tolist() == [[node["cpu"], node["mem"]] for node in theirs["nodes"]]
    assert ours.used.tolist() == [[node["ucpu"], node["umem"]] for node in theirs["nodes"]]
    counts = Counter(task["svc"] for task in theirs["tasks"])
    assert ours.tasks.tolist() == [counts[service] for service in range(theirs["nsvc"])]
    sizes = {task["svc"]: [task["cpu"], task["mem"]] for task in theirs["tasks"]}
    assert ours.demand.tolist() == [sizes[service] for service in range(theirs["nsvc"])]


def test_a_seed_gives_one_cluster_and_another_seed_another() -> None:
    """Seed 1 of 1,000 tasks on 500 instances begins as published; seed 2 does not."""
    one, again, other = packing_cluster(1000, 500, 1), packing_cluster(1000, 500, 1), packing_cluster(1000, 500, 2)
    assert np.array_equal(one.used, again.used) and np.array_equal(one.demand, again.demand)
    assert not np.array_equal(one.used, other.used)
    assert one.tasks.sum() == 1000 and len(one.tasks) == 50


def test_nothing_is_overfull_and_empty_means_nothing_used() -> None:
    """Used never exceeds capacity; a third of the instances or so are empty, the rest are not."""
    cluster = packing_cluster(1000, 500, 3)
    assert (cluster.free >= 0).all()
    assert (cluster.used[cluster.empty] == 0).all() and (cluster.used[~cluster.empty].sum(axis=1) > 0).all()
    assert 100 < cluster.empty.sum() < 250
