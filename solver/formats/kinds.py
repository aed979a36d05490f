"""The kinds of requests (§1.3): what each may ask for of all that the general request can say."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import numpy as np

from solver.domain.problem import Problem
from solver.domain.request import Preempt, TaskGroup
from solver.domain.survival import Survival
from solver.errors import Fault


class Kind(Enum):
    """An operation, by the name of its verb."""

    PLACE = "place"
    """Anything: the general request."""
    TERMINATE = "terminate"
    """Only stops."""
    DRAIN = "drain"
    """Only instances to be drained, and moves."""
    REBALANCE = "rebalance"
    """Only moves, within a budget."""
    RECONCILE = "reconcile"
    """Starts, stops, moves and pre-emption; no instance is drained."""
    DEPLOY = "deploy"
    """Starts and stops of one family."""


_ADMITS = {
    Kind.PLACE: {
        "start",
        "stop",
        "movable",
        "drained",
        "preempt",
        "empty",
        "repair",
        "consolidate",
        "min_gain",
        "slot",
    },
    Kind.TERMINATE: {"stop"},
    Kind.DRAIN: {"drained", "movable", "empty"},
    Kind.REBALANCE: {"movable", "repair", "consolidate", "min_gain", "slot"},
    Kind.RECONCILE: {"start", "stop", "movable", "preempt", "repair", "consolidate"},
    Kind.DEPLOY: {"start", "stop"},
}
_DOES = {
    "start": "starts no tasks",
    "stop": "stops no tasks of groups",
    "movable": "moves no tasks",
    "drained": "drains no instances",
    "preempt": "stops no tasks for others",
    "empty": "empties no instances",
    "repair": "repairs no rules",
    "consolidate": "does not consolidate",
    "min_gain": "judges no moves by what they gain",
    "slot": "frees no slot",
}


def kind_faults(problem: Problem, kind: Kind) -> list[Fault]:
    """What a problem asks for beyond its kind; paths are those of the wire (``groups[3].start``)."""
    found = [
        Fault(path, said, f"{kind.value} {_DOES[what]}: leave it out, or ask for another operation")
        for what, path, said in _asked(problem)
        if what not in _ADMITS[kind]
    ]
    freedom = problem.freedom
    if kind is Kind.REBALANCE and freedom.max_moves is None and freedom.max_move_cost is None:
        found.append(Fault("freedom.max_moves", "is missing", "say how many tasks may move, or set max_move_cost"))
    changed = {group.family: g for g, group in reversed(list(enumerate(problem.groups))) if group.start or group.stop}
    if kind is Kind.DEPLOY and len(changed) > 1:
        first, *others = sorted(changed, key=lambda family: changed[family])
        said = f"is of {others[0]}, and {first} changes too"
        found.append(Fault(f"groups[{changed[others[0]]}].family", said, "deploy one service at a time"))
    return found


SURVIVING = (Kind.PLACE, Kind.REBALANCE, Kind.RECONCILE)
"""The kinds whose plans may be asked to survive losses."""


def survival_faults(survival: Survival | None, kind: Kind) -> list[Fault]:
    """Survival that is asked of another kind; the path is that of the wire."""
    if survival is None or kind in SURVIVING:
        return []
    remedy = f"{kind.value} keeps no survival: leave it out, or ask for place, rebalance or reconcile"
    return [Fault("survive", f"names {', '.join(survival.lose)}", remedy)]


def _asked(problem: Problem) -> Iterator[tuple[str, str, str]]:
    """What is asked for, where, and how it reads."""
    for g, group in enumerate(problem.groups):
        for what, value in _of_group(group):
            if value:
                yield what, f"groups[{g}].{what}", f"is {str(value).lower()}"
    if problem.drained.any():
        yield "drained", "drained_instances", f"names {int(np.count_nonzero(problem.drained)):,}"
    if problem.freedom.preempt is not Preempt.NONE:
        yield "preempt", "freedom.preempt", f"is {problem.freedom.preempt.name}"
    for name in ("empty", "min_gain"):
        if getattr(problem.freedom, name):
            yield name, f"freedom.{name}", f"is {getattr(problem.freedom, name):,}"
    if problem.freedom.slot:
        yield "slot", "freedom.slot", f"names {', '.join(problem.freedom.slot)}"
    for name in ("repair", "consolidate"):
        if getattr(problem.freedom, name):
            yield name, f"freedom.{name}", "is true"


def _of_group(group: TaskGroup) -> tuple[tuple[str, int], ...]:
    return ("start", group.start), ("stop", group.stop), ("movable", group.movable)
