"""Reads cells of a pandas frame into columns, and notes what is wrong by row and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import TypeVar

import numpy as np
import pandas as pd

from solver.domain.cluster import Port
from solver.domain.counts import LARGEST_SUM, Bools, Ints
from solver.domain.request import RuleSpec
from solver.errors import MAX_FAULTS, Fault, InvalidRequest

T = TypeVar("T")

TRUE = {"true", "yes", "1"}
FALSE = {"false", "no", "0"}
_PORT = re.compile(r"(\d{1,5})(?:/(tcp|udp))?", re.ASCII)


class FrameReader:
    """One frame and its faults; paths are ``NAME[ROW].COLUMN``, rows from 0."""

    def __init__(self, name: str, frame: pd.DataFrame, faults: list[Fault]) -> None:
        self.name = name
        self.frame = frame.rename(columns=str)
        self.faults = faults
        self.columns = [str(column) for column in frame.columns]
        for column in dict.fromkeys(self.columns):
            if self.columns.count(column) > 1:
                self._note(f"{name}: column {column}", "stands there twice", "name each column once")
        # The first of several stands for all, so that reading goes on and finds the other faults.
        self.frame = self.frame.loc[:, ~self.frame.columns.duplicated()]

    def __len__(self) -> int:
        return len(self.frame)

    def fault(self, row: int, column: Hashable, problem: str, remedy: str) -> None:
        """Note what is wrong with a cell."""
        self._note(f"{self.name}[{row}].{column}", problem, remedy)

    def _note(self, path: str, problem: str, remedy: str) -> None:
        # One more than is ever shown would only cost memory.
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(path, problem, remedy))

    def need(self, *columns: str) -> bool:
        """Whether the columns are there; notes those that are not."""
        missing = [column for column in columns if column not in self.columns]
        for column in missing:
            has = ", ".join(self.columns) or "no column"
            self._note(self.name, f"has no column '{column}'", f"add it; found {has}")
        return not missing

    def texts(self, column: str) -> list[str | None]:
        """The cells as text without blanks around; None where a cell is empty or the column is absent."""
        if column not in self.columns:
            return [None] * len(self)
        return [_text(value) for value in self.frame[column].tolist()]

    def filled(self, column: str) -> list[str]:
        """As ``texts``, where an empty cell is a fault."""
        found = self.texts(column)
        for row, text in enumerate(found):
            if text is None:
                self.fault(row, column, "is empty", "must be filled")
        return [text or "" for text in found]

    def integers(self, column: str, otherwise: int | None, least: int = 0) -> Ints:
        """``int64``: whole numbers from ``least`` to 2^53; ``otherwise`` stands for an empty cell, None refuses it."""
        if column not in self.columns:
            return np.full(len(self), otherwise or 0, np.int64)
        cells = self.frame[column]
        absent = cells.isna().to_numpy(np.bool_) | (cells.astype(str).str.strip() == "").to_numpy(np.bool_)
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            good = np.isfinite(numbers) & (numbers == np.floor(numbers)) & (np.abs(numbers) <= LARGEST_SUM)
            good &= numbers >= least
        wrong = np.flatnonzero(~absent & ~good)
        for row in wrong[:MAX_FAULTS].tolist():
            remedy = f"must be a whole number from {least:,} to 2^53"
            self.fault(row, column, f"is '{cells.iloc[row]}'", remedy)
        if otherwise is None:
            for row in np.flatnonzero(absent)[:MAX_FAULTS].tolist():
                self.fault(row, column, "is empty", "must be a whole number")
        return np.where(good, np.nan_to_num(numbers), otherwise or 0).astype(np.int64)

    def booleans(self, column: str, otherwise: bool) -> Bools:
        """``bool``: true or false; ``otherwise`` where a cell is empty."""
        found = np.full(len(self), otherwise)
        for row, text in enumerate(self.texts(column)):
            if text is None:
                continue
            if text.lower() not in TRUE | FALSE:
                self.fault(row, column, f"is '{text}'", "must be true or false")
            found[row] = text.lower() in TRUE
        return found

    def lists(self, column: str, read: Callable[[str], T]) -> list[tuple[T, ...] | None]:
        """The parts of each cell between semicolons, each read; None where a cell is empty."""
        found: list[tuple[T, ...] | None] = []
        for row, text in enumerate(self.texts(column)):
            parts: list[T] = []
            try:
                parts += [read(part) for part in split(text or "")]
            except InvalidRequest as invalid:
                for fault in invalid.faults:
                    self.fault(row, column, fault.problem, fault.remedy)
            found.append(None if text is None else tuple(parts))
        return found


def _text(value: object) -> str | None:
    if (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float | np.floating) and np.isnan(value))
    ):
        return None
    if isinstance(value, float) and value.is_integer():
        # A column of whole numbers with an empty cell is a column of floats to pandas.
        value = int(value)
    text = str(value).strip()
    return text or None


def split(text: str) -> list[str]:
    """The parts between semicolons that stand in no parentheses and no quotes.

    Raises
    ------
    InvalidRequest
        If a parenthesis or a quote is not closed.
    """
    parts, start, depth, quote, escaped = [], 0, 0, "", False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'" and depth:
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == ";" and not depth:
            parts.append(text[start:at])
            start = at + 1
        if depth < 0:
            break
    if depth or quote:
        problem = f"'{text}' has a parenthesis or a quote without its partner"
        raise InvalidRequest.at("", problem, "close what is opened")
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def rule(text: str) -> RuleSpec:
    """A rule from ``type`` or ``type(argument)``.

    Raises
    ------
    InvalidRequest
        If it is neither.
    """
    kind, opened, rest = text.partition("(")
    if not kind.strip() or (opened and not rest.endswith(")")):
        raise InvalidRequest.at("", f"'{text}' is not a rule", "write type or type(argument), like binpack(memory)")
    return RuleSpec(kind.strip(), rest[:-1].strip() if opened else "")


def port(text: str) -> Port:
    """A static port from ``80/tcp``, ``53/udp`` or ``80``, which is tcp.

    Raises
    ------
    InvalidRequest
        If it is none.
    """
    found = _PORT.fullmatch(text)
    if not found or not 1 <= int(found[1]) <= 65535:
        raise InvalidRequest.at("", f"'{text}' is not a port", "write 80/tcp or 53/udp, from 1 to 65535")
    return found[2] or "tcp", int(found[1])
