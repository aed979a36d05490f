"""``placement-solver serve``: the gRPC service."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from solver.cli.exits import errors_to_exit_codes, say
from solver.errors import InvalidRequest

PLAINTEXT = "--allow-remote-plaintext"


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
            "metrics_address": metrics_address,
            "traces": traces or None,
        }
        given: dict[str, object] = {name: value for name, value in said.items() if value is not None}
        entries = {} if config is None else read_file(config)
        with _places_in_faults(given, config):
            if workers is not None:
                given["workers"] = whole("--workers", workers)
            options = options_of(ServerOptions, {**entries, **given})
        if print_config:
            print(printed(options), end="")
            return
        from solver.service.server import serve as run

        with _places_in_faults(given, config):
            run(options, on_ready=lambda where: say(f"listening on {where}"))


@contextmanager
def _places_in_faults(given: Collection[str], config: Path | None) -> Iterator[None]:
    """Name the options, or the file, where the service names its parameters."""

    def place(path: str) -> str:
        if path.startswith("--") or path.isupper():  # A variable of the environment.
            return path
        if path in given or config is None:
            return f"--{path.replace('_', '-')}"
        return f"{config} {path}"

    try:
        yield
    except InvalidRequest as invalid:
        remedy = "set allow_remote_plaintext"
        faults = [
            replace(fault, path=place(fault.path), remedy=fault.remedy.replace(remedy, f"add {PLAINTEXT}"))
            for fault in invalid.faults
        ]
        raise InvalidRequest(faults) from invalid
