"""What the front reads of requests and answers that it only passes on: a part of each, by messages that know no other field."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Set

from google.protobuf.message import DecodeError

from solver.domain.request import Limits
from solver.service.sizes import varint
from solver.v1 import placement_service_pb2 as wire

AT_ONCE = 8 * 2**20
"""Larger requests are read tag by tag in a thread: the unpacking of 60 MB takes 0.1 s in which nothing else is answered."""

ANSWERED_BY_PLANS = {
    "PlacementService/Place": False,
    "PlacementService/Terminate": True,
    "PlacementService/Drain": True,
    "PlacementService/Rebalance": True,
    "PlacementService/Reconcile": True,
    "PlacementService/Deploy": True,
}
"""The methods whose response is a ``PlaceResponse``, and whether within another message."""


async def of_request(payload: bytes, *, wrapped: bool) -> wire.RequestOutline:
    """A part of a ``PlaceRequest``, or of a message that holds one in its first field; nothing of bytes that are none."""
    try:
        if len(payload) > AT_ONCE:
            return wire.RequestOutline.FromString(await asyncio.to_thread(_picked, payload, _OF_REQUEST, wrapped))
        if wrapped:
            return wire.WrappedRequestOutline.FromString(payload).request
        return wire.RequestOutline.FromString(payload)
    except DecodeError:
        return wire.RequestOutline()  # The worker says what is wrong with it.


async def of_response(payload: bytes, *, wrapped: bool) -> wire.ResponseOutline:
    """A part of a ``PlaceResponse``, or of a message that holds one in its first field."""
    if len(payload) > AT_ONCE:
        return wire.ResponseOutline.FromString(await asyncio.to_thread(_picked, payload, _OF_RESPONSE, wrapped))
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


_OF_REQUEST = frozenset(field.number for field in wire.RequestOutline.DESCRIPTOR.fields)
_OF_RESPONSE = frozenset(field.number for field in wire.ResponseOutline.DESCRIPTOR.fields)


def _picked(payload: bytes, fields: Set[int], wrapped: bool) -> bytes:
    """Some fields of a message, or of the messages in its first field, which are one if there are several."""
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
            found += _picked(payload[at - length : at], fields, False)
        elif not wrapped and field in fields:
            found += payload[start:at]
    return bytes(found)
