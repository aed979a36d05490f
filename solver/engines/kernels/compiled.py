"""Whether the search is compiled, and compiling it: once for each installation, since the result is kept on disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numba.core.dispatcher import Dispatcher

from solver.engines.kernels.annealing import anneal
from solver.engines.kernels.filling import fillings
from solver.engines.kernels.mixing import Asked, Chosen, Held, Pool, improve, refill
from solver.engines.kernels.packing import fill_all, fill_each, fill_in_turn
from solver.engines.kernels.reassigning import reassign

COMPILING_SECONDS, LOADING_SECONDS = 20.0, 0.4
"""What compiling takes for one of the searches, and loading what was compiled before."""

Kernels: TypeAlias = tuple[Dispatcher, ...]

ASSIGNMENT: Kernels = (anneal, fillings)
PACKING: Kernels = (fill_each, fill_in_turn, fill_all)
REASSIGNMENT: Kernels = (reassign,)
MIXING: Kernels = (refill, improve)
EVERY: Kernels = (*ASSIGNMENT, *PACKING, *REASSIGNMENT, *MIXING)


def ready(kernels: Kernels, seconds: float) -> bool:
    """Whether a search with these kernels can begin well before so many seconds are over."""
    if all(kernel.signatures for kernel in kernels):
        return True
    return seconds >= (LOADING_SECONDS if all(map(_is_kept, kernels)) else COMPILING_SECONDS)


def warm_up() -> float:
    """Compile what is not compiled, and load it; seconds that it took."""
    begin = time.monotonic()
    none, one = np.zeros(0, np.int64), np.ones(1, np.int64)
    cell, edge = np.ones((1, 1), np.int64), np.zeros(2, np.int64)
    nothing = np.zeros((0, 0), np.int64)
    empty = np.zeros(0, np.float64)
    tasks = (none, none, np.zeros(0, np.bool_), none, one, empty, empty, 1.0, none)
    sets = (np.zeros((0, 1), np.int64), nothing, nothing, none, none, edge, none, none, np.zeros(1, np.int64), none)
    anneal(cell, cell, cell, *tasks, np.ones(2, np.int64), one, *sets, none.copy(), 1, 1.0, 0.5, 0, none.copy())
    fillings(
        cell, cell, cell, edge, none, none, one, one, one, 10, -1, one.copy(), one.copy(), cell.copy(), cell.copy()
    )
    share = np.ones((1, 1), np.float64)
    fill_each(cell, np.zeros(1, np.int64), cell, cell, cell, share, 1, 10, one.copy(), cell.copy())
    fill_in_turn(one, cell, one.copy(), one, share[0], 10, cell.copy())
    fill_all(cell, np.zeros(1, np.int64), cell, cell, cell, share, 1, one, 10, one.copy(), cell.copy())
    load_reassignment()
    load_mixing()
    return time.monotonic() - begin


def load_reassignment() -> None:
    """Compile the search for reassignments where it is not, and load it."""
    none = np.zeros(0, np.int64)
    row, ones = np.ones((1, 1), np.float64), np.ones(1, np.float64)
    loads = (np.ones((3, 1), np.float64), row, row, ones, row, ones, 0, ones, np.zeros(1, np.int64), ones)
    moves = (np.zeros((1, 1), np.int32), 1.0, 1.0, np.full(1, -1), np.zeros(1, np.int64), none, np.zeros(1, np.int64))
    links = (np.zeros(1, np.int64), none, np.zeros(1, np.int64), none, np.zeros(1, np.int64), none, np.full(9, 1024))
    fits = (np.zeros(1, np.int64), np.zeros(0, np.int32))
    place = np.zeros(1, np.int64)
    reassign(*loads, *moves, *links, *fits, 1, place, place.copy(), np.ones(2, np.float64), 1.0, 1, 1.0, 0.5, 0)


def load_mixing() -> None:
    """Compile the search for mixes where it is not, and load it."""
    none, one, row = np.zeros(0, np.int64), np.ones(1, np.int64), np.ones((1, 1), np.float64)
    cell, share = np.ones((1, 1), np.int64), np.ones(1, np.float64)
    nowhere, offer = np.zeros((1, 0), np.int64), np.zeros(1, np.int64)
    asked = Asked(cell, cell, one, cell, one, nowhere, np.zeros(0, np.bool_), share, row, share, offer)
    chosen = Chosen(*(np.zeros(2, np.int64) for _ in range(4)))
    refill(asked, Pool(offer, one.copy(), share), none, 1, 1, share, offer.copy(), chosen)
    last = np.full(1, -1)
    improve(asked, Held(offer.copy(), offer.copy(), last.copy(), offer.copy(), one.copy()), 0, 1, 1, 1, 1, 0)


def was_kept() -> bool:
    """Whether what is loaded now was compiled by an earlier process."""
    return not any(kernel.stats.cache_misses for kernel in EVERY)


def kept_in() -> Path:
    """The folder where the compiled forms are."""
    return Path(anneal.stats.cache_path or "")


def _is_kept(kernel: Dispatcher) -> bool:
    """Whether a compiled form is on disk; that it is stale, after a change of the source, is not seen."""
    function = kernel.py_func
    name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}-*.nbi"
    folder = kernel.stats.cache_path
    return folder is not None and any(Path(folder).glob(name))
