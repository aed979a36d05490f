"""What may be bought, by type and zone, as instances of a cluster that rules can be asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from solver.capacity.catalogue import Catalogue, InstanceType, without_dearer
from solver.domain.altered import NewInstance
from solver.domain.cluster import INSTANCE_TYPE, ZONE
from solver.domain.problem import Problem
from solver.errors import Fault, InvalidRequest
from solver.formats.ecs.interfaces import NO_LIMIT, most_tasks
from solver.whatif.edits.addition import OF_PLATFORM

ARCHITECTURE = "ecs.cpu-architecture"
SYSTEM = "ecs.os-type"
INTERFACES = "interfaces"

MOST_NAMED = 6
"""Zones that a message names."""


@dataclass(frozen=True)
class Offer:
    """A type in a zone; the zone is empty where the cluster has none."""

    type: InstanceType
    zone: str


@dataclass(frozen=True, eq=False)
class Market:
    """What may be bought for a cluster.

    Parameters
    ----------
    offers
        Types that no other makes needless, zone by zone.
    attributes
        Further attributes that every new instance has.
    provider
        Their capacity provider; empty for none.
    ties_types
        Whether a rule counts tasks by type or architecture, so that a type matters by its name.
    """

    offers: tuple[Offer, ...]
    attributes: Mapping[str, str]
    provider: str = ""
    ties_types: bool = False

    @classmethod
    def of(
        cls,
        problem: Problem,
        catalogue: Catalogue,
        zones: Sequence[str],
        attributes: Mapping[str, str],
        provider: str = "",
    ) -> Market:
        """What is worth offering: a type is left out where another has as much for no more, and no rule tells them apart."""
        _require_offered(catalogue, zones)
        places = list(dict.fromkeys(zones)) or [zone for zone in problem.cluster.column(ZONE).values] or [""]
        texts = _texts(problem)
        said = " ".join(texts)
        # What an expression admits is known for each type by itself.
        tying = " ".join(text for text in texts if not text.startswith("memberOf("))
        ties_types = "instance-type" in tying or "architecture" in tying
        needed = np.flatnonzero(problem.demand.sum(axis=0)).tolist()
        counted = [problem.cluster.resources[r] for r in needed]
        where: dict[InstanceType, list[str]] = {}
        worthwhile: dict[tuple[InstanceType, ...], list[InstanceType]] = {}
        for zone in places:
            sold = tuple(one for one in catalogue.types if one.is_offered_in(zone))
            if sold not in worthwhile:
                amounts = {one: [_capacity(problem, one).get(name, 0) for name in counted] for one in sold}
                worthwhile[sold] = (
                    list(sold)
                    if "instance-type" in said
                    else without_dearer(amounts, by_architecture="architecture" in said)
                )
            for one in worthwhile[sold]:
                where.setdefault(one, []).append(zone)
        offers = tuple(Offer(one, zone) for one, zones_of in where.items() for zone in zones_of)
        return cls(offers, attributes, provider, ties_types)

    def zones_of(self, offers: Sequence[int]) -> list[str]:
        """The zones of some offers."""
        return [self.offers[k].zone for k in offers]

    def instance(self, problem: Problem, offer: Offer, name: str) -> NewInstance:
        """One instance of an offer, as it would join."""
        one = offer.type
        own = {INSTANCE_TYPE: one.name, SYSTEM: "linux"}
        own |= {ZONE: offer.zone} if offer.zone else {}
        own |= {ARCHITECTURE: one.architecture} if one.architecture else {}
        like = next(iter(np.flatnonzero(problem.cluster.accepts).tolist()), None)
        platform: dict[str, str] = {}
        if like is not None:
            # What the agent can do, as on an instance that is there.
            for key, column in problem.cluster.attributes.items():
                if key.startswith(OF_PLATFORM) and (value := column[like]) is not None:
                    platform[key] = value
        attributes = {**platform, **own, **self.attributes}
        return NewInstance(name, like, _capacity(problem, one), attributes, self.provider)


def unknown_zones(problem: Problem, catalogue: Catalogue, zones: Sequence[str]) -> tuple[str, ...]:
    """Warnings of zones that neither the cluster nor the catalogue has, where these have any: instances may be bought there."""
    known = {*problem.cluster.column(ZONE).values, *(zone for one in catalogue.types for zone in one.zones or ())}
    few = ", ".join(sorted(known)[:MOST_NAMED]) + (", ..." if len(known) > MOST_NAMED else "")
    return tuple(
        f"--zone '{zone}' is a zone of neither the cluster nor the catalogue, which know {few}: a mistake unless it is new"
        for zone in dict.fromkeys(zones)
        if known and zone not in known
    )


def _require_offered(catalogue: Catalogue, zones: Sequence[str]) -> None:
    """Refuse zones in which nothing is sold."""
    known = sorted({zone for one in catalogue.types for zone in one.zones or ()})
    faults = [
        Fault("--zone", f"'{zone}' is where the catalogue offers no type", f"such as {', '.join(known[:MOST_NAMED])}")
        for zone in zones
        if not any(one.is_offered_in(zone) for one in catalogue.types)
    ]
    if faults:
        raise InvalidRequest(faults)


def _capacity(problem: Problem, one: InstanceType) -> Mapping[str, int]:
    """What an instance of the type registers: as those that are there did, else as the catalogue says."""
    cluster = problem.cluster
    column = cluster.column(INSTANCE_TYPE)
    if one.name in column.values:
        there = np.flatnonzero(column.codes == column.values.index(one.name))
        return dict(zip(cluster.resources, cluster.capacity[there[0]].tolist(), strict=True))
    found = dict(one.capacity)
    if INTERFACES in cluster.resources and INTERFACES not in found:
        most = most_tasks(one.name, False)
        found[INTERFACES] = NO_LIMIT if most is None else most
    return found


def _texts(problem: Problem) -> list[str]:
    """Everything in which a rule could name a type or an architecture."""
    rules = [rule for group in problem.groups for rule in (*group.constraints, *(group.strategies or ()))]
    needed = [name for group in problem.groups for name in group.required_attributes]
    return [*dict.fromkeys(str(rule) for rule in (*rules, *problem.rules)), *dict.fromkeys(needed)]


def prices_there(problem: Problem, catalogue: Catalogue) -> list[int]:
    """What each instance that is there costs an hour, in millionths.

    Raises
    ------
    InvalidRequest
        If an instance has no type, or one that the catalogue does not have.
    """
    known = {one.name: one.price for one in catalogue.types}
    column = problem.cluster.column(INSTANCE_TYPE)
    types = [column[i] for i in range(problem.cluster.size)]
    faults = []
    for name in dict.fromkeys(types):
        if name not in known:
            first = problem.cluster.label(types.index(name))
            what = f"is of type '{name}', which the catalogue does not have" if name else "has no ecs.instance-type"
            faults.append(Fault(f"instance {first}", what, "add the type with its price to the catalogue"))
    if faults:
        raise InvalidRequest(faults[:100])
    return [known[name] for name in types if name is not None]
