"""What is free on one instance while tasks start and end there, in plain numbers: each costs the same however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from solver.domain.counts import LARGEST_SUM
from solver.v1 import cluster_pb2, task_group_pb2

_LARGEST = 2**63 - 1
"""What an amount holds on the wire."""

_TCP = (task_group_pb2.PROTOCOL_UNSPECIFIED, task_group_pb2.PROTOCOL_TCP)
_UDP = (task_group_pb2.PROTOCOL_UDP,)


@dataclass(frozen=True, eq=False)
class Needs:
    """What one task of a group takes.

    Parameters
    ----------
    amounts
        For each resource.
    ports
        TCP and UDP.
    """

    group: task_group_pb2.TaskGroup
    amounts: tuple[int, ...]
    ports: tuple[frozenset[int], frozenset[int]]

    @classmethod
    def of(cls, group: task_group_pb2.TaskGroup, resources: Sequence[str]) -> Needs:
        """Those of a group."""
        tcp, udp = (frozenset(one.port for one in group.ports if one.protocol in kinds) for kinds in (_TCP, _UDP))
        return cls(group, tuple(group.demand.get(name, 0) for name in resources), (tcp, udp))


class Room:
    """What is free on an instance.

    Parameters
    ----------
    instance
        A message that is nobody else's; it is as it was until ``write``.
    """

    def __init__(self, instance: cluster_pb2.Instance) -> None:
        self.instance = instance
        self.free = list(instance.free)
        self._takes = False
        # TCP and UDP, once a task that starts or ends has some.
        self._ports: list[set[int] | None] = [None, None]
        # Groups whose ports are all among them.
        self._whole: set[str] = set()
        # Once a group has gone: those that are here, and how many of them have each port.
        self._here: set[str] = set()
        self._holders: tuple[Counter[int], Counter[int]] | None = None

    def take(self, needs: Needs, times: int) -> int | None:
        """Take the amounts of so many tasks, or give them back where it is below 0.

        Returns
        -------
        The place of the first resource of which then too much or too little would be free; the room is of no use any more.
        None where there is none.
        """
        self._takes = True
        free = self.free
        for r, need in enumerate(needs.amounts):
            left = free[r] - times * need
            if not -LARGEST_SUM <= left <= _LARGEST:
                free[r] = left
                return r
            free[r] = left
        return None

    def take_ports(self, needs: Needs) -> None:
        """Take the ports of a task."""
        if self._holders is not None:
            self._count(needs, self._holders)
        if needs.group.name not in self._whole:
            self._whole.add(needs.group.name)
            for kind, own in enumerate(needs.ports):
                if own:
                    self._used(kind).update(own)

    def give_ports_back(self, needs: Needs, others: Callable[[], Iterable[Needs]]) -> None:
        """Give the ports of a group back that has no task here any more, but for those that other groups have too.

        Parameters
        ----------
        others
            Gives what those take that are here.
        """
        if self._holders is None:
            self._holders = Counter(), Counter()
            for other in (needs, *others()):
                self._count(other, self._holders)
        self._whole.discard(needs.group.name)
        self._here.discard(needs.group.name)
        for holders, own, kind in zip(self._holders, needs.ports, (0, 1), strict=True):
            if own:
                holders.subtract(own)
                used = self._used(kind)
                used |= own
                used.difference_update(port for port in own if not holders[port])

    def _count(self, needs: Needs, holders: tuple[Counter[int], Counter[int]]) -> None:
        if needs.group.name not in self._here:
            self._here.add(needs.group.name)
            for of_kind, own in zip(holders, needs.ports, strict=True):
                of_kind.update(own)

    def _used(self, kind: int) -> set[int]:
        found = self._ports[kind]
        if found is None:
            found = self._ports[kind] = set(self.instance.used_udp_ports if kind else self.instance.used_tcp_ports)
        return found

    def write(self) -> None:
        """Write into the message what is free now, and the ports where they may have changed, in order."""
        if self._takes:
            self.instance.free[:] = self.free
        for used, found in zip((self.instance.used_tcp_ports, self.instance.used_udp_ports), self._ports, strict=True):
            if found is not None:
                used[:] = sorted(found)
