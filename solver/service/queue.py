"""The calls that wait for a worker: which is next, and which are refused because they would wait in vain.

Callers take turns by the seconds of work that they have had: the next call is of the caller who had the fewest. A caller
who comes, or comes back, is put level with those whose turn it is, so that nobody saves up turns. This is start-time fair
queueing over callers (Goyal, Vin and Cheng, *Start-time Fair Queuing*, SIGCOMM 1996), with the seconds corrected once a call
has shown how many it took. So a caller with a hundred long searches delays another's small request by about what is left of
one running call.

Within a caller the calls are in order: how long one takes is only guessed, and a caller's calls build on each other.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from solver.errors import Overloaded

LEAST_COST = 0.001
"""Seconds that a call counts at least."""

BYTES_PER_SECOND = 10e6
"""At most so fast is a request read, instances by name at a tenth of it: what is known of a call's time before any like it has
ended."""

NEWEST_SHARE = 0.3
"""Weight of the call that has just ended in the mean of those before: three calls make two thirds of it."""

FIRST_SHARE = 1 / 8
"""The same for the seconds until a first plan, which differ less: TCP's for round trips (RFC 6298, section 2)."""

DEVIATION_SHARE = 1 / 4
"""Weight of the newest call in the mean deviation (RFC 6298)."""

FIRST_DEVIATIONS, WAIT_DEVIATIONS = 2.0, 4.0
"""How many deviations, besides the mean, are left for a first plan, and for the calls in front: RFC 6298 waits for four. A call
that was let in and then waits in vain has lost its caller's time. For one without a deadline the mean alone counts."""

MOST_FOR_FIRST = 0.5
"""The part of a call's time that is kept at most for its first plan: the scheduler's plan is there at once, however long the
searches before took to report one."""

STOP_SECONDS = 0.1
"""A search that is told to stop does so within this, as a rule."""

MOST_CALLERS = 10_000
"""Callers without a call here that are remembered."""

RETRY_LEAST, RETRY_MOST = 0.1, 60.0
"""Seconds between which a caller is told to come back."""


@dataclass(frozen=True)
class Duration:
    """Seconds that calls like each other take: a mean that forgets, and the mean deviation from it."""

    mean: float = 0.0
    deviation: float = 0.0

    def and_then(self, seconds: float, share: float) -> Duration:
        """After one more call, whose weight in the mean is ``share``."""
        error = seconds - self.mean
        return Duration(self.mean + share * error, self.deviation + DEVIATION_SHARE * (abs(error) - self.deviation))


@dataclass(eq=False)
class Turn:
    """A call that waits for a worker, or has one.

    Parameters
    ----------
    caller
        Whose it is.
    kind
        Calls of one kind of a caller take about as long as each other.
    size
        Bytes of its request.
    allowed
        Seconds that it takes at most.
    latest
        The moment (of the queue's clock) when it has waited in vain.
    dated
        Whether that is when its answer must be on its way: then it must begin earlier, by what calls like it needed for a first
        plan.
    cluster
        The name of its cluster; empty where it names none.
    """

    caller: str
    kind: Hashable
    size: int
    allowed: float
    latest: float
    dated: bool = False
    cluster: str = ""
    number: int = 0
    """In the order of arrival."""
    expected: float = 0.0
    """Seconds that it probably takes."""
    deviation: float = 0.0
    """By how much calls like it differ from that."""
    charged: float = 0.0
    """Seconds that its caller was charged when it began."""
    began: float = 0.0
    """The moment when it got a worker."""

    def left(self, now: float) -> float:
        """Seconds that it surely goes on, as far as anybody knows, once it has begun."""
        return max(self.expected - (now - self.began), 0.0)

    def likely_left(self, now: float) -> float:
        """Seconds that it probably goes on: one that takes longer than expected, as long as it has taken already."""
        taken = now - self.began
        return self.expected - taken if taken < self.expected else max(min(taken, self.allowed - taken), 0.0)


