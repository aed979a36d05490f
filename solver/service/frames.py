"""What the front and a worker process say to each other: a kind, the number of the call, and bytes.

Bytes only, never pickles: the front passes a request on as it came, and the worker's answer goes out as it is.
"""

from __future__ import annotations

import struct
from enum import IntEnum

_HEAD = struct.Struct("<BQ")
_CALL = struct.Struct("<BQdI")
_MOMENT = struct.Struct("<d")
STOP = struct.Struct("<Q?")
"""What goes over the control pipe: a call's number, and whether anybody still waits for its answer."""


class Call(IntEnum):
    """What a worker is asked for; the request's bytes follow."""

    PLACE = 1
    CHECK = 2
    TERMINATE = 3
    DRAIN = 4
    REBALANCE = 5
    RECONCILE = 6
    DEPLOY = 7
    STREAM_PLACE = 8
    STREAM_RECONCILE = 9


class Reply(IntEnum):
    """What a worker says."""

    READY = 1
    """It has loaded everything and waits for calls."""
    ACCEPTED = 2
    """The request is read; the moment by which the search ends follows."""
    PLAN = 3
    """A checked plan, as a whole response without the reason why the search stopped; better ones may follow."""
    DONE = 4
    """The response."""
    FAILED = 5
    """A ``google.rpc.Status``."""
    BOUNDS = 6
    """For a stream: a ``PlaceProgress`` with the bounds of the last plan as they are now."""


def pack_call(kind: Call, number: int, finish_by: float, payload: bytes, permit: bytes = b"") -> bytes:
    """A call, with the moment (``time.monotonic``, infinite for none) by which the search must end.

    Parameters
    ----------
    permit
        What the caller may have changed, as ``solver.service.callers.permit`` writes it; empty for everything.
    """
    return _CALL.pack(kind, number, finish_by, len(permit)) + permit + payload


def unpack_call(frame: bytes) -> tuple[Call, int, float, bytes, bytes]:
    """What ``pack_call`` packed: kind, number, moment, payload and permit."""
    kind, number, finish_by, size = _CALL.unpack_from(frame)
    start = _CALL.size + size
    return Call(kind), number, finish_by, frame[start:], frame[_CALL.size : start]


def pack_reply(kind: Reply, number: int, payload: bytes = b"") -> bytes:
    """A reply to a call."""
    return _HEAD.pack(kind, number) + payload


def unpack_reply(frame: bytes) -> tuple[Reply, int, bytes]:
    """What ``pack_reply`` packed."""
    kind, number = _HEAD.unpack_from(frame)
    return Reply(kind), number, frame[_HEAD.size :]


def pack_moment(moment: float) -> bytes:
    """A moment of ``time.monotonic``, which all processes of one computer share."""
    return _MOMENT.pack(moment)


def unpack_moment(payload: bytes) -> float:
    """What ``pack_moment`` packed."""
    moment: float = _MOMENT.unpack(payload)[0]
    return moment
