from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TargetKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TARGET_KIND_UNSPECIFIED: _ClassVar[TargetKind]
    TARGET_KIND_TARGET_GROUP: _ClassVar[TargetKind]
    TARGET_KIND_CLASSIC: _ClassVar[TargetKind]

class HostPorts(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOST_PORTS_UNSPECIFIED: _ClassVar[HostPorts]
    HOST_PORTS_STATIC: _ClassVar[HostPorts]
    HOST_PORTS_DYNAMIC: _ClassVar[HostPorts]
    HOST_PORTS_INTERFACE: _ClassVar[HostPorts]

class Scheduling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCHEDULING_UNSPECIFIED: _ClassVar[Scheduling]
    SCHEDULING_REPLICA: _ClassVar[Scheduling]
    SCHEDULING_DAEMON: _ClassVar[Scheduling]
    SCHEDULING_STANDALONE: _ClassVar[Scheduling]

class Protocol(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROTOCOL_UNSPECIFIED: _ClassVar[Protocol]
    PROTOCOL_TCP: _ClassVar[Protocol]
    PROTOCOL_UDP: _ClassVar[Protocol]
TARGET_KIND_UNSPECIFIED: TargetKind
TARGET_KIND_TARGET_GROUP: TargetKind
TARGET_KIND_CLASSIC: TargetKind
HOST_PORTS_UNSPECIFIED: HostPorts
HOST_PORTS_STATIC: HostPorts
HOST_PORTS_DYNAMIC: HostPorts
HOST_PORTS_INTERFACE: HostPorts
SCHEDULING_UNSPECIFIED: Scheduling
SCHEDULING_REPLICA: Scheduling
SCHEDULING_DAEMON: Scheduling
SCHEDULING_STANDALONE: Scheduling
PROTOCOL_UNSPECIFIED: Protocol
PROTOCOL_TCP: Protocol
PROTOCOL_UDP: Protocol

class TaskGroup(_message.Message):
    __slots__ = ("name", "family", "start", "demand", "ports", "constraints", "strategies", "priority", "all_or_nothing", "scheduling", "required_attributes", "zones", "capacity_providers", "role", "task_definition", "stop", "movable", "move_cost", "max_moves", "minimum_healthy_percent", "maximum_percent", "targets")
    class DemandEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    DEMAND_FIELD_NUMBER: _ClassVar[int]
    PORTS_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    STRATEGIES_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    ALL_OR_NOTHING_FIELD_NUMBER: _ClassVar[int]
    SCHEDULING_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    ZONES_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TASK_DEFINITION_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    MOVABLE_FIELD_NUMBER: _ClassVar[int]
    MOVE_COST_FIELD_NUMBER: _ClassVar[int]
    MAX_MOVES_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_HEALTHY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_PERCENT_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    name: str
    family: str
    start: int
    demand: _containers.ScalarMap[str, int]
    ports: _containers.RepeatedCompositeFieldContainer[HostPort]
    constraints: _containers.RepeatedCompositeFieldContainer[Rule]
    strategies: _containers.RepeatedCompositeFieldContainer[Rule]
    priority: int
    all_or_nothing: bool
    scheduling: Scheduling
    required_attributes: _containers.RepeatedScalarFieldContainer[str]
    zones: _containers.RepeatedScalarFieldContainer[str]
    capacity_providers: _containers.RepeatedScalarFieldContainer[str]
    role: str
    task_definition: str
    stop: int
    movable: bool
    move_cost: int
    max_moves: int
    minimum_healthy_percent: int
    maximum_percent: int
    targets: _containers.RepeatedCompositeFieldContainer[Target]
    def __init__(self, name: _Optional[str] = ..., family: _Optional[str] = ..., start: _Optional[int] = ..., demand: _Optional[_Mapping[str, int]] = ..., ports: _Optional[_Iterable[_Union[HostPort, _Mapping]]] = ..., constraints: _Optional[_Iterable[_Union[Rule, _Mapping]]] = ..., strategies: _Optional[_Iterable[_Union[Rule, _Mapping]]] = ..., priority: _Optional[int] = ..., all_or_nothing: _Optional[bool] = ..., scheduling: _Optional[_Union[Scheduling, str]] = ..., required_attributes: _Optional[_Iterable[str]] = ..., zones: _Optional[_Iterable[str]] = ..., capacity_providers: _Optional[_Iterable[str]] = ..., role: _Optional[str] = ..., task_definition: _Optional[str] = ..., stop: _Optional[int] = ..., movable: _Optional[bool] = ..., move_cost: _Optional[int] = ..., max_moves: _Optional[int] = ..., minimum_healthy_percent: _Optional[int] = ..., maximum_percent: _Optional[int] = ..., targets: _Optional[_Iterable[_Union[Target, _Mapping]]] = ...) -> None: ...

class Target(_message.Message):
    __slots__ = ("name", "kind", "container", "port", "host_ports", "zones")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    HOST_PORTS_FIELD_NUMBER: _ClassVar[int]
    ZONES_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: TargetKind
    container: str
    port: int
    host_ports: HostPorts
    zones: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[TargetKind, str]] = ..., container: _Optional[str] = ..., port: _Optional[int] = ..., host_ports: _Optional[_Union[HostPorts, str]] = ..., zones: _Optional[_Iterable[str]] = ...) -> None: ...

class Rule(_message.Message):
    __slots__ = ("type", "argument")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ARGUMENT_FIELD_NUMBER: _ClassVar[int]
    type: str
    argument: str
    def __init__(self, type: _Optional[str] = ..., argument: _Optional[str] = ...) -> None: ...

class HostPort(_message.Message):
    __slots__ = ("protocol", "port")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    protocol: Protocol
    port: int
    def __init__(self, protocol: _Optional[_Union[Protocol, str]] = ..., port: _Optional[int] = ...) -> None: ...

class TaskCount(_message.Message):
    __slots__ = ("group", "instance", "count")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    group: str
    instance: str
    count: int
    def __init__(self, group: _Optional[str] = ..., instance: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class TaskCountColumns(_message.Message):
    __slots__ = ("groups", "instances", "counts")
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    groups: _containers.RepeatedScalarFieldContainer[int]
    instances: _containers.RepeatedScalarFieldContainer[int]
    counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, groups: _Optional[_Iterable[int]] = ..., instances: _Optional[_Iterable[int]] = ..., counts: _Optional[_Iterable[int]] = ...) -> None: ...

class RunningTask(_message.Message):
    __slots__ = ("id", "group", "instance", "is_protected", "unhealthy", "pending", "started_at", "tags")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    IS_PROTECTED_FIELD_NUMBER: _ClassVar[int]
    UNHEALTHY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    group: str
    instance: str
    is_protected: bool
    unhealthy: bool
    pending: bool
    started_at: str
    tags: _containers.ScalarMap[str, str]
    def __init__(self, id: _Optional[str] = ..., group: _Optional[str] = ..., instance: _Optional[str] = ..., is_protected: _Optional[bool] = ..., unhealthy: _Optional[bool] = ..., pending: _Optional[bool] = ..., started_at: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ...) -> None: ...
