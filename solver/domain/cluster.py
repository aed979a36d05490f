"""The cluster at one moment: instances, what they have, what is free, what they say of themselves (§2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice

import numpy as np

from solver.domain.columns import TextColumn
from solver.domain.counts import Bools, Ints, read_only, too_large
from solver.domain.devices import MOST_DEVICES, WHOLE
from solver.errors import MAX_FAULTS, Fault, InvalidRequest

Port = tuple[str, int]
"""Protocol (``tcp`` or ``udp``) and port number."""

FACTS = ("ec2_instance_id", "agent_version", "registered_at", "capacity_provider")
NO_TEXT = TextColumn.of([])

ZONE = "ecs.availability-zone"
INSTANCE_TYPE = "ecs.instance-type"


@dataclass(frozen=True, eq=False)
class ClusterSnapshot:
    """A cluster at one moment: ``I`` instances, ``R`` resources.

    Parameters
    ----------
    instance_ids
        ``I`` distinct names; container-instance ARNs where the cluster comes from ECS.
    resources
        ``R`` distinct names: ``cpu`` (1024 = one vCPU), ``memory`` (MiB), ``gpu`` (thousandths of a device),
        ``interfaces`` (network interfaces for ``awsvpc`` tasks), and whatever else the cluster counts.
    capacity, free
        ``int64[I, R]``. ``free`` is what is left after everything that runs (§2.2); negative where overcommitted.
    active, connected
        ``bool[I]``. New tasks go only where both hold (§2.1).
    attributes
        Values per instance by attribute name, without the prefix ``attribute:``; a name-only attribute has ``""``.
    ec2_instance_id, agent_version, registered_at, capacity_provider
        Further facts that the query language and the rules read; left out, no instance has them.
    used_ports
        Instances (ascending) where a static port is taken, by whoever.
    unlisted_tasks
        ``int64[I]``. Tasks with desired status RUNNING that belong to no group of the request.
    devices
        ``int64[I, D]``. Thousandths free on each device, such as a GPU, after everything that runs; 0 beyond the devices
        that an instance has. Left out, no instance has any.
    device_count
        ``int64[I]``. Devices of each instance, the first of its row; left out, those up to the last with something free.
    name, taken_at
        The cluster's name and the moment of the snapshot (ISO 8601); empty where unknown.

    Raises
    ------
    InvalidRequest
        If shapes disagree, a name stands twice, or an amount is negative or absurd.
    """

    instance_ids: tuple[str, ...]
    resources: tuple[str, ...]
    capacity: Ints
    free: Ints
    active: Bools
    connected: Bools
    attributes: Mapping[str, TextColumn] = field(default_factory=dict)
    ec2_instance_id: TextColumn = NO_TEXT
    agent_version: TextColumn = NO_TEXT
    registered_at: TextColumn = NO_TEXT
    capacity_provider: TextColumn = NO_TEXT
    used_ports: Mapping[Port, Ints] = field(default_factory=dict)
    unlisted_tasks: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    name: str = ""
    taken_at: str = ""
    devices: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    device_count: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if not self.devices.size:
            object.__setattr__(self, "devices", np.zeros((self.size, 0), np.int64))
        if not self.device_count.size and self.devices.ndim == 2:
            object.__setattr__(self, "device_count", _last_free(self.devices))
        if not self.unlisted_tasks.size:
            object.__setattr__(self, "unlisted_tasks", np.zeros(self.size, np.int64))
        for column in FACTS:
            if not len(getattr(self, column)):
                object.__setattr__(self, column, TextColumn.of([None] * self.size))
        faults = self._faults()
        if faults:
            raise InvalidRequest(faults)
        for array in (
            self.capacity,
            self.free,
            self.active,
            self.connected,
            self.unlisted_tasks,
            self.devices,
            self.device_count,
        ):
            read_only(array)

    def _faults(self) -> list[Fault]:
        faults = [
            Fault(f"instances[{at}].id", f"'{name}' is already an instance", "give each instance its own id")
            for at, name in islice(_repeated(self.instance_ids), MAX_FAULTS)
        ]
        faults += [
            Fault(f"resources[{at}]", f"'{name}' is already a resource", "name each resource once")
            for at, name in _repeated(self.resources)
        ]
        shape = (self.size, len(self.resources))
        for name in ("capacity", "free"):
            found = getattr(self, name).shape
            if found != shape:
                faults.append(Fault(name, f"has shape {found}", f"must be instances x resources, {shape}"))
        for name in ("active", "connected", "unlisted_tasks"):
            found = getattr(self, name).shape
            if found != (self.size,):
                faults.append(Fault(name, f"has shape {found}", f"must have one entry an instance, ({self.size},)"))
        columns: list[tuple[str, TextColumn]] = [(f"attributes[{name}]", c) for name, c in self.attributes.items()]
        columns += [(name, getattr(self, name)) for name in FACTS]
        for name, column in columns:
            if len(column) != self.size:
                faults.append(Fault(name, f"has {len(column)} entries", f"must have one an instance, {self.size}"))
        of_amounts = chain(self._amount_faults(), self._port_faults(), self._device_faults())
        return faults or list(islice(of_amounts, MAX_FAULTS))

    def _device_faults(self) -> list[Fault]:
        if self.devices.ndim != 2 or len(self.devices) != self.size or self.devices.shape[1] > MOST_DEVICES:
            remedy = f"must be instances x devices, ({self.size}, at most {MOST_DEVICES})"
            return [Fault("devices", f"has shape {self.devices.shape}", remedy)]
        if self.device_count.shape != (self.size,):
            found = f"has shape {self.device_count.shape}"
            return [Fault("device_count", found, f"must have one entry an instance, ({self.size},)")]
        few = np.flatnonzero(
            (self.device_count < _last_free(self.devices)) | (self.device_count > self.devices.shape[1])
        )
        if len(few):
            found, most = f"is {self.device_count[few[0]]}", self.devices.shape[1]
            remedy = f"must be from the last device with something free to {most}"
            return [Fault(f"instances[{few[0]}].device_count", found, remedy)]
        wrong = np.argwhere((self.devices < 0) | (self.devices > WHOLE))[:MAX_FAULTS].tolist()
        return [
            Fault(f"instances[{i}].devices[{d}]", f"is {self.devices[i, d]}", f"must be 0 to {WHOLE:,} thousandths")
            for i, d in wrong
        ]

    def _port_faults(self) -> Iterator[Fault]:
        for (protocol, port), instances in self.used_ports.items():
            where = f"used_ports[{port}/{protocol}]"
            if protocol not in ("tcp", "udp") or not 1 <= port <= 65535:
                yield Fault(where, "is no port", "must be tcp or udp, 1 to 65535")
            if len(instances) and not 0 <= int(instances.min()) <= int(instances.max()) < self.size:
                yield Fault(where, "names an instance that is not there", f"must be 0 to {self.size - 1}")

    def _amount_faults(self) -> Iterator[Fault]:
        for i, r in zip(*np.nonzero(self.capacity < 0), strict=True):
            where = f"instances[{i}].capacity[{self.resources[r]}]"
            yield Fault(where, f"is {self.capacity[i, r]}", "must be zero or more")
        for i, r in zip(*np.nonzero(self.free > self.capacity), strict=True):
            where = f"instances[{i}].free[{self.resources[r]}]"
            problem = f"is {self.free[i, r]}, above the capacity {self.capacity[i, r]}"
            yield Fault(where, problem, "must be at most the capacity")
        for i in np.flatnonzero(self.unlisted_tasks < 0):
            yield Fault(f"instances[{i}].unlisted_tasks", "is negative", "must be zero or more")
        if too_large(self.unlisted_tasks):
            yield Fault("unlisted_tasks", "adds up to more than 2^53", "count the tasks of each instance")
        for name, amounts in (("capacity", self.capacity), ("free", self.free)):
            for r in (r for r in range(amounts.shape[1]) if too_large(amounts[:, r])):
                problem = f"adds up to more than 2^53 over the instances for {self.resources[r]}"
                yield Fault(name, problem, "use a coarser unit")

    @property
    def size(self) -> int:
        """``I``, the number of instances."""
        return len(self.instance_ids)

    @cached_property
    def accepts(self) -> Bools:
        """``bool[I]``: where new tasks may go as far as the instance's own state says (§2.1)."""
        return self.active & self.connected

    @cached_property
    def _by_name(self) -> dict[str, int]:
        names = {identity: i for i, identity in enumerate(self.instance_ids)}
        for i, identity in enumerate(self.instance_ids):
            for name in (identity.rsplit("/", 1)[-1], self.ec2_instance_id[i]):
                if name:
                    names.setdefault(name, i)
        return names

    def find(self, name: str) -> int | None:
        """The instance of this id, last part of an ARN, or EC2 id; None if there is none."""
        return self._by_name.get(name)

    def label(self, instance: int) -> str:
        """The shortest usual name of an instance: its EC2 id, else the last part of its id."""
        return self.ec2_instance_id[instance] or self.instance_ids[instance].rsplit("/", 1)[-1]

    def column(self, name: str) -> TextColumn:
        """The values of a field that rules name: ``instanceId``, ``host`` or ``attribute:NAME``.

        A name that no instance carries gives a column without any value.
        """
        if name in ("instanceId", "host"):
            return self._identity
        plain = name.removeprefix("attribute:")
        return self.attributes.get(plain) or self._absent

    @cached_property
    def _absent(self) -> TextColumn:
        return TextColumn.of([None] * self.size)

    @cached_property
    def _identity(self) -> TextColumn:
        return TextColumn(self.instance_ids, np.arange(self.size, dtype=np.int32))


def _last_free(devices: Ints) -> Ints:
    """``int64[I]``: devices up to the last one with something free."""
    last: Ints = ((devices > 0) * np.arange(1, devices.shape[1] + 1)).max(axis=1, initial=0).astype(np.int64)
    return last


def _repeated(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            yield at, name
        seen.add(name)
