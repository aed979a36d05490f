"""A file of a simulation: providers, services with their policies, prices, and the demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np

from solver.domain.cluster import INSTANCE_TYPE, ZONE, ClusterSnapshot
from solver.domain.money import millionths, price_faults
from solver.errors import Fault, InvalidRequest, under
from solver.formats.choose import alike, nearest
from solver.formats.cluster import Cluster
from solver.formats.ecs.interfaces import NO_LIMIT, most_tasks
from solver.scaling.curve import MOST_MINUTES, Curve, Daily, read_curve
from solver.scaling.managed_scaling import RANGES, ManagedScaling
from solver.scaling.needed import Amounts
from solver.scaling.policy import Policy
from solver.scaling.setting import OurSetting, ProviderSetting, ServiceSetting, Setting
from solver.scaling.simulator import base_of, groups_of
from solver.scaling.step_scaling import Adjustment, Side, Step, StepScaling
from solver.scaling.strategy import Share, strategy_faults
from solver.scaling.target_tracking import TargetTracking
from solver.whatif.edits.types import INTERFACES, of_type
from solver.whatif.node import Node
from solver.whatif.yaml_text import read_yaml

T = TypeVar("T")

KEYS = ("curve", "minutes", "seed", "prices", "types", "providers", "services", "ours")
PROVIDER_KEYS = ("types", "zones", "minimum", "maximum", "launch", *RANGES, "termination_protection")
SERVICE_KEYS = (
    "load_per_task",
    "minimum",
    "maximum",
    "policies",
    "providers",
    "demand",
    "zone_rebalancing",
    "start_up",
)
TRACKING_KEYS = ("target", "scale_out_cooldown", "scale_in_cooldown", "disable_scale_in")
STEPPING_KEYS = ("threshold", "side", "steps", "adjustment_type", "cooldown", "min_adjustment_magnitude", "datapoints")
OUR_KEYS = ("max_moves", "every", "deterministic_limit", "ahead")
DEMAND_KEYS = ("low", "high", "peak", "noise")
MOST_TASKS, MOST_INSTANCES, LONGEST_LAUNCH, LONGEST_START = 100_000, 5_000, 86_400, 3_600


def read_setting(path: Path, cluster: Cluster, seed: int | None = None) -> Setting:
    """Read a file, and what it names, on a cluster.

    Parameters
    ----------
    seed
        In place of the file's.

    Raises
    ------
    UnreadableDocument
        If the file or its curve is missing, or is not what it should be.
    InvalidRequest
        With every fault, each with its path in the file.
    TooLarge
        If a file is too large.
    """
    return setting_of(read_yaml(path, "services and providers"), cluster, path.parent, seed)


def setting_of(document: object, cluster: Cluster, folder: Path, seed: int | None = None) -> Setting:
    """The same of a document in memory; ``folder`` is where its curve is looked for."""
    faults: list[Fault] = []
    fields = Node(document, "", faults).mapping(KEYS, required=("providers", "services"))
    snapshot = cluster.problem.cluster
    types, prices = _types(fields.get("types"), snapshot)
    if "prices" in fields:
        named = {name: value.number() for name, value in fields["prices"].mapping().items()}
        faults += under("prices", price_faults(named))
        prices |= millionths(named) if not price_faults(named) else {}
    providers = tuple(
        _provider(name, node, snapshot, types)
        for name, node in (fields["providers"].mapping() if "providers" in fields else {}).items()
    )
    services: list[ServiceSetting] = []
    daily: dict[str, Daily] = {}
    for name, node in (fields["services"].mapping() if "services" in fields else {}).items():
        services.append(_service(name, node, [one.name for one in providers], daily))
    for name, found in (("providers", providers), ("services", tuple(services))):
        if name in fields and isinstance(fields[name].value, dict) and not found:
            fields[name].fault("is empty", f"name at least one of the {name}")
    ours = _ours(fields["ours"]) if "ours" in fields else OurSetting()
    given = fields["seed"].whole() if "seed" in fields else 0
    chosen = given if seed is None else seed
    if not 0 <= chosen < 2**31:
        faults.append(Fault("seed", f"is {chosen:,}", "must be 0 to 2,147,483,647"))
    try:
        groups_of(cluster, services)
    except InvalidRequest as invalid:
        faults += invalid.faults
    if not cluster.problem.cluster.size:
        faults.append(Fault("providers", "the cluster has no instance", "begin with a cluster that has one"))
    if faults:
        raise InvalidRequest(faults)
    curve = _curve(fields, services, daily, folder, chosen, faults)
    if faults:
        raise InvalidRequest(faults)
    warnings = tuple(provider_warnings(snapshot, [one.name for one in providers]))
    setting = Setting(tuple(services), providers, prices, types, curve, ours, chosen, warnings)
    base_of(cluster, setting)
    return setting


def provider_warnings(cluster: ClusterSnapshot, named: Sequence[str]) -> Iterator[str]:
    """The providers of the file that have no instance, with what was probably meant, and those that the file does not name."""
    column = cluster.capacity_provider
    held = {name: int((column.codes == k).sum()) for k, name in enumerate(column.values)}
    left = {name: count for name, count in held.items() if count and name not in named}
    for name in named:
        if not held.get(name):
            meant = "".join(f"; did you mean '{other}'?" for other in alike(name, list(left), 1))
            yield f"provider '{name}' has no instance in the cluster: its group begins empty{meant}"
    for name, count in left.items():
        what = "1 instance, which stays" if count == 1 else f"{count:,} instances, which stay"
        yield f"the cluster's provider '{name}' is not in the file: it has {what}, and nothing scales it"


def _curve(
    fields: Mapping[str, Node],
    services: Sequence[ServiceSetting],
    daily: Mapping[str, Daily],
    folder: Path,
    seed: int,
    faults: list[Fault],
) -> Curve:
    """From the file that is named, or drawn from what each service says."""
    names = [service.name for service in services]
    if "curve" in fields:
        faults += (Fault(f"services.{name}.demand", "stands beside curve", "leave one of them out") for name in daily)
        if "minutes" in fields:
            fields["minutes"].fault("stands beside curve", "leave it out: the curve says how long it is")
        path = fields["curve"].text()
        return Curve({}) if faults else read_curve(folder / path, names)
    missing = [name for name in names if name not in daily]
    faults += (Fault(f"services.{name}.demand", "is missing, and so is curve", "write one of them") for name in missing)
    minutes = fields["minutes"].whole() if "minutes" in fields else 1_440
    if not 1 <= minutes <= MOST_MINUTES:
        faults.append(Fault("minutes", f"is {minutes:,}", f"must be 1 to {MOST_MINUTES:,}"))
    return Curve({} if faults else {name: daily[name].drawn(name, minutes, seed) for name in names})


def _types(node: Node | None, cluster: ClusterSnapshot) -> tuple[dict[str, Amounts], dict[str, int]]:
    """The types that are listed, and those of the cluster's instances; and prices that stand with them."""
    found: dict[str, Amounts] = {}
    for name in cluster.column(INSTANCE_TYPE).values:
        first = of_type(cluster, name)[0]
        found[name] = dict(zip(cluster.resources, cluster.capacity[first].tolist(), strict=True))
    prices: dict[str, float] = {}
    for name, one in (node.mapping() if node is not None else {}).items():
        fields = one.mapping((*cluster.resources, "price"), required=("cpu", "memory"))
        if "price" in fields:
            prices[name] = fields["price"].number()
        capacity = {key: value.whole() for key, value in fields.items() if key != "price"}
        for key, amount in capacity.items():
            if not 0 <= amount <= 2**40:
                fields[key].fault(f"is {amount:,}", "must be 0 to 2^40")
        if INTERFACES in cluster.resources and INTERFACES not in capacity:
            most = most_tasks(name, False)
            capacity[INTERFACES] = NO_LIMIT if most is None else most
        found[name] = capacity
    wrong = price_faults(prices)
    if node is not None:
        node.faults += (replace(fault, path=f"types.{fault.path}.price") for fault in wrong)
    return found, {} if wrong else millionths(prices)


