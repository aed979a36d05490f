"""The operations on a cluster that was read: terminate, drain, rebalance, reconcile (§1.3).

Each is a preset of the one general request, and gives the problem with the warnings that concern it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from solver.domain.counts import Bools
from solver.domain.problem import Problem
from solver.domain.request import Freedom, Preempt, RuleSpec, Scheduling
from solver.formats.choose import nearest
from solver.formats.daemons import with_daemons
from solver.formats.draft import Draft, Standing, counted
from solver.formats.names import Names
from solver.formats.slots import slot_of


class Operable(ABC):
    """A cluster whose groups are known by name.

    Every operation takes ``priorities``, by group, in place of the groups' own; ``frozen``, the groups and instances
    where nothing may change; and ``rules`` of the whole cluster.
    """

    @property
    @abstractmethod
    def names(self) -> Names:
        """What its groups are called."""

    @abstractmethod
    def desired_counts(self) -> Mapping[str, int]:
        """How many tasks of each family there should be, as the documents say."""

    def terminate(
        self,
        stops: Mapping[str, int],
        *,
        priorities: Mapping[str, int] | None = None,
        frozen: Sequence[str] = (),
        rules: Sequence[RuleSpec] = (),
    ) -> tuple[Problem, tuple[str, ...]]:
        """The problem of stopping so many tasks of each family, and warnings.

        Revisions lose tasks from the oldest on, those that are neither protected nor frozen before all others. Where
        protection leaves fewer than asked for, a warning says ``DEPLOYMENT_BLOCKED``.

        Parameters
        ----------
        stops
            Tasks to stop: of ``service:web`` with all its revisions, or of one revision, ``service:web@web:6``.

        Raises
        ------
        InvalidRequest
            With every unknown name, absurd count, and contradiction at once; also for more stops than tasks.
        """
        draft = Draft(self.names, Standing(priorities or {}, tuple(frozen), tuple(rules)))
        for name, members in draft.apart(stops).items():
            if not draft.is_count(name, stops[name], "is to stop"):
                continue
            if members:
                draft.stop(name, members, stops[name])
            elif stops[name] and draft.names.resolve(name) is not None:
                draft.fault(name, f"is to stop {counted(stops[name])}", "none of its tasks run")
        return draft.problem(Freedom())

    def drain(
        self,
        instances: Sequence[str],
        *,
        max_moves: int | None = None,
        max_move_cost: int | None = None,
        move_costs: Mapping[str, int] | None = None,
        movable: Sequence[str] = (),
        priorities: Mapping[str, int] | None = None,
        frozen: Sequence[str] = (),
        rules: Sequence[RuleSpec] = (),
    ) -> tuple[Problem, tuple[str, ...]]:
        """The problem of emptying instances, and warnings.

        The tasks of REPLICA services leave and are replaced elsewhere. DAEMON tasks stay, and standalone ones unless
        ``movable`` names them. Protected tasks stay, with a warning.

        Parameters
        ----------
        instances
            By EC2 id, ARN or the ARN's last part.
        max_moves
            Tasks of REPLICA services elsewhere that may move to make room; None for none, or with ``max_move_cost`` any.
        max_move_cost
            The sum of their move costs; None for any. What leaves the instances counts in neither.
        move_costs
            What moving a task counts, by group or family; 1 where left out.
        movable
            Standalone groups whose tasks move too.

        Raises
        ------
        InvalidRequest
            With every unknown name and contradiction; also if no instance would be left that takes tasks.
        """
        draft = Draft(self.names, Standing(priorities or {}, tuple(frozen), tuple(rules)))
        drained = _instances(draft, instances)
        draft.are_budgets(max_moves, max_move_cost)
        draft.price_moves(move_costs or {})
        draft.free_named(movable)
        elsewhere = bool(max_moves) if max_move_cost is None or max_moves is not None else max_move_cost > 0
        if elsewhere:
            draft.free_services()
        problem, warnings = draft.problem(Freedom(interleaved=True), drained)
        if not elsewhere and not movable:
            return problem, warnings
        # A task that leaves and is replaced counts as moved.
        leaving = problem.operation.leaving.totals()
        most = most_cost = None
        if max_moves is not None or max_move_cost is None:
            most = (max_moves or 0) + int(leaving.sum())
        if max_move_cost is not None:
            costs = [group.move_cost for group in problem.groups]
            most_cost = max_move_cost + sum(count * cost for count, cost in zip(leaving.tolist(), costs, strict=True))
        budgets = replace(problem.freedom, max_moves=most, max_move_cost=most_cost)
        return replace(problem, freedom=budgets), warnings

    def drain_cheapest(
        self,
        count: int,
        *,
        max_moves: int | None = None,
        max_move_cost: int | None = None,
        move_costs: Mapping[str, int] | None = None,
        movable: Sequence[str] = (),
        priorities: Mapping[str, int] | None = None,
        frozen: Sequence[str] = (),
        rules: Sequence[RuleSpec] = (),
    ) -> tuple[Problem, tuple[str, ...]]:
        """The problem of emptying so many instances, those for which the least moves, and warnings.

        Tasks of REPLICA services may move, also elsewhere to make room.

        Parameters
        ----------
        count
            Instances to empty, from 1.
        max_moves
            Tasks that may move; None for as many as it takes.
        max_move_cost
            The sum of their move costs; None for any.
        move_costs
            What moving a task counts, by group or family; 1 where left out.
        movable
            Standalone groups whose tasks may move too.

        Raises
        ------
        InvalidRequest
            With every unknown name, absurd count and contradiction at once.
        """
        draft = Draft(self.names, Standing(priorities or {}, tuple(frozen), tuple(rules)))
        if draft.is_count("cheapest", count, "is") and count == 0:
            draft.fault("cheapest", "is 0", "must be at least 1")
        draft.are_budgets(max_moves, max_move_cost)
        draft.price_moves(move_costs or {})
        draft.free_services()
        draft.free_named(movable)
        return draft.problem(Freedom(max_moves=max_moves, max_move_cost=max_move_cost, empty=count))

    def rebalance(
        self,
        max_moves: int | None = None,
        *,
        groups: Sequence[str] | Mapping[str, int | None] | None = None,
        max_move_cost: int | None = None,
        move_costs: Mapping[str, int] | None = None,
        min_gain: float = 0,
        movable: Sequence[str] = (),
        repair: bool = False,
        consolidate: bool = False,
        defragment: bool | Mapping[str, int] = False,
        priorities: Mapping[str, int] | None = None,
        frozen: Sequence[str] = (),
        rules: Sequence[RuleSpec] = (),
    ) -> tuple[Problem, tuple[str, ...]]:
        """The problem of moving tasks for the sake of the strategies, and warnings.

        Parameters
        ----------
        max_moves
            Tasks that may move; None for any number, within ``max_move_cost``.
        groups
            The families or groups that move, standalone ones too, perhaps each with the most of its tasks that may
            (None for any number); None for every REPLICA service.
        max_move_cost
            The sum of the moved tasks' move costs; None for any.
        move_costs
            What moving a task counts, by group or family; 1 where left out.
        min_gain
            What a move must gain on average, in the unit of the first tier that can gain something: with 0.1, one instance
            less in use takes at most ten moves. At most three decimals.
        movable
            Groups that move besides.
        repair
            Have few rules broken, before any strategy.
        consolidate
            Keep few instances in use, before any strategy.
        defragment
            Then have so much free in one piece: amounts by resource; True for the whole of the largest instance.

        Raises
        ------
        InvalidRequest
            With every unknown name, absurd count and contradiction at once; also without a budget of the whole.
        """
        draft = Draft(self.names, Standing(priorities or {}, tuple(frozen), tuple(rules)))
        if max_moves is None and max_move_cost is None:
            draft.fault("max_moves", "is missing: it says how many tasks may move", "give it, or max_move_cost")
        draft.are_budgets(max_moves, max_move_cost)
        draft.price_moves(move_costs or {})
        gain = draft.thousandths("min_gain", min_gain)
        draft.free_groups(groups)
        draft.free_named(movable)
        freedom = Freedom(
            max_moves=max_moves,
            max_move_cost=max_move_cost,
            min_gain=gain,
            repair=repair,
            consolidate=consolidate,
            slot=slot_of(draft, defragment),
        )
        return draft.problem(freedom)

    def reconcile(
        self,
        desired: Mapping[str, int] | None = None,
        *,
        max_moves: int | None = None,
        groups: Sequence[str] | Mapping[str, int | None] | None = None,
        max_move_cost: int | None = None,
        move_costs: Mapping[str, int] | None = None,
        preempt: Preempt = Preempt.NONE,
        movable: Sequence[str] = (),
        rebalance: bool = False,
        consolidate: bool = False,
        priorities: Mapping[str, int] | None = None,
        frozen: Sequence[str] = (),
        rules: Sequence[RuleSpec] = (),
        all_or_nothing: bool = False,
    ) -> tuple[Problem, tuple[str, ...]]:
        """The problem of having as many tasks of each service as there should be, and warnings.

        What is missing starts in the newest revision; what is too much stops from the oldest on. Tasks of REPLICA
        services may move to make room. A DAEMON service has one task on each eligible instance, before all others.

        Parameters
        ----------
        desired
            Tasks that there should be, by family. A service that is not named has its own desired count.
        max_moves
            Tasks that may move; None for as many as must.
        groups, max_move_cost, move_costs
            As ``rebalance`` takes them.
        preempt
            Whose running tasks may be stopped to place others.
        movable
            Standalone groups that may move too.
        rebalance
            Move tasks for the sake of the strategies too.
        consolidate
            Keep few instances in use, before any strategy.
        all_or_nothing
            Start everything that is missing, or nothing (§6.3).

        Raises
        ------
        InvalidRequest
            With every unknown name, absurd or contradictory count, and every other contradiction at once.
        """
        draft = Draft(self.names, Standing(priorities or {}, tuple(frozen), tuple(rules), all_or_nothing))
        named = desired or {}
        counts = {**{name: count for name, count in self.desired_counts().items() if name not in named}, **named}
        counts = {name: count for name, count in counts.items() if name in named or not _is_held(draft, name)}
        # A revision that is named stands for its family.
        covered = {draft.groups[g].family for name in named for g in draft.members(name)}
        counts = {name: count for name, count in counts.items() if name in named or name not in covered}
        for name, members in draft.apart(counts).items():
            if draft.is_count(name, counts[name], "is to have a desired count of"):
                _towards(draft, name, members, counts[name], explicit=name in named)
        draft.are_budgets(max_moves, max_move_cost)
        draft.price_moves(move_costs or {})
        if max_moves != 0 or groups is not None:
            draft.free_groups(groups)
        draft.free_named(movable)
        freedom = Freedom(
            max_moves=max_moves,
            max_move_cost=max_move_cost,
            preempt=preempt,
            consolidate=consolidate,
            interleaved=not rebalance,
        )
        problem, warnings = draft.problem(freedom)
        return with_daemons(problem, draft.frozen_groups, priorities or {}), warnings


def _is_held(draft: Draft, name: str) -> bool:
    """Whether a service that nobody named keeps what it has: a DAEMON service, or one that is frozen."""
    members = draft.base.families.get(name, ())
    daemon = any(draft.groups[g].scheduling is Scheduling.DAEMON for g in members)
    return daemon or not draft.frozen_groups.isdisjoint(members)


def _towards(draft: Draft, name: str, members: Sequence[int], count: int, *, explicit: bool) -> None:
    """Start or stop what a desired count says; what cannot start is a fault only if somebody asked for it."""
    running = draft.total(members)
    if count < running:
        draft.stop(name, members, running - count)
        return
    entry = draft.names.resolve(name)
    if count == running or (not members and entry is None):
        return
    if entry is None:
        known = " or ".join(draft.groups[g].name for g in members[:3])
        draft.fault(name, "has tasks of several task definitions", f"name the one to start: {known}")
    elif entry.group.scheduling is Scheduling.DAEMON:
        remedy = "it has one task on each eligible instance: leave it out"
        draft.fault(name, "is a DAEMON service, and has a desired count", remedy)
    elif not entry.refusal:
        draft.start(name, entry, count - running)
    elif explicit:
        problem, _, remedy = entry.refusal.partition("; ")
        draft.fault(name, problem, remedy)
    else:
        problem = entry.refusal.partition("; ")[0]
        draft.said.append(f"{name}: {count - running:,} of its {count:,} tasks are not asked for: it {problem}")


def _instances(draft: Draft, names: Sequence[str]) -> Bools:
    """``bool[I]``: the instances to drain."""
    cluster = draft.base.cluster
    drained = np.zeros(cluster.size, np.bool_)
    for name in names:
        at = cluster.find(name)
        if at is None:
            remedy = nearest(name, [cluster.label(i) for i in range(cluster.size)])
            draft.fault(name, "is to be drained and is not in the cluster", remedy)
        elif draft.frozen[at]:
            draft.fault(name, "is both frozen and to be drained", "drop one of the two")
        else:
            drained[at] = True
    if not names:
        draft.fault("instances", "is empty: nothing is to be drained", "name an instance")
    elif drained.any() and not (cluster.accepts & ~draft.frozen & ~drained).any():
        problem = "leave no instance that takes tasks"
        draft.fault("instances", problem, "drain some of them first, and leave one that is ACTIVE and connected")
    return drained
