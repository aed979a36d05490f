"""A cluster directory of ECS documents as a problem, and as what requests are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from solver.domain.problem import Problem
from solver.domain.request import Freedom, RuleSpec
from solver.formats.draft import Draft, Standing
from solver.formats.ecs.deployment import make_deployment
from solver.formats.ecs.groups import Directory
from solver.formats.ecs.names import EcsNames
from solver.formats.ecs.request import Request, make_request
from solver.formats.listed import Listed
from solver.formats.operable import Operable


@dataclass(frozen=True, eq=False)
class EcsCluster(Operable):
    """What a cluster directory says.

    Parameters
    ----------
    problem
        Every group that runs and every service's current revision; nothing is to start.
    warnings
        What matters in the documents and is not modelled, is set aside, or had to be assumed. What concerns the new
        tasks of a group alone comes with a request for it.
    desired
        The desired count of each service, by the name of its group.
    """

    problem: Problem
    warnings: tuple[str, ...]
    desired: Mapping[str, int]
    groups: tuple[Listed, ...] = field(repr=False)
    directory: Directory = field(repr=False)

    @cached_property
    def names(self) -> EcsNames:
        """What its groups are called."""
        return EcsNames(self.problem, self.groups, self.directory)

    def desired_counts(self) -> Mapping[str, int]:
        """The desired count of each service."""
        return self.desired

    def request(
        self,
        starts: Mapping[str, int],
        *,
        constraints: Sequence[RuleSpec] | None = None,
        strategies: Sequence[RuleSpec] | None = None,
        priorities: Mapping[str, int] | None = None,
        frozen: Sequence[str] = (),
        all_or_nothing: bool = False,
        rules: Sequence[RuleSpec] = (),
    ) -> tuple[Problem, tuple[str, ...]]:
        """The problem of starting exactly so many tasks of each group, and the warnings that concern those groups.

        The warnings come on top of ``warnings``, which concern the documents whatever is asked.

        Parameters
        ----------
        starts
            New tasks by group: ``service:web``, ``family:batch``, ``family:batch:7``, or any name of ``problem``. The
            problem lists these groups first, in this order.
        constraints, strategies
            For a single group, in place of its service's own; the task definition's constraints stay.
        priorities
            By group, in place of the tag ``placement:priority``.
        frozen
            Groups, and instances (EC2 id, ARN or its last part), where nothing may change.
        all_or_nothing
            Start everything or nothing (§6.3).
        rules
            Rules of the whole cluster.

        Raises
        ------
        InvalidRequest
            With every unknown name, absurd count, and contradiction at once.
        """
        request = Request(
            starts, constraints, strategies, priorities or {}, tuple(frozen), all_or_nothing, tuple(rules)
        )
        return make_request(request, self.names)

    def deploy(
        self,
        service: str,
        task_definition: str,
        *,
        desired: int | None = None,
        priorities: Mapping[str, int] | None = None,
        frozen: Sequence[str] = (),
        rules: Sequence[RuleSpec] = (),
        all_or_nothing: bool = False,
    ) -> tuple[Problem, tuple[str, ...]]:
        """The problem of having all tasks of a service in one revision, and warnings.

        All tasks of other revisions stop; the new one starts what it lacks. The service's minimum healthy and maximum
        percent bound what happens on the way (§9.2).

        Parameters
        ----------
        service
            ``web`` or ``service:web``.
        task_definition
            ``family:revision``, an ARN, or a family for its latest ACTIVE revision.
        desired
            Tasks that there should be; None for the service's own desired count.
        all_or_nothing
            Start all tasks of the new revision, or none (§6.3).

        Raises
        ------
        InvalidRequest
            With every unknown name, absurd count and contradiction at once.
        """
        draft = Draft(self.names, Standing(priorities or {}, tuple(frozen), tuple(rules), all_or_nothing))
        make_deployment(draft, self.directory, service, task_definition, desired)
        return draft.problem(Freedom())
