"""A live cluster as what carries a plan out looks at it: instances, tasks and task definitions, read when asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from solver.aws.calls import NOT_ALLOWED, Calls, Document, Refused
from solver.aws.orders import SERVICE
from solver.errors import Fault, InvalidRequest
from solver.formats.ecs.definitions import Definition, read_definitions
from solver.formats.ecs.documents import Element
from solver.formats.ecs.resources import Amounts, read_amounts

PAGE_OF_SERVICES = 10


@dataclass
class Live:
    """Reads one cluster.

    Parameters
    ----------
    calls, hasty
        Calls that are repeated often when they are refused, and rarely.
    definitions
        By ARN, as far as they were asked for.
    warnings
        What could not be read, and what follows from it.
    """

    calls: Calls
    hasty: Calls
    definitions: dict[str, Definition] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _labels: dict[str, str] = field(default_factory=dict)

    def names(self) -> dict[str, str]:
        """The ARN of every instance by ARN, by its last part and by EC2 id."""
        arns = self.calls.listed("list_container_instances", "containerInstanceArns")
        found: dict[str, str] = {}
        for arn, instance in self.instances(arns).items():
            ec2 = str(instance.get("ec2InstanceId") or "")
            self._labels[arn] = ec2 or arn.rsplit("/", 1)[-1]
            found |= {arn: arn, arn.rsplit("/", 1)[-1]: arn}
            if ec2:
                found[ec2] = arn
        return found

    def label(self, instance: str) -> str:
        """An instance as people name it: by EC2 id where it has one."""
        return self._labels.get(instance) or instance.rsplit("/", 1)[-1]

    def instances(self, arns: Iterable[str]) -> dict[str, Document]:
        """Those of the instances that are there, by ARN."""
        answers = self.calls.described("describe_container_instances", "containerInstances", list(dict.fromkeys(arns)))
        return {one["containerInstanceArn"]: one for answer in answers for one in answer["containerInstances"]}

    def tasks(self, names: Iterable[str]) -> dict[str, Document]:
        """Those of the tasks that ECS still knows, by the last part of the ARN; a stopped one is known for an hour."""
        answers = self.calls.described("describe_tasks", "tasks", list(dict.fromkeys(names)), include=["TAGS"])
        return {short(task["taskArn"]): task for answer in answers for task in answer["tasks"]}

    def started_by(self, plan: str) -> list[Document]:
        """Every task that ECS knows and that was started for the plan, in the order of its start.

        ``startedBy`` must be the only filter of a listing (ECS API, ListTasks) and then leaves out what has stopped,
        so the stopped ones are listed too.
        """
        arns = self.calls.listed("list_tasks", "taskArns", startedBy=plan)
        arns += self.calls.listed("list_tasks", "taskArns", desiredStatus="STOPPED")
        return [task for task in self.tasks(arns).values() if task.get("startedBy") == plan]

    def running_in(self, group: str) -> list[Document]:
        """The tasks of a group that are to run; ECS has no filter for it."""
        arns = self.calls.listed("list_tasks", "taskArns", desiredStatus="RUNNING")
        return [task for task in self.tasks(arns).values() if task.get("group") == group]

    def services(self, names: Sequence[str]) -> dict[str, Document]:
        """Those of the services that are there, by name."""
        answers = self.calls.described("describe_services", "services", names, PAGE_OF_SERVICES)
        return {one["serviceName"]: one for answer in answers for one in answer["services"]}

    def definition(self, name: str) -> Definition | None:
        """A task definition by ARN, ``family:revision``, or ``family`` for the latest ACTIVE one; None for none.

        Raises
        ------
        InvalidRequest
            If its document cannot be read.
        """
        if name in self.definitions:
            return self.definitions[name]
        try:
            answer = self.calls.call("describe_task_definition", taskDefinition=name)
        except Refused as refused:
            if refused.code != "ClientException":
                raise
            return None
        faults: list[Fault] = []
        found = next(iter(read_definitions([Element(answer, f"task definition {name}", faults)])), None)
        if faults:
            raise InvalidRequest(faults)
        if found is not None:
            self.definitions[name] = self.definitions[found.arn] = found
        return found

    def protected(self, tasks: Iterable[Document]) -> Mapping[str, str]:
        """Until when each protected task is protected, by the last part of the ARN; only services' tasks can be."""
        arns = [task["taskArn"] for task in tasks if str(task.get("group", "")).startswith(SERVICE)]
        for calls in (self.hasty, self.calls):
            try:
                answers = calls.described("get_task_protection", "protectedTasks", arns, key="tasks")
                break
            except Refused as refused:
                if refused.code in NOT_ALLOWED or refused.is_unknown_call:
                    warning = f"task protection cannot be read, so no task counts as protected: {refused}"
                    if warning not in self.warnings:
                        self.warnings.append(warning)
                    return {}
                if calls is self.calls:
                    raise
        return {
            short(one["taskArn"]): str(one.get("expirationDate") or "further notice")
            for answer in answers
            for one in answer["protectedTasks"]
            if one.get("protectionEnabled")
        }


def short(arn: str) -> str:
    """The last part of an ARN."""
    return arn.rsplit("/", 1)[-1]


def amounts_of(instance: Document) -> Amounts:
    """What is free on an instance, and its used ports.

    Raises
    ------
    InvalidRequest
        If its document cannot be read.
    """
    faults: list[Fault] = []
    amounts = read_amounts(Element(instance, str(instance.get("containerInstanceArn")), faults))
    if faults:
        raise InvalidRequest(faults)
    return amounts


def is_over(task: Document) -> bool:
    """Whether a task has stopped or is told to."""
    return task.get("desiredStatus") == "STOPPED" or task.get("lastStatus") in ("STOPPED", "DELETED")


def has_finished(task: Document) -> bool:
    """Whether a task has done its work: it ended by itself, and every container with exit code 0."""
    containers = task.get("containers", [])
    return (
        task.get("lastStatus") == "STOPPED"
        and task.get("stopCode") == "EssentialContainerExited"
        and bool(containers)
        and all(container.get("exitCode") == 0 for container in containers)
    )


def ending_of(task: Document) -> str:
    """Why a task stopped, as ECS tells it."""
    said = [str(task.get("stoppedReason") or "")]
    for container in task.get("containers", []):
        if container.get("reason"):
            said.append(f"{container.get('name')}: {container['reason']}")
        elif container.get("exitCode"):
            said.append(f"{container.get('name')}: exit code {container['exitCode']}")
    return "; ".join(part for part in said if part) or "ECS gives no reason"
