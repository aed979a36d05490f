"""Devices of an instance, such as GPUs: what a task needs of them, and whether some tasks can be laid on what is free.

A task takes the same amount of each of some devices, in thousandths: a share of one (460 of a device), or whole ones (1,000 of
each of two). A share lies on one device; the devices of a task are distinct.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

WHOLE = 1_000
"""A whole device."""

MOST_DEVICES = 16
"""Devices of an instance: layouts are searched exactly."""

MOST_LAYOUTS = 20_000
"""Different amounts left that are followed while all layouts are looked for; of more, those that leave the most whole."""

MEMORY = 65_536
"""Layouts that are remembered."""


@dataclass(frozen=True, order=True)
class DeviceNeed:
    """What one task needs: ``count`` devices, ``each`` thousandths of each."""

    each: int = WHOLE
    count: int = 1

    @property
    def total(self) -> int:
        """Thousandths over all of its devices."""
        return self.each * self.count


Free = tuple[int, ...]
"""Thousandths free on each device."""

Seats = tuple[tuple[int, ...], ...]
"""The devices of each task, in the order in which the tasks were given."""


@lru_cache(maxsize=MEMORY)
def layout(free: Free, needs: tuple[DeviceNeed, ...]) -> Seats | None:
    """Devices for each task, so that no device holds more than is free on it; None where there is no such layout.

    An exact search, large tasks and the fullest devices first; what fails is tried once for each set of amounts left.
    """
    order = sorted(range(len(needs)), key=lambda t: needs[t], reverse=True)
    ordered = [needs[t] for t in order]
    rest = [*accumulate((need.total for need in reversed(ordered)), initial=0)][::-1]
    failed: set[tuple[int, Free]] = set()
    found: list[tuple[int, ...]] = []
    left = [free]
    open_: list[Iterator[tuple[int, ...]]] = []
    while len(found) < len(ordered):
        turn = len(found)
        if len(open_) == turn:
            hopeless = sum(left[-1]) < rest[turn] or (turn, tuple(sorted(left[-1]))) in failed
            open_.append(iter(()) if hopeless else choices(left[-1], ordered[turn]))
        chosen = next(open_[-1], None)
        if chosen is not None:
            found.append(chosen)
            left.append(taken(left[-1], chosen, ordered[turn].each))
            continue
        failed.add((turn, tuple(sorted(left[-1]))))
        open_.pop()
        if not found:
            return None
        found.pop()
        left.pop()
    seats = dict(zip(order, found, strict=True))
    return tuple(seats[t] for t in range(len(needs)))


@lru_cache(maxsize=MEMORY)
def layouts(free: Free, needs: tuple[DeviceNeed, ...]) -> tuple[tuple[Free, Seats], ...]:
    """What may be left on the devices once the tasks lie on them, with one layout for each; empty where there is none.

    Amounts that differ only in which device has them count once. All there are, up to ``MOST_LAYOUTS``.
    """
    order = sorted(range(len(needs)), key=lambda t: needs[t], reverse=True)
    states: dict[Free, tuple[Free, Seats]] = {tuple(sorted(free)): (free, ())}
    for need in (needs[t] for t in order):
        following: dict[Free, tuple[Free, Seats]] = {}
        for left, seats in states.values():
            for chosen in choices(left, need):
                after = taken(left, chosen, need.each)
                following.setdefault(tuple(sorted(after)), (after, (*seats, chosen)))
        if len(following) > MOST_LAYOUTS:
            kept = sorted(following.items(), key=lambda item: (-wholeness(item[0]), item[0]))[:MOST_LAYOUTS]
            following = dict(kept)
        states = following
    place = {t: turn for turn, t in enumerate(order)}
    return tuple((left, tuple(seats[place[t]] for t in range(len(needs)))) for left, seats in states.values())


def tightest(free: Free, needs: tuple[DeviceNeed, ...]) -> Seats | None:
    """The layout that leaves the most in one piece: the largest sum of the squares of what is left on each device."""
    return max(layouts(free, needs), key=lambda found: wholeness(found[0]), default=(free, None))[1]


def wholeness(left: Free) -> int:
    """The sum of the squares of what is left on each device."""
    return sum(amount * amount for amount in left)


def choices(left: Free, need: DeviceNeed) -> Iterator[tuple[int, ...]]:
    """Devices for one task, the fullest first; of devices with equal amounts left the first ones alone."""
    by_amount: dict[int, list[int]] = {}
    for device in sorted(range(len(left)), key=left.__getitem__):
        if left[device] >= need.each:
            by_amount.setdefault(left[device], []).append(device)
    yield from (tuple(sorted(chosen)) for chosen in _of_each(list(by_amount.values()), need.count))


def _of_each(alike: Sequence[Sequence[int]], count: int) -> Iterator[tuple[int, ...]]:
    """So many devices from lists of devices that are alike."""
    if count == 0:
        yield ()
        return
    if sum(len(devices) for devices in alike) < count:
        return
    first, rest = alike[0], alike[1:]
    for many in range(min(len(first), count), -1, -1):
        for others in _of_each(rest, count - many):
            yield (*first[:many], *others)


def taken(left: Free, chosen: Sequence[int], each: int) -> Free:
    """What is left once a task lies on the chosen devices."""
    after = list(left)
    for device in chosen:
        after[device] -= each
    return tuple(after)
