"""At which scale the subjects run, and what is loaded before the first is timed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from benchmarks.measured import Key
from benchmarks.results import least_seconds, load
from benchmarks.speed import seconds_of_a_loop
from benchmarks.subject import Case, Phase, Subject
from benchmarks.workloads import packing_problem
from solver import api
from solver.domain.request import Limits

SMOKE_SCALE = 0.02

FOLDER = Path(__file__).resolve().parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--scale``: the size of every subject, 1 by default and small where nothing is timed."""
    parser.addoption("--scale", type=float, default=None, help="size of the subjects, above 0 and at most 1")


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> float:
    """Share of the full size."""
    given = request.config.getoption("--scale")
    if given is None:
        return SMOKE_SCALE if request.config.getoption("benchmark_disable") else 1.0
    if not 0 < given <= 1:
        raise pytest.UsageError(f"--scale: is {given}; above 0 and at most 1")
    return float(given)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say how long a run at full size will take at least, by what was recorded of the same measurements."""
    config = session.config
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or config.getoption("benchmark_disable") or config.getoption("--scale") not in (None, 1.0):
        return
    ours = [item for item in session.items if isinstance(item, pytest.Function) and item.path.parent == FOLDER]
    keys = [_key(item.callspec.params) for item in ours]
    seconds, new = least_seconds(load(FOLDER)[0], keys)
    terminal.write_line(
        f"at least {seconds / 60:.1f} min, as last recorded" + (f"; {new} new ones beside" if new else "")
    )


def _key(named: Mapping[str, object]) -> Key:
    subject, case, phase = named["subject"], named["case"], named["phase"]
    return cast(Subject, subject).name, cast(Case, case).name, cast(Phase, phase).name


def pytest_benchmark_update_machine_info(machine_info: dict[str, object]) -> None:
    """Say how fast the machine is at present."""
    machine_info["loop_seconds"] = seconds_of_a_loop()


@pytest.fixture(scope="session", autouse=True)
def loaded() -> None:
    """Load the engines: an answer that has to load ortools first would pay half a second for it."""
    api.place(packing_problem(60, 30, 1), Limits(time_limit=0.5))
