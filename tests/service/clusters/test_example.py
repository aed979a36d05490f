"""The scheduler of ``examples/``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.service.running import server


def test_a_scheduler_that_knows_only_the_protos_places_two_services(root: Path) -> None:
    """It keeps a cluster, asks, commits and confirms; a second run finds its cluster replaced."""
    with server() as running:
        for version in (1, 6):
            command = [sys.executable, str(root / "examples" / "scheduler.py"), running.address]
            printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root, timeout=60).stdout
            assert printed.splitlines() == [
                f"the cluster has 3 instances, version {version}",
                "web: 4 of 4 placed",
                "batch: 4 of 5 placed",
                "batch: 1 have no place",
                "8 tasks run, 0 reservations are open",
            ]
