"""Container instances: where tasks may go and what is left there (ECS API, ContainerInstance; §2.1, §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from solver.formats.ecs.documents import Element, shown
from solver.formats.ecs.resources import Amounts, read_amounts

KEPT = ("ACTIVE", "DRAINING")
STATES = (*KEPT, "REGISTERING", "REGISTRATION_FAILED", "DEREGISTERING", "INACTIVE")
EXTERNAL = "ecs.capability.external"
TRUNK = "ecs.awsvpc-trunk-id"
SUBNET = "ecs.subnet-id"


@dataclass(frozen=True)
class Instance:
    """One container instance.

    Parameters
    ----------
    attributes
        Value by name; empty for a name-only attribute.
    counted
        Tasks with desired status RUNNING as its document counts them.
    """

    arn: str
    ec2_id: str | None
    status: str
    connected: bool
    attributes: Mapping[str, str]
    amounts: Amounts
    agent_version: str | None
    registered_at: str | None
    provider: str | None
    counted: int

    @property
    def is_external(self) -> bool:
        """Whether it is outside EC2 (ECS Anywhere)."""
        return EXTERNAL in self.attributes


def read_instances(answers: list[Element]) -> list[Instance]:
    """Every container instance, in the documents' order."""
    found: list[Instance] = []
    seen: dict[str, Element] = {}
    for answer in answers:
        for document in answer.elements("containerInstances"):
            arn = document.needed("containerInstanceArn")
            if arn and arn in seen:
                document.fault(
                    "containerInstanceArn", f"'{arn}' is also at {seen[arn].path}", "list each instance once"
                )
            seen[arn] = document
            found.append(_instance(document, arn))
    return found


def _instance(document: Element, arn: str) -> Instance:
    status = document.needed("status")
    if status and status not in STATES:
        document.fault("status", f"is {shown(status)}", f"must be one of {', '.join(STATES)}")
    if not document.has("agentConnected"):
        document.fault("agentConnected", "is missing", "must be true or false")
    version = document.element("versionInfo")
    registered = document.instant("registeredAt")
    return Instance(
        arn=arn,
        ec2_id=document.text("ec2InstanceId") or None,
        status=status,
        connected=document.flag("agentConnected"),
        attributes={a.needed("name"): a.text("value") for a in document.elements("attributes")},
        amounts=read_amounts(document),
        agent_version=(version.text("agentVersion") or None) if version else None,
        registered_at=registered.isoformat() if registered else None,
        provider=document.text("capacityProviderName") or None,
        counted=document.amount("runningTasksCount"),
    )
