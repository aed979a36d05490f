"""Services: who keeps which tasks running, under which rules (ECS API, Service)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from solver.domain.request import MAX_CONSTRAINTS, MAX_STRATEGIES, RuleSpec, Scheduling
from solver.formats.ecs.balancers import Registrations, read_registrations
from solver.formats.ecs.definitions import read_rules
from solver.formats.ecs.documents import Element, shown

NOT_EC2 = ("FARGATE", "EXTERNAL")
"""Launch types whose tasks are on no container instance that ECS places on."""

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")

DEFAULT_PERCENTAGES = {Scheduling.REPLICA: (100, 200), Scheduling.DAEMON: (0, 100)}
"""Minimum healthy and maximum percent where a service says none (ECS API, DeploymentConfiguration)."""

MOST_PERCENT = 1_000
"""The largest maximum percent that a group may have."""


@dataclass(frozen=True)
class Provider:
    """One element of a capacity provider strategy."""

    name: str
    base: int
    weight: int


@dataclass(frozen=True)
class Service:
    """One service.

    Parameters
    ----------
    definition
        The task definition of the PRIMARY deployment or task set, else the service's own: by ARN or name.
    launch
        ``EC2``, or why its tasks are nowhere on the instances: ``FARGATE``, ``EXTERNAL``.
    providers
        Its capacity providers that may place; empty for any instance.
    refusal
        Why nothing can be started for it; empty if something can.
    remarks
        What matters in it and is not modelled.
    minimum_healthy_percent, maximum_percent
        Of its deployment configuration, else ECS's defaults: 100 and 200, for a DAEMON service 0 and 100.
    registrations
        The load balancers of its tasks.
    """

    name: str
    definition: str
    desired: int
    is_active: bool
    scheduling: Scheduling
    launch: str
    constraints: tuple[RuleSpec, ...]
    strategies: tuple[RuleSpec, ...] | None
    providers: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""
    remarks: tuple[str, ...] = ()
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    registrations: Registrations = Registrations()

    @property
    def group(self) -> str:
        """Its tasks' group."""
        return f"service:{self.name}"


def read_services(answers: list[Element]) -> dict[str, Service]:
    """Every service, by the group of its tasks."""
    found: dict[str, Service] = {}
    for answer in answers:
        for document in answer.elements("services"):
            service = _service(document)
            if service.group in found:
                document.fault("serviceArn", f"'{service.name}' is already a service", "list each service once")
            if service.name:
                found[service.group] = service
    return found


def _service(document: Element) -> Service:
    document.needed("serviceArn")
    name = document.text("serviceName") or document.text("serviceArn").rsplit("/", 1)[-1]
    primary = _primary(document)
    scheduling = document.text("schedulingStrategy") or "REPLICA"
    if scheduling not in ("REPLICA", "DAEMON"):
        document.fault("schedulingStrategy", f"is {shown(scheduling)}", "must be REPLICA or DAEMON")
        scheduling = "REPLICA"
    strategies = read_rules(document, "placementStrategy")
    providers = _providers(primary if primary is not None and primary.has("capacityProviderStrategy") else document)
    usable = tuple(provider.name for provider in providers if provider.weight or provider.base)
    status = document.text("status") or "ACTIVE"
    least, most = _percentages(document, Scheduling(scheduling))
    refusal = f"is {status}" if status != "ACTIVE" else ""
    if providers and not usable:
        refusal = refusal or "has only capacity providers of weight 0, which place nothing"
    return Service(
        name=name,
        definition=(primary.text("taskDefinition") if primary else "") or document.text("taskDefinition"),
        desired=document.amount("desiredCount"),
        is_active=status == "ACTIVE",
        scheduling=Scheduling(scheduling),
        launch=_launch(document, primary, providers),
        constraints=_constraints(document),
        strategies=strategies or None,
        providers=usable,
        subnets=_subnets(primary) or _subnets(document),
        tags=document.tags(),
        refusal=refusal,
        remarks=tuple(_remarks(document, providers)),
        minimum_healthy_percent=least,
        maximum_percent=most,
        registrations=read_registrations(document),
    )


def _percentages(document: Element, scheduling: Scheduling) -> tuple[int, int]:
    """Minimum healthy and maximum percent (ECS API, DeploymentConfiguration)."""
    least, most = DEFAULT_PERCENTAGES[scheduling]
    configured = document.element("deploymentConfiguration")
    if configured is None:
        return least, most
    if configured.has("minimumHealthyPercent"):
        least = configured.amount("minimumHealthyPercent", 0, 100)
    if configured.has("maximumPercent"):
        # What is out of range is noted and refused; 100 keeps the reader going.
        most = configured.amount("maximumPercent", 100, MOST_PERCENT) or 100
    return least, most


def _primary(document: Element) -> Element | None:
    """The deployment, or under another controller the task set, that new tasks belong to."""
    for member in ("deployments", "taskSets"):
        for candidate in document.elements(member):
            if candidate.text("status") == "PRIMARY":
                return candidate
    return None


def _constraints(document: Element) -> tuple[RuleSpec, ...]:
    rules = read_rules(document, "placementConstraints")
    for name, count, most in (
        ("placementConstraints", len(rules), MAX_CONSTRAINTS),
        ("placementStrategy", len(document.elements("placementStrategy")), MAX_STRATEGIES),
    ):
        if count > most:
            document.fault(name, f"has {count} rules", f"at most {most}")
    return rules


def _providers(document: Element) -> list[Provider]:
    return [
        Provider(item.needed("capacityProvider"), item.amount("base"), item.amount("weight"))
        for item in document.elements("capacityProviderStrategy")
    ]


def _launch(document: Element, primary: Element | None, providers: list[Provider]) -> str:
    launch = document.text("launchType") or (primary.text("launchType") if primary else "")
    if any(provider.name in FARGATE_PROVIDERS for provider in providers):
        return "FARGATE"
    return launch or "EC2"


def _subnets(document: Element | None) -> tuple[str, ...]:
    network = document.element("networkConfiguration") if document else None
    awsvpc = network.element("awsvpcConfiguration") if network else None
    return tuple(awsvpc.texts("subnets")) if awsvpc else ()


def _remarks(document: Element, providers: list[Provider]) -> Iterable[str]:
    if len(providers) > 1 or any(provider.base for provider in providers):
        yield "base and weight of its capacity providers are not modelled: they only restrict the instances"
    idle = [provider.name for provider in providers if not provider.weight and not provider.base]
    if idle and len(idle) < len(providers):
        yield f"capacity provider {', '.join(idle)} has weight 0 and gets no task"
    controller = document.element("deploymentController")
    if controller is not None and controller.text("type") not in ("", "ECS"):
        yield f"its deployment controller is {controller.text('type')}: new tasks are of its PRIMARY task set"
    if any(one.has("advancedConfiguration") for one in document.elements("loadBalancers")):
        yield "the alternate target groups of its deployments (advancedConfiguration) are not modelled"
    if document.text("launchType") == "MANAGED_INSTANCES":
        yield "ECS adds managed instances for it when it needs them, which is not modelled"
    if document.elements("volumeConfigurations") or any(
        deployment.elements("volumeConfigurations") for deployment in document.elements("deployments")
    ):
        yield "volumeConfigurations take volume attachments of the instance, which are not modelled"
    if document.text("availabilityZoneRebalancing") == "ENABLED":
        yield "ECS may move its tasks between zones afterwards (availabilityZoneRebalancing), which is not modelled"
