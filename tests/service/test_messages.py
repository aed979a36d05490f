"""Messages put together from bytes (solver.service.messages)."""

from __future__ import annotations

from solver.service.messages import inside, joined
from solver.v1 import placement_service_pb2 as wire
from tests.service.test_server import labelled


def test_a_field_that_stands_in_pieces_is_put_together() -> None:
    """It then stands once, so that readers that keep the last of them lose nothing."""
    pieces = [
        wire.PlaceResponse(label="mine", warnings=["a" * 300]),
        wire.PlaceResponse(cluster_version=7, warnings=["b"]),
    ]
    found = joined(b"".join(inside(piece.SerializeToString()) for piece in pieces))
    response = wire.ReconcileResponse.FromString(found).response
    assert len(found) == len(inside(response.SerializeToString()))
    assert (response.label, response.cluster_version, list(response.warnings)) == ("mine", 7, ["a" * 300, "b"])


def test_a_field_that_stands_once_stays_as_it_is() -> None:
    """Bytes and all."""
    message = inside(labelled("mine"))
    assert joined(message) is message
    assert joined(b"") == b""
