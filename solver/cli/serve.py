"""``placement-solver serve``: the gRPC service."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from solver.cli.exits import errors_to_exit_codes, say
from solver.errors import InvalidRequest

PLAINTEXT = "--allow-remote-plaintext"
OPTIONS = (
    "address",
    "workers",
    "state",
    "tls_cert",
    "tls_key",
    "client_ca",
    "token_address",
    "callers",
    "audit",
    "metrics_address",
    "traces",
)
"""Fields of ``ServerOptions`` that are options here, under the same names with dashes."""


def serve(
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Where to listen; unix:PATH too. Port 0 takes a free one. (default: 127.0.0.1:50051)",
        ),
    ] = None,
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
    metrics_address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where Prometheus may ask, over HTTP. (default: nowhere)"),
    ] = None,
    traces: Annotated[
        bool, typer.Option("--traces", help="Send traces where the environment says (OTEL_EXPORTER_OTLP_ENDPOINT).")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Options, TOML: those that --print-config prints. Options given here come first."
        ),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Check the options, print them all as TOML, and end.")
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
    with errors_to_exit_codes():
        from solver.cli.arguments import whole
        from solver.service.configuration import options_of, printed, read_file
        from solver.service.options import ServerOptions

        said = {
            "address": address,
            "state": state,
            "allow_remote_plaintext": allow_remote_plaintext or None,
            "tls_cert": tls_cert,
            "tls_key": tls_key,
            "client_ca": client_ca,
            "token_address": token_address,
            "callers": callers,
            "audit": audit,
            "metrics_address": metrics_address,
            "traces": traces or None,
        }
        given: dict[str, object] = {name: value for name, value in said.items() if value is not None}
        entries: Mapping[str, object] = {} if config is None else read_file(config)
        with _places_in_faults(given, entries, config):
            if workers is not None:
                given["workers"] = whole("--workers", workers)
            options = options_of(ServerOptions, {**entries, **given})
        if print_config:
            print(printed(options), end="")
            return
        from solver.service.server import serve as run

        with _places_in_faults(given, entries, config):
            run(options, on_ready=lambda where: say(f"listening on {where}"))


@contextmanager
def _places_in_faults(given: Collection[str], entries: Collection[str], config: Path | None) -> Iterator[None]:
    """Name the options, or the file, where the service names its parameters; what else is at fault says where it stands."""

    def place(path: str) -> str:
        top = path.partition(".")[0].partition("[")[0]
        if top in entries and top not in given:
            return f"{config} {path}"
        return _option(path) if path in OPTIONS else path

    try:
        yield
    except InvalidRequest as invalid:
        faults = [replace(fault, path=place(fault.path), remedy=_said(fault.remedy)) for fault in invalid.faults]
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
