"""``placement-solver serve``: the gRPC service."""

from __future__ import annotations

from typing import Annotated

import typer

from solver.cli.exits import errors_to_exit_codes, say


def serve(
    address: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; unix:PATH too. Port 0 takes a free one.")
    ] = "127.0.0.1:50051",
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that solve. (default: by the number of cores)")
    ] = None,
    allow_remote_plaintext: Annotated[
        bool, typer.Option("--allow-remote-plaintext", help="Listen, without encryption, for other computers too.")
    ] = False,
) -> None:
    """Serve placements over gRPC until it is told to stop; calls that run are finished first."""
    with errors_to_exit_codes():
        from solver.service.server import serve as run

        run(
            address,
            workers,
            allow_remote_plaintext=allow_remote_plaintext,
            on_ready=lambda where: say(f"listening on {where}"),
        )
