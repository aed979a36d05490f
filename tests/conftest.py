"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout: the folder that holds ``pyproject.toml``."""
    return Path(__file__).resolve().parent.parent
