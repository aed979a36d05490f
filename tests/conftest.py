"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout: the folder that holds ``pyproject.toml``."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def published(root: Path) -> Callable[[str], Path]:
    """Where a published data set is; the test that asks for one that is absent is skipped, with the reason."""
    folder = Path(os.environ.get("PLACEMENT_SOLVER_DATA", root.parent / "shared" / "data"))

    def find(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"no {folder / name}; datasets/README.md says how to point PLACEMENT_SOLVER_DATA at a copy")
        return folder / name

    return find
