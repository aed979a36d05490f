"""Clusters and settings for tests of scaling."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from solver.domain.request import Scheduling
from solver.formats.table_cluster import TableCluster
from solver.scaling.curve import Curve
from solver.scaling.managed_scaling import ManagedScaling
from solver.scaling.setting import OurSetting, ProviderSetting, ServiceSetting, Setting
from solver.scaling.strategy import Share
from solver.scaling.target_tracking import TargetTracking
from tests.builders import cluster, group, problem

TYPE = "ecs.instance-type"
SMALL, LARGE = {"cpu": 2_000, "memory": 4_000}, {"cpu": 4_000, "memory": 8_000}


def fleet_of(running: dict[str, list[int]], size: int, *, agent: bool = True) -> TableCluster:
    """Instances of type small in zones a and b, all of the provider ``main``; services web (500 cpu) and api (800 cpu)."""
    demands = {"web": 500, "api": 800, "agent": 100}
    groups = [
        group("web", cpu=500, memory=500, scheduling=Scheduling.REPLICA, chain=("spread(instanceId)",)),
        group("api", cpu=800, memory=500, scheduling=Scheduling.REPLICA, chain=("binpack(cpu)",)),
    ]
    if agent:
        groups.append(group("agent", cpu=100, memory=100, scheduling=Scheduling.DAEMON))
        running = {**running, "agent": [1] * size}
    rows = []
    for i in range(size):
        cpu = sum(demands[name] * counts[i] for name, counts in running.items())
        memory = sum((100 if name == "agent" else 500) * counts[i] for name, counts in running.items())
        free = {"cpu": SMALL["cpu"] - cpu, "memory": SMALL["memory"] - memory}
        rows.append({"id": f"i{i}", "zone": "ab"[i % 2], TYPE: "small", "provider": "main", "free": free, **SMALL})
    return TableCluster(problem(cluster(rows), groups, running))


def setting(demand: dict[str, list[int]], **fields: Any) -> Setting:
    """Services of 100 units a task between 1 and 40 tasks, on up to 20 small instances."""
    managed = fields.pop("managed", ManagedScaling())
    tracking = TargetTracking(Fraction(60), 60, 120)
    strategy = fields.pop("strategy", (Share("main", weight=1),))
    provider = ProviderSetting("main", fields.pop("launched", ("small",)), ("a", "b"), 1, 20, 120, managed)
    return Setting(
        services=tuple(
            ServiceSetting(name, Fraction(100), 1, 40, fields.get("policies", (tracking,)), strategy) for name in demand
        ),
        providers=fields.pop("providers", (provider,)),
        prices={"small": 100_000, "large": 190_000},
        types={"small": SMALL, "large": LARGE},
        curve=Curve({name: tuple(map(Fraction, row)) for name, row in demand.items()}),
        ours=fields.pop("ours", OurSetting(max_moves=6, every=5, deterministic_limit=0.1)),
    )
