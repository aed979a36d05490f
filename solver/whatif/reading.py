"""A file of scenarios: what is asked, what things cost, and the scenarios themselves, as a list and as a grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict, TypeVar

from solver.domain.request import Engine, Limits, Preempt
from solver.errors import MAX_FAULTS, Fault, InvalidRequest
from solver.formats.choose import nearest
from solver.whatif.asked import Asked, Cluster
from solver.whatif.edits import EDITS, Edit
from solver.whatif.edits.base import rule_of
from solver.whatif.edits.prices import millionths, price_faults
from solver.whatif.grid import MOST_SCENARIOS, Axis, Choice, Grid
from solver.whatif.node import Node
from solver.whatif.question import InstanceType, Place, Question, Reconcile
from solver.whatif.scenario import BASE, Scenario, name_faults, under
from solver.whatif.yaml_text import read_yaml

T = TypeVar("T")

HOLDS = "scenarios or a grid"
KEYS = ("ask", "limits", "prices", "types", "scenarios", "grid")
STANDING = ("priorities", "frozen", "rules", "all_or_nothing")
RECONCILE = (
    *("desired", "max_moves", "max_move_cost", "preempt", "movable", "rebalance", "consolidate"),
    *STANDING,
)
PLACE = ("groups", *STANDING)
LIMITS = ("time_limit", "deterministic_limit", "seed", "engine")
PRICE = "price"
VALUE = "$value"
"""Stands in the edits of an axis for each of its values."""


class LimitFields(TypedDict, total=False):
    """The fields of ``Limits`` that a file sets."""

    time_limit: float
    deterministic_limit: float
    seed: int
    engine: Engine


@dataclass(frozen=True, eq=False)
class Study:
    """What a file of scenarios says, on a cluster.

    Parameters
    ----------
    asked
        The base: the cluster as it is, and what is asked of it.
    scenarios
        Those that are listed, then those of the grid.
    limits
        Fields of ``Limits`` that the file sets.
    """

    asked: Asked
    scenarios: tuple[Scenario, ...]
    limits: LimitFields = field(default_factory=lambda: LimitFields())

    def limited(self, limits: Limits) -> Limits:
        """Limits, with what the file says of them."""
        return replace(limits, **self.limits)


def read_study(path: Path, cluster: Cluster) -> Study:
    """Read a file of scenarios, and try every list of edits on the cluster.

    Raises
    ------
    UnreadableDocument
        If the file is missing or no YAML.
    InvalidRequest
        With every fault, each with its path in the file.
    TooLarge
        If the file is too large.
    """
    return study_of(read_yaml(path, HOLDS), cluster)


def study_of(document: object, cluster: Cluster) -> Study:
    """The same of a document in memory: dicts, lists, text and numbers as YAML has them."""
    faults: list[Fault] = []
    fields = Node(document, "", faults).mapping(KEYS)
    if isinstance(document, dict) and "scenarios" not in document and "grid" not in document:
        faults.append(Fault("scenarios", "is missing, and so is grid", "write scenarios: or grid:, or both"))
    question = _question(fields["ask"]) if "ask" in fields else Reconcile()
    types, prices = _types(fields.get("types"), cluster)
    prices |= _prices(fields.get("prices"))
    listed, written = _listed(fields.get("scenarios"))
    grid = _grid(fields["grid"], written) if "grid" in fields else None
    limits = _limits(fields["limits"]) if "limits" in fields else LimitFields()
    faults += name_faults(listed)
    if faults:
        raise InvalidRequest(faults)
    asked = Asked.of(cluster, question, prices, types)
    try:
        asked.problem()
    except InvalidRequest as invalid:
        faults += under("ask", invalid.faults)
    for where, edits in written:
        if len(faults) >= MAX_FAULTS:
            break
        try:
            Scenario(where, edits).applied_to(asked, where)
        except InvalidRequest as invalid:
            faults += invalid.faults
    scenarios = listed if grid is None or faults else (*listed, *grid.scenarios())
    faults += _clashes(listed, scenarios)
    if faults:
        raise InvalidRequest(faults)
    return Study(asked, scenarios, limits)


Written = list[tuple[str, tuple[Edit, ...]]]
"""The lists of edits that somebody wrote, with the path of each."""


def _listed(node: Node | None) -> tuple[tuple[Scenario, ...], Written]:
    found: list[Scenario] = []
    written: Written = []
    if node is None:
        return (), written
    if isinstance(node.value, list) and not 1 <= len(node.value) <= MOST_SCENARIOS:
        node.fault(f"has {len(node.value):,} entries", f"must have 1 to {MOST_SCENARIOS:,}")
        return (), written
    for item in node.items():
        fields = item.mapping(("name", "edits"), required=("name", "edits"))
        edits = _edits(fields["edits"]) if "edits" in fields else ()
        # A name that is missing has its fault already.
        name = fields["name"].text() if "name" in fields else ""
        if name:
            found.append(Scenario(name, edits))
            written.append((f"{item.path}.edits", edits))
    return tuple(found), written


def _edits(node: Node) -> tuple[Edit, ...]:
    """A list of edits, or one edit."""
    if isinstance(node.value, list):
        return tuple(edit for item in node.items() for edit in _edit(item))
    return tuple(_edit(node))


def _edit(node: Node) -> list[Edit]:
    """One edit, a mapping with its name as the only key; none, with a fault, where it is no edit."""
    if not isinstance(node.value, dict) or len(node.value) != 1:
        node.fault("is no edit", "write EDIT: and what it says, such as lose_zone: us-east-1a")
        return []
    (name,) = node.value
    if name not in EDITS:
        node.at(name, None).fault("is not an edit", nearest(name, EDITS))
        return []
    return [EDITS[name].read(node.at(name, node.value[name]))]


def _grid(node: Node, written: Written) -> Grid:
    fields = node.mapping(("axes", "sample", "seed"), required=("axes",))
    axes = []
    for name, axis in (fields["axes"].mapping() if "axes" in fields else {}).items():
        choices = tuple(_choices(axis, written))
        axes.append(Axis(name, choices))
    sample = fields["sample"].whole() if "sample" in fields else None
    grid = Grid(tuple(axes), sample, fields["seed"].whole() if "seed" in fields else 0)
    if "axes" in fields and isinstance(fields["axes"].value, dict):
        node.faults += under(node.path, grid.faults())
    return grid


def _choices(node: Node, written: Written) -> list[Choice]:
    """The choices of an axis: a list of them, or values and the edits in which ``$value`` stands for each."""
    found = []
    if isinstance(node.value, dict):
        fields = node.mapping(("values", "edits"), required=("values", "edits"))
        for value in fields["values"].items() if len(fields) == 2 else ():
            if isinstance(value.value, dict | list) or value.value is None:
                value.fault("is no text and no number", "write the edits as a list of choices instead")
                continue
            label = str(value.value)
            edits = _edits(Node(_with_value(fields["edits"].value, value.value), fields["edits"].path, node.faults))
            found.append(Choice(label, edits))
            written.append((f"{fields['edits'].path} with {VALUE} {label}", edits))
        return found
    for k, item in enumerate(node.items()):
        label, edits = _choice(item, k)
        found.append(Choice(label, edits))
        written.append((item.path, edits))
    return found


def _choice(node: Node, at: int) -> tuple[str, tuple[Edit, ...]]:
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


def _clashes(listed: tuple[Scenario, ...], scenarios: tuple[Scenario, ...]) -> list[Fault]:
    """Scenarios of the grid that are called as a listed one."""
    names = {scenario.name for scenario in listed} | {BASE}
    clashing = [scenario.name for scenario in scenarios[len(listed) :] if scenario.name in names]
    return [
        Fault("grid", f"has a scenario '{name}', as the list has", "give one another name")
        for name in clashing[:MAX_FAULTS]
    ]


def _question(node: Node) -> Question:
    if node.value == "reconcile":
        return Reconcile()
    if not isinstance(node.value, dict) or len(node.value) != 1:
        node.fault("is no question", "write ask: reconcile, or ask: and below it reconcile: or place:")
        return Reconcile()
    fields = node.mapping(("reconcile", "place"))
    if "place" in fields:
        return _place(fields["place"])
    return _reconcile(fields["reconcile"]) if "reconcile" in fields else Reconcile()


def _reconcile(node: Node) -> Reconcile:
    fields = node.mapping(RECONCILE) if node.value is not None else {}
    preempt = _read(fields, "preempt", lambda one: _one_of(one, [kind.value for kind in Preempt]), Preempt.NONE.value)
    return Reconcile(
        desired=_read(fields, "desired", _numbers, {}),
        max_moves=_read(fields, "max_moves", Node.whole, None),
        max_move_cost=_read(fields, "max_move_cost", Node.whole, None),
        preempt=Preempt(preempt),
        movable=_read(fields, "movable", Node.texts, ()),
        rebalance=_read(fields, "rebalance", Node.boolean, False),
        consolidate=_read(fields, "consolidate", Node.boolean, False),
        priorities=_read(fields, "priorities", _numbers, {}),
        frozen=_read(fields, "frozen", Node.texts, ()),
        rules=_read(fields, "rules", lambda one: tuple(rule_of(item) for item in one.items()), ()),
        all_or_nothing=_read(fields, "all_or_nothing", Node.boolean, False),
    )


def _place(node: Node) -> Place:
    fields = node.mapping(PLACE) if node.value is not None else {}
    return Place(
        starts=_read(fields, "groups", _numbers, {}),
        priorities=_read(fields, "priorities", _numbers, {}),
        frozen=_read(fields, "frozen", Node.texts, ()),
        rules=_read(fields, "rules", lambda one: tuple(rule_of(item) for item in one.items()), ()),
        all_or_nothing=_read(fields, "all_or_nothing", Node.boolean, False),
    )


def _read(fields: Mapping[str, Node], name: str, read: Callable[[Node], T], otherwise: T) -> T:
    """What a field says, where it is there."""
    return read(fields[name]) if name in fields and fields[name].value is not None else otherwise


def _numbers(node: Node) -> dict[str, int]:
    return {name: value.whole() for name, value in node.mapping().items()}


def _one_of(node: Node, names: list[str]) -> str:
    if node.value in names:
        return str(node.value)
    node.fault(f"is '{node.value}'", f"must be one of {', '.join(names)}")
    return names[0]


def _types(node: Node | None, cluster: Cluster) -> tuple[dict[str, InstanceType], dict[str, int]]:
    """The types that are listed, and their prices."""
    found: dict[str, InstanceType] = {}
    prices: dict[str, float] = {}
    resources = cluster.problem.cluster.resources
    for name, one in (node.mapping() if node is not None else {}).items():
        fields = one.mapping((*resources, PRICE), required=("cpu", "memory"))
        if PRICE in fields:
            prices[name] = fields[PRICE].number()
        capacity = {key: value.whole() for key, value in fields.items() if key != PRICE}
        for key, amount in capacity.items():
            if not 0 <= amount <= 2**40:
                fields[key].fault(f"is {amount:,}", "must be 0 to 2^40")
        found[name] = InstanceType(capacity)
    if node is not None:
        node.faults += (replace(fault, path=f"types.{fault.path}.{PRICE}") for fault in price_faults(prices))
    return found, millionths(prices)


def _prices(node: Node | None) -> dict[str, int]:
    if node is None:
        return {}
    prices = {name: value.number() for name, value in node.mapping().items()}
    node.faults += under(node.path, price_faults(prices))
    return millionths(prices)


def _limits(node: Node) -> LimitFields:
    fields = node.mapping(LIMITS)
    found = LimitFields()
    if "time_limit" in fields:
        found["time_limit"] = float(fields["time_limit"].number())
    if "deterministic_limit" in fields:
        found["deterministic_limit"] = float(fields["deterministic_limit"].number())
    if "seed" in fields:
        found["seed"] = fields["seed"].whole()
    if "engine" in fields:
        found["engine"] = Engine(_one_of(fields["engine"], [engine.value for engine in Engine]))
    return found
