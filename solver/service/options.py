"""How a server is set up, refused where it makes no sense."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from solver.errors import Fault, InvalidRequest
from solver.service.clusters.store import IN_MEMORY
from solver.service.logs import LogOptions
from solver.service.ranges import Range, faults_of
from solver.service.repeats import RepeatLimits
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
        Where to listen: ``host:port``, ``[v6]:port`` or ``unix:path``; port 0 takes a free one.
    workers
        Processes that solve.
    sizes
        What a request may be at most.
    queue
        When calls and workers are given up.
    repeats
        How long answers are kept for calls that are repeated.
    allow_remote_plaintext
        Whether to listen, without encryption, where other computers can connect.
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
        With every option that cannot be: an address that is none, or one that other computers reach and that is not allowed.
    """

    address: str = "127.0.0.1:50051"
    workers: int = field(default_factory=default_size)
    sizes: SizeLimits = field(default_factory=SizeLimits)
    queue: PoolLimits = field(default_factory=PoolLimits)
    repeats: RepeatLimits = field(default_factory=RepeatLimits)
    allow_remote_plaintext: bool = False
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
        yield from self._faults_of_address("address", self.address)
        if self.metrics_address is not None:
            if self.metrics_address.startswith("unix:"):
                yield Fault("metrics_address", f"is '{self.metrics_address}'", "must be host:port or [v6]:port")
            else:
                yield from self._faults_of_address("metrics_address", self.metrics_address)

    def _faults_of_address(self, path: str, address: str) -> Iterator[Fault]:
        try:
            local = is_local(address, path)
        except InvalidRequest as invalid:
            yield from invalid.faults
            return
        if not local and not self.allow_remote_plaintext:
            problem = f"{address} is open to other computers, without encryption"
            yield Fault(path, problem, "listen on 127.0.0.1, or set allow_remote_plaintext")


def is_local(address: str, path: str = "address") -> bool:
    """Whether only this computer reaches an address.

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
