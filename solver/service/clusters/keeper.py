"""The clusters that a server keeps: who reads one sees one version, who changes one waits for those that change it before.

A change is made on a copy, written to the store in a thread, and only then what everybody sees: what a reader has seen is on
disk, and what could not be written has not happened.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

from solver.errors import ClusterNotFound, InvalidRequest, StaleVersion, StoreFailed
from solver.formats.ecs.mirror import Answers
from solver.service.clusters import acceptance, ecs, service_actions
from solver.service.clusters.draft import Reserved
from solver.service.clusters.placements import PlacementLog
from solver.service.clusters.state import MAX_NAME, MOST_LAPSE_SECONDS, LiveCluster, utc_now
from solver.service.clusters.store import Store
from solver.service.messages import LARGE_BYTES, aside
from solver.service.sizes import SizeLimits
from solver.v1 import cluster_service_pb2 as wire

T = TypeVar("T")

LAPSE_INTERVAL = 1.0
"""Seconds between two looks at what has lapsed; a call that names a cluster looks, too."""

MANY_TASKS = 1_000
"""A plan that starts more is drawn in a thread, as a large message is: others are answered meanwhile."""


class ClusterKeeper:
    """Clusters by name, in memory and in a store.

    Parameters
    ----------
    store
        Closed by ``close``.
    clock
        Calendar time, which is what the store has of reservations.
    sizes
        What a cluster may be at most.
    moment
        Seconds that go by whatever the computer's clock is set to: reservations lapse by them while the server runs.

    Raises
    ------
    StoreFailed
        If what is kept cannot be read.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime] = utc_now,
        sizes: SizeLimits | None = None,
        moment: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sizes = sizes or SizeLimits()
        self._moment = moment
        self._clusters = store.load()
        self._deadlines: dict[str, float] = {}
        for cluster in self._clusters.values():
            self._over(cluster)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._thread = ThreadPoolExecutor(1, "placement-solver-state")
        self._lapsing: asyncio.Task[None] | None = None
        self.placements = PlacementLog(store, self._in_thread, self._found)
        """What was decided for the clusters."""

    def start(self) -> None:
        """Begin to look at what lapses."""
        self._lapsing = asyncio.get_running_loop().create_task(self._look())

    async def close(self) -> None:
        """Finish what is being written, and let go of the store."""
        if self._lapsing is not None:
            self._lapsing.cancel()
            with suppress(asyncio.CancelledError):
                await self._lapsing
        await self.placements.close()
        async with AsyncExitStack() as held:
            for lock in list(self._locks.values()):
                await held.enter_async_context(lock)
            self._thread.shutdown()
            self._store.close()

    # Reading.

    def names(self) -> list[str]:
        """In order."""
        return sorted(self._clusters)

    def versions(self) -> dict[str, int]:
        """The present versions by name. From any thread."""
        return {name: cluster.version for name, cluster in self._clusters.copy().items()}

    async def cluster(self, name: str) -> LiveCluster:
        """The cluster at its present version, without what has lapsed.

        Raises
        ------
        ClusterNotFound
            If none is kept under the name.
        """
        found = self._found(name)
        if self._over(found):
            await self._lapse(name)
        return self._found(name)

    async def at_version(self, name: str, version: int | None) -> LiveCluster:
        """The cluster, if it still is at a version; None for whichever.

        Raises
        ------
        ClusterNotFound, StaleVersion
            If it is not.
        """
        found = await self.cluster(name)
        _require_version(found, version)
        return found

    def _found(self, name: str) -> LiveCluster:
        if name not in self._clusters:
            # Which ones are kept is not for everybody: ListClusters says it to those who may know.
            raise ClusterNotFound(f"no cluster '{name[:MAX_NAME]}' is kept here; put it first, or ask ListClusters")
        return self._clusters[name]

    # Changing.

    def _writing(self, name: str) -> asyncio.Lock:
        """Held by whoever changes a cluster; who changes another one does not wait for it."""
        return self._locks.setdefault(name, asyncio.Lock())

    async def put(self, request: wire.PutClusterRequest, drawn: LiveCluster | None = None) -> LiveCluster:
        """Keep a cluster; raises ``StaleVersion`` where another version is expected, ``InvalidRequest`` where it is none.

        Parameters
        ----------
        drawn
            The cluster of the request's state, at any version, where it is at hand.
        """
        _require_name(request.name)
        async with self._writing(request.name):
            known = self._clusters.get(request.name)
            version = 0 if known is None else known.version
            if request.HasField("expected_version") and request.expected_version != version:
                raise _stale(request.name, request.expected_version, version)
            if drawn is None:
                drawn = await asyncio.to_thread(LiveCluster.of, request.name, 0, request.state)
            after = drawn.at(version + 1)
            return await self._kept(after, partial(self._store.put, after))

    async def change(
        self,
        request: wire.ApplyChangesRequest,
        judge: Callable[[LiveCluster], None] = lambda before: None,
        payload: bytes | None = None,
    ) -> LiveCluster:
        """Apply changes, all or none; raises as ``at_version`` and ``acceptance.changed``.

        Parameters
        ----------
        judge
            Raises where the changes must not be made in the cluster as it is now.
        payload
            The request in bytes, where they are at hand: to write a large one takes long.
        """
        await self.cluster(request.name)
        payload = request.SerializeToString() if payload is None else payload
        async with self._writing(request.name):
            before = self._found(request.name)
            if before.ecs is not None:
                raise InvalidRequest.at("name", f"'{before.name}' follows ECS events", "send them with ApplyEcsEvents")
            _require_version(before, request.expected_version if request.HasField("expected_version") else None)
            judge(before)
            large = self._is_large(before) or len(payload) > LARGE_BYTES
            after = await aside(partial(acceptance.changed, before, request.changes, self._sizes), large=large)
            return await self._kept(after, partial(self._store.add_changes, after, request, payload))

    async def put_documents(self, name: str, answers: Answers | Callable[[], Answers]) -> ecs.Snapshot:
        """Keep a cluster that ECS describes; raises as ``ecs.put``, and what reads the answers where that is given."""
        _require_name(name)
        read = await asyncio.to_thread(answers) if callable(answers) else answers
        async with self._writing(name):
            before, now = self._clusters.get(name), self._clock()

            def draw() -> ecs.Snapshot:
                snapshot = ecs.put(name, read, before, now)
                acceptance.require_kept(before, snapshot.cluster, self._sizes, "documents")
                return snapshot

            found = await asyncio.to_thread(draw)
            await self._kept(found.cluster, partial(self._store.put, found.cluster))
            return found

    async def follow(self, name: str, events: Sequence[bytes]) -> ecs.Update:
        """Apply ECS events; raises as ``at_version`` and ``ecs.update``."""
        await self.cluster(name)
        async with self._writing(name):
            before, now = self._found(name), self._clock()

            def draw() -> ecs.Update:
                update = ecs.update(before.counted(), events, now)
                acceptance.require_kept(before, update.cluster, self._sizes, "events")
                return update

            found = await asyncio.to_thread(draw)
            after, written = found.cluster, found.followed.written
            await self._kept(after, partial(self._store.add_events, after, found.changes, written))
            return found

    async def commit(
        self,
        request: wire.CommitRequest,
        judge: Callable[[LiveCluster], None] = lambda before: None,
        payload: bytes | None = None,
    ) -> tuple[LiveCluster, str]:
        """Accept a plan, and its reservation's id; raises as ``at_version`` and ``acceptance.committed``.

        Parameters
        ----------
        judge
            Raises where the plan must not be accepted for the cluster as it is now.
        payload
            As in ``change``.
        """
        await self.cluster(request.name)
        payload = request.SerializeToString() if payload is None else payload
        async with self._writing(request.name):
            before = self._found(request.name)
            large = self._is_large(before) or len(payload) > LARGE_BYTES
            large = large or sum(max(action.count, 1) for action in request.actions) > MANY_TASKS
            await aside(partial(judge, before), large=large)
            again = before.by_request(request.request_id)
            if again is not None:
                return before, again.id
            _require_version(before, request.version)
            reservation, now = f"reserved-{uuid.uuid4().hex[:16]}", self._clock()

            def draw() -> tuple[LiveCluster, list[str]]:
                drawn = acceptance.committed(before, request, reservation, now, self._sizes)
                kept = drawn.reserved.get(reservation)
                return drawn, service_actions.of_commit(drawn.name, drawn.version, kept, now)

            after, events = await aside(draw, large=large)
            # Its time runs from now on, and not only once it is written.
            self._over(after)
            write = partial(self._store.add_commit, after, request, reservation, now, events, payload)
            await self._kept(after, write, with_events=True)
            return after, reservation

    def _is_large(self, before: LiveCluster) -> bool:
        """Whether any change of the cluster may take long: it was not counted yet, or may have to be written out."""
        return before.totals is None or before.totals.size > self._sizes.message_bytes // 2

    async def delete(self, request: wire.DeleteClusterRequest) -> None:
        """Forget a cluster; raises as ``at_version``."""
        async with self._writing(request.name):
            before = self._found(request.name)
            _require_version(before, request.expected_version if request.HasField("expected_version") else None)
            await self._written(partial(self._store.delete, request.name), partial(self._hide, request.name))

    async def _lapse(self, name: str) -> None:
        async with self._writing(name):
            before, now = self._clusters.get(name), self._clock()
            lapsed = [] if before is None else self._over(before)
            if before is not None and lapsed:
                over = [one.id for one in lapsed]
                after = await asyncio.to_thread(before.given_up, over)
                events = service_actions.of_lapse(name, after.version, lapsed, now)
                write = partial(self._store.add_lapse, after, now, events, over)
                await self._kept(after, write, with_events=True)

    def _over(self, cluster: LiveCluster) -> list[Reserved]:
        """What has lapsed of a cluster; the time of a reservation that was not seen before begins to run."""
        if not cluster.reserved:
            return []
        for one in cluster.reserved.values():
            if one.id not in self._deadlines:
                left = (one.lapses_at - self._clock()).total_seconds()
                # A clock that was set back while no server ran does not make it last any longer than it may.
                self._deadlines[one.id] = self._moment() + min(left, MOST_LAPSE_SECONDS)
        moment = self._moment()
        return [one for one in cluster.reserved.values() if self._deadlines[one.id] <= moment]

    def _forget(self) -> None:
        """Forget the times of reservations that are no more."""
        kept = {key for cluster in self._clusters.values() for key in cluster.reserved}
        if len(self._deadlines) > len(kept):
            self._deadlines = {key: moment for key, moment in self._deadlines.items() if key in kept}

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LAPSE_INTERVAL)
            for name in self.names():
                # A store that fails now is tried again, and fails whoever asks.
                with suppress(StoreFailed, ClusterNotFound):
                    await self.cluster(name)
            self._forget()

    async def _kept(self, after: LiveCluster, write: Callable[[], None], *, with_events: bool = False) -> LiveCluster:
        def show() -> None:
            self._clusters[after.name] = after
            if with_events:
                self.placements.tell(after.name)

        await self._written(write, show)
        return after

    def _in_thread(self, act: Callable[[], T], /) -> Awaitable[T]:
        """Call a function in the thread of the store."""
        return asyncio.get_running_loop().run_in_executor(self._thread, act)

    def _hide(self, name: str) -> None:
        del self._clusters[name]
        self.placements.tell(name)

    async def _written(self, write: Callable[[], None], show: Callable[[], None]) -> None:
        """Write, then show it to everybody; both or neither, also where whoever asked has gone meanwhile."""

        async def both() -> None:
            await self._in_thread(write)
            show()

        task = asyncio.get_running_loop().create_task(both())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            # The lock is held until it is done, or the next change would begin at a state that is no longer the last one.
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([task])
            raise


def _require_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_NAME:
        raise InvalidRequest.at("name", f"has {len(name)} characters", f"must have 1 to {MAX_NAME}")


def _require_version(cluster: LiveCluster, version: int | None) -> None:
    if version is not None and version != cluster.version:
        raise _stale(cluster.name, version, cluster.version)


def _stale(name: str, asked: int, present: int) -> StaleVersion:
    said = f"cluster '{name}' is at version {present}, not {asked}; read it again"
    return StaleVersion(said, present)
