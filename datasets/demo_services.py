"""The services of the demo cluster: what was registered, what runs, and where each may be.

One table, nothing else. ``admits`` repeats a service's placement constraints as a Python predicate, so that the demo is
made without the solver that it demonstrates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datasets.ecs_documents import ACCOUNT, REGION, stable_id
from datasets.ecs_instances import Occupancy

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
ON_DEMAND = "demo-on-demand"
SPOT = "demo-spot"


@dataclass
class DemoInstance:
    """An instance while the demo is being made: facts, what is taken, and the groups of the tasks on it."""

    name: str
    type: str
    zone: str
    attributes: Mapping[str, str]
    provider: str | None
    trunked: bool
    eni: bool
    fresh: bool
    status: str = "ACTIVE"
    connected: bool = True
    taken: Occupancy = field(default_factory=Occupancy)
    groups: list[str] = field(default_factory=list)

    def holds(self, service: str) -> bool:
        """Whether a task of that service is here."""
        return f"service:{service}" in self.groups


@dataclass(frozen=True)
class DemoService:
    """A service, or a standalone group where ``group`` is given.

    Parameters
    ----------
    running
        Tasks by revision of the task definition.
    peak
        Tasks that ran before it scaled in to ``running``; the gaps left are the demo's fragmentation.
    definition, request
        Arguments of RegisterTaskDefinition (without ``family``) and of CreateService (without ``cluster``,
        ``serviceName``, ``taskDefinition``, ``desiredCount``).
    admits
        The placement constraints, as a predicate.
    """

    name: str
    running: Mapping[int, int]
    desired: int
    definition: Mapping[str, Any]
    request: Mapping[str, Any] = field(default_factory=dict)
    admits: Callable[[DemoInstance], bool] = lambda instance: True
    peak: int = 0
    group: str | None = None

    @property
    def task_group(self) -> str:
        """The ECS task group of its tasks."""
        return self.group or f"service:{self.name}"


def _container(name: str, cpu: int, memory: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:stable",
        "cpu": cpu,
        "memory": memory,
        "essential": True,
        **more,
    }


def _bridge(*containers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"networkMode": "bridge", "containerDefinitions": list(containers), **more}


def _port(container: int, host: int = 0, protocol: str = "tcp") -> dict[str, Any]:
    return {"containerPort": container, "hostPort": host, "protocol": protocol}


def _member_of(*expressions: str) -> list[dict[str, str]]:
    return [{"type": "memberOf", "expression": expression} for expression in expressions]


def _spread(field_name: str) -> dict[str, str]:
    return {"type": "spread", "field": field_name}


def _binpack(resource: str) -> dict[str, str]:
    return {"type": "binpack", "field": resource}


def _priority(priority: int) -> list[dict[str, str]]:
    return [{"key": "placement:priority", "value": str(priority)}]


def _logs(name: str) -> dict[str, Any]:
    options = {"awslogs-group": f"/ecs/{name}", "awslogs-region": REGION}
    return {"logConfiguration": {"logDriver": "awslogs", "options": options}}


BY_ZONE = _spread("attribute:ecs.availability-zone")
BY_INSTANCE = _spread("instanceId")
DISTINCT = {"type": "distinctInstance"}
EC2: Mapping[str, Any] = {"launchType": "EC2"}
_EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
_TARGET_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web/5f0c3a9be1d27846"


def _prod(instance: DemoInstance) -> bool:
    return instance.attributes.get("stack") == "prod"


def _network(*zones: str) -> dict[str, Any]:
    subnets = [f"subnet-{stable_id('subnet', zone, length=17)}" for zone in zones]
    group = f"sg-{stable_id('security-group', length=17)}"
    return {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group], "assignPublicIp": "DISABLED"}}


SERVICES: Sequence[DemoService] = (
    DemoService(
        "telemetry",
        running={2: 63},
        desired=64,
        definition=_bridge(_container("telemetry", 64, 128, portMappings=[_port(8126, 0)])),
        request={
            **EC2,
            "schedulingStrategy": "DAEMON",
            "placementConstraints": _member_of("attribute:ecs.os-type == linux"),
            "deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 0},
        },
    ),
    DemoService(
        "edge",
        running={4: 7},
        desired=7,
        definition=_bridge(_container("edge", 512, 1024, portMappings=[_port(80, 80), _port(443, 443)])),
        request={
            **EC2,
            "placementStrategy": [BY_ZONE],
            "placementConstraints": _member_of("attribute:ecs.instance-type =~ m5\\..* and attribute:disk == hdd"),
            "tags": _priority(50),
        },
        admits=lambda i: i.type.startswith("m5.") and i.attributes.get("disk") == "hdd",
    ),
    DemoService(
        "statsd",
        running={1: 6},
        desired=6,
        definition={
            "networkMode": "host",
            "containerDefinitions": [_container("statsd", 128, 256, portMappings=[_port(8125, 8125, "udp")])],
        },
        request={**EC2, "placementStrategy": [BY_INSTANCE]},
    ),
    DemoService(
        "checkout",
        running={3: 12},
        desired=12,
        definition=_bridge(
            _container(
                "checkout",
                384,
                768,
                portMappings=[_port(8080)],
                healthCheck={"command": ["CMD-SHELL", "curl -f localhost:8080"], "interval": 30, "retries": 3},
            )
        ),
        request={
            **EC2,
            "placementConstraints": [DISTINCT, *_member_of("attribute:stack == prod")],
            "tags": _priority(100),
        },
        admits=lambda i: _prod(i) and not i.holds("checkout"),
        peak=16,
    ),
    DemoService(
        "payments",
        running={5: 12},
        desired=12,
        definition={
            "networkMode": "awsvpc",
            "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/payments",
            "executionRoleArn": _EXECUTION_ROLE,
            "cpu": "512",
            "memory": "1024",
            "containerDefinitions": [
                _container("payments", 384, 512, portMappings=[_port(8443, 8443)], **_logs("payments")),
                _container("envoy", 128, 256, essential=False),
            ],
        },
        request={
            **EC2,
            "placementStrategy": [BY_ZONE, BY_INSTANCE],
            "placementConstraints": _member_of("attribute:stack == prod"),
            "networkConfiguration": _network(*ZONES),
            "tags": _priority(100),
        },
        admits=_prod,
    ),
    DemoService(
        "inference",
        running={2: 2},
        desired=2,
        definition=_bridge(
            _container(
                "inference",
                2048,
                8192,
                portMappings=[_port(9000)],
                resourceRequirements=[{"type": "GPU", "value": "1"}],
            )
        ),
        request={**EC2, "placementConstraints": _member_of("attribute:ecs.instance-type =~ g4dn\\..*")},
        admits=lambda i: i.type.startswith("g4dn."),
    ),
    DemoService(
        "cache",
        running={6: 8},
        desired=8,
        definition=_bridge(_container("cache", 256, 5120, portMappings=[_port(6379)])),
        request={
            **EC2,
            "placementStrategy": [_spread("attribute:rack")],
            "placementConstraints": _member_of(
                "attribute:ecs.instance-type in [m5.large, m5.xlarge, r5.large]",
                "not(task:group == service:search)",
            ),
        },
        admits=lambda i: i.type in ("m5.large", "m5.xlarge", "r5.large") and not i.holds("search"),
    ),
    DemoService(
        "web",
        running={12: 45},
        desired=45,
        definition=_bridge(
            _container("nginx", 64, 128, portMappings=[_port(80)]),
            _container("app", 192, 768, memoryReservation=640),
        ),
        request={
            **EC2,
            "placementStrategy": [BY_ZONE, _binpack("cpu")],
            "placementConstraints": _member_of("attribute:stack != dev"),
            "loadBalancers": [
                {
                    "targetGroupArn": _TARGET_GROUP,
                    "containerName": "nginx",
                    "containerPort": 80,
                }
            ],
            "healthCheckGracePeriodSeconds": 60,
            "availabilityZoneRebalancing": "ENABLED",
            "tags": _priority(20),
        },
        admits=lambda i: i.attributes.get("stack", "dev") != "dev",
        peak=60,
    ),
    DemoService(
        "feed",
        running={3: 24},
        desired=24,
        definition=_bridge(_container("feed", 128, 640, portMappings=[_port(7000)])),
        request={**EC2, "placementStrategy": [{"type": "random"}]},
        peak=30,
    ),
    DemoService(
        "ranking",
        running={2: 10},
        desired=10,
        definition=_bridge(_container("ranking", 384, 1536)),
        request={
            **EC2,
            "placementStrategy": [_binpack("cpu")],
            "placementConstraints": _member_of("task:group == service:feed"),
        },
        admits=lambda i: i.holds("feed"),
    ),
    DemoService(
        "session",
        running={8: 15},
        desired=15,
        definition=_bridge(
            _container(
                "session",
                256,
                1280,
                portMappings=[_port(7443)],
                healthCheck={"command": ["CMD", "/healthy"], "interval": 10, "retries": 2},
            )
        ),
        request={**EC2, "placementStrategy": [BY_INSTANCE]},
        peak=18,
    ),
    DemoService(
        "worker",
        running={11: 24},
        desired=24,
        definition=_bridge(_container("worker", 768, 1792)),
        request={
            "capacityProviderStrategy": [
                {"capacityProvider": SPOT, "weight": 3, "base": 0},
                {"capacityProvider": ON_DEMAND, "weight": 1, "base": 2},
            ],
            "placementStrategy": [BY_ZONE, BY_INSTANCE],
        },
        admits=lambda i: i.provider is not None,
        peak=30,
    ),
    DemoService(
        "api",
        running={7: 18, 8: 10},
        desired=27,
        definition=_bridge(
            _container("api", 512, 2048, memoryReservation=1536, portMappings=[_port(8080)], **_logs("api")),
            executionRoleArn=_EXECUTION_ROLE,
        ),
        request={
            **EC2,
            "placementStrategy": [BY_ZONE, BY_INSTANCE],
            "placementConstraints": _member_of("attribute:stack == prod and not(attribute:disk == ssd)"),
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "maximumPercent": 150,
                "minimumHealthyPercent": 100,
            },
        },
        admits=lambda i: _prod(i) and i.attributes.get("disk") != "ssd",
        peak=34,
    ),
    DemoService(
        "search",
        running={9: 7},
        desired=9,
        definition=_bridge(_container("search", 768, 3072, memoryReservation=2048, portMappings=[_port(9200)])),
        request={
            **EC2,
            "placementStrategy": [_binpack("memory")],
            "placementConstraints": _member_of("attribute:disk == ssd", "not(task:group == service:cache)"),
        },
        admits=lambda i: i.attributes.get("disk") == "ssd" and not i.holds("cache"),
        peak=17,
    ),
    DemoService(
        "reports",
        running={5: 9},
        desired=9,
        definition=_bridge(
            _container("reports", 512, 2048),
            placementConstraints=_member_of("agentVersion >= 1.90.0"),
        ),
        request={
            **EC2,
            "placementStrategy": [_binpack("memory")],
            "placementConstraints": _member_of("attribute:stack == prod and runningTasksCount < 12"),
        },
        admits=lambda i: _prod(i) and len(i.groups) < 12,
        peak=14,
    ),
    DemoService(
        "admin",
        running={1: 4},
        desired=4,
        definition=_bridge(_container("admin", 256, 512, portMappings=[_port(3000)])),
        request={**EC2, "placementConstraints": _member_of("attribute:stack == dev")},
        admits=lambda i: i.attributes.get("stack") == "dev",
    ),
    DemoService(
        "ledger",
        running={1: 0},
        desired=2,
        definition=_bridge(
            _container("ledger", 512, 2048),
            placementConstraints=_member_of("attribute:ecs.instance-type =~ r5\\..*"),
        ),
        request={**EC2, "placementConstraints": _member_of("attribute:stack == dev")},
        admits=lambda i: False,
    ),
    DemoService(
        "mailer",
        running={2: 1},
        desired=1,
        definition={
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "executionRoleArn": _EXECUTION_ROLE,
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [_container("mailer", 256, 512, portMappings=[_port(2525, 2525)])],
        },
        request={
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "networkConfiguration": _network(*ZONES),
        },
    ),
    DemoService(
        "batch",
        running={6: 2, 7: 12},
        desired=14,
        definition=_bridge(_container("batch", 1024, 2560)),
        group="family:batch",
        peak=16,
    ),
    DemoService(
        "nightly",
        running={1: 4},
        desired=4,
        definition=_bridge(_container("nightly", 1024, 4096)),
        group="nightly-etl",
        admits=_prod,
    ),
)
"""In the order in which they were first placed."""
