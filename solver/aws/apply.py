"""Carry a plan out on a live ECS cluster: StartTask and StopTask, wave by wave, up to the first surprise.

Every task that is started carries the plan's name as ``startedBy``, every stop gives it as its reason. So a second run of
the same plan sees what the first one did, and goes on from there. StartTask has no token that makes it safe to repeat, so
boto3 must not repeat it: a call whose answer is lost ends the run, and the next one looks what it did.

Permissions: ``ecs:List*``, ``ecs:Describe*``, ``ecs:StartTask``, ``ecs:StopTask``, ``iam:PassRole`` for the roles of the task
definitions; ``ecs:TagResource`` for moved tasks that have tags, ``ecs:GetTaskProtection`` for tasks of services.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from solver.aws.calls import FEW_ATTEMPTS, MOST_ATTEMPTS, Calls, Document, Progress, Refused, connect, tell_nobody
from solver.aws.live import Live, ending_of, has_finished, is_over, short
from solver.aws.orders import Start, Stop, Wave, calls_of, plan_id
from solver.aws.resolve import Permissions, resolve
from solver.aws.surprises import (
    Surprise,
    instances_that_take_no_task,
    instances_without_room,
    matched,
    tasks_that_changed,
    unready,
)
from solver.errors import SourceUnavailable
from solver.formats.plan import Row

THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded")
"""Answers that say that nothing was done."""

LONGEST_PAUSE = 20.0


@dataclass(frozen=True)
class Patience:
    """How long the starts, and then the stops, of a wave may take, and the pause between two looks; in seconds."""

    timeout: float = 600.0
    pause: float = 2.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Outcome:
    """What a run has done.

    Parameters
    ----------
    started, stopped
        By this run.
    earlier
        Orders that an earlier run had carried out.
    unstarted, unstopped
        What is left.
    surprises
        Why it ended before it was done; empty if it was not.
    """

    started: tuple[Start, ...]
    stopped: tuple[Stop, ...]
    earlier: int
    unstarted: tuple[Start, ...]
    unstopped: tuple[Stop, ...]
    surprises: tuple[str, ...]

    @property
    def has_begun(self) -> bool:
        """Whether anything of the plan was carried out, by this run or an earlier one."""
        return bool(self.started or self.stopped or self.earlier)


@dataclass(eq=False)
class Application:
    """A plan on its way into a cluster. ``open_plan`` makes one; nothing is written before ``carry_out``.

    Parameters
    ----------
    plan
        Its name, which ``startedBy`` and the reasons of stops carry.
    waves
        In order.
    live, starter
        Calls that are repeated when they fail, and calls that are not.
    there
        The ARN of the task that was started for a line of the plan.
    told
        The lines whose tasks were told to stop.
    surprises
        In what the cluster differs from the plan before anything is done; then nothing will be.
    """

    plan: str
    waves: tuple[Wave, ...]
    live: Live
    starter: Calls
    there: dict[int, str]
    told: set[int]
    surprises: tuple[str, ...]
    warnings: tuple[str, ...]
    patience: Patience

    def __post_init__(self) -> None:
        self._earlier = (frozenset(self.there), frozenset(self.told))
        self._tell: Progress = tell_nobody

    @property
    def earlier(self) -> int:
        """Orders that an earlier run had carried out."""
        return sum(map(len, self._earlier))

    def unstarted(self, wave: Wave) -> tuple[Start, ...]:
        """The starts of a wave that are still to be ordered."""
        return tuple(start for start in wave.starts if start.line not in self.there)

    def unstopped(self, wave: Wave) -> tuple[Stop, ...]:
        """The stops of a wave that are still to be ordered."""
        return tuple(stop for stop in wave.stops if stop.line not in self.told)

    def check(self, at: int = 0) -> tuple[str, ...]:
        """In what the cluster is not what the waves from ``at`` on take it for.

        What is free must do for the next wave; later ones may wait for what it frees.
        """
        left = self.waves[at:]
        starts = [start for wave in left for start in self.unstarted(wave)]
        found = instances_that_take_no_task(starts, self.live)
        if not found and left:
            found = instances_without_room(self.unstarted(left[0]), self.live)
        told, changed = tasks_that_changed(
            [stop for wave in left for stop in self.unstopped(wave)], self.plan, self.live
        )
        self.told |= told
        return (*found, *changed)

    def carry_out(self, tell: Progress | None = None) -> Outcome:
        """Start and stop what is left of the plan; ends at the first surprise, also when it is interrupted."""
        self._tell = tell or tell_nobody
        found = self.surprises
        if not found:
            try:
                for at in range(len(self.waves)):
                    self._wave(at)
            except Surprise as surprise:
                found = surprise.found
            except (Refused, SourceUnavailable) as failed:
                found = (f"{failed}; what this call has done is seen by the next run",)
            except KeyboardInterrupt:
                found = ("interrupted",)
        return self._outcome(found)

    def _outcome(self, surprises: tuple[str, ...]) -> Outcome:
        starts = [start for wave in self.waves for start in wave.starts]
        stops = [stop for wave in self.waves for stop in wave.stops]
        started, told = self._earlier
        return Outcome(
            tuple(start for start in starts if start.line in self.there and start.line not in started),
            tuple(stop for stop in stops if stop.line in self.told and stop.line not in told),
            self.earlier,
            tuple(start for start in starts if start.line not in self.there),
            tuple(stop for stop in stops if stop.line not in self.told),
            surprises,
        )

    def _wave(self, at: int) -> None:
        wave = self.waves[at]
        if found := self.check(at):
            raise Surprise(*found)
        for some in calls_of(self.unstarted(wave)):
            self._start(some)
        self._wait_until_up(wave)
        # Waiting took its time: what is about to stop may have changed meanwhile.
        told, changed = tasks_that_changed(self.unstopped(wave), self.plan, self.live)
        self.told |= told
        if changed:
            raise Surprise(*changed)
        for stop in self.unstopped(wave):
            reason = f"{self.plan} wave {wave.number}: {'moved' if stop.is_move else 'stopped'}"
            self.live.calls.call("stop_task", cluster=self.live.calls.cluster, task=stop.task, reason=reason)
            self.told.add(stop.line)
        self._wait_until_stopped(wave)

    def _start(self, some: Sequence[Start]) -> None:
        """One StartTask call, for starts that differ in their instances alone."""
        one = some[0]
        arguments: dict[str, object] = {
            "cluster": self.starter.cluster,
            "taskDefinition": one.definition,
            "containerInstances": [start.instance for start in some],
            "group": one.group,
            "startedBy": self.plan,
        }
        if one.overrides:
            arguments["overrides"] = json.loads(one.overrides)
        if one.network:
            arguments["networkConfiguration"] = json.loads(one.network)
        if one.tags:
            arguments["tags"] = [{"key": key, "value": value} for key, value in one.tags]
        if one.can_execute:
            arguments["enableExecuteCommand"] = True
        answer = self._unhurried("start_task", arguments)
        by_instance = {start.instance: start for start in some}
        for task in answer["tasks"]:
            start = by_instance.pop(task["containerInstanceArn"], None)
            if start is not None:
                self.there[start.line] = task["taskArn"]
        failures = [
            f"ECS did not start a task of {one.name} on {self.live.label(str(failure.get('arn')))}: "
            + " ".join(str(failure[name]) for name in ("reason", "detail") if failure.get(name))
            for failure in answer.get("failures", [])
        ]
        if by_instance and not failures:
            failures = [f"ECS did not start a task of {one.name} on {', '.join(map(self.live.label, by_instance))}"]
        if failures:
            raise Surprise(*failures)

    def _unhurried(self, operation: str, arguments: Mapping[str, object]) -> Document:
        """A call that is repeated only where ECS says that it did nothing: when it is throttled."""
        attempt = 1
        while True:
            try:
                return self.starter.call(operation, **arguments)
            except Refused as refused:
                if refused.code not in THROTTLED or attempt == MOST_ATTEMPTS:
                    raise
            self.patience.sleep(min(self.patience.pause * 2 ** (attempt - 1), LONGEST_PAUSE))
            attempt += 1

    def _wait_until_up(self, wave: Wave) -> None:
        """Until every task of the wave runs and is healthy; a new one that has done its work already is fine too."""

        def left(tasks: Mapping[str, Document]) -> list[str]:
            waiting, ended = [], []
            for start in wave.starts:
                arn = self.there[start.line]
                task = tasks.get(short(arn))
                said = f"the task {short(arn)} of {start.name}"
                if task is not None and is_over(task):
                    if start.moves or not has_finished(task):
                        ended.append(f"{said} has stopped again: {ending_of(task)}")
                elif problem := unready(start, task, self.live.definitions.get(start.definition)):
                    waiting.append(f"{said} {problem}")
            if ended:
                raise Surprise(*ended)
            return waiting

        self._wait(f"wave {wave.number}: tasks up", [self.there[start.line] for start in wave.starts], left)

    def _wait_until_stopped(self, wave: Wave) -> None:
        def left(tasks: Mapping[str, Document]) -> list[str]:
            known = [(stop, tasks.get(short(stop.task), {})) for stop in wave.stops]
            return [
                f"the task {short(stop.task)} of {stop.name} is {task['lastStatus']}"
                for stop, task in known
                if task.get("lastStatus", "STOPPED") not in ("STOPPED", "DELETED")
            ]

        self._wait(f"wave {wave.number}: tasks stopped", [stop.task for stop in wave.stops], left)

    def _wait(self, what: str, arns: Sequence[str], left: Callable[[Mapping[str, Document]], list[str]]) -> None:
        """Look again and again until nothing is left, or the time is up."""
        if not arns:
            return
        until = self.patience.clock() + self.patience.timeout
        self._tell(what, 0, len(arns))
        while waiting := left(self.live.tasks(arns)):
            self._tell(what, len(arns) - len(waiting), len(arns))
            if self.patience.clock() >= until:
                raise Surprise(*(f"{one} after {self.patience.timeout:g} s" for one in waiting))
            self.patience.sleep(self.patience.pause)
        self._tell(what, len(arns), len(arns))


def open_plan(
    rows: Iterable[Row],
    cluster: str,
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    permissions: Permissions | None = None,
    patience: Patience | None = None,
) -> Application:
    """Read what a plan concerns, what an earlier run has done of it, and whether the cluster is what it assumes.

    Parameters
    ----------
    rows
        Of the plan (``solver.formats.plan.rows_of_plan``).
    cluster
        Name or ARN.

    Raises
    ------
    InvalidRequest
        If there is no such cluster, or with every row that cannot be carried out.
    SourceUnavailable
        If boto3 is not installed, or a call fails after its retries.
    """
    rows = tuple(rows)
    attempts = (MOST_ATTEMPTS, FEW_ATTEMPTS, 1)
    patient, hasty, starter = (Calls(connect(endpoint_url, times, region), cluster) for times in attempts)
    live = Live(patient, hasty)
    try:
        patient.about()
        resolved = resolve(rows, live, permissions or Permissions())
        name = plan_id(rows)
        earlier = [task for task in live.started_by(name) if not is_over(task) or has_finished(task)]
        there, extra = matched([start for wave in resolved.waves for start in wave.starts], earlier)
        stops = [stop for wave in resolved.waves for stop in wave.stops]
        told, _ = tasks_that_changed(stops, name, live)
        application = Application(
            plan=name,
            waves=resolved.waves,
            live=live,
            starter=starter,
            there=there,
            told=told,
            surprises=(*resolved.surprises, *extra),
            warnings=tuple(resolved.warnings),
            patience=patience or Patience(),
        )
        application.surprises = application.surprises or application.check()
        application.warnings += tuple(live.warnings)
        return application
    except Refused as refused:
        raise SourceUnavailable(str(refused)) from refused
