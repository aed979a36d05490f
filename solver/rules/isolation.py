"""What the rules ``isolateRoles`` come to: where each role's tasks are before and after, and which roles share instances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from solver.domain.counts import Bools, Counts, Ints
from solver.domain.explanation import Isolation, RolesTogether, RoleUse
from solver.domain.problem import Problem
from solver.rules.isolate_roles import TYPE, IsolateRoles

MOST_PAIRED = 40
"""Roles whose pairs are counted, those that share the most instances: there are as many pairs as roles squared."""


def isolation(problem: Problem, tasks: Counts) -> tuple[Isolation, ...]:
    """One for each rule of the request.

    Parameters
    ----------
    tasks
        Counts after the operation.

    Raises
    ------
    InvalidRequest
        If a rule cannot be read, which no request has that was answered.
    """
    rules = dict.fromkeys(rule.argument for rule in problem.rules if rule.type == TYPE)
    return tuple(_of_rule(IsolateRoles.parse(argument), problem, tasks) for argument in rules)


def _of_rule(rule: IsolateRoles, problem: Problem, tasks: Counts) -> Isolation:
    number = {role: k for k, role in enumerate(rule.roles)}
    role_of = np.array([number.get(group.role, -1) for group in problem.groups], np.int64)
    before, after = (_by_role(counts, role_of, len(number)) for counts in (problem.running, tasks))
    shared_before, shared_after = (_shared(counts) for counts in (before, after))
    known = set(role_of.tolist())
    uses = tuple(
        RoleUse(
            role=role,
            instances_before=len(before.cells_of(k)[0]),
            instances_after=len(after.cells_of(k)[0]),
            tasks_before=int(before.cells_of(k)[1].sum()),
            tasks_after=int(after.cells_of(k)[1].sum()),
            is_known=k in known,
        )
        for role, k in number.items()
    )
    return Isolation(
        rule=rule.name,
        roles=uses,
        together=tuple(_pairs(rule.roles, before, after, shared_before | shared_after)),
        shared_before=int(shared_before.sum()),
        shared_after=int(shared_after.sum()),
    )


def _by_role(tasks: Counts, role_of: Ints, roles: int) -> Counts:
    """Roles x instances."""
    role = role_of[tasks.group]
    named = role >= 0
    return Counts.of((roles, tasks.instances), role[named], tasks.instance[named], tasks.count[named])


def _shared(by_role: Counts) -> Bools:
    """``bool[I]``: instances with tasks of several of the roles."""
    shared: Bools = np.bincount(by_role.instance, minlength=by_role.instances) > 1
    return shared


def _pairs(roles: Sequence[str], before: Counts, after: Counts, shared: Bools) -> Iterator[RolesTogether]:
    """The pairs that are together on an instance before or after, those that are on the most afterwards first."""
    often = sum(np.bincount(counts.group[shared[counts.instance]], minlength=len(roles)) for counts in (before, after))
    most = np.argsort(-np.asarray(often), kind="stable")[:MOST_PAIRED]
    chosen = np.sort(most[np.asarray(often)[most] > 0]).tolist()
    places = [[set(counts.cells_of(k)[0].tolist()) for counts in (before, after)] for k in chosen]
    found = [
        RolesTogether(roles[a], roles[b], len(in_a[0] & in_b[0]), len(in_a[1] & in_b[1]))
        for (a, in_a), (b, in_b) in combinations(zip(chosen, places, strict=True), 2)
    ]
    yield from sorted((pair for pair in found if pair.before or pair.after), key=lambda pair: -pair.after)
