"""Bytes into messages, with an error that says what was expected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from solver.errors import InvalidRequest
from solver.service.pieces import field_of, pieces
from solver.service.sizes import varint

M = TypeVar("M", bound=Message)
T = TypeVar("T")

LARGE_BYTES = 2**20
"""What is longer is read and worked at in a thread: 64 MB take seconds, and others are answered meanwhile."""

UNPACKED_SIZE = 8
"""A message takes some times as many bytes in memory as on the wire."""


def unpacked(payload: bytes, message: M, *, at_once: bool = False) -> M:
    """The message, read from its bytes; of a large one piece by piece, so that other threads run in between.

    Parameters
    ----------
    message
        An empty one.
    at_once
        Read it in one step, which is faster, where nobody waits.

    Raises
    ------
    InvalidRequest
        If they are none of its type.
    MemoryError
        If there is no room for it.
    """
    try:
        if at_once or len(payload) <= LARGE_BYTES:
            message.ParseFromString(payload)
        else:
            for piece in pieces(payload, type(message)):
                message.MergeFromString(piece)
    except DecodeError:
        # Where memory runs out protobuf says the same: the room is asked for once more, and given back.
        bytearray(UNPACKED_SIZE * len(payload))
        name = message.DESCRIPTOR.full_name
        raise InvalidRequest.at("message", f"is not a {name}", "send one in the protobuf wire format") from None
    return message


async def aside(act: Callable[[], T], *, large: bool) -> T:
    """What ``act`` gives; called in a thread where it may take long."""
    return await asyncio.to_thread(act) if large else act()


def inside(message: bytes) -> bytes:
    """A message as the first field of another."""
    return field_of(1, message)


def joined(message: bytes) -> bytes:
    """A message whose first field, which holds another message, stands several times: with that field once.

    Where a field stands again readers are to put both together (https://protobuf.dev/programming-guides/encoding/#last-one-wins),
    and not all do: protobuf.js keeps the last.

    Parameters
    ----------
    message
        Nothing but that field.
    """
    parts, at = [], 0
    while at < len(message):
        length, at = varint(message, at + 1)
        parts.append(message[at : at + length])
        at += length
    return message if len(parts) < 2 else inside(b"".join(parts))
