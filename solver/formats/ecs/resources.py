"""What a container instance has and what of it is free (ECS API, ContainerInstance and Resource; §2.2, §2.3).

The polarity is ECS's: ``remainingResources`` holds what is *free* of CPU, MEMORY, GPU and whatever the user defined, but
the ports that are *used* in PORTS and PORTS_UDP.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from solver.domain.cluster import Port
from solver.formats.ecs.documents import LARGEST_AMOUNT, Element, shown

CPU, MEMORY, GPU, INTERFACES = "cpu", "memory", "gpu", "interfaces"
NAMES = {"CPU": CPU, "MEMORY": MEMORY, "GPU": GPU}
PROTOCOLS = {"PORTS": "tcp", "PORTS_UDP": "udp"}
VALUES = {"INTEGER": "integerValue", "LONG": "longValue", "DOUBLE": "doubleValue"}
DEVICE = 1000
"""A whole GPU, in thousandths."""


@dataclass
class Amounts:
    """Amounts of an instance by resource, and its used ports."""

    capacity: dict[str, int] = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)
    ports: set[Port] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    """Sets of texts that mean nothing to us."""


def read_amounts(instance: Element) -> Amounts:
    """``registeredResources`` and ``remainingResources``."""
    amounts = Amounts()
    before = len(instance.faults)
    for name in ("registeredResources", "remainingResources"):
        if not instance.has(name):
            instance.fault(name, "is missing", "must list at least CPU and MEMORY")
    for resource in instance.elements("registeredResources"):
        _read(resource, amounts, amounts.capacity, least=0, ports=set())
    for resource in instance.elements("remainingResources"):
        _read(resource, amounts, amounts.free, least=-LARGEST_AMOUNT, ports=amounts.ports)
    if len(instance.faults) == before:
        _compare(instance, amounts)
    return amounts


def _compare(instance: Element, amounts: Amounts) -> None:
    """What is free must be there, and no more than is registered."""
    for name, written in ((CPU, "CPU"), (MEMORY, "MEMORY")):
        if name not in amounts.capacity:
            instance.fault("registeredResources", f"has no {written}", "must list at least CPU and MEMORY")
    for name, capacity in amounts.capacity.items():
        written = name.upper() if name in NAMES.values() else name
        if name not in amounts.free:
            remedy = "must list what is free of everything in registeredResources"
            instance.fault("remainingResources", f"has no {written}", remedy)
        elif amounts.free[name] > capacity:
            problem = f"has {amounts.free[name]} of {written}, and {capacity} are registered"
            instance.fault("remainingResources", problem, "must be at most what is registered")


def _read(resource: Element, amounts: Amounts, into: dict[str, int], *, least: int, ports: set[Port]) -> None:
    written, kind = resource.needed("name"), resource.text("type")
    if written in PROTOCOLS:
        ports |= _ports(resource, PROTOCOLS[written])
    elif kind == "STRINGSET" and written == "GPU":
        into[GPU] = DEVICE * len(set(resource.texts("stringSetValue")))
    elif kind == "STRINGSET":
        amounts.unread.add(written)
    elif kind not in VALUES:
        resource.fault("type", f"is {shown(kind)}", f"must be STRINGSET or one of {', '.join(VALUES)}")
    elif written in (*NAMES.values(), INTERFACES):
        resource.fault("name", f"is {shown(written)}", "is taken for what ECS counts itself; choose another name")
    elif not resource.has(VALUES[kind]):
        resource.fault(VALUES[kind], "is missing", "must be a whole number")
    elif written:
        unit = DEVICE if written == "GPU" else 1
        into[NAMES.get(written, written)] = unit * resource.amount(VALUES[kind], least)


def _ports(resource: Element, protocol: str) -> set[Port]:
    found = set()
    for at, text in enumerate(resource.texts("stringSetValue")):
        if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
            resource.fault(f"stringSetValue[{at}]", f"is {shown(text)}", "must be a port, 1 to 65535")
        elif int(text):  # Port 0 stands for "any" and takes none.
            found.add((protocol, int(text)))
    return found
