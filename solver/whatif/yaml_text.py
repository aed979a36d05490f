"""YAML as plain values: no tags, no key twice, no value that contains itself, and no file that unfolds without end.

Numbers are decimal, and only ``true`` and ``false`` are truth values: ``no`` is text (YAML 1.2, core schema; PyYAML by itself
reads 1.1, where a zone ``no`` is false and ``1:30`` is 90).
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from solver.errors import Fault, InvalidRequest, TooLarge, UnreadableDocument

MOST_BYTES = 4 * 2**20
"""Of a file."""

MOST_VALUES = 500_000
"""Values of a file once its aliases are unfolded."""

_PLAIN = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


def read_yaml(path: Path, holds: str) -> object:
    """The value of a file: dicts with text as keys, lists, text, numbers, truth values, None.

    Parameters
    ----------
    holds
        What the file must have, for messages, such as ``scenarios or a grid``.

    Raises
    ------
    UnreadableDocument
        If there is no such file, or it is not one document of YAML; with line and column.
    InvalidRequest
        With every key that stands twice and every tag.
    TooLarge
        If it is longer, or unfolds to more, than is read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as failed:
        what = failed.strerror or str(failed)
        raise UnreadableDocument.at(str(path), f"cannot be read ({what})", "name a file that exists") from failed
    if len(content) > MOST_BYTES:
        raise TooLarge(f"{path}: has more than {MOST_BYTES:,} bytes; must be shorter")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise UnreadableDocument.at(str(path), f"is not UTF-8 (byte {broken.start})", "must be text") from broken
    return parse_yaml(text, str(path), holds)


def parse_yaml(text: str, name: str, holds: str) -> object:
    """The value of a text; ``name`` is what messages call it. Raises what ``read_yaml`` does."""
    try:
        node = yaml.SafeLoader(text).get_single_node()
        if node is None:
            raise UnreadableDocument.at(name, "is empty", f"must be YAML with {holds}")
        return _Values(name).whole(node)
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        where = name if mark is None else f"{name} line {mark.line + 1}, column {mark.column + 1}"
        said = broken.problem or broken.context or "is not YAML"
        raise UnreadableDocument.at(where, f"is no YAML: {said}", "must be one YAML document") from broken
    except yaml.YAMLError as broken:
        said = str(broken).splitlines()[0]
        raise UnreadableDocument.at(name, f"is no YAML: {said}", "must be text without control characters") from broken
    except RecursionError as deep:
        raise UnreadableDocument.at(name, "is nested too deeply", "must have some levels only") from deep


class _Values:
    """Turns the nodes of one document into values, and collects what is wrong."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[Fault] = []
        self._left = MOST_VALUES
        self._open: set[int] = set()

    def whole(self, node: yaml.Node) -> object:
        """The value of the document, once nothing is wrong."""
        found = self._value(node)
        if self.faults:
            raise InvalidRequest(self.faults)
        return found

    def _value(self, node: yaml.Node) -> object:
        self._left -= 1
        if self._left < 0:
            raise TooLarge(f"{self.name}: unfolds to more than {MOST_VALUES:,} values; write fewer aliases")
        if id(node) in self._open:
            return self._fault(node, "contains itself", "leave out the alias")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode) and node.tag == f"{_PLAIN}seq":
                return [self._value(item) for item in node.value]
            if isinstance(node, yaml.MappingNode) and node.tag == f"{_PLAIN}map":
                return self._mapping(node)
        finally:
            self._open.discard(id(node))
        return self._fault(node, f"has the tag {node.tag}", "leave the tag out")

    def _mapping(self, node: yaml.MappingNode) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not key.tag.startswith(_PLAIN):
                self._fault(key, "is no name", "a key must be text")
            elif key.tag == f"{_PLAIN}merge":
                self._fault(key, "merges another mapping", "write out what it has")
            elif key.value in found:
                self._fault(key, f"'{key.value}' stands twice", "write each key once")
            else:
                found[key.value] = self._value(value)
        return found

    def _scalar(self, node: yaml.ScalarNode) -> object:
        text: str = node.value
        if node.tag == f"{_PLAIN}str" or (node.style is not None and node.tag.startswith(_PLAIN)):
            return text
        if not node.tag.startswith(_PLAIN) or node.tag == f"{_PLAIN}binary":
            return self._fault(node, f"has the tag {node.tag}", "leave the tag out")
        if text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if _INTEGER.fullmatch(text):
            return int(text)
        return float(text) if _NUMBER.fullmatch(text) else text

    def _fault(self, node: yaml.Node, problem: str, remedy: str) -> object:
        """Note what is wrong; None stands for the value."""
        mark = node.start_mark
        self.faults.append(Fault(f"{self.name} line {mark.line + 1}, column {mark.column + 1}", problem, remedy))
        return None
