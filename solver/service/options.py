"""How a server is set up, refused where it makes no sense."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from solver.errors import Fault, InvalidRequest
from solver.service.analysis.limits import AnalysisLimits
from solver.service.clusters.store import IN_MEMORY
from solver.service.limits import PoolLimits, default_size
from solver.service.logs import LogOptions
from solver.service.ranges import Range, faults_of
from solver.service.repeats import RepeatLimits
from solver.service.sizes import SizeLimits

MOST_PROCESSES = max(64, 4 * (os.cpu_count() or 1))
"""Processes that solve: each takes some 200 MB, and two threads while it does."""


@dataclass(frozen=True)
class ServerOptions:
    """How a server is set up.

    Parameters
    ----------
    address
        Where to listen: ``host:port``, ``[v6]:port`` or ``unix:path``; port 0 takes a free one.
    workers
        Processes that solve.
    sizes
        What a request may be at most.
    queue
        When calls and workers are given up.
    repeats
        How long answers are kept for calls that are repeated.
    analysis
        How many analyses run, and how long what they found is kept.
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
    logs
        What is logged, and how.
    metrics_address
        Where Prometheus may ask, over HTTP without encryption: ``host:port`` or ``[v6]:port``; nowhere where it is not set.
    traces
        Whether to send traces where the environment says (``OTEL_EXPORTER_OTLP_ENDPOINT``).
    drain_seconds
        How long calls that run may go on after a stop was asked for.
    state
        File of the clusters that ``ClusterService`` keeps, made where it is missing; ``:memory:`` keeps them as long as the
        server runs.
    api
        Module with the verbs, as in ``solver.api``.

    Raises
    ------
    InvalidRequest
        With every option that cannot be: an address that is none, or one that other computers reach without encryption, or
        without proving who calls, and that is not allowed; a part of the encryption that is missing.
    """

    address: str = "127.0.0.1:50051"
    workers: int = field(default_factory=default_size)
    sizes: SizeLimits = field(default_factory=SizeLimits)
    queue: PoolLimits = field(default_factory=PoolLimits)
    repeats: RepeatLimits = field(default_factory=RepeatLimits)
    analysis: AnalysisLimits = field(default_factory=AnalysisLimits)
    allow_remote_plaintext: bool = False
    tls_cert: str | None = None
    tls_key: str | None = None
    client_ca: str | None = None
    token_address: str | None = None
    callers: str | None = None
    audit: str | None = None
    logs: LogOptions = field(default_factory=LogOptions)
    metrics_address: str | None = None
    traces: bool = False
    drain_seconds: float = 30.0
    state: str = IN_MEMORY
    api: str = field(default="solver.api", metadata={"configured": False})

    def __post_init__(self) -> None:
        faults = [*faults_of(self, {"drain_seconds": Range(0, 3_600)}), *self._faults()]
        if faults:
            raise InvalidRequest(faults)

    def _faults(self) -> Iterator[Fault]:
        if not 1 <= self.workers <= MOST_PROCESSES:
            yield Fault("workers", f"is {self.workers:,}", f"must be 1 to {MOST_PROCESSES}")
        remote, faults = _is_remote("address", self.address)
        yield from faults
        if remote and not self.allow_remote_plaintext:
            if not self.encrypted:
                problem = f"{self.address} is open to other computers, without encryption"
                remedy = "listen on 127.0.0.1, set tls_cert and tls_key, or set allow_remote_plaintext"
                yield Fault("address", problem, remedy)
            elif self.client_ca is None and self.callers is None:
                problem = f"{self.address} is open to other computers, where nobody proves who they are"
                yield Fault("address", problem, "listen on 127.0.0.1, set client_ca, or set callers")
        for path, given, other in (("tls_key", self.tls_cert, self.tls_key), ("tls_cert", self.tls_key, self.tls_cert)):
            if given is not None and other is None:
                yield Fault(path, "is missing", "encryption needs a certificate and its key")
        if self.client_ca is not None and not self.encrypted:
            yield Fault("client_ca", "needs encryption", "set tls_cert and tls_key too")
        if self.token_address is not None:
            yield from _is_remote("token_address", self.token_address)[1]
            if self.client_ca is None or self.callers is None:
                problem = "is for callers without a certificate where others must have one"
                yield Fault("token_address", problem, "set client_ca and callers too, or leave it out")
        yield from self._faults_of_metrics()

    def _faults_of_metrics(self) -> Iterator[Fault]:
        address = self.metrics_address
        if address is None:
            return
        if address.startswith("unix:"):
            yield Fault("metrics_address", f"is '{address}'", "must be host:port or [v6]:port")
            return
        remote, faults = _is_remote("metrics_address", address)
        yield from faults
        if remote and not self.allow_remote_plaintext:
            problem = f"{address} is open to other computers, without encryption"
            yield Fault("metrics_address", problem, "listen on 127.0.0.1, or set allow_remote_plaintext")

    @property
    def encrypted(self) -> bool:
        """Whether connections are encrypted."""
        return self.tls_cert is not None and self.tls_key is not None


def _is_remote(path: str, address: str) -> tuple[bool, tuple[Fault, ...]]:
    """Whether other computers reach an address, and what is wrong with it."""
    try:
        return not is_local(address, path), ()
    except InvalidRequest as invalid:
        return False, invalid.faults


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
