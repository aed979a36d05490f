"""A cluster and a market as the question of the cheapest mix; and a mix as a plan for the cluster."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.capacity.daemons import following
from solver.capacity.offers import Market
from solver.capacity.planned import Planned
from solver.domain.altered import with_instances
from solver.domain.cluster import ZONE
from solver.domain.counts import Bools, Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import Scheduling
from solver.engines.patterns.mix.problem import MOST_INSTANCES, Filled, Mix, MixProblem
from solver.errors import Fault, InvalidRequest
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.instance_state import InstanceState
from solver.rules.resources import Resource

MOST_SLOTS = 40
"""Types of tasks of which one instance holds only so many, counted as a resource of their own."""


@dataclass(frozen=True, eq=False)
class Question:
    """The question of the cheapest mix, with what leads back to the cluster.

    Parameters
    ----------
    problem
        What is asked of the cluster as it is.
    market
        What may be bought.
    asked
        The question in plain arrays: the instances that are there first.
    kind
        ``int64[G]``: the type of each group's tasks, -1 for groups that are left alone.
    zones
        For each offer of ``asked`` that may be bought, the market's offers that it stands for: one a zone that no rule
        tells apart.
    loose
        ``int64[G]``: tasks that are nowhere yet.
    """

    problem: Problem
    market: Market
    asked: MixProblem
    kind: Ints
    zones: tuple[tuple[int, ...], ...]
    loose: Ints

    @classmethod
    def of(cls, problem: Problem, market: Market, prices: Sequence[int]) -> Question:
        """What is asked.

        Raises
        ------
        InvalidRequest
            If no type holds a task of some group, with the reason; or if tasks are to stop.
        """
        _require_no_stops(problem)
        there = problem.cluster.size
        probes = [market.instance(problem, offer, f"?{k}") for k, offer in enumerate(market.offers)]
        wide = with_instances(problem, probes)
        rules = bind(wide)
        groups = np.flatnonzero((problem.operation.desired > 0) & _counts_here(problem)).tolist()
        stoppable = problem.operation.stoppable
        running = np.zeros((len(problem.groups), there), np.int64)
        running[stoppable.group, stoppable.instance] = stoppable.count
        movable = problem.operation.moving
        running[~movable] = 0
        loose = np.maximum(problem.wanted, 0)
        room = rules.available(rules.emptied)
        # Tasks that stay whatever comes are no part of the question; what they take is not there.
        for g in np.flatnonzero(~movable).tolist():
            row = stoppable.row(g)
            room[:there] -= row[:, None] * problem.demand[g]
        room = np.maximum(room, 0)
        kind, ceilings = _kinds(rules, groups, room, loose + running.sum(axis=1))
        kinds = len(ceilings)
        first = np.array([int(np.flatnonzero(kind == t)[0]) for t in range(kinds)], np.int64)
        wanted, here = np.zeros(kinds, np.int64), np.zeros((kinds, there), np.int64)
        used = kind >= 0
        np.add.at(wanted, kind[used], loose[used])
        np.add.at(here, kind[used], running[used])
        demand = problem.demand[first]
        cap = ceilings.copy()
        cap[:, :there] = np.maximum(np.where(wide.open_to_change[:there], cap[:, :there], 0), here)
        room[:there] = np.maximum(room[:there], here.T @ demand)
        zones = _merged(market, cap[:, there:], room[there:])
        if not market.ties_types:
            new = [one[0] for one in zones]
            price = np.array([market.offers[k].type.price for k in new], np.int64)
            places = [market.zones_of(one) for one in zones]
            zones = tuple(zones[n] for n in worthwhile(price, places, cap[:, there:][:, new], room[there:][new]))
        chosen = np.array([*range(there), *(there + one[0] for one in zones)], np.int64)
        _require_places(problem, market, rules, kind, first, cap, room, wanted)
        asked = MixProblem(
            demand=demand,
            wanted=wanted,
            capacity=room[chosen],
            price=np.array([*prices, *(market.offers[one[0]].type.price for one in zones)], np.int64),
            cap=cap[:, chosen],
            most=np.array([1] * there + [MOST_INSTANCES] * len(zones), np.int64),
            running=here,
            must_keep=_must_keep(problem, running),
            max_moves=problem.freedom.max_moves,
        )
        return cls(problem, market, _with_slots(asked), kind, zones, loose)

    def cluster(self, kept: Collection[int], bought: Sequence[int]) -> Problem:
        """The cluster with instances of the market's offers ``bought`` at the end, and all but ``kept`` of the others drained.

        DAEMON services want a task on each that lacks one, at most as many as they want now.
        """
        instances = [
            self.market.instance(self.problem, self.market.offers[offer], name)
            for offer, name in zip(bought, _names(self.problem, len(bought)), strict=True)
        ]
        drained = self.problem.drained.copy()
        for e in range(self.asked.there):
            drained[e] |= e not in kept
        changed = (drained != self.problem.drained).any()
        problem = replace(self.problem, drained=drained) if changed else self.problem
        return following(with_instances(problem, instances))

    def cost(self, kept: Collection[int], bought: Sequence[int]) -> int:
        """Of such a cluster, in millionths for an hour."""
        return sum(int(self.asked.price[e]) for e in kept) + sum(self.market.offers[k].type.price for k in bought)

    def plan(self, mix: Mix) -> Planned:
        """The cluster as the mix has it, and the tasks on it, whatever the rules between instances say."""
        there = self.asked.there
        kept = {one.offer: one for one in mix.filled if one.offer < there}
        new = [one for one in mix.filled if one.offer >= there]
        bought = self._zoned(new)
        wide = self.cluster(kept, bought)
        shape = (len(self.problem.groups), wide.cluster.size)
        cells = {(g, i): n for g, i, n in self.problem.running}
        pool: dict[int, list[list[int]]] = {}
        for g in np.flatnonzero(self.loose).tolist():
            pool.setdefault(int(self.kind[g]), []).append([g, int(self.loose[g])])
        for e in range(there):
            held = dict(kept[e].held) if e in kept else {}
            for g in np.flatnonzero(self.kind >= 0).tolist():
                count = cells.get((g, e), 0)
                kind = int(self.kind[g])
                if not count or not self.asked.running[kind, e]:
                    continue
                stay = min(count, held.get(kind, 0))
                held[kind] = held.get(kind, 0) - stay
                if stay < count:
                    cells[g, e] = stay
                    pool.setdefault(kind, []).append([g, count - stay])
        for e, one in kept.items():
            for kind, count in one.held.items():
                _take(cells, pool, kind, count - min(count, int(self.asked.running[kind, e])), e)
        for number, one in enumerate(new):
            for kind, count in one.held.items():
                _take(cells, pool, kind, count, there + number)
        rows = np.array([(g, i, n) for (g, i), n in cells.items() if n], np.int64).reshape(-1, 3)
        tasks = Counts.of(shape, rows[:, 0], rows[:, 1], rows[:, 2])
        return Planned(wide, tasks, frozenset(kept), bought, self.cost(kept, bought))

    def _zoned(self, new: Sequence[Filled]) -> tuple[int, ...]:
        """A zone for each new instance: where offers differ in it alone, those with the fewest tasks of its types."""
        there = self.asked.there
        names = list(dict.fromkeys(offer.zone for offer in self.market.offers))
        held = np.zeros((self.asked.kinds, len(names)), np.int64)
        zone = self.problem.cluster.column(ZONE)
        for e in range(there):
            if zone[e] in names:
                held[:, names.index(str(zone[e]))] += self.asked.running[:, e]
        count = np.zeros(len(names), np.int64)
        found = []
        for one in new:
            kinds, many = np.array(list(one.held), np.int64), np.array(list(one.held.values()), np.int64)
            choices = self.zones[one.offer - there]
            at = [names.index(self.market.offers[choice].zone) for choice in choices]
            best = min(range(len(at)), key=lambda n: (int(many @ held[kinds, at[n]]), int(count[at[n]]), n))
            held[kinds, at[best]] += many
            count[at[best]] += 1
            found.append(choices[best])
        return tuple(found)


def _take(cells: dict[tuple[int, int], int], pool: dict[int, list[list[int]]], kind: int, count: int, i: int) -> None:
    """Tasks of a type from the pool onto an instance."""
    while count:
        group, left = pool[kind][-1]
        taken = min(count, left)
        cells[group, i] = cells.get((group, i), 0) + taken
        count -= taken
        pool[kind][-1][1] -= taken
        if pool[kind][-1][1] == 0:
            pool[kind].pop()


def _counts_here(problem: Problem) -> Bools:
    """``bool[G]``: groups whose tasks decide what is bought; daemons follow the instances."""
    return np.array([group.scheduling is not Scheduling.DAEMON for group in problem.groups])


def _require_no_stops(problem: Problem) -> None:
    faults = [
        Fault(problem.groups[g].name, f"has {count} tasks more than there should be", "stop them first (reconcile)")
        for g, count in enumerate(problem.operation.asked.tolist())
        if count and problem.groups[g].scheduling is not Scheduling.DAEMON
    ]
    if faults:
        raise InvalidRequest(faults[:100])


def _kinds(rules: Rules, groups: Sequence[int], room: Ints, total: Ints) -> tuple[Ints, Ints]:
    """``int64[G]`` and ``int64[T, I]``: one type for groups that need the same, may be in the same places, and have no cap.

    A group with a cap on an instance is a type of its own.
    """
    problem = rules.problem
    kind = np.full(len(problem.groups), -1, np.int64)
    known: dict[object, int] = {}
    rows: list[Ints] = []
    # What no rule but room concerns has no cap; where tasks may stop, others may overfill an instance in their stead.
    simple = not len(problem.operation.stoppable)
    for g in groups:
        if not total[g]:
            continue
        demand = problem.demand[g]
        fits = np.full(len(room), MOST_INSTANCES)
        for r in np.flatnonzero(demand).tolist():
            np.minimum(fits, room[:, r] // demand[r], out=fits)
        if simple and all(isinstance(rule, InstanceState | Resource) for rule in rules.concerning(g)):
            may, free, ceiling = rules.admits(g) & (fits > 0), True, fits
        else:
            ceiling = np.minimum(rules.ceiling(g), MOST_INSTANCES)
            may = ceiling > 0
            free = bool((ceiling >= np.minimum(fits, total[g]))[may].all())
        key: object = (demand.tobytes(), np.packbits(may).tobytes()) if free else g
        if key not in known:
            known[key] = len(rows)
            rows.append(np.where(may, MOST_INSTANCES, 0) if free else ceiling)
        kind[g] = known[key]
    return kind, np.array(rows, np.int64).reshape(len(rows), problem.cluster.size)


def _merged(market: Market, cap: Ints, room: Ints) -> tuple[tuple[int, ...], ...]:
    """Offers that only their zone tells apart become one: the first of each, and all of each."""
    found: dict[object, list[int]] = {}
    for k, offer in enumerate(market.offers):
        found.setdefault((offer.type.name, cap[:, k].tobytes(), room[k].tobytes()), []).append(k)
    return tuple(tuple(one) for one in found.values())


def worthwhile(price: Ints, places: Sequence[Collection[str]], cap: Ints, room: Ints) -> list[int]:
    """The offers without those of which another has as much for no more, in the same zones and for the same tasks.

    Parameters
    ----------
    price
        ``int64[K]``.
    places
        The zones of each offer.
    cap, room
        ``int64[T, K]`` and ``int64[K, R]``: what one instance may hold.
    """
    zones = [set(one) for one in places]
    alike = np.unique(cap, axis=1, return_inverse=True)[1].reshape(-1).tolist()
    kept: dict[int, list[int]] = {}
    for n in sorted(range(len(price)), key=lambda n: (price[n], [-amount for amount in room[n].tolist()], n)):
        rivals = kept.setdefault(alike[n], [])
        if not any(zones[n] <= zones[m] and (room[m] >= room[n]).all() for m in rivals):
            rivals.append(n)
    return sorted(n for some in kept.values() for n in some)


def _must_keep(problem: Problem, running: Ints) -> Bools:
    """``bool[E]``: what holds tasks that cannot move, or may not change."""
    kept = problem.holds_unlisted | ~problem.open_to_change
    for g, i, count in problem.running:
        if problem.groups[g].scheduling is not Scheduling.DAEMON and count > running[g, i]:
            kept[i] = True
    return kept


def _require_places(
    problem: Problem, market: Market, rules: Rules, kind: Ints, first: Ints, cap: Ints, room: Ints, wanted: Ints
) -> None:
    """Say which groups no instance holds, and why."""
    faults = []
    for t in np.flatnonzero(wanted).tolist():
        demand = problem.demand[first[t]]
        fits = (room >= demand).all(axis=1)
        if (fits & (cap[t] > 0)).any():
            continue
        for g in np.flatnonzero(kind == t).tolist():
            faults.append(
                Fault(problem.groups[g].name, f"fits no instance: {_reason(problem, rules, g, room)}", _REMEDY)
            )
    if faults:
        raise InvalidRequest(faults[:100])


_REMEDY = (
    "add a type that holds it, give new instances what its rules ask for (--attribute, --zone), or change the group"
)


def _reason(problem: Problem, rules: Rules, group: int, room: Ints) -> str:
    """Why no instance holds one task of a group."""
    for r, name in enumerate(problem.cluster.resources):
        need, most = int(problem.demand[group, r]), int(room[:, r].max(initial=0))
        if need > most:
            return f"a task needs {need:,} of {name}, and the largest has {most:,}"
    left = (room >= problem.demand[group]).all(axis=1)
    if not left.any():
        return "no type has enough of all resources together"
    for rule in rules.concerning(group):
        left &= rule.admits(rules.problem, group)
        if not left.any():
            return f"{rule.name} admits none that is large enough"
    return "its rules together admit none that is large enough"


def _names(problem: Problem, count: int) -> list[str]:
    taken, number = set(problem.cluster.instance_ids), 0
    found: list[str] = []
    while len(found) < count:
        number += 1
        if f"new-{number}" not in taken:
            found.append(f"new-{number}")
    return found


def _with_slots(asked: MixProblem) -> MixProblem:
    """The same question where the caps of some types are a resource: the relaxation knows them then."""
    bound = asked.cap < np.minimum(
        replace(asked, cap=np.full_like(asked.cap, MOST_INSTANCES)).fits(), asked.total[:, None]
    )
    capped = np.flatnonzero((bound & (asked.cap > 0)).any(axis=1))
    capped = capped[np.argsort(-asked.total[capped], kind="stable")][:MOST_SLOTS]
    if not len(capped):
        return asked
    slots = np.zeros((asked.kinds, len(capped)), np.int64)
    slots[capped, np.arange(len(capped))] = 1
    return replace(
        asked,
        demand=np.hstack([asked.demand, slots]),
        capacity=np.hstack([asked.capacity, asked.cap[capped].T]),
    )
