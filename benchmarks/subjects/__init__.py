"""One file a workload. Whatever module lies here and has a ``SUBJECT`` is measured."""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.subject import Subject


def subjects() -> tuple[Subject, ...]:
    """Every subject, those that others have numbers for first, then by the names of their modules.

    Raises
    ------
    AttributeError
        If a module here has no ``SUBJECT``.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [subject(name) for name in names]
    return tuple(sorted(found, key=lambda one: not one.rivals))


def subject(name: str) -> Subject:
    """The subject of that name, which is its module's; no other module is loaded.

    Raises
    ------
    ModuleNotFoundError
        If there is none.
    """
    found: Subject = importlib.import_module(f"{__name__}.{name}").SUBJECT
    return found
