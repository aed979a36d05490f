"""A plan by diving: patterns that are used most are kept, and what they leave over is relaxed again, until nothing is left.

Where instances hold few tasks each of many types, roundings of one relaxation leave too many tasks over, which first fit then
spreads out; relaxed again, they find patterns that no longer compete with those that are kept.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.patterns.branching import INTEGRAL, Generator
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.fillers import Floats, Searches
from solver.engines.patterns.master import Columns, Relaxation
from solver.engines.patterns.types import TaskTypes

KEPT, LEAST_SHARE = 0.85, 0.1
"""A pattern is kept that is used so much; and so large a part of the relaxation's instances in any case, those used most."""
ROUNDS = 12
"""Linear programs after each choice: patterns for what is left need not be the best."""


def settled(types: TaskTypes, excess: Floats) -> TaskTypes:
    """The same types with each zone's tasks known, so that what is left over is a problem of the same kind.

    Of each profile's excess (``float64[K, Z]``) the whole part is kept, and what is lacking goes where most was cut off.
    """
    whole = np.minimum(np.floor(excess + INTEGRAL).astype(np.int64), types.profile_range)
    for k in range(len(whole)):
        left = int(types.profile_slack[k] - whole[k].sum())
        order = np.argsort(whole[k] - excess[k], kind="stable")
        while left > 0:
            room = order[whole[k, order] < types.profile_range[k, order]][:left]
            whole[k, room] += 1
            left -= len(room)
    base = types.base.copy()
    np.add.at(base, types.profile_type, whole)
    return replace(
        types,
        base=base,
        profile_type=types.profile_type[:0],
        profile_range=types.profile_range[:0],
        profile_slack=types.profile_slack[:0],
        subset_most=np.zeros_like(types.subset_most),
    )


def dive(
    types: TaskTypes,
    classes: Classes,
    columns: Columns,
    relaxation: Relaxation,
    deadline: Deadline,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:
    """Patterns that hold everything, or as much as there was time for: ``int64[N]`` classes and ``int64[N, T]`` fillings."""
    types = settled(types, relaxation.excess)
    base, size = types.base.copy(), classes.size.copy()
    kind, held, used = columns.kind[: len(relaxation.used)], columns.held[: len(relaxation.used)], relaxation.used
    kept_kind, kept = [np.zeros(0, np.int64)], [np.zeros((0, types.count), np.int64)]
    while not deadline.passed():
        chosen = _chosen(used, rng)
        if not len(chosen):
            break
        for p in chosen.tolist():
            c = int(kind[p])
            filling = np.minimum(held[p], base[:, classes.zone[c]])
            if size[c] and filling.any():
                base[:, classes.zone[c]] -= filling
                size[c] -= 1
                kept_kind.append(np.array([c]))
                kept.append(filling[None])
        if not base.any():
            break
        rest = replace(types, base=base, total=base.sum(axis=1), cap=np.minimum(types.cap, base.max(axis=1)))
        found = _relaxed(rest, replace(classes, size=size), kind, held, deadline)
        if found is None:
            break
        kind, held, used = found
    return np.concatenate(kept_kind), np.concatenate(kept)


def _chosen(used: Floats, rng: np.random.Generator) -> Ints:
    """``int64[N]``: patterns to keep, as often as each is used."""
    whole = np.floor(used + 1 - KEPT).astype(np.int64)
    fraction = np.where(used > INTEGRAL, used - whole, 0.0)
    lacking = int(np.ceil(LEAST_SHARE * used.sum())) - int(whole.sum())
    if lacking > 0:
        order = np.argsort(-fraction * rng.uniform(0.9, 1.1, len(used)), kind="stable")[:lacking]
        whole[order[fraction[order] > 0]] += 1
    chosen: Ints = np.repeat(np.arange(len(used)), whole)
    return chosen


def _relaxed(
    types: TaskTypes, classes: Classes, kind: Ints, held: Ints, deadline: Deadline
) -> tuple[Ints, Ints, Floats] | None:
    """Patterns of what is left and how often the relaxation uses each; None if time ended."""
    present = np.flatnonzero(classes.size)
    position = np.full(classes.count, -1, np.int64)
    position[present] = np.arange(len(present))
    columns, clipped = Columns(types.count), np.minimum(held, types.base.T[classes.zone[kind]])
    some = clipped.any(axis=1) & (position[kind] >= 0)
    columns.add(position[kind[some]], clipped[some])
    left = classes.some(present)
    generator = Generator(types, left, columns, Searches(types, left))
    last: list[Relaxation] = []

    def on_the_way(relaxation: Relaxation, bound: int) -> bool:
        last.append(relaxation)
        return len(last) >= ROUNDS

    generator.relax(generator.root, int(classes.size.sum()) + 1, deadline, on_the_way)
    if not last:
        return None
    used = last[-1].used
    return present[columns.kind[: len(used)]], columns.held[: len(used)], used
