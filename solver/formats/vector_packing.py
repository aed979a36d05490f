"""Vector packing problems as ``.vbp`` files: items of several sizes each, into as few equal bins as possible.

Whole numbers, separated by blanks: the dimensions; the bin's capacity in each; how many kinds of items there are; for each
kind a line with its sizes and how many there are of it. It is the format of Brandão and Pedroso's VPSolver, in which the sets
of Panigrahy et al. and of the experiments on vector packing heuristics are published.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from solver.domain.cluster import ClusterSnapshot
from solver.domain.counts import LARGEST_SUM, Counts, Ints
from solver.domain.problem import Problem
from solver.domain.request import RuleSpec, TaskGroup
from solver.errors import Fault, InvalidRequest, TooLarge, UnreadableDocument

MOST_BINS = 100_000
RESOURCE = "size"
"""Of the first dimension ``size1``, of the next ``size2``, ..."""


def read_vector_packing(path: Path) -> Problem:
    """The problem in a file: each kind of item a group, each bin an empty instance, chain ``binpack(size1)``.

    There is a bin for each item, so that a plan exists in any case.

    Raises
    ------
    UnreadableDocument
        If there is no such file, or it is not in the format.
    InvalidRequest
        With every item that fits no bin.
    """
    try:
        text = path.read_text(encoding="ascii")
    except OSError as failed:
        what = failed.strerror or str(failed)
        raise UnreadableDocument.at(str(path), f"cannot be read ({what})", "name a file that exists") from failed
    except UnicodeDecodeError as broken:
        raise UnreadableDocument.at(str(path), "is not text", "give whole numbers, separated by blanks") from broken
    return problem_from_vbp(text, str(path))


def problem_from_vbp(text: str, name: str = "vbp") -> Problem:
    """The problem that a text in the format describes; messages begin with ``name``.

    Raises
    ------
    UnreadableDocument
        If it is not in the format.
    InvalidRequest
        With every item that fits no bin.
    TooLarge
        If there are more than ``MOST_BINS`` items.
    """
    capacity, sizes, counts = _numbers(text, name)
    large = [(k, d) for k, d in np.argwhere(sizes > capacity).tolist()]
    if large:
        raise InvalidRequest(
            [
                Fault(f"{name} item {k + 1}", f"has {sizes[k, d]} of size {d + 1}", f"a bin has {capacity[d]}")
                for k, d in large
            ]
        )
    bins, dimensions = int(counts.sum()), len(capacity)
    if bins > MOST_BINS:
        raise TooLarge(f"{name}: holds {bins:,} items; give at most {MOST_BINS:,}")
    resources = tuple(f"{RESOURCE}{d + 1}" for d in range(dimensions))
    amounts = np.tile(capacity, (bins, 1))
    cluster = ClusterSnapshot(
        instance_ids=tuple(f"bin{number + 1:06d}" for number in range(bins)),
        resources=resources,
        capacity=amounts,
        free=amounts,
        active=np.ones(bins, np.bool_),
        connected=np.ones(bins, np.bool_),
    )
    groups = tuple(
        TaskGroup(
            name=f"item{k + 1:05d}",
            family=f"item{k + 1:05d}",
            demand=dict(zip(resources, row, strict=True)),
            start=many,
            strategies=(RuleSpec("binpack", resources[0]),),
        )
        for k, (row, many) in enumerate(zip(sizes.tolist(), counts.tolist(), strict=True))
    )
    return Problem(cluster, groups, Counts.empty(len(groups), bins))


def _numbers(text: str, name: str) -> tuple[Ints, Ints, Ints]:
    """Capacities ``int64[D]``, sizes ``int64[K, D]`` and counts ``int64[K]``."""
    words = text.split()
    wrong = next((word for word in words if not re.fullmatch(r"-?[0-9]{1,16}", word)), None)
    if wrong is not None:
        raise UnreadableDocument.at(name, f"holds '{wrong[:40]}'", "must hold whole numbers of up to 16 digits only")
    numbers = [int(word) for word in words]
    if not numbers or numbers[0] < 1 or len(numbers) < numbers[0] + 2:
        raise UnreadableDocument.at(name, "has no header", "begin with dimensions, capacities and the number of items")
    dimensions, kinds = numbers[0], numbers[numbers[0] + 1]
    if kinds < 1:
        raise UnreadableDocument.at(name, f"has {kinds} items", "give at least one")
    expected = dimensions + 2 + kinds * (dimensions + 1)
    if len(numbers) != expected:
        said = f"holds {len(numbers):,} numbers"
        remedy = f"{kinds:,} items of {dimensions} sizes and a count each need {expected:,} with the header"
        raise UnreadableDocument.at(name, said, remedy)
    low = [number for number in numbers if number < 0]
    if low or sum(numbers) > LARGEST_SUM:
        said = f"holds {low[0]}" if low else "holds numbers that are too large"
        raise UnreadableDocument.at(name, said, f"give numbers from 0 to {LARGEST_SUM:,} in all")
    items = np.array(numbers[dimensions + 2 :], np.int64).reshape(kinds, dimensions + 1)
    return np.array(numbers[1 : dimensions + 1], np.int64), items[:, :-1], items[:, -1]