@dataclass(eq=False)
class _Account:
    """What is known of one caller; ``had`` are the seconds of work in a period, which ends when nobody has a call here."""

    had: float = 0.0
    waiting: deque[Turn] = field(default_factory=deque)
    size: int = 0
    running: int = 0
    durations: dict[Hashable, Duration] = field(default_factory=dict)
    period: int = 0

    @property
    def is_active(self) -> bool:
        return bool(self.waiting or self.running)


class FairQueue:
    """Calls of several callers, for a number of workers.

    Parameters
    ----------
    workers
        Calls that run at a time.
    places
        Calls that may wait.
    room
        Bytes of their requests together.
    share
        The part of both that one caller may take; one call in any case.
    clock
        Seconds.
    """

    def __init__(
        self, workers: int, places: int, room: int, share: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._workers = workers
        self._places = places
        self._room = room
        self._share = share
        self._clock = clock
        self._active: dict[str, _Account] = {}
        self._known: OrderedDict[str, _Account] = OrderedDict()
        self._running: set[Turn] = set()
        self._first: dict[Hashable, Duration] = {}
        self._count = 0
        self._numbers = 0
        self._level = 0.0
        self._period = 0
        self.size = 0
        """Bytes of the requests that wait."""
        self.refused: Counter[str] = Counter()
        """Calls that were refused, by what there was too much of: calls, bytes, share, work; and time for those that waited
        in vain."""

    def __len__(self) -> int:
        """Calls that wait."""
        return self._count

    def enter(self, turn: Turn, *, at_once: bool = False) -> None:
        """A call comes.

        Parameters
        ----------
        at_once
            Whether a worker is idle, so that nothing can refuse the call.

        Raises
        ------
        Overloaded
            If too much waits already, or so much that the call would wait in vain.
        """
        account = self._active.get(turn.caller) or self._known.get(turn.caller) or _Account()
        known = account.durations.get(turn.kind, Duration())
        turn.expected = min(max(known.mean, turn.size / BYTES_PER_SECOND), turn.allowed)
        turn.deviation = known.deviation
        if turn.dated:
            first = self._first.get(turn.kind, Duration())
            needed = first.mean + FIRST_DEVIATIONS * first.deviation
            turn.latest -= min(needed, MOST_FOR_FIRST * self.seconds_until(turn.latest))
        if not account.is_active:
            account.had = max(account.had if account.period == self._period else 0.0, self._level)
            account.period = self._period
        if not at_once:
            self._require_place(account, turn)
        self._numbers += 1
        turn.number = self._numbers
        self._known.pop(turn.caller, None)
        self._active[turn.caller] = account
        account.waiting.append(turn)
        account.size += turn.size
        self._count += 1
        self.size += turn.size
        if not at_once:
            start = self._start_of(turn)
            if start > turn.latest:
                self.leave(turn)
                late = start - turn.latest
                said = f"about {start - self._clock():.1f} s of work are in front of the call, and it can wait less"
                raise self._refusal("work", said, late)

    def next(self) -> Turn | None:
        """The call whose turn it is: it begins; None where none waits."""
        account = min(
            (account for account in self._active.values() if account.waiting),
            key=lambda account: (account.had, account.waiting[0].number),
            default=None,
        )
        if account is None:
            return None
        turn = account.waiting[0]
        self._forget(account, turn)
        self._level = max(self._level, account.had)
        turn.began, turn.charged = self._clock(), max(turn.expected, LEAST_COST)
        account.had += turn.charged
        account.running += 1
        self._running.add(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """A call does not wait any more."""
        account = self._active.get(turn.caller)
        if account is not None and turn in account.waiting:
            self._forget(account, turn)
            self._settle(turn.caller, account)

    def waited_in_vain(self, turn: Turn) -> Overloaded:
        """Have a call leave, and why."""
        self.leave(turn)
        return self._refusal("time", "no worker was free in the time that the call can wait", self._likely_free())

    def seconds_until(self, moment: float) -> float:
        """0 for a moment that is past."""
        return max(moment - self._clock(), 0.0)

    def clear(self) -> list[Turn]:
        """Have all calls leave that wait."""
        left = [turn for account in self._active.values() for turn in account.waiting]
        for turn in left:
            self.leave(turn)
        return left

    def stopping(self, turn: Turn) -> None:
        """A call that has begun is told to stop: how long calls like it take says nothing any more of when it ends."""
        turn.expected, turn.deviation = self._clock() - turn.began + STOP_SECONDS, 0.0

    def ended(self, turn: Turn, *, first: float | None = None, ran: bool = True) -> None:
        """A call that has begun gives its worker back.

        Parameters
        ----------
        first
            Seconds that it needed until it had a plan, or its answer; None for all that it took.
        ran
            Whether it took as long as others like it may, and not less because it was given up.
        """
        if turn not in self._running:
            return
        self._running.remove(turn)
        account = self._active[turn.caller]
        taken = max(self._clock() - turn.began, LEAST_COST)
        account.running -= 1
        account.had += taken - turn.charged
        # Who comes only now is level with those who have had their part: else ever new callers would pass one who waits.
        self._level += taken / len(self._active)
        if ran:
            known = account.durations.get(turn.kind, Duration(taken))
            account.durations[turn.kind] = known.and_then(taken, NEWEST_SHARE)
            first = taken if first is None else first
            self._first[turn.kind] = self._first.get(turn.kind, Duration(first, first / 2)).and_then(first, FIRST_SHARE)
        self._settle(turn.caller, account)

    def _require_place(self, account: _Account, turn: Turn) -> None:
        if self._count >= self._places:
            raise self._refusal("calls", f"{self._count:,} calls wait for a worker already", self._likely_free())
        if self.size + turn.size > self._room:
            said = f"requests of {self.size:,} bytes wait for a worker already"
            raise self._refusal("bytes", said, self._likely_free())
        own = len(account.waiting)
        if own and (own + 1 > self._share * self._places or account.size + turn.size > self._share * self._room):
            said = f"{own:,} calls of this caller wait for a worker already, of {account.size:,} bytes"
            raise self._refusal("share", said, self._likely_free())

    def _refusal(self, cause: str, said: str, seconds: float) -> Overloaded:
        self.refused[cause] += 1
        return Overloaded(said, min(max(seconds, RETRY_LEAST), RETRY_MOST))

    def _likely_free(self) -> float:
        """Seconds until a worker probably is free."""
        now = self._clock()
        return min((turn.likely_left(now) for turn in self._running), default=0.0)

    def _start_of(self, turn: Turn) -> float:
        """The moment by which a call that waits begins, unless the calls in front take longer than calls like them do.

        Their deviations add up as those of independent calls; for a call without a deadline none are counted.
        """
        deviations = WAIT_DEVIATIONS if turn.dated else 0.0
        now = self._clock()
        free = [(now + running.left(now), running.deviation**2) for running in self._running]
        free += [(now, 0.0)] * (self._workers - len(free))
        heapq.heapify(free)
        orders = [
            (account.had, account.waiting[0].number, 0, account) for account in self._active.values() if account.waiting
        ]
        heapq.heapify(orders)
        while True:
            had, _, place, account = heapq.heappop(orders)
            first = account.waiting[place]
            moment, variance = free[0]
            if first is turn:
                return moment + deviations * math.sqrt(variance)
            heapq.heapreplace(free, (moment + first.expected, variance + first.deviation**2))
            if place + 1 < len(account.waiting):
                had += max(first.expected, LEAST_COST)
                heapq.heappush(orders, (had, account.waiting[place + 1].number, place + 1, account))

    def _forget(self, account: _Account, turn: Turn) -> None:
        account.waiting.remove(turn)
        account.size -= turn.size
        self._count -= 1
        self.size -= turn.size

    def _settle(self, caller: str, account: _Account) -> None:
        """Who has nothing here any more counts no longer; once nobody has, all begin anew."""
        if account.is_active:
            return
        self._known[caller] = self._active.pop(caller)
        if len(self._known) > MOST_CALLERS:
            self._known.popitem(last=False)
        if not self._active:
            self._level = 0.0
            self._period += 1
