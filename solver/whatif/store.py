"""Rows on disk while a run goes on: appended one by one, whole or not at all, and found again by the next run.

A folder holds ``results.csv`` and ``run.json``, which says of what the rows are: fingerprints of the cluster, of what is asked
and of the scenarios, and the limits. A row is written in one call and forced to the disk (``fsync``) before it counts. What a
crash leaves of a row has no line end, and is cut off by whoever opens the folder next. A lock keeps a second run out.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from solver.errors import Fault, InvalidRequest
from solver.whatif.row import COLUMNS, Row, from_cells, to_cells

RESULTS, RUN, LOCK = "results.csv", "run.json", ".lock"
PARQUET = "results.parquet"
PLANS = "plans"
"""The folder of the plans that are kept."""
LONG = 40
"""Characters of what a message shows whole."""


class Store:
    """The rows of one run, in a folder. Use it as a context: it holds a lock.

    Parameters
    ----------
    folder
        Is made where it is missing.
    identity
        What the rows are of, by name; a folder with another one is refused.

    Raises
    ------
    InvalidRequest
        If the folder holds rows of something else, with what differs; if another run writes to it; or if a row cannot be read.
    OSError
        If it cannot be written.
    """

    def __init__(self, folder: Path, identity: Mapping[str, str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / LOCK).open("wb")
        try:
            _lock(self._lock.fileno(), folder)
            _require_same(folder, identity)
            self.rows = _recovered(folder / RESULTS)
            """What earlier runs found, by scenario."""
            self._file = (folder / RESULTS).open("ab", buffering=0)
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, row: Row) -> None:
        """Add a row; once this returns, it stays. Its plan is there before it."""
        if row.plan:
            self._keep_plan(row)
        self._file.write(_line(to_cells(row)))
        os.fsync(self._file.fileno())
        self.rows[row.scenario] = row

    def _keep_plan(self, row: Row) -> None:
        folder = self.folder / PLANS
        folder.mkdir(exist_ok=True)
        write_whole(folder / plan_file(row.scenario), row.plan.encode())

    def forget_failed(self) -> tuple[Row, ...]:
        """Drop the rows of scenarios that have no answer, all at once: they are answered again. Which these are."""
        failed = tuple(row for row in self.rows.values() if not row.is_answered)
        if failed:
            self.put_in_order([name for name, row in self.rows.items() if row.is_answered])
        return failed

    def put_in_order(self, names: Iterable[str]) -> None:
        """Have the rows of these scenarios alone, in their order, all at once."""
        ordered = [self.rows[name] for name in names if name in self.rows]
        write_whole(self.folder / RESULTS, rows_to_csv(ordered).encode())
        self._file.close()
        self._file = (self.folder / RESULTS).open("ab", buffering=0)
        self.rows = {row.scenario: row for row in ordered}

    def close(self) -> None:
        """Let others write."""
        self._file.close()
        self._lock.close()


def rows_to_csv(rows: Iterable[Row]) -> str:
    """The rows as ``results.csv`` has them, below the names of the columns."""
    return b"".join([_line(COLUMNS), *(_line(to_cells(row)) for row in rows)]).decode()


def plan_file(scenario: str) -> str:
    """The name of a plan's file: a scenario may be called what no file can be."""
    return f"{hashlib.sha256(scenario.encode()).hexdigest()[:16]}.json"


def read_rows(folder: Path) -> dict[str, Row]:
    """The rows of a folder by scenario, without changing anything.

    Raises
    ------
    InvalidRequest
        If there is no such file, or a row cannot be read.
    """
    path = folder / RESULTS
    if not path.is_file():
        raise InvalidRequest.at(str(path), "does not exist", "name the folder of a run")
    return _rows(path, path.read_bytes())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name first, force it to the disk, then let it take the name.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is then still there.
    """
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        raise InvalidRequest.at(
            str(folder), "is in use by another run", "wait for it, or name another folder"
        ) from held


def _require_same(folder: Path, identity: Mapping[str, str]) -> None:
    """Note what the rows are of, or compare it with what is noted."""
    path = folder / RUN
    if not path.exists():
        if (folder / RESULTS).exists():
            remedy = "name an empty folder, or put its run.json back"
            raise InvalidRequest.at(str(folder), "holds results of an unknown run", remedy)
        write_whole(path, (json.dumps(dict(identity), indent=2) + "\n").encode())
        return
    try:
        known = json.loads(path.read_bytes())
    except ValueError as broken:
        raise InvalidRequest.at(str(path), "is no JSON", "name another folder") from broken
    known = known if isinstance(known, dict) else {}
    remedy = "resume with what it was begun with, or name another folder"
    faults = [
        Fault(f"{folder} {name}", f"is not that of the rows there ({_apart(known.get(name), now)})", remedy)
        for name, now in identity.items()
        if known.get(name) != now
    ]
    if faults:
        raise InvalidRequest(faults)


def _apart(known: object, now: str) -> str:
    """What is known and what is now; of long texts the first part that is not the same."""
    texts = ["unknown" if known is None else str(known), now]
    if max(map(len, texts)) > LONG:
        alike = len(os.path.commonprefix(texts))
        first = max(texts[1].rfind(", ", 0, alike) + 2, texts[1].rfind("(", 0, alike) + 1)
        # Without a separator before it, the text is one part.
        texts = [text[first if first > 1 else 0 :].split(", ")[0] for text in texts]
    shown = [text if len(text) <= LONG else f"{text[:12]}..." for text in texts]
    return f"{shown[0]}, now {shown[1]}"


def _recovered(path: Path) -> dict[str, Row]:
    """The rows of a file, from which what a crash left half written is cut off."""
    content = path.read_bytes() if path.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if not whole:
        write_whole(path, _line(COLUMNS))
        return {}
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))
            os.fsync(file.fileno())
    return _rows(path, whole)


def _rows(path: Path, content: bytes) -> dict[str, Row]:
    whole = content[: content.rfind(b"\n") + 1].decode("utf-8")
    found: dict[str, Row] = {}
    lines = csv.reader(io.StringIO(whole, newline=""))
    remedy = "mend it or name another folder"
    if next(lines, None) != list(COLUMNS):
        raise InvalidRequest.at(str(path), "has other columns", f"must have {', '.join(COLUMNS)}")
    for cells in lines:
        where = f"{path} line {lines.line_num}"
        try:
            row = from_cells(cells)
        except (ValueError, TypeError, KeyError) as broken:
            raise InvalidRequest.at(where, f"cannot be read ({broken})", remedy) from broken
        if row.scenario in found:
            raise InvalidRequest.at(where, f"has scenario '{row.scenario}' once more", remedy)
        found[row.scenario] = row
    return found


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def write_parquet(folder: Path, rows: Iterable[Row]) -> Path:
    """Write the rows as ``results.parquet`` too: the same columns, numbers as numbers, costs in the currency.

    Raises
    ------
    InvalidRequest
        If the extra ``parquet`` is not installed.
    """
    from solver.whatif.analysis import results_frame

    path, part = folder / PARQUET, folder / f".{PARQUET}.part"
    try:
        results_frame(rows).to_parquet(part, index=False)
    except ImportError as absent:
        raise InvalidRequest.at("parquet", "needs pyarrow", "pip install 'placement-solver[parquet]'") from absent
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    return path
