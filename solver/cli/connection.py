"""How a command reaches a server: the address, encryption, and what proves who calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solver.errors import InvalidRequest

if TYPE_CHECKING:
    from solver.service.client import Client

Server = Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the service listens.")]
Ca = Annotated[Path | None, typer.Option(metavar="FILE", help="Encrypt, and trust servers of these authorities, PEM.")]
Certificate = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Encrypt, with a certificate of one's own, PEM.")
]
Key = Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate's key, PEM.")]
TokenFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A bearer token, read at each call; encrypted, or to this computer.")
]


def connected(
    server: str, ca: Path | None, certificate: Path | None, key: Path | None, token_file: Path | None
) -> Client:
    """The client of a server; encrypted where one of the files of an encryption is given.

    Raises
    ------
    InvalidRequest
        With the option that is wrong.
    """
    from solver.service.callers.tls import channel_credentials
    from solver.service.client import Client

    try:
        plain = ca is None and certificate is None and key is None
        credentials = None if plain else channel_credentials(ca, certificate, key)
        return Client(server, credentials=credentials, token=None if token_file is None else _token(token_file))
    except InvalidRequest as invalid:
        names = {"ca": "--ca", "cert": "--cert", "key": "--key", "token": "--token-file"}
        faults = [replace(one, path=names.get(one.path, one.path)) for one in invalid.faults]
        raise InvalidRequest(replace(one, remedy=_remedy(one.remedy)) for one in faults) from None


def _token(file: Path) -> Callable[[], str]:
    return lambda: file.read_text(encoding="utf-8").strip()


def _remedy(remedy: str) -> str:
    return remedy.replace("give credentials too", "add --ca")
