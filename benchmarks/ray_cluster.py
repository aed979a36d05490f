"""A Ray cluster on this computer, for as long as something is measured or tested on it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

START_SECONDS = 240
"""For the cluster to listen; some ten on a machine that does nothing else."""

STORE_BYTES = 100_000_000
"""Of memory that its processes share: Ray takes no less than 75 MB."""


@contextmanager
def ray_cluster(cpus: int) -> Iterator[str]:
    """The name of a cluster with room for so many actors, as ``--executor`` takes it.

    Raises
    ------
    RuntimeError
        If it does not start.
    """
    port, clients = free_port(), free_port()
    options = ["--head", "--block", "--num-cpus", str(cpus), "--include-dashboard", "false", "--disable-usage-stats"]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", *options, "--node-ip-address", "127.0.0.1"]
    command += ["--port", str(port), "--ray-client-server-port", str(clients)]
    command += ["--object-store-memory", str(STORE_BYTES)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        end = time.monotonic() + START_SECONDS
        while not _listens(clients):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the Ray cluster did not start")
            time.sleep(0.1)
        yield f"ray://127.0.0.1:{clients}"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    """A port of this computer that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
