"""The details of a ``google.rpc.Status``."""

from __future__ import annotations

from google.rpc import status_pb2


def details_of(status: status_pb2.Status | None, kind: type) -> list:
    """The details of one kind."""
    assert status is not None
    found = []
    for packed in status.details:
        message = kind()
        if packed.Unpack(message):
            found.append(message)
    return found
