"""A task group as the documents of a cluster list it."""

from __future__ import annotations

from dataclasses import dataclass

from solver.domain.request import RuleSpec, TaskGroup

AS_ROLE = " as role/"
"""Between the name of a group and the role of those of its tasks that run under another one than its task definition's."""


@dataclass(frozen=True)
class Listed:
    """A group with what people should know about it.

    Parameters
    ----------
    own
        Its constraints that come from the task definition, which a request never replaces.
    remarks
        What matters for its new tasks and is not modelled.
    refusal
        Why no new task of it can be asked for; empty if one can.
    moves
        Whether its tasks may move all the same.
    is_undefined
        Whether its task definition is missing, so that only its tasks say what it is.
    """

    group: TaskGroup
    own: tuple[RuleSpec, ...] = ()
    remarks: tuple[str, ...] = ()
    refusal: str = ""
    moves: bool = False
    is_undefined: bool = False
