"""Calls of AWS APIs through boto3: paged, retried when throttled, their refusals told in one sentence.

boto3 carries no types, so a call is looked up by its name and an answer is a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solver.errors import InvalidRequest, SourceUnavailable

Progress = Callable[[str, int, int], None]
"""Told what is going on, how much of it is done, and how much there is."""

Document = dict[str, Any]
"""An answer of the API as boto3 gives it."""

PAGE = 100
"""Instances, tasks and protections that one call answers for (ECS API)."""

MOST_ATTEMPTS = 10
"""Of each call, the first one included; a throttled call waits longer each time."""

FEW_ATTEMPTS = 2
"""Of a call that an endpoint may not know."""

THROTTLED = ("RequestLimitExceeded", "ThrottlingException", "Throttling", "TooManyRequestsException")

NOT_ALLOWED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "UnsupportedFeatureException")


def tell_nobody(what: str, done: int, total: int) -> None:
    """No progress is shown."""


def connect(endpoint_url: str | None, attempts: int, region: str | None = None, service: str = "ecs") -> object:
    """A client of boto3 that tries each call so often.

    Parameters
    ----------
    service
        As boto3 calls it.

    Raises
    ------
    SourceUnavailable
        If boto3 is not installed, or no region or credentials are known.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as missing:
        raise SourceUnavailable(
            "boto3 is not installed, which reading from AWS needs; install 'placement-solver[aws]'"
        ) from missing
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, connect_timeout=10, read_timeout=60)
    try:
        client: object = boto3.client(service, region_name=region, endpoint_url=endpoint_url, config=config)
    except (BotoCoreError, ValueError) as failed:
        raise SourceUnavailable(f"no connection to {_NAMES.get(service, service)}: {failed}") from failed
    return client


_NAMES = {"ecs": "ECS", "ec2": "EC2", "pricing": "AWS Price List"}
"""As people call the services."""


class Refused(Exception):
    """AWS, or whatever answers at its endpoint, answered a call with an error; ``SourceUnavailable`` to our caller."""

    def __init__(self, operation: str, answer: Document) -> None:
        said = answer.get("Error", {})
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        self.code = str(said.get("Code", ""))
        message = str(said.get("Message", "")).strip()
        # AWS names its errors. A bare status comes from an endpoint that does not know the call.
        self.is_unknown_call = status >= 500 and (not self.code or self.code.isdigit())
        if not message or message.startswith("<"):
            message = f"the endpoint answered with HTTP status {status}"
        super().__init__(f"{operation}: {message}" if self.code.isdigit() else f"{operation}: {self.code}: {message}")


@dataclass(frozen=True)
class Service:
    """The calls of one service.

    Parameters
    ----------
    client
        Of boto3.
    """

    client: object

    def call(self, operation: str, **arguments: object) -> Document:
        """The answer of a call.

        Raises
        ------
        Refused
            If the answer is an error.
        SourceUnavailable
            If there is no answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            answer: Document = getattr(self.client, operation)(**arguments)
        except ClientError as refused:
            raise Refused(operation, refused.response) from refused
        except NoCredentialsError as missing:
            remedy = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise SourceUnavailable(f"{operation}: {missing}; {remedy}") from missing
        except BotoCoreError as failed:
            raise SourceUnavailable(f"{operation}: {failed}") from failed
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def pages(self, operation: str, member: str, page: int, **arguments: object) -> Iterator[list[Any]]:
        """What a call answers with, page by page, for services that write ``MaxResults`` and ``NextToken``.

        Parameters
        ----------
        page
            Entries of a page at most, as the service allows.
        """
        token: Mapping[str, object] = {}
        while True:
            answer = self.call(operation, MaxResults=page, **arguments, **token)
            yield answer.get(member) or []
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}


@dataclass(frozen=True)
class Calls(Service):
    """The calls that concern one cluster.

    Parameters
    ----------
    cluster
        Name or ARN.
    """

    cluster: str

    def about(self) -> Document:
        """What ECS says of the cluster.

        Raises
        ------
        InvalidRequest
            If there is no such cluster.
        """
        found = self.call("describe_clusters", clusters=[self.cluster], include=["TAGS", "SETTINGS"])
        if not found["clusters"]:
            reasons = ", ".join(str(failure.get("reason")) for failure in found.get("failures", [])) or "MISSING"
            remedy = "must be the name or the ARN of a cluster of this account and region"
            raise InvalidRequest.at("cluster", f"'{self.cluster}' is not there ({reasons})", remedy)
        return found

    def listed(self, operation: str, member: str, **arguments: object) -> list[str]:
        """The names that a list call answers with, page by page."""
        found: list[str] = []
        token: Mapping[str, object] = {}
        while True:
            answer = self.call(operation, cluster=self.cluster, maxResults=PAGE, **arguments, **token)
            found += answer[member]
            if not answer.get("nextToken"):
                return found
            token = {"nextToken": answer["nextToken"]}

    def described(
        self,
        operation: str,
        member: str,
        names: Sequence[str],
        page: int = PAGE,
        *,
        key: str | None = None,
        with_cluster: bool = True,
        tell: Callable[[int, int], None] = lambda done, total: None,
        **arguments: object,
    ) -> list[Document]:
        """The answers of a describe call, ``page`` names at a time; one empty answer where there is no name.

        Parameters
        ----------
        key
            The argument that takes the names, where it is not called as the member of the answer.
        tell
            Told how many names are done, and how many there are.
        """
        cluster = {"cluster": self.cluster} if with_cluster else {}
        answers: list[Document] = []
        tell(0, len(names))
        for start in range(0, len(names), page):
            some = {key or member: list(names[start : start + page])}
            answers.append(self.call(operation, **cluster, **some, **arguments))
            tell(min(start + page, len(names)), len(names))
        return answers or [{member: [], "failures": []}]
