"""A small question asked whole: what is there and what may be bought, instance by instance, in one request with every rule.

minimise    tasks not placed; then  sum price[i] over the instances in use;  then tasks moved

over the cluster with every candidate (``solver.capacity.candidates``) as an empty instance. What must be kept is paid for
in any case. The bound of the price holds for every mix: a mix that is no dearer than the one known buys candidates alone.

One kind of rule asks for care: ``maxSkew`` has a bucket for each value of its field, and a candidate that is not bought is
none. Where candidates bring values that nothing else has, there is a request for each choice of such values; in the request
with just the values that a mix brings, its buckets are the right ones. The least of the bounds holds for all. Only where no
instance is there yet, the zones in which instances may be bought are the zones: else everything in one would be even.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

import numpy as np

from solver.capacity.candidates import candidates
from solver.capacity.daemons import with_starts, without_starts
from solver.capacity.placing import placed
from solver.capacity.planned import Planned, widened
from solver.capacity.question import Question
from solver.domain.answer import Answer
from solver.domain.cluster import ZONE
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits, Scheduling
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Bound
from solver.rules.base import Cost
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.max_skew import TYPE as MAX_SKEW
from solver.rules.max_skew import MaxSkew
from solver.rules.moved import Moved
from solver.rules.running_cost import RunningCost
from solver.verify import check

MOST_CELLS = 60_000
"""Groups with tasks, times instances and candidates: beyond, a question is not asked whole."""

MOST_VALUES = 3
"""Values that only candidates have, of the fields of ``maxSkew``: beyond, a question is not asked whole."""

STRATEGIES = 8
"""Threads for CP-SAT where it may have more than one, whatever the cores: with two it leaves out strategies that prove. Of 20
questions about nine instances, with 3 and 10 moves and 10 s each on two cores, 16 were proved with one or two, 19 with eight."""


@dataclass(frozen=True, eq=False)
class Whole:
    """What is known after asking.

    Parameters
    ----------
    plan
        The cheapest that was found and that the checker passes; None where there is none.
    bound
        No mix costs less, in millionths for an hour; None where it is proved that no mix holds every task.
    """

    plan: Planned | None
    bound: int | None


def may_ask(question: Question, offers: Sequence[int]) -> bool:
    """Whether the question with these candidates is small enough to be asked whole: the only place that decides it."""
    wanted = int((question.problem.operation.desired > 0).sum())
    if wanted * (question.asked.there + len(offers)) > MOST_CELLS:
        return False
    return len(frozenset[object]().union(*_brought(question, offers))) <= MOST_VALUES


def ask(question: Question, known: Planned | None, bound: int, limits: Limits, deadline: Deadline) -> Whole:
    """The cheapest plan, and the bound; what is known already where the question is too large.

    Parameters
    ----------
    known
        A plan to begin with.
    bound
        What is known already: no mix costs less.
    """
    if known is not None and not _is_even(question, known):
        found = ask(question, None, bound, limits, deadline)
        return Whole(known, bound) if found.plan is None else found
    offers = candidates(question) if known is None else candidates(question, known.cost, known.bought)
    if (known is not None and known.cost <= bound) or not may_ask(question, offers):
        return Whole(known, bound)
    choices = list(_choices(_brought(question, offers)))
    best, bounds = known, [] if known is None else [known.cost]
    for number, chosen in enumerate(choices):
        if number and deadline.passed():
            bounds.append(bound)
            break
        request = _Request(question, tuple(offers[k] for k in chosen), bound)
        answer = request.answer(best, limits, deadline.part(1 / (len(choices) - number)))
        least = request.bound(answer)
        bounds += [] if least is None else [least]
        plan = request.plan(answer)
        if plan is not None and (best is None or (plan.cost, plan.moved) < (best.cost, best.moved)):
            best = plan
    return Whole(best, max(min(bounds), bound) if bounds else None)


def _is_even(question: Question, plan: Planned) -> bool:
    """Whether the plan keeps every rule where all zones count in which instances may be bought, if none is there yet."""
    zones = {question.market.offers[k].zone for k in plan.bought}
    more: list[int] = []
    for k, offer in enumerate(question.market.offers):
        if offer.zone not in zones and not question.asked.there:
            zones.add(offer.zone)
            more.append(k)
    wide = question.cluster((), (*plan.bought, *more)) if more else plan.problem
    return not check(wide, widened(plan.tasks, wide.cluster.size))


def _brought(question: Question, offers: Sequence[int]) -> list[frozenset[tuple[str, str]]]:
    """For each candidate the fields and values that are buckets of some ``maxSkew`` because of candidates alone."""
    narrow, there = question.problem, question.asked.there
    if not offers or not any(rule.type == MAX_SKEW for group in narrow.groups for rule in group.constraints):
        return [frozenset()] * len(offers)
    wide = question.cluster(range(there), offers)
    before = _skews(narrow)
    brought: list[set[tuple[str, str]]] = [set() for _ in offers]
    for key, rule in _skews(wide).items():
        column = wide.cluster.column(rule.field)
        if not there and column is wide.cluster.column(ZONE):
            continue
        known = {column[i] for i in np.flatnonzero(before[key].buckets.inside).tolist()}
        for k in np.flatnonzero(rule.buckets.inside[there:]).tolist():
            value = column[there + k]
            if value is not None and value not in known:
                brought[k].add((rule.field, value))
    return [frozenset(one) for one in brought]


def _skews(problem: Problem) -> dict[tuple[int, str], MaxSkew]:
    """The rules ``maxSkew`` by their group and argument."""
    rules = (rule for rule in bind(problem).constraints if isinstance(rule, MaxSkew))
    return {(rule.owner, rule.argument(rule.k)): rule for rule in rules}


def _choices(brought: Sequence[frozenset[tuple[str, str]]]) -> Iterator[list[int]]:
    """The candidates that bring no other values than those chosen, for each choice of values; the most first."""
    values = sorted(frozenset().union(*brought))
    for chosen in chain.from_iterable(combinations(values, n) for n in range(len(values), -1, -1)):
        yield [k for k, one in enumerate(brought) if one <= set(chosen)]


class _Request:
    """The question with some candidates as a request, and its answer as a plan."""

    def __init__(self, question: Question, offers: tuple[int, ...], bound: int) -> None:
        asked = question.asked
        self._question, self._offers, self._least = question, offers, bound
        self._given = int(asked.price[: asked.there][asked.must_keep].sum())
        wide = question.cluster(range(asked.there), offers)
        freedom = replace(wide.freedom, min_gain=0, empty=0, repair=False, consolidate=False, slot={})
        self._problem = without_starts(replace(wide, freedom=freedom))
        own = np.where(asked.must_keep, 0, asked.price[: asked.there]).tolist()
        new = [question.market.offers[k].type.price for k in offers]
        self._price = dict(zip(wide.cluster.instance_ids, [*own, *new], strict=True))
        self._follows = np.array([one.scheduling is Scheduling.DAEMON for one in wide.groups], np.bool_)
        self._leading = len(bind(self._problem).leading)

    def answer(self, known: Planned | None, limits: Limits, deadline: Deadline) -> Answer:
        """The cheapest plan found in the time given."""
        hint = None if known is None else self._hint(known)
        limits = limits if limits.workers == 1 else replace(limits, workers=max(limits.workers, STRATEGIES))
        least = Bound(max(self._least - self._given, 0), "relaxation", (0,) * self._leading)
        return placed(self._problem, limits, deadline, self._objective, hint, {self._leading: least})

    def _objective(self, rules: Rules) -> tuple[Cost, ...]:
        """Of the request, or of a part of it."""
        problem = rules.problem
        moving = tuple(np.flatnonzero(problem.operation.moving).tolist())
        return (*rules.leading, RunningCost.by_instance(problem, self._price), Moved(moving))

    def _hint(self, known: Planned) -> Counts | None:
        """A plan in which each new instance is a candidate of its offer; None where there are too few."""
        there = self._question.asked.there
        left: dict[int, list[int]] = {}
        for k, offer in enumerate(self._offers):
            left.setdefault(offer, []).append(there + k)
        if any(known.bought.count(offer) > len(left.get(offer, ())) for offer in set(known.bought)):
            return None
        place = np.array([*range(there), *(left[offer].pop(0) for offer in known.bought)], np.int64)
        tasks, problem = known.tasks, self._problem
        count = np.where(self._follows[tasks.group], 0, tasks.count)
        placed = Counts.of((tasks.groups, problem.cluster.size), tasks.group, place[tasks.instance], count)
        daemons = problem.running
        own = np.where(self._follows[daemons.group], daemons.count, 0)
        return placed + Counts.of(
            (tasks.groups, problem.cluster.size), daemons.group.copy(), daemons.instance.copy(), own
        )

    def bound(self, answer: Answer) -> int | None:
        """What a mix with these candidates costs at least; None where it is proved that none holds every task."""
        before, cost = answer.tiers[: self._leading], answer.tiers[self._leading]
        # A bound speaks of plans whose tiers before are no worse than these, and nothing missing is never worse.
        if any(tier.bound for tier in before):
            return None
        return self._given + cost.bound

    def plan(self, answer: Answer) -> Planned | None:
        """With the candidates that are used alone; None where tasks have no place, or the checker refuses it so."""
        question, there = self._question, self._question.asked.there
        used = answer.problem.in_use(answer.tasks)
        kept = frozenset(np.flatnonzero(used[:there] | question.asked.must_keep).tolist())
        new = np.flatnonzero(used[there:])
        bought = tuple(self._offers[k] for k in new.tolist())
        problem = question.cluster(kept, bought)
        place = np.full(answer.problem.cluster.size, -1, np.int64)
        place[:there] = np.arange(there)
        place[there + new] = there + np.arange(len(new))
        tasks = answer.tasks
        there_still = place[tasks.instance] >= 0
        cells = (tasks.group[there_still], place[tasks.instance][there_still], tasks.count[there_still])
        counts = Counts.of((tasks.groups, problem.cluster.size), *cells)
        plan = Planned(problem, with_starts(problem, counts), kept, bought, question.cost(kept, bought))
        return plan if plan.is_right else None
