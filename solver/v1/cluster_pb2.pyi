from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InstanceStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSTANCE_STATUS_UNSPECIFIED: _ClassVar[InstanceStatus]
    INSTANCE_STATUS_ACTIVE: _ClassVar[InstanceStatus]
    INSTANCE_STATUS_DRAINING: _ClassVar[InstanceStatus]
INSTANCE_STATUS_UNSPECIFIED: InstanceStatus
INSTANCE_STATUS_ACTIVE: InstanceStatus
INSTANCE_STATUS_DRAINING: InstanceStatus

class Cluster(_message.Message):
    __slots__ = ("name", "taken_at", "resources", "instances", "attribute_columns")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TAKEN_AT_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTE_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    name: str
    taken_at: str
    resources: _containers.RepeatedScalarFieldContainer[str]
    instances: _containers.RepeatedCompositeFieldContainer[Instance]
    attribute_columns: _containers.RepeatedCompositeFieldContainer[AttributeColumn]
    def __init__(self, name: _Optional[str] = ..., taken_at: _Optional[str] = ..., resources: _Optional[_Iterable[str]] = ..., instances: _Optional[_Iterable[_Union[Instance, _Mapping]]] = ..., attribute_columns: _Optional[_Iterable[_Union[AttributeColumn, _Mapping]]] = ...) -> None: ...

class Instance(_message.Message):
    __slots__ = ("id", "ec2_instance_id", "status", "agent_disconnected", "agent_version", "registered_at", "capacity_provider", "capacity", "free", "attributes", "used_tcp_ports", "used_udp_ports", "unlisted_tasks")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    EC2_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    AGENT_DISCONNECTED_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_AT_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    FREE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    USED_TCP_PORTS_FIELD_NUMBER: _ClassVar[int]
    USED_UDP_PORTS_FIELD_NUMBER: _ClassVar[int]
    UNLISTED_TASKS_FIELD_NUMBER: _ClassVar[int]
    id: str
    ec2_instance_id: str
    status: InstanceStatus
    agent_disconnected: bool
    agent_version: str
    registered_at: str
    capacity_provider: str
    capacity: _containers.RepeatedScalarFieldContainer[int]
    free: _containers.RepeatedScalarFieldContainer[int]
    attributes: _containers.ScalarMap[str, str]
    used_tcp_ports: _containers.RepeatedScalarFieldContainer[int]
    used_udp_ports: _containers.RepeatedScalarFieldContainer[int]
    unlisted_tasks: int
    def __init__(self, id: _Optional[str] = ..., ec2_instance_id: _Optional[str] = ..., status: _Optional[_Union[InstanceStatus, str]] = ..., agent_disconnected: _Optional[bool] = ..., agent_version: _Optional[str] = ..., registered_at: _Optional[str] = ..., capacity_provider: _Optional[str] = ..., capacity: _Optional[_Iterable[int]] = ..., free: _Optional[_Iterable[int]] = ..., attributes: _Optional[_Mapping[str, str]] = ..., used_tcp_ports: _Optional[_Iterable[int]] = ..., used_udp_ports: _Optional[_Iterable[int]] = ..., unlisted_tasks: _Optional[int] = ...) -> None: ...

class AttributeColumn(_message.Message):
    __slots__ = ("name", "values", "codes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: _containers.RepeatedScalarFieldContainer[str]
    codes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ..., codes: _Optional[_Iterable[int]] = ...) -> None: ...
