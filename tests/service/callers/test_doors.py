"""A server with callers: who is let in, to what, how many at a time, and callers that change while it runs."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from solver.domain.answer import Answer
from solver.domain.request import Limits
from solver.errors import Overloaded, PermissionDenied, PlacementSolverError, ServiceUnavailable, Unauthenticated
from solver.service.callers.tokens import digest_of
from solver.service.client import Client
from solver.service.status import from_status
from tests.service import problems
from tests.service.callers.authority import Authority, Pair
from tests.service.callers.issuing import AUDIENCE, ISSUER, Signer
from tests.service.details import details_of
from tests.service.running import Running, fake, server
from tests.service.test_server import labelled, refusal

ROLES = """
[roles.placing]
methods = ["PlacementService/Place", "PlacementService/StreamPlace", "PlacementService/GetVersion"]
carried = true
services = ["*"]
calls_at_once = 2
max_time_limit_seconds = 5
"""
BEARER = (
    ROLES
    + f"""
[callers.known]
role = "placing"
tokens = ["{digest_of("known")}"]
"""
)


@contextmanager
def guarded(folder: Path, text: str, more: str = "", workers: int = 1) -> Iterator[Running]:
    """A server with the callers of a text."""
    file = folder / "callers.toml"
    file.write_text(text)
    with server(fake(workers, f"callers={str(file)!r}{more}")) as running:
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Who is known may place."""
    with guarded(tmp_path_factory.mktemp("callers"), BEARER, workers=2) as found:
        yield found


@pytest.mark.parametrize("token", [None, "unknown", "known ", "Known"])
def test_nobody_gets_in_without_a_proof(running: Running, token: str | None) -> None:
    """No token, and one that is not known."""
    if token == "known ":
        token = "known x"
    with Client(running.address, token=token) as client, pytest.raises(Unauthenticated) as refused:
        client.place(problems.small())
    assert token is None or token not in str(refused.value)


def test_who_is_known_may_do_what_the_role_says(running: Running) -> None:
    """Place, and not Drain."""
    with Client(running.address, token="known") as client:
        assert client.place(problems.small(), label="mine").label == "mine"
        with pytest.raises(
            PermissionDenied, match=r"method PlacementService/Check: the role 'placing' may not call it"
        ):
            client.check(problems.small(), problems.answer_to(problems.small()).tasks)


def test_a_stream_proves_who_calls(running: Running) -> None:
    """As any call does: with the token it is answered, without it refused."""
    with Client(running.address, token="known") as client:
        assert isinstance(list(client.stream_place(problems.small()))[-1], Answer)
    with Client(running.address) as client, pytest.raises(Unauthenticated):
        list(client.stream_place(problems.small()))


def test_a_token_may_come_from_a_function(running: Running) -> None:
    """It is asked at each call, so that tokens which expire can be replaced."""
    tokens = iter(["known", "unknown"])
    with Client(running.address, token=lambda: next(tokens)) as client:
        client.version()
        with pytest.raises(Unauthenticated):
            client.version()


def test_the_time_is_cut_to_that_of_the_role(running: Running) -> None:
    """With a warning; a shorter limit stays as it is."""
    with Client(running.address, token="known") as client:
        cut = client.place(problems.small(), Limits(time_limit=60))
        assert cut.replay.time_limit == 5
        assert "the time limit is 5 s, the most that the role 'placing' allows" in cut.warnings
        own = client.place(problems.small(), Limits(time_limit=3))
        assert (own.replay.time_limit, [one for one in own.warnings if "role" in one]) == (3, [])


def test_no_more_calls_at_once_than_the_role_says(running: Running) -> None:
    """The third is refused and told when to come back; however the first two end, others may come after them."""
    metadata = (("authorization", "Bearer known"),)
    for _ in range(2):
        with grpc.insecure_channel(running.address) as channel:
            place = channel.unary_unary("/solver.v1.PlacementService/Place")
            first = place.future(labelled("until cancelled"), metadata=metadata)
            second = place.future(labelled("until cancelled"), metadata=metadata, timeout=1.0)
            time.sleep(0.3)
            code, status = refusal(running.address, labelled(""), metadata=metadata)
            assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert len(details_of(status, error_details_pb2.RetryInfo)) == 1
            assert status is not None
            assert isinstance(from_status(status), Overloaded)
            first.cancel()
            second.exception()
            # One that fails in the worker, and one that is garbage.
            for payload in (labelled("fails"), b"\xff\xfe garbage"):
                refusal(running.address, payload, metadata=metadata)
    with Client(running.address, token="known") as client:
        assert client.place(problems.small())


def test_health_is_open_and_reflection_is_closed(running: Running, tmp_path: Path) -> None:
    """Unless the file opens it."""

    def reflects(address: str) -> bool:
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        with grpc.insecure_channel(address) as channel:
            try:
                list(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask])))
            except grpc.RpcError as error:
                assert error.code() is grpc.StatusCode.UNIMPLEMENTED
                return False
        return True

    with grpc.insecure_channel(running.address) as channel:
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert not reflects(running.address)
    with guarded(tmp_path, "reflection = true\n" + BEARER) as opened:
        assert reflects(opened.address)


