"""Read a live ECS cluster into a directory of documents: read-only calls, paged, retried when throttled.

Permissions: ``ecs:List*``, ``ecs:Describe*`` and ``ecs:GetTaskProtection``. Tasks are listed before the instances are
described, so that what starts in between is counted by its instance and not missed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from solver.aws.calls import (
    FEW_ATTEMPTS,
    MOST_ATTEMPTS,
    NOT_ALLOWED,
    PAGE,
    Calls,
    Document,
    Progress,
    Refused,
    connect,
    tell_nobody,
)
from solver.errors import InvalidRequest, SourceUnavailable

PAGE_OF_SERVICES = 10


def import_ecs(
    cluster: str,
    directory: Path,
    endpoint_url: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the cluster as ``solver.formats.ecs.read`` reads it; nothing is written before everything is read.

    Parameters
    ----------
    cluster
        Name or ARN.
    directory
        Made if it is missing. Documents of an earlier import in it are replaced, other files are left alone.
    endpoint_url
        Another endpoint than that of the region.
    progress
        Called as the reading goes on.

    Raises
    ------
    InvalidRequest
        If there is no such cluster, or the directory cannot be written.
    SourceUnavailable
        If boto3 is not installed, or a call fails after its retries.
    """
    if directory.exists() and not directory.is_dir():
        raise InvalidRequest.at(str(directory), "is not a directory", "name a new or an existing folder")
    patient, hasty = (Calls(connect(endpoint_url, attempts), cluster) for attempts in (MOST_ATTEMPTS, FEW_ATTEMPTS))
    try:
        documents = _Import(patient, hasty, progress or tell_nobody).documents()
    except Refused as refused:
        raise SourceUnavailable(str(refused)) from refused
    try:
        _write(directory, documents)
    except OSError as failed:
        problem = f"cannot be written: {failed.strerror or failed}"
        raise InvalidRequest.at(str(directory), problem, "name a folder that can be") from failed


