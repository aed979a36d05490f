"""Limits on what starts on one instance, collected while the rules speak and stated once all of them are known.

Two things make the linear relaxation of the model say nearly as much as the model itself:

- a limit on a resource is cut to what sums of the admitted tasks' demands can reach within all resources of the instance;
- where a fact says whether any of some tasks start there at all, ``load <= limit`` becomes ``load <= limit * fact``. A
  relaxed solution then opens as much of an instance as it uses of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from solver.domain.counts import Ints
from solver.reach import cut
from solver.rules.model import Literal, Sum, Variable

Terms = tuple[tuple[Variable, int], ...]


@dataclass(frozen=True)
class Row:
    """``sum <= limit``, where ``fact`` is true; without the fact nothing starts. No fact: always."""

    sum: Sum
    limit: int
    fact: Literal | None = None


@dataclass
class _Instance:
    """What is known of one instance: types that may start there, limits by what they limit, facts by their tasks."""

    types: list[tuple[int, Variable]]
    limits: dict[Terms, int] = field(default_factory=dict)
    facts: dict[frozenset[Variable], Literal] = field(default_factory=dict)


class InstanceRows:
    """Collects rows and facts.

    Parameters
    ----------
    on_instance
        Of each instance its variables, with a group that says what one of their tasks takes.
    demand
        ``int64[G, R]`` of one task.
    most
        Of each variable, how many start there at most.
    """

    def __init__(
        self, on_instance: Mapping[int, Sequence[tuple[int, Variable]]], demand: Ints, most: Sequence[int]
    ) -> None:
        self._instances = {i: _Instance(list(here)) for i, here in on_instance.items()}
        self._of = {v: i for i, here in on_instance.items() for _, v in here}
        self._demand = demand
        self._most = most

    def take(self, sum_: Sum, limit: int) -> bool:
        """Keep ``sum_ <= limit`` for later, if it limits what starts on one instance; whether it does."""
        here = self._instance(sum_)
        if here is None or limit < sum_.constant or min(sum_.coefficients) <= 0:
            return False
        terms = tuple(sorted(zip(sum_.variables, sum_.coefficients, strict=True)))
        left = limit - sum_.constant
        here.limits[terms] = min(here.limits.get(terms, left), left)
        return True

    def note(self, sum_: Sum, literal: Literal) -> None:
        """The literal says whether any of these tasks start."""
        here = self._instance(sum_)
        if here is not None and sum_.constant == 0 and min(sum_.coefficients) > 0:
            here.facts.setdefault(frozenset(sum_.variables), literal)

    def rows(self) -> Iterator[Row]:
        """What there is to state, in the order of the instances."""
        self._cut()
        for here in self._instances.values():
            for terms, limit in here.limits.items():
                whole = True
                for tasks, literal in here.facts.items():
                    inside = [(v, c) for v, c in terms if v in tasks]
                    if inside and (len(inside) > 1 or len(terms) == 1):
                        yield Row(_sum(inside), limit, literal)
                        whole = whole and len(inside) < len(terms)
                if whole:
                    yield Row(_sum(terms), limit)

    def _instance(self, sum_: Sum) -> _Instance | None:
        """The instance that all of the variables are of."""
        first = self._of.get(sum_.variables[0]) if sum_.variables else None
        if first is None or any(self._of.get(v) != first for v in sum_.variables):
            return None
        return self._instances[first]

    def _cut(self) -> None:
        """Cut the limits on resources."""
        loads = [
            (here, r, terms)
            for here in self._instances.values()
            for r in range(self._demand.shape[1])
            if (terms := self._load(here, r)) in here.limits
        ]
        if not loads:
            return
        limited = sorted({r for _, r, _ in loads})
        instances = list({id(here): here for here, _, _ in loads}.values())
        position = {id(here): k for k, here in enumerate(instances)}
        groups = sorted({g for here in instances for g, _ in here.types})
        demand = self._demand[np.ix_(groups, limited)]
        cap = np.zeros(len(groups), np.int64)
        free = np.zeros((len(instances), len(limited)), np.int64)
        present = np.zeros((len(instances), len(groups)), np.bool_)
        number = {g: t for t, g in enumerate(groups)}
        for k, here in enumerate(instances):
            types = [number[g] for g, _ in here.types]
            most = np.zeros(len(groups), np.int64)
            np.add.at(most, types, [self._most[v] for _, v in here.types])
            present[k, types] = True
            np.maximum(cap, most, out=cap)
            free[k] = most @ demand
        for here, r, terms in loads:
            column = limited.index(r)
            free[position[id(here)], column] = min(free[position[id(here)], column], here.limits[terms])
        allowed, kind = np.unique(present | ~_fits(demand, free), axis=0, return_inverse=True)
        reached = cut(demand, cap, allowed, free, kind.reshape(-1))
        for here, r, terms in loads:
            here.limits[terms] = min(here.limits[terms], int(reached[position[id(here)], limited.index(r)]))

    def _load(self, here: _Instance, resource: int) -> Terms:
        """What the tasks that start take of a resource."""
        amounts = self._demand[:, resource]
        return tuple(sorted((v, int(amounts[g])) for g, v in here.types if amounts[g]))


def _fits(demand: Ints, free: Ints) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """``bool[I, T]``: where one task of a type fits; a type that does not is no reason to tell instances apart."""
    return np.stack([(row <= free).all(axis=1) for row in demand], axis=1)


def _sum(terms: Sequence[tuple[Variable, int]]) -> Sum:
    return Sum(tuple(v for v, _ in terms), tuple(c for _, c in terms))
