"""The schedulers of ``examples/``, which know the service by its protos alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from solver.service.callers.tokens import digest_of
from tests.service.callers.authority import Authority
from tests.service.running import server

CALLERS = f"""
[roles.scheduler]
methods = ["PlacementService/Reconcile", "ClusterService/*"]
clusters = ["example"]
services = ["service:*"]

[callers.scheduler]
role = "scheduler"
tokens = ["{digest_of("of the scheduler")}"]
"""
PRINTED = [
    "the cluster has 3 instances",
    "service:web: 4 of 4 placed",
    "service:batch: 4 of 5 placed",
    "service:batch: 1 have no place",
    "8 tasks run, 0 reservations are open",
    "the version has risen: true",
]
TOLD = ["ERROR SERVICE_TASK_PLACEMENT_FAILURE service:batch", "INFO TASKS_STARTED service:web"]
"""Some of what is told."""


@dataclass(frozen=True)
class Reached:
    """A server, and what leads to it."""

    address: str
    options: tuple[str, ...] = ()


@pytest.fixture(scope="module", params=["plaintext", "encrypted"])
def reached(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    """A server for everybody on this computer, and an encrypted one for who has a token."""
    if request.param == "plaintext":
        with server() as running:
            yield Reached(running.address)
        return
    folder, authority = tmp_path_factory.mktemp("encrypted"), Authority()
    certificate, key = authority.server().written(folder, "server")
    (folder / "callers.toml").write_text(CALLERS)
    (folder / "token").write_text("of the scheduler\n")
    arguments = f"'127.0.0.1:0', 1, tls_cert='{certificate}', tls_key='{key}', callers='{folder / 'callers.toml'}'"
    with server(arguments) as running:
        port = running.address.rpartition(":")[2]
        options = ("--ca", str(authority.written(folder)), "--token-file", str(folder / "token"))
        yield Reached(f"localhost:{port}", options)


@pytest.fixture(scope="module")
def node(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in JavaScript, with its packages, outside the checkout; the protos and documents beside it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed")
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(root / "protos", folder / "protos")
    shutil.copytree(root / "examples", folder / "examples", ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    try:
        subprocess.run([*command, "--prefix", str(folder / "examples" / "node")], check=True, timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("npm cannot fetch the packages")
    return folder / "examples" / "node" / "scheduler.js"


def lines(command: list[str], reached: Reached) -> list[str]:
    found = subprocess.run(
        [*command, reached.address, *reached.options], capture_output=True, text=True, check=False, timeout=120
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()


def test_a_scheduler_in_python(root: Path, reached: Reached) -> None:
    """It follows a cluster, asks, commits, has its tasks start, and is told what was decided."""
    for _ in range(2):
        printed = lines([sys.executable, str(root / "examples" / "scheduler.py")], reached)
        assert [line.lower() for line in printed[: len(PRINTED)]] == PRINTED
        assert set(TOLD) <= set(printed[len(PRINTED) :])


def test_a_scheduler_in_javascript(node: Path, reached: Reached) -> None:
    """The same, from the same protos."""
    printed = lines(["node", str(node)], reached)
    assert printed[: len(PRINTED)] == PRINTED
    assert set(TOLD) <= set(printed[len(PRINTED) :])


def test_without_its_token_a_scheduler_is_refused(root: Path, reached: Reached) -> None:
    """Where callers must prove who they are."""
    if not reached.options:
        pytest.skip("everybody on this computer may call")
    command = [sys.executable, str(root / "examples" / "scheduler.py"), reached.address, *reached.options[:2]]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert found.returncode != 0
    assert "UNAUTHENTICATED" in found.stderr
