"""A small ECS that runs: its documents at any moment, and the events on the way, with the versions that ECS gives them."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import dataclass, field
from typing import Any

from tests.formats.ecs.documents import PREFIX, Documents, container, definition_arn, port, task_arn

CLUSTER = f"{PREFIX}:cluster/test"
DEMAND = {"web:1": (256, 512), "web:2": (300, 600), "batch:1": (128, 256), "proxy:1": (64, 64)}
GROUPS = {"web:1": "service:web", "web:2": "service:web", "batch:1": "nightly", "proxy:1": "family:proxy"}


@dataclass
class SimulatedEcs:
    """Instances and tasks that come and go, one thing at a time."""

    draw: random.Random
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[bytes] = field(default_factory=list)
    number: int = 0
    definitions: tuple[str, ...] = ("web:1", "batch:1", "proxy:1")

    # The documents.

    def answers(self) -> dict[str, list[object]]:
        """What the describe calls would print now."""
        made = Documents()
        for key in self.definitions:
            cpu, memory = DEMAND[key]
            ports = [port(8080, 8080)] if key == "proxy:1" else []
            made.definition(key, container(cpu=cpu, memory=memory, portMappings=ports))
        registered = {"targetGroupArn": "web", "containerName": "main", "containerPort": 80}
        made.service("web", "web:1", desired=3, loadBalancers=[registered])
        files: dict[str, list[object]] = {
            "container-instances.json": [{"containerInstances": list(self.instances.values())}],
            "tasks.json": [{"tasks": list(self.tasks.values())}],
            "task-definitions.json": list(made.definitions),
            "services.json": [{"services": made.services}],
            "cluster.json": [{"clusters": [{"clusterArn": CLUSTER, "clusterName": "test"}]}],
        }
        return copy.deepcopy(files)

    # What happens.

    def step(self) -> None:
        """Something happens."""
        waiting = [task for task in self.tasks.values() if task["lastStatus"] == "PENDING"]
        running = [task for task in self.tasks.values() if task["desiredStatus"] == "RUNNING"]
        stopping = [task for task in self.tasks.values() if task["desiredStatus"] == "STOPPED"]
        doings = [self.register] if len(self.instances) < 3 else [self.start, self.start, self.start]
        if waiting:
            doings += [lambda: self.run(self.draw.choice(waiting))] * 2
        if running:
            doings.append(lambda: self.stop(self.draw.choice(running)))
        if stopping:
            doings.append(lambda: self.end(self.draw.choice(stopping)))
        if len(self.instances) > 2:
            doings += [self.drain, self.disconnect]
        if self.draw.random() < 0.05:
            doings = [self.register, self.deregister]
        self.draw.choice(doings)()

    def register(self) -> None:
        self.number += 1
        zone = self.draw.choice("ab")
        made = Documents().instance(f"{self.number:04}", cpu=2048, memory=4096, zone=f"us-east-1{zone}")
        document = {**made.instances[0], "version": 0}
        del document["runningTasksCount"], document["pendingTasksCount"]
        self.instances[document["containerInstanceArn"]] = document
        self._tell_instance(document)

    def deregister(self) -> None:
        """An instance goes, and its tasks end."""
        if len(self.instances) < 2:
            return
        document = self.draw.choice(list(self.instances.values()))
        for task in [t for t in self.tasks.values() if t["containerInstanceArn"] == document["containerInstanceArn"]]:
            task["desiredStatus"] = task["lastStatus"] = "STOPPED"
            self._tell_task(task)
            del self.tasks[task["taskArn"]]
        document["status"] = "INACTIVE"
        self._tell_instance(document)
        del self.instances[document["containerInstanceArn"]]

    def drain(self) -> None:
        document = self.draw.choice(list(self.instances.values()))
        document["status"] = "ACTIVE" if document["status"] == "DRAINING" else "DRAINING"
        self._tell_instance(document)

    def disconnect(self) -> None:
        document = self.draw.choice(list(self.instances.values()))
        document["agentConnected"] = not document["agentConnected"]
        self._tell_instance(document)

    def start(self) -> None:
        key = self.draw.choice(self.definitions)
        cpu, memory = DEMAND[key]
        fitting = [i for i in self.instances.values() if _left(i, "CPU") >= cpu and _left(i, "MEMORY") >= memory]
        if not fitting:
            return
        instance = self.draw.choice(fitting)
        self.number += 1
        task = {
            "taskArn": task_arn(f"{self.number:04}"),
            "clusterArn": CLUSTER,
            "containerInstanceArn": instance["containerInstanceArn"],
            "taskDefinitionArn": definition_arn(key),
            "group": GROUPS[key],
            "lastStatus": "PENDING",
            "desiredStatus": "RUNNING",
            "launchType": "EC2",
            "cpu": str(cpu),
            "memory": str(memory),
            "createdAt": "2026-11-01T12:00:00Z",
            "version": 0,
        }
        if self.number % 3 == 0 and not GROUPS[key].startswith("service:"):
            task["overrides"] = {"taskRoleArn": f"arn:aws:iam::111122223333:role/r{self.number % 2}"}
        self.tasks[str(task["taskArn"])] = task
        self._tell_task(task)
        self._take(instance, cpu, memory)
        self._tell_instance(instance)

    def run(self, task: dict[str, Any]) -> None:
        task["lastStatus"] = "RUNNING"
        self._tell_task(task)

    def stop(self, task: dict[str, Any]) -> None:
        """ECS counts what a stopping task takes as free at once (§2.4)."""
        task["desiredStatus"] = "STOPPED"
        self._tell_task(task)
        cpu, memory = int(task["cpu"]), int(task["memory"])
        instance = self.instances[task["containerInstanceArn"]]
        self._take(instance, -cpu, -memory)
        self._tell_instance(instance)

    def end(self, task: dict[str, Any]) -> None:
        task["lastStatus"] = "STOPPED"
        self._tell_task(task)
        del self.tasks[task["taskArn"]]

    def _take(self, instance: dict[str, Any], cpu: int, memory: int) -> None:
        for resource in instance["remainingResources"]:
            if resource["name"] in ("CPU", "MEMORY"):
                resource["integerValue"] -= cpu if resource["name"] == "CPU" else memory

    def _tell_task(self, task: dict[str, Any]) -> None:
        task["version"] += 1
        self._tell("ECS Task State Change", task)

    def _tell_instance(self, instance: dict[str, Any]) -> None:
        instance["version"] += 1
        self._tell("ECS Container Instance State Change", {**instance, "clusterArn": CLUSTER})

    def _tell(self, kind: str, detail: dict[str, Any]) -> None:
        event = {"version": "0", "detail-type": kind, "source": "aws.ecs", "detail": detail, "unheard-of": [1]}
        self.events.append(json.dumps(event).encode())


def _left(instance: dict[str, Any], name: str) -> int:
    return next(int(one["integerValue"]) for one in instance["remainingResources"] if one["name"] == name)


def begun(seed: int, steps: int = 40) -> SimulatedEcs:
    """A cluster after some steps, of which nobody has heard the events."""
    found = SimulatedEcs(random.Random(seed))
    for _ in range(steps):
        found.step()
    found.events.clear()
    return found
