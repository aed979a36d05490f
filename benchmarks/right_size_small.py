"""Right-size on small clusters with existing instances: how many questions are proved: ``python -m benchmarks.right_size_small``.

Random clusters over three zones with four types, services of four to ten tasks of which most may move and some want one task
more, and rules between instances and groups: ``distinctInstance``, ``antiAffinity`` on an instance, ``maxSkew`` over zones.
One row a budget of moves, over all clusters. Every plan passes the checker.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace

import numpy as np

from solver.capacity import Catalogue, InstanceType, RightSized, right_size
from solver.domain.cluster import INSTANCE_TYPE, ZONE, ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Limits, RuleSpec, Scheduling, TaskGroup

TYPES = (
    InstanceType("m5.large", 2_048, 7_680, 96_000),
    InstanceType("m5.xlarge", 4_096, 15_616, 192_000),
    InstanceType("c5.xlarge", 4_096, 7_680, 170_000),
    InstanceType("r5.large", 2_048, 15_616, 126_000),
)


def main() -> None:
    """Print one row a budget."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--clusters", type=int, default=10)
    said.add_argument("--instances", type=int, default=9)
    said.add_argument("--moves", type=int, nargs="*", default=[1, 2, 3, 10])
    said.add_argument("--seconds", type=float, default=20.0)
    given = said.parse_args()
    print("| moves | before | mix | bound | proved | by all rules | longest, s |")
    print("|---|---|---|---|---|---|---|")
    for moves in given.moves:
        begun, took, found = time.monotonic(), list[float](), list[RightSized]()
        for seed in range(given.clusters):
            asked = replace(cluster(given.instances, seed), freedom=Freedom(max_moves=moves))
            found.append(right_size(asked, Catalogue(TYPES), Limits(time_limit=given.seconds)))
            took.append(time.monotonic() - begun - sum(took))
        money = [sum(getattr(one, name) for one in found) / 1e6 for name in ("before", "cost", "bound")]
        proved = f"{sum(one.proven for one in found)} of {len(found)}"
        whole = sum(one.source == "model" for one in found)
        print(
            f"| {moves} | {' | '.join(f'{one:.3f}' for one in money)} | {proved} | {whole} | {max(took):.1f} |",
            flush=True,
        )


def cluster(instances: int, seed: int) -> Problem:
    """A cluster with its services; about a third as many of these as instances."""
    draw = random.Random(f"small {instances} {seed}")
    chosen = [draw.choice(TYPES) for _ in range(instances)]
    capacity = np.array([[one.cpu, one.memory] for one in chosen], np.int64)
    free = capacity.copy()
    names = [f"g{k}" for k in range(max(4, instances // 3))]
    groups, running = [], np.zeros((len(names), instances), np.int64)
    for g, name in enumerate(names):
        need = np.array([draw.choice([128, 256, 512, 1_024]), draw.choice([256, 512, 1_024, 2_048, 3_072])])
        rules = _rules(draw, [one for one in names if one != name])
        for _ in range(draw.choice([4, 6, 8, 10])):
            i = draw.randrange(instances)
            apart = bool(rules) and rules[0].type == "distinctInstance"
            if (free[i] >= need).all() and not (apart and running[g, i]):
                running[g, i] += 1
                free[i] -= need
        groups.append(
            TaskGroup(
                name,
                name,
                {"cpu": int(need[0]), "memory": int(need[1])},
                start=int(draw.random() < 0.3),
                movable=draw.random() < 0.8,
                constraints=rules,
                scheduling=Scheduling.REPLICA,
            )
        )
    attributes = {
        ZONE: TextColumn.of(["abc"[i % 3] for i in range(instances)]),
        INSTANCE_TYPE: TextColumn.of([one.name for one in chosen]),
    }
    up = np.ones(instances, np.bool_)
    ids = tuple(f"i{i}" for i in range(instances))
    snapshot = ClusterSnapshot(ids, ("cpu", "memory"), capacity, free, up, up.copy(), attributes)
    return Problem(snapshot, tuple(groups), Counts.dense(running))


def _rules(draw: random.Random, others: list[str]) -> tuple[RuleSpec, ...]:
    """Two thirds keep tasks apart, of their own group or from another; one in six is even over zones; one in six has none."""
    kind = draw.choice(["distinctInstance", "distinctInstance", "antiAffinity", "antiAffinity", "maxSkew", ""])
    argument = {"antiAffinity": f"{draw.choice(others)}, instanceId", "maxSkew": f"attribute:{ZONE}, 1"}.get(kind, "")
    return (RuleSpec(kind, argument),) if kind else ()


if __name__ == "__main__":
    main()
