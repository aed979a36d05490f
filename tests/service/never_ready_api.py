"""Verbs of a worker that is never ready."""

from __future__ import annotations

import time

from tests.service.fake_api import answered, check, fingerprint

__all__ = ["answered", "check", "fingerprint", "versions"]


def versions() -> dict[str, str]:
    """Asked before the worker says that it is ready."""
    time.sleep(3600)
    return {}
