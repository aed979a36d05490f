"""``placement-solver audit``: whether the records of decisions hang together, and what they say."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli.exits import Exit, errors_to_exit_codes, say
from solver.errors import InvalidRequest

if TYPE_CHECKING:
    from solver.service.audit.chain import Record, Value

    Fields = dict[str, Value]

CODES = "Exit codes: 0 the records hang together; 1 they do not; 2 bad input."

File = Annotated[Path, typer.Argument(metavar="FILE", help="As in serve --audit; a server may be adding to it.")]


class Form(StrEnum):
    """How records are written."""

    table = "table"
    json = "json"


def verify(
    file: File,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="HASH", help="A hash that was noted before: the records must still lead to it or past it."
        ),
    ] = None,
) -> None:
    """Check that no record was changed, taken out or put in.

    The last records can be taken away without a trace in the file: note the head elsewhere, and give it with --head.
    """
    with errors_to_exit_codes():
        from solver.service.audit.chain import verified
        from solver.service.audit.store import reading

        with reading(file) as records:
            found = verified(records, None if head is None else head.strip().lower())
        typer.echo(f"{found.records} records, head {found.head}")
        if found.broken:
            say(f"error: {file}: {found.broken}")
            raise typer.Exit(Exit.FAILURE)


def show(
    file: File,
    caller: Annotated[str | None, typer.Option(metavar="NAME", help="Calls of this caller alone.")] = None,
    method: Annotated[
        str | None, typer.Option(metavar="METHOD", help="Calls of this method alone: Place, ClusterService/Commit.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="From this moment on, ISO 8601; no zone means UTC.")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="The last N of them.", min=1)] = None,
    output: Annotated[Form, typer.Option("--output", "-o", help="json: one object a line.")] = Form.table,
) -> None:
    """Show the records of decisions, the oldest first. It does not check them: see verify."""
    with errors_to_exit_codes():
        from solver.service.audit.store import reading

        moment = None if since is None else _moment(since)
        with reading(file) as records:
            chosen: Iterable[tuple[Record, Fields]] = _chosen(records, caller, method, moment)
            if limit is not None:
                chosen = deque(chosen, maxlen=limit)
            if output is Form.json:
                for record, fields in chosen:
                    typer.echo(json.dumps({**fields, "hash": record.hash}, ensure_ascii=False))
            else:
                _print([fields for _, fields in chosen])


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest.at("--since", f"is '{text}'", "write it as 2026-01-31 or 2026-01-31T12:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _chosen(
    records: Iterable[Record], caller: str | None, method: str | None, since: datetime | None
) -> Iterator[tuple[Record, Fields]]:
    for record in records:
        try:
            fields = record.fields()
            at = datetime.fromisoformat(str(fields["at"]))
        except (ValueError, KeyError, TypeError):
            raise InvalidRequest.at("FILE", f"record {record.number} cannot be read", "see audit verify") from None
        called = str(fields.get("method", ""))
        if caller is not None and fields.get("caller") != caller:
            continue
        if method is not None and method not in (called, called.rpartition("/")[2]):
            continue
        if since is None or at >= since:
            yield record, fields


def _print(rows: list[Fields]) -> None:
    from rich.console import Console

    from solver.report.plain import add_row, print_plainly, table_of

    table = table_of([">number", ">at", "caller", "method", "cluster", "outcome", "label"])
    for row in rows:
        outcome = str(row.get("status") or row.get("reason") or row.get("code", ""))
        cluster = str(row.get("cluster") or "-")
        if row.get("cluster") and row.get("cluster_version"):
            cluster += f"@{row['cluster_version']}"
        add_row(
            table,
            str(row.get("number", "")),
            str(row.get("at", ""))[:19],
            str(row.get("caller") or "-"),
            str(row.get("method") or "-").rpartition("/")[2],
            cluster,
            outcome.removeprefix("STATUS_") or "-",
            str(row.get("label") or "-"),
        )
    print_plainly([table] if rows else ["no records"], Console(highlight=False))
