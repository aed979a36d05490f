"""What suites keep that take long: a row a case in a CSV file, so that a run may be stopped and gone on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pandas as pd

T = TypeVar("T")


def known(file: Path | None, kind: type[T]) -> list[T]:
    """What an earlier run kept, in its order: a ``kind``, whose fields are the columns, for each row; nothing without a file."""
    if file is None or not file.exists():
        return []
    rows = pd.read_csv(file).to_dict("records")
    return [kind(**{str(name): value for name, value in row.items()}) for row in rows]


def keep(file: Path | None, rows: Sequence[Mapping[str, object]]) -> None:
    """Add rows to the file, which is made with the first ones; nothing where none is named."""
    if file is not None:
        pd.DataFrame(rows).to_csv(file, mode="a", header=not file.exists(), index=False)
