"""An answer -> the wire, and back with the problem at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from solver.domain.answer import Answer, Replay
from solver.domain.counts import Counts
from solver.domain.explanation import Conflict, FunnelStage, Repair, Shortfall, Violation
from solver.domain.problem import Problem
from solver.domain.progress import Progress
from solver.domain.solution import Status, Stop, TierResult
from solver.domain.steps import Action, Block, Steps, Waiting
from solver.errors import InvalidRequest
from solver.rules.isolation import isolation
from solver.service.outcomes import group_of, instance_of, losses_to_wire, read_losses
from solver.service.targets import isolation_to_wire, zones_to_wire
from solver.v1 import placement_service_pb2 as wire
from solver.v1 import plan_pb2, task_group_pb2

_STATUSES = {
    Status.OPTIMAL: plan_pb2.STATUS_OPTIMAL,
    Status.FEASIBLE: plan_pb2.STATUS_FEASIBLE,
    Status.INFEASIBLE: plan_pb2.STATUS_INFEASIBLE,
    Status.NOT_FOUND: plan_pb2.STATUS_NOT_FOUND,
}
_STOPS = {
    Stop.PROVED: plan_pb2.STOP_REASON_PROVED,
    Stop.TIME: plan_pb2.STOP_REASON_TIME,
    Stop.CANCELLED: plan_pb2.STOP_REASON_CANCELLED,
    Stop.ENGINE_DONE: plan_pb2.STOP_REASON_ENGINE_DONE,
}
_KINDS = {
    "start": plan_pb2.ACTION_KIND_START,
    "stop": plan_pb2.ACTION_KIND_STOP,
    "move": plan_pb2.ACTION_KIND_MOVE,
}
_KIND_OF = {number: kind for kind, number in _KINDS.items()}
_STATUS_OF = {number: status for status, number in _STATUSES.items()}
_STOP_OF = {number: stop for stop, number in _STOPS.items()}


def place_response(answer: Answer) -> wire.PlaceResponse:
    """Write an answer. With a deterministic limit and one worker, times are left out (§10.1)."""
    steps = answer.steps
    repeats = answer.replay.deterministic_limit is not None and answer.replay.workers == 1
    timings = plan_pb2.Timings(total_seconds=answer.seconds, first_plan_seconds=answer.first_plan_seconds)
    return wire.PlaceResponse(
        status=_STATUSES[answer.status],
        stop=_STOPS[answer.stop],
        engine=answer.engine,
        actions=_actions(answer),
        tiers=tiers(answer.tiers),
        shortfalls=[_shortfall(shortfall) for shortfall in answer.shortfalls],
        warnings=answer.warnings,
        broken_before=violations(answer.broken_before),
        broken_after=violations(answer.broken_after),
        replay=_replay(answer.replay),
        timings=None if repeats else timings,
        label=answer.label,
        block=None if steps is None or steps.block is None else _block(steps.block),
        task_columns=None if steps is None or steps.block is None else _columns(answer.tasks),
        targets=zones_to_wire(answer.targets),
        isolation=isolation_to_wire(isolation(answer.problem, answer.tasks)),
        losses=losses_to_wire(answer.losses, answer.problem),
    )


def _block(block: Block) -> plan_pb2.Block:
    waiting = [
        plan_pb2.Waiting(
            kind=w.kind,
            group=w.group,
            instance=w.instance,
            count=w.count,
            rule=w.rule,
            waits_for=w.waits_for,
            tasks=w.tasks,
        )
        for w in block.waiting
    ]
    return plan_pb2.Block(waiting=waiting, more=block.more, proven=block.proven, remedies=block.remedies)


def _columns(tasks: Counts) -> task_group_pb2.TaskCountColumns:
    return task_group_pb2.TaskCountColumns(
        groups=tasks.group.tolist(), instances=tasks.instance.tolist(), counts=tasks.count.tolist()
    )


def tiers(found: Iterable[TierResult]) -> list[plan_pb2.Tier]:
    """Write what is known of the tiers."""
    return [_tier(tier) for tier in found]


def violations(found: Iterable[Violation]) -> list[plan_pb2.Violation]:
    """Write violations."""
    return [
        plan_pb2.Violation(rule=v.rule, group=v.group, place=v.place, allowed=v.allowed, after=v.after, unit=v.unit)
        for v in found
    ]


def read_violations(found: Iterable[plan_pb2.Violation]) -> tuple[Violation, ...]:
    """Read violations."""
    return tuple(Violation(v.rule, v.group, v.place, v.allowed, v.after, v.unit) for v in found)


def read_answer(message: wire.PlaceResponse, problem: Problem) -> Answer:
    """Read the answer to a problem. What follows from the problem and the plan is not read: targets, isolation.

    Raises
    ------
    InvalidRequest
        If the answer is not one to this problem: an unknown status, group or instance.
    """
    if message.status not in _STATUS_OF or message.stop not in _STOP_OF:
        problem_ = f"is {message.status}, stopped by {message.stop}"
        raise InvalidRequest.at("status", problem_, "a client of the server's version reads it")
    return Answer(
        status=_STATUS_OF[message.status],
        stop=_STOP_OF[message.stop],
        problem=problem,
        tasks=_tasks_after(message, problem),
        tiers=tuple(_read_tier(tier) for tier in message.tiers),
        engine=message.engine,
        replay=_read_replay(message.replay),
        shortfalls=tuple(_read_shortfall(shortfall) for shortfall in message.shortfalls),
        warnings=tuple(message.warnings),
        broken_before=read_violations(message.broken_before),
        broken_after=read_violations(message.broken_after),
        seconds=message.timings.total_seconds,
        first_plan_seconds=message.timings.first_plan_seconds,
        label=message.label,
        steps=_read_steps(message),
        losses=read_losses(message.losses, problem),
    )


def read_progress(message: wire.PlaceProgress, problem: Problem, last: Progress | None) -> Progress | Answer:
    """Read what is known of the answer to a problem, or the answer itself; raises as ``read_answer``."""
    if message.terminal:
        return read_answer(message.plan, problem)
    if message.HasField("plan"):
        tasks, found = _tasks_after(message.plan, problem), message.plan.tiers
    elif last is not None:
        tasks, found = last.tasks, message.tiers
    else:
        raise InvalidRequest.at("progress.plan", "is missing", "a stream begins with a plan")
    return Progress(
        problem, tasks, tuple(_read_tier(tier) for tier in found), message.seconds, message.HasField("plan")
    )


def _actions(answer: Answer) -> list[plan_pb2.Action]:
    """``Answer.actions``, equal ones put together."""
    if not len(answer.stopped):
        # Placing only starts tasks, all in the first wave: no need to go through them one by one.
        names, groups = answer.problem.cluster.instance_ids, answer.problem.groups
        start = plan_pb2.ACTION_KIND_START
        return [
            plan_pb2.Action(kind=start, group=groups[g].name, instance=names[i], step=1, count=n)
            for g, i, n in answer.started
        ]
    return [
        plan_pb2.Action(
            kind=_KINDS[a.kind],
            group=a.group,
            task=a.task,
            instance=a.instance,
            from_instance=a.from_instance,
            step=a.step,
            count=count,
            start_step=a.start_step,
            stop_step=a.stop_step,
        )
        for a, count in Counter(answer.actions()).items()
    ]


def _read_steps(message: wire.PlaceResponse) -> Steps | None:
    """The order of a plan that stops tasks; None where nothing stops or no order was made."""
    start = plan_pb2.ACTION_KIND_START
    if all(action.kind == start or not action.step for action in message.actions) and not message.HasField("block"):
        return None
    actions = tuple(
        Action(_KIND_OF[a.kind], a.group, a.task, a.instance, a.from_instance, a.step, a.start_step, a.stop_step)
        for a in message.actions
        for _ in range(a.count)
    )
    block = None
    if message.HasField("block"):
        found = message.block
        waiting = tuple(
            Waiting(w.kind, w.group, w.instance, w.count, w.rule, tuple(w.waits_for), tuple(w.tasks))
            for w in found.waiting
        )
        block = Block(waiting, found.more, found.proven, tuple(found.remedies))
    return Steps(actions, max((action.step for action in actions), default=0), block)


def _tasks_after(message: wire.PlaceResponse, problem: Problem) -> Counts:
    """What the actions lead to; where they are a part of the plan, it is given whole."""
    changes = _changes(message, problem)
    if not message.HasField("block"):
        return problem.running + changes
    shape, columns = (len(problem.groups), problem.cluster.size), message.task_columns
    lists = (columns.groups, columns.instances, columns.counts)
    if len({len(column) for column in lists}) > 1:
        raise InvalidRequest.at("task_columns", "has columns of different lengths", "give each cell in all of them")
    group, instance, count = (np.array(column, np.int64) for column in lists)
    if len(group) and not (
        0 <= group.min() <= group.max() < shape[0] and 0 <= instance.min() <= instance.max() < shape[1]
    ):
        raise InvalidRequest.at("task_columns", "names a group or an instance that is not there", f"stay below {shape}")
    return Counts.of(shape, group, instance, count)


def _changes(message: wire.PlaceResponse, problem: Problem) -> Counts:
    """What the actions add to and take from each group on each instance."""
    cells: list[tuple[int, int, int]] = []
    for at, action in enumerate(message.actions):
        path = f"actions[{at}]"
        if action.kind not in (plan_pb2.ACTION_KIND_START, plan_pb2.ACTION_KIND_STOP, plan_pb2.ACTION_KIND_MOVE):
            raise InvalidRequest.at(f"{path}.kind", f"is {action.kind}", "must be START, STOP or MOVE")
        group = group_of(problem, f"{path}.group", action.group)
        sign = -1 if action.kind == plan_pb2.ACTION_KIND_STOP else 1
        cells.append((group, instance_of(problem, f"{path}.instance", action.instance), sign * action.count))
        if action.kind == plan_pb2.ACTION_KIND_MOVE:
            source = instance_of(problem, f"{path}.from_instance", action.from_instance)
            cells.append((group, source, -action.count))
    columns = np.array(cells, np.int64).reshape(-1, 3)
    return Counts.of((len(problem.groups), problem.cluster.size), columns[:, 0], columns[:, 1], columns[:, 2])


def _tier(tier: TierResult) -> plan_pb2.Tier:
    return plan_pb2.Tier(
        name=tier.name,
        title=tier.title,
        value=tier.value,
        bound=tier.bound,
        proven=tier.proven,
        source=tier.source,
        sequential=tier.sequential,
        remark=tier.remark,
    )


def _read_tier(tier: plan_pb2.Tier) -> TierResult:
    return TierResult(
        tier.name, tier.title, tier.value, tier.bound, tier.proven, tier.source, tier.sequential, tier.remark
    )


def _shortfall(shortfall: Shortfall) -> plan_pb2.Shortfall:
    conflict = shortfall.conflict
    return plan_pb2.Shortfall(
        group=shortfall.group,
        wanted=shortfall.wanted,
        placed=shortfall.placed,
        proven=shortfall.proven,
        funnel=[
            plan_pb2.FunnelStage(stage=f.stage, rule=f.rule, reason=f.reason, refused=f.refused, left=f.left)
            for f in shortfall.funnel
        ],
        conflict=None
        if conflict is None
        else plan_pb2.Conflict(members=conflict.members, minimal=conflict.minimal, proven=conflict.proven),
        repairs=[plan_pb2.Repair(kind=r.kind, change=r.change, verified=r.verified) for r in shortfall.repairs],
    )


def _read_shortfall(message: plan_pb2.Shortfall) -> Shortfall:
    conflict = None
    if message.HasField("conflict"):
        found = message.conflict
        conflict = Conflict(tuple(found.members), found.minimal, found.proven)
    return Shortfall(
        group=message.group,
        wanted=message.wanted,
        placed=message.placed,
        proven=message.proven,
        funnel=tuple(FunnelStage(f.stage, f.rule, f.reason, f.refused, f.left) for f in message.funnel),
        conflict=conflict,
        repairs=tuple(Repair(r.kind, r.change, r.verified) for r in message.repairs),
    )


def _replay(replay: Replay) -> plan_pb2.Replay:
    return plan_pb2.Replay(
        fingerprint=replay.fingerprint,
        seed=replay.seed,
        time_limit_seconds=replay.time_limit,
        deterministic_limit_seconds=replay.deterministic_limit,
        workers=replay.workers,
        engine=replay.engine,
        versions=dict(replay.versions),
    )


def _read_replay(message: plan_pb2.Replay) -> Replay:
    fixed = message.deterministic_limit_seconds if message.HasField("deterministic_limit_seconds") else None
    return Replay(
        message.fingerprint,
        message.seed,
        message.time_limit_seconds,
        fixed,
        message.workers,
        message.engine,
        dict(message.versions),
    )
