"""``placement-solver health``."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from tests.service.running import server


def test_a_server_that_serves_is_well(run: Run) -> None:
    """It is said, with the exit code of a success; once it has ended it is not well any more."""
    with server() as running:
        found = run("health", "--server", running.address)
        assert (found.exit_code, found.stderr) == (0, f"{running.address} is SERVING\n")
    found = run("health", "--server", running.address, "--timeout", 5)
    assert found.exit_code == 1
    assert "error: the placement service cannot be reached" in found.stderr


@pytest.mark.parametrize("seconds", [0, -1, "nan"])
def test_a_time_must_be_above_zero(run: Run, seconds: object) -> None:
    """Or nothing is asked."""
    found = run("health", "--timeout", seconds)
    assert found.exit_code == 2
    assert "--timeout" in found.stderr
