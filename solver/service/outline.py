"""What the front reads of requests and answers that it only passes on: a part of each, by messages that know no other field."""

from __future__ import annotations

import asyncio
import math

from google.protobuf.message import DecodeError

from solver.domain.request import Limits
from solver.service.sizes import varint
from solver.v1 import placement_service_pb2 as wire

AT_ONCE = 8 * 2**20
"""Larger requests are read tag by tag in a thread: the unpacking of 60 MB takes 0.1 s in which nothing else is answered."""


async def of_request(payload: bytes, *, wrapped: bool) -> wire.RequestOutline:
    """A part of a ``PlaceRequest``, or of a message that holds one in its first field; nothing of bytes that are none."""
    try:
        if len(payload) > AT_ONCE:
            payload = await asyncio.to_thread(_picked, payload, wrapped)
        if wrapped:
            return wire.WrappedRequestOutline.FromString(payload).request
        return wire.RequestOutline.FromString(payload)
    except DecodeError:
        return wire.RequestOutline()  # The worker says what is wrong with it.


def of_response(payload: bytes, *, wrapped: bool) -> wire.ResponseOutline:
    """A part of a ``PlaceResponse``, or of a message that holds one in its first field."""
    if wrapped:
        return wire.WrappedResponseOutline.FromString(payload).response
    return wire.ResponseOutline.FromString(payload)


def seconds_of(outline: wire.RequestOutline) -> float:
    """How long the search may take by the request itself; infinite where the clock does not limit it."""
    limits = outline.limits
    if limits.HasField("deterministic_limit_seconds"):
        return math.inf
    if limits.HasField("time_limit_seconds") and limits.time_limit_seconds > 0:
        return limits.time_limit_seconds
    return Limits().time_limit


_FIELDS = frozenset(field.number for field in wire.RequestOutline.DESCRIPTOR.fields)


def _picked(payload: bytes, wrapped: bool) -> bytes:
    """The fields of an outline, of a whole request."""
    found = bytearray()
    at, end = 0, len(payload)
    while at < end:
        start = at
        tag, at = varint(payload, at)
        kind, field = tag & 7, tag >> 3
        if kind == 2:
            length, at = varint(payload, at)
            at += length
        elif kind == 0:
            _, at = varint(payload, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            break
        if wrapped and field == 1 and kind == 2:
            part = _picked(payload[at - length : at], wrapped=False)
            found += wire.WrappedRequestOutline(request=wire.RequestOutline.FromString(part)).SerializeToString()
        elif not wrapped and field in _FIELDS:
            found += payload[start:at]
    return bytes(found)
