"""Messages of PlacementService, changed field by field and byte by byte: read as a worker reads them, rules and all."""

from __future__ import annotations

from random import Random

from solver.errors import PlacementSolverError
from solver.rules.bind import bind
from solver.service import codec
from solver.service.sizes import SizeLimits
from solver.service.status import MAX_DETAILS, to_status
from solver.service.verbs import VERBS
from tests.fuzzing.messages import change_field, check, of_kind, place
from tests.fuzzing.mutation import changed_bytes

SIZES = SizeLimits(
    message_bytes=2**20, instances=20, groups=20, resources=6, attributes=15, counts=60, tasks=20, rules=6
)
"""Small, so that lists that are too long are met often."""


class ProtoTarget:
    """An input is a line with the name of the call, and the bytes of its message."""

    def __init__(self) -> None:
        self._verbs = {verb.method: verb for verb in VERBS.values()}
        calls = [("Place", place()), ("Place", place()), ("Check", check())]
        calls += [(verb.method, verb.request_type(request=of_kind(verb.kind))) for verb in VERBS.values()]
        self._calls = [(method, type(message), message.SerializeToString()) for method, message in calls]
        self._payloads = [payload for _, _, payload in self._calls]

    def draw(self, random: Random) -> bytes:
        method, kind, payload = random.choice(self._calls)
        message = kind.FromString(payload)
        for _ in range(random.choice((0, 1, 1, 1, 2, 3, 8))):
            change_field(message, random)
        payload = message.SerializeToString()
        if random.random() < 0.3:
            payload = changed_bytes(payload, self._payloads, random)
        return b"%s\n%s" % (method.encode(), payload)

    def run(self, given: bytes) -> str:
        method, _, payload = given.partition(b"\n")
        try:
            return self._read(method.decode(), payload)
        except PlacementSolverError as refused:
            # The status travels in a trailer of at most 8 KiB, coded in 4 characters for 3 bytes.
            assert to_status(refused).ByteSize() <= MAX_DETAILS
            raise

    def _read(self, method: str, payload: bytes) -> str:
        if method == "Check":
            problem, tasks = codec.check_from_bytes(payload, SIZES)
            assert tasks.groups == len(problem.groups)
        else:
            problem = codec.call_from_bytes(payload, SIZES, self._verbs.get(method)).problem
        bind(problem)
        return f"{method} is read"
