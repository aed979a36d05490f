"""``placement-solver serve``: the gRPC service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated

import typer

from solver.cli.exits import errors_to_exit_codes, say
from solver.errors import InvalidRequest

PLAINTEXT = "--allow-remote-plaintext"
OPTIONS = ("address", "workers", "state", "tls_cert", "tls_key", "client_ca", "token_address", "callers", "audit")
"""Fields of ``ServerOptions`` that are options here, under the same names with dashes."""


def serve(
    address: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; unix:PATH too. Port 0 takes a free one.")
    ] = "127.0.0.1:50051",
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes that solve. (default: by the number of cores)")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Keep clusters here, also for the next start. (default: until the server ends)"
        ),
    ] = None,
    allow_remote_plaintext: Annotated[
        bool, typer.Option(PLAINTEXT, help="Listen, without encryption, for other computers too.")
    ] = False,
    tls_cert: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Encrypt: the certificate, PEM, with those that lead to its authority."),
    ] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="The certificate's key, PEM.")] = None,
    client_ca: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Require certificates of clients: those of these authorities, PEM."),
    ] = None,
    token_address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Listen here too, for callers with a token and no certificate; with --client-ca."
        ),
    ] = None,
    callers: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Who may call, and what they may do, TOML. (default: everybody, everything)"),
    ] = None,
    audit: Annotated[
        str | None, typer.Option(metavar="FILE", help="Record every decision here before its answer leaves.")
    ] = None,
) -> None:
    """Serve placements over gRPC until it is told to stop; calls that run are finished first."""
    with errors_to_exit_codes(), _options_in_faults():
        from solver.cli.arguments import whole
        from solver.service.clusters.store import IN_MEMORY
        from solver.service.options import ServerOptions
        from solver.service.server import serve as run
        from solver.service.workers import default_size

        options = ServerOptions(
            address=address,
            workers=default_size() if workers is None else whole("workers", workers),
            allow_remote_plaintext=allow_remote_plaintext,
            state=IN_MEMORY if state is None else state,
            tls_cert=tls_cert,
            tls_key=tls_key,
            client_ca=client_ca,
            token_address=token_address,
            callers=callers,
            audit=audit,
        )
        run(options, on_ready=lambda where: say(f"listening on {where}"))


@contextmanager
def _options_in_faults() -> Iterator[None]:
    """Name the options where the service names its parameters."""
    try:
        yield
    except InvalidRequest as invalid:
        faults = [
            replace(
                fault,
                path=_option(fault.path) if fault.path in OPTIONS else fault.path,
                remedy=_said(fault.remedy),
            )
            for fault in invalid.faults
        ]
        raise InvalidRequest(faults) from invalid


def _option(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _said(remedy: str) -> str:
    """With options in the place of fields."""
    for field in (*OPTIONS, "allow_remote_plaintext"):
        remedy = remedy.replace(f"set {field}", f"add {_option(field)}").replace(
            f"and {field}", f"and {_option(field)}"
        )
    return remedy
