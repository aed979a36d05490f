"""Problems and answers of every shape for the tests of the wire, and what it means that two are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from solver.domain.answer import Answer, Replay
from solver.domain.cluster import FACTS, ClusterSnapshot
from solver.domain.columns import TextColumn
from solver.domain.counts import Counts
from solver.domain.explanation import Conflict, FunnelStage, Repair, Shortfall, Violation
from solver.domain.problem import Problem
from solver.domain.request import Engine, Freedom, Limits, Preempt, RuleSpec, RunningTask, Scheduling, TaskGroup
from solver.domain.solution import Status, Stop, TierResult
from solver.domain.survival import LossOutcome, Survival
from solver.domain.targets import HostPorts, Target, TargetKind

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6)
counts = st.integers(1, 1000)
int64 = st.integers(-(2**63), 2**63 - 1)
seconds = st.floats(0.001, 86_400)


def _column(draw: st.DrawFn, size: int) -> TextColumn:
    return TextColumn.of(draw(st.lists(st.none() | texts, min_size=size, max_size=size)))


@st.composite
def clusters(draw: st.DrawFn) -> ClusterSnapshot:
    """A cluster of up to five instances with facts, attributes and ports."""
    ids = draw(st.lists(names.map(lambda name: f"arn/{name}"), max_size=5, unique=True))
    resources = draw(st.lists(names, max_size=3, unique=True))
    size, width = len(ids), len(resources)
    capacity = np.array(
        draw(st.lists(st.integers(0, 2**40), min_size=size * width, max_size=size * width)), np.int64
    ).reshape(size, width)
    taken = np.array(
        draw(st.lists(st.integers(0, 2**40), min_size=size * width, max_size=size * width)), np.int64
    ).reshape(size, width)
    flags = st.lists(st.booleans(), min_size=size, max_size=size)
    ports = draw(st.dictionaries(st.tuples(st.sampled_from(["tcp", "udp"]), st.integers(1, 65535)), flags, max_size=3))
    return ClusterSnapshot(
        instance_ids=tuple(ids),
        resources=tuple(resources),
        capacity=capacity,
        free=capacity - taken,
        active=np.array(draw(flags), np.bool_),
        connected=np.array(draw(flags), np.bool_),
        attributes={name: _column(draw, size) for name in draw(st.lists(names, max_size=3, unique=True))},
        used_ports={port: np.flatnonzero(held) for port, held in ports.items()},
        unlisted_tasks=np.array(draw(st.lists(st.integers(0, 2**31 - 1), min_size=size, max_size=size)), np.int64),
        name=draw(texts),
        taken_at=draw(texts),
        **{fact: _column(draw, size) for fact in FACTS},
    )


rules = st.builds(RuleSpec, texts, texts)
targets = st.builds(
    Target,
    names,
    st.sampled_from(TargetKind),
    texts,
    st.integers(0, 65535),
    st.sampled_from(HostPorts),
    st.lists(names, max_size=2).map(tuple),
)


@st.composite
def groups(draw: st.DrawFn, resources: tuple[str, ...]) -> TaskGroup:
    """A task group with every field."""
    ports = st.tuples(st.sampled_from(["tcp", "udp"]), st.integers(1, 65535))
    percent = st.none() | st.integers(0, 100)
    scheduling = draw(st.sampled_from(Scheduling))
    demand = st.dictionaries(st.sampled_from(resources), st.integers(0, 2**20)) if resources else st.just({})
    return TaskGroup(
        name=draw(names),
        family=draw(names),
        demand=draw(demand),
        ports=tuple(draw(st.lists(ports, max_size=3, unique=True))),
        start=draw(st.integers(0, 10_000_000)),
        constraints=tuple(draw(st.lists(rules, max_size=3))),
        strategies=tuple(draw(st.lists(rules, max_size=2))) or None,
        priority=draw(st.integers(-(2**31), 2**31 - 1)),
        all_or_nothing=draw(st.booleans()),
        scheduling=scheduling,
        required_attributes=tuple(draw(st.lists(texts, max_size=2))),
        zones=tuple(draw(st.lists(texts, max_size=2))),
        capacity_providers=tuple(draw(st.lists(texts, max_size=2))),
        role=draw(texts),
        task_definition=draw(texts),
        movable=scheduling is not Scheduling.DAEMON and draw(st.booleans()),
        move_cost=draw(st.sampled_from((0, 1, 2, 2**40))),
        max_moves=draw(st.none() | st.integers(0, 2**40)),
        minimum_healthy_percent=draw(percent),
        maximum_percent=draw(st.none() | st.integers(100, 1_000)),
        targets=tuple(draw(st.lists(targets, max_size=2))),
    )


def _cells(draw: st.DrawFn, shape: tuple[int, int]) -> Counts:
    if not shape[0] or not shape[1]:
        return Counts.empty(*shape)
    cell = st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1), counts)
    cells = np.array(draw(st.lists(cell, max_size=6)), np.int64).reshape(-1, 3)
    return Counts.of(shape, cells[:, 0], cells[:, 1], cells[:, 2])


budgets = st.none() | st.integers(0, 2**40)


@st.composite
def freedoms(draw: st.DrawFn, resources: Sequence[str]) -> Freedom:
    """What may change, with every field; instances are not to be emptied where moves are interleaved."""
    interleaved = draw(st.booleans())
    return Freedom(
        max_moves=draw(budgets),
        max_move_cost=draw(budgets),
        min_gain=0,
        preempt=draw(st.sampled_from(Preempt)),
        empty=0 if interleaved else draw(st.integers(0, 2**31 - 1)),
        repair=draw(st.booleans()),
        consolidate=draw(st.booleans()),
        interleaved=interleaved,
        slot={name: draw(st.integers(1, 2**40)) for name in resources if draw(st.booleans())},
    )


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """A problem of any shape; its rules need not be readable."""
    cluster = draw(clusters())
    listed = draw(st.lists(groups(cluster.resources), max_size=4, unique_by=lambda group: group.name))
    shape = (len(listed), cluster.size)
    tasks: tuple[RunningTask, ...] = ()
    if shape[0] and shape[1]:
        task = st.builds(
            RunningTask,
            names,
            st.integers(0, shape[0] - 1),
            st.integers(0, shape[1] - 1),
            st.booleans(),
            st.booleans(),
            st.booleans(),
            texts,
            st.dictionaries(texts, texts, max_size=2),
        )
        tasks = tuple(draw(st.lists(task, max_size=3, unique_by=lambda task: task.id)))
    flags = st.lists(st.booleans(), min_size=cluster.size, max_size=cluster.size)
    running = _cells(draw, shape)
    listed = [
        replace(group, start=0, stop=draw(st.integers(0, total)))
        if total and group.scheduling is not Scheduling.DAEMON and draw(st.booleans())
        else group
        for group, total in zip(listed, running.totals().tolist(), strict=True)
    ]
    return Problem(
        cluster=cluster,
        groups=tuple(listed),
        running=running,
        drained=np.array(draw(flags), np.bool_),
        freedom=draw(freedoms(cluster.resources)),
        rules=tuple(draw(st.lists(rules, max_size=2))),
        all_or_nothing=draw(st.booleans()),
        frozen=np.array(draw(st.lists(st.booleans(), min_size=cluster.size, max_size=cluster.size)), np.bool_),
        tasks=tasks,
    )


limits = st.builds(
    Limits,
    seconds,
    st.none() | seconds,
    st.integers(1, 64),
    st.integers(0, 2**31 - 1),
    st.sampled_from(Engine),
)

violations = st.builds(Violation, texts, texts, texts, int64, int64, texts)
shortfalls = st.builds(
    Shortfall,
    texts,
    int64,
    int64,
    st.booleans(),
    st.lists(st.builds(FunnelStage, texts, texts, texts, int64, int64), max_size=2).map(tuple),
    st.none() | st.builds(Conflict, st.lists(texts, max_size=2).map(tuple), st.booleans(), st.booleans()),
    st.lists(st.builds(Repair, texts, texts, st.booleans()), max_size=2).map(tuple),
)
replays = st.builds(
    Replay,
    texts,
    st.integers(0, 2**31 - 1),
    seconds,
    st.none() | seconds,
    st.integers(2, 64),
    texts,
    st.dictionaries(texts, texts, max_size=2),
)

survivals = st.builds(
    Survival, st.lists(names, min_size=1, max_size=3).map(tuple), st.lists(names, max_size=2).map(tuple)
)


@st.composite
def losses(draw: st.DrawFn, problem: Problem) -> LossOutcome:
    """What becomes of a loss, with every field; its witness starts tasks where there are groups and instances."""
    shape = (len(problem.groups), problem.cluster.size)
    without = st.dictionaries(texts, st.integers(1, 2**40), max_size=2)
    found = draw(st.builds(LossOutcome, texts, texts, counts, counts, without, counts, counts, st.booleans()))
    return replace(found, fallbacks=tuple(_cells(draw, shape)))


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """An answer with every field to a problem of any shape."""
    problem = draw(problems())
    shape = (len(problem.groups), problem.cluster.size)
    return Answer(
        status=draw(st.sampled_from(Status)),
        stop=draw(st.sampled_from(Stop)),
        problem=problem,
        tasks=problem.running + _cells(draw, shape),
        tiers=tuple(
            draw(st.lists(st.builds(TierResult, texts, texts, int64, int64, st.booleans(), texts, int64), max_size=2))
        ),
        engine=draw(texts),
        replay=draw(replays),
        shortfalls=tuple(draw(st.lists(shortfalls, max_size=2))),
        warnings=tuple(draw(st.lists(texts, max_size=2))),
        broken_before=tuple(draw(st.lists(violations, max_size=2))),
        broken_after=tuple(draw(st.lists(violations, max_size=2))),
        seconds=draw(seconds),
        first_plan_seconds=draw(seconds),
        label=draw(texts),
        losses=tuple(draw(st.lists(losses(problem), max_size=2))),
    )


def contents(problem: Problem) -> dict[str, object]:
    """Everything that a problem says, in a form that compares."""
    cluster = problem.cluster
    columns = {f"attribute:{name}": column for name, column in cluster.attributes.items()}
    columns |= {fact: getattr(cluster, fact) for fact in FACTS}
    written = {name: [column[i] for i in range(len(column))] for name, column in columns.items()}
    return {
        "ids": cluster.instance_ids,
        "resources": cluster.resources,
        "capacity": cluster.capacity.tolist(),
        "free": cluster.free.tolist(),
        "active": cluster.active.tolist(),
        "connected": cluster.connected.tolist(),
        # A column without any value, and a port that nobody holds, say nothing.
        "texts": {name: column for name, column in written.items() if any(text is not None for text in column)},
        "ports": {port: held.tolist() for port, held in cluster.used_ports.items() if len(held)},
        "unlisted": cluster.unlisted_tasks.tolist(),
        "name": (cluster.name, cluster.taken_at),
        "groups": problem.groups,
        "running": list(problem.running),
        "rules": problem.rules,
        "all_or_nothing": problem.all_or_nothing,
        "frozen": problem.frozen.tolist(),
        "drained": problem.drained.tolist(),
        "freedom": problem.freedom,
        "tasks": problem.tasks,
    }


def answer_contents(answer: Answer) -> dict[str, object]:
    """Everything that an answer says beside its problem, in a form that compares."""
    said = {name: getattr(answer, name) for name in Answer.__dataclass_fields__ if name not in ("problem", "tasks")}
    return {**said, "tasks": list(answer.tasks)}


def small(size: int = 3, groups: tuple[TaskGroup, ...] | None = None) -> Problem:
    """Instances of 4 vCPU and 8 GiB in two zones, and one group that wants two tasks."""
    amounts = np.tile(np.array([4096, 8192], np.int64), (size, 1))
    cluster = ClusterSnapshot(
        instance_ids=tuple(f"arn:aws:ecs:eu-west-1:1:container-instance/demo/{i:04d}" for i in range(size)),
        resources=("cpu", "memory"),
        capacity=amounts,
        free=amounts.copy(),
        active=np.ones(size, np.bool_),
        connected=np.ones(size, np.bool_),
        attributes={"ecs.availability-zone": TextColumn.of([f"zone-{i % 2}" for i in range(size)])},
        ec2_instance_id=TextColumn.of([f"i-{i:04d}" for i in range(size)]),
    )
    wanted = groups or (TaskGroup("service:web", "service:web", {"cpu": 512, "memory": 1024}, start=2),)
    return Problem(cluster, wanted, Counts.empty(len(wanted), size))


def answer_to(problem: Problem) -> Answer:
    """One task of the first group on the first instance."""
    placed = np.zeros((len(problem.groups), problem.cluster.size), np.int64)
    placed[0, 0] = 1
    return Answer(
        status=Status.FEASIBLE,
        stop=Stop.TIME,
        problem=problem,
        tasks=problem.running + Counts.dense(placed),
        tiers=(TierResult("unplaced", "not placed", 1, 0, False, "counting", 1),),
        engine="sequential",
        replay=Replay("f" * 64, 0, 1.0, None, 2, "auto", {"placement-solver": "0"}),
        seconds=0.5,
        first_plan_seconds=0.25,
    )
