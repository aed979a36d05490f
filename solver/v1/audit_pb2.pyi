from solver.v1 import plan_pb2 as _plan_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuditedRequest(_message.Message):
    __slots__ = ("label", "cluster_name", "cluster_version")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_NAME_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    label: str
    cluster_name: str
    cluster_version: int
    def __init__(self, label: _Optional[str] = ..., cluster_name: _Optional[str] = ..., cluster_version: _Optional[int] = ...) -> None: ...

class AuditedWrappedRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: AuditedRequest
    def __init__(self, request: _Optional[_Union[AuditedRequest, _Mapping]] = ...) -> None: ...

class AuditedResponse(_message.Message):
    __slots__ = ("status", "actions", "replay", "cluster_version")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    status: _plan_pb2.Status
    actions: _containers.RepeatedScalarFieldContainer[bytes]
    replay: _plan_pb2.Replay
    cluster_version: int
    def __init__(self, status: _Optional[_Union[_plan_pb2.Status, str]] = ..., actions: _Optional[_Iterable[bytes]] = ..., replay: _Optional[_Union[_plan_pb2.Replay, _Mapping]] = ..., cluster_version: _Optional[int] = ...) -> None: ...

class AuditedWrappedResponse(_message.Message):
    __slots__ = ("response",)
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    response: AuditedResponse
    def __init__(self, response: _Optional[_Union[AuditedResponse, _Mapping]] = ...) -> None: ...

class AuditedStreamedResponse(_message.Message):
    __slots__ = ("progress",)
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    progress: AuditedWrappedResponse
    def __init__(self, progress: _Optional[_Union[AuditedWrappedResponse, _Mapping]] = ...) -> None: ...

class AuditedChange(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class AuditedCommit(_message.Message):
    __slots__ = ("name", "version", "actions", "request_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    actions: _containers.RepeatedScalarFieldContainer[bytes]
    request_id: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., actions: _Optional[_Iterable[bytes]] = ..., request_id: _Optional[str] = ...) -> None: ...

class AuditedChanged(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...
