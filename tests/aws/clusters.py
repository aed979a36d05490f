"""A cluster on moto's server, made, changed and read with plain boto3, and a record of the calls that are made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from solver.aws import Application, Patience, Permissions, open_plan
from solver.formats.plan import rows_of_plan

HEADER = "action,group,task,instance,from_instance,step\n"
WRITES = ("StartTask", "StopTask", "RunTask", "UpdateService", "PutAttributes", "UpdateContainerInstancesState")


class Account:
    """A cluster of so many instances in two zones, with the task definitions batch, site (host port 8080) and net (awsvpc)."""

    def __init__(self, ecs: Any, ec2: Any, name: str, size: int) -> None:
        self.ecs, self.name = ecs, name
        self.ec2: dict[str, str] = {}
        ecs.create_cluster(clusterName=name)
        started = ec2.run_instances(ImageId="ami-12c6146b", MinCount=size, MaxCount=size, InstanceType="m5.large")
        for one in started["Instances"]:
            identity = {
                "instanceId": one["InstanceId"],
                "availabilityZone": "us-east-1a",
                "instanceType": "m5.large",
                "imageId": one["ImageId"],
                "region": "us-east-1",
                "accountId": "123456789012",
            }
            answer = ecs.register_container_instance(cluster=name, instanceIdentityDocument=json.dumps(identity))
            self.ec2[answer["containerInstance"]["containerInstanceArn"]] = one["InstanceId"]
        self.instances = list(self.ec2)
        known = set(ecs.list_task_definition_families()["families"])
        needs = {"image": "x", "cpu": 256, "memory": 256, "essential": True}
        ports = [{"containerPort": 80, "hostPort": 8080}]
        for family, more, mode in (("batch", {}, ""), ("site", {"portMappings": ports}, ""), ("net", {}, "awsvpc")):
            if family not in known:
                network = {"networkMode": mode} if mode else {}
                container = {"name": family[0], **needs, **more}
                ecs.register_task_definition(family=family, containerDefinitions=[container], **network)

    def start(self, definition: str, group: str, instance: str, **more: Any) -> str:
        """The ARN of a new task."""
        started = self.ecs.start_task(
            cluster=self.name, containerInstances=[instance], taskDefinition=definition, group=group, **more
        )
        arn: str = started["tasks"][0]["taskArn"]
        return arn

    def stop(self, task: str) -> None:
        self.ecs.stop_task(cluster=self.name, task=task, reason="by hand")

    forget = stop

    def drain(self, instance: str) -> None:
        self.ecs.update_container_instances_state(cluster=self.name, containerInstances=[instance], status="DRAINING")

    def deregister(self, instance: str) -> None:
        self.ecs.deregister_container_instance(cluster=self.name, containerInstance=instance, force=True)

    def running(self) -> list[dict[str, Any]]:
        """Every task that is to run, with its tags."""
        arns = self.ecs.list_tasks(cluster=self.name, desiredStatus="RUNNING")["taskArns"]
        found = self.ecs.describe_tasks(cluster=self.name, tasks=arns, include=["TAGS"])["tasks"] if arns else []
        return list(found)

    def task(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_tasks(cluster=self.name, tasks=[arn])["tasks"][0]
        return found

    def key(self, task: dict[str, Any]) -> str:
        """``family:revision``."""
        return str(task["taskDefinitionArn"]).rsplit("/", 1)[-1]

    def check_room(self) -> None:
        """Nothing is overdrawn, and no host port of an instance is held twice."""
        described = self.ecs.describe_container_instances(cluster=self.name, containerInstances=self.instances)
        for one in described["containerInstances"]:
            for resource in one["remainingResources"]:
                assert resource.get("integerValue", 0) >= 0
        held: Counter[tuple[str, int]] = Counter()
        for task in self.running():
            about = self.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
            for container in about["containerDefinitions"]:
                for mapping in container.get("portMappings", []):
                    held[task["containerInstanceArn"], mapping["hostPort"]] += 1
        assert max(held.values(), default=0) <= 1


@dataclass
class Wire:
    """The calls that boto3 makes, in order; ``before`` may raise, ``after`` may change what comes back."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    before: Callable[[str, int], None] = lambda operation, count: None
    after: Callable[[str, dict[str, Any]], None] = lambda operation, answer: None

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.calls)

    def writes(self) -> list[str]:
        return [name for name, _ in self.calls if name in WRITES]

    def ask(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.before(model.name, self.count(model.name) + 1)
        self.calls.append((model.name, params))

    def answer(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        self.after(model.name, parsed)


def opened(
    account: Account, endpoint: str, rows: Sequence[str], permissions: Permissions | None = None, timeout: float = 1.0
) -> Application:
    """The rows of a plan, one look at a time and no pause between two."""
    return open_plan(
        rows_of_plan(HEADER + "\n".join(rows)),
        account.name,
        endpoint_url=endpoint,
        permissions=permissions,
        patience=Patience(timeout, 0.0, lambda seconds: None),
    )


def start(group: str, instance: str, step: int = 1) -> str:
    """A row that starts a task."""
    return f"start,{group},,{instance},,{step}"