def _provider(name: str, node: Node, cluster: ClusterSnapshot, types: Mapping[str, Amounts]) -> ProviderSetting:
    fields = node.mapping(PROVIDER_KEYS, required=("types", "maximum"))
    kinds = fields["types"].texts() if "types" in fields else ()
    for kind in kinds:
        if kind not in types:
            remedy = f"{nearest(kind, types)}, or list it under types"
            fields["types"].fault(f"has '{kind}', no type that is known", remedy)
    known = tuple(dict.fromkeys(value for value in cluster.column(ZONE).values))
    zones = fields["zones"].texts() if "zones" in fields else known or ("",)
    minimum = _count(fields, "minimum", 0, MOST_INSTANCES, 0)
    maximum = _count(fields, "maximum", 1, MOST_INSTANCES, 1)
    if maximum < minimum:
        fields["maximum"].fault(f"is {maximum:,}, below minimum {minimum:,}", "must be at least the minimum")
    column = cluster.capacity_provider
    here = int(column.where(np.array([value == name for value in column.values], np.bool_)).sum())
    if "maximum" in fields and minimum <= maximum < here:
        fields["maximum"].fault(f"is {maximum:,}", f"must be at least {here:,}: so many instances it has")
    numbers = {key: _read(fields, key, Node.whole, getattr(ManagedScaling, key)) for key in RANGES}
    protection = _read(fields, "termination_protection", Node.boolean, True)
    managed = ManagedScaling(**numbers, termination_protection=protection)
    node.faults += under(node.path, managed.faults())
    launch = _count(fields, "launch", 0, LONGEST_LAUNCH, 120)
    return ProviderSetting(name, kinds, zones, minimum, maximum, launch, managed)


