"""``placement-solver follow``: have a cluster on a server follow ECS, by a snapshot and by events."""

from __future__ import annotations

import json
import queue
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from solver.cli import connection
from solver.cli.exits import Exit, errors_to_exit_codes, say

if TYPE_CHECKING:
    from solver.service.client import Client
    from solver.service.cluster_client import EventsTaken

BATCH = 100
"""Events that are sent together."""

LONGEST = 2**20
"""Characters of an event; EventBridge sends at most 256 KiB."""

RETRY_SECONDS = 1.0

_OWN_PATH = re.compile(r"^events\[\d+\][.:]? ?")
"""An event's place in its batch, which means nothing to whoever sent it."""

LISTED = 20
"""Needs and differences that are printed."""


def follow(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The cluster's name on the server.")],
    events: Annotated[
        str | None,
        typer.Argument(
            metavar="EVENTS",
            help="File of events as EventBridge sends them, one after the other; - for standard input.",
        ),
    ] = None,
    server: connection.Server = "127.0.0.1:50051",
    snapshot: Annotated[
        Path | None, typer.Option(metavar="CLUSTER_DIR", help="Documents to begin with, or to bring it up to date.")
    ] = None,
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long a server that does not answer is asked again.")
    ] = 60.0,
    ca: connection.Ca = None,
    cert: connection.Certificate = None,
    key: connection.Key = None,
    token_file: connection.TokenFile = None,
) -> None:
    """Send a server the documents and the events of an ECS cluster. Events count once, so they may be sent again.

    Example: placement-solver follow production events.jsonl --snapshot production/
    """
    with errors_to_exit_codes():
        from solver.errors import InvalidRequest

        if events is None and snapshot is None:
            raise InvalidRequest.at("EVENTS", "is missing, and --snapshot too", "give one of them, or both")
        with connection.connected(server, ca, cert, key, token_file) as client:
            if snapshot is not None:
                _put(client, name, snapshot)
            if events is not None and _send(client, name, events, patience):
                raise typer.Exit(Exit.IN_PART)


def _put(client: Client, name: str, directory: Path) -> None:
    from solver.formats.ecs.documents import read_pages

    taken = client.clusters.put_documents(name, read_pages(directory))
    for warning in taken.warnings:
        say(f"warning: {warning}")
    for drift in taken.drifts[:LISTED]:
        say(f"drift: {drift.arn} {drift.reason}")
    if taken.drift_count > LISTED:
        say(f"drift: {taken.drift_count - LISTED:,} more")
    say(f"{name} is at version {taken.version:,}")


def _send(client: Client, name: str, source: str, patience: float) -> int:
    """Send all events; how many were refused."""
    counts: Counter[str] = Counter()
    number, taken = 0, None
    with sys.stdin if source == "-" else open(source, encoding="utf-8") as file:
        for batch in _batches(_events(file)):
            taken = _sent(client, name, batch, patience)
            for outcome, problems in zip(taken.outcomes, taken.problems, strict=True):
                number += 1
                counts[outcome.value] += 1
                for problem in problems:
                    say(f"refused: event {number:,}: {_OWN_PATH.sub('', problem)}")
    said = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()))
    say(f"{number:,} events{': ' if said else ''}{said}" + (f"; version {taken.version:,}" if taken else ""))
    needs = taken.needs if taken is not None else ()
    for need in needs[:LISTED]:
        say(f"needed: {need.subject} {need.name}: {need.reason}")
    if needs:
        say("a new snapshot answers what is needed: placement-solver follow NAME --snapshot CLUSTER_DIR")
    return counts["refused"]


def _sent(client: Client, name: str, batch: Sequence[bytes], patience: float) -> EventsTaken:
    """Send events until they are taken, or patience ends."""
    from solver.errors import Overloaded, ServiceUnavailable, StoreFailed

    until = time.monotonic() + patience
    while True:
        try:
            return client.clusters.follow(name, batch)
        except (ServiceUnavailable, StoreFailed, Overloaded) as failed:
            if time.monotonic() + RETRY_SECONDS > until:
                raise
            say(f"waiting: {failed}")
            time.sleep(RETRY_SECONDS)


def _events(file: IO[str]) -> Iterator[bytes]:
    """Each event's own text: JSON values one after the other, lists of events taken apart."""
    decoder, buffer, line = json.JSONDecoder(), "", 0
    for line, text in enumerate(file, 1):
        buffer += text
        while buffer := buffer.lstrip(" \t\r\n\ufeff"):
            try:
                value, end = decoder.raw_decode(buffer)
            except (json.JSONDecodeError, RecursionError):
                break
            if isinstance(value, list):
                yield from (json.dumps(one).encode() for one in value)
            else:
                yield buffer[:end].encode()
            buffer = buffer[end:]
        if len(buffer) > LONGEST:
            _refuse(line)
    if buffer:
        _refuse(line)


def _refuse(line: int) -> None:
    from solver.errors import UnreadableDocument

    raise UnreadableDocument.at(f"EVENTS: line {line}", "is no JSON", "must be events, one after the other")


def _batches(events: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Events as they come: as many as are there, without waiting for more."""
    found: queue.Queue[bytes | Exception | None] = queue.Queue(10 * BATCH)

    def read() -> None:
        try:
            for event in events:
                found.put(event)
            found.put(None)
        except Exception as error:
            found.put(error)

    threading.Thread(target=read, daemon=True).start()
    ended = False
    while not ended:
        batch: list[bytes] = []
        one = found.get()
        while True:
            if not isinstance(one, bytes):
                ended = True
                break
            batch.append(one)
            if len(batch) == BATCH or found.empty():
                break
            one = found.get()
        if batch:
            yield batch
        if isinstance(one, Exception):
            raise one