class _Import:
    """Reads one cluster, call by call.

    Parameters
    ----------
    patient, hasty
        Calls that are repeated often when they are refused, and rarely.
    """

    def __init__(self, patient: Calls, hasty: Calls, progress: Progress) -> None:
        self.calls = patient
        self.hasty = hasty
        self.progress = progress
        self.warnings: list[str] = []

    def documents(self) -> dict[str, object]:
        """The contents of each file."""
        taken_at = datetime.now(UTC)
        about = self.calls.about()
        tasks = self._tasks()
        services = self._services()
        instances = self._instances()
        definitions = self._definitions(tasks, services)
        protections = self._protections(tasks)
        providers = self._providers(about)
        return {
            "container-instances.json": instances,
            "tasks.json": tasks,
            "task-definitions.json": definitions,
            "services.json": services,
            "task-protection.json": protections,
            "capacity-providers.json": providers,
            "cluster.json": about,
            "snapshot.json": {"takenAt": taken_at.isoformat(), "warnings": self.warnings},
        }

    def _instances(self) -> list[Document]:
        arns = self.calls.listed("list_container_instances", "containerInstanceArns")
        return self._described(
            "container instances", "describe_container_instances", "containerInstances", arns, include=["TAGS"]
        )

    def _tasks(self) -> list[Document]:
        """The tasks that are to run, and those that are told to stop."""
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in self.calls.listed("list_tasks", "taskArns", desiredStatus=status)
        ]
        return self._described("tasks", "describe_tasks", "tasks", list(dict.fromkeys(arns)), include=["TAGS"])

    def _services(self) -> list[Document]:
        arns = self.calls.listed("list_services", "serviceArns")
        return self._described("services", "describe_services", "services", arns, PAGE_OF_SERVICES, include=["TAGS"])

    def _definitions(self, tasks: Sequence[Document], services: Sequence[Document]) -> list[Document]:
        """Every revision that runs or that a service is to run, and the latest one of each standalone family."""
        names = dict.fromkeys([*_named_by_services(services), *_named_by_tasks(tasks)])
        standalone = [name for name in _families(tasks) if name]
        total = len(names) + len(standalone)
        answers: dict[str, Document] = {}
        for done, name in enumerate([*names, *standalone]):
            self.progress("task definitions", done, total)
            try:
                answer = self.calls.call("describe_task_definition", taskDefinition=name, include=["TAGS"])
            except Refused as refused:
                if refused.code != "ClientException":
                    raise
                if name not in standalone:  # A family without an ACTIVE revision has nothing to describe.
                    self.warnings.append(f"task definition {name} cannot be described: {refused}")
                continue
            answers[answer["taskDefinition"]["taskDefinitionArn"]] = answer
        self.progress("task definitions", total, total)
        return list(answers.values())

    def _protections(self, tasks: Sequence[Document]) -> list[Document]:
        """Protection of the services' tasks; where it cannot be asked for, a warning says so."""
        arns = [
            task["taskArn"]
            for answer in tasks
            for task in answer["tasks"]
            if str(task.get("group", "")).startswith("service:") and task.get("desiredStatus") == "RUNNING"
        ]
        for calls in (self.hasty, self.calls):
            try:
                return self._described(
                    "task protection", "get_task_protection", "protectedTasks", arns, key="tasks", calls=calls
                )
            except Refused as refused:
                if refused.code in NOT_ALLOWED or refused.is_unknown_call:
                    self.warnings.append(f"task protection cannot be read, so no task counts as protected: {refused}")
                    break
                if calls is self.calls:
                    raise
        return [{"protectedTasks": [], "failures": []}]

    def _providers(self, about: Document) -> list[Document]:
        names = [name for cluster in about["clusters"] for name in cluster.get("capacityProviders", [])]
        if not names:
            return [{"capacityProviders": [], "failures": []}]
        return self._described(
            "capacity providers",
            "describe_capacity_providers",
            "capacityProviders",
            names,
            with_cluster=False,
            include=["TAGS"],
        )

    def _described(
        self,
        what: str,
        operation: str,
        member: str,
        names: Sequence[str],
        page: int = PAGE,
        *,
        key: str | None = None,
        with_cluster: bool = True,
        calls: Calls | None = None,
        **arguments: object,
    ) -> list[Document]:
        tell = partial(self.progress, what)
        return (calls or self.calls).described(
            operation, member, names, page, key=key, with_cluster=with_cluster, tell=tell, **arguments
        )


def _named_by_services(answers: Iterable[Document]) -> Iterator[str]:
    for answer in answers:
        for service in answer["services"]:
            for holder in (service, *service.get("deployments", []), *service.get("taskSets", [])):
                if holder.get("taskDefinition"):
                    yield holder["taskDefinition"]


def _named_by_tasks(answers: Iterable[Document]) -> Iterator[str]:
    return (task["taskDefinitionArn"] for answer in answers for task in answer["tasks"])


def _families(answers: Iterable[Document]) -> list[str]:
    """The families of the tasks that belong to no service."""
    names = (
        task["taskDefinitionArn"].rsplit("/", 1)[-1].partition(":")[0]
        for answer in answers
        for task in answer["tasks"]
        if not str(task.get("group", "")).startswith("service:")
    )
    return list(dict.fromkeys(names))


def _write(directory: Path, documents: Mapping[str, object]) -> None:
    """All files or none: they are complete in a folder of their own before the first one takes its place."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    is_new = not directory.exists()
    beside = directory.parent if is_new else directory
    folder = Path(tempfile.mkdtemp(prefix=".import-", dir=beside))
    try:
        for name, answers in documents.items():
            text = json.dumps(answers, default=_text, indent=1, ensure_ascii=False)
            (folder / name).write_text(text + "\n", encoding="utf-8")
        if is_new:
            folder.chmod(0o755)
            folder.rename(directory)
            return
        for name in documents:
            (folder / name).replace(directory / name)
    finally:
        if folder.exists():
            shutil.rmtree(folder)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