def test_a_certificate_says_who_calls(tmp_path: Path) -> None:
    """Its URI, else its DNS name, else its common name; a token that is sent as well says it in its place."""
    authority, clients = Authority(), Authority("clients")
    certificate, key = authority.server().written(tmp_path, "server")
    ca = clients.written(tmp_path)
    uri, dns = x509.UniformResourceIdentifier("spiffe://x/uri"), x509.DNSName("dns.example")
    text = BEARER
    for name, proof in (
        ("uri", "spiffe://x/uri"),
        ("dns", "dns.example"),
        ("common", "common"),
        ("second", "second.example"),
    ):
        text += f'[callers.{name}]\nrole = "{name}"\ncertificates = ["{proof}"]\n'
        text += f'[roles.{name}]\nmethods = ["PlacementService/Place"]\n'
    encryption = f", tls_cert={str(certificate)!r}, tls_key={str(key)!r}, client_ca={str(ca)!r}"
    with guarded(tmp_path, text, encryption) as running:

        def outcome(pair: Pair, token: str | None = None) -> str:
            with Client(running.address, credentials=authority.trusting(pair), token=token) as client:
                try:
                    client.place(problems.small(), timeout=5)
                except PlacementSolverError as error:
                    return str(error)
            return "placed"

        assert "the role 'uri' may not" in outcome(clients.issued("common", uri, dns))
        assert "the role 'dns' may not" in outcome(clients.issued("common", dns))
        assert "the role 'common' may not" in outcome(clients.issued("common"))
        assert "names nobody" in outcome(clients.issued("common", x509.DNSName("other.example")))
        assert "the role 'dns' may not" in outcome(clients.issued("", x509.DNSName("other.example"), dns))
        assert "several callers" in outcome(clients.issued("", x509.DNSName("second.example"), dns))
        assert outcome(clients.issued("common"), "known") == "placed"
        assert "not known" in outcome(clients.issued("common"), "unknown")


def test_callers_with_a_token_alone_have_an_address_of_their_own(tmp_path: Path) -> None:
    """There, a certificate is not asked for, and a token is; at the other address, nobody gets in without a certificate."""
    authority, clients = Authority(), Authority("clients")
    certificate, key = authority.server().written(tmp_path, "server")
    ca = clients.written(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    more = f", tls_cert={str(certificate)!r}, tls_key={str(key)!r}, client_ca={str(ca)!r}, token_address={address!r}"
    with guarded(tmp_path, BEARER, more) as running:
        with Client(address, credentials=authority.trusting(), token="known") as client:
            assert client.version()
        with Client(address, credentials=authority.trusting()) as client, pytest.raises(Unauthenticated):
            client.version()
        for where, credentials in ((running.address, authority.trusting()), (address, None)):
            with Client(where, credentials=credentials, token="known") as client, pytest.raises(ServiceUnavailable):
                client.version(timeout=5)


def test_a_json_web_token_says_who_calls(tmp_path: Path) -> None:
    """By its subject; a valid one of somebody else is refused."""
    signer = Signer()
    signer.written(tmp_path)
    text = ROLES + '[callers.scheduler]\nrole = "placing"\nsubjects = ["scheduler"]\n'
    text += f'[jwt]\nkeys = "jwks.json"\nissuer = "{ISSUER}"\naudience = "{AUDIENCE}"\n'
    with guarded(tmp_path, text) as running:
        with Client(running.address, token=signer.token()) as client:
            assert client.version()
        for token in (signer.token(sub="other"), Signer().token(), signer.token(exp=1)):
            with Client(running.address, token=token) as client, pytest.raises(Unauthenticated):
                client.version()


def test_callers_change_while_calls_run(tmp_path: Path) -> None:
    """Who is taken out is refused at the next call, who is put in is let in, and no call of the others is lost."""
    both = BEARER + f'[callers.other]\nrole = "placing"\ntokens = ["{digest_of("other")}"]\n'
    with guarded(tmp_path, both, workers=2) as running:
        outcomes: list[str] = []
        done = threading.Event()

        def call() -> None:
            with Client(running.address, token="other") as client:
                while not done.is_set():
                    outcomes.append(client.place(problems.small(), label="takes 0.01", timeout=10).label)

        thread = threading.Thread(target=call)
        thread.start()
        changed = both.replace(digest_of("known"), digest_of("new"))
        for text, token, way in ((changed, "new", "told"), (both, "known", "seen")):
            (tmp_path / "callers.toml").write_text(text)
            if way == "told":
                running.process.send_signal(signal.SIGHUP)
            assert until_let_in(running.address, token)
        with Client(running.address, token="new") as client, pytest.raises(Unauthenticated):
            client.version()
        done.set()
        thread.join()
        assert len(outcomes) > 20
        assert set(outcomes) == {"takes 0.01"}


def test_callers_that_cannot_be_read_are_not_taken(tmp_path: Path) -> None:
    """The server goes on with those that it has."""
    with guarded(tmp_path, BEARER) as running:
        (tmp_path / "callers.toml").write_text("[roles")
        running.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        with Client(running.address, token="known") as client:
            assert client.version()


def until_let_in(address: str, token: str) -> bool:
    """Whether a token is known within ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with Client(address, token=token) as client:
            try:
                return bool(client.version(timeout=5).version)
            except Unauthenticated:
                time.sleep(0.05)
    return False
