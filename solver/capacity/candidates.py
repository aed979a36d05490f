"""Instances that it could be of use to buy, one by one: so many of each offer that some cheapest mix is among them."""

from __future__ import annotations

import numpy as np

from solver.capacity.question import Question, worthwhile
from solver.domain.counts import Ints
from solver.engines.patterns.mix.problem import MixProblem


def candidates(question: Question, cost: int | None = None, bought: tuple[int, ...] = ()) -> tuple[int, ...]:
    """The market's offers, each as often as it could be of use.

    A task is on a new instance only if it is nowhere yet or moves. What is there costs what it does, less what can be given
    up within the budget of moves; the rest of ``cost`` is for new instances. An offer is left out where another, zone by
    zone, has as much of what such tasks could take together for no more.

    Parameters
    ----------
    cost
        Of a mix that is known: of those that are no dearer, some cheapest one is among the candidates. None without one.
    bought
        Offers of that mix, which are among them in any case.
    """
    asked = question.asked
    new = slice(asked.there, None)
    most = _most(asked)
    together = int(asked.wanted.sum()) + _moves(asked)
    price = asked.price[new]
    cap = np.minimum(asked.cap[:, new], most[:, None])
    room = np.minimum(asked.capacity[new], _load(asked, most, together))
    fits = np.minimum(asked.fits()[:, new], most[:, None]) > 0
    tasks = np.minimum(np.where(fits, most[:, None], 0).sum(axis=0), together)
    if cost is None:
        times = tasks
    else:
        left = max(cost - int(asked.price[: asked.there].sum()) + _most_saved(asked), 0)
        times = np.where(price > 0, np.minimum(tasks, left // np.maximum(price, 1)), tasks)
    useful = np.flatnonzero(times)
    places = [question.market.zones_of(question.zones[k]) for k in useful.tolist()]
    if not question.market.ties_types:
        useful = useful[worthwhile(price[useful], places, cap[:, useful], room[useful])]
    counts = {offer: int(times[k]) for k in useful.tolist() for offer in question.zones[k]}
    for offer in bought:
        counts[offer] = max(counts.get(offer, 0), bought.count(offer))
    return tuple(offer for offer, count in sorted(counts.items()) for _ in range(count))


def _moves(asked: MixProblem) -> int:
    """Tasks that may move."""
    running = int(asked.running.sum())
    return running if asked.max_moves is None else min(running, asked.max_moves)


def _most(asked: MixProblem) -> Ints:
    """``int64[T]``: tasks of each type that may be on new instances."""
    result: Ints = asked.wanted + np.minimum(asked.running.sum(axis=1), _moves(asked))
    return result


def _load(asked: MixProblem, most: Ints, together: int) -> Ints:
    """``int64[R]``: at most so much of each resource is taken on new instances, all of them together."""
    found = np.zeros(asked.demand.shape[1], np.int64)
    for r in range(len(found)):
        order = np.argsort(-asked.demand[:, r], kind="stable")
        before = np.cumsum(most[order]) - most[order]
        found[r] = int((np.clip(together - before, 0, most[order]) * asked.demand[order, r]).sum())
    return found


def _most_saved(asked: MixProblem) -> int:
    """What giving up instances saves at most: the dearest for the moves that they take, the last one whole."""
    tasks = asked.running.sum(axis=0)
    some = np.flatnonzero(~asked.stays)
    order = some[np.argsort(-asked.price[some] / np.maximum(tasks[some], 1e-9), kind="stable")]
    before = np.cumsum(tasks[order]) - tasks[order]
    return int(asked.price[order][before <= _moves(asked)].sum())
