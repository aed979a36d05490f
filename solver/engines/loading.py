"""Engines that import ortools, loaded when they are needed: a plan that counting proves never pays for it."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

LOADING_SECONDS = 0.4
"""What loading ortools for the first time may take: with less left, it is not begun."""


def loaded(engine: str, seconds: float) -> ModuleType | None:
    """The module of an engine; None where loading it would take the seconds that are left."""
    if "ortools" not in sys.modules and seconds < LOADING_SECONDS:
        return None
    return importlib.import_module(f"solver.engines.{engine}")
