"""Bytes that are no message, or a strange one."""

from __future__ import annotations

from tests.hostile.entry import BASES, OK, SIZES, TOO_LARGE, Hostile, hostile, named

PLACE = BASES["Place"].SerializeToString()


def _no_message(name: str, payload: bytes, call: str = "Place") -> Hostile:
    return Hostile(name, call, payload, paths=("message",))


def _inside(field: int, payload: bytes) -> bytes:
    """A part of a message."""
    return bytes([field << 3 | 2]) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _nested(depth: int) -> bytes:
    """Groups of an unknown field inside each other, as deep as said."""
    return b"\xa3\x06" * depth + b"\xa4\x06" * depth


ENTRIES = [
    *(_no_message(f"{call} gets text", b'{"cluster": {}}', call) for call in BASES),
    *(_no_message(f"{call} gets a byte of 255", b"\xff", call) for call in BASES),
    _no_message("a message cut in the middle", PLACE[: len(PLACE) // 2]),
    _no_message("a message without its last byte", PLACE[:-1]),
    _no_message("a tag of field 0", b"\x00\x00"),
    _no_message("a tag beyond 32 bits", b"\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"),
    _no_message("a wire type that is none", b"\x0e"),
    _no_message("another wire type that is none", b"\x0f"),
    _no_message("a number without an end", b"\x38" + b"\xff" * 20),
    _no_message("a length of 2^63", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    _no_message("a length of 4 GiB in ten bytes", b"\x0a\x80\x80\x80\x80\x10"),
    _no_message("a length one too long", b"\x62\x05four"),
    _no_message("a group that never ends", b"\xa3\x06"),
    _no_message("a group that never began", b"\xa4\x06"),
    _no_message("groups nested 100,000 deep", _nested(100_000)),
    _no_message("a double of seven bytes", _inside(9, b"\x09" + bytes(7))),
    _no_message("a label that is not UTF-8", _inside(12, b"\xff\xfe")),
    _no_message("a label with half of a surrogate pair", _inside(12, "\ud800".encode("utf-8", "surrogatepass"))),
    _no_message("a label with a zero byte in two bytes", _inside(12, b"\xc0\x80")),
    _no_message("a name beyond Unicode", _inside(2, _inside(1, b"\xf4\x90\x80\x80"))),
    _no_message("a cluster that is text", _inside(1, b"prod")),
    _no_message("packed numbers cut in the middle", _inside(4, _inside(1, b"\x80"))),
    _no_message("a request inside that is no message", _inside(1, b"\xff"), "Terminate"),
    _no_message("a group that is no message beside a name", named().SerializeToString() + b"\x12\x02\x0a\x05"),
    _no_message("a change that is no message", _inside(2, b"\xff"), "ApplyChanges"),
    _no_message("an action that is no message", _inside(3, b"\xff"), "Commit"),
    hostile("nothing at all", {"cluster": None, "groups": None, "running": None, "tasks": None}, "cluster"),
    Hostile("no bytes", "Place", b"", paths=("cluster",)),
    Hostile("no bytes for Check", "Check", b"", paths=("request.cluster",)),
    Hostile("no bytes for Drain", "Drain", b"", paths=("request.cluster",)),
    Hostile("no bytes for Commit", "Commit", b"", code="NOT_FOUND", reason="CLUSTER_NOT_FOUND"),
    Hostile("no bytes for GetCluster", "GetCluster", b"", code="NOT_FOUND", reason="CLUSTER_NOT_FOUND"),
    Hostile("no bytes for PutCluster", "PutCluster", b"", paths=("name",)),
    # The decoder keeps what it does not know, as gRPC's rules for later versions ask.
    Hostile("a cluster of another wire type", "Place", b"\x08\x05", paths=("cluster",)),
    Hostile("a field of a later version", "Place", PLACE + _inside(15, b"") + b"\xa0\x06\x01", OK, ""),
    Hostile("a field of a later version with any bytes", "Place", PLACE + b"\xa2\x06\x03\xff\xff\xff", OK, ""),
    Hostile("groups nested 50 deep", "Place", PLACE + _nested(50), OK, ""),
    Hostile("a flag of 2^64 - 1", "Place", PLACE + b"\x58" + b"\xff" * 9 + b"\x01", OK, ""),
    Hostile("limits that stand twice", "Place", PLACE + _inside(9, b"\x20\x07"), OK, ""),
    Hostile("a 32-bit number of 64 bits", "Place", PLACE + _inside(9, b"\x20" + _varint(2**63)), OK, ""),
    Hostile(
        "a request twice over",
        "Place",
        PLACE + PLACE,
        paths=(
            *(f"cluster.instances[{i}].{name}" for name in ("capacity", "free") for i in range(4)),
            "cluster.instances[2].id",
            "cluster.instances[3].id",
            "cluster.resources[2]",
            "cluster.resources[3]",
            "tasks[1].id",
            "groups[2].name",
            "groups[3].name",
        ),
    ),
    Hostile("a message beyond the limit", "Place", bytes(SIZES.message_bytes + 1), TOO_LARGE, ""),
    Hostile("a state beyond the limit", "PutCluster", bytes(SIZES.message_bytes + 1), TOO_LARGE, ""),
    Hostile("a megabyte of zeros", "Place", bytes(2**20), paths=("message",)),
    Hostile("ten megabytes of a byte of 255", "Check", b"\xff" * (10 * 2**20), paths=("message",)),
]