def _service(name: str, node: Node, providers: Sequence[str], daily: dict[str, Daily]) -> ServiceSetting:
    fields = node.mapping(SERVICE_KEYS, required=("load_per_task", "maximum", "policies"))
    load = _read(fields, "load_per_task", _fraction, Fraction(1))
    if not 0 < load <= 10**9:
        fields["load_per_task"].fault(f"is {float(load):g}", "must be above 0 and at most 10^9")
        load = Fraction(1)
    minimum = _count(fields, "minimum", 0, MOST_TASKS, 0)
    maximum = _count(fields, "maximum", 1, MOST_TASKS, 1)
    if maximum < minimum:
        fields["maximum"].fault(f"is {maximum:,}, below minimum {minimum:,}", "must be at least the minimum")
    policies = tuple(
        policy
        for item in (fields["policies"].items() if "policies" in fields else ())
        if (policy := _policy(item)) is not None
    )
    if "policies" in fields and isinstance(fields["policies"].value, list) and not fields["policies"].value:
        fields["policies"].fault("is empty", "give the service a policy, or leave the service out")
    if "demand" in fields:
        daily[name] = _daily(fields["demand"])
    evens = _read(fields, "zone_rebalancing", Node.boolean, False)
    start_up = _count(fields, "start_up", 0, LONGEST_START, 0)
    return ServiceSetting(name, load, minimum, maximum, policies, _strategy(node, fields, providers), evens, start_up)


def _strategy(node: Node, fields: Mapping[str, Node], providers: Sequence[str]) -> tuple[Share, ...]:
    """The service's capacity providers; the only one where it names none."""
    if "providers" not in fields:
        if len(providers) > 1:
            node.at("providers", None).fault("is missing, and there are several", "say which, each with its weight")
        return tuple(Share(name, weight=1) for name in providers[:1])
    shares = []
    for item in fields["providers"].items():
        one = item.mapping(("provider", "base", "weight"), required=("provider",))
        name = one["provider"].text() if "provider" in one else ""
        if name and name not in providers:
            one["provider"].fault(f"is '{name}', no provider of the file", nearest(name, providers))
        shares.append(Share(name, _read(one, "base", Node.whole, 0), _read(one, "weight", Node.whole, 0)))
    if isinstance(fields["providers"].value, list):
        found = strategy_faults(shares)
        node.faults += (replace(fault, path=f"{node.path}.providers{fault.path}") for fault in found)
    return tuple(shares)


def _policy(node: Node) -> Policy | None:
    kinds: dict[str, Callable[[Node], TargetTracking | StepScaling]] = {
        "target_tracking": _tracking,
        "step_scaling": _stepping,
    }
    if not isinstance(node.value, dict) or len(node.value) != 1:
        node.fault("is no policy", "write target_tracking: or step_scaling: and what it says")
        return None
    for kind, said in node.mapping(tuple(kinds)).items():
        policy = kinds[kind](said)
        node.faults += under(said.path, policy.faults())
        return policy
    return None


