"""A file of scenarios: what is asked, what things cost, and the scenarios themselves, as a list and as a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TypedDict, TypeVar

from solver.api import require_sensible
from solver.domain.money import millionths, price_faults
from solver.domain.request import Engine, Limits, Preempt, RuleSpec
from solver.domain.survival import Survival
from solver.errors import MAX_FAULTS, Fault, InvalidRequest, under
from solver.formats.choose import alike
from solver.formats.cluster import Cluster
from solver.whatif.asked import Asked
from solver.whatif.edits.base import require_readable, rule_of
from solver.whatif.edits.survival import survival_faults
from solver.whatif.edits.types import known_types
from solver.whatif.node import Node
from solver.whatif.question import InstanceType, Place, Question, Reconcile
from solver.whatif.scenario import BASE, Scenario, clock_faults, name_faults
from solver.whatif.written import faults_on, news, read_grid, read_listed
from solver.whatif.yaml_text import read_yaml

T = TypeVar("T")

HOLDS = "scenarios or a grid"
KEYS = ("ask", "limits", "prices", "types", "scenarios", "grid")
STANDING = ("priorities", "frozen", "rules", "all_or_nothing", "survive", "survive_groups")
RECONCILE = (
    *("desired", "max_moves", "max_move_cost", "preempt", "movable", "rebalance", "consolidate"),
    *STANDING,
)
PLACE = ("groups", *STANDING)
LIMITS = ("time_limit", "deterministic_limit", "seed", "engine")
PRICE = "price"


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
    warnings
        Of prices that are missing, so that costs are not known.
    """

    asked: Asked
    scenarios: tuple[Scenario, ...]
    limits: LimitFields = field(default_factory=lambda: LimitFields())
    warnings: tuple[str, ...] = ()

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
    listed, written = read_listed(fields.get("scenarios"))
    grid = read_grid(fields["grid"], written) if "grid" in fields else None
    limits = _limits(fields["limits"]) if "limits" in fields else LimitFields()
    asked = Asked.of(cluster, question, prices, types)
    read = tuple(faults)
    faults += news(_limit_faults(limits), read)
    faults += news(name_faults(listed), read)
    faults += news(_question_faults(asked), read)
    unreadable = {rule: list(_rule_faults(asked, rule)) for rule in question.rules}
    for k, rule in enumerate(question.rules):
        faults += news(under(f"{_where(question)}.rules[{k}]", unreadable[rule]), read)
    readable = tuple(rule for rule in question.rules if not unreadable[rule])
    tried = replace(asked, question=replace(question, rules=readable))
    faults += islice(news(faults_on(tried, written), read), max(MAX_FAULTS - len(faults), 0))
    scenarios = listed if grid is None or faults else (*listed, *grid.scenarios())
    faults += _clashes(listed, scenarios)
    faults += clock_faults(limits.get("deterministic_limit"), asked, scenarios)
    if faults:
        raise InvalidRequest(dict.fromkeys(faults))
    return Study(asked, scenarios, limits, tuple(_price_warnings(asked)))


def _limit_faults(limits: LimitFields) -> Iterator[Fault]:
    try:
        require_sensible(replace(Limits(), **limits))
    except InvalidRequest as invalid:
        yield from invalid.faults


def _question_faults(asked: Asked) -> Iterator[Fault]:
    """What makes no sense of the question on the cluster, each at the field that says it; but for its rules."""
    where = _where(asked.question)
    for fault in survival_faults(asked):
        path = fault.path.replace("lose", "survive").replace("groups", "survive_groups")
        yield replace(fault, path=f"{where}.{path}")
    try:
        asked.problem()
    except InvalidRequest as invalid:
        others = (fault for fault in invalid.faults if not fault.path.startswith("rules["))
        yield from (_at_field(asked.question, where, fault) for fault in others)


def _rule_faults(asked: Asked, rule: RuleSpec) -> Iterator[Fault]:
    """What is wrong with a rule of the cluster by itself."""
    try:
        require_readable(asked.with_problem(replace(asked.base, rules=(rule,))), "")
    except InvalidRequest as invalid:
        yield from invalid.faults


def _where(question: Question) -> str:
    return "ask.place" if isinstance(question, Place) else "ask.reconcile"


def _at_field(question: Question, where: str, fault: Fault) -> Fault:
    """The fault of a group or an instance at the field that names it; at the name itself where none does."""
    # What is no text is read as an empty name, and has its fault where it stands.
    name = "" if fault.path == "''" else fault.path
    counts = {"groups": question.starts} if isinstance(question, Place) else {"desired": question.desired}
    for field_name, numbers in {**counts, "priorities": question.priorities}.items():
        if name in numbers:
            return replace(fault, path=f"{where}.{field_name}.{name}")
    movable = () if isinstance(question, Place) else question.movable
    for field_name, names in (("movable", movable), ("frozen", question.frozen)):
        if name in names:
            path = f"{where}.{field_name}[{names.index(name)}]"
            return replace(fault, path=path, problem=f"'{name}' {fault.problem}")
    return replace(fault, path=f"{where}.{name}")


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
        survival=_survival(fields),
    )


def _place(node: Node) -> Place:
    fields = node.mapping(PLACE) if node.value is not None else {}
    return Place(
        starts=_read(fields, "groups", _numbers, {}),
        priorities=_read(fields, "priorities", _numbers, {}),
        frozen=_read(fields, "frozen", Node.texts, ()),
        rules=_read(fields, "rules", lambda one: tuple(rule_of(item) for item in one.items()), ()),
        all_or_nothing=_read(fields, "all_or_nothing", Node.boolean, False),
        survival=_survival(fields),
    )


def _survival(fields: Mapping[str, Node]) -> Survival | None:
    """What every plan must survive."""
    lose: tuple[str, ...] = _read(fields, "survive", Node.texts, ())
    groups: tuple[str, ...] = _read(fields, "survive_groups", Node.texts, ())
    if groups and not lose:
        fields["survive_groups"].fault("stands without survive", "write survive: zone too, or leave it out")
    return Survival(lose, groups) if lose else None


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


def _price_warnings(asked: Asked) -> Iterator[str]:
    """The types without a price, where others have one, and names that may have been meant for them."""
    missing = [name for name in known_types(asked) if name not in asked.prices]
    if not asked.prices or not missing:
        return
    yield f"no price of {', '.join(missing)}: a cost is empty where an instance of a type without one is among those that it sums"
    for name in asked.prices:
        if name not in known_types(asked) and (close := alike(name, missing, 1)):
            yield f"prices has '{name}', which is no type of the cluster and not among types; did you mean '{close[0]}'?"


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
