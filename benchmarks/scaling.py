"""Auto scaling by ECS's rules and by ours over random demand: ``python -m benchmarks.scaling``.

The cluster, the providers and the policies are those of ``examples/scaling``; the demand of each service is drawn anew for each
seed: that of a day with its own low, high, peak and noise (even seeds), or one that stays level between jumps at random moments
(odd seeds). Ours is simulated as it is, and without the room that it keeps for what is likely to come (``ours: {ahead: false}``).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from solver.formats.table_cluster import TableCluster
from solver.formats.tables import read_tables
from solver.scaling.curve import Curve, Daily
from solver.scaling.ecs import EcsRules
from solver.scaling.ours import OurRules
from solver.scaling.reading import read_setting
from solver.scaling.rules import Rules
from solver.scaling.setting import Setting
from solver.scaling.simulator import Run, simulate

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "scaling"
VARIANTS = ("ecs", "ours", "without room", "spare")
HIGHEST = {"web": 3_000, "api": 600, "cache": 700}
"""Demand that the instances there may be of each provider can carry."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one row a seed, and the sums over the days, over the curves with jumps, and over all."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--seeds", type=int, default=24, help="so many, from 0")
    said.add_argument("--minutes", type=int, default=480)
    said.add_argument(
        "--target", type=int, help="simulate ours with this target_capacity too, in percent: spare instances"
    )
    given = said.parse_args(arguments)
    cluster = TableCluster(read_tables(EXAMPLE))
    setting = read_setting(EXAMPLE / "scaling.yaml", cluster)
    variants = VARIANTS if given.target else VARIANTS[:-1]
    heads = [f"{name}, {what}" for what in ("cost", "unplaced", "short", "moved") for name in variants]
    print(f"| seed | wanted | {' | '.join(heads)} |")
    print("|---" * (len(heads) + 2) + "|", flush=True)
    every: list[list[Run]] = []
    for seed in range(given.seeds):
        every.append(simulated(cluster, with_curve(setting, seed, given.minutes), given.target))
        print(row(str(seed), [every[-1]]), flush=True)
    for name, runs in (("days", every[::2]), ("jumps", every[1::2]), ("all", every)):
        print(row(name, runs))


def with_curve(setting: Setting, seed: int, minutes: int) -> Setting:
    """The setting with another demand."""
    drawn = daily if seed % 2 == 0 else jumps
    names = [service.name for service in setting.services]
    return replace(setting, seed=seed, curve=Curve({name: drawn(name, seed, minutes) for name in names}))


def daily(service: str, seed: int, minutes: int) -> tuple[Fraction, ...]:
    """A day whose peak may be at any hour."""
    draw = random.Random(f"day {seed} {service}")
    high = draw.uniform(0.5, 1) * HIGHEST[service]
    low, noise = draw.uniform(0.05, 0.5) * high, draw.uniform(0, 0.2)
    one = Daily(Fraction(round(low)), Fraction(round(high)), draw.randrange(1_440), Fraction(round(100 * noise), 100))
    return one.drawn(service, minutes, seed)


def jumps(service: str, seed: int, minutes: int) -> tuple[Fraction, ...]:
    """Level for ten minutes to two hours, then another level."""
    draw = random.Random(f"jumps {seed} {service}")
    found: list[Fraction] = []
    while len(found) < minutes:
        level = Fraction(round(draw.uniform(0.1, 1) * HIGHEST[service]))
        found += [level] * draw.randint(10, 120)
    return tuple(found[:minutes])


def simulated(cluster: TableCluster, setting: Setting, target: int | None) -> list[Run]:
    """By ECS's rules, by ours, by ours without room, and by ours with another target capacity where there is one."""
    bare = replace(setting, ours=replace(setting.ours, ahead=False))
    kinds: list[tuple[type[Rules], Setting]] = [(EcsRules, setting), (OurRules, setting), (OurRules, bare)]
    if target is not None:
        spare = (replace(one, managed=replace(one.managed, target_capacity=target)) for one in setting.providers)
        kinds.append((OurRules, replace(setting, providers=tuple(spare))))
    return [simulate(cluster, one, kind) for kind, one in kinds]


def row(name: str, runs: Sequence[Sequence[Run]]) -> str:
    """The sums over some seeds."""
    sums = [
        [sum((Fraction(getattr(one[k], what)) for one in runs), Fraction(0)) for k in range(len(runs[0]))]
        for what in ("cost", "unplaced", "short", "moved")
    ]
    cells = [f"{float(cost):,.2f}" for cost in sums[0]] + [f"{int(one):,}" for part in sums[1:] for one in part]
    return f"| {name} | {sum(one[0].wanted for one in runs):,} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
