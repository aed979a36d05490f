"""A value of a document with its path: what is read of it, and what is wrong with it, collected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from solver.errors import Fault
from solver.formats.choose import nearest

LONGEST_SHOWN = 60
"""Characters of a wrong value in a message."""


class Node:
    """One value, where it stands, and the list to which its faults go.

    What is read of a wrong value is empty or zero: the fault is noted, and reading goes on to find the others.
    """

    def __init__(self, value: object, path: str, faults: list[Fault]) -> None:
        self.value = value
        self.path = path
        self.faults = faults

    def fault(self, problem: str, remedy: str) -> None:
        """Note what is wrong."""
        self.faults.append(Fault(self.path, problem, remedy))

    def _wrong(self, remedy: str) -> None:
        shown = "empty" if self.value is None else repr(self.value)
        shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}..."
        self.fault(f"is {shown}", remedy)

    def at(self, key: str, value: object) -> Node:
        """A value inside of this one."""
        return Node(value, f"{self.path}.{key}" if self.path else key, self.faults)

    def mapping(self, known: Sequence[str] = (), required: Sequence[str] = ()) -> dict[str, Node]:
        """The values of a mapping by key.

        Parameters
        ----------
        known
            The keys that it may have; empty for any.
        required
            The keys that it must have.
        """
        if not isinstance(self.value, dict):
            keys = f" with {', '.join(known)}" if known else ""
            self._wrong(f"must be a mapping{keys}")
            return {}
        found: dict[str, Node] = {}
        for key, value in self.value.items():
            if known and key not in known:
                self.at(key, value).fault("is not known", nearest(key, known))
            elif not key:
                self.fault("has an empty key", "name it")
            else:
                found[key] = self.at(key, value)
        for key in required:
            if key not in self.value:
                self.at(key, None).fault("is missing", f"{self.path or 'the file'} needs it")
        return found

    def items(self) -> Iterator[Node]:
        """The values of a list."""
        if not isinstance(self.value, list):
            self._wrong("must be a list")
            return
        for k, value in enumerate(self.value):
            yield Node(value, f"{self.path}[{k}]", self.faults)

    def text(self) -> str:
        """A text that is not empty."""
        if isinstance(self.value, str) and self.value.strip():
            return self.value.strip()
        self._wrong("must be text; put it in quotes where it looks like something else")
        return ""

    def texts(self) -> tuple[str, ...]:
        """A list of texts, or one text. What is no text is empty in its place, so that the others keep theirs."""
        if isinstance(self.value, str):
            return (self.text(),)
        if isinstance(self.value, list) and self.value:
            return tuple(item.text() for item in self.items())
        self._wrong("must be a text, or a list of texts")
        return ()

    def whole(self) -> int:
        """A whole number."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return self.value
        self._wrong("must be a whole number")
        return 0

    def number(self) -> int | float:
        """A number, with decimals or without."""
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            return self.value
        self._wrong("must be a number, like 2 or 0.5")
        return 0

    def boolean(self) -> bool:
        """A truth value."""
        if isinstance(self.value, bool):
            return self.value
        self._wrong("must be true or false")
        return False
