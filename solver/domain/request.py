"""What is asked: task groups with their rules, and how long to think about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from solver.domain.cluster import Port
from solver.domain.devices import DeviceNeed
from solver.domain.targets import Target


@dataclass(frozen=True)
class RuleSpec:
    """A rule as it is written: its wire name and its argument; the rule parses the argument itself.

    ``RuleSpec("memberOf", "attribute:stack == prod")``, ``RuleSpec("spread", "attribute:ecs.availability-zone")``,
    ``RuleSpec("maxSkew", "attribute:ecs.availability-zone, 1")``, ``RuleSpec("distinctInstance")``.
    """

    type: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.type}({self.argument})" if self.argument else self.type


class Scheduling(Enum):
    """Who keeps the tasks of a group running."""

    REPLICA = "REPLICA"
    DAEMON = "DAEMON"
    STANDALONE = "STANDALONE"


class Preempt(Enum):
    """Whose running tasks may be stopped, without anybody asking, to place others (§5.1)."""

    NONE = "none"
    LOWER = "lower"
    """Those of lower priority than a group that wants tasks; each class loses as few as can be."""
    ANY = "any"
    """Anybody's: running and wanted tasks of a class count alike."""


@dataclass(frozen=True)
class Freedom:
    """What may change beside what is asked for, and what is minimised beside the strategies (§1.3, §5.1).

    Parameters
    ----------
    max_moves
        Tasks that may move; None for any number.
    max_move_cost
        The sum of the moved tasks' ``move_cost``; None for any.
    min_gain
        What a move must gain, in thousandths of the unit of the first tier that can gain something; 0 for nothing. Only where
        nothing but moves is asked for: what starts and stops changes the tiers too, and hides what the moves gain.
    preempt
        Whether running tasks may be stopped to place others.
    empty
        So many instances are to be emptied, those for which the fewest tasks move; not with ``interleaved``.
    repair
        Have few rules broken, before anything but the tasks themselves (§8).
    consolidate
        Keep few instances in use, before any strategy.
    slot
        Have so much free in one piece, by resource, on an instance that takes new tasks; empty where nobody asks. After
        ``consolidate``, before any strategy.
    interleaved
        Few moves matter after each priority class instead of last of all, so that nothing moves for a strategy.
    """

    max_moves: int | None = None
    max_move_cost: int | None = None
    min_gain: int = 0
    preempt: Preempt = Preempt.NONE
    empty: int = 0
    repair: bool = False
    consolidate: bool = False
    slot: Mapping[str, int] = field(default_factory=dict)
    interleaved: bool = False


MOST_OF_SLOT = 2**53 // 1_000
"""Of one resource of a slot: its thousandths are counted."""

MAX_CONSTRAINTS = 10
"""Constraints of a group, task definition's and service's together, as in ECS."""

MAX_STRATEGIES = 5
"""Strategies of a group, as in ECS."""

MAX_START = 10_000_000
"""New tasks that one group may ask for."""


@dataclass(frozen=True)
class TaskGroup:
    """Interchangeable tasks: one demand, one list of rules, one priority (§1.2).

    Parameters
    ----------
    name
        Distinct in the request: ``service:web``, ``family:batch``, or with a revision ``service:web@web:7``.
    family
        ECS's task group (``service:web``); all revisions of a service share it.
    demand
        Amount per resource of one task; a resource that is not named is not needed.
    ports
        Static host ports of one task.
    start
        New tasks wanted.
    stop
        Running tasks to stop; not together with ``start``.
    movable
        Its running tasks may move (§1.4): those that are RUNNING and not protected.
    move_cost
        What moving one of its tasks counts (§5.1).
    max_moves
        At most so many of its tasks move; None for any number.
    minimum_healthy_percent, maximum_percent
        Bounds on its family's healthy, and running or pending tasks on the way (§9.2); None for no bound.
    constraints
        Hard and soft rules, joined by *and*.
    strategies
        In order; None, or none at all, takes the default of §4.4.
    priority
        Higher is placed first (§5.1).
    all_or_nothing
        Place all of the new tasks or none (§6.3).
    required_attributes
        ``NAME`` or ``NAME=VALUE`` that the task definition needs of an instance.
    zones
        Availability zones that its subnets allow under ``awsvpc``; empty for any.
    capacity_providers
        Names of the providers whose instances it may use; empty for any (§3.9).
    role
        The task role's ARN or name; empty for none (§3.8).
    task_definition
        Where the group comes from, for people.
    devices
        What one task needs of the devices of its instance; None for none.
    arrivals
        How many tasks like these are to be expected, beside those of the other groups (``leastFragmentation``).
    targets
        What its tasks are registered with, for the answer to tell of: no plan depends on it.
    """

    name: str
    family: str
    demand: Mapping[str, int]
    ports: tuple[Port, ...] = ()
    start: int = 0
    stop: int = 0
    movable: bool = False
    move_cost: int = 1
    max_moves: int | None = None
    minimum_healthy_percent: int | None = None
    maximum_percent: int | None = None
    constraints: tuple[RuleSpec, ...] = ()
    strategies: tuple[RuleSpec, ...] | None = None
    priority: int = 0
    all_or_nothing: bool = False
    scheduling: Scheduling = Scheduling.STANDALONE
    required_attributes: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    capacity_providers: tuple[str, ...] = ()
    role: str = ""
    task_definition: str = ""
    # Out of the text by which requests are told apart where nobody uses them (``solver.api.fingerprint``).
    devices: DeviceNeed | None = field(default=None, repr=False)
    arrivals: int = field(default=0, repr=False)
    targets: tuple[Target, ...] = field(default=(), repr=False)


class Engine(Enum):
    """Which engine answers."""

    AUTO = "auto"
    EXACT = "exact"
    SEQUENTIAL = "sequential"


MOST_SECONDS = 86_400
"""Of a time limit, by the clock or deterministic: a day."""

MOST_WORKERS = 64
"""Threads that CP-SAT may be given."""


@dataclass(frozen=True)
class Limits:
    """How long and how an engine may search.

    Parameters
    ----------
    time_limit
        Seconds of wall clock for the whole answer (§10.3).
    deterministic_limit
        CP-SAT's deterministic seconds, for answers that repeat (§10.1, with one worker); None for wall clock alone. The
        wall clock still ends the search, and an answer that it ended (``Stop.TIME``) may not repeat: give it room.
    workers
        Threads that CP-SAT may use.
    seed
        For ties and ``random`` (§4.5) and for CP-SAT.
    engine
        Which engine answers.
    """

    time_limit: float = 10.0
    deterministic_limit: float | None = None
    workers: int = 2
    seed: int = 0
    engine: Engine = Engine.AUTO


@dataclass(frozen=True)
class RunningTask:
    """A task that exists, by name: what chooses and names the tasks to stop (§9.1).

    Parameters
    ----------
    group, instance
        Indices into the problem's groups and the cluster's instances.
    healthy
        Its health status is not UNHEALTHY.
    running
        Its last status is RUNNING; its desired status is RUNNING in any case.
    started_at
        ISO 8601; empty where unknown.
    devices
        The devices of its instance that it holds; empty where its group needs none, or where they are not known: then
        its end sets none free.
    """

    id: str
    group: int
    instance: int
    protected: bool = False
    healthy: bool = True
    running: bool = True
    started_at: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[int, ...] = ()
