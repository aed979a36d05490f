"""From the fractions of the relaxation to whole patterns on named instances."""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Bools, Ints
from solver.engines.patterns.classes import Classes
from solver.engines.patterns.fillers import Floats

EPSILON = 1e-6


def round_with_noise(
    used: Floats, kinds: Ints, classes: Classes, most_opened: int, sigma: float, rng: np.random.Generator
) -> Ints:
    """``int64[P]``: each fraction, plus noise of standard deviation ``sigma``, rounded to the nearest whole number.

    ``kinds[P]`` are the classes of the patterns.

    The largest fractions first, while instances of the class are left and at most ``most_opened`` are opened.
    """
    whole = np.floor(used + EPSILON).astype(np.int64)
    score = used - whole + (sigma * rng.standard_normal(len(used)) if sigma else 0.0)
    up = np.flatnonzero((score >= 0.5) & (used > EPSILON))
    up = up[np.argsort(-score[up], kind="stable")]
    left = classes.size - np.bincount(kinds, weights=whole, minlength=classes.count).astype(np.int64)
    up = up[_rank_among_equals(kinds[up]) < left[kinds[up]]]
    opens: Bools = classes.empty[kinds]
    allowed = most_opened - int(whole[opens].sum())
    up = up[~opens[up] | (np.cumsum(opens[up]) <= allowed)]
    whole[up] += 1
    return whole


def on_instances(kind: Ints, held: Ints, classes: Classes) -> tuple[Ints, Ints]:
    """Patterns ``held[N, T]`` of classes ``kind[N]`` on an instance each, the first ones first, while the class has any.

    ``int64[M]`` instances, those in use before the others, and ``int64[M, T]`` what they hold.
    """
    order = np.argsort(classes.empty[kind], kind="stable")
    kind, held = kind[order], held[order]
    rank = _rank_among_equals(kind)
    inside = rank < classes.size[kind]
    return classes.members[classes.start[kind[inside]] + rank[inside]], held[inside]


def _rank_among_equals(values: Ints) -> Ints:
    """For each entry, how many equal ones come before it."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.searchsorted(ordered, ordered)
    rank = np.zeros(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values)) - first
    return rank
