"""``placement-solver health``: whether a server answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from solver.cli.connection import Ca, Certificate, Key, Server, connected
from solver.cli.exits import Exit, errors_to_exit_codes, say
from solver.errors import InvalidRequest


def health(
    server: Server = "127.0.0.1:50051",
    ca: Ca = None,
    cert: Certificate = None,
    key: Key = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="How long the answer may take.")] = 2.0,
) -> None:
    """Ask a server whether it serves; nobody has to prove who they are for that."""
    with errors_to_exit_codes():
        if not timeout > 0:
            raise InvalidRequest.at("--timeout", f"is {timeout}", "must be above 0")
        token_file: Path | None = None
        with connected(server, ca, cert, key, token_file) as client:
            state = client.health(timeout=timeout)
        say(f"{server} is {state}")
        if state != "SERVING":
            raise typer.Exit(Exit.FAILURE)
