"""A curve of demand: for each service what is asked of it in each minute; from a CSV, or drawn with a seed."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from solver.errors import MAX_FAULTS, Fault, InvalidRequest, TooLarge, UnreadableDocument

COLUMNS = ("minute", "service", "demand")
MOST_MINUTES = 20_160
"""Two weeks."""
MOST_ROWS = 1_000_000
LARGEST_DEMAND = 10**12
DAY = 1_440


@dataclass(frozen=True)
class Curve:
    """Demand by service, one number a minute from minute 0, in the unit of ``load_per_task``."""

    demand: Mapping[str, tuple[Fraction, ...]]

    @property
    def minutes(self) -> int:
        """How long it is."""
        return max((len(row) for row in self.demand.values()), default=0)


@dataclass(frozen=True)
class Daily:
    """A day of demand: least ``low``, most ``high`` at ``peak``, between them as a cosine, each minute off by up to ``noise``.

    Parameters
    ----------
    low, high
        Of the unit of ``load_per_task``.
    peak
        Minute of the day, 0 to 1,439.
    noise
        Fraction of the demand, 0 to 1.
    """

    low: Fraction
    high: Fraction
    peak: int = 14 * 60
    noise: Fraction = Fraction(0)

    def faults(self) -> list[Fault]:
        """Numbers that make no day."""
        found = []
        if not 0 <= self.low <= self.high:
            found.append(Fault("low", f"is {float(self.low):g}", "must be 0 to high"))
        if self.high > LARGEST_DEMAND:
            found.append(Fault("high", f"is {float(self.high):g}", f"must be at most {LARGEST_DEMAND:,}"))
        if not 0 <= self.peak < DAY:
            found.append(Fault("peak", f"is {self.peak:,}", f"must be a minute of the day, 0 to {DAY - 1:,}"))
        if not 0 <= self.noise <= 1:
            found.append(Fault("noise", f"is {float(self.noise):g}", "must be 0 to 1"))
        return found

    def drawn(self, service: str, minutes: int, seed: int) -> tuple[Fraction, ...]:
        """The demand of each minute, in whole units; the same for the same seed and service."""
        draw = random.Random(f"{seed}:{service}")
        found = []
        for minute in range(minutes):
            height = (1 + math.cos(2 * math.pi * (minute - self.peak) / DAY)) / 2
            mean = float(self.low) + height * float(self.high - self.low)
            found.append(Fraction(max(round(mean * (1 + float(self.noise) * draw.uniform(-1, 1))), 0)))
        return tuple(found)


def read_curve(path: Path, services: Sequence[str]) -> Curve:
    """A CSV with the columns minute, service, demand; a minute that is left out has the demand of the one before it.

    Raises
    ------
    UnreadableDocument
        If there is no such file, or it is no CSV with these columns.
    InvalidRequest
        With every row that is wrong, by its line.
    TooLarge
        If it has too many rows.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return curve_of(csv.reader(file), str(path), services)
    except OSError as failed:
        what = failed.strerror or str(failed)
        raise UnreadableDocument.at(str(path), f"cannot be read ({what})", "name a file that exists") from failed
    except (UnicodeDecodeError, csv.Error) as broken:
        raise UnreadableDocument.at(str(path), f"is no CSV ({broken})", "must be text, a row a line") from broken


def curve_of(rows: Iterable[list[str]], name: str, services: Sequence[str]) -> Curve:
    """The same of rows, the first of which names the columns."""
    lines = iter(rows)
    header = [cell.strip() for cell in next(lines, [])]
    if sorted(header) != sorted(COLUMNS):
        found = ",".join(header) or "nothing"
        raise UnreadableDocument.at(f"{name} line 1", f"has the columns {found}", f"must have {','.join(COLUMNS)}")
    faults: list[Fault] = []
    points: dict[str, dict[int, Fraction]] = {service: {} for service in services}
    for line, cells in enumerate(lines, start=2):
        if line > MOST_ROWS:
            raise TooLarge(f"{name}: has more than {MOST_ROWS:,} rows; leave out minutes in which nothing changes")
        if not cells:
            continue
        if len(cells) != len(header):
            faults.append(Fault(f"{name} line {line}", f"has {len(cells)} cells", f"must have {len(header)}"))
        else:
            _read_row(dict(zip(header, cells, strict=True)), f"{name} line {line}", points, faults)
        if len(faults) >= MAX_FAULTS:
            break
    for service in services:
        if not faults and 0 not in points[service]:
            faults.append(Fault(name, f"has no demand of {service} in minute 0", "begin each service with minute 0"))
    if faults:
        raise InvalidRequest(faults)
    minutes = 1 + max(minute for row in points.values() for minute in row)
    return Curve({service: _held(row, minutes) for service, row in points.items()})


def _read_row(row: Mapping[str, str], where: str, points: dict[str, dict[int, Fraction]], faults: list[Fault]) -> None:
    minute, service, demand = (row[name].strip() for name in COLUMNS)
    at = int(minute) if minute.isascii() and minute.isdigit() and len(minute) < 9 else MOST_MINUTES
    if at >= MOST_MINUTES:
        faults.append(Fault(f"{where} minute", f"is '{minute}'", f"must be 0 to {MOST_MINUTES - 1:,}"))
    amount = amount_of(demand)
    if amount is None:
        faults.append(Fault(f"{where} demand", f"is '{demand}'", "must be a number, zero or more, like 120 or 0.5"))
    if service not in points:
        faults.append(Fault(f"{where} service", f"is '{service}'", f"must be one of {', '.join(points)}"))
    elif at in points[service]:
        faults.append(Fault(f"{where} minute", f"is {at} again for {service}", "write each minute once"))
    elif at < MOST_MINUTES and amount is not None:
        points[service][at] = amount


def amount_of(text: str) -> Fraction | None:
    """A decimal number, zero or more; None where it is none."""
    whole, _, part = text.partition(".")
    digits = whole + part
    if not digits or not digits.isascii() or not digits.isdigit() or len(digits) > 24:
        return None
    found = Fraction(text if part or "." not in text else whole)
    return found if found <= LARGEST_DEMAND else None


def _held(row: Mapping[int, Fraction], minutes: int) -> tuple[Fraction, ...]:
    """Every minute, those that are left out as the one before."""
    found: list[Fraction] = []
    for minute in range(minutes):
        found.append(row.get(minute, found[-1] if found else Fraction(0)))
    return tuple(found)


def curve_to_csv(curve: Curve) -> str:
    """The curve as ``read_curve`` takes it, every minute."""
    lines = [",".join(COLUMNS)]
    for minute in range(curve.minutes):
        for service, row in curve.demand.items():
            value = row[minute]
            lines.append(f"{minute},{service},{int(value) if value.denominator == 1 else float(value)}")
    return "\n".join(lines) + "\n"
