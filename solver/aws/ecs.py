"""Read a live ECS cluster into a directory of documents: read-only calls, paged, retried when throttled.

Permissions: ``ecs:List*``, ``ecs:Describe*`` and ``ecs:GetTaskProtection``. Tasks are listed before the instances are
described, so that what starts in between is counted by its instance and not missed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from solver.errors import InvalidRequest, SourceUnavailable

Progress = Callable[[str, int, int], None]
"""Told what is being read, how much of it is there, and how much there is."""

Document = dict[str, Any]
"""An answer of the API as boto3 gives it, which goes into a file as it came."""

PAGE = 100
"""Instances, tasks and protections that one call answers for (ECS API)."""

PAGE_OF_SERVICES = 10

MOST_ATTEMPTS = 10
"""Of each call, the first one included; a throttled call waits longer each time."""

FEW_ATTEMPTS = 2
"""Of a call that an endpoint may not know."""

NOT_ALLOWED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "UnsupportedFeatureException")


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
    patient, hasty = (_client(endpoint_url, attempts) for attempts in (MOST_ATTEMPTS, FEW_ATTEMPTS))
    try:
        documents = _Import(patient, hasty, cluster, progress or _tell_nobody).documents()
    except _Refused as refused:
        raise SourceUnavailable(str(refused)) from refused
    try:
        _write(directory, documents)
    except OSError as failed:
        problem = f"cannot be written: {failed.strerror or failed}"
        raise InvalidRequest.at(str(directory), problem, "name a folder that can be") from failed


def _tell_nobody(what: str, done: int, total: int) -> None:
    """No progress is shown."""


def _client(endpoint_url: str | None, attempts: int) -> object:
    """A client of boto3, which carries no types: its calls are looked up by name."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as missing:
        raise SourceUnavailable(
            "boto3 is not installed, which reading a live cluster needs; install 'placement-solver[aws]'"
        ) from missing
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, connect_timeout=10, read_timeout=60)
    try:
        client: object = boto3.client("ecs", endpoint_url=endpoint_url, config=config)
    except (BotoCoreError, ValueError) as failed:
        raise SourceUnavailable(f"no connection to ECS: {failed}") from failed
    return client


class _Import:
    """Reads one cluster, call by call.

    Parameters
    ----------
    patient, hasty
        Clients that repeat a refused call often, and rarely.
    """

    def __init__(self, patient: object, hasty: object, cluster: str, progress: Progress) -> None:
        self.client = patient
        self.hasty = hasty
        self.cluster = cluster
        self.progress = progress
        self.warnings: list[str] = []

    def documents(self) -> dict[str, object]:
        """The contents of each file."""
        taken_at = datetime.now(UTC)
        about = self._cluster()
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

    def _cluster(self) -> Document:
        found = self._call("describe_clusters", clusters=[self.cluster], include=["TAGS", "SETTINGS"])
        if not found["clusters"]:
            reasons = ", ".join(str(failure.get("reason")) for failure in found.get("failures", [])) or "MISSING"
            remedy = "must be the name or the ARN of a cluster of this account and region"
            raise InvalidRequest.at("cluster", f"'{self.cluster}' is not there ({reasons})", remedy)
        return found

    def _instances(self) -> list[Document]:
        arns = self._listed("list_container_instances", "containerInstanceArns")
        return self._described(
            "container instances", "describe_container_instances", "containerInstances", arns, include=["TAGS"]
        )

    def _tasks(self) -> list[Document]:
        """The tasks that are to run, and those that are told to stop."""
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in self._listed("list_tasks", "taskArns", desiredStatus=status)
        ]
        return self._described("tasks", "describe_tasks", "tasks", list(dict.fromkeys(arns)), include=["TAGS"])

    def _services(self) -> list[Document]:
        arns = self._listed("list_services", "serviceArns")
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
                answer = self._call("describe_task_definition", taskDefinition=name, include=["TAGS"])
            except _Refused as refused:
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
        for client in (self.hasty, self.client):
            try:
                return self._described(
                    "task protection", "get_task_protection", "protectedTasks", arns, key="tasks", client=client
                )
            except _Refused as refused:
                if refused.code in NOT_ALLOWED or refused.is_unknown_call:
                    self.warnings.append(f"task protection cannot be read, so no task counts as protected: {refused}")
                    break
                if client is self.client:
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

    def _listed(self, operation: str, member: str, **arguments: object) -> list[str]:
        """The names that a list call answers with, page by page."""
        found: list[str] = []
        token: Mapping[str, object] = {}
        while True:
            answer = self._call(operation, cluster=self.cluster, maxResults=PAGE, **arguments, **token)
            found += answer[member]
            if not answer.get("nextToken"):
                return found
            token = {"nextToken": answer["nextToken"]}

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
        client: object = None,
        **arguments: object,
    ) -> list[Document]:
        """The answers of a describe call, ``page`` names at a time; one empty answer where there is no name."""
        cluster = {"cluster": self.cluster} if with_cluster else {}
        answers: list[Document] = []
        self.progress(what, 0, len(names))
        for start in range(0, len(names), page):
            some = {key or member: list(names[start : start + page])}
            answers.append(self._call(operation, client, **cluster, **some, **arguments))
            self.progress(what, min(start + page, len(names)), len(names))
        return answers or [{member: [], "failures": []}]

    def _call(self, operation: str, client: object = None, **arguments: object) -> Document:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: Document = getattr(client or self.client, operation)(**arguments)
        except ClientError as refused:
            raise _Refused(operation, refused.response) from refused
        except BotoCoreError as failed:
            raise SourceUnavailable(f"{operation}: {failed}") from failed
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


class _Refused(Exception):
    """ECS, or whatever answers at its endpoint, answered a call with an error; ``SourceUnavailable`` to our caller."""

    def __init__(self, operation: str, answer: Document) -> None:
        said = answer.get("Error", {})
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        self.code = str(said.get("Code", ""))
        message = str(said.get("Message", "")).strip()
        # ECS names its errors. A bare status comes from an endpoint that does not know the call.
        self.is_unknown_call = status >= 500 and (not self.code or self.code.isdigit())
        if not message or message.startswith("<"):
            message = f"the endpoint answered with HTTP status {status}"
        super().__init__(f"{operation}: {message}" if self.code.isdigit() else f"{operation}: {self.code}: {message}")


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
