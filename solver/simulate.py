"""The simulator: replays an order one event at a time, in a random order within each wave, and judges every moment (§9.2).

It knows nothing of how waves are made. It judges by each rule's ``violations`` alone, by names and by counting.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from solver.domain.counts import Counts
from solver.domain.explanation import Violation
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import RunningTask
from solver.domain.steps import Action
from solver.rules.base import Constraint
from solver.rules.bind import bind
from solver.rules.bound import Rules
from solver.rules.member_of import MemberOf

MOST_FOUND = 100
"""Violations after which a replay ends."""


@dataclass(frozen=True)
class Event:
    """One start or one stop: +1 or -1 task of a group on an instance."""

    sign: int
    group: int
    instance: int
    task: str = ""


def simulate(
    problem: Problem,
    tasks: Counts,
    actions: Iterable[Action],
    seed: int = 0,
    rules: Rules | None = None,
    whole: bool = True,
    every: int = 1,
) -> tuple[Violation, ...]:
    """Everything that goes wrong when the actions are carried out by waves, in an order drawn with ``seed``.

    Parameters
    ----------
    tasks
        The counts after the operation, which the bounds of §9.2 are relative to.
    whole
        The actions must lead there; False for the part of a plan that can be carried out.
    every
        The rules are judged after every so many events and at the end of each wave; names and percentages always.

    Raises
    ------
    InvalidRequest
        If the rules of the problem cannot be read.
    """
    replay = _Replay(problem, tasks, rules or bind(problem))
    waves, faults = _waves(problem, actions)
    replay.found += faults
    draw = random.Random(seed)
    for _, events in sorted(waves.items()):
        draw.shuffle(events)
        for number, event in enumerate(events, start=1):
            replay.take(event)
            if number % every == 0 or number == len(events):
                replay.judge()
            if len(replay.found) >= MOST_FOUND:
                return tuple(replay.found)
        replay.end_wave()
    if whole:
        replay.end()
    return tuple(replay.found)


def _waves(problem: Problem, actions: Iterable[Action]) -> tuple[dict[int, list[Event]], list[Violation]]:
    """The events of each wave; and the actions that are none."""
    waves: dict[int, list[Event]] = defaultdict(list)
    faults = []
    for action in actions:
        group, to = problem.by_name.get(action.group), problem.cluster.find(action.instance)
        leaves = problem.cluster.find(action.from_instance) if action.kind == "move" else to
        first = min(action.starts_in, action.stops_in) if action.kind == "move" else action.step
        if group is None or to is None or leaves is None or action.kind not in ("start", "stop", "move"):
            faults.append(Violation("known names", action.group, action.instance, 0, 1, f"unknown {action.kind}s"))
        elif first < 1 or action.step != max(action.step, action.starts_in, action.stops_in):
            faults.append(
                Violation("waves count from 1", action.group, action.instance, 0, 1, "actions without a wave")
            )
        else:
            if action.kind != "stop":
                waves[action.starts_in if action.kind == "move" else action.step].append(Event(1, group, to))
            if action.kind != "start":
                wave = action.stops_in if action.kind == "move" else action.step
                waves[wave].append(Event(-1, group, leaves, action.task))
    return waves, faults


@dataclass
class _Family:
    """A family with percentages: tasks, healthy ones, and those that become healthy when the wave is over."""

    lower: int
    upper: int
    total: int
    healthy: int
    fresh: int = 0


@dataclass
class _Replay:
    """A cluster on the way."""

    problem: Problem
    after: Counts
    rules: Rules
    found: list[Violation] = field(default_factory=list)

    def __post_init__(self) -> None:
        problem = self.problem
        self._cells = {(g, i): count for g, i, count in problem.running}
        self._alive: dict[str, RunningTask] = {task.id: task for task in problem.tasks}
        self._stopped: set[str] = set()
        named = Counter((task.group, task.instance) for task in problem.tasks)
        self._unnamed = Counter({(g, i): n - named[g, i] for g, i, n in problem.running})
        self._families = dict(self._bounded())
        end = Placement(problem, self.after)
        self._excused = {
            (v.rule, v.group, v.place): v.after for rule in self.rules.constraints for v in rule.violations(end)
        }
        self._known: set[tuple[str, str, str]] = set()
        self._since: list[Event] = []
        self._concerning: dict[int, list[Constraint]] = defaultdict(list)
        for rule in self.rules.constraints:
            for g in {*rule.scope(problem), *rule.binds(problem)}:
                self._concerning[g].append(rule)

    def _bounded(self) -> Iterator[tuple[str, _Family]]:
        after, before = self.after.totals(), self.problem.running.totals()
        for family, members in self.problem.families.items():
            groups = [self.problem.groups[g] for g in members]
            least = [g.minimum_healthy_percent for g in groups if g.minimum_healthy_percent is not None]
            most = [g.maximum_percent for g in groups if g.maximum_percent is not None]
            if not least and not most:
                continue
            desired, total = sum(int(after[g]) for g in members), sum(int(before[g]) for g in members)
            ill = sum(task.group in members and not (task.healthy and task.running) for task in self.problem.tasks)
            lower = (desired * max(least, default=0) + 99) // 100
            upper = desired * min(most) // 100 if most else 2**60
            yield family, _Family(lower, upper, total, total - ill)

    def take(self, event: Event) -> None:
        """One event, and what is wrong after it."""
        name = self.problem.groups[event.group].name
        healthy = self._leave(event, name) if event.sign < 0 else True
        family = self._families.get(self.problem.groups[event.group].family)
        if event.sign > 0:
            self._unnamed[event.group, event.instance] += 1
        if family is not None:
            self._count(family, event, healthy, name)
        self._since.append(event)
        cell = (event.group, event.instance)
        self._cells[cell] = self._cells.get(cell, 0) + event.sign
        if self._cells[cell] < 0:
            self._fault("tasks that run", name, event.instance, "tasks stopped where none runs")
            self._cells[cell] = 0

    def state(self) -> Counts:
        """The tasks at this moment."""
        columns = np.array([(*cell, count) for cell, count in self._cells.items()], np.int64).reshape(-1, 3)
        shape = (self.after.groups, self.after.instances)
        return Counts.of(shape, columns[:, 0], columns[:, 1], columns[:, 2])

    def _leave(self, event: Event, name: str) -> bool:
        """A task stops; whether it was healthy."""
        if not event.task:
            if self._unnamed[event.group, event.instance] < 1:
                self._fault(
                    "names of tasks", name, event.instance, "stops without a name, of tasks that have one or do not run"
                )
            self._unnamed[event.group, event.instance] -= 1
            return True
        task = self._alive.get(event.task)
        if task is None or (task.group, task.instance) != (event.group, event.instance):
            self._fault("names of tasks", name, event.instance, f"stops of {event.task}, which does not run there")
            return True
        if event.task in self._stopped:
            self._fault("names of tasks", name, event.instance, f"stops of {event.task} more than once")
        if task.protected:
            self._fault("protection", name, event.instance, f"stops of {event.task}, which is protected")
        self._stopped.add(event.task)
        return task.healthy and task.running

    def _count(self, family: _Family, event: Event, healthy: bool, name: str) -> None:
        """Percentages: what makes a count worse must leave it within its bound."""
        family.total += event.sign
        if event.sign > 0:
            family.fresh += 1
            if family.total > family.upper:
                unit = "tasks running or pending"
                self.found.append(Violation("maximumPercent", name, "cluster", family.upper, family.total, unit))
        elif healthy:
            family.healthy -= 1
            if family.healthy < family.lower:
                lacking = family.lower - family.healthy
                self.found.append(
                    Violation("minimumHealthyPercent", name, "cluster", 0, lacking, "healthy tasks lacking")
                )

    def judge(self) -> None:
        """The rules on the groups of the events since the last look; an expression binds at the moment of a start alone."""
        placement = Placement(self.problem, self.state())
        placement.__dict__["before"] = self.rules.before
        concerned = {id(rule): rule for event in self._since for rule in self._concerning[event.group]}
        last = self._since[-1]
        started = (last.group, self.problem.cluster.label(last.instance)) if last.sign > 0 else None
        self._since.clear()
        for rule in concerned.values():
            for violation in rule.violations(placement):
                reads_tasks = isinstance(rule, MemberOf) and rule.counts
                if reads_tasks and (rule.owner, violation.place) != started:
                    continue
                key = (violation.rule, violation.group, violation.place)
                if violation.after > self._excused.get(key, -1) and key not in self._known:
                    self._known.add(key)
                    self.found.append(violation)

    def end_wave(self) -> None:
        """What started is healthy now."""
        for family in self._families.values():
            family.healthy += family.fresh
            family.fresh = 0

    def end(self) -> None:
        """The plan must have been carried out."""
        for g, i, count in self.after - self.state():
            name, unit = self.problem.groups[g].name, "tasks away from the plan"
            self.found.append(Violation("the plan", name, self.problem.cluster.label(i), 0, abs(count), unit))

    def _fault(self, rule: str, group: str, instance: int, unit: str) -> None:
        self.found.append(Violation(rule, group, self.problem.cluster.label(instance), 0, 1, unit))
