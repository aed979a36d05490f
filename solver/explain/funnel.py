"""The funnel: of the cluster's instances, how many each rule refused first (§7.1; ECS API failures, service events)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.domain.counts import Bools, Counts
from solver.domain.explanation import FunnelStage
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.rules.base import Constraint
from solver.rules.bound import Rules
from solver.rules.instance_state import InstanceState

EVENT = "was unable to place a task because no container instance met all of its requirements."
"""ECS's words (ECS developer guide, service event messages)."""


@dataclass(frozen=True, eq=False)
class Refusal:
    """What one stage of the pipeline refuses: ``refuses`` is ``bool[I]``."""

    stage: str
    rule: str
    reason: str
    refuses: Bools


def refusals(rules: Rules, state: Placement, group: int) -> list[Refusal]:
    """What each rule says to one more task of the group in a state, in the pipeline's order."""
    found: list[Refusal] = []
    for rule in rules.concerning(group):
        if isinstance(rule, InstanceState):
            found += _state_refusals(rules.problem)
            continue
        admitted = rule.admits(rules.problem, group) & (rule.room(state, group) > 0)
        stage = rule.stage_for(group).name.lower()
        found.append(Refusal(stage, title(rule, rules.problem, group), rule.reason, ~admitted))
    return found


def _state_refusals(problem: Problem) -> list[Refusal]:
    cluster = problem.cluster
    return [
        Refusal("cluster", "instance status", "not ACTIVE", ~cluster.active),
        Refusal("cluster", "container agent", "AGENT", ~cluster.connected),
        Refusal("cluster", "frozen instances", "frozen by the request", problem.frozen),
    ]


def title(rule: Constraint, problem: Problem, group: int) -> str:
    """The rule's name, with its owner where that is another group."""
    if rule.owner is None or rule.owner == group:
        return rule.name
    return f"{rule.name} of {problem.groups[rule.owner].name}"


def funnel(rules: Rules, tasks: Counts, group: int, state: Placement | None = None) -> tuple[FunnelStage, ...]:
    """Of all instances, how many each rule refused first for one more task of the group, in the state ``tasks``.

    Stages that refuse nothing are left out. What is refused and what is left at the end add up to all instances; where
    instances are left, the last stage says why the plan did not use them. ``state`` is that of ``tasks``, where it is at
    hand.
    """
    state = state or Placement(rules.problem, tasks)
    left = np.ones(rules.problem.cluster.size, np.bool_)
    stages = []
    for refusal in refusals(rules, state, group):
        refused = int((left & refusal.refuses).sum())
        left &= ~refusal.refuses
        if refused:
            stages.append(FunnelStage(refusal.stage, refusal.rule, refusal.reason, refused, int(left.sum())))
    if left.any():
        stages.append(_unused(rules, state, group, left))
    return tuple(stages)


def _unused(rules: Rules, state: Placement, group: int, left: Bools) -> FunnelStage:
    """Why instances that take one more task got none."""
    problem = rules.problem
    wanted = int(problem.wanted[group])
    remain = int(left.sum())
    if problem.all_or_nothing:
        reason = f"all {int(problem.wanted.sum()):,} new tasks of the request go together, and not all fit"
        return FunnelStage("final", "all or nothing", reason, 0, remain)
    if problem.groups[group].all_or_nothing:
        fit = int(np.minimum(rules.room(state, group), wanted).sum())
        reason = f"the {wanted:,} new tasks go together, and fewer fit"
        if fit < wanted and not any(rule.stepwise(problem, group) for rule in rules.concerning(group)):
            reason = f"the {wanted:,} new tasks go together, and {fit:,} fit"
        return FunnelStage("final", "all or nothing", reason, 0, remain)
    return FunnelStage("final", "search", "one more task would fit; the search ended before it was placed", 0, remain)


@dataclass(frozen=True)
class Closest:
    """The instance that the fewest rules refuse, and which they are."""

    instance: int
    rules: tuple[str, ...]
    reasons: tuple[str, ...]


def closest(rules: Rules, tasks: Counts, group: int) -> Closest | None:
    """The instance that one more task of the group comes closest to; None if there is none at all.

    Fewest refusals first; among equals the one with the largest share of free resources, then the first.
    """
    problem = rules.problem
    if not problem.cluster.size:
        return None
    state = Placement(problem, tasks)
    found = refusals(rules, state, group)
    against = np.sum([refusal.refuses for refusal in found], axis=0)
    free = (state.free / np.maximum(problem.cluster.capacity, 1)).sum(axis=1)
    instance = int(np.lexsort((-free, against))[0])
    here = [refusal for refusal in found if refusal.refuses[instance]]
    return Closest(instance, tuple(r.rule for r in here), tuple(r.reason for r in here))


def event(rules: Rules, tasks: Counts, group: int) -> str:
    """The event that ECS would write, with the closest instance and everything that it lacks."""
    problem = rules.problem
    name = problem.groups[group].name.removeprefix("service:")
    sentence = f"(service {name}) {EVENT}"
    near = closest(rules, tasks, group)
    if near is None or not near.rules:
        return sentence
    reasons = ", ".join(f"{rule} ({reason})" for rule, reason in zip(near.rules, near.reasons, strict=True))
    label = problem.cluster.label(near.instance)
    return f"{sentence} The closest matching container-instance {label} is refused by {reasons}."
