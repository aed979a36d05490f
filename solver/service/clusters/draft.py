"""Changes of a cluster that is kept, made one by one on a copy: what is free follows every task that starts or ends.

A message is replaced and never written to, since the state before may still be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from solver.domain.counts import LARGEST_SUM
from solver.errors import Fault, InvalidRequest, TooLarge
from solver.service.clusters.totals import Noting
from solver.v1 import cluster_pb2, plan_pb2, task_group_pb2
from solver.v1 import cluster_service_pb2 as wire

Instances = Mapping[str, cluster_pb2.Instance]
Groups = Mapping[str, task_group_pb2.TaskGroup]
Tasks = Mapping[str, task_group_pb2.RunningTask]

_LARGEST = 2**63 - 1
"""What an amount holds on the wire."""


@dataclass(frozen=True, eq=False)
class Reserved:
    """A plan that was committed, as far as nothing has confirmed it.

    Parameters
    ----------
    starting
        By id of their own; they are among the cluster's tasks, too.
    stopping
        By id; they are not among the cluster's tasks, and hold what they take until they end.
    """

    id: str
    starting: Tasks
    stopping: Tasks
    lapses_at: datetime
    request_id: str = ""


class Draft:
    """A copy in which changes are made one by one; messages are replaced, never written to."""

    def __init__(
        self,
        resources: Sequence[str],
        instances: Instances,
        groups: Groups,
        tasks: Tasks,
        reserved: Mapping[str, Reserved],
    ) -> None:
        self._resources = tuple(resources)
        self._reserved = dict(reserved)
        self.instances = Noting(instances)
        self.groups = Noting(groups)
        self.tasks = Noting(tasks)
        self._own: set[str] = set()
        self._at = ""
        self.starting = {key: dict(one.starting) for key, one in reserved.items()}
        self.stopping = {key: dict(one.stopping) for key, one in reserved.items()}

    def reserved(self) -> dict[str, Reserved]:
        """The reservations; those of which nothing is left are gone."""
        return {
            key: replace(self._reserved[key], starting=starting, stopping=self.stopping[key])
            for key, starting in self.starting.items()
            if starting or self.stopping[key]
        }

    def apply(self, path: str, change: wire.Change) -> None:
        """Make one change."""
        kind = change.WhichOneof("change")
        if kind is None:
            raise InvalidRequest.at(path, "changes nothing", "set one of its fields")
        path = self._at = f"{path}.{kind}"
        if kind == "put_instance":
            self._put_instance(path, change.put_instance)
        elif kind == "remove_instance":
            self._remove_instance(path, change.remove_instance)
        elif kind == "put_group":
            self._put_group(path, change.put_group)
        elif kind == "remove_group":
            self._remove_group(path, change.remove_group)
        elif kind == "put_task":
            self._put_task(path, change.put_task)
        elif kind == "remove_task":
            self._remove_task(change.remove_task)
        else:
            self._set_status(path, change.set_instance_status)

    # Instances.

    def _put_instance(self, path: str, instance: cluster_pb2.Instance) -> None:
        if not instance.id:
            raise InvalidRequest.at(f"{path}.id", "is empty", "give the instance its id")
        for name in ("capacity", "free"):
            if len(getattr(instance, name)) != len(self._resources):
                problem = f"has {len(getattr(instance, name))} amounts"
                remedy = f"one for each of {', '.join(self._resources)}"
                raise InvalidRequest.at(f"{path}.{name}", problem, remedy)
        for r, (free, capacity) in enumerate(zip(instance.free, instance.capacity, strict=True)):
            if capacity < 0 or free > capacity:
                problem = f"is {free} of {capacity}"
                raise InvalidRequest.at(
                    f"{path}.free[{r}]", problem, "must be at most the capacity, which is 0 or more"
                )
        self._own.discard(instance.id)
        self.instances[instance.id] = instance
        # Whoever says what is free does not know of what is only reserved.
        for starting in self.starting.values():
            for task in starting.values():
                if task.instance == instance.id:
                    self._take(task, 1)

    def _remove_instance(self, path: str, instance: str) -> None:
        if instance not in self.instances:
            raise InvalidRequest.at(path, f"'{instance}' is not an instance", "name one of the cluster")
        self._own.discard(instance)
        del self.instances[instance]
        for tasks in (self.tasks, *self.starting.values(), *self.stopping.values()):
            for task in [task for task in tasks.values() if task.instance == instance]:
                del tasks[task.id]

    def _set_status(self, path: str, change: wire.InstanceStatusChange) -> None:
        self._require_instance(f"{path}.instance", change.instance)
        found = self._written(change.instance)
        found.status, found.agent_disconnected = change.status, change.agent_disconnected

    def _require_instance(self, path: str, instance: str) -> None:
        if instance not in self.instances:
            raise InvalidRequest.at(path, f"'{instance}' is not an instance", "name one of the cluster by its id")

    def _written(self, instance: str) -> cluster_pb2.Instance:
        """The instance, to be written to: copied once, however many tasks start or end there."""
        if instance in self._own:
            return self.instances[instance]
        self._own.add(instance)
        copy = cluster_pb2.Instance()
        copy.CopyFrom(self.instances[instance])
        self.instances[instance] = copy
        return copy

    # Groups.

    def _put_group(self, path: str, group: task_group_pb2.TaskGroup) -> None:
        if not group.name:
            raise InvalidRequest.at(f"{path}.name", "is empty", "give the group a name")
        if group.start or group.stop:
            problem = f"starts {group.start} and stops {group.stop}"
            raise InvalidRequest.at(path, problem, "what is wanted belongs into a request")
        known = self.groups.get(group.name)
        if known is not None and not _takes_alike(known, group) and self._holds(group.name):
            problem = "changes while the group has tasks"
            raise InvalidRequest.at(
                f"{path}.demand", problem, "give tasks that take something else a group of their own"
            )
        self.groups[group.name] = group

    def add_group(self, path: str, group: task_group_pb2.TaskGroup) -> None:
        """Keep the group of a request, without what the request wants of it."""
        kept = task_group_pb2.TaskGroup()
        kept.CopyFrom(group)
        kept.start = kept.stop = 0
        kept.all_or_nothing = False
        self._put_group(path, kept)

    def _remove_group(self, path: str, name: str) -> None:
        if name not in self.groups:
            raise InvalidRequest.at(path, f"'{name}' is not a group", "name one of the cluster")
        if self._holds(name):
            raise InvalidRequest.at(path, f"'{name}' has tasks", "remove its tasks first")
        del self.groups[name]

    def _holds(self, group: str) -> bool:
        every = (self.tasks, *self.stopping.values())
        return any(task.group == group for tasks in every for task in tasks.values())

    # Tasks.

    def _put_task(self, path: str, task: task_group_pb2.RunningTask) -> None:
        if faults := list(task_faults(path, task, self.groups, self.instances)):
            raise InvalidRequest(faults)
        for stopping in self.stopping.values():
            if task.id in stopping:
                # It has not ended yet, and is to all the same.
                self._take(stopping[task.id], -1)
                self._take(task, 1)
                stopping[task.id] = task
                return
        known = self.tasks.get(task.id)
        if known is not None and (known.group, known.instance) != (task.group, task.instance):
            self._remove_task(task.id)
            known = None
        if known is None and not self._confirm(task):
            self._take(task, 1)
        self.tasks[task.id] = task

    def _confirm(self, task: task_group_pb2.RunningTask) -> bool:
        """Put the task in the place of one that was reserved; whether there was one."""
        for starting in self.starting.values():
            for key, one in starting.items():
                if (one.group, one.instance) == (task.group, task.instance):
                    del starting[key], self.tasks[key]
                    return True
        return False

    def _remove_task(self, task: str) -> None:
        """Events come twice: a task that is not there has ended before."""
        if task in self.tasks:
            self._take(self.tasks.taken(task), -1)
        for stopping in self.stopping.values():
            if task in stopping:
                self._take(stopping.pop(task), -1)
        for starting in self.starting.values():
            starting.pop(task, None)

    def _take(self, task: task_group_pb2.RunningTask, times: int) -> None:
        """Take what so many tasks such as this take of its instance; below zero, give it back."""
        group, instance = self.groups[task.group], self._written(task.instance)
        for r, name in enumerate(self._resources):
            left = instance.free[r] - times * group.demand.get(name, 0)
            if not -LARGEST_SUM <= left <= _LARGEST:
                problem = f"would leave {left:,} {name} free on {task.instance}"
                raise InvalidRequest.at(
                    self._at or f"free[{r}]", problem, f"must be at least -{LARGEST_SUM:,} and fit 64 bits"
                )
            instance.free[r] = left
        for protocol, used in (
            (task_group_pb2.PROTOCOL_TCP, instance.used_tcp_ports),
            (task_group_pb2.PROTOCOL_UDP, instance.used_udp_ports),
        ):
            own = _ports(group, protocol)
            if own:
                others = set(used) - own | {port for port in own if times > 0 or self._held(task, port, protocol)}
                del used[:]
                used.extend(sorted(others))

    def _held(self, task: task_group_pb2.RunningTask, port: int, protocol: int) -> bool:
        """Whether another task on the instance has the port."""
        return any(
            other.instance == task.instance
            and other.id != task.id
            and port in _ports(self.groups[other.group], protocol)
            for tasks in (self.tasks, *self.stopping.values())
            for other in tasks.values()
        )

    # Plans.

    def reserve(
        self,
        actions: Sequence[plan_pb2.Action],
        key: str,
        lapses_at: datetime,
        request_id: str,
        most_tasks: int | None = None,
    ) -> None:
        """Make room for what a plan starts, and let go of what it stops.

        Parameters
        ----------
        most_tasks
            That there may be then, the reserved ones too; None for any number.
        """
        self.starting[key], self.stopping[key] = {}, {}
        self._reserved[key] = Reserved(key, {}, {}, lapses_at, request_id)
        for k, action in enumerate(actions):
            path = f"actions[{k}]"
            if action.kind in (plan_pb2.ACTION_KIND_STOP, plan_pb2.ACTION_KIND_MOVE):
                self._stop(path, action, key)
            elif action.kind != plan_pb2.ACTION_KIND_START:
                raise InvalidRequest.at(f"{path}.kind", f"is {action.kind}", "must be START, STOP or MOVE")
        # After all stops: what they free can be taken only once they have ended, but ports and room are judged by the plan.
        for k, action in enumerate(actions):
            if action.kind in (plan_pb2.ACTION_KIND_START, plan_pb2.ACTION_KIND_MOVE):
                self._start(f"actions[{k}]", action, key, most_tasks)

    def _stop(self, path: str, action: plan_pb2.Action, key: str) -> None:
        task = self.tasks.get(action.task)
        if task is None or any(action.task in starting for starting in self.starting.values()):
            problem = f"'{action.task}' is not a running task" if action.task else "is empty"
            raise InvalidRequest.at(f"{path}.task", problem, "name a task of the cluster that runs")
        self.stopping[key][task.id] = self.tasks.taken(task.id)

    def _start(self, path: str, action: plan_pb2.Action, key: str, most_tasks: int | None) -> None:
        if action.group not in self.groups:
            remedy = "name one of the cluster, or add the request's group to groups"
            raise InvalidRequest.at(f"{path}.group", f"'{action.group}' is not a group", remedy)
        self._require_instance(f"{path}.instance", action.instance)
        if action.count < 1:
            raise InvalidRequest.at(f"{path}.count", f"is {action.count}", "must be 1 or more")
        group, free = self.groups[action.group], self._left(action.instance)
        for r, name in enumerate(self._resources):
            need = group.demand.get(name, 0) * action.count
            if need > free[r]:
                problem = f"takes {need} {name} where {free[r]} are free"
                raise InvalidRequest.at(f"{path}.count", problem, "commit the plan of the present version as it is")
        # Before they are made: tasks that take nothing have room in any number.
        if most_tasks is not None and len(self.tasks) + action.count > most_tasks:
            problem = f"with these the cluster has {len(self.tasks) + action.count:,} tasks"
            raise TooLarge(f"{path}.count: {problem}; at most {most_tasks:,}")
        self._at = f"{path}.count"
        self._take(task_group_pb2.RunningTask(group=action.group, instance=action.instance), action.count)
        for number in range(len(self.starting[key]) + 1, len(self.starting[key]) + action.count + 1):
            task = task_group_pb2.RunningTask(
                id=f"{key}/{number}", group=action.group, instance=action.instance, pending=True
            )
            self.starting[key][task.id] = self.tasks[task.id] = task

    def _left(self, instance: str) -> list[int]:
        """What is free on an instance once everything that is to stop there has."""
        free = list(self.instances[instance].free)
        for stopping in self.stopping.values():
            for task in stopping.values():
                if task.instance == instance:
                    demand = self.groups[task.group].demand
                    free = [amount + demand.get(name, 0) for amount, name in zip(free, self._resources, strict=True)]
        return free

    def carry(self, groups: Groups, known: Tasks) -> None:
        """Take up the reservations of a state before this one.

        Parameters
        ----------
        groups, known
            Of the state before: a task that is not among them confirms a reserved one.
        """
        fresh = Counter((task.group, task.instance) for task in self.tasks.values() if task.id not in known)
        for starting in self.starting.values():
            for key, task in list(starting.items()):
                place = task.group, task.instance
                if fresh[place] or task.instance not in self.instances:
                    fresh[place] -= 1
                    del starting[key]
                    continue
                if task.group not in self.groups:
                    self.groups[task.group] = groups[task.group]
                self.tasks[key] = task
                self._take(task, 1)
        for key, stopping in self.stopping.items():
            self.stopping[key] = {task: self.tasks.taken(task) for task in stopping if task in self.tasks}

    def give_up(self, reserved: Reserved) -> None:
        """Give back what a reservation still holds; what was to stop runs on."""
        for task in self.starting.pop(reserved.id).values():
            del self.tasks[task.id]
            self._take(task, -1)
        for key, stopped in self.stopping.pop(reserved.id).items():
            self.tasks[key] = stopped


def task_faults(
    path: str, task: task_group_pb2.RunningTask, groups: Mapping[str, object], instances: Mapping[str, object]
) -> Iterator[Fault]:
    """What is wrong with a task of a cluster with these groups and instances."""
    if not task.id:
        yield Fault(f"{path}.id", "is empty", "give the task its id")
    if task.group not in groups:
        yield Fault(f"{path}.group", f"'{task.group}' is not a group", "name one of the cluster's groups")
    if task.instance not in instances:
        yield Fault(f"{path}.instance", f"'{task.instance}' is not an instance", "name one of the cluster by its id")


def _takes_alike(one: task_group_pb2.TaskGroup, other: task_group_pb2.TaskGroup) -> bool:
    return dict(one.demand) == dict(other.demand) and list(one.ports) == list(other.ports)


def _ports(group: task_group_pb2.TaskGroup, protocol: int) -> set[int]:
    tcp = (task_group_pb2.PROTOCOL_UNSPECIFIED, task_group_pb2.PROTOCOL_TCP)
    kinds = tcp if protocol == task_group_pb2.PROTOCOL_TCP else (task_group_pb2.PROTOCOL_UDP,)
    return {port.port for port in group.ports if port.protocol in kinds}
