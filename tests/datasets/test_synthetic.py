"""Synthetic clusters: each axis does what it says, and every document is ECS's."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datasets.synthetic import generate, main
from solver.errors import InvalidRequest
from tests.datasets.api_shapes import amount, faults, read, strings


@dataclass
class Measured:
    """What a cluster directory holds."""

    instances: list[Any]
    tasks: list[Any]
    services: list[Any]

    @property
    def free(self) -> list[float]:
        """Share of CPU free, per instance."""
        return [amount(i, "remaining", "CPU") / amount(i, "registered", "CPU") for i in self.instances]

    @property
    def fill(self) -> float:
        """Share of the cluster's CPU in use."""
        registered = sum(amount(i, "registered", "CPU") for i in self.instances)
        return 1 - sum(amount(i, "remaining", "CPU") for i in self.instances) / registered

    @property
    def in_use(self) -> int:
        """Instances with a task."""
        return sum(share < 1 for share in self.free)


def made(directory: Path, **axes: Any) -> Measured:
    generate(directory, **{"instances": 60, "services": 20, "seed": 7, **axes})
    return Measured(
        read(directory, "container-instances.json", "containerInstances"),
        read(directory, "tasks.json", "tasks"),
        read(directory, "services.json", "services"),
    )


def pools(service: Any) -> set[str] | None:
    """The pools that a service's ``memberOf`` lists; ``None`` where it has none."""
    for rule in service["placementConstraints"]:
        if "attribute:pool in [" in rule.get("expression", ""):
            return set(rule["expression"].partition("[")[2].rstrip("]").split(", "))
    return None


