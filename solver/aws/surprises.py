"""Whether the cluster is still what a plan takes it for: its instances, what is free on them, and its tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from solver.aws.calls import Document
from solver.aws.live import Live, amounts_of, ending_of, is_over, short
from solver.aws.orders import Start, Stop, essence
from solver.domain.cluster import Port
from solver.formats.ecs.definitions import Definition


class Surprise(Exception):
    """The cluster is not what the plan takes it for, or a call did not do what it should; each one in a sentence."""

    def __init__(self, *found: str) -> None:
        super().__init__("\n".join(found))
        self.found = found


def instances_that_take_no_task(starts: Sequence[Start], live: Live) -> list[str]:
    """The instances of some starts that are gone, not ACTIVE or not connected."""
    found = []
    instances = live.instances(start.instance for start in starts)
    for arn in dict.fromkeys(start.instance for start in starts):
        one, name = instances.get(arn), live.label(arn)
        if one is None or one.get("status") == "INACTIVE":
            found.append(f"the instance {name} is gone from the cluster")
        elif one.get("status") != "ACTIVE":
            found.append(f"the instance {name} is {one.get('status')} and takes no task")
        elif not one.get("agentConnected"):
            found.append(f"the agent of the instance {name} is not connected")
    return found


def instances_without_room(starts: Sequence[Start], live: Live) -> list[str]:
    """The instances where some starts together do not fit: by what is free of each resource, and by host ports."""
    found = []
    by_instance: dict[str, list[Start]] = {}
    for start in starts:
        by_instance.setdefault(start.instance, []).append(start)
    for arn, one in live.instances(by_instance).items():
        definitions = [live.definitions[start.definition] for start in by_instance.get(arn, [])]
        found += _missing(live.label(arn), one, definitions)
    return found


def _missing(name: str, instance: Document, definitions: Sequence[Definition]) -> list[str]:
    found = []
    amounts = amounts_of(instance)
    demand: dict[str, int] = {}
    used: set[Port] = set(amounts.ports)
    for definition in definitions:
        for resource, amount in definition.demand.items():
            demand[resource] = demand.get(resource, 0) + amount
        for port in definition.ports:
            if port in used:
                found.append(f"port {port[1]}/{port[0]} of the instance {name} is taken, which {definition.key} needs")
            used.add(port)
    for resource, amount in demand.items():
        # Interfaces are in no document of an instance; StartTask itself refuses what has none left.
        free = amounts.free.get(resource)
        if free is not None and amount > free:
            found.append(f"the instance {name} has {free:,} {resource} free, and the wave needs {amount:,}")
    return found


def tasks_that_changed(stops: Sequence[Stop], plan: str, live: Live) -> tuple[set[int], list[str]]:
    """The lines of the stops that the plan has ordered before, and the tasks that are not as the plan has seen them."""
    tasks = live.tasks(stop.task for stop in stops)
    told, found = set(), []
    for stop in stops:
        task = tasks.get(short(stop.task))
        if task is not None and is_over(task) and plan in str(task.get("stoppedReason")):
            told.add(stop.line)
        elif problem := _change(stop, task, live):
            found.append(f"the task {short(stop.task)} of {stop.name} {problem}")
    left = [task for task in tasks.values() if not is_over(task)]
    until = live.protected(left)
    found += [
        f"the task {short(stop.task)} of {stop.name} is protected until {until[short(stop.task)]}"
        for stop in stops
        if short(stop.task) in until
    ]
    return told, found


def _change(stop: Stop, task: Document | None, live: Live) -> str:
    """In what a task is not as the plan has seen it; empty for nothing."""
    if task is None:
        return "is gone: ECS no longer knows it"
    if is_over(task):
        return f"was stopped by something else: {ending_of(task)}"
    instance = str(task.get("containerInstanceArn") or "")
    if instance != stop.instance:
        return f"is on {live.label(instance) or 'no instance'}, and the plan says {live.label(stop.instance)}"
    if task.get("group") != stop.group:
        return f"belongs to {task.get('group')}, and the plan says {stop.group}"
    return ""


def unready(start: Start, task: Document | None, definition: Definition | None) -> str:
    """What a started task still waits for; empty if it is up.

    RUNNING, and HEALTHY where a container has a health check: until the first check such a task is UNKNOWN. Without
    one UNKNOWN is all that ECS will ever say.
    """
    if task is None:
        return "is not known yet"
    if task.get("lastStatus") != "RUNNING":
        return f"is {task.get('lastStatus')}"
    health = task.get("healthStatus")
    if health in (None, "HEALTHY"):
        return ""
    if health == "UNKNOWN" and not has_health_check(definition):
        return ""
    return f"is {health}"


def has_health_check(definition: Definition | None) -> bool:
    """Whether a container of the task definition says how its health is checked."""
    if definition is None:
        return False
    return any(container.has("healthCheck") for container in definition.source.elements("containerDefinitions"))


def matched(starts: Sequence[Start], earlier: Sequence[Document]) -> tuple[dict[int, str], list[str]]:
    """The ARN of the task that is already there for each line, and the tasks of the plan that no row stands for.

    Tasks alike on an instance stand for the rows in order.
    """
    there: dict[tuple[str, str, str, str], list[str]] = {}
    described: Mapping[str, Document] = {task["taskArn"]: task for task in earlier}
    for arn, task in described.items():
        place = (
            str(task.get("group")),
            str(task["taskDefinitionArn"]),
            str(task.get("containerInstanceArn")),
            essence(task.get("overrides")),
        )
        there.setdefault(place, []).append(arn)
    found = {start.line: there[start.place].pop(0) for start in starts if there.get(start.place)}
    extra = [
        f"the task {short(arn)} ({short(described[arn]['taskDefinitionArn'])} in {place[0]} on {short(place[2])}) was "
        "started for this plan, and no row of it says so"
        for place, arns in there.items()
        for arn in arns
    ]
    return found, extra
