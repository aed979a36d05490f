"""Planted shortfalls: for each the conflict and the repairs are known beforehand, and so is the request repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from solver.domain.problem import Problem
from solver.domain.request import Scheduling, TaskGroup
from tests.builders import ZONE_FIELD, cluster, group, problem, rule

REPLICA = Scheduling.REPLICA
DAEMON = Scheduling.DAEMON
RESOURCES = ("cpu", "memory", "gpu")
TYPE = "ecs.instance-type"
HTTP = ("tcp", 8080)


@dataclass(frozen=True)
class Planted:
    """A request that falls short, and what is to be said of it.

    ``repairs`` holds by kind the sentence and the request with that change made, written here by hand.
    """

    name: str
    request: Problem
    conflict: frozenset[str]
    repairs: Mapping[str, tuple[str, Problem]] = field(default_factory=dict)
    group: str = "web"


def rows(count: int, *, free: Mapping[str, Any] | None = None, **fields: Any) -> list[dict[str, Any]]:
    """Instances of one type round the zones a, b and c; a list in ``free`` or ``fields`` has one entry an instance."""
    found = []
    for i in range(count):
        row: dict[str, Any] = {
            "id": f"i-{i}",
            "zone": "abc"[i % 3],
            TYPE: "m5.large",
            "cpu": 2048,
            "memory": 8192,
            "gpu": 0,
        }
        row.update({key: _entry(value, i) for key, value in fields.items()})
        row["free"] = {key: _entry(value, i) for key, value in (free or {}).items()}
        found.append(row)
    return found


def _entry(value: Any, i: int) -> Any:
    return value[i] if isinstance(value, list) else value


def asked(
    instances: list[dict[str, Any]],
    groups: list[TaskGroup],
    running: Mapping[str, list[int]] | None = None,
    **more: Any,
) -> Problem:
    """A problem over the resources of these tests."""
    return problem(cluster(instances, resources=RESOURCES), groups, running, **more)


def web(start: int = 1, **fields: Any) -> TaskGroup:
    """The group that falls short."""
    return group("web", start, **{"cpu": 100, "memory": 500, "scheduling": REPLICA, **fields})


def api(start: int = 0, **fields: Any) -> TaskGroup:
    """Another group."""
    return group("api", start, **{"cpu": 100, "memory": 500, "scheduling": REPLICA, **fields})


def changed(request: Problem, name: str = "web", **fields: Any) -> Problem:
    """The request with one group written otherwise."""
    groups = tuple(replace(g, **fields) if g.name == name else g for g in request.groups)
    return replace(request, groups=groups)


def ruled(request: Problem, *texts: str, name: str = "web") -> Problem:
    """The request with the constraints of one group replaced."""
    return changed(request, name, constraints=tuple(rule(text) for text in texts))


def less(request: Problem, resource: str, amount: int) -> Problem:
    """The request where a new task of ``web`` needs less."""
    (own,) = (g for g in request.groups if g.name == "web")
    return changed(request, demand={**own.demand, resource: amount})


def grown(instances: list[dict[str, Any]], request: Problem, **fields: Any) -> Problem:
    """The request with one empty instance more, like the others."""
    running = {g.name: [*request.running.row(k).tolist(), 0] for k, g in enumerate(request.groups)}
    new = {**rows(1)[0], "id": "i-new", **fields}
    snapshot = cluster([*instances, new], resources=RESOURCES)
    return replace(
        problem(snapshot, request.groups, running),
        rules=request.rules,
        all_or_nothing=request.all_or_nothing,
        frozen=np.append(request.frozen, False),
    )


def add(zone: str, memory: str = "8,192", gpu: str = "0") -> str:
    """The sentence for one instance more."""
    return f"add one m5.large instance in {zone} (2,048 cpu, {memory} memory, {gpu} gpu)"


def no_match() -> Planted:
    instances = rows(4, stack="prod")
    request = asked(instances, [web(2, rules=["memberOf(attribute:stack == dev)"])])
    conflict = "memberOf(attribute:stack == dev) of web"
    return Planted(
        "a memberOf that no instance matches",
        request,
        frozenset({conflict}),
        {"relax": (f"drop {conflict}", ruled(request))},
    )


def short_of_memory() -> Planted:
    instances = rows(4, free={"memory": [900, 1000, 800, 700]})
    request = asked(instances, [web(2, memory=1500)])
    return Planted(
        "too little memory everywhere",
        request,
        frozenset({"memory of the instances"}),
        {
            "reduce": ("reduce memory of web from 1,500 to 1,000", less(request, "memory", 1000)),
            "add": (add("a"), grown(instances, request)),
        },
    )


def fragmented() -> Planted:
    instances = rows(3, free={"cpu": 1900, "memory": [1000, 900, 700]})
    request = asked(instances, [web(memory=1500), api(memory=600)], {"api": [1, 1, 1]})
    # The one task that frees enough: 1,000 + 600 on i-0, or 900 + 600 on i-1; i-2 takes it with its 700.
    moved = asked(
        rows(3, free={"cpu": [2000, 1900, 1800], "memory": [1600, 900, 100]}),
        list(request.groups),
        {"api": [0, 1, 2]},
    )
    return Planted(
        "memory that is free, but in pieces",
        request,
        frozenset({"memory of the instances"}),
        {
            "move": ("move one task of api from i-0 to i-2", moved),
            "reduce": ("reduce memory of web from 1,500 to 1,000", less(request, "memory", 1000)),
            "add": (add("a"), grown(instances, request)),
        },
    )


def ports_taken() -> Planted:
    instances = rows(3, ports=[[HTTP], [HTTP], [HTTP]])
    request = asked(instances, [web(ports=(HTTP,))])
    return Planted(
        "a host port that is taken everywhere",
        request,
        frozenset({"host port 8080/tcp"}),
        {
            "reduce": ("let web use a dynamic port instead of host port 8080/tcp", changed(request, ports=())),
            "add": (add("a"), grown(instances, request)),
        },
    )


def distinct() -> Planted:
    instances = rows(3)
    request = asked(instances, [web(5, rules=["distinctInstance"])])
    return Planted(
        "fewer instances than distinctInstance needs",
        request,
        frozenset({"distinctInstance of web"}),
        {
            "relax": ("replace distinctInstance of web by maxPerInstance(2)", ruled(request, "maxPerInstance(2)")),
            "add": (add("a"), grown(instances, request)),
        },
    )


def full_zone() -> Planted:
    skew = f"maxSkew({ZONE_FIELD}, 1)"
    instances = rows(6, free={"memory": [8192, 0, 8192, 8192, 0, 8192]})
    request = asked(instances, [web(9, rules=[skew])])
    return Planted(
        "a maxSkew over zones of which one is full",
        request,
        frozenset({"memory of the instances", f"{skew} of web"}),
        {
            "relax": (
                f"replace {skew} of web by maxSkew({ZONE_FIELD}, 2)",
                ruled(request, f"maxSkew({ZONE_FIELD}, 2)"),
            ),
            "add": (add("b"), grown(instances, request, zone="b")),
        },
    )


def isolated() -> Planted:
    instances = rows(3, free={"cpu": 1900, "memory": 7000})
    request = asked(instances, [web(role="A"), api(role="B")], {"api": [1, 1, 1]}, rules=["isolateRoles(A,B)"])
    moved = asked(
        rows(3, free={"cpu": [2000, 1800, 1900], "memory": [7500, 6500, 7000]}),
        list(request.groups),
        {"api": [0, 2, 1]},
        rules=["isolateRoles(A,B)"],
    )
    return Planted(
        "roles that must not share an instance",
        request,
        frozenset({"isolateRoles(A, B)"}),
        {
            "move": ("move one task of api from i-0 to i-1", moved),
            "relax": ("drop isolateRoles(A, B)", replace(request, rules=())),
            "add": (add("a"), grown(instances, request)),
        },
    )


def unwelcome() -> Planted:
    instances = rows(3, free={"cpu": 1900, "memory": 7000})
    text = "antiAffinity(web, instanceId)"
    request = asked(instances, [web(), api(rules=[text], scheduling=DAEMON)], {"api": [1, 1, 1]})
    return Planted(
        "another group's antiAffinity",
        request,
        frozenset({f"{text} of api"}),
        {
            "relax": (f"drop {text} of api", ruled(request, name="api")),
            "add": (add("a"), grown(instances, request)),
        },
    )


def owed() -> Planted:
    instances = rows(3, free={"memory": 1000})
    agent = group("agent", cpu=10, memory=300, scheduling=DAEMON)
    request = asked(instances, [web(memory=800), agent])
    return Planted(
        "what a DAEMON service is still owed",
        request,
        frozenset({"memory of the instances", "what agent still owes its instances"}),
        {
            "reduce": ("reduce memory of web from 800 to 700", less(request, "memory", 700)),
            "add": (add("a"), grown(instances, request)),
        },
    )


def reserved() -> Planted:
    instances = rows(3, free={"memory": 1000})
    request = asked(instances, [web(memory=800)], rules=["reserve(memory, 300)"])
    return Planted(
        "memory that a reserve keeps free",
        request,
        frozenset({"memory of the instances", "reserve(memory, 300)"}),
        {
            "relax": (
                "reserve 200 instead of 300 memory in reserve(memory, 300)",
                replace(request, rules=(rule("reserve(memory, 200)"),)),
            ),
            "reduce": ("reduce memory of web from 800 to 700", less(request, "memory", 700)),
            "add": (add("a"), grown(instances, request)),
        },
    )


def no_gpu() -> Planted:
    instances = [*rows(2), {**rows(1, gpu=1000, free={"gpu": 400})[0], "id": "i-gpu"}]
    request = asked(instances, [web(gpu=600)])
    return Planted(
        "a GPU that is half taken",
        request,
        frozenset({"gpu of the instances"}),
        {
            "reduce": ("reduce gpu of web from 600 to 400", less(request, "gpu", 400)),
            "add": (add("a with the attributes of i-gpu", gpu="1,000"), grown(instances, request, gpu=1000)),
        },
    )


def lacking() -> Planted:
    instances = rows(3, **{"ecs.capability.task-eni": ""})
    request = asked(instances, [web(required_attributes=("ecs.capability.task-eni", "disk=ssd"))])
    return Planted(
        "an attribute that no instance has",
        request,
        frozenset({"requires attributes ecs.capability.task-eni, disk=ssd of web"}),
        {
            "relax": (
                "let web do without the required attribute disk=ssd",
                changed(request, required_attributes=("ecs.capability.task-eni",)),
            )
        },
    )


def only_together() -> Planted:
    instances = rows(4, stack=["prod", "dev", "prod", "dev"], free={"memory": [100, 8192, 120, 8192]})
    text = "memberOf(attribute:stack == prod)"
    request = asked(instances, [web(rules=[text])])
    return Planted(
        "two rules that leave room apart and none together",
        request,
        frozenset({"memory of the instances", f"{text} of web"}),
        {
            "relax": (f"drop {text} of web", ruled(request)),
            "reduce": ("reduce memory of web from 500 to 120", less(request, "memory", 120)),
            "add": (add("a with the attributes of i-0"), grown(instances, request, stack="prod")),
        },
    )


def gang() -> Planted:
    instances = rows(3)
    request = asked(instances, [web(5, rules=["distinctInstance"], all_or_nothing=True)])
    return Planted(
        "a gang of which a part fits",
        request,
        frozenset({"distinctInstance of web", "all or nothing of web (5 new tasks)"}),
        {"relax": ("replace distinctInstance of web by maxPerInstance(2)", ruled(request, "maxPerInstance(2)"))},
    )


def whole_request() -> Planted:
    instances = rows(3, free={"memory": 1000})
    request = asked(instances, [web(5), api(2)], all_or_nothing=True)
    return Planted(
        "a request that goes together",
        request,
        frozenset({"memory of the instances", "count of api (2 new tasks)", "all or nothing of the request"}),
        {
            "relax": (
                "drop all or nothing of the request, and place what fits",
                replace(request, all_or_nothing=False),
            ),
            "reduce": ("reduce memory of web from 500 to 333", less(request, "memory", 333)),
            "add": (add("a"), grown(instances, request)),
        },
    )


def outranked() -> Planted:
    instances = rows(3, free={"memory": 1000})
    request = asked(instances, [web(2, memory=600), api(3, memory=600, priority=1)])
    return Planted(
        "a class above that takes what there is",
        request,
        frozenset({"memory of the instances", "count of api (3 new tasks)"}),
        {
            "reduce": ("reduce memory of web from 600 to 400", less(request, "memory", 400)),
            "add": (add("a"), grown(instances, request)),
        },
    )


def shut() -> Planted:
    instances = rows(3, free={"memory": [100, 8192, 8192]}, active=[True, True, False])
    frozen = np.array([False, True, False])
    request = asked(instances, [web()], frozen=frozen)
    return Planted(
        "instances that take nothing",
        request,
        frozenset({"memory of the instances", "state of the instances"}),
        {
            "relax": ("unfreeze i-1", replace(request, frozen=np.zeros(3, np.bool_))),
            "reduce": ("reduce memory of web from 500 to 100", less(request, "memory", 100)),
            "add": (add("a"), grown(instances, request)),
        },
    )


def wrong_subnets() -> Planted:
    instances = rows(3, free={"memory": [100, 8192, 8192]})
    request = asked(instances, [web(zones=("a",))])
    return Planted(
        "subnets in a zone that is full",
        request,
        frozenset({"memory of the instances", "subnets in a of web"}),
        {
            "relax": ("give web a subnet in b as well", changed(request, zones=("a", "b"))),
            "reduce": ("reduce memory of web from 500 to 100", less(request, "memory", 100)),
            "add": (add("a"), grown(instances, request)),
        },
    )


PLANTED = [
    plant()
    for plant in (
        no_match,
        short_of_memory,
        fragmented,
        ports_taken,
        distinct,
        full_zone,
        isolated,
        unwelcome,
        owed,
        reserved,
        no_gpu,
        lacking,
        only_together,
        gang,
        whole_request,
        outranked,
        shut,
        wrong_subnets,
    )
]