@pytest.mark.parametrize("fill", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_fill_is_the_share_of_cpu_in_use(tmp_path: Path, fill: float) -> None:
    """Running tasks take that share of the CPU units, within 0.02."""
    assert made(tmp_path, fill=fill, tightness=0).fill == pytest.approx(fill, abs=0.02)


def test_fragmentation_0_leaves_whole_instances_free_and_100_none(tmp_path: Path) -> None:
    """At 0 nearly all that is free is in empty instances; at 100 every instance is in use, about equally."""
    packed = made(tmp_path, fragmentation=0, tightness=0, fill=0.5)
    even = made(tmp_path, fragmentation=100, tightness=0, fill=0.5)
    empty = sum(share for share in packed.free if share == 1)
    assert empty / sum(packed.free) > 0.85
    assert even.in_use == 60
    assert statistics.pstdev(even.free) < 0.1 < 0.4 < statistics.pstdev(packed.free)


@pytest.mark.parametrize("tightness", [0.0, 0.5])
def test_more_fragmentation_is_more_instances_in_use_more_evenly(tmp_path: Path, tightness: float) -> None:
    """Instances in use grow with the axis and the spread of the free shares falls; the fill stays."""
    steps = [made(tmp_path, fragmentation=f, tightness=tightness, fill=0.5) for f in (0, 25, 50, 75, 100)]
    in_use = [step.in_use for step in steps]
    uneven = [statistics.pstdev(step.free) for step in steps]
    assert in_use == sorted(set(in_use))
    assert uneven == sorted(set(uneven), reverse=True)
    assert max(step.fill for step in steps) - min(step.fill for step in steps) < 0.02


def test_tightness_is_the_share_of_services_with_rules_and_how_few_instances_they_admit(tmp_path: Path) -> None:
    """The share of constrained services is the axis; each may use ``1 - 0.8 * tightness`` of the instances."""
    for tightness in (0.0, 0.25, 0.5, 0.75, 1.0):
        cluster = made(tmp_path, tightness=tightness)
        constrained = [service for service in cluster.services if service["placementConstraints"]]
        assert len(constrained) == round(tightness * 20)
        of_pool = Counter(next(a["value"] for a in i["attributes"] if a["name"] == "pool") for i in cluster.instances)
        for service in constrained:
            admitted = sum(of_pool[pool] for pool in pools(service) or ())
            assert admitted / 60 == pytest.approx(1 - 0.8 * tightness, abs=0.026)


def test_running_tasks_obey_the_rules(tmp_path: Path) -> None:
    """Pools, ``distinctInstance``, anti-affinity and static ports hold; nothing is overfull."""
    cluster = made(tmp_path, services=60, tightness=1.0, fill=0.7)
    pool_of = {
        i["containerInstanceArn"]: next(a["value"] for a in i["attributes"] if a["name"] == "pool")
        for i in cluster.instances
    }
    places: dict[str, list[str]] = defaultdict(list)
    for task in cluster.tasks:
        places[task["group"]].append(task["containerInstanceArn"])
    kinds = set()
    for service in cluster.services:
        mine = places[f"service:{service['serviceName']}"]
        assert {pool_of[arn] for arn in mine} <= (pools(service) or set())
        for rule in service["placementConstraints"]:
            if rule["type"] == "distinctInstance":
                kinds.add("distinct")
                assert len(set(mine)) == len(mine)
            elif rule["expression"].startswith("not(task:group == "):
                kinds.add("avoids")
                assert not set(mine) & set(places[rule["expression"][len("not(task:group == ") : -1]])
    assert kinds == {"distinct", "avoids"}
    assert any(len(strings(i, "remaining", "PORTS")) > 5 for i in cluster.instances)
    for instance in cluster.instances:
        assert amount(instance, "remaining", "CPU") >= 0 and amount(instance, "remaining", "MEMORY") >= 0
        used = strings(instance, "remaining", "PORTS")
        assert len(used) == len(set(used))


def test_size_zones_mix_and_task_count_are_as_asked(tmp_path: Path) -> None:
    """Whole numbers as asked; types in the mix's proportions."""
    cluster = made(tmp_path, instances=40, zones=4, tasks_running=173, mix={"m5.large": 3, "r5.large": 1}, tightness=0)
    facts = [{a["name"]: a.get("value") for a in i["attributes"]} for i in cluster.instances]
    assert Counter(f["ecs.instance-type"] for f in facts) == {"m5.large": 30, "r5.large": 10}
    assert set(Counter(f["ecs.availability-zone"] for f in facts).values()) == {10}
    assert len(cluster.tasks) == 173 == sum(s["runningCount"] for s in cluster.services)


def test_documents_have_the_shapes_of_the_api(tmp_path: Path) -> None:
    """Every file is a describe answer or a list of them."""
    made(tmp_path, instances=12, services=6, tightness=1)
    for name, operation in (
        ("container-instances.json", "DescribeContainerInstances"),
        ("tasks.json", "DescribeTasks"),
        ("task-definitions.json", "DescribeTaskDefinition"),
        ("services.json", "DescribeServices"),
        ("cluster.json", "DescribeClusters"),
    ):
        document = json.loads((tmp_path / name).read_text(encoding="utf-8"))
        for answer in document if isinstance(document, list) else [document]:
            assert faults(operation, answer) == []


def test_a_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    """Nothing but the arguments decides."""
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(tmp_path / folder, instances=10, services=4, seed=seed)
    names = [path.name for path in (tmp_path / "a").iterdir()]
    assert all((tmp_path / "a" / n).read_bytes() == (tmp_path / "b" / n).read_bytes() for n in names)
    assert (tmp_path / "a" / "tasks.json").read_bytes() != (tmp_path / "c" / "tasks.json").read_bytes()


def test_all_bad_arguments_are_named_at_once(tmp_path: Path) -> None:
    """Each with its path and what would be right; nothing is written."""
    with pytest.raises(InvalidRequest) as caught:
        generate(tmp_path / "none", instances=0, services=3, fill=1.5, fragmentation=-1, mix={"q9.huge": 1})
    assert {fault.path for fault in caught.value.faults} >= {"instances", "fill", "fragmentation", "mix.q9.huge"}
    with pytest.raises(InvalidRequest, match="cannot take 90% of"):
        generate(tmp_path / "none", instances=100, services=3, tasks_running=10, fill=0.9)
    assert not (tmp_path / "none").exists()


def test_the_command_line_writes_a_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``python -m datasets.synthetic DIR``, and exit status 2 on bad input."""
    main([str(tmp_path), "--instances", "10", "--services", "4", "--mix", "m5.large=1,c5.xlarge=1", "--seed", "1"])
    assert "10 instances, 4 services, 50 tasks running" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path), "--fill", "2"])
    assert stopped.value.code == 2
