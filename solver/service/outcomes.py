"""What becomes of the losses that a plan must survive -> the wire, and back with the problem at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from solver.domain.problem import Problem
from solver.domain.survival import LossOutcome
from solver.errors import InvalidRequest
from solver.v1 import plan_pb2, task_group_pb2

MOST_FALLBACKS = 100_000
"""Of an answer: a row has some 130 bytes."""


def losses_to_wire(losses: Iterable[LossOutcome], problem: Problem) -> Iterator[plan_pb2.LossOutcome]:
    """Write losses; the fallbacks of those behind the first ``MOST_FALLBACKS`` are left out."""
    left = MOST_FALLBACKS
    names = problem.cluster.instance_ids
    for one in losses:
        left -= len(one.fallbacks)
        yield plan_pb2.LossOutcome(
            what=one.what,
            value=one.value,
            status=_status(one),
            instances=one.instances,
            tasks=one.tasks,
            without_place=one.missing,
            at_least=one.at_least,
            proven=one.proven,
            allowed=one.allowed,
            allowed_proven=one.allowed_proven,
            fallbacks=[
                task_group_pb2.TaskCount(group=problem.groups[g].name, instance=names[i], count=count)
                for g, i, count in (one.fallbacks if left >= 0 else ())
            ],
        )


def _status(one: LossOutcome) -> plan_pb2.LossStatus:
    if not one.without_place:
        return plan_pb2.LOSS_STATUS_SURVIVED
    return plan_pb2.LOSS_STATUS_NOT_SURVIVED if one.at_least else plan_pb2.LOSS_STATUS_UNDECIDED


def read_losses(losses: Sequence[plan_pb2.LossOutcome], problem: Problem) -> tuple[LossOutcome, ...]:
    """Read losses.

    Raises
    ------
    InvalidRequest
        If one names a group or an instance that the problem has not.
    """
    return tuple(_read(f"losses[{k}]", one, problem) for k, one in enumerate(losses))


def _read(path: str, one: plan_pb2.LossOutcome, problem: Problem) -> LossOutcome:
    return LossOutcome(
        what=one.what,
        value=one.value,
        instances=one.instances,
        tasks=one.tasks,
        missing=dict(one.without_place),
        at_least=one.at_least,
        allowed=one.allowed,
        allowed_proven=one.allowed_proven,
        fallbacks=tuple(
            (
                group_of(problem, f"{path}.fallbacks[{n}].group", row.group),
                instance_of(problem, f"{path}.fallbacks[{n}].instance", row.instance),
                row.count,
            )
            for n, row in enumerate(one.fallbacks)
        ),
    )


def group_of(problem: Problem, path: str, name: str) -> int:
    """The group that an answer names at a path; raises what is none of the problem's."""
    group = problem.by_name.get(name)
    if group is None:
        raise InvalidRequest.at(path, f"'{name}' is not a group", "name one of the request")
    return group


def instance_of(problem: Problem, path: str, name: str) -> int:
    """The instance that an answer names at a path; raises what is none of the problem's."""
    instance = problem.cluster.find(name)
    if instance is None:
        raise InvalidRequest.at(path, f"'{name}' is not an instance", "name one of the cluster")
    return instance
