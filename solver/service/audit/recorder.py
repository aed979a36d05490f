"""Records decisions before their answers leave; where one cannot be recorded, no answer leaves.

What ends while the file is being written goes into it together, next: one synchronous write for all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib import metadata

from solver.errors import StoreFailed
from solver.service.audit.chain import Value
from solver.service.audit.decisions import READING, fields_of, gap, has_changed, is_decision
from solver.service.audit.store import AuditStore
from solver.service.gate import Caller, Context, Door, Ended, Incoming

_log = logging.getLogger(__name__)


class Recorder:
    """Told how calls end, and keeps the decisions. All methods but ``__init__`` belong to one event loop.

    A change that has happened and could not be recorded is recorded before anything else, as soon as the file can be
    written again, with a note that others failed; until then no other call that decides something is begun.

    Parameters
    ----------
    store
        Closed by ``close``.
    """

    def __init__(self, store: AuditStore) -> None:
        self._store = store
        self._version = metadata.version("placement-solver")
        self._waiting: list[tuple[Ended, asyncio.Future[None]]] = []
        self._owed: list[dict[str, Value]] = []
        self._wanted = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "placement-solver-audit")
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._writing = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """Write what is left, and let go of the file."""
        if self._writing is not None:
            while self._waiting:
                await asyncio.wait([future for _, future in self._waiting])
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        self._thread.shutdown()
        self._store.close()

    async def ended(self, call: Ended) -> None:
        """Record a decision.

        Raises
        ------
        StoreFailed
            If it cannot be recorded.
        """
        if not is_decision(call):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((call, future))
        self._wanted.set()
        # Recorded also where the caller goes meanwhile.
        await asyncio.shield(future)

    async def ready(self) -> None:
        """Record what is owed, where writing failed before.

        Raises
        ------
        StoreFailed
            If it fails still.
        """
        if self._owed:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._add, ())

    def guarding(self, door: Door) -> Door:
        """A door behind which nothing that decides something begins while nothing can be recorded."""
        return _Recorded(door, self)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            batch = list(self._waiting)
            failure: Exception | None = None
            try:
                await loop.run_in_executor(self._thread, self._add, [call for call, _ in batch])
            except StoreFailed as error:
                failure = error
            except Exception as error:
                _log.exception("calls could not be recorded")
                failure = StoreFailed(f"the audit could not be written: {type(error).__name__}")
            del self._waiting[: len(batch)]
            for _, future in batch:
                if failure is None:
                    future.set_result(None)
                else:
                    future.set_exception(failure)
                    future.exception()  # Looked at, where the caller has gone.

    def _add(self, batch: Sequence[Ended]) -> None:
        """Add the records of calls, behind those that are owed; in the thread that has the file."""
        made = [fields_of(call, self._version) for call in batch]
        try:
            self._store.add([*self._owed, *made])
        except BaseException:
            if not self._owed:
                self._owed.append(gap(self._version))
            self._owed += [fields for call, fields in zip(batch, made, strict=True) if has_changed(call)]
            raise
        self._owed.clear()


class _Recorded:
    def __init__(self, door: Door, recorder: Recorder) -> None:
        self._door = door
        self._recorder = recorder

    async def identify(self, method: str, context: Context) -> Caller:
        """As the door itself."""
        return await self._door.identify(method, context)

    def entered(self, call: Incoming) -> AbstractAsyncContextManager[None]:
        """As the door itself, once what is owed is recorded."""
        return self._entered(call)

    @asynccontextmanager
    async def _entered(self, call: Incoming) -> AsyncIterator[None]:
        async with self._door.entered(call):
            if call.method not in READING:
                await self._recorder.ready()
            yield
