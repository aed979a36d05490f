"""The order of a plan: actions on named tasks, the waves that carry them out, and what blocks the rest (§9)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One task that starts, stops or moves.

    Parameters
    ----------
    kind
        ``start``, ``stop`` or ``move``.
    group
        The group's name.
    task
        The task's id; empty for one that does not exist yet, or is not known by name.
    instance
        Where it starts, or where it stops.
    from_instance
        Where a moved task runs now; empty otherwise.
    step
        The wave that completes it, from 1; 0 where no order was made.
    start_step, stop_step
        The waves of a move's start and of its stop; 0 where both are of the wave ``step``.
    devices
        The devices that a task which starts or moves holds on ``instance``; empty where its group needs none.
    """

    kind: str
    group: str
    task: str
    instance: str
    from_instance: str
    step: int
    start_step: int = 0
    stop_step: int = 0
    devices: tuple[int, ...] = ()

    @property
    def starts_in(self) -> int:
        """The wave in which a task starts."""
        return self.start_step or self.step

    @property
    def stops_in(self) -> int:
        """The wave in which a task stops."""
        return self.stop_step or self.step


@dataclass(frozen=True)
class Waiting:
    """A start or a stop that cannot happen, and what it waits for.

    Parameters
    ----------
    kind
        ``start`` or ``stop``.
    group, instance
        Of the task.
    count
        So many tasks wait alike.
    tasks
        The ids of those that are to stop, as far as they are known.
    rule
        The resource or rule that it would break; ``minimumHealthyPercent`` or ``maximumPercent``.
    waits_for
        The starts and stops that would make way: ``stop of db on i2``.
    """

    kind: str
    group: str
    instance: str
    count: int
    rule: str
    waits_for: tuple[str, ...]
    tasks: tuple[str, ...] = ()

    def __str__(self) -> str:
        times = f"{self.count:,} times, " if self.count > 1 else ""
        reason = f" ({times}{self.rule})"
        others = f" waits for {', '.join(self.waits_for)}" if self.waits_for else " has nothing left to wait for"
        return f"{self.kind} of {self.group} on {self.instance}{others}{reason}"


@dataclass(frozen=True)
class Block:
    """What cannot be carried out, and why.

    Parameters
    ----------
    waiting
        The starts and stops left, as many as people read.
    more
        Starts and stops left that are not listed.
    proven
        Every order was tried: none carries out the plan unless another task moves.
    remedies
        Single changes with which the whole plan can be ordered; each was tried.
    """

    waiting: tuple[Waiting, ...]
    more: int = 0
    proven: bool = False
    remedies: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What is left, what each part waits for, and what would do."""
        left = "; ".join(str(one) for one in self.waiting)
        more = f"; and {self.more:,} more" if self.more else ""
        tried = " (every order was tried)" if self.proven else ""
        return f"{left}{more}{tried}; what would do: {' or '.join(self.remedies) or 'nothing that was tried'}"


@dataclass(frozen=True)
class Steps:
    """An order: every action with its wave.

    Parameters
    ----------
    actions
        By wave, then by group and instance. Of a plan that cannot be ordered, those that can be carried out.
    waves
        How many waves there are.
    block
        What cannot be carried out; None if everything can.
    fewest
        It is proved that no order has fewer waves.
    """

    actions: tuple[Action, ...]
    waves: int
    block: Block | None = None
    fewest: bool = False