def _tracking(node: Node) -> TargetTracking:
    fields = node.mapping(TRACKING_KEYS, required=("target",))
    return TargetTracking(
        # What is missing has its fault already.
        _read(fields, "target", _fraction, Fraction(50)),
        _read(fields, "scale_out_cooldown", Node.whole, 300),
        _read(fields, "scale_in_cooldown", Node.whole, 300),
        _read(fields, "disable_scale_in", Node.boolean, False),
    )


def _stepping(node: Node) -> StepScaling:
    fields = node.mapping(STEPPING_KEYS, required=("threshold", "side", "steps"))
    steps = []
    for item in fields["steps"].items() if "steps" in fields else ():
        one = item.mapping(("lower", "upper", "adjustment"), required=("adjustment",))
        bounds = {name: _read(one, name, _fraction, None) for name in ("lower", "upper")}
        steps.append(Step(_read(one, "adjustment", Node.whole, 0), bounds["lower"], bounds["upper"]))
    side = _read(fields, "side", lambda one: _one_of(one, [kind.value for kind in Side]), Side.ABOVE.value)
    kinds = [kind.value for kind in Adjustment]
    kind = _read(fields, "adjustment_type", lambda one: _one_of(one, kinds), Adjustment.CHANGE.value)
    return StepScaling(
        _read(fields, "threshold", _fraction, Fraction(50)),
        Side(side),
        tuple(steps) if "steps" in fields else (Step(0),),
        Adjustment(kind),
        _read(fields, "cooldown", Node.whole, 300),
        _read(fields, "min_adjustment_magnitude", Node.whole, 1),
        _read(fields, "datapoints", Node.whole, 1),
    )


def _daily(node: Node) -> Daily:
    fields = node.mapping(DEMAND_KEYS, required=("low", "high"))
    found = Daily(
        _read(fields, "low", _fraction, Fraction(0)),
        _read(fields, "high", _fraction, Fraction(0)),
        _read(fields, "peak", _clock, 14 * 60),
        _read(fields, "noise", _fraction, Fraction(0)),
    )
    if "low" in fields and "high" in fields:
        node.faults += under(node.path, found.faults())
    return found


def _ours(node: Node) -> OurSetting:
    fields = node.mapping(OUR_KEYS)
    limit = _read(fields, "deterministic_limit", Node.number, OurSetting.deterministic_limit)
    if not 0 < limit <= 100:
        fields["deterministic_limit"].fault(f"is {limit}", "must be above 0 and at most 100 deterministic seconds")
    moves = _count(fields, "max_moves", 0, 10_000, OurSetting.max_moves)
    ahead = _read(fields, "ahead", Node.boolean, OurSetting.ahead)
    return OurSetting(moves, _count(fields, "every", 1, 1_440, OurSetting.every), float(limit), ahead)


def _count(fields: Mapping[str, Node], name: str, least: int, most: int, otherwise: int) -> int:
    if name not in fields:
        return otherwise
    found = fields[name].whole()
    if isinstance(fields[name].value, int) and not least <= found <= most:
        fields[name].fault(f"is {found:,}", f"must be {least:,} to {most:,}")
        return otherwise
    return found


def _read(fields: Mapping[str, Node], name: str, read: Callable[[Node], T], otherwise: T) -> T:
    """What a field says, where it is there."""
    return read(fields[name]) if name in fields else otherwise


def _fraction(node: Node) -> Fraction:
    return Fraction(str(node.number()))


def _clock(node: Node) -> int:
    """``HH:MM`` as a minute of the day."""
    text = node.value if isinstance(node.value, str) else ""
    hours, _, minutes = text.partition(":")
    digits = all(len(part) == 2 and part.isascii() and part.isdigit() for part in (hours, minutes))
    if digits and int(hours) < 24 and int(minutes) < 60:
        return 60 * int(hours) + int(minutes)
    node.fault(f"is {node.value!r}", "must be a time of the day, like 14:30")
    return 0


def _one_of(node: Node, names: list[str]) -> str:
    if node.value in names:
        return str(node.value)
    node.fault(f"is '{node.value}'", f"must be one of {', '.join(names)}")
    return names[0]
