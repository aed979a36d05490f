"""An ECS of moto in a process of its own, and credentials that are none."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws.clusters import Account, Wire

REGION = "us-east-1"
DUMMY = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(autouse=True, scope="session")
def credentials() -> Iterator[None]:
    """Nobody's, so that no test reaches an account."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in DUMMY.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once."""
    from botocore.retries.standard import ExponentialBackoff

    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0)


@pytest.fixture(scope="session")
def endpoint(credentials: None) -> Iterator[str]:
    """The address of moto's server; its process ends with the tests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"moto's server ended with {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("moto's server does not answer")


@pytest.fixture(scope="session")
def client(endpoint: str) -> Any:
    """boto3 on moto's server, by service."""
    import boto3

    return lambda service: boto3.client(service, endpoint_url=endpoint)


@pytest.fixture(scope="session")
def frozen(endpoint: str) -> None:
    """Tasks do not end by being looked at."""
    body = {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 100_000}}
    address = f"{endpoint}/moto-api/state-manager/set-transition"
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


NUMBERS = itertools.count()


@pytest.fixture
def account(frozen: None, client: Any) -> Account:
    """A cluster with three instances, of its own for each test."""
    return Account(client("ecs"), client("ec2"), f"apply{next(NUMBERS)}", 3)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A listener on every client of boto3 that is made from here on."""
    import boto3

    wire = Wire()
    boto3.setup_default_session()
    events = boto3.DEFAULT_SESSION.events
    events.register("provide-client-params.ecs", wire.ask)
    events.register("after-call.ecs", wire.answer)
    yield wire
    boto3.setup_default_session()
