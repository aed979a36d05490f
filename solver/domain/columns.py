"""A column of text over the instances of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TextColumn:
    """Text per instance, or nothing: ``values[codes[i]]``.

    Parameters
    ----------
    values
        The distinct texts, sorted.
    codes
        ``int32[I]``. Index into ``values``; -1 where the instance has no value.
    """

    values: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> TextColumn:
        """The column of these texts, one an instance; None where there is none."""
        listed = list(texts)
        values = tuple(sorted({text for text in listed if text is not None}))
        index = {value: code for code, value in enumerate(values)}
        codes = np.fromiter((-1 if text is None else index[text] for text in listed), np.int32, len(listed))
        codes.flags.writeable = False
        return cls(values, codes)

    @classmethod
    def sparse(cls, size: int, texts: Mapping[int, str]) -> TextColumn:
        """The column of ``size`` instances of which these have a text: in time of their number, but for the codes."""
        values = tuple(sorted(set(texts.values())))
        index = {value: code for code, value in enumerate(values)}
        codes = np.full(size, -1, np.int32)
        codes[np.fromiter(texts, np.int64, len(texts))] = [index[text] for text in texts.values()]
        codes.flags.writeable = False
        return cls(values, codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, instance: int) -> str | None:
        code = self.codes[instance]
        return None if code < 0 else self.values[code]

    def where(self, holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """``bool[I]``: ``holds[code]`` of each instance's value; False where there is no value."""
        return np.append(holds, False)[self.codes]
