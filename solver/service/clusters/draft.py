"""Changes of a cluster that is kept, made one by one on a copy: what is free follows every task that starts or ends.

A message is replaced and never written to, since the state before may still be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from operator import add

from solver.domain.counts import LARGEST_SUM
from solver.errors import Fault, InvalidRequest, TooLarge
from solver.service.clusters.room import Needs, Room
from solver.service.clusters.standing import Standing
from solver.service.clusters.totals import Noting
from solver.v1 import cluster_pb2, plan_pb2, task_group_pb2
from solver.v1 import cluster_service_pb2 as wire

Instances = Mapping[str, cluster_pb2.Instance]
Groups = Mapping[str, task_group_pb2.TaskGroup]
Tasks = Mapping[str, task_group_pb2.RunningTask]


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
    """A copy in which changes are made one by one; messages are replaced, never written to.

    What is free on the instances stands in them once it is ``finished``.
    """

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
        self.tasks = Standing(tasks)
        self._rooms: dict[str, Room] = {}
        self._needs: dict[str, Needs] = {}
        self._at = ""
        self.starting = {key: Standing(one.starting) for key, one in reserved.items()}
        self.stopping = {key: Standing(one.stopping) for key, one in reserved.items()}

    def finish(self) -> None:
        """Write down what is free; nothing is changed any more."""
        for room in self._rooms.values():
            room.write()
        for tasks in (self.tasks, *self.starting.values(), *self.stopping.values()):
            tasks.forget()

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
        self._rooms.pop(instance.id, None)
        self.instances[instance.id] = instance
        # Whoever says what is free does not know of what is only reserved.
        for starting in self.starting.values():
            for task in starting.all_on(instance.id):
                self._take(task, 1)

    def _remove_instance(self, path: str, instance: str) -> None:
        if instance not in self.instances:
            raise InvalidRequest.at(path, f"'{instance}' is not an instance", "name one of the cluster")
        self._rooms.pop(instance, None)
        del self.instances[instance]
        for tasks in (self.tasks, *self.starting.values(), *self.stopping.values()):
            for task in tasks.all_on(instance):
                del tasks[task.id]

    def _set_status(self, path: str, change: wire.InstanceStatusChange) -> None:
        self._require_instance(f"{path}.instance", change.instance)
        found = self._room(change.instance).instance
        found.status, found.agent_disconnected = change.status, change.agent_disconnected

    def _require_instance(self, path: str, instance: str) -> None:
        if instance not in self.instances:
            raise InvalidRequest.at(path, f"'{instance}' is not an instance", "name one of the cluster by its id")

    def _room(self, instance: str) -> Room:
        """What is free on an instance, which is copied once, however many tasks start or end there."""
        found = self._rooms.get(instance)
        if found is None:
            copy = cluster_pb2.Instance()
            copy.CopyFrom(self.instances[instance])
            self.instances[instance] = copy
            found = self._rooms[instance] = Room(copy)
        return found

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
        return any(tasks.has_some_of(group) for tasks in (self.tasks, *self.stopping.values()))

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
            found = starting.on(task.instance).get(task.group) if starting else None
            if found:
                key = next(iter(found))
                del starting[key], self.tasks[key]
                return True
        return False

    def _remove_task(self, task: str) -> None:
        """Events come twice: a task that is not there has ended before."""
        if task in self.tasks:
            self._take(self.tasks.taken(task), -1)
        for stopping in self.stopping.values():
            if task in stopping:
                self._take(stopping.taken(task), -1)
        for starting in self.starting.values():
            if task in starting:
                del starting[task]

    def _take(self, task: task_group_pb2.RunningTask, times: int) -> None:
        """Take what so many tasks such as this take of its instance; below zero, give it back."""
        room, needs = self._room(task.instance), self._needs_of(task.group)
        self._take_amounts(room, needs, times)
        if times > 0:
            room.take_ports(needs)
        elif any(needs.ports):
            beside = [tasks.on(task.instance) for tasks in (self.tasks, *self.stopping.values())]
            own = [found[task.group] for found in beside if task.group in found]
            if any(len(found) > 1 or task.id not in found for found in own):
                room.take_ports(needs)
            else:
                room.give_ports_back(needs, lambda: map(self._needs_of, set().union(*beside) - {task.group}))

    def _take_amounts(self, room: Room, needs: Needs, times: int) -> None:
        beyond = room.take(needs, times)
        if beyond is not None:
            problem = f"would leave {room.free[beyond]:,} {self._resources[beyond]} free on {room.instance.id}"
            raise InvalidRequest.at(
                self._at or f"free[{beyond}]", problem, f"must be at least -{LARGEST_SUM:,} and fit 64 bits"
            )

    def _needs_of(self, group: str) -> Needs:
        """What a task of a group takes."""
        found, message = self._needs.get(group), self.groups[group]
        if found is None or found.group is not message:
            found = self._needs[group] = Needs.of(message, self._resources)
        return found

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
        reserved = {task for starting in self.starting.values() for task in starting}
        self.starting[key], self.stopping[key] = Standing({}), Standing({})
        self._reserved[key] = Reserved(key, {}, {}, lapses_at, request_id)
        for k, action in enumerate(actions):
            if action.kind in (plan_pb2.ACTION_KIND_STOP, plan_pb2.ACTION_KIND_MOVE):
                self._stop(f"actions[{k}].task", action.task, key, reserved)
            elif action.kind != plan_pb2.ACTION_KIND_START:
                raise InvalidRequest.at(f"actions[{k}].kind", f"is {action.kind}", "must be START, STOP or MOVE")
        # After all stops: what they free can be taken only once they have ended, but ports and room are judged by the plan.
        freed, new = self._freed(), dict[str, task_group_pb2.RunningTask]()
        for k, action in enumerate(actions):
            if action.kind in (plan_pb2.ACTION_KIND_START, plan_pb2.ACTION_KIND_MOVE):
                self._at = f"actions[{k}].count"
                self._start(k, action, freed)
                tasks = len(self.tasks) + len(new) + action.count
                # Before they are made: tasks that take nothing have room in any number.
                if most_tasks is not None and tasks > most_tasks:
                    problem = f"with these the cluster has {tasks:,} tasks"
                    raise TooLarge(f"{self._at}: {problem}; at most {most_tasks:,}")
                for number in range(len(new) + 1, len(new) + action.count + 1):
                    name = f"{key}/{number}"
                    new[name] = task_group_pb2.RunningTask(
                        id=name, group=action.group, instance=action.instance, pending=True
                    )
        self.starting[key].put_all(new)
        self.tasks.put_all(new)

    def _stop(self, path: str, name: str, key: str, reserved: Set[str]) -> None:
        if name not in self.tasks or name in reserved:
            problem = f"'{name}' is not a running task" if name else "is empty"
            raise InvalidRequest.at(path, problem, "name a task of the cluster that runs")
        self.stopping[key][name] = self.tasks.taken(name)

    def _freed(self) -> dict[str, list[int]]:
        """What is free besides on each instance, once everything that is to stop there has."""
        found: dict[str, list[int]] = {}
        for stopping in self.stopping.values():
            for task in stopping.values():
                known, needs = found.get(task.instance), self._needs_of(task.group).amounts
                found[task.instance] = list(needs) if known is None else list(map(add, known, needs))
        return found

    def _start(self, k: int, action: plan_pb2.Action, freed: Mapping[str, list[int]]) -> None:
        """Take what an action starts."""
        path, group, instance, count = f"actions[{k}]", action.group, action.instance, action.count
        if group not in self.groups:
            remedy = "name one of the cluster, or add the request's group to groups"
            raise InvalidRequest.at(f"{path}.group", f"'{group}' is not a group", remedy)
        self._require_instance(f"{path}.instance", instance)
        if count < 1:
            raise InvalidRequest.at(f"{path}.count", f"is {count}", "must be 1 or more")
        needs, room, more = self._needs_of(group), self._room(instance), freed.get(instance)
        for r, need in enumerate(needs.amounts):
            left = room.free[r] + (more[r] if more is not None else 0)
            if need * count > left:
                problem = f"takes {need * count} {self._resources[r]} where {left} are free"
                raise InvalidRequest.at(f"{path}.count", problem, "commit the plan of the present version as it is")
        self._take_amounts(room, needs, count)
        room.take_ports(needs)

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
            self.stopping[key] = Standing({task: self.tasks.taken(task) for task in stopping if task in self.tasks})

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
