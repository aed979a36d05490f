"""Clusters and edits for tests of what-if."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from solver.domain.request import Engine, Limits, Scheduling
from solver.formats import ecs
from solver.formats.table_cluster import TableCluster
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit
from solver.whatif.node import Node
from solver.whatif.question import Reconcile
from tests.builders import cluster, group, problem

DEMO = Path(__file__).resolve().parents[2] / "datasets" / "demo"
QUICK = Limits(time_limit=5, workers=1, engine=Engine.SEQUENTIAL)
TYPE = "ecs.instance-type"


@cache
def demo() -> ecs.EcsCluster:
    """The bundled cluster."""
    return ecs.read(DEMO)


def small(**fields: Any) -> TableCluster:
    """Six instances in three zones: three tasks of web, two of db (a standalone group), an agent (DAEMON) on each."""
    rows = [
        {
            "id": f"{zone}{k}",
            "zone": zone,
            TYPE: "large" if k == 1 else "small",
            "cpu": 4_000 if k == 1 else 2_000,
            "memory": 8_000 if k == 1 else 4_000,
            # One agent runs on each; the others take what they take below.
            "free": {
                "cpu": (4_000 if k == 1 else 2_000) - 100 - 500 * (k == 1) - 1_000 * (zone + str(k) in ("a2", "b2"))
            },
        }
        for zone in "abc"
        for k in (1, 2)
    ]
    groups = [
        group(
            "web", cpu=500, memory=0, scheduling=Scheduling.REPLICA, chain=("spread(attribute:ecs.availability-zone)",)
        ),
        group("db", cpu=1_000, memory=0),
        group("agent", cpu=100, memory=0, scheduling=Scheduling.DAEMON),
    ]
    running = {"web": [1, 0, 1, 0, 1, 0], "db": [0, 1, 0, 1, 0, 0], "agent": [1] * 6}
    return TableCluster(problem(cluster(rows), groups, running, **fields))


def asked(**fields: Any) -> Asked:
    """To reconcile the small cluster, which lacks nothing."""
    return Asked.of(small(**fields), Reconcile(max_moves=0))


@dataclass(frozen=True)
class Die(Edit):
    """Ends the process that applies it; only while ``unless`` does not exist, which it makes, where one is named."""

    NAME: ClassVar[str] = "die"
    unless: str = ""

    @classmethod
    def read(cls, node: Node) -> Die:
        """No file says it."""
        return cls()

    def applied_to(self, asked: Asked) -> Asked:
        """Nothing, if the process is still there."""
        if self.unless and Path(self.unless).exists():
            return asked
        if self.unless:
            Path(self.unless).touch()
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
        return asked


@dataclass(frozen=True)
class Sleep(Edit):
    """Takes its time."""

    NAME: ClassVar[str] = "sleep"
    seconds: float

    @classmethod
    def read(cls, node: Node) -> Sleep:
        """No file says it."""
        return cls(0)

    def applied_to(self, asked: Asked) -> Asked:
        """Nothing, later."""
        time.sleep(self.seconds)
        return asked


@dataclass(frozen=True)
class Stay(Edit):
    """Says which process applies it, by an empty file of that name in a folder, and takes its time."""

    NAME: ClassVar[str] = "stay"
    folder: str
    seconds: float

    @classmethod
    def read(cls, node: Node) -> Stay:
        """No file says it."""
        return cls("", 0)

    def applied_to(self, asked: Asked) -> Asked:
        """Nothing, later."""
        (Path(self.folder) / str(os.getpid())).touch()
        time.sleep(self.seconds)
        return asked


@dataclass(frozen=True)
class KillParent(Edit):
    """Ends the process that started the one which applies it."""

    NAME: ClassVar[str] = "kill_parent"

    @classmethod
    def read(cls, node: Node) -> KillParent:
        """No file says it."""
        return cls()

    def applied_to(self, asked: Asked) -> Asked:
        """Nothing, if this process is still there."""
        parent = multiprocessing.parent_process()
        assert parent is not None and parent.pid is not None
        os.kill(parent.pid, signal.SIGKILL)
        time.sleep(60)
        return asked


@dataclass(frozen=True)
class Devour(Edit):
    """Takes so many bytes of memory, and gives them back."""

    NAME: ClassVar[str] = "devour"
    amount: int = 0

    @classmethod
    def read(cls, node: Node) -> Devour:
        """No file says it."""
        return cls()

    def applied_to(self, asked: Asked) -> Asked:
        """Nothing, if there are as many."""
        bytearray(self.amount)
        return asked


@dataclass(frozen=True)
class Break(Edit):
    """A fault of the program; only while ``unless`` does not exist, where one is named."""

    NAME: ClassVar[str] = "break"
    unless: str = ""

    @classmethod
    def read(cls, node: Node) -> Break:
        """No file says it."""
        return cls()

    def applied_to(self, asked: Asked) -> Asked:
        """Nothing, if there is no fault."""
        if self.unless and Path(self.unless).exists():
            return asked
        raise ZeroDivisionError("planted")
