"""Machine reassignment problems as text files, a model and an assignment each, plain or compressed (``.xz``).

Whole numbers, separated by blanks, as the Google ROADEF/EURO challenge 2012 published them. A model: the number of resources,
for each whether it is transient and what a unit of load above safety costs; of machines, for each its neighbourhood, its
location, its capacities, its safety capacities and what a move from it to each machine costs; of services, for each over how
many locations it is spread at least, on how many services it depends, and on which; of processes, for each its service, what it
requires, and what moving it costs; of balances, for each two resources, the target and the weight; last the weights of process
moves, service moves and machine moves. An assignment: the machine of each process.
"""

from __future__ import annotations

import lzma
import re
import warnings
from pathlib import Path
from typing import NoReturn

import numpy as np

from solver.domain.counts import Ints
from solver.domain.reassignment import Balance, MoveWeights, Reassignment
from solver.errors import InvalidRequest, TooLarge, UnreadableDocument

MOST_TASKS, MOST_INSTANCES, MOST_RESOURCES, MOST_BALANCES = 200_000, 10_000, 100, 100
UNLIMITED = 10**16
_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"-?[0-9]{1,16}")


def read_reassignment(model: Path, assignment: Path) -> Reassignment:
    """The problem in two files.

    Raises
    ------
    UnreadableDocument
        If there is no such file, or it is not in the format: with the line and the field.
    InvalidRequest
        With every number that is out of range.
    TooLarge
        If there are more than ``MOST_TASKS`` processes, ``MOST_INSTANCES`` machines or ``MOST_RESOURCES`` resources.
    """
    return reassignment_from_text(_text(model), _text(assignment), str(model), str(assignment))


def reassignment_from_text(
    model: str, assignment: str, model_name: str = "model", assignment_name: str = "assignment"
) -> Reassignment:
    """The problem that two texts describe; messages begin with the names. Raises as ``read_reassignment`` does."""
    read = _Numbers(model, model_name)
    resources = read.count("the number of resources", MOST_RESOURCES)
    kinds = read.table(resources, 2, "the resources", (2, UNLIMITED))
    instances = read.count("the number of machines", MOST_INSTANCES)
    machines = read.table(instances, 2 + 2 * resources + instances, "the machines")
    services = read.count("the number of services", MOST_TASKS)
    least, dependencies = read.services(services)
    tasks = read.count("the number of processes", MOST_TASKS)
    processes = read.table(tasks, 2 + resources, "the processes", (services,))
    balances = read.count("the number of balances", MOST_BALANCES, 0)
    proportions = read.table(balances, 4, "the balances", (resources, resources))
    weights = read.table(1, 3, "the weights of moves")[0].tolist()
    read.end()
    read = _Numbers(assignment, assignment_name)
    home = read.table(tasks, 1, "the processes", (instances,))[:, 0]
    read.end()
    columns = np.split(machines, [1, 2, 2 + resources, 2 + 2 * resources], axis=1)
    return Reassignment(
        capacity=columns[2].copy(),
        safety=columns[3].copy(),
        location=columns[1][:, 0].copy(),
        neighbourhood=columns[0][:, 0].copy(),
        distance=columns[4].copy(),
        transient=kinds[:, 0] == 1,
        load_weight=kinds[:, 1].copy(),
        demand=processes[:, 1:-1].copy(),
        service=processes[:, 0].copy(),
        move_cost=processes[:, -1].copy(),
        home=home.copy(),
        least_locations=least,
        dependencies=dependencies,
        balances=tuple(Balance(*row) for row in proportions.tolist()),
        weights=MoveWeights(*weights),
    )


def assignment_text(place: Ints) -> str:
    """The assignment file of ``place`` (``int64[T]``)."""
    return " ".join(map(str, place.tolist())) + "\n"


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return (lzma.decompress(content) if path.suffix == ".xz" else content).decode("ascii")
    except OSError as failed:
        what = failed.strerror or str(failed)
        raise UnreadableDocument.at(str(path), f"cannot be read ({what})", "name a file that exists") from failed
    except lzma.LZMAError as broken:
        raise UnreadableDocument.at(str(path), f"is not an .xz file ({broken})", "compress it again") from broken
    except UnicodeDecodeError as broken:
        raise UnreadableDocument.at(str(path), "is not text", "give whole numbers, separated by blanks") from broken


