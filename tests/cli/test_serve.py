"""``placement-solver serve``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

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


def test_prints_the_options_that_it_would_use(run: Run, tmp_path: Path) -> None:
    """Those of the file, and in their place those of the command line; what is printed can be given back."""
    config = tmp_path / "server.toml"
    config.write_text('workers = 3\nstate = "kept.db"\n[queue]\nwaiting = 5\n')
    first = run("serve", "--config", str(config), "--workers", "2", "--print-config")
    assert (first.exit_code, first.stderr) == (0, "")
    lines = first.stdout.splitlines()
    assert {"workers = 2", 'state = "kept.db"', "waiting = 5", 'address = "127.0.0.1:50051"'} <= set(lines)
    again = tmp_path / "again.toml"
    again.write_text(first.stdout)
    assert run("serve", "--config", str(again), "--print-config").stdout == first.stdout


def test_faults_of_a_file_and_of_options_are_told_apart(run: Run, tmp_path: Path) -> None:
    """All at once: each with the file, or with the option."""
    config = tmp_path / "server.toml"
    config.write_text('workers = 0\naddress = "0.0.0.0:1"\n[sizes]\ninstances = -1\n')
    answer = run("serve", "--config", str(config), "--address", "nowhere")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert [line.split("; ")[0] for line in answer.stderr.splitlines()] == [
        f"error: {config} sizes.instances: is -1",
        f"error: {config} workers: is 0",
        "error: --address: is 'nowhere'",
    ]


def test_a_file_that_is_missing_is_refused(run: Run, tmp_path: Path) -> None:
    """With its name."""
    answer = run("serve", "--config", str(tmp_path / "none.toml"))
    assert answer.exit_code == 2
    assert answer.stderr == f"error: {tmp_path / 'none.toml'}: cannot be read: No such file or directory; name a file\n"
