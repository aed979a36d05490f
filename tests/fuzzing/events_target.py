"""Events of ECS, changed member by member or byte by byte: applied to a cluster that follows them.

The cluster that they leave must be readable, and the same as its documents read as a whole.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

from solver.service.clusters import ecs
from solver.service.clusters.state import LiveCluster
from tests.formats.ecs.simulated import begun
from tests.fuzzing.ecs_target import values_in
from tests.fuzzing.mutation import changed_bytes, changed_json
from tests.fuzzing.readable import Readable

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class EventsTarget:
    """An input is a number of events, each a line with its size and so many bytes after it."""

    def __init__(self) -> None:
        simulated = begun(7)
        self._cluster = ecs.put("prod", simulated.answers(), None, NOW).cluster
        for _ in range(60):
            simulated.step()
        self._readable, self._described = Readable(), set[tuple[bytes, frozenset[tuple[str, str, bytes]]]]()
        self._readable.require(self._cluster)
        require_described(self._cluster)
        self._texts = simulated.events
        self._events: list[Any] = [json.loads(text) for text in self._texts]
        self._pool = [value for event in self._events[:20] for value in values_in(event)]

    def draw(self, random: Random) -> bytes:
        found = []
        for _ in range(random.choice((1, 1, 2, 4))):
            event = random.choice(self._events)
            for _ in range(random.choice((0, 1, 1, 1, 2, 5))):
                event = changed_json(event, self._pool, random)
            text = json.dumps(event).encode()
            if random.random() < 0.1:
                text = changed_bytes(text, self._texts, random)
            found.append(b"%d\n%s" % (len(text), text))
        return b"".join(found)

    def run(self, given: bytes) -> str:
        events = []
        while given:
            size, _, given = given.partition(b"\n")
            events.append(given[: int(size)])
            given = given[int(size) :]
        found = ecs.update(self._cluster, events, NOW)
        assert all(str(fault).encode() for faults in found.followed.faults for fault in faults)
        after, before = found.cluster, self._cluster
        assert after.ecs is not None
        if found.changes == ():
            # Nothing that a request reads: it was bound when the target was made.
            parts = ("base", "instances", "groups", "tasks", "reserved")
            assert all(getattr(after, name) is getattr(before, name) for name in parts)
        else:
            self._readable.require(after)
        if found.followed.written:
            # The documents are those that the target was made with, but for what is written.
            known = [(file, arn, after.ecs.documents[file].get(arn)) for file, arn in found.followed.written]
            digest = self._readable.require(after)
            key = digest, frozenset((file, arn, b"" if one is None else one.body) for file, arn, one in known)
            if key not in self._described:
                require_described(after)
                self._described.add(key)
        else:
            # Nor any document: as a whole they were read when the target was made.
            assert before.ecs is not None
            assert after.ecs.documents == before.ecs.documents
            assert (after.ecs.described, after.ecs.unlisted) == (before.ecs.described, before.ecs.unlisted)
        outcomes = {outcome.value for outcome in found.followed.outcomes}
        return "REFUSED" if outcomes == {"refused"} else ", ".join(sorted(outcomes))


def require_described(cluster: LiveCluster) -> None:
    """What is free and what runs is what the documents say, read as a whole."""
    assert cluster.ecs is not None
    whole = cluster.ecs.whole(NOW.isoformat()).problem
    assert [cluster.instances[arn].free[:] for arn in whole.cluster.instance_ids] == whole.cluster.free.tolist()
    assert {task.id for task in whole.tasks} == set(cluster.tasks)