class _Numbers:
    """The numbers of a text, taken one after the other, each of them zero or more."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._text = text
        self._at = 0
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            try:
                self._numbers: Ints = np.fromstring(text, np.int64, sep=" ")
            except (DeprecationWarning, ValueError):
                raise self._not_a_number() from None
        if not text.strip():
            self._numbers = np.zeros(0, np.int64)

    def _not_a_number(self) -> InvalidRequest:
        wrong = next((word for word in _WORD.finditer(self._text) if not _NUMBER.fullmatch(word.group())), None)
        if wrong is None:
            return UnreadableDocument.at(self.name, "cannot be read", "give whole numbers, separated by blanks")
        said = f"holds '{wrong.group()[:40]}'"
        return UnreadableDocument.at(
            self._where(wrong.start()), said, "must hold whole numbers of up to 16 digits only"
        )

    def _where(self, offset: int) -> str:
        """The line of an offset in the text, and which of its fields begins there."""
        start = self._text.rfind("\n", 0, offset) + 1
        line, field = self._text.count("\n", 0, start) + 1, len(self._text[start:offset].split()) + 1
        return f"{self.name} line {line} field {field}"

    def _place(self, number: int) -> str:
        """The line and the field of a number by its position."""
        word = next(word for k, word in enumerate(_WORD.finditer(self._text)) if k == number)
        return self._where(word.start())

    def _take(self, count: int, what: str) -> Ints:
        found = self._numbers[self._at : self._at + count]
        if len(found) < count:
            said = f"ends inside {what}, after {len(self._numbers):,} numbers"
            raise UnreadableDocument.at(self.name, said, f"give at least {count - len(found):,} more")
        for wrong in np.flatnonzero((found < 0) | (found >= UNLIMITED))[:1].tolist():
            self._refuse(self._at + wrong, what, UNLIMITED)
        self._at += count
        return found

    def count(self, what: str, most: int, least: int = 1) -> int:
        """How many of something follow.

        Raises
        ------
        UnreadableDocument
            If it is less than ``least``.
        TooLarge
            If it is more than ``most``.
        """
        number = int(self._take(1, what)[0])
        if number < least:
            raise UnreadableDocument.at(self._place(self._at - 1), f"is {number} as {what}", f"give at least {least}")
        if number > most:
            raise TooLarge(f"{self._place(self._at - 1)}: is {number:,} as {what}; give at most {most:,}")
        return number

    def table(self, rows: int, width: int, what: str, below: tuple[int, ...] = ()) -> Ints:
        """``int64[rows, width]``; the numbers of the first columns are below those given.

        Raises
        ------
        UnreadableDocument
            If the text ends inside it, or a number is out of range.
        """
        begin = self._at
        found = self._take(rows * width, what).reshape(rows, width)
        for column, limit in enumerate(below):
            for row in np.flatnonzero(found[:, column] >= limit)[:1].tolist():
                self._refuse(begin + row * width + column, what, limit)
        return found

    def services(self, services: int) -> tuple[Ints, Ints]:
        """The least number of locations of each service, ``int64[S]``, and the dependencies, ``int64[D, 2]``.

        Raises
        ------
        UnreadableDocument
            If the text ends inside them, or a dependency is on a service that is not there.
        """
        least = np.zeros(services, np.int64)
        pairs: list[tuple[int, int]] = []
        for s in range(services):
            least[s], needs = self._take(2, "the services").tolist()
            begin = self._at
            for k, other in enumerate(self._take(needs, "the services").tolist()):
                if other >= services:
                    self._refuse(begin + k, "the services", services)
                pairs.append((s, other))
        return least, np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)

    def end(self) -> None:
        """Nothing follows.

        Raises
        ------
        UnreadableDocument
            If something does.
        """
        if self._at < len(self._numbers):
            said = f"goes on after the {self._at:,} numbers that it should hold"
            raise UnreadableDocument.at(self._place(self._at), said, "leave out the rest, or correct the counts")

    def _refuse(self, number: int, what: str, limit: int) -> NoReturn:
        said = f"is {self._numbers[number]} in {what}"
        raise UnreadableDocument.at(self._place(number), said, f"must be from 0 to {limit - 1}")
