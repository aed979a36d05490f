"""How a server is set up, refused where it makes no sense."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field

from solver.errors import InvalidRequest
from solver.service.clusters.store import IN_MEMORY
from solver.service.sizes import SizeLimits
from solver.service.workers import PoolLimits, default_size

MOST_PROCESSES = max(64, 4 * (os.cpu_count() or 1))
"""Processes that solve: each takes some 200 MB, and two threads while it does."""


@dataclass(frozen=True)
class ServerOptions:
    """How a server is set up.

    Parameters
    ----------
    address
        ``host:port``, ``[v6]:port`` or ``unix:path``; port 0 takes a free one.
    workers
        Processes that solve.
    sizes
        What a request may be at most.
    queue
        When calls and workers are given up.
    allow_remote_plaintext
        Whether to listen, without encryption, where other computers can connect.
    tls_cert, tls_key
        PEM files of the certificate, with those that lead to its authority, and of its key; both encrypt, neither is plaintext.
    client_ca
        PEM file of the authorities whose certificates clients must have; None asks for none.
    token_address
        Another address, with the same encryption, where clients need no certificate: for callers that have a token. None for
        none.
    callers
        TOML file of who may call, and what they may do; None lets everybody do everything.
    audit
        File to which every decision is added before its answer leaves, made where it is missing; None records none.
    drain_seconds
        How long calls that run may go on after a stop was asked for.
    state
        File of the clusters that ``ClusterService`` keeps, made where it is missing; ``IN_MEMORY`` keeps them as long as the
        server runs.
    api
        Module with the verbs, as in ``solver.api``.

    Raises
    ------
    InvalidRequest
        If the address is none, or one that other computers reach without encryption, or without proving who calls, and that is
        not allowed; or if a part of the encryption is missing.
    """

    address: str = "127.0.0.1:50051"
    workers: int = field(default_factory=default_size)
    sizes: SizeLimits = field(default_factory=SizeLimits)
    queue: PoolLimits = field(default_factory=PoolLimits)
    allow_remote_plaintext: bool = False
    tls_cert: str | None = None
    tls_key: str | None = None
    client_ca: str | None = None
    token_address: str | None = None
    callers: str | None = None
    audit: str | None = None
    drain_seconds: float = 30.0
    state: str = IN_MEMORY
    api: str = "solver.api"

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= MOST_PROCESSES:
            raise InvalidRequest.at("workers", f"is {self.workers:,}", f"must be 1 to {MOST_PROCESSES}")
        if not is_local(self.address) and not self.allow_remote_plaintext:
            if not self.encrypted:
                problem = f"{self.address} is open to other computers, without encryption"
                remedy = "listen on 127.0.0.1, set tls_cert and tls_key, or set allow_remote_plaintext"
                raise InvalidRequest.at("address", problem, remedy)
            if self.client_ca is None and self.callers is None:
                problem = f"{self.address} is open to other computers, where nobody proves who they are"
                remedy = "listen on 127.0.0.1, set client_ca, or set callers"
                raise InvalidRequest.at("address", problem, remedy)
        for path, given, other in (("tls_key", self.tls_cert, self.tls_key), ("tls_cert", self.tls_key, self.tls_cert)):
            if given is not None and other is None:
                raise InvalidRequest.at(path, "is missing", "encryption needs a certificate and its key")
        if self.client_ca is not None and not self.encrypted:
            raise InvalidRequest.at("client_ca", "needs encryption", "set tls_cert and tls_key too")
        if self.token_address is not None:
            is_local(self.token_address, "token_address")
            if self.client_ca is None or self.callers is None:
                problem = "is for callers without a certificate where others must have one"
                raise InvalidRequest.at("token_address", problem, "set client_ca and callers too, or leave it out")

    @property
    def encrypted(self) -> bool:
        """Whether connections are encrypted."""
        return self.tls_cert is not None and self.tls_key is not None


def is_local(address: str, path: str = "address") -> bool:
    """Whether only this computer reaches an address.

    Parameters
    ----------
    path
        Of what is wrong with it.

    Raises
    ------
    InvalidRequest
        If it is no address.
    """
    if address.startswith("unix:"):
        return True
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise InvalidRequest.at(path, f"is '{address}'", "must be host:port, [v6]:port or unix:path")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
