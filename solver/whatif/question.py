"""What is asked of the cluster, in every scenario alike unless its edits say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from solver.domain.request import Preempt, RuleSpec
from solver.domain.survival import Survival


@dataclass(frozen=True)
class Reconcile:
    """Have as many tasks of each service as there should be: what ``placement-solver reconcile`` does.

    Parameters
    ----------
    desired
        Tasks that there should be, by family, in place of a service's own desired count.
    max_moves, max_move_cost
        Tasks that may move, and the sum of their move costs; None for as many as must.
    preempt
        Whose running tasks may be stopped to place others.
    movable
        Standalone groups that may move too.
    rebalance, consolidate
        Move tasks for the sake of the strategies; keep few instances in use.
    priorities, frozen, rules, all_or_nothing
        As ``solver.formats.operable.Operable.reconcile`` takes them.
    survival
        What the plan must survive; None for nothing.
    """

    desired: Mapping[str, int] = field(default_factory=dict)
    max_moves: int | None = None
    max_move_cost: int | None = None
    preempt: Preempt = Preempt.NONE
    movable: tuple[str, ...] = ()
    rebalance: bool = False
    consolidate: bool = False
    priorities: Mapping[str, int] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    rules: tuple[RuleSpec, ...] = ()
    all_or_nothing: bool = False
    survival: Survival | None = None


@dataclass(frozen=True)
class Place:
    """Place new tasks where nothing that runs moves: what ``placement-solver place`` does.

    Parameters
    ----------
    starts
        New tasks by group.
    priorities, frozen, rules, all_or_nothing, survival
        As for ``Reconcile``.
    """

    starts: Mapping[str, int] = field(default_factory=dict)
    priorities: Mapping[str, int] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    rules: tuple[RuleSpec, ...] = ()
    all_or_nothing: bool = False
    survival: Survival | None = None


Question = Reconcile | Place


@dataclass(frozen=True)
class InstanceType:
    """A type that instances may be of, whether the cluster has one or not.

    Parameters
    ----------
    capacity
        By resource, as the agent registers it: cpu in units, memory in MiB, gpu in thousandths of a device.
    """

    capacity: Mapping[str, int]
