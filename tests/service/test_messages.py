"""Bytes into messages (solver.service.messages)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from solver.errors import InvalidRequest
from solver.service.messages import unpacked
from solver.v1 import placement_service_pb2 as wire

WITHOUT_ROOM = """
import resource
from solver.service.messages import unpacked
from solver.v1 import placement_service_pb2 as wire
request = wire.PlaceRequest()
for number in range(400_000):
    request.running.add(group=f"service:{number}", instance="i-0001", count=1)
payload = request.SerializeToString()
taken = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")][0]
resource.setrlimit(resource.RLIMIT_DATA, (1024 * taken + 4 * 2**20, -1))
try:
    unpacked(payload, wire.PlaceRequest())
except Exception as error:
    found = type(error).__name__
else:
    found = "unpacked"
finally:
    resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))
print(found)
"""


def test_what_is_no_message_is_refused() -> None:
    """With what was expected."""
    with pytest.raises(InvalidRequest, match=r"^message: is not a solver\.v1\.PlaceRequest; "):
        unpacked(b"\xff\xfe garbage", wire.PlaceRequest())


def test_a_message_without_room_is_not_the_callers_mistake() -> None:
    """Protobuf says the same of both."""
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM], capture_output=True, text=True, check=True, cwd=root, timeout=60
    )
    assert found.stdout == "MemoryError\n"
