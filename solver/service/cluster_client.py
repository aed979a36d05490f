"""Clusters that a server keeps and that follow ECS, from the caller's side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from solver.formats.ecs.following import Drift, Outcome
from solver.formats.ecs.mirror import Need
from solver.v1 import cluster_service_pb2 as wire

Call = Callable[[str, bytes, float | None], bytes]
"""Calls a method of ``ClusterService`` in bytes, within so many seconds."""

_OUTCOMES = {
    wire.ECS_EVENT_OUTCOME_APPLIED: Outcome.APPLIED,
    wire.ECS_EVENT_OUTCOME_REPEATED: Outcome.REPEATED,
    wire.ECS_EVENT_OUTCOME_OLDER: Outcome.OLDER,
    wire.ECS_EVENT_OUTCOME_IGNORED: Outcome.IGNORED,
    wire.ECS_EVENT_OUTCOME_REFUSED: Outcome.REFUSED,
}


@dataclass(frozen=True)
class SnapshotTaken:
    """What a server says of the documents that it was sent.

    Parameters
    ----------
    version
        Of the cluster now.
    warnings
        Of the reader.
    drifts, drift_count
        Where they differ from what events had told: the first ones, and how many there are.
    needs
        What the next snapshot should bring.
    """

    version: int
    warnings: tuple[str, ...]
    drifts: tuple[Drift, ...]
    drift_count: int
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class EventsTaken:
    """What a server says of the events that it was sent.

    Parameters
    ----------
    version
        Of the cluster now.
    outcomes
        Of each event.
    problems
        What is wrong with each event; empty for those that were not refused.
    needs
        What the next snapshot should bring.
    """

    version: int
    outcomes: tuple[Outcome, ...]
    problems: tuple[tuple[str, ...], ...]
    needs: tuple[Need, ...]

    @property
    def counts(self) -> Counter[Outcome]:
        """Events by what became of them."""
        return Counter(self.outcomes)


class ClusterClient:
    """The calls of ``ClusterService`` that feed a cluster; ``Client.clusters`` is one. Each raises as the server says."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def put_documents(
        self, name: str, documents: Mapping[str, Sequence[bytes]], *, timeout: float | None = None
    ) -> SnapshotTaken:
        """Keep a cluster as ECS describes it, or bring it up to date.

        Parameters
        ----------
        documents
            JSON texts by the file of a cluster directory, each one answer of the ECS API or a list of them.
        timeout
            Seconds until the answer must be here; None waits.
        """
        request = wire.PutEcsDocumentsRequest(
            name=name,
            documents=[
                wire.EcsDocument(file=file, content=text) for file, texts in documents.items() for text in texts
            ],
        )
        found = wire.PutEcsDocumentsResponse.FromString(self._called("PutEcsDocuments", request, timeout))
        drifts = tuple(Drift(one.arn, one.reason) for one in found.drifts)
        return SnapshotTaken(found.version, tuple(found.warnings), drifts, found.drift_count, _needs(found.needs))

    def follow(self, name: str, events: Sequence[bytes], *, timeout: float | None = None) -> EventsTaken:
        """Apply events of ECS: each counts once, so they may be sent again.

        Parameters
        ----------
        events
            JSON texts, as EventBridge sends them.
        """
        request = wire.ApplyEcsEventsRequest(name=name, events=events)
        found = wire.ApplyEcsEventsResponse.FromString(self._called("ApplyEcsEvents", request, timeout))
        return EventsTaken(
            found.version,
            tuple(_OUTCOMES[one.outcome] for one in found.results),
            tuple(tuple(one.problems) for one in found.results),
            _needs(found.needs),
        )

    def _called(self, method: str, request: Message, timeout: float | None) -> bytes:
        return self._call(method, request.SerializeToString(), timeout)


def _needs(found: Sequence[wire.EcsNeed]) -> tuple[Need, ...]:
    return tuple(Need(one.subject, one.name, one.reason) for one in found)
