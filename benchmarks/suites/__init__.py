"""One file a suite. Whatever module lies here and has a ``SUITE`` has its part of the page."""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.page.blocks import Suite


def suites() -> tuple[Suite, ...]:
    """Every suite, by the names of their modules.

    Raises
    ------
    AttributeError
        If a module here has no ``SUITE``.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").SUITE for name in names)
