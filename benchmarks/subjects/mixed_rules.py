"""N4 with rules that no method for packing alone knows: what the count model does for any mixture of them."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.phases import MODEL, PLACING
from benchmarks.subject import Case, Subject
from benchmarks.workloads import ZONE_FIELD, packing_problem, scaled
from datasets.demo_services import ZONES
from solver.domain.problem import Problem
from solver.domain.request import Limits, RuleSpec, TaskGroup

ANTI_AFFINITY_EVERY, DISTINCT_EVERY, TWO_ZONES_EVERY = 5, 7, 9


def _build(seed: int, scale: float) -> Problem:
    plain = packing_problem(scaled(1_000, scale, 60), scaled(500, scale, 60), seed)
    groups = tuple(_with_rules(plain, number, group) for number, group in enumerate(plain.groups))
    return replace(plain, groups=groups)


def _with_rules(plain: Problem, number: int, group: TaskGroup) -> TaskGroup:
    rules = list(group.constraints)
    if number % ANTI_AFFINITY_EVERY == 0:
        other = plain.groups[(number + 1) % len(plain.groups)].family
        rules.append(RuleSpec("antiAffinity", f"{other}, instanceId"))
    if number % DISTINCT_EVERY == 0:
        rules.append(RuleSpec("distinctInstance"))
    if number % TWO_ZONES_EVERY == 0:
        rules.append(RuleSpec("memberOf", f"{ZONE_FIELD} in [{ZONES[0]}, {ZONES[1]}]"))
    return replace(group, constraints=tuple(rules))


SUBJECT = Subject(
    name="mixed_rules",
    title="N4 with other rules mixed in, instances opened",
    description=(
        "N4's services on N4's instances, `maxSkew(zone, 1)` and `spread(zone), binpack(cpu)` as there. Besides, every fifth "
        "service keeps apart from the next one on the instance (`antiAffinity`), every seventh is `distinctInstance`, and "
        "every ninth may use two zones only (`memberOf`). Value: the tier `2/binpack/instances`."
    ),
    cases=(
        Case(
            name="1,000 tasks on 500",
            build=_build,
            limits=Limits(time_limit=10.0),
            seeds=tuple(range(1, 6)),
            tier="2/binpack/instances",
        ),
    ),
    phases=(*PLACING, MODEL),
)
