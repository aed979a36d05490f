"""Places tasks on an ECS-like cluster: checked, explained, proven.

Importing this package loads none of its modules. A public name is looked up in the module that defines it when it is
first used (PEP 562), so that the checker or the gRPC front never load ortools by accident.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

__all__ = ["__version__"]

_MODULE_OF: dict[str, str] = {}
"""Public name -> the module that defines it. Every name here is in ``__all__``, and the other way round."""

__version__: str


def __getattr__(name: str) -> object:
    if name == "__version__":
        value: object = version("placement-solver")
    elif name in _MODULE_OF:
        value = getattr(import_module(_MODULE_OF[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
