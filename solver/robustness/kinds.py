"""Kinds of instance that may be added: those that the cluster has, also put where the loss leaves them standing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.altered import NewInstance, with_instances
from solver.domain.cluster import INSTANCE_TYPE, ZONE, ClusterSnapshot
from solver.domain.counts import Bools
from solver.domain.problem import Problem
from solver.explain.changes import models
from solver.robustness.loss import Loss, after, attribute_of, lost_tasks
from solver.rules.bind import bind

PER_INSTANCE = 1_000_000
"""Without prices: fewer instances come before smaller ones, whose size is in thousandths of the largest."""

LARGEST = 1_000
"""The size of the largest."""

MOST_KINDS = 64
"""Kinds that are looked at, some of each type."""


@dataclass(frozen=True)
class Kind:
    """A kind of instance.

    Parameters
    ----------
    like
        An instance of the cluster of which it is a copy but for ``attributes``.
    capacity, attributes
        All that it has.
    price
        For an hour in millionths of the currency; where prices are unknown, ``PER_INSTANCE`` and its size.
    label
        For people: ``m5.large in us-east-1b``.
    """

    like: int
    type: str
    zone: str
    capacity: Mapping[str, int]
    attributes: Mapping[str, str]
    provider: str
    price: int
    label: str

    def named(self, name: str) -> NewInstance:
        """An instance of this kind."""
        return NewInstance(name, self.like, self.capacity, self.attributes, self.provider)


def grown(problem: Problem, kinds: Sequence[Kind], counts: Sequence[int]) -> Problem:
    """The problem with so many empty instances more of each kind, at the end, in the order of the kinds."""
    taken, number, new = set(problem.cluster.instance_ids), 0, []
    for kind, count in zip(kinds, counts, strict=True):
        for _ in range(count):
            number += 1
            while f"new-{number}" in taken:
                number += 1
            new.append(kind.named(f"new-{number}"))
    return with_instances(problem, new) if new else problem


def kinds_for(problem: Problem, loss: Loss, prices: Mapping[str, int]) -> tuple[Kind, ...]:
    """Kinds of which an empty instance takes some lost task, the cheapest first; kinds that the rules do not tell apart once.

    Parameters
    ----------
    problem
        The cluster before the loss.
    loss
        A kind that only lost instances are of is offered at each place that is left; a type that is lost is not.
    prices
        By type, in millionths. Kinds without a price are not offered where any has one.
    """
    offered = _offered(problem.cluster, loss, prices)
    if not offered:
        return ()
    with_all = grown(problem, offered, [1] * len(offered))
    gone = np.append(loss.gone, np.zeros(len(offered), np.bool_))
    asked = after(with_all, gone)
    rules = bind(asked)
    first_new = asked.cluster.size - len(offered)
    rows: list[Bools] = []
    for g in np.flatnonzero(lost_tasks(problem, loss.gone)).tolist():
        admits = (asked.cluster.capacity >= asked.demand[g]).all(axis=1)
        for rule in rules.concerning(g):
            if rule.is_static:
                admits = admits & rule.admits(asked, g)
        rows.append(admits[first_new:])
    takes = np.array(rows, np.bool_)
    found: dict[object, Kind] = {}
    for k, kind in enumerate(offered):
        if takes[:, k].any():
            alike = (kind.type, kind.zone, tuple(sorted(kind.capacity.items())), kind.provider, takes[:, k].tobytes())
            found.setdefault(alike, kind)
    return tuple(sorted(_some_of_each_type(list(found.values())), key=lambda kind: kind.price))


def _some_of_each_type(kinds: Sequence[Kind]) -> list[Kind]:
    """At most ``MOST_KINDS``, as many of each type as there is place for, the first ones; then the cheapest."""
    turn: dict[str, int] = {}
    ranked: list[tuple[int, int, int]] = []
    for kind in kinds:
        ranked.append((turn.get(kind.type, 0), kind.price, len(ranked)))
        turn[kind.type] = turn.get(kind.type, 0) + 1
    return [kinds[k] for _, _, k in sorted(ranked)[:MOST_KINDS]]


def _offered(cluster: ClusterSnapshot, loss: Loss, prices: Mapping[str, int]) -> list[Kind]:
    lost_attribute = attribute_of(loss.what)
    left: list[str] = []
    if lost_attribute is not None:
        column = cluster.column(lost_attribute)
        left = sorted({value for i in np.flatnonzero(~loss.gone).tolist() if (value := column[i]) is not None})
    largest = np.maximum(cluster.capacity.max(axis=0, initial=1), 1)
    found = []
    for model in models(cluster):
        if model.name not in prices and prices:
            continue
        i = model.like
        attributes = {key: value for key, column in cluster.attributes.items() if (value := column[i]) is not None}
        capacity = dict(zip(cluster.resources, cluster.capacity[i].tolist(), strict=True))
        size = round(LARGEST * float((cluster.capacity[i] / largest).mean()))
        price = prices[model.name] if prices else PER_INSTANCE + size
        places = [attributes]
        if lost_attribute is not None and loss.gone[i]:
            places = [] if loss.what == "type" else [{**attributes, lost_attribute: value} for value in left]
        for at in places:
            found.append(_kind(i, at, capacity, cluster.capacity_provider[i] or "", price, lost_attribute))
    return found


def _kind(
    like: int, attributes: Mapping[str, str], capacity: Mapping[str, int], provider: str, price: int, lost: str | None
) -> Kind:
    name, zone = attributes.get(INSTANCE_TYPE, ""), attributes.get(ZONE, "")
    amounts = ", ".join(f"{amount:,} {resource}" for resource, amount in capacity.items() if amount)
    where = [f"in {zone}"] if zone else []
    if lost is not None and lost not in (ZONE, INSTANCE_TYPE) and lost in attributes:
        where.append(f"with {lost} {attributes[lost]}")
    label = " ".join([name or f"instance ({amounts})", *where])
    return Kind(like, name, zone, capacity, attributes, provider, price, label)
