"""A second reading of §9.2, without the product's waves: every order of every wave, by counts in plain Python."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from solver.domain.counts import Counts
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.bind import bind
from solver.rules.member_of import MemberOf

Done = tuple[int, ...]


def fewest_waves(problem: Problem, tasks: Counts, ill: frozenset[tuple[int, int]]) -> int | None:
    """The fewest waves of an order to ``tasks``; None if there is none.

    Parameters
    ----------
    ill
        Numbers of the events (group, instance) whose stop is of an unhealthy task. Events are single tasks, stops by
        cell with the unhealthy first.
    """
    events: list[tuple[int, int, int, bool]] = []
    for g, i, n in tasks - problem.running:
        events += [(1 if n > 0 else -1, g, i, not (n < 0 and (g, i) in ill)) for _ in range(abs(n))]
    rules, size = bind(problem), len(events)
    end = Placement(problem, tasks)
    excused = {(v.rule, v.group, v.place): v.after for c in rules.constraints for v in c.violations(end)}
    after, before = tasks.totals(), problem.running.totals()
    bounds = {}
    for family, members in problem.families.items():
        groups = [problem.groups[g] for g in members]
        least = max((g.minimum_healthy_percent or 0 for g in groups), default=0)
        most = min((g.maximum_percent for g in groups if g.maximum_percent is not None), default=None)
        if all(g.minimum_healthy_percent is None and g.maximum_percent is None for g in groups):
            continue
        desired = int(sum(after[g] for g in members))
        unfit = sum(t.group in members and not (t.healthy and t.running) for t in problem.tasks)
        total = int(sum(before[g] for g in members))
        bounds[family] = (
            int(np.ceil(desired * least / 100)),
            None if most is None else desired * most // 100,
            total,
            unfit,
        )

    def family(event: int) -> str:
        return problem.groups[events[event][1]].family

    @cache
    def wrong(done: frozenset[int]) -> frozenset[tuple[str, int, int]]:
        """What the state breaks; an expression by its owner and instance."""
        matrix = problem.running.to_dense()
        for event in done:
            sign, g, i, _ = events[event]
            matrix[g, i] += sign
        state = Placement(problem, Counts.dense(matrix))
        found = set()
        for rule in rules.constraints:
            for v in rule.violations(state):
                if v.after > excused.get((v.rule, v.group, v.place), -1):
                    expressed = isinstance(rule, MemberOf) and rule.counts
                    where = [i for i in range(problem.cluster.size) if problem.cluster.label(i) == v.place]
                    found.add((rule.name, rule.owner, where[0]) if expressed else (rule.name, -1, -1))
        return frozenset(found)

    @cache
    def may_follow(before_wave: frozenset[int], so_far: frozenset[int], event: int) -> bool:
        """Whether an event may come next, after those of its wave so far."""
        sign, g, i, healthy = events[event]
        now = before_wave | so_far | {event}
        for _, owner, where in wrong(now):
            if owner < 0 or (sign > 0 and (owner, where) == (g, i)):
                return False
        if family(event) not in bounds:
            return True
        lower, upper, total, unfit = bounds[family(event)]
        kin = [e for e in now if family(e) == family(event)]
        running = total + sum(events[e][0] for e in kin)
        fit = (
            total
            - unfit
            + sum(events[e][0] for e in kin if events[e][3] and not (events[e][0] > 0 and e not in before_wave))
        )
        if sign > 0:
            return upper is None or running <= upper
        return not healthy or fit >= lower

    @cache
    def every_order(before_wave: frozenset[int], wave: frozenset[int]) -> bool:
        """Whether all orders of the wave hold."""
        return all(
            may_follow(before_wave, wave - {last}, last) and every_order(before_wave, wave - {last}) for last in wave
        )

    everything = frozenset(range(size))
    frontier, seen, waves = {frozenset[int]()}, {frozenset[int]()}, 0
    while everything not in seen:
        following = set()
        for done in frontier:
            left = sorted(everything - done)
            for chosen in product((False, True), repeat=len(left)):
                wave = frozenset(e for e, taken in zip(left, chosen, strict=True) if taken)
                if wave and done | wave not in seen and every_order(done, wave):
                    following.add(done | wave)
        if not following:
            return None
        waves, frontier = waves + 1, following
        seen |= following
    return waves
