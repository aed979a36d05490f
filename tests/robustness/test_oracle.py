"""Every verdict, shortage and addition on tiny clusters against brute force that knows nothing of the product but numbers."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from solver.domain.request import Limits, Scheduling
from solver.formats.table_cluster import TableCluster
from solver.robustness import Verdict, survey
from solver.verify import check
from tests.builders import cluster, group, problem

LIMITS = Limits(time_limit=20, workers=1)
ZONES = ("a", "b", "c")
SIZES = {"small": 2, "large": 4}
SEEDS = range(8)


@dataclass(frozen=True)
class Tiny:
    """A cluster as plain numbers.

    ``instances`` are (zone, type); ``groups`` are (cpu, distinct, zones or None); ``running[g][i]`` are tasks.
    """

    instances: tuple[tuple[str, str], ...]
    groups: tuple[tuple[int, bool, tuple[str, ...] | None], ...]
    running: tuple[tuple[int, ...], ...]

    @classmethod
    def drawn(cls, seed: int) -> Tiny:
        """Four or five instances that are mostly full, two or three groups; every rule holds."""
        r = random.Random(seed)
        instances = tuple((ZONES[k % r.choice((2, 3))], r.choice(list(SIZES))) for k in range(r.choice((4, 5))))
        groups = tuple(
            (r.choice((1, 1, 2, 3)), r.random() < 0.3, r.choice((None, ("a", "b"), ("a",))))
            for _ in range(r.choice((2, 3)))
        )
        running = [[0] * len(instances) for _ in groups]
        tiny = cls(instances, groups, ())
        for _ in range(r.randrange(3, 8)):
            g, i = r.randrange(len(groups)), r.randrange(len(instances))
            if tiny.fits(g, instances[i], [row[i] for row in running]):
                running[g][i] += 1
        return cls(instances, groups, tuple(tuple(row) for row in running))

    def fits(self, g: int, instance: tuple[str, str], here: Sequence[int]) -> bool:
        """Whether one more task of a group may be on an instance that has ``here`` tasks of each."""
        cpu, distinct, zones = self.groups[g]
        used = sum(self.groups[h][0] * count for h, count in enumerate(here))
        return (
            used + cpu <= SIZES[instance[1]] and not (distinct and here[g]) and (zones is None or instance[0] in zones)
        )

    def fewest_missing(self, lost: Sequence[int], added: Sequence[tuple[str, str]] = ()) -> int:
        """Lost tasks without a place in the best of all ways to place them again."""
        left = [i for i in range(len(self.instances)) if i not in lost]
        places = [self.instances[i] for i in left] + list(added)
        state = [[self.running[g][i] for g in range(len(self.groups))] for i in left]
        state += [[0] * len(self.groups) for _ in added]
        tasks = [g for g, row in enumerate(self.running) for i in lost for _ in range(row[i])]
        return self._fewest(tasks, places, state)

    def _fewest(self, tasks: list[int], places: list[tuple[str, str]], state: list[list[int]]) -> int:
        if not tasks:
            return 0
        g, rest = tasks[0], tasks[1:]
        best = 1 + self._fewest(rest, places, state)
        for k, place in enumerate(places):
            if best and self.fits(g, place, state[k]):
                state[k][g] += 1
                best = min(best, self._fewest(rest, places, state))
                state[k][g] -= 1
        return best

    def lost_with(self, zone: str) -> list[int]:
        """The instances of a zone."""
        return [i for i, (where, _) in enumerate(self.instances) if where == zone]

    def cheapest(self, zone: str, prices: dict[str, float], most: int) -> float | None:
        """The least price of at most so many instances that repair the loss, of types in the zones that are left."""
        lost = self.lost_with(zone)
        left = {where for i, (where, _) in enumerate(self.instances) if i not in lost}
        kinds = sorted({(where, kind) for where in left for kind in {kind for _, kind in self.instances}})
        mixes = itertools.chain.from_iterable(
            itertools.combinations_with_replacement(kinds, size) for size in range(1, most + 1)
        )
        good = [sum(prices[kind] for _, kind in mix) for mix in mixes if not self.fewest_missing(lost, mix)]
        return min(good, default=None)

    def cluster(self) -> TableCluster:
        """The same as a cluster of tables."""
        rows = []
        for i, (zone, kind) in enumerate(self.instances):
            used = sum(self.groups[g][0] * row[i] for g, row in enumerate(self.running))
            row = {"id": f"i{i}", "zone": zone, "ecs.instance-type": kind, "cpu": SIZES[kind]}
            rows.append({**row, "free": {"cpu": SIZES[kind] - used}})
        groups = [
            group(
                f"g{g}",
                rules=[
                    *(["distinctInstance"] if distinct else []),
                    *([f"memberOf(attribute:ecs.availability-zone in [{', '.join(zones)}])"] if zones else []),
                ],
                cpu=cpu,
                scheduling=Scheduling.REPLICA,
            )
            for g, (cpu, distinct, zones) in enumerate(self.groups)
        ]
        running = {f"g{g}": list(row) for g, row in enumerate(self.running)}
        return TableCluster(problem(cluster(rows, resources=("cpu",)), groups, running))


DRAWN = [(seed, Tiny.drawn(seed)) for seed in SEEDS]


@pytest.mark.parametrize(("seed", "tiny"), DRAWN, ids=[f"seed {seed}" for seed in SEEDS])
def test_the_loss_of_each_zone_and_instance(seed: int, tiny: Tiny) -> None:
    """Proved yes exactly where some way places all that is lost; else the shortage is the least of all ways."""
    found = survey(tiny.cluster(), ("zone", "instance"), limits=LIMITS, repair=False)
    for case in found.cases:
        lost = tiny.lost_with(case.loss.value) if case.loss.what == "zone" else [int(case.loss.value[1:])]
        least = tiny.fewest_missing(lost)
        judgement = case.judgement
        assert judgement.verdict is (Verdict.FAILS if least else Verdict.HOLDS), (seed, case.loss.name)
        assert judgement.proven and judgement.at_least == sum(judgement.missing.values()) == least
        assert case.lost == sum(row[i] for row in tiny.running for i in lost)
        if judgement.answer is not None:
            assert not check(judgement.answer.problem, judgement.answer.tasks)


@pytest.mark.parametrize("priced", [True, False])
def test_an_addition_is_the_cheapest_that_repairs(priced: bool) -> None:
    """Its price is the least of all mixes that brute force finds to repair the loss, and it is proved."""
    prices = {"small": 1.0, "large": 1.7}
    repaired = impossible = 0
    for seed, tiny in DRAWN:
        found = survey(tiny.cluster(), limits=LIMITS, prices=prices if priced else None)
        for case in found.of(Verdict.FAILS):
            if case.judgement.answer is None:
                assert case.addition is None
                continue
            fewest = {kind: 1.0 for kind in SIZES}
            least = tiny.cheapest(case.loss.value, prices if priced else fewest, most=4)
            if least is None:
                assert case.addition is None or case.addition.size > 4, (seed, case.loss.name)
                impossible += case.addition is None
                continue
            assert case.addition is not None and case.addition.proven, (seed, case.loss.name)
            price = case.addition.price / 1e6 if priced else case.addition.size
            assert price == pytest.approx(least), (seed, case.loss.name)
            repaired += 1
            mix = [(kind.zone, kind.type) for kind, count in case.addition.counts for _ in range(count)]
            assert tiny.fewest_missing(tiny.lost_with(case.loss.value), mix) == 0
        if found.together is not None and not found.together.unrepaired:
            _require_survived(tiny, [(k.zone, k.type) for k, count in found.together.counts for _ in range(count)])
    assert repaired >= 3 and impossible >= 1


def _require_survived(tiny: Tiny, added: Sequence[tuple[str, str]]) -> None:
    """No zone is missed with instances more, those of the zone lost with it."""
    for zone in {where for where, _ in tiny.instances}:
        left = [one for one in added if one[0] != zone]
        assert tiny.fewest_missing(tiny.lost_with(zone), left) == 0
