"""A catalogue as a file that ``read_catalogue`` reads."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import StringIO
from pathlib import Path

from solver.capacity.catalogue import Catalogue
from solver.domain.devices import WHOLE
from solver.domain.money import MILLIONTHS
from solver.errors import InvalidRequest

OF_FILE = {"x86_64": "amd64", "arm64": "arm64"}
"""Architectures as the file has them."""


def catalogue_text(catalogue: Catalogue) -> str:
    """The catalogue as CSV; what ``read_catalogue`` makes of it is the same.

    Raises
    ------
    InvalidRequest
        If only some types say something that is a column: a file has no empty cell.
    """
    types = catalogue.types
    columns: dict[str, list[str]] = {
        "instance_type": [one.name for one in types],
        "cpu": [str(one.cpu) for one in types],
        "memory_mib": [str(one.memory) for one in types],
        "gpu": [_decimal(one.gpu, WHOLE) for one in types],
        "interfaces": ["" if one.interfaces is None else str(one.interfaces) for one in types],
        "arch": [OF_FILE.get(one.architecture, "") for one in types],
        "price_per_hour": [_decimal(one.price, MILLIONTHS) for one in types],
        "zones": [" ".join(one.zones or ()) for one in types],
    }
    columns = {name: cells for name, cells in columns.items() if any(cells)}
    for name, cells in columns.items():
        if not all(cells):
            missing = types[cells.index("")].name
            raise InvalidRequest.at("catalogue", f"says nothing of {name} for '{missing}'", "all types or none must")
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def save_catalogue(catalogue: Catalogue, path: Path) -> None:
    """Write a catalogue as a file that ``read_catalogue`` reads.

    Raises
    ------
    InvalidRequest
        If the file cannot be written.
    """
    text = catalogue_text(catalogue)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as failed:
        problem = f"cannot be written: {failed.strerror or failed}"
        raise InvalidRequest.at(str(path), problem, "name a file in a folder that is there") from failed


def _decimal(amount: int, parts: int) -> str:
    """A whole number of parts as decimal text, without zeros at its end."""
    text = f"{Decimal(amount) / parts:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
