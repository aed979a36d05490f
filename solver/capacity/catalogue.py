"""A catalogue of instance types: what each has and what it costs an hour.

A CSV file with a header and these columns, in any order; others are passed over:

| column | |
|---|---|
| ``instance_type`` | its name, each once |
| ``vcpu``, or ``cpu`` | processors (1 is 1,024 CPU units), or CPU units |
| ``memory_mib``, or ``memory_gib`` | what the agent registers, or what it is sold with |
| ``price_per_hour``, or one that begins with ``ondemand_usd_per_hour`` | in the currency, counted in its millionths |
| ``gpu`` | devices; 0 where it is left out |
| ``interfaces``, or ``max_enis`` | tasks with a network interface of their own, or interfaces with the primary one |
| ``arch`` | ``amd64`` or ``arm64`` |
| ``zones`` | where it can be bought, with spaces between; anywhere where it is left out |
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path

from solver.domain.devices import WHOLE
from solver.domain.money import LARGEST_PRICE, MILLIONTHS
from solver.errors import MAX_FAULTS, Fault, InvalidRequest, UnreadableDocument

MOST_TYPES = 10_000
MOST_BYTES = 32 * 2**20
MOST_PROCESSORS, MOST_MEMORY, MOST_DEVICES = 65_536, 2**32, 1_024

NAME = "instance_type"
PRICE_PREFIX = "ondemand_usd_per_hour"
PRICES = ("price_per_hour", "usd_per_hour")
ARCHITECTURES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "": ""}
"""As the attribute ``ecs.cpu-architecture`` has them."""

OTHER_UNITS = {
    "memory": "memory_mib or memory_gib",
    "memory_mb": "memory_mib",
    "memory_gb": "memory_gib",
    "memory_kib": "memory_mib",
    "memory_bytes": "memory_mib",
    "price": "price_per_hour",
    "price_per_month": "price_per_hour",
    "price_per_second": "price_per_hour",
    "usd": "usd_per_hour",
}
"""Columns whose unit nobody can know, or that has another name here."""


@dataclass(frozen=True)
class InstanceType:
    """A type that can be bought.

    Parameters
    ----------
    cpu, memory, gpu
        CPU units (1,024 a processor), MiB, thousandths of a device.
    price
        Of an instance for an hour, in millionths of the currency.
    interfaces
        Tasks with a network interface of their own; None where nothing is said.
    architecture
        ``x86_64`` or ``arm64``; empty where nothing is said.
    zones
        Where it can be bought; None for anywhere.
    """

    name: str
    cpu: int
    memory: int
    price: int
    gpu: int = 0
    interfaces: int | None = None
    architecture: str = ""
    zones: tuple[str, ...] | None = None

    @property
    def capacity(self) -> Mapping[str, int]:
        """By resource."""
        found = {"cpu": self.cpu, "memory": self.memory, "gpu": self.gpu}
        return found if self.interfaces is None else found | {"interfaces": self.interfaces}

    def is_offered_in(self, zone: str) -> bool:
        """Whether it can be bought in a zone; the empty one stands for any."""
        return self.zones is None or not zone or zone in self.zones


@dataclass(frozen=True)
class Catalogue:
    """Types, each name once, and what was passed over.

    Raises
    ------
    InvalidRequest
        If it is empty, or a name stands twice.
    """

    types: tuple[InstanceType, ...]
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.types:
            raise InvalidRequest.at("catalogue", "has no instance type", "must have at least one")
        names = [one.name for one in self.types]
        again = [name for name in dict.fromkeys(names) if names.count(name) > 1] if len(set(names)) < len(names) else []
        if again:
            raise InvalidRequest(
                [
                    Fault("catalogue", f"has '{name}' more than once", "name each type once")
                    for name in again[:MAX_FAULTS]
                ]
            )

    def only(self, patterns: Sequence[str]) -> Catalogue:
        """The types whose name matches one of the patterns, such as ``m5.*``; one that begins with ``!`` takes away.

        Raises
        ------
        InvalidRequest
            If none is left, or a pattern matches none.
        """
        wanted = [one for one in patterns if not one.startswith("!")] or ["*"]
        barred = [one[1:] for one in patterns if one.startswith("!")]
        faults = [
            Fault("--types", f"'{pattern}' matches no type of the catalogue", f"such as {self.types[0].name}")
            for pattern in (*wanted, *barred)
            if not any(fnmatchcase(one.name, pattern) for one in self.types)
        ]
        if faults:
            raise InvalidRequest(faults)
        kept = tuple(
            one
            for one in self.types
            if any(fnmatchcase(one.name, pattern) for pattern in wanted)
            and not any(fnmatchcase(one.name, pattern) for pattern in barred)
        )
        if not kept:
            raise InvalidRequest.at("--types", "leaves no type of the catalogue", "take away fewer")
        return Catalogue(kept, self.warnings)


def read_catalogue(path: Path, *, skip_incomplete: bool = False) -> Catalogue:
    """The catalogue in a CSV file.

    Parameters
    ----------
    skip_incomplete
        Pass over rows with an empty cell, with a warning, in place of refusing them.

    Raises
    ------
    UnreadableDocument
        If there is no such file, or it is no CSV.
    InvalidRequest
        With every fault, each with its line and column.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidRequest.at(str(path), f"has more than {MOST_BYTES:,} bytes", "give fewer types")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(reader.line_num, row) for reader in [csv.reader(file)] for row in reader if any(row)]
    except OSError as failed:
        what = failed.strerror or str(failed)
        raise UnreadableDocument.at(str(path), f"cannot be read ({what})", "name a CSV file") from failed
    except (csv.Error, UnicodeDecodeError) as failed:
        raise UnreadableDocument.at(str(path), f"is no CSV ({failed})", "must be a CSV file in UTF-8") from failed
    return _Table(path.name, rows, skip_incomplete).catalogue()


