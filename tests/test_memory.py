"""Memory of the processes that solve (solver.memory)."""

from __future__ import annotations

from pathlib import Path

import pytest

from solver import memory

GIB = 2**30


def limited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    """As in a control group whose file says that."""
    (tmp_path / "memory.max").write_text(text)
    monkeypatch.setattr(memory, "_CGROUP", (str(tmp_path / "memory.max"), str(tmp_path / "missing")))


def test_workers_share_what_a_container_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three quarters of it, evenly; where the container has no limit, of what the computer has."""
    limited(monkeypatch, tmp_path, f"{4 * GIB // 1024}\n")
    assert memory.worker_bytes(1) == memory.LEAST_BYTES
    monkeypatch.setattr(memory.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 16 * GIB // 4096}.__getitem__)
    limited(monkeypatch, tmp_path, f"{4 * GIB}\n")
    assert memory.worker_bytes(1) == 3 * GIB
    assert memory.worker_bytes(3) == GIB
    limited(monkeypatch, tmp_path, "max\n")
    assert memory.worker_bytes(2) == 6 * GIB


def test_a_worker_always_has_what_it_needs_to_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """However many there are."""
    limited(monkeypatch, tmp_path, f"{GIB}\n")
    assert memory.worker_bytes(64) == memory.LEAST_BYTES
