"""Tasks on the devices of an instance, as rules see them: what is free in a state, and the same said to the solver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Ints
from solver.domain.devices import WHOLE, DeviceNeed, Free, Seats, layout, layouts, wholeness
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.seating import needs_of, unoccupied
from solver.rules.model import Model, Sum, total

Option = tuple[Free, Seats]
"""What a layout leaves, and the layout."""

Layout = Callable[[Free, tuple[DeviceNeed, ...], tuple[int, ...]], Seats | None]
"""Finds devices for tasks, or that there are none; told besides what it asked to know of the plan."""


def seats_in(state: Placement, instance: int, more: int | None = None, count: int = 1) -> tuple[Free, tuple[int, ...]]:
    """What is free on an instance's devices without the tasks that start, and their groups; with ``count`` more of one."""
    change = state.unseated(instance)
    if more is not None:
        change = {**change, more: change.get(more, 0) + count}
    return unoccupied(state.problem, instance, state.devices[instance].tolist(), change)


def needs_in(state: Placement, instance: int) -> tuple[Free, tuple[DeviceNeed, ...]]:
    """What is free on an instance's devices without the tasks that start, and what each of these needs."""
    free, starting = seats_in(state, instance)
    return free, needs_of(state.problem, starting)


@dataclass(frozen=True, eq=False)
class _Column:
    """Tasks whose use of the devices is counted together: those of one need, or all that take whole devices.

    Parameters
    ----------
    started
        What starts of each need.
    """

    each: int
    started: tuple[tuple[DeviceNeed, Sum], ...]

    @property
    def needed(self) -> Sum:
        """Devices that they need in all."""
        return total(sum_ * need.count for need, sum_ in self.started)


def without_stops(state: Placement, instance: int) -> bool:
    """Whether all that starts on an instance has devices there before anything stops."""
    starts = {g: max(count, 0) for g, count in state.unseated(instance).items()}
    free, starting = unoccupied(state.problem, instance, state.devices[instance].tolist(), starts)
    return layout(free, needs_of(state.problem, starting)) is not None


def seats_of(state: Placement, choose: Callable[[int, Sequence[Option]], int]) -> dict[tuple[int, int], Seats]:
    """By group and instance, the devices of each task that starts in a state.

    Tasks are laid on what is free before anything stops, where they all fit on it; else on that and what all stops give up
    (so that a start never waits for some stops only).

    Parameters
    ----------
    choose
        Of several layouts on an instance the best, by its place.
    """
    found: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for i in state.unseated_instances():
        change = state.unseated(i)
        if without_stops(state, i):
            change = {g: max(count, 0) for g, count in change.items()}
        free, starting = unoccupied(state.problem, i, state.devices[i].tolist(), change)
        options = layouts(free, needs_of(state.problem, starting))
        if options and starting:
            for g, devices in zip(starting, options[choose(i, options)][1], strict=True):
                found.setdefault((g, i), []).append(devices)
    return {cell: tuple(devices) for cell, devices in found.items()}


def fullest(_: int, options: Sequence[Option]) -> int:
    """The layout that leaves the most in one piece."""
    return max(range(len(options)), key=lambda k: wholeness(options[k][0]))


def need_kinds(problem: Problem) -> Ints:
    """``int64[G]``: groups of one number need the same of devices, and none of them gives up devices of its own by stopping."""
    stopping = {g for g, _, _ in problem.operation.stoppable if g in problem.device_groups}
    needs = [group.devices for group in problem.groups]
    kinds = {need: k for k, need in enumerate(sorted({need for need in needs if need}), start=1)}
    own = len(kinds) + 1
    return np.array(
        [own + g if g in stopping else kinds[need] if need else 0 for g, need in enumerate(needs)], np.int64
    )


