"""What a request for survival means on its cluster: which losses, and whose tasks must have a place after them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from solver.domain.counts import Bools
from solver.domain.problem import Problem
from solver.domain.request import Limits, Scheduling
from solver.domain.survival import MOST_KINDS, Survival
from solver.errors import Fault, InvalidRequest
from solver.formats.choose import nearest
from solver.robustness.loss import Loss, how_many, losses

MOST_LOSSES, MOST_CELLS = 5_000, 50_000_000
"""Losses that a plan must survive, and these times the instances: each has a witness of its own."""


def required(problem: Problem, survival: Survival, limits: Limits) -> tuple[tuple[Loss, ...], Bools]:
    """The losses that a plan must survive, and ``bool[G]``: the groups whose tasks must have a place after them.

    Raises
    ------
    InvalidRequest
        With every fault: a kind of loss or a group that means nothing, a loss that takes every instance, too many losses, a
        limit that cannot be kept.
    """
    faults = [*_covered_faults(problem, survival)]
    if not survival.lose:
        faults.append(Fault("lose", "is empty", "name what may be lost, such as zone or instance"))
    if len(survival.lose) > MOST_KINDS:
        faults.append(Fault("lose", f"names {len(survival.lose)} kinds of loss", f"name at most {MOST_KINDS}"))
    if limits.deterministic_limit is not None:
        problem_ = "stands beside survival, whose searches share the wall clock"
        faults.append(Fault("limits.deterministic_limit", problem_, "set time_limit alone"))
    found: dict[str, tuple[Loss, ...]] = {}
    for k, what in enumerate(survival.lose[:MOST_KINDS]):
        try:
            found.setdefault(what, _losses(problem, what, sum(map(len, found.values()))))
        except InvalidRequest as invalid:
            faults += [replace(fault, path=f"lose[{k}]") for fault in invalid.faults]
    if faults:
        raise InvalidRequest(faults)
    covered = np.array([_is_covered(problem, g, survival.covered) for g in range(len(problem.groups))], np.bool_)
    return tuple(loss for some in found.values() for loss in some), covered


def _covered_faults(problem: Problem, survival: Survival) -> Iterator[Fault]:
    known = {*problem.by_name, *problem.families}
    for k, name in enumerate(survival.covered):
        if name not in known:
            yield Fault(f"covered[{k}]", f"'{name}' is no group and no family", nearest(name, sorted(known)))


def _losses(problem: Problem, what: str, others: int) -> tuple[Loss, ...]:
    """The losses of one kind, counted before they are made."""
    many, size = others + how_many(problem.cluster, what), problem.cluster.size
    if many > MOST_LOSSES or many * size > MOST_CELLS:
        most = min(MOST_LOSSES, MOST_CELLS // size)
        said = f"is {what}, which makes {many:,} losses of {size:,} instances"
        raise InvalidRequest.at("lose", said, f"name what makes at most {most:,}, such as zone")
    found = losses(problem.cluster, what)
    for loss in found:
        if loss.gone.all():
            said = f"is {loss.what}, and every instance is lost with {loss.name}"
            raise InvalidRequest.at("lose", said, "no plan survives that: have instances that it leaves")
    return found


def _is_covered(problem: Problem, g: int, names: tuple[str, ...]) -> bool:
    group = problem.groups[g]
    named = not names or group.name in names or group.family in names
    return named and group.scheduling is not Scheduling.DAEMON
