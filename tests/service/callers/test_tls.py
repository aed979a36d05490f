"""Encrypted connections (solver.service.callers.tls): who can connect, and certificates that are replaced."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from solver.errors import InvalidRequest, ServiceUnavailable
from solver.service.callers.tls import Encryption
from solver.service.client import Client
from solver.service.options import ServerOptions
from tests.service import problems
from tests.service.callers.authority import Authority
from tests.service.running import Running, fake, server


@contextmanager
def encrypted(folder: Path, authority: Authority, clients: Authority | None = None) -> Iterator[Running]:
    """A server with a certificate, which asks for those of clients where there is an authority for them."""
    certificate, key = authority.server().written(folder, "server")
    more = f"tls_cert={str(certificate)!r}, tls_key={str(key)!r}"
    if clients is not None:
        more += f", client_ca={str(clients.written(folder, 'clients'))!r}"
    with server(fake(more=more)) as running:
        yield running


def version_of(address: str, credentials: grpc.ChannelCredentials | None) -> str:
    with Client(address, credentials=credentials) as client:
        return client.version(timeout=5).version


def test_an_encrypted_server_answers_who_trusts_its_certificate(tmp_path: Path) -> None:
    """Whoever trusts another authority, or speaks plaintext, gets no answer."""
    authority = Authority()
    with encrypted(tmp_path, authority) as running:
        assert version_of(running.address, authority.trusting())
        for credentials in (Authority().trusting(), None):
            with pytest.raises(ServiceUnavailable):
                version_of(running.address, credentials)


def test_clients_must_have_a_certificate_of_the_authority(tmp_path: Path) -> None:
    """None, one of another authority, and one that is over are turned away; the right one is answered."""
    authority, clients = Authority(), Authority("clients")
    turned_away = (None, Authority("clients").issued("client"), clients.issued("client", valid=timedelta(days=-1)))
    with encrypted(tmp_path, authority, clients) as running:
        assert version_of(running.address, authority.trusting(clients.issued("client")))
        for client in turned_away:
            with pytest.raises(ServiceUnavailable):
                version_of(running.address, authority.trusting(client))


def test_a_certificate_is_replaced_while_calls_run(tmp_path: Path) -> None:
    """New connections see the new certificate; calls on the old ones are all answered."""
    before, after = Authority("before"), Authority("after")
    with encrypted(tmp_path, before) as running, Client(running.address, credentials=before.trusting()) as client:
        answered: list[str] = []
        done = threading.Event()

        def call() -> None:
            while not done.is_set():
                answered.append(client.place(problems.small(), label="takes 0.02", timeout=10).label)

        thread = threading.Thread(target=call)
        thread.start()
        after.server().written(tmp_path, "server")
        assert until_it_answers(running.address, after.trusting())
        count = len(answered)
        time.sleep(0.3)
        done.set()
        thread.join()
        assert len(answered) > count
        with pytest.raises(ServiceUnavailable):
            version_of(running.address, before.trusting())


def test_a_certificate_that_cannot_be_read_is_not_taken(tmp_path: Path) -> None:
    """The server goes on with the one that it has."""
    authority = Authority()
    with encrypted(tmp_path, authority) as running:
        (tmp_path / "server.pem").write_text("nothing")
        time.sleep(2.5)
        assert version_of(running.address, authority.trusting())


def until_it_answers(address: str, credentials: grpc.ChannelCredentials) -> bool:
    """Whether a server answers within ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            return bool(version_of(address, credentials))
        except ServiceUnavailable:
            time.sleep(0.1)
    return False


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("key", "tls_key: .* is not the key of .*; name the two that belong together"),
        ("certificate", "tls_cert: .* cannot be read: .*; both must be PEM files"),
        ("authorities", "client_ca: .* holds no certificate: .*; must be a PEM file of authorities"),
        ("missing", "tls_key: .* cannot be read: No such file or directory; name a PEM file"),
    ],
)
def test_files_that_are_wrong_are_named(tmp_path: Path, damage: str, said: str) -> None:
    """Before anything listens: a key of another certificate, a file that is no certificate, or none at all."""
    authority = Authority()
    certificate, key = authority.server().written(tmp_path, "server")
    ca = authority.written(tmp_path)
    if damage == "key":
        key.write_bytes(authority.server().key)
    elif damage == "missing":
        key.unlink()
    else:
        {"certificate": certificate, "authorities": ca}[damage].write_text("nothing")
    with pytest.raises(InvalidRequest, match=said):
        Encryption(certificate, key, ca)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tls_cert": "c"}, "tls_key: is missing"),
        ({"tls_key": "k"}, "tls_cert: is missing"),
        ({"client_ca": "ca"}, "client_ca: needs encryption"),
        ({"token_address": "nowhere"}, "token_address: is 'nowhere'; must be host:port"),
        ({"token_address": "127.0.0.1:0"}, "token_address: is for callers without a certificate where others must"),
    ],
)
def test_encryption_has_all_its_parts(options: dict[str, str], said: str) -> None:
    """A certificate and its key; authorities of clients only with both."""
    with pytest.raises(InvalidRequest, match=said):
        ServerOptions(**options)


def test_an_encrypted_server_may_listen_for_other_computers_that_prove_who_they_are() -> None:
    """By certificate or as callers; where nobody does, it is refused as plaintext is."""
    assert ServerOptions("0.0.0.0:50051", tls_cert="c", tls_key="k", client_ca="ca").encrypted
    assert ServerOptions("0.0.0.0:50051", tls_cert="c", tls_key="k", callers="callers.toml").encrypted
    with pytest.raises(InvalidRequest, match="where nobody proves who they are; .*set client_ca, or set callers"):
        ServerOptions("0.0.0.0:50051", tls_cert="c", tls_key="k")
    with pytest.raises(InvalidRequest, match="without encryption"):
        ServerOptions("0.0.0.0:50051", callers="callers.toml")


def test_a_token_does_not_leave_in_plaintext() -> None:
    """To this computer it may be sent, to another one only encrypted."""
    for address in ("127.0.0.1:1", "unix:/run/solver.sock", "localhost:1"):
        Client(address, token="secret").close()
    Client("10.0.0.1:1", token="secret", credentials=Authority().trusting()).close()
    for address in ("10.0.0.1:1", "solver.example:1", "dns:///localhost:1"):
        with pytest.raises(InvalidRequest, match="token: would be sent to .* without encryption") as refused:
            Client(address, token="secret")
        assert "secret" not in str(refused.value)
