"""Which devices of an instance its tasks hold: those that run, those that stop, and those that start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from solver.domain.counts import Counts, Ints
from solver.domain.devices import MOST_DEVICES, WHOLE, DeviceNeed, Free, Seats, tightest
from solver.domain.stopping import stops_first
from solver.errors import Fault

if TYPE_CHECKING:
    from solver.domain.problem import Problem


def seats_of(problem: Problem) -> dict[tuple[int, int], list[tuple[int, ...]]]:
    """The devices of running tasks by group and instance, in the order in which these stop (§9.1); protected ones last."""
    first = stops_first()
    tasks = [task for task in problem.tasks if task.group in problem.device_groups]
    found: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for task in sorted(tasks, key=lambda task: (task.protected, first(task))):
        found.setdefault((task.group, task.instance), []).append(task.devices)
    return found


def unoccupied(
    problem: Problem, instance: int, devices: Sequence[int], change: Mapping[int, int]
) -> tuple[Free, tuple[int, ...]]:
    """What is free on an instance's devices without the tasks that stop, and the group of each task that starts.

    Parameters
    ----------
    devices
        Thousandths free on each device with all that runs.
    change
        By group: tasks that start, below zero that stop. Which tasks stop is settled by their order (§9.1).
    """
    free = [int(amount) for amount in devices]
    starting: list[int] = []
    for g, count in change.items():
        need = problem.groups[g].devices
        if need is None:
            continue
        for held in problem.seats.get((g, instance), [])[: max(-count, 0)]:
            for device in held:
                free[device] += need.each
        starting += [g] * max(count, 0)
    return tuple(free), tuple(sorted(starting))


def needs_of(problem: Problem, groups: Sequence[int]) -> tuple[DeviceNeed, ...]:
    """What a task of each of these groups needs of devices."""
    return tuple(need for g in groups if (need := problem.groups[g].devices) is not None)


def devices_after(problem: Problem, change: Counts) -> Ints:
    """``int64[I, D]``: what is free on each device after a change that fits, its tasks laid as tightly as can be."""
    devices: Ints = problem.cluster.devices.copy()
    for i, here in by_instance(problem, change).items():
        free, starting = unoccupied(problem, i, devices[i].tolist(), here)
        needs = needs_of(problem, starting)
        devices[i] = _left(free, needs, tightest(free, needs) or ())
    return devices


def devices_moved(
    problem: Problem, group: int, held: tuple[int, tuple[int, ...]], target: int
) -> tuple[Ints, tuple[int, ...]]:
    """What is free on each device once a task has moved, ``int64[I, D]``, and its devices there; none where it has no layout.

    Parameters
    ----------
    held
        The instance that it leaves, and its devices there, as far as they are known.
    """
    devices: Ints = problem.cluster.devices.copy()
    need = problem.groups[group].devices
    if need is None:
        return devices, ()
    source, known = held
    devices[source, list(known)] += need.each
    seats = tightest(tuple(devices[target].tolist()), (need,))
    found = seats[0] if seats else ()
    devices[target, list(found)] -= need.each
    return devices, found


def by_instance(problem: Problem, change: Counts) -> dict[int, dict[int, int]]:
    """Of each instance the groups with devices whose counts change there, and by how much."""
    found: dict[int, dict[int, int]] = {}
    for g, i, count in change:
        if g in problem.device_groups:
            found.setdefault(i, {})[g] = count
    return found


def _left(free: Free, needs: Sequence[DeviceNeed], seats: Seats) -> Free:
    left = list(free)
    for need, chosen in zip(needs, seats, strict=False):
        for device in chosen:
            left[device] -= need.each
    return tuple(left)


def device_faults(problem: Problem) -> Iterator[Fault]:
    """What is wrong with needs, and with the devices that running tasks are said to hold."""
    for g in sorted(problem.device_groups):
        need = problem.groups[g].devices
        arrivals = problem.groups[g].arrivals
        if not isinstance(arrivals, int | np.integer) or arrivals < 0:
            remedy = "must be zero or more" if isinstance(arrivals, int | np.integer) else "must be a whole number"
            yield Fault(f"groups[{g}].arrivals", f"is {arrivals!r}", remedy)
        for name, amount, most in (("count", need and need.count, MOST_DEVICES), ("each", need and need.each, WHOLE)):
            whole = isinstance(amount, int | np.integer) and not isinstance(amount, bool)
            if not whole or not 1 <= int(amount or 0) <= most:
                remedy = f"must be a whole number, 1 to {most:,}"
                yield Fault(f"groups[{g}].devices.{name}", f"is {amount!r}", remedy)
    held = np.array(problem.cluster.devices)
    for t, task in enumerate(problem.tasks):
        need = problem.groups[task.group].devices
        if not task.devices or need is None:
            # Where it is not known what a task holds, its end sets nothing free.
            continue
        path, known = f"tasks[{t}].devices", range(int(problem.cluster.device_count[task.instance]))
        if not len(set(task.devices)) == len(task.devices) == need.count or not set(task.devices) <= set(known):
            remedy = f"must be {need.count} different devices, 0 to {len(known) - 1}"
            yield Fault(path, f"is {list(task.devices)}", remedy)
            continue
        held[task.instance, list(task.devices)] += need.each
        if (held[task.instance] > WHOLE).any():
            yield Fault(
                path, "with what else is free or held there is more than a device", f"at most {WHOLE:,} on each"
            )
            held[task.instance, list(task.devices)] -= need.each
