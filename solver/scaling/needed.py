"""M by ECS's rule: how many instances a provider needs, by the largest type of its group (ECS developer guide, managed scaling).

Tasks that wait are grouped by what they need. Each group is packed by itself on an imaginary instance that has, of each
resource, what the largest type has. A group that the smallest type could not run counts for nothing, and goes on waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Amounts = Mapping[str, int]


@dataclass(frozen=True)
class Waiting:
    """Tasks that wait for a place and need the same.

    Parameters
    ----------
    count
        Tasks.
    demand
        Of one task by resource: CPU units, MiB, thousandths of a GPU, network interfaces.
    has_ports
        A static host port: one task an instance.
    """

    count: int
    demand: Amounts
    has_ports: bool = False


@dataclass(frozen=True)
class Estimate:
    """What the tasks that wait need.

    Parameters
    ----------
    instances
        New ones.
    excluded
        Tasks that the smallest type cannot run.
    """

    instances: int
    excluded: int


def new_instances(waiting: Sequence[Waiting], types: Sequence[Amounts]) -> Estimate:
    """The instances that the tasks need which wait, group by group: ``sum ceil(tasks / tasks an instance)``.

    Parameters
    ----------
    types
        What an instance of each type has, by resource.
    """
    names = {name for amounts in types for name in amounts}
    largest = {name: max(amounts.get(name, 0) for amounts in types) for name in names}
    smallest = {name: min(amounts.get(name, 0) for amounts in types) for name in names}
    alike: dict[tuple[tuple[tuple[str, int], ...], bool], int] = {}
    for group in waiting:
        needs = tuple(sorted((name, amount) for name, amount in group.demand.items() if amount))
        alike[needs, group.has_ports] = alike.get((needs, group.has_ports), 0) + group.count
    instances = excluded = 0
    for (needs, has_ports), count in alike.items():
        if any(amount > smallest.get(name, 0) for name, amount in needs):
            excluded += count
            continue
        fit = min((largest[name] // amount for name, amount in needs), default=count)
        fit = min(fit, 1) if has_ports else fit
        instances += -(-count // max(fit, 1))
    return Estimate(instances, excluded)


def clamped(new: int, minimum_step: int, maximum_step: int) -> int:
    """New instances within the step sizes of managed scaling; 0 stays 0."""
    return max(min(new, maximum_step), minimum_step) if new > 0 else 0


def instances_needed(running: int, in_use: int, new: int) -> int:
    """M: with tasks that wait, all that run and the new ones; else those that hold a task which is no DAEMON's.

    Parameters
    ----------
    running, in_use
        Instances of the provider: N, and those of them that are not empty.
    new
        After the step sizes.
    """
    return running + new if new else in_use
