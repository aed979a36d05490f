"""Repairs: the cheapest single change of each kind that would place one more task (§7.1), verified by solving again.

The kinds, in order: ``move`` a running task, ``relax`` a rule, ``reduce`` what a task needs, ``add`` an instance.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.explanation import Repair
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Scheduling
from solver.errors import InvalidRequest
from solver.explain import changes
from solver.explain.changes import Model, Move
from solver.explain.conflict import Core
from solver.explain.feasibility import Prober, Verdict, least
from solver.explain.relax import Option, Relaxations, touched_rules
from solver.explain.target import asked, goal, placed, restated
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.ports import HostPort
from solver.rules.resources import Resource

MOST_MOVES = 24
FEW_MOVES = 4
MOST_MODELS = 24
"""Candidates tried of a kind."""

LEAST_DEMAND = {"cpu": 1, "memory": 1}
"""A task with no CPU or memory at all is no repair."""


class Repairer:
    """Looks for ways to place one more task of a group that fell short.

    Parameters
    ----------
    core
        The conflict where it is known: a change of the rules or the demand helps only if it touches a member.
    """

    def __init__(self, rules: Rules, tasks: Counts, group: int, core: Core | None, prober: Prober) -> None:
        self.rules = rules
        self.problem = rules.problem
        self.tasks = tasks
        self.group = group
        self.core = core
        self.prober = prober
        self.needed = goal(self.problem, tasks, group)

    @property
    def name(self) -> str:
        """The group's name."""
        return self.problem.groups[self.group].name

    def repairs(self) -> tuple[Repair, ...]:
        """One verified repair of each kind for which one was found in time, in the order of the kinds."""
        kinds: tuple[tuple[str, Callable[[], str | None]], ...] = (
            ("move", self.move),
            ("relax", self.relax),
            ("reduce", self.reduce),
            ("add", self.add),
        )
        found = []
        whole = self.prober
        for k, (kind, look) in enumerate(kinds):
            self.prober = whole.part(1 / (len(kinds) - k))
            change = None if self.prober.deadline.passed() else look()
            if change is not None:
                found.append(Repair(kind, change, True))
        return tuple(found)

    def _plan(self, problem: Problem, *, together: bool = True, known: Counts | None = None) -> Counts | None:
        """A checked plan of the changed problem that starts one more task; None if none was found."""
        needed = self._needed(problem, together)
        question = restated(problem, needed)
        rules = asked(bind(question), question, needed)
        return self.prober.ask(rules, needed, self.tasks if known is None else known, show=True).plan

    def _needed(self, problem: Problem, together: bool) -> Ints:
        """Starts that show one more task in a changed problem: classes above take what the change gives them first."""
        needed = self.needed if together else goal(self.problem, self.tasks, self.group, together=False)
        priority = np.array([group.priority for group in problem.groups])
        above = priority > priority[self.group]
        had = placed(self.problem, self.tasks)
        if problem.all_or_nothing or not (had < self.problem.wanted)[above].any():
            return needed
        best = self.prober.best(problem, np.where(above, problem.wanted, 0))
        return np.where(above, best, needed) if best[above].sum() >= had[above].sum() else needed

    def _works(self, option: Option) -> bool:
        return self._plan(option.problem, together=option.together) is not None

    # Move.

    def move(self) -> str | None:
        """Move one running task, the smallest that makes room."""
        for move in self._moves():
            if self.prober.deadline.passed():
                return None
            changed = changes.moved(self.problem, move)
            if self._breaks(self.problem.running + changes.change_of(self.problem, move)):
                continue
            plan = self._plan(changed, known=self.tasks + changes.change_of(self.problem, move))
            if plan is not None and not self._breaks(plan):
                return self._move_sentence(move)
        return None

    def _breaks(self, tasks: Counts) -> bool:
        """Whether a state breaks a rule of the request that the state before did not."""
        placement = Placement(self.problem, tasks)
        return any(rule.violations(placement) for rule in self.rules.constraints)

    def _moves(self) -> Iterator[Move]:
        """Single moves after which the group seems to have room where the moved task was, the smallest task first.

        First those that leave all other tasks of the plan where they are, then those after which it must be made anew.
        """
        later: list[Move] = []
        for tasks, most in ((self.tasks, MOST_MOVES), (self.problem.running, FEW_MOVES)):
            for other, source in itertools.islice(self._sources(tasks), most):
                targets = [Move(other, source, target) for target in self._targets(tasks, other, source)]
                yield from targets[:1]
                later += targets[1:2]
        yield from later[:FEW_MOVES]

    def _sources(self, tasks: Counts) -> Iterator[tuple[int, int]]:
        """Groups and instances of tasks that stand in the way in a state."""
        total = np.maximum(self.problem.cluster.capacity.sum(axis=0), 1)
        size = (self.problem.demand / total).sum(axis=1)
        for other in sorted(range(len(self.problem.groups)), key=lambda g: (size[g], g)):
            if other != self.group:
                for source in np.flatnonzero(self._makes_room(tasks, other)).tolist():
                    yield other, source

    def _movable(self, group: int) -> Bools:
        """``bool[I]``: where the group has a task that may move (§1.4)."""
        problem = self.problem
        if problem.groups[group].scheduling is not Scheduling.REPLICA:
            return np.zeros(problem.cluster.size, np.bool_)
        there = (problem.running.row(group) > 0) & ~problem.frozen
        if not problem.tasks:
            return there
        named = np.zeros(problem.cluster.size, np.bool_)
        named[np.array(self._free_to_move.get(group, []), np.int64)] = True
        return there & named

    @cached_property
    def _free_to_move(self) -> dict[int, list[int]]:
        """By group, the instances of its unprotected RUNNING tasks."""
        found: dict[int, list[int]] = {}
        for task in self.problem.tasks:
            if task.running and not task.protected:
                found.setdefault(task.group, []).append(task.instance)
        return found

    def _makes_room(self, tasks: Counts, other: int) -> Bools:
        """``bool[I]``: instances that take one more task of the group once a task of ``other`` has left."""
        movable = self._movable(other)
        if not movable.any():
            return movable
        question = restated(self.problem, self.needed)
        state = Placement(question, tasks)
        instances = np.flatnonzero(movable)
        state.start(other, instances, np.full(len(instances), -1, np.int64))
        port_given_back = set(self.problem.groups[other].ports)
        room = np.ones(self.problem.cluster.size, np.bool_)
        for rule in self.rules.concerning(self.group):
            if isinstance(rule, HostPort) and rule.port in port_given_back:
                continue
            room &= rule.room(state, self.group) > 0
        return movable & room

    def _targets(self, tasks: Counts, other: int, source: int) -> list[int]:
        """Instances that take the moved task once the group's one more task is where it was, the fullest first."""
        question = restated(self.problem, self.needed)
        state = Placement(question, tasks)
        one = np.ones(1, np.int64)
        at = np.array([source])
        state.start(other, at, -one)
        state.start(self.group, at, one)
        room = self.rules.room(state, other)
        room[source] = 0
        targets = np.flatnonzero(room > 0)
        free = (state.free[targets] / np.maximum(self.problem.cluster.capacity[targets], 1)).sum(axis=1)
        return [int(i) for i in targets[np.argsort(free, kind="stable")]]

    def _move_sentence(self, move: Move) -> str:
        label = self.problem.cluster.label
        task = changes.task_of(self.problem, move)
        named = f" ({task.id.rsplit('/', 1)[-1]})" if task else ""
        other = self.problem.groups[move.group].name
        return f"move one task of {other}{named} from {label(move.source)} to {label(move.target)}"

    # Relax.

    def relax(self) -> str | None:
        """Loosen one rule as little as suffices, or drop one."""
        relaxations = Relaxations(self.rules, self.tasks, self.group, self.core, self.prober.deadline, self._works)
        for option in relaxations:
            if self.prober.deadline.passed():
                return None
            if self._works(option):
                return option.sentence
        return None

    # Reduce.

    def reduce(self) -> str | None:
        """Let a task need less: the smallest share of one resource, or one port less."""
        best: tuple[float, str] | None = None
        for rule in touched_rules(self.rules, self.core, self.group):
            if self.prober.deadline.passed():
                break
            if isinstance(rule, Resource):
                found = self._less_of(rule)
                if found is not None and (best is None or found < best):
                    best = found
        if best is not None:
            return best[1]
        for rule in touched_rules(self.rules, self.core, self.group):
            if isinstance(rule, HostPort) and rule.port in self.problem.groups[self.group].ports:
                group = self.problem.groups[self.group]
                kept = tuple(port for port in group.ports if port != rule.port)
                option = Option(
                    f"let {group.name} use a dynamic port instead of {rule.name}",
                    changes.with_group(self.problem, self.group, replace(group, ports=kept)),
                )
                if not self.prober.deadline.passed() and self._works(option):
                    return option.sentence
        return None

    def _less_of(self, rule: Resource) -> tuple[float, str] | None:
        """The smallest reduction of one resource that suffices, as a share, and its sentence."""
        amount = int(self.problem.demand[self.group, rule.r])
        lowest = LEAST_DEMAND.get(rule.name, 0)

        def option(less: int) -> Problem:
            return changes.with_demand(self.problem, self.group, rule.name, amount - less)

        less = least(self.prober.deadline, 1, amount - lowest, lambda less: self._enough(option(less)))
        if less is None or self._plan(option(less)) is None:
            return None
        sentence = f"reduce {rule.name} of {self.name} from {amount:,} to {amount - less:,}"
        return less / amount, sentence

    def _enough(self, problem: Problem) -> bool:
        """Whether one more task fits in a problem whose rules are the same, by whatever proof is at hand."""
        question = restated(problem, self.needed)
        rules = Rules(question, self.rules.constraints, self.rules.strategies, ())
        return self.prober.ask(asked(rules, question, self.needed), self.needed, self.tasks).verdict is Verdict.YES

    # Add.

    def add(self) -> str | None:
        """Add one instance of a kind that the cluster has, the smallest that suffices."""
        name = _new_name(self.problem)
        for model in self._models():
            if self.prober.deadline.passed():
                return None
            try:
                grown = changes.with_instance(self.problem, model, name)
            except InvalidRequest:
                # The cluster is at the limit of §11.2: no instance more can be counted.
                return None
            if self._plan(grown, known=changes.widened(self.tasks)) is not None:
                return self._add_sentence(model)
        return None

    def _models(self) -> Iterable[Model]:
        """Kinds of instance on which a task fits when nothing else is there."""
        demand = self.problem.demand[self.group]
        admitted = np.ones(self.problem.cluster.size, np.bool_)
        for rule in self.rules.concerning(self.group):
            if rule.is_static:
                admitted &= rule.admits(self.problem, self.group)
        fits = (self.problem.cluster.capacity >= demand).all(axis=1) & admitted
        return [model for model in changes.models(self.problem.cluster) if fits[model.like]][:MOST_MODELS]

    def _add_sentence(self, model: Model) -> str:
        cluster = self.problem.cluster
        capacity = cluster.capacity[model.like].tolist()
        amounts = ", ".join(f"{amount:,} {name}" for name, amount in zip(cluster.resources, capacity, strict=True))
        kind = f"{model.name} instance" if model.name else f"instance like {cluster.label(model.like)}"
        zone = f" in {model.zone}" if model.zone else ""
        # Instances of one type and zone may differ in the attributes that rules ask for.
        alike = [other for other in changes.models(cluster) if (other.name, other.zone) == (model.name, model.zone)]
        like = f" with the attributes of {cluster.label(model.like)}" if model.name and len(alike) > 1 else ""
        return f"add one {kind}{zone}{like} ({amounts})"


def _new_name(problem: Problem) -> str:
    """A name that no instance has."""
    name, taken = "new-instance", set(problem.cluster.instance_ids)
    while name in taken:
        name += "'"
    return name
