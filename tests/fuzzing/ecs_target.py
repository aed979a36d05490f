"""Directories of ECS documents, changed member by member or byte by byte: read, and asked for every group."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from solver.errors import PlacementSolverError
from solver.formats.ecs import read
from tests.formats.ecs.documents import small
from tests.formats.ecs.test_fuzz import rich
from tests.fuzzing.mutation import changed_bytes, changed_json

_MEMORY = Path("/dev/shm")
"""Where files cost no disk, if there is such a place."""


class EcsTarget:
    """Writes the documents of ``bases`` once, and for each input the files that differ.

    An input is a line ``BASE`` and, for each file that differs, a line ``NAME SIZE`` with so many bytes after it. Documents
    are read from a directory, as the command does; it is removed with the target.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fuzzing-", dir=_MEMORY if _MEMORY.is_dir() else None)
        self._bases = [
            rich(),
            {**small().files(), "snapshot.json": {"takenAt": "2026-11-01T12:00:00Z", "warnings": ["w"]}},
        ]
        self._texts = [{name: json.dumps(files[name]).encode() for name in files} for files in self._bases]
        self._pools = [[*values_in(files)] for files in self._bases]
        for base, texts in enumerate(self._texts):
            self._write(base, texts)

    def draw(self, random: Random) -> bytes:
        base = random.choice((0, 0, 1))
        files = self._bases[base]
        found = [b"%d\n" % base]
        for name in random.sample(sorted(files), 1 if random.random() < 0.8 else 2):
            content = files[name]
            for _ in range(random.choice((1, 1, 1, 2, 5))):
                content = changed_json(content, self._pools[base], random)
            text = json.dumps(content).encode(random.choice(("utf-8",) * 18 + ("utf-16", "utf-8-sig")))
            if random.random() < 0.1:
                text = changed_bytes(text, list(self._texts[base].values()), random)
            found.append(b"%s %d\n%s" % (name.encode(), len(text), text))
        return b"".join(found)

    def run(self, given: bytes) -> str:
        head, _, rest = given.partition(b"\n")
        base, files = int(head), {}
        while rest:
            head, _, rest = rest.partition(b"\n")
            name, size = head.split()
            files[name.decode()], rest = rest[: int(size)], rest[int(size) :]
        self._write(base, files)
        try:
            return self._read(Path(self._folder.name, str(base)))
        finally:
            self._write(base, {name: self._texts[base][name] for name in files})

    def _write(self, base: int, files: dict[str, bytes]) -> None:
        folder = Path(self._folder.name, str(base))
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text)

    def _read(self, folder: Path) -> str:
        """Read it and ask for each group, and let the texts be printed, as the command would."""
        try:
            cluster = read(folder)
        except PlacementSolverError as refused:
            assert str(refused).encode()
            raise
        answered = 0
        for group in cluster.problem.groups[:5]:
            try:
                cluster.request({group.name: 1})
                answered += 1
            except PlacementSolverError as refused:
                assert str(refused).encode()
        "\n".join(cluster.warnings).encode()
        return "read, every group" if answered == len(cluster.problem.groups[:5]) else "read, not every group"


def values_in(value: Any) -> Iterator[Any]:
    """Every value inside."""
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield child
        yield from values_in(child)
