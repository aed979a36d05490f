"""An existing Dask cluster: its scheduler deals scenarios out, its workers answer each in a process of its own.

The batch is the result of a task on which all scenarios depend. So it goes to each worker once, is made again where the worker
that had it ends, and is forgotten by the cluster when whoever asks is gone, even without a word.

What a worker had that ends is dealt out again by the scheduler, at most ``distributed.scheduler.allowed-failures`` times (3
unless the cluster says otherwise). Every task that was with a worker as it ended counts as failed there, those too that only
waited: so a scenario that comes back as ``KilledWorker`` is tried anew, ``ATTEMPTS`` times in all, and so is the batch.

Source: Dask distributed 2026.8, *Worker failure* and *Why did my worker die?*.
"""

from __future__ import annotations

import logging
import pickle
import queue
import threading
import time
import uuid
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import methodcaller

from distributed import Client, Future, KilledWorker, get_worker

from solver.api import versions
from solver.errors import InvalidRequest, WorkerLost
from solver.whatif.answerer import Answerer, longest_seconds
from solver.whatif.answering import Batch
from solver.whatif.executor import ATTEMPTS
from solver.whatif.row import Row
from solver.whatif.scenario import Scenario

OPTION = "--executor"

CONNECT_SECONDS = 5.0
"""For the scheduler's answer to the first word."""

SLACK_SECONDS = 3.0
"""Beyond it: how long Dask's client may take to say that there was none."""

BEGIN_SECONDS = 60.0
"""For a worker to join, and to have the batch; likewise, how long a cluster may be without any worker later."""

ANSWER_SECONDS = 15.0
"""For the scheduler's answer to a question, and a worker's to that for a row."""

MOST_BEGUN = 10
"""Times that the batch is lost, each with as many workers as the scheduler allows: then no worker is any good."""

LOOK_SECONDS = 2.0
"""Between two looks at the cluster."""

UNHEARD_SECONDS = 300.0
"""Beyond what a scenario may take: the scheduler deals out anew what a worker had that is unheard of for so long."""


