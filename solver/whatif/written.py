"""The scenarios of a file as they are written, each edit with its path, and what is wrong with them on a cluster.

Every edit is tried, whatever is wrong with others: one that cannot apply is supposed to be mended, so that those after it are
tried as if it were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from solver.errors import MAX_FAULTS, Fault, under
from solver.formats.choose import nearest
from solver.whatif.asked import Asked
from solver.whatif.edits import EDITS, Edit
from solver.whatif.grid import MOST_SCENARIOS, Axis, Choice, Grid
from solver.whatif.node import Node
from solver.whatif.scenario import Scenario, faults_of

VALUE = "$value"
"""Stands in the edits of an axis for each of its values."""

MOST_NAMED = 4
SEVERAL = "holds"
"""Begins what is said of an entry with several edits, each of which is read all the same."""

Edits = tuple[tuple[str, Edit], ...]
"""Edits in their order, each with its path."""


@dataclass(frozen=True)
class Written:
    """A list of edits that somebody wrote: once, or once for each value of an axis.

    Parameters
    ----------
    variants
        By the value that stands in them; by nothing where none does.
    """

    variants: tuple[tuple[str, Edits], ...]

    def faults_on(self, asked: Asked) -> Iterator[Fault]:
        """What is wrong with the edits on a cluster; what is wrong with every value is told once."""
        found = [(value, dict.fromkeys(faults_of(asked, edits))) for value, edits in self.variants]
        for value, faults in found:
            for fault in faults:
                if all(fault in others for _, others in found):
                    if value == found[0][0]:
                        yield fault
                else:
                    yield replace(fault, path=f"{fault.path} with {VALUE} {value}")


def faults_on(asked: Asked, written: Iterable[Written]) -> Iterator[Fault]:
    """What is wrong with lists of edits on a cluster, one after the other."""
    for one in written:
        yield from one.faults_on(asked)


def news(found: Iterable[Fault], read: Sequence[Fault]) -> Iterator[Fault]:
    """The faults that do not come of a value which could not be read: those of such a value, and of what holds it."""
    known = [fault.path for fault in read[:MAX_FAULTS] if not fault.problem.startswith(SEVERAL)]
    for fault in found:
        path = fault.path.partition(f" with {VALUE} ")[0]
        if not any(_is_within(path, other) or _is_within(other, path) for other in known):
            yield fault


def _is_within(path: str, whole: str) -> bool:
    return path.startswith(whole) and path[len(whole) : len(whole) + 1] in ("", ".", "[")


def read_listed(node: Node | None) -> tuple[tuple[Scenario, ...], list[Written]]:
    """The scenarios of a list, and their edits with their paths. What has no name has an empty one, and its fault."""
    found: list[Scenario] = []
    written: list[Written] = []
    if node is None:
        return (), written
    if isinstance(node.value, list) and not 1 <= len(node.value) <= MOST_SCENARIOS:
        node.fault(f"has {len(node.value):,} entries", f"must have 1 to {MOST_SCENARIOS:,}")
        return (), written
    for item in node.items():
        fields = _scenario(item)
        edits = _edits(fields["edits"]) if "edits" in fields else ()
        name = fields["name"].text() if "name" in fields else ""
        found.append(Scenario(name, _bare(edits)))
        written.append(Written((("", edits),)))
    return tuple(found), written


def _scenario(item: Node) -> dict[str, Node]:
    """The fields of a scenario; edits that stand beside them in place of under them are told as such."""
    value = item.value
    strays = [key for key in value if key in EDITS] if isinstance(value, dict) else []
    if not isinstance(value, dict) or not strays:
        return item.mapping(("name", "edits"), required=("name", "edits"))
    for key in strays:
        item.at(key, None).fault("is an edit, and stands beside name", "put it into the list under edits:")
    rest = {key: part for key, part in value.items() if key not in EDITS}
    return Node(rest, item.path, item.faults).mapping(("name", "edits"), required=("name",))


def read_grid(node: Node, written: list[Written]) -> Grid:
    """A grid; what is written as edits of its choices is added to ``written``."""
    fields = node.mapping(("axes", "sample", "seed"), required=("axes",))
    axes = []
    for name, axis in (fields["axes"].mapping() if "axes" in fields else {}).items():
        choices = tuple(_choices(axis, written))
        axes.append(Axis(name, choices))
    sample = fields["sample"].whole() if "sample" in fields else None
    grid = Grid(tuple(axes), sample, fields["seed"].whole() if "seed" in fields else 0)
    if "axes" in fields and isinstance(fields["axes"].value, dict):
        node.faults += news(under(node.path, grid.faults()), tuple(node.faults))
    return grid


def _bare(edits: Edits) -> tuple[Edit, ...]:
    return tuple(edit for _, edit in edits)


def _edits(node: Node) -> Edits:
    """A list of edits, or one edit."""
    if isinstance(node.value, list):
        return tuple(edit for item in node.items() for edit in _edit(item))
    return tuple(_edit(node))


def _edit(node: Node) -> list[tuple[str, Edit]]:
    """One edit, a mapping with its name as the only key; of what is no edit what can be read, with a fault."""
    if not isinstance(node.value, dict) or not node.value:
        first, _, rest = str(node.value).strip().partition(" ")
        said = f"{first}: {rest}" if isinstance(node.value, str) and first in EDITS and rest else ""
        node.fault("is no edit", f"write {said or 'EDIT: and what it says, such as lose_zone: us-east-1a'}")
        return []
    if len(node.value) > 1:
        names = ", ".join(list(node.value)[:MOST_NAMED])
        node.fault(
            f"{SEVERAL} {len(node.value)} edits ({names})", "write each edit as an entry of its own: '- EDIT: ...'"
        )
    found = []
    for name, value in node.value.items():
        inside = node.at(name, value)
        if name in EDITS:
            found.append((inside.path, EDITS[name].read(inside)))
        else:
            inside.fault("is not an edit", nearest(name, EDITS))
    return found


def _choices(node: Node, written: list[Written]) -> list[Choice]:
    """The choices of an axis: a list of them, or values and the edits in which ``$value`` stands for each."""
    if isinstance(node.value, dict):
        fields = node.mapping(("values", "edits"), required=("values", "edits"))
        variants = []
        for value in fields["values"].items() if len(fields) == 2 else ():
            if isinstance(value.value, dict | list) or value.value is None:
                value.fault("is no text and no number", "write the edits as a list of choices instead")
                continue
            template = _with_value(fields["edits"].value, value.value)
            variants.append((str(value.value), _edits(Node(template, fields["edits"].path, node.faults))))
        written.append(Written(tuple(variants)))
        return [Choice(label, _bare(edits)) for label, edits in variants]
    found = []
    for k, item in enumerate(node.items()):
        label, edits = _choice(item, k)
        found.append(Choice(label, _bare(edits)))
        written.append(Written((("", edits),)))
    return found


def _choice(node: Node, at: int) -> tuple[str, Edits]:
    """A choice as ``{name: ..., edits: [...]}``, as one edit, or as nothing."""
    if node.value is None or node.value == "none":
        return "none", ()
    if isinstance(node.value, dict) and "edits" in node.value:
        fields = node.mapping(("name", "edits"), required=("name", "edits"))
        return fields["name"].text() if "name" in fields else str(at), _edits(fields["edits"])
    edits = _edits(node)
    value = next(iter(node.value.values())) if isinstance(node.value, dict) and node.value else None
    return (str(value) if isinstance(value, str | int | float) else f"{at + 1}"), edits


def _with_value(template: object, value: object) -> object:
    """The template with a value in every place of ``$value``."""
    if template == VALUE:
        return value
    if isinstance(template, str):
        return template.replace(VALUE, str(value))
    if isinstance(template, list):
        return [_with_value(item, value) for item in template]
    if isinstance(template, dict):
        return {key.replace(VALUE, str(value)): _with_value(item, value) for key, item in template.items()}
    return template
