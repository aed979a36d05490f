"""An existing Ray cluster: an actor for each scenario at a time, each of which answers in a process of its own.

An actor has the batch once, and one scenario after the other. Where its process, or its computer, is gone, Ray says so of the
scenario that it had, which another one then gets; no task is retried by Ray itself, so that a scenario is counted once for each
worker that it had.

Source: Ray 2.60, *Actors*, *Fault tolerance* and *Ray Client*.
"""

from __future__ import annotations

import pickle
import socket
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayActorError

from solver.api import versions
from solver.errors import InvalidRequest, WorkerLost
from solver.whatif.answerer import Answerer, longest_seconds
from solver.whatif.answering import Batch
from solver.whatif.executor import ATTEMPTS
from solver.whatif.row import Row
from solver.whatif.scenario import Scenario

OPTION = "--executor"
AUTO = "auto"

CONNECT_SECONDS = 5.0
"""For somebody to listen."""

CONNECT_ATTEMPTS = 3

BEGIN_SECONDS = 120.0
"""For the first actor to begin: a process that loads the engines."""

SLACK_SECONDS = 300.0
"""Beyond what a scenario may take: for an actor that waits for its place, and begins."""


class RayExecutor:
    """Answers scenarios by actors of a Ray cluster.

    Parameters
    ----------
    address
        ``auto`` for the cluster that this computer belongs to, ``HOST:PORT`` of the server for Ray's clients.
    workers
        Actors; None for one a CPU of the cluster, as many as there are at the beginning.

    Raises
    ------
    InvalidRequest
        If there is no cluster, or an actor cannot begin.
    """

    def __init__(self, batch: Batch, address: str, workers: int | None = None) -> None:
        self._address = address
        self._longest = longest_seconds(batch.limits) + SLACK_SECONDS
        self._waiting: deque[_Asked] = deque()
        self._asked: dict[Any, _Asked] = {}
        self._idle: list[Any] = []
        _connect(address)
        try:
            self._workers = workers or max(int(ray.cluster_resources().get("CPU", 1)), 1)
            self._made = ray.put(pickle.dumps(Answerer(batch, versions())))
            self._begin()
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> int:
        """How many are answered at once."""
        return self._workers

    def submit(self, scenario: Scenario) -> None:
        """Have a scenario answered by the next actor that is free."""
        self._waiting.append(_Asked(scenario))
        self._hand_out()

    def completed(self, seconds: float) -> list[Row]:
        """The rows that are there; waits for one, at most so long.

        Raises
        ------
        WorkerLost
            If the cluster is gone.
        InvalidRequest
            If an actor has other versions.
        """
        end = time.monotonic() + seconds
        found: list[Row] = []
        while not found and self._asked:
            refs = list(self._asked)
            try:
                ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
                if not ready:
                    ready, _ = ray.wait(refs, num_returns=1, timeout=max(end - time.monotonic(), 0.0))
            except (ConnectionError, RuntimeError) as gone:
                raise WorkerLost(f"the Ray cluster at {self._address} does not answer any more") from gone
            for ref in ready:
                found += self._taken(ref)
            found += self._overdue()
            self._hand_out()
            if time.monotonic() >= end:
                break
        return found

    def close(self) -> None:
        """End the actors, and what they answer; leave the cluster."""
        self._waiting.clear()
        with suppress(Exception):
            # Whatever goes wrong here, actors end with whoever made them.
            for actor in (*self._idle, *(asked.actor for asked in self._asked.values())):
                ray.kill(actor)
        self._asked.clear()
        with suppress(Exception):
            ray.shutdown()

    def _begin(self) -> None:
        """Have the first actor begin: whatever it lacks is told before anything is answered."""
        actor = self._actor()
        why = f"no actor could begin within {BEGIN_SECONDS:.0f} s"
        try:
            ray.get(actor.ready.remote(), timeout=BEGIN_SECONDS)
        except TimeoutError:
            pass
        except Exception as fault:
            why = f"an actor cannot begin ({' '.join(str(fault).split())[:500]})"
        else:
            self._idle.append(actor)
            return
        raise InvalidRequest.at(OPTION, why, "install the same placement-solver on the computers of the cluster")

    def _actor(self) -> Any:
        return ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(_Actor).remote(self._made)

    def _hand_out(self) -> None:
        while self._waiting and (self._idle or len(self._asked) < self._workers):
            asked = self._waiting.popleft()
            asked.actor = self._idle.pop() if self._idle else self._actor()
            asked.since = time.monotonic()
            self._asked[asked.actor.row.remote(pickle.dumps(asked.scenario))] = asked

    def _taken(self, ref: Any) -> list[Row]:
        """The row of a scenario that is answered; none if it is tried again."""
        asked = self._asked.pop(ref)
        name = asked.scenario.name
        try:
            answer = ray.get(ref, timeout=self._longest)
        except RayActorError:
            asked.tried += 1
            if asked.tried < ATTEMPTS:
                self._waiting.appendleft(asked)
                return []
            return [Row.failed(name, f"the workers that had it ended ({asked.tried} times)")]
        except Exception as fault:
            self._idle.append(asked.actor)
            return [Row.failed(name, f"{type(fault).__name__}: {' '.join(str(fault).split())[:500]}")]
        self._idle.append(asked.actor)
        row = pickle.loads(answer)
        if isinstance(row, InvalidRequest):
            raise row
        return [row]

    def _overdue(self) -> list[Row]:
        """Scenarios that take far longer than they may: their actors are ended."""
        now = time.monotonic()
        late = [ref for ref, asked in self._asked.items() if now > asked.since + self._longest]
        found = []
        for ref in late:
            asked = self._asked.pop(ref)
            ray.kill(asked.actor)
            found.append(Row.failed(asked.scenario.name, f"no answer within {self._longest:.0f} s"))
        return found


@dataclass(eq=False)
class _Asked:
    """A scenario, and how it stands."""

    scenario: Scenario
    tried: int = 0
    since: float = 0.0
    actor: Any = field(default=None)


class _Actor:
    """In the cluster."""

    def __init__(self, made: bytes) -> None:
        self._answerer: Answerer = pickle.loads(made)

    def ready(self) -> None:
        """Say that it has begun."""

    def row(self, pickled: bytes) -> bytes:
        """The row of a scenario, pickled; or what is wrong with the versions here."""
        try:
            return pickle.dumps(self._answerer.row(pickle.loads(pickled)))
        except InvalidRequest as differs:
            return pickle.dumps(differs)


def _begin_session(where: str) -> None:
    """Join the cluster; its proxy looks through all processes, and may stumble over one that ends just then."""
    for left in reversed(range(CONNECT_ATTEMPTS)):
        try:
            ray.init(address=where, log_to_driver=False, logging_level="critical")
            return
        except (OSError, RuntimeError):
            if not left:
                raise
            time.sleep(1.0)


def _connect(address: str) -> None:
    remedy = "must be ray://HOST:PORT of the server for Ray's clients, or ray://auto on a computer of a cluster"
    where = address if address == AUTO else f"ray://{address}"
    try:
        if address != AUTO:
            host, _, port = address.rpartition(":")
            # Ray itself asks again for half a minute.
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        _begin_session(where)
    except (OSError, RuntimeError, ValueError) as fault:
        what = "there is no Ray cluster here" if address == AUTO else f"no Ray cluster answers at {address}"
        raise InvalidRequest.at(OPTION, what, remedy) from fault
