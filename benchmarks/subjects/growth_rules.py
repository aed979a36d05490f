"""How time and memory grow with the rules."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.growth import SERIES, TIERS, grown
from benchmarks.phases import PLACING
from benchmarks.subject import Case, Subject
from solver.domain.columns import TextColumn
from solver.domain.problem import Problem
from solver.domain.request import Limits, RuleSpec

_SERVICES, _RACKS = 50, 100
_RULES = (1, 2, 5, 10)
"""Constraints of each service; ECS and this package allow no more than 10."""


def ruled(rules: int, seed: int, scale: float) -> Problem:
    """A request whose services have so many constraints each; every one of them may refuse something."""
    plain = grown(SERIES["spread"], 1_000, 1_000, _SERVICES, 8, seed, scale)
    racks = np.random.default_rng(seed).permutation(np.arange(plain.cluster.size) % _RACKS)
    cluster = replace(
        plain.cluster,
        attributes={**plain.cluster.attributes, "rack": TextColumn.of([f"r{rack:02d}" for rack in racks])},
    )
    groups = tuple(
        replace(group, constraints=(*group.constraints, *(_rule(plain, number, k) for k in range(rules - 1))))
        for number, group in enumerate(plain.groups)
    )
    return replace(plain, cluster=cluster, groups=groups)


def _rule(plain: Problem, number: int, k: int) -> RuleSpec:
    """The k-th further constraint of a service: apart from another one, not on one rack, few on an instance, in turn."""
    kind, turn = k % 3, k // 3
    if kind == 0:
        other = plain.groups[(number + turn + 1) % len(plain.groups)].family
        return RuleSpec("antiAffinity", f"{other}, instanceId")
    if kind == 1:
        return RuleSpec("memberOf", f"attribute:rack != r{(7 * number + turn) % _RACKS:02d}")
    return RuleSpec("maxPerInstance", str(turn + 2))


SUBJECT = Subject(
    name="growth_rules",
    title="Growth with the rules",
    description=(
        "1,000 tasks of 50 of N4's services, each demand divided by 8, on 1,000 of N4's instances in 100 racks; ECS's default "
        "chain, `spread(zone), spread(instanceId)`. Each service has 1 to 10 constraints: `maxSkew(zone, 1)`, then in turn "
        "`antiAffinity` on the instance to the next service, `memberOf` all racks but one, and `maxPerInstance` of 2, 3 or 4. "
        "Time limit 2 s. Value: the last sum of squares."
    ),
    cases=tuple(
        Case(
            name=f"{_SERVICES * rules:,} constraints",
            build=partial(ruled, rules),
            limits=Limits(time_limit=2.0),
            seeds=(1, 2, 3),
            tier=TIERS["spread"],
            size=_SERVICES * rules,
            series="spread",
        )
        for rules in _RULES
    ),
    phases=PLACING,
    axis="rules",
)
