"""A large message taken apart (solver.service.pieces): read in parts it is what it is read at once."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from google.protobuf.message import DecodeError, Message

from solver.errors import InvalidRequest
from solver.service.messages import LARGE_BYTES, unpacked
from solver.service.pieces import PIECE_BYTES, field_of, fields_of, pieces, written_number
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from solver.v1.task_group_pb2 import RunningTask
from tests.fuzzing.messages import change_field, changes, check, commit, kept, place
from tests.fuzzing.mutation import changed_bytes

MESSAGES: list[Message] = [
    wire.PutClusterRequest(name="prod", state=kept(), expected_version=0),
    wire.GetClusterResponse(state=kept(), version=2, reservations=[wire.Reservation(id="r", starting=kept().tasks)]),
    changes(),
    changes().changes[0],
    commit(),
    place(),
    check(),
    placing.ReconcileResponse(response=placing.PlaceResponse(label="mine", warnings=["a" * 50, "b"])),
]

ODD = (
    *(
        b"\x0b\x08\x01\x0c",
        b"\x0b\x0b\x0c\x0c",
        b"\x0b",
        b"\x0c",
        b"\x0b" * 40 + b"\x0c" * 40,
        b"\x0b" * 120 + b"\x0c" * 120,
    ),
    *(b"\x00\x01", b"\x02\x00", b"\x12\x80\x00", b"\x12\x81\x00\x08", b"\x92\x00\x00", b"\x92\x80\x80\x80\x00\x00"),
    *(b"\x12\x80\x80\x80\x80\x80\x00", b"\xfa\xff\xff\xff\x0f\x01x", b"\xf8\xff\xff\xff\x7f\x01", b"\x0e", b"\x0f\x00"),
    *(
        b"\x12\x05\x0a\x03\x0a\x01",
        b"\x12\x02\x0a\x7f",
        b"\x0a\x01\xff",
        b"\x10" + b"\xff" * 9 + b"\x01",
        b"\x10" + b"\xff" * 10,
    ),
    *(
        b"\x12\x00",
        b"\x0a\x00",
        b"\x18\x00",
        b"\x18\x07\x18\x03",
        b"\xc5\x3e\x01\x02\x03\x04",
        b"\xc1\x3e" + b"\x07" * 8,
    ),
)
"""Groups, field 0, lengths and tags that are longer than they need be, wrong types, cut off ends, fields that nobody knows."""


def at_once(kind: type[Message], payload: bytes) -> Message | None:
    """The message, as protobuf reads it."""
    try:
        return kind.FromString(payload)
    except DecodeError:
        return None


def in_pieces(kind: type[Message], payload: bytes, most: int) -> Message | None:
    message = kind()
    try:
        for piece in pieces(payload, kind, most):
            message.MergeFromString(piece)
    except DecodeError:
        return None
    return message


def require_same(kind: type[Message], payload: bytes) -> bool:
    """Read at once and in pieces of many sizes; whether it can be read."""
    expected = at_once(kind, payload)
    for most in (1, 2, 5, 17, 60, 400):
        found = in_pieces(kind, payload, most)
        assert (found is None) == (expected is None), (most, payload)
        if found is not None and expected is not None:
            assert found.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)
            assert [field.name for field, _ in found.ListFields()] == [field.name for field, _ in expected.ListFields()]
            # Not a number differs from itself.
            assert found == expected or expected != kind.FromString(payload)
    return expected is not None


def grown(message: Message, random: Random) -> bytes:
    """A message with some fields changed, of which some stand again."""
    changed = type(message)()
    changed.CopyFrom(message)
    parts = []
    for _ in range(random.randint(1, 4)):
        for _ in range(random.choice((0, 1, 3, 12))):
            change_field(changed, random)
        parts.append(changed.SerializeToString())
    return b"".join(parts)


def hostile(message: Message, random: Random) -> bytes:
    payload = grown(message, random)
    for _ in range(random.randint(0, 2)):
        at = random.randrange(len(payload) + 1)
        payload = payload[:at] + random.choice(ODD) + payload[at:]
    if random.random() < 0.6:
        payload = changed_bytes(payload, [one.SerializeToString() for one in MESSAGES], random)
    return payload


@pytest.mark.parametrize("number", range(len(MESSAGES)))
@pytest.mark.parametrize(("draw", "fewest"), [(grown, 1.0), (hostile, 0.05)])
def test_pieces_are_the_message(number: int, draw: Callable[[Message, Random], bytes], fewest: float) -> None:
    """Fields that stand again, oneofs and presence included; and what cannot be read at once cannot be read in pieces."""
    message, random = MESSAGES[number], Random(number)
    tried = 150
    read = sum(require_same(type(message), draw(message, random)) for _ in range(tried))
    assert read >= fewest * tried
    assert read == tried or draw is hostile


@pytest.mark.parametrize("odd", ODD)
def test_what_protobuf_alone_understands_is_left_to_it(odd: bytes) -> None:
    """Alone, at the beginning and the end of a message, and inside of what is taken apart."""
    state = kept().SerializeToString()
    for payload in (odd, odd + field_of(2, state), field_of(2, state) + odd):
        require_same(wire.PutClusterRequest, payload)
    for inner in (
        odd,
        odd + state,
        state + odd,
        field_of(1, odd),
        field_of(1, kept().cluster.SerializeToString() + odd),
    ):
        require_same(wire.PutClusterRequest, field_of(1, b"prod") + field_of(2, inner) + field_of(2, state))
        # As long as it says, and longer.
        require_same(wire.PutClusterRequest, b"\x12" + written_number(len(inner) + 1) + inner)


def test_the_last_of_a_oneof_holds() -> None:
    """And messages of the same one that stand again are put together."""
    one, other = wire.Change(put_task=RunningTask(id="a", group="g")), wire.Change(put_task=RunningTask(instance="i"))
    between = wire.Change(remove_task="t")
    for parts in ([one, other], [one, between, other], [one, between], [between, one, other]):
        assert require_same(wire.Change, b"".join(part.SerializeToString() for part in parts))


def test_no_piece_is_long() -> None:
    """Nor is anything in between lost: each has at most one task more than it may have bytes."""
    request = wire.PutClusterRequest(name="prod", expected_version=3)
    request.state.tasks.extend(RunningTask(id=f"t{k:07}", group="web", instance="a") for k in range(60_000))
    request.state.cluster.name = "demo"
    payload = request.SerializeToString()
    found = list(pieces(payload, wire.PutClusterRequest))
    assert len(payload) > LARGE_BYTES
    assert len(found) > len(payload) // PIECE_BYTES
    assert max(map(len, found)) < PIECE_BYTES + 100
    assert unpacked(payload, wire.PutClusterRequest()) == request
    assert unpacked(payload, wire.PutClusterRequest(), at_once=True) == request


def test_a_large_message_that_is_none_is_refused() -> None:
    """Though it is found only in its last part."""
    tasks = [RunningTask(id=f"t{k:07}", group="web", instance="a") for k in range(60_000)]
    payload = wire.PutClusterRequest(state=wire.ClusterState(tasks=tasks)).SerializeToString()
    with pytest.raises(InvalidRequest, match=r"^message: is not a solver\.v1\.PutClusterRequest"):
        unpacked(payload + b"\x0a\x05abc", wire.PutClusterRequest())
    with pytest.raises(InvalidRequest, match=r"^message: is not a solver\.v1\.PutClusterRequest"):
        unpacked(payload[:-3], wire.PutClusterRequest())


def test_several_messages_of_a_field_are_written_as_one_message_writes_them() -> None:
    """Maps in the order of their keys."""
    state = wire.ClusterState(tasks=[RunningTask(id="a", tags={"z": "1", "b": "2"}), RunningTask(id="x" * 300)])
    assert fields_of(3, state.tasks) == state.SerializeToString(deterministic=True)
