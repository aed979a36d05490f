"""Where published data is looked for: the folder that ``PLACEMENT_SOLVER_DATA`` names, else ``../shared/data``."""

from __future__ import annotations

import os
from pathlib import Path


def published(name: str) -> Path:
    """A folder or file of the published sets; ``datasets/README.md`` says where they are published.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    """
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("PLACEMENT_SOLVER_DATA", root.parent / "shared" / "data"))
    if not (folder / name).exists():
        said = f"no {folder / name}; datasets/README.md says how to point PLACEMENT_SOLVER_DATA at a copy"
        raise FileNotFoundError(said)
    return folder / name
