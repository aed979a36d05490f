"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import benchmarks.published


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout: the folder that holds ``pyproject.toml``."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def published() -> Callable[[str], Path]:
    """Where a published data set is; the test that asks for one that is absent is skipped, with the reason."""

    def find(name: str) -> Path:
        try:
            return benchmarks.published.published(name)
        except FileNotFoundError as absent:
            pytest.skip(str(absent))

    return find
