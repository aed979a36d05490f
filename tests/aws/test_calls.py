"""The calls of an import: which, in what pages, and what happens when they are refused."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from solver.aws import import_ecs
from solver.errors import SourceUnavailable
from solver.formats.ecs import read

PREFIX = "arn:aws:ecs:us-east-1:111122223333"
TASKS = [f"{PREFIX}:task/big/{n:04}" for n in range(230)]
INSTANCES = [f"{PREFIX}:container-instance/big/{n:04}" for n in range(101)]
SERVICES = [f"{PREFIX}:service/big/s{n}" for n in range(11)]


class Answers:
    """An endpoint that lists a large cluster in pages, and refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refusals: dict[str, list[tuple[int, str]]] = {}
        self.url = ""

    def answer(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append((operation, body))
        if self.refusals.get(operation):
            status, code = self.refusals[operation].pop(0)
            return status, {"__type": code, "message": "not now"}
        return 200, getattr(self, operation)(body)

    def _page(self, member: str, names: list[str], body: dict[str, Any]) -> dict[str, Any]:
        start = int(body.get("nextToken", 0))
        stop = start + min(body.get("maxResults", 100), 60)
        more = {"nextToken": str(stop)} if stop < len(names) else {}
        return {member: names[start:stop], **more}

    def DescribeClusters(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"clusters": [{"clusterName": "big", "capacityProviders": ["spot"]}], "failures": []}

    def ListContainerInstances(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._page("containerInstanceArns", INSTANCES, body)

    def ListTasks(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._page("taskArns", TASKS if body["desiredStatus"] == "RUNNING" else TASKS[:1], body)

    def ListServices(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._page("serviceArns", SERVICES, body)

    def DescribeContainerInstances(self, body: dict[str, Any]) -> dict[str, Any]:
        amounts = [{"name": name, "type": "INTEGER", "integerValue": 99999} for name in ("CPU", "MEMORY")]
        return {
            "containerInstances": [
                {
                    "containerInstanceArn": arn,
                    "status": "ACTIVE",
                    "agentConnected": True,
                    "registeredAt": 1793534400.5,
                    "registeredResources": amounts,
                    "remainingResources": [{**amount, "integerValue": 9} for amount in amounts],
                }
                for arn in body["containerInstances"]
            ]
        }

    def DescribeTasks(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"tasks": [self._task(arn) for arn in body["tasks"]]}

    def _task(self, arn: str) -> dict[str, Any]:
        n = int(arn[-4:])
        return {
            "taskArn": arn,
            "group": f"service:s{n % 11}",
            "taskDefinitionArn": f"{PREFIX}:task-definition/s:1",
            "containerInstanceArn": INSTANCES[n % 101],
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "launchType": "EC2",
        }

    def DescribeServices(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "services": [
                {
                    "serviceArn": arn,
                    "serviceName": arn.rsplit("/", 1)[1],
                    "taskDefinition": f"{PREFIX}:task-definition/s:1",
                    "status": "ACTIVE",
                    "launchType": "EC2",
                }
                for arn in body["services"]
            ]
        }

    def DescribeTaskDefinition(self, body: dict[str, Any]) -> dict[str, Any]:
        document = {"taskDefinitionArn": body["taskDefinition"], "family": "s", "revision": 1, "status": "ACTIVE"}
        return {"taskDefinition": {**document, "containerDefinitions": [{"name": "x", "cpu": 1, "memory": 1}]}}

    def GetTaskProtection(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"protectedTasks": [{"taskArn": arn, "protectionEnabled": arn.endswith("0")} for arn in body["tasks"]]}

    def DescribeCapacityProviders(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"capacityProviders": [{"name": name} for name in body["capacityProviders"]]}


@pytest.fixture
def big() -> Iterator[Answers]:
    """The answers, served at ``url``."""
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rsplit(".", 1)[1]
            status, document = answers.answer(
                operation, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            )
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    answers.url = f"http://127.0.0.1:{server.server_port}"
    yield answers
    server.shutdown()
    server.server_close()


def test_every_page_is_read_once_in_the_api_s_batches(big: Answers, tmp_path: Path) -> None:
    """Lists follow their tokens; at most 100 instances and tasks and 10 services a call; every name once."""
    import_ecs("big", tmp_path / "c", big.url)
    for operation, member, names, most in (
        ("DescribeContainerInstances", "containerInstances", INSTANCES, 100),
        ("DescribeTasks", "tasks", TASKS, 100),
        ("DescribeServices", "services", SERVICES, 10),
        ("GetTaskProtection", "tasks", TASKS, 100),
        ("DescribeCapacityProviders", "capacityProviders", ["spot"], 100),
    ):
        batches = [body[member] for name, body in big.calls if name == operation]
        assert [name for batch in batches for name in batch] == names
        assert max(map(len, batches)) <= most
    problem = read(tmp_path / "c").problem
    assert problem.cluster.size == 101 and len(problem.tasks) == 230 and len(problem.groups) == 11
    assert sum(task.protected for task in problem.tasks) == 23
    assert problem.cluster.registered_at[0] == "2026-11-01T12:00:00.500000+00:00"


def test_only_reading_calls_are_made_and_tags_are_asked_for(big: Answers, tmp_path: Path) -> None:
    """List, Describe and Get alone; the describe calls ask for tags."""
    import_ecs("big", tmp_path / "c", big.url)
    assert {name for name, _ in big.calls if not name.startswith(("List", "Describe"))} == {"GetTaskProtection"}
    assert all("TAGS" in body["include"] for name, body in big.calls if name.startswith("Describe"))


@pytest.mark.parametrize("operation", ["ListTasks", "DescribeTasks", "GetTaskProtection"])
def test_a_throttled_call_is_repeated(big: Answers, tmp_path: Path, operation: str) -> None:
    """Throttling and errors of the server pass."""
    big.refusals[operation] = [(400, "ThrottlingException"), (500, "ServerException"), (400, "ThrottlingException")]
    import_ecs("big", tmp_path / "c", big.url)
    assert len(read(tmp_path / "c").problem.tasks) == 230
    assert "warnings" not in (tmp_path / "c" / "snapshot.json").read_text().replace('"warnings": []', "")


def test_a_call_that_stays_refused_is_named_and_nothing_is_written(big: Answers, tmp_path: Path) -> None:
    """The message has the operation, ECS's error and what ECS says of it; the folder is not made."""
    big.refusals["DescribeServices"] = [(400, "AccessDeniedException")]
    with pytest.raises(SourceUnavailable, match="describe_services: AccessDeniedException: not now"):
        import_ecs("big", tmp_path / "c", big.url)
    assert list(tmp_path.iterdir()) == []


def test_protection_that_is_not_allowed_gives_a_warning(big: Answers, tmp_path: Path) -> None:
    """A policy without ``ecs:GetTaskProtection`` does not stop the import; what follows from it is said."""
    big.refusals["GetTaskProtection"] = [(400, "AccessDeniedException")]
    import_ecs("big", tmp_path / "c", big.url)
    cluster = read(tmp_path / "c")
    assert not any(task.protected for task in cluster.problem.tasks)
    assert [w for w in cluster.warnings if w.startswith("task protection cannot be read")]


def test_protection_that_fails_otherwise_is_an_error(big: Answers, tmp_path: Path) -> None:
    """Not being told is not the same as not being protected."""
    big.refusals["GetTaskProtection"] = [(400, "InvalidParameterException")] * 2
    with pytest.raises(SourceUnavailable, match="get_task_protection: InvalidParameterException"):
        import_ecs("big", tmp_path / "c", big.url)


def test_a_definition_that_is_gone_gives_a_warning(big: Answers, tmp_path: Path) -> None:
    """A deleted revision that still runs: its tasks count as their documents say."""
    big.refusals["DescribeTaskDefinition"] = [(400, "ClientException")]
    import_ecs("big", tmp_path / "c", big.url)
    assert [w for w in read(tmp_path / "c").warnings if "cannot be described" in w]


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without boto3 the message says what to install."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SourceUnavailable, match=r"boto3 is not installed.*install 'placement-solver\[aws\]'"):
        import_ecs("big", tmp_path / "c")


def test_without_a_region_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a region the message has what boto3 says is missing."""
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    with pytest.raises(SourceUnavailable, match="You must specify a region"):
        import_ecs("big", tmp_path / "c")