def seat(model: Model, instance: int, laid: Layout, known: Sequence[Sum] = ()) -> list[Sum]:
    """Say to the solver that what starts on an instance has its devices there; what is then left on each device.

    ``used[d]`` tasks of a column hold device d, and ``sum used = count * tasks``. Tasks of ``count`` distinct devices each can be
    given theirs exactly if besides no device is used by more tasks than there are. Tasks that take whole devices need no such
    limit, however many each takes: nobody else is on theirs.

    Parameters
    ----------
    laid
        For the plan that the solver is hinted with.
    known
        What ``laid`` has to know of the plan besides.
    """
    columns = list(_columns(model, instance))
    stopping = _stopping(model, instance)
    given_up = _given_up(model, instance, stopping)
    left = [sum_ + int(amount) for sum_, amount in zip(given_up, model.problem.cluster.devices[instance], strict=True)]
    size = len(left)
    highs = [
        min(model.range_of(column.needed)[1], model.range_of(sum_)[1] // column.each)
        for column in columns
        for sum_ in left
    ]
    given = [*(sum_ for column in columns for _, sum_ in column.started), *(sum_ for _, sum_ in stopping), *known]
    used = model.dealt(highs, given, _deal(model.problem, instance, columns, [g for g, _ in stopping], laid))
    for k, column in enumerate(columns):
        on = used[k * size : (k + 1) * size]
        balance = total(on) - column.needed
        model.at_most(balance, 0)
        model.at_most(balance * -1, 0)
        if column.each != WHOLE and column.started[0][0].count > 1:
            for sum_ in on:
                model.at_most(sum_ - column.started[0][1], 0)
        left = [rest - sum_ * column.each for rest, sum_ in zip(left, on, strict=True)]
    for rest in left:
        model.at_most(rest * -1, 0)
    return left


def _columns(model: Model, instance: int) -> Iterator[_Column]:
    """The columns of what may start on an instance."""
    kinds: dict[DeviceNeed, list[int]] = {}
    for g in sorted(model.problem.device_groups):
        if (need := model.problem.groups[g].devices) is not None:
            kinds.setdefault(need, []).append(g)
    here = np.array([instance])
    started = [(need, model.started_over(groups, here)) for need, groups in sorted(kinds.items())]
    started = [(need, sum_) for need, sum_ in started if model.range_of(sum_)[1] > 0]
    yield from (_Column(need.each, ((need, sum_),)) for need, sum_ in started if need.each != WHOLE)
    if whole := tuple((need, sum_) for need, sum_ in started if need.each == WHOLE):
        yield _Column(WHOLE, whole)


def _stopping(model: Model, instance: int) -> list[tuple[int, Sum]]:
    """The groups with devices of which tasks may stop on an instance, and how many do."""
    here = np.array([instance])
    seated = [g for g in sorted(model.problem.device_groups) if (g, instance) in model.problem.seats]
    stopped = [(g, model.stopped_over([g], here)) for g in seated]
    return [(g, sum_) for g, sum_ in stopped if model.range_of(sum_)[1] > 0]


def _given_up(model: Model, instance: int, stopping: Sequence[tuple[int, Sum]]) -> list[Sum]:
    """Of each device what the tasks that stop give up: the k-th of a group stops exactly if k do (§9.1)."""
    parts: list[list[Sum]] = [[] for _ in range(model.problem.cluster.devices.shape[1])]
    for g, stopped in stopping:
        need = model.problem.groups[g].devices
        most = model.range_of(stopped)[1]
        for k, held in enumerate(model.problem.seats[g, instance][:most], start=1):
            gone = model.truth(model.at_least(stopped, k))
            for device in held:
                parts[device].append(gone * (need.each if need else 0))
    return [total(sums) for sums in parts]


def _deal(
    problem: Problem, instance: int, columns: Sequence[_Column], stopping: Sequence[int], laid: Layout
) -> Callable[[tuple[int, ...]], Sequence[int]]:
    """How many tasks of each column hold each device, for so many starts of each need and stops of each group."""
    needs = [(k, need) for k, column in enumerate(columns) for need, _ in column.started]
    row = problem.cluster.devices[instance].tolist()

    def dealt(counts: tuple[int, ...]) -> Sequence[int]:
        starts, stops = counts[: len(needs)], counts[len(needs) : len(needs) + len(stopping)]
        told = counts[len(needs) + len(stopping) :]
        free, _ = unoccupied(problem, instance, row, {g: -n for g, n in zip(stopping, stops, strict=True)})
        tasks = [(k, need) for (k, need), n in zip(needs, starts, strict=True) for _ in range(n)]
        used = np.zeros((len(columns), len(row)), np.int64)
        # Without a layout any numbers will do: the limits refuse the plan.
        for (k, _), devices in zip(tasks, laid(free, tuple(need for _, need in tasks), told) or (), strict=False):
            used[k, list(devices)] += 1
        return used.reshape(-1).tolist()

    return dealt