class DaskExecutor:
    """Answers scenarios by the workers of a Dask scheduler.

    Parameters
    ----------
    address
        ``HOST:PORT`` of the scheduler, of the protocol that Dask's configuration says.
    workers
        Scenarios at once; None for as many as the workers have threads, also of those that join later.

    Raises
    ------
    InvalidRequest
        If no scheduler answers there, if it has no worker, or if a worker cannot begin.
    """

    def __init__(self, batch: Batch, address: str, workers: int | None = None) -> None:
        self._address = address
        self._most = workers
        self._longest = longest_seconds(batch.limits)
        self._waiting: deque[_Asked] = deque()
        self._asked: dict[str, _Asked] = {}
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._run = f"what-if-{uuid.uuid4().hex[:12]}"
        self._count = self._begun = 0
        self._client = _connected(address)
        try:
            self._threads = self._wait_for_threads()
            self._begin(batch)
        except BaseException:
            self.close()
            raise
        self._looked = self._peopled = time.monotonic()

    @property
    def workers(self) -> int:
        """How many are answered at once."""
        return self._most or max(self._threads, 1)

    def submit(self, scenario: Scenario) -> None:
        """Have a scenario answered by the next thread that is free."""
        self._waiting.append(_Asked(scenario))
        self._hand_out()

    def completed(self, seconds: float) -> list[Row]:
        """The rows that are there; waits for one, at most so long and as long as the cluster takes to say it.

        Raises
        ------
        WorkerLost
            If the scheduler is gone, or has had no worker for a minute.
        InvalidRequest
            If a worker has other versions.
        """
        end = time.monotonic() + seconds
        found: list[Row] = []
        while not found and self._asked:
            found += self._overdue()
            try:
                keys = [self._ended.get(timeout=max(end - time.monotonic(), 0.0))]
            except queue.Empty:
                break
            with suppress(queue.Empty):
                while True:
                    keys.append(self._ended.get_nowait())
            for key in keys:
                found += self._taken(key)
            self._hand_out()
        self._look()
        return found

    def close(self) -> None:
        """Give up what is still asked, and leave the cluster."""
        self._waiting.clear()
        with _quiet(), suppress(Exception):
            # Whatever goes wrong here, the cluster forgets us once the connection is closed.
            self._client.cancel([asked.future for asked in self._asked.values()], force=True)
        self._asked.clear()
        with _quiet(), suppress(Exception):
            self._client.close(timeout=CONNECT_SECONDS)

    def _wait_for_threads(self) -> int:
        with suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=BEGIN_SECONDS)
        threads = self._known_threads()
        if not threads:
            remedy = f"start one: dask worker {self._address}"
            raise InvalidRequest.at(OPTION, f"the scheduler at {self._address} has no worker", remedy)
        return threads

    def _known_threads(self) -> int:
        try:
            known = self._client.sync(self._client.scheduler.identity, n_workers=-1, callback_timeout=ANSWER_SECONDS)
        except (OSError, TimeoutError) as silent:
            raise self._gone() from silent
        return sum(worker["nthreads"] for worker in known["workers"].values())

    def _gone(self) -> WorkerLost:
        return WorkerLost(f"the Dask scheduler at {self._address} does not answer any more")

    def _begin(self, batch: Batch) -> None:
        self._made = pickle.dumps(_DaskAnswerer(batch, versions()))
        self._give()
        what = f"no worker could begin within {BEGIN_SECONDS:.0f} s"
        try:
            why = self._answerer.exception(timeout=BEGIN_SECONDS)
            if why is None:
                return
            what = f"a worker cannot begin ({type(why).__name__}: {why})"
        except TimeoutError:
            pass
        except CancelledError as gone:
            raise self._gone() from gone
        raise InvalidRequest.at(OPTION, what, "install the same placement-solver where the workers run")

    def _give(self) -> None:
        """Have a worker make of the batch what the scenarios need."""
        self._begun += 1
        if self._begun > MOST_BEGUN:
            raise WorkerLost(
                f"the workers of the Dask scheduler at {self._address} end as they begin; see what they wrote"
            )
        with warnings.catch_warnings():
            # A cluster of thousands of instances is some megabytes, once.
            warnings.filterwarnings("ignore", message="Sending large graph", category=UserWarning)
            key = f"{self._run}-batch-{self._begun}"
            self._answerer = self._client.submit(pickle.loads, self._made, key=key, pure=False)

    def _hand_out(self) -> None:
        while self._waiting and (self._most is None or len(self._asked) < self._most):
            asked = self._waiting.popleft()
            self._count += 1
            key = f"{self._run}-{self._count}"
            asked.since, asked.on = time.monotonic(), self._answerer.key
            answered = methodcaller(_DaskAnswerer.answered.__name__, pickle.dumps(asked.scenario))
            asked.future = self._client.submit(answered, self._answerer, key=key, pure=False)
            self._asked[key] = asked
            self._await(key)

    def _await(self, key: str) -> None:
        self._asked[key].future.add_done_callback(lambda _: self._ended.put(key))

    def _taken(self, key: str) -> list[Row]:
        """The row of a scenario that is answered; none if it is not, after all."""
        asked = self._asked.get(key)
        if asked is None:
            return []
        name = asked.scenario.name
        try:
            row: Row = asked.future.result(timeout=ANSWER_SECONDS)
        except TimeoutError:
            # The worker ended before it was asked for the row: the scheduler has the scenario answered again.
            self._await(key)
            return []
        except KilledWorker as killed:
            del self._asked[key]
            if asked.on != killed.task:
                asked.tried += 1
            elif killed.task == self._answerer.key:
                # The first of those that hear of it.
                self._give()
            if asked.tried < ATTEMPTS:
                self._waiting.appendleft(asked)
                return []
            return [Row.failed(name, f"the workers that had it ended ({asked.tried} times)")]
        except InvalidRequest:
            raise
        except Exception as fault:
            if self._client.status != "running" or asked.future.cancelled():
                raise self._gone() from fault
            row = Row.failed(name, f"{type(fault).__name__}: {fault}")
        del self._asked[key]
        return [row]

    def _overdue(self) -> list[Row]:
        """Scenarios that nobody hears of any more: for as long as all in front of them and they may take."""
        ahead = -(-len(self._asked) // self.workers)
        longest = (1 + ahead) * self._longest + UNHEARD_SECONDS
        now = time.monotonic()
        late = [key for key, asked in self._asked.items() if now > asked.since + longest]
        found = []
        for key in late:
            asked = self._asked.pop(key)
            asked.future.cancel(force=True)
            found.append(Row.failed(asked.scenario.name, f"no answer within {longest:.0f} s"))
        return found

    def _look(self) -> None:
        """See now and then whether the cluster is still there, and how large it is."""
        now = time.monotonic()
        if now < self._looked + LOOK_SECONDS:
            return
        self._threads = self._known_threads()
        self._looked = time.monotonic()
        if self._threads:
            self._peopled = self._looked
        elif now > self._peopled + BEGIN_SECONDS:
            raise WorkerLost(f"the Dask scheduler at {self._address} has had no worker for {BEGIN_SECONDS:.0f} s")


@dataclass(eq=False)
class _Asked:
    """A scenario, and how it stands."""

    scenario: Scenario
    tried: int = 0
    on: object = None
    """The key of the batch that it was asked of."""
    since: float = 0.0
    future: Future = field(init=False)


class _DaskAnswerer(Answerer):
    """What a worker has of the batch.

    What the scheduler reads of a task are bytes and functions of Python itself: it needs nothing of this package, and never waits
    while that is loaded.
    """

    def answered(self, pickled: bytes) -> Row:
        """The row of a scenario, unless the scheduler says meanwhile that nobody wants it."""
        worker = get_worker()
        key = worker.get_current_task()

        def unwanted() -> bool:
            task = worker.state.tasks.get(key)
            return task is None or task.state == "cancelled"

        return self.row(pickle.loads(pickled), unwanted)


def _connected(address: str) -> Client:
    """A client, connected within so long: that of Dask waits for ever where somebody listens who says nothing."""
    found: queue.SimpleQueue[Client | Exception] = queue.SimpleQueue()
    given_up = threading.Event()

    def connect() -> None:
        try:
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except Exception as fault:
            found.put(fault)
            return
        found.put(client)
        if given_up.is_set():
            client.close(timeout=CONNECT_SECONDS)

    with _quiet():
        threading.Thread(target=connect, name="what-if-dask", daemon=True).start()
        try:
            client = found.get(timeout=CONNECT_SECONDS + SLACK_SECONDS)
        except queue.Empty:
            given_up.set()
            client = TimeoutError("no answer")
    if isinstance(client, Exception):
        why = "" if isinstance(client, OSError) else f" ({client})"
        remedy = f"must be dask://HOST:PORT of a running scheduler, as `dask scheduler` prints it{why}"
        raise InvalidRequest.at(OPTION, f"no Dask scheduler answers at {address}", remedy) from client
    return client


@contextmanager
def _quiet() -> Iterator[None]:
    """Say nothing of connections that fail or end: whoever asked is told once."""
    log = logging.getLogger("distributed")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
