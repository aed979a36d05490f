"""What a search reports on its way: plans for the front to fall back on, or for a stream, and bounds for a stream."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from solver.domain.answer import Answer, Replay
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.solution import Status, Stop
from solver.engines.incumbent import Known
from solver.service import codec
from solver.service.decode import PlaceCall
from solver.service.frames import Reply
from solver.service.verbs import Stream, Verb

INTERVAL = 0.05
"""Seconds between two reports."""

Fingerprint = Callable[[Problem, Counts | None], str]


class Reporter:
    """Reports at most every ``INTERVAL``, and in at most a tenth of the time.

    What is too early to report is kept until it is due, and then only the newest of it.

    Parameters
    ----------
    call
        What is answered.
    verb
        In whose response plans are put; a stream's stay general responses.
    finish_by
        The moment (``time.monotonic``) when the search must end: after the first plan nothing is reported that would take until
        then.
    send
        Takes a report.
    fingerprint
        Of the problem; asked once.
    """

    def __init__(
        self,
        call: PlaceCall,
        verb: Verb | Stream | None,
        finish_by: float,
        send: Callable[[Reply, bytes], None],
        fingerprint: Fingerprint,
        versions: Mapping[str, str],
    ) -> None:
        self._call = call
        self._verb = verb if isinstance(verb, Verb) else None
        self._bounds_too = isinstance(verb, Stream)
        self._finish_by = finish_by
        self._send = send
        self._fingerprint = fingerprint
        self._versions = versions
        self._replay: Replay | None = None
        # Engines have several threads: one may tell of a plan while another looks at the clock.
        self._lock = threading.Lock()
        self._pending: Known | None = None
        self._reported: Known | None = None
        self._next_at = 0.0
        self._took = 0.0

    def told(self, known: Known) -> None:
        """Something new is known."""
        with self._lock:
            self._pending = known
            self._report()

    def looked(self) -> None:
        """Some time has passed."""
        if self._pending is not None and self._lock.acquire(blocking=False):
            try:
                self._report()
            finally:
                self._lock.release()

    def close(self) -> None:
        """Report nothing any more."""
        with self._lock:
            self._pending, self._next_at = None, float("inf")

    def _report(self) -> None:
        known, started = self._pending, time.monotonic()
        if known is None or started < self._next_at:
            return
        # The first plan is reported however late it is: it may be all that there is when the time is up.
        if self._reported is not None and started + 2 * self._took > self._finish_by:
            return
        self._pending = None
        problem, last = self._call.problem, self._reported
        if last is None or last.tasks is not known.tasks:
            if problem.all_or_nothing and problem.missing(known.tasks).any():
                return
            self._send(Reply.PLAN, self._plan(known))
        elif self._bounds_too and last.floors != known.floors:
            self._send(Reply.BOUNDS, codec.bounds_to_bytes(known.results()))
        else:
            return
        self._reported = known
        now = time.monotonic()
        self._took = now - started
        # At most a tenth of the time.
        self._next_at = now + max(INTERVAL, 10 * self._took)

    def _plan(self, known: Known) -> bytes:
        call = self._call
        if self._replay is None:
            self._replay = Replay.of(self._fingerprint(call.problem, call.hint), call.limits, dict(self._versions))
        plan = Answer(
            status=Status.FEASIBLE,
            stop=Stop.TIME,
            problem=call.problem,
            tasks=known.tasks,
            tiers=known.results(),
            engine="",
            replay=self._replay,
            warnings=call.warnings,
            label=call.label,
        )
        return codec.incumbent_to_bytes(plan, self._verb)
