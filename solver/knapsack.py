"""Bounded knapsack tables: the best value of what fits, for every capacity on a grid and many price vectors at once.

Each type is taken up to its cap through parts of 1, 2, 4, ... tasks, every part once, so one part is one vectorised
step over the whole table: ``V[c] = max(V[c], V[c - part * demand] + part * value)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.domain.counts import Bools, Ints

Table = NDArray[Any]
"""Numbers of one kind (``int64`` or ``float64``)."""
MAX_CHOICE_BYTES = 2**26
"""Tables are filled for so many rows at once that the choices kept need no more."""


@dataclass(frozen=True)
class Part:
    """``size`` tasks of a type, which take ``shift[r]`` cells of each resource."""

    kind: int
    size: int
    shift: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Grid:
    """Capacities of 0 to ``shape[r] - 1`` cells of each resource, and the parts that fit.

    Parameters
    ----------
    shape
        Cells per resource, the zero included.
    parts
        In the order of the steps.
    """

    shape: tuple[int, ...]
    parts: tuple[Part, ...]

    @classmethod
    def over(cls, demand: Ints, cap: Ints, shape: tuple[int, ...]) -> Grid:
        """Of types with ``demand[T, R]`` in cells and at most ``cap[T]`` tasks an instance."""
        parts = []
        for kind, (row, most) in enumerate(zip(demand.tolist(), cap.tolist(), strict=True)):
            fits = min((most, *((side - 1) // need for side, need in zip(shape, row, strict=True) if need)))
            sizes = _binary_parts(fits) if any(row) else [fits] * (fits > 0)
            parts += [Part(kind, size, tuple(size * need for need in row)) for size in sizes]
        return cls(shape, tuple(parts))

    @property
    def cells(self) -> int:
        """Entries of one table."""
        return int(np.prod(self.shape, dtype=np.int64))

    def best_at(self, values: Table, row: Ints, cell: Ints) -> Table:
        """``[N]``: the best value for price row ``values[row[n]]`` (``[B, T]``) and capacity ``cell[n, R]``.

        A negative value excludes the type.
        """
        result = np.zeros(len(row), dtype=values.dtype)
        for rows, here in self._chunks(len(values), row):
            table, buffers = self._empty_tables(values[rows])
            for part in self.parts:
                self._step(table, part, values[rows], buffers)
            result[here] = table[(row[here] - rows.start, *cell[here].T)]
        return result

    def best_fillings(self, values: Table, row: Ints, cell: Ints) -> tuple[Table, Ints]:
        """``best_at``, and ``int64[N, T]`` what a best filling holds."""
        best = np.zeros(len(row), dtype=values.dtype)
        held = np.zeros((len(row), values.shape[1]), dtype=np.int64)
        for rows, here in self._chunks(len(values), row):
            table, buffers = self._empty_tables(values[rows])
            choices = [self._step(table, part, values[rows], buffers).copy() for part in self.parts]
            inside = row[here] - rows.start
            best[here] = table[(inside, *cell[here].T)]
            held[here] = self._fillings(choices, inside, cell[here], values.shape[1])
        return best, held

    def _chunks(self, rows: int, row: Ints) -> list[tuple[slice, Ints]]:
        """Rows to fill at once, so that choices stay small, and who reads them."""
        step = max(1, MAX_CHOICE_BYTES // (self.cells * max(len(self.parts), 8)))
        parts = [slice(begin, min(begin + step, rows)) for begin in range(0, rows, step)]
        return [(part, np.flatnonzero((row >= part.start) & (row < part.stop))) for part in parts]

    def _empty_tables(self, values: Table) -> tuple[Table, tuple[Table, Bools]]:
        table = np.zeros((len(values), *self.shape), dtype=values.dtype)
        return table, (np.empty(table.size, dtype=values.dtype), np.empty(table.size, dtype=bool))

    def _step(self, table: Table, part: Part, values: Table, buffers: tuple[Table, Bools]) -> Bools:
        """One part; where it was taken, in a buffer that the next step writes over."""
        upper = table[(slice(None), *(slice(cut, None) for cut in part.shift))]
        lower = table[(slice(None), *(slice(0, side - cut) for side, cut in zip(self.shape, part.shift, strict=True)))]
        gain = (values[:, part.kind] * part.size).reshape(-1, *(1 for _ in self.shape))
        candidate = buffers[0][: upper.size].reshape(upper.shape)
        taken = buffers[1][: upper.size].reshape(upper.shape)
        np.add(lower, gain, out=candidate)
        np.greater(candidate, upper, out=taken)
        np.maximum(upper, candidate, out=upper)
        return taken

    def _fillings(self, choices: list[Bools], row: Ints, cell: Ints, types: int) -> Ints:
        held = np.zeros((len(row), types), dtype=np.int64)
        left = cell.copy()
        for part, taken in zip(reversed(self.parts), reversed(choices), strict=True):
            before = left - np.array(part.shift, dtype=np.int64)
            inside = np.flatnonzero((before >= 0).all(axis=1))
            chosen = inside[taken[(row[inside], *before[inside].T)]]
            held[chosen, part.kind] += part.size
            left[chosen] = before[chosen]
        return held


def _binary_parts(count: int) -> list[int]:
    """Sizes whose sub-sums are exactly 0 to ``count``."""
    sizes = []
    size = 1
    while count > 0:
        sizes.append(min(size, count))
        count -= sizes[-1]
        size *= 2
    return sizes
