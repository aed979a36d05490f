"""Connections that behave badly: one that can be cut, and a client that asks and does not read."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import grpc.aio

from benchmarks.service.calls import PLACE, channel


class Relay:
    """A port of this computer that passes bytes on to another, until it is cut."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Its address; everything is cut in the end."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.close()
            self.cut()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection, as where a computer is gone."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        self._writers += [writer, back]
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(_passed_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _passed_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while found := await source.read(2**16):
            sink.write(found)
            await sink.drain()
    sink.transport.abort()


@asynccontextmanager
async def vanishing(target: str) -> AsyncIterator[tuple[Relay, grpc.aio.Channel]]:
    """A client's connection, and what cuts it."""
    relay = Relay(target)
    async with relay.open() as address, channel(address) as connection:
        yield relay, connection


@asynccontextmanager
async def deaf_client(address: str, payload: bytes, seconds: float) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """A client that asks ``Place`` and takes one byte of the answer: its HTTP/2 window is that small, and it reads nothing.

    In the form of RFC 9113; the headers as literals without indexing (RFC 7541, 6.2.2).

    Parameters
    ----------
    seconds
        Until the deadline that the server is told.

    Yields
    ------
    Asked once, at the end: whether the server has begun to answer, with headers and a byte.
    """
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        small_window = struct.pack(">HI", 0x4, 1)
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(0x4, 0, 0, small_window))
        fields = {
            ":method": "POST",
            ":scheme": "http",
            ":path": PLACE,
            ":authority": address,
            "te": "trailers",
            "content-type": "application/grpc",
            "grpc-timeout": f"{int(1000 * seconds)}m",
        }
        writer.write(_frame(0x1, 0x4, 1, b"".join(_literal(name) for name in fields.items())))
        message = b"\x00" + struct.pack(">I", len(payload)) + payload
        # A request that fits into the window that the server gives at first.
        for at in range(0, len(message), 2**14):
            part = message[at : at + 2**14]
            writer.write(_frame(0x0, 0x1 if at + len(part) == len(message) else 0, 1, part))
        await asyncio.wait_for(writer.drain(), seconds)

        async def begun() -> bool:
            found = await asyncio.wait_for(reader.read(2**16), seconds)
            return any(kind == 0x0 and size == 1 for kind, size in _frames(found))

        yield begun
    finally:
        writer.transport.abort()


def _frames(found: bytes) -> Iterator[tuple[int, int]]:
    """The kind and the length of each whole frame."""
    while len(found) >= 9:
        size = int.from_bytes(found[:3], "big")
        yield found[3], size
        found = found[9 + size :]


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def _literal(field: tuple[str, str]) -> bytes:
    parts = (text.encode() for text in field)
    return b"\x00" + b"".join(bytes((len(part),)) + part for part in parts)