class _Table:
    """The rows of a file, and what is wrong with them."""

    def __init__(self, name: str, rows: list[tuple[int, list[str]]], skip_incomplete: bool) -> None:
        self._name, self._skip = name, skip_incomplete
        self._header = [cell.strip() for cell in rows[0][1]] if rows else []
        self._rows = rows[1:]
        self._faults: list[Fault] = []
        self._skipped = 0

    def catalogue(self) -> Catalogue:
        """What the rows say."""
        columns = self._columns()
        if self._faults:
            raise InvalidRequest(self._faults)
        seen: dict[str, int] = {}
        types = []
        for line, cells in self._rows[: MOST_TYPES + 1]:
            row = {column: cell.strip() for column, cell in zip(self._header, cells, strict=False)}
            if len(cells) != len(self._header):
                self._fault(f"line {line}", f"has {len(cells)} cells", f"the header has {len(self._header)}")
                continue
            empty = [column for column in columns.values() if not row[column]]
            if self._skip and empty:
                self._skipped += 1
                continue
            found = self._type(line, row, columns)
            if found.name in seen:
                problem = f"'{found.name}' stands on line {seen[found.name]} too"
                self._fault(f"line {line}, {columns[NAME]}", problem, "name each type once")
            seen.setdefault(found.name, line)
            types.append(found)
        if len(self._rows) > MOST_TYPES:
            self._fault("", f"has {len(self._rows):,} rows", f"at most {MOST_TYPES:,}")
        if not types and not self._faults:
            self._fault("", "has no instance type", "must have at least one row that is complete")
        if self._faults:
            raise InvalidRequest(self._faults[:MAX_FAULTS])
        said = f"{self._name}: {self._skipped:,} of {len(self._rows):,} rows have empty cells and are passed over"
        return Catalogue(tuple(types), (said,) if self._skipped else ())

    def _columns(self) -> dict[str, str]:
        """The column of each thing that a row says."""
        prices = [one for one in self._header if one in PRICES or one.startswith(PRICE_PREFIX)]
        choices: dict[str, tuple[list[str], str, bool]] = {
            NAME: ([NAME], NAME, True),
            "cpu": (["vcpu", "cpu"], "vcpu", True),
            "memory": (["memory_mib", "memory_gib"], "memory_mib", True),
            "price": (prices, PRICES[0], True),
            "gpu": (["gpu"], "gpu", False),
            "interfaces": (["interfaces", "max_enis"], "interfaces", False),
            "arch": (["arch"], "arch", False),
            "zones": (["zones"], "zones", False),
        }
        found: dict[str, str] = {}
        for column in dict.fromkeys(self._header):
            if self._header.count(column) > 1:
                self._fault(f"column {column}", "stands there twice", "name each column once")
        for thing, (names, usual, needed) in choices.items():
            there = [one for one in names if one in self._header]
            if len(there) > 1:
                self._fault(f"column {there[1]}", f"says the same as column {there[0]}", "keep one of them")
            if there:
                found[thing] = there[0]
            elif needed and not any(OTHER_UNITS.get(one, "").startswith(thing) for one in self._header):
                self._fault("", f"has no column '{usual}'", f"add it; found {', '.join(self._header) or 'no column'}")
        for column in self._header:
            thing = column.split("_")[0].replace("usd", "price")
            if column in OTHER_UNITS and thing not in found:
                self._fault(f"column {column}", "has a unit that is not known", f"must be {OTHER_UNITS[column]}")
        return found

    def _type(self, line: int, row: Mapping[str, str], columns: Mapping[str, str]) -> InstanceType:
        name = row[columns[NAME]]
        if not name:
            self._fault(f"line {line}, {columns[NAME]}", "is empty", "must be the name of the type")
        cpu = self._amount(line, row, columns["cpu"], MOST_PROCESSORS * 1024, 1024 if columns["cpu"] == "vcpu" else 1)
        in_gib = columns["memory"] == "memory_gib"
        memory = self._amount(line, row, columns["memory"], MOST_MEMORY, 1024 if in_gib else 1)
        price = self._amount(line, row, columns["price"], LARGEST_PRICE * MILLIONTHS, MILLIONTHS, least=0)
        gpu = self._amount(line, row, columns["gpu"], MOST_DEVICES * WHOLE, WHOLE, 0) if "gpu" in columns else 0
        interfaces = None
        if "interfaces" in columns:
            column = columns["interfaces"]
            interfaces = self._amount(line, row, column, 10_000, 1, 1 if column == "max_enis" else 0)
            interfaces -= column == "max_enis"
        architecture = row[columns["arch"]] if "arch" in columns else ""
        if architecture not in ARCHITECTURES or ("arch" in columns and not architecture):
            problem = f"is '{architecture}'" if architecture else "is empty"
            self._fault(f"line {line}, {columns['arch']}", problem, "must be amd64 or arm64")
        zones = tuple(dict.fromkeys(row[columns["zones"]].split())) if "zones" in columns else None
        if zones == ():
            self._fault(f"line {line}, {columns['zones']}", "is empty", "must name zones, with spaces between")
        return InstanceType(name, cpu, memory, price, gpu, interfaces, ARCHITECTURES.get(architecture, ""), zones)

    def _amount(self, line: int, row: Mapping[str, str], column: str, most: int, unit: int, least: int = 1) -> int:
        """A cell times its unit, rounded to a whole number."""
        text = row[column]
        where = f"line {line}, {column}"
        right = f"must be a number from {least if unit == 1 else 'above 0' if least else 0} to {most // unit:,}"
        if not text:
            self._fault(where, "is empty", f"{right}, or leave the row out (--skip-incomplete)")
            return least
        try:
            number = Fraction(text) if set(text) <= set("0123456789.eE+-") and len(text) <= 40 else None
        except (ValueError, ZeroDivisionError):
            number = None
        if number is None:
            self._fault(where, f"is '{text[:60]}'", f"{right}, without a unit")
            return least
        if number < 0:
            self._fault(where, f"is {text}, which is negative", right)
            return least
        found = round(number * unit)
        if not least <= found <= most:
            self._fault(where, f"is {text}", right)
            return least
        return found

    def _fault(self, where: str, problem: str, remedy: str) -> None:
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(Fault(f"{self._name} {where}".strip(), problem, remedy))


def without_dearer(amounts: Mapping[InstanceType, Sequence[int]], *, by_architecture: bool) -> list[InstanceType]:
    """The types of which no other has as much of everything for no more, the cheapest first.

    Parameters
    ----------
    amounts
        Of each resource that counts, in one order, by type.
    by_architecture
        Whether a rule may tell architectures apart: then only types of one are compared.
    """
    kept: list[InstanceType] = []
    for one in sorted(amounts, key=lambda one: (one.price, [-amount for amount in amounts[one]], one.name)):
        rivals = (other for other in kept if not by_architecture or other.architecture == one.architecture)
        if not any(all(a >= b for a, b in zip(amounts[other], amounts[one], strict=True)) for other in rivals):
            kept.append(one)
    return kept
