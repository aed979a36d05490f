"""The garbage collector waits while large documents are read (solver.service.collecting)."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from solver.service.collecting import no_collection


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_goes_on_after_the_last() -> None:
    """Whichever began first, and however it ended."""
    first, second = no_collection(), no_collection()
    first.__enter__()
    second.__enter__()
    assert not gc.isenabled()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
    with pytest.raises(ValueError, match="wrong"), no_collection():
        raise ValueError("wrong")
    assert gc.isenabled()


def test_one_that_was_told_not_to_run_does_not() -> None:
    """Whoever told it so has a reason."""
    gc.disable()
    with no_collection(), no_collection():
        assert not gc.isenabled()
    assert not gc.isenabled()
