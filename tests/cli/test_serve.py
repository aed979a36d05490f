"""``placement-solver serve``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import Run


def test_serves_until_it_is_told_to_stop() -> None:
    """It says where it listens, and ends with 0 when it is told to stop."""
    code = "from solver.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--address", "127.0.0.1:0", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        assert server.stdout is not None
        line = server.stderr.readline()
        os.kill(server.pid, signal.SIGTERM)
        code_of_exit = server.wait(60)
        assert (code_of_exit, server.stdout.read()) == (0, "")
    assert line.startswith("listening on 127.0.0.1:")
    assert int(line.rsplit(":", 1)[1]) > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--tls-cert", "c.pem"), "error: --tls-key: is missing; encryption needs a certificate and its key"),
        (("--client-ca", "ca.pem"), "error: --client-ca: needs encryption; add --tls-cert and --tls-key too"),
        (
            ("--tls-cert", "c.pem", "--tls-key", "k.pem"),
            "error: --tls-cert: c.pem cannot be read: No such file or directory",
        ),
    ],
)
def test_encryption_that_cannot_be_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    """Before anything listens, with the names of the options."""
    answer = run("serve", *arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert message in answer.stderr


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nowhere", "error: --address: is 'nowhere'; must be host:port"),
        ("127.0.0.1:99999", "error: --address: is '127.0.0.1:99999'; must be host:port"),
        (
            "0.0.0.0:0",
            "error: --address: 0.0.0.0:0 is open to other computers, without encryption; "
            "listen on 127.0.0.1, add --tls-cert and --tls-key, or add --allow-remote-plaintext",
        ),
    ],
)
def test_addresses_that_are_refused(run: Run, address: str, message: str) -> None:
    """An address that is none, or is open to other computers without leave, ends with 2."""
    answer = run("serve", "--address", address)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert message in answer.stderr
