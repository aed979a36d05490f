"""Which groups a plan changes, for what its caller may change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from solver.service.callers.roles import EVERYTHING, Role, Touched, require
from solver.service.clusters.state import LiveCluster
from solver.v1 import cluster_service_pb2 as wire
from solver.v1 import plan_pb2, task_group_pb2

ACTIONS = {
    plan_pb2.ACTION_KIND_START: "start",
    plan_pb2.ACTION_KIND_STOP: "stop",
    plan_pb2.ACTION_KIND_MOVE: "move",
}
"""What an action does, in words."""


def require_allowed(role: Role, request: wire.CommitRequest, cluster: LiveCluster) -> None:
    """Refuse a plan that changes what a role does not allow.

    Raises
    ------
    PermissionDenied
        With the first denial.
    """
    if role.services == role.pass_roles == EVERYTHING:
        return
    require(denial for touched in touched_by(request, cluster) for denial in role.denials(touched))


def touched_by(request: wire.CommitRequest, cluster: LiveCluster) -> Iterator[Touched]:
    """The groups that a plan changes, each by all the names and task roles that it has here or in the request."""
    own = {group.name: group for group in request.groups}
    for g, group in enumerate(request.groups):
        kept = [found for found in (group, cluster.groups.get(group.name)) if found is not None]
        yield _touched(f"groups[{g}]", f"groups[{g}].role", "put", group.name, kept, starts=True)
    for k, action in enumerate(request.actions):
        stops = action.kind in (plan_pb2.ACTION_KIND_STOP, plan_pb2.ACTION_KIND_MOVE)
        verb = ACTIONS.get(action.kind, "change")
        if stops and action.task in cluster.tasks:
            # Which group's task it is, is not for the action to say.
            name = cluster.tasks[action.task].group
            yield _touched(f"actions[{k}].task", "", verb, name, [cluster.groups[name]], starts=False)
        kept = [found for found in (own.get(action.group), cluster.groups.get(action.group)) if found is not None]
        starts = action.kind != plan_pb2.ACTION_KIND_STOP
        if starts or action.group:
            yield _touched(f"actions[{k}].group", f"actions[{k}].group", verb, action.group, kept, starts=starts)


def _touched(
    path: str, role_path: str, verb: str, name: str, groups: Sequence[task_group_pb2.TaskGroup], *, starts: bool
) -> Touched:
    families = (group.family for group in groups if group.family)
    return Touched(path, role_path, verb, (name, *families), tuple(group.role for group in groups) if starts else ())
