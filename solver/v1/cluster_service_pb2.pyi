from solver.v1 import cluster_pb2 as _cluster_pb2
from solver.v1 import plan_pb2 as _plan_pb2
from solver.v1 import task_group_pb2 as _task_group_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EcsEventOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ECS_EVENT_OUTCOME_UNSPECIFIED: _ClassVar[EcsEventOutcome]
    ECS_EVENT_OUTCOME_APPLIED: _ClassVar[EcsEventOutcome]
    ECS_EVENT_OUTCOME_REPEATED: _ClassVar[EcsEventOutcome]
    ECS_EVENT_OUTCOME_OLDER: _ClassVar[EcsEventOutcome]
    ECS_EVENT_OUTCOME_IGNORED: _ClassVar[EcsEventOutcome]
    ECS_EVENT_OUTCOME_REFUSED: _ClassVar[EcsEventOutcome]
ECS_EVENT_OUTCOME_UNSPECIFIED: EcsEventOutcome
ECS_EVENT_OUTCOME_APPLIED: EcsEventOutcome
ECS_EVENT_OUTCOME_REPEATED: EcsEventOutcome
ECS_EVENT_OUTCOME_OLDER: EcsEventOutcome
ECS_EVENT_OUTCOME_IGNORED: EcsEventOutcome
ECS_EVENT_OUTCOME_REFUSED: EcsEventOutcome

class ClusterState(_message.Message):
    __slots__ = ("cluster", "groups", "tasks")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    cluster: _cluster_pb2.Cluster
    groups: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.TaskGroup]
    tasks: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.RunningTask]
    def __init__(self, cluster: _Optional[_Union[_cluster_pb2.Cluster, _Mapping]] = ..., groups: _Optional[_Iterable[_Union[_task_group_pb2.TaskGroup, _Mapping]]] = ..., tasks: _Optional[_Iterable[_Union[_task_group_pb2.RunningTask, _Mapping]]] = ...) -> None: ...

class PutClusterRequest(_message.Message):
    __slots__ = ("name", "state", "expected_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    state: ClusterState
    expected_version: int
    def __init__(self, name: _Optional[str] = ..., state: _Optional[_Union[ClusterState, _Mapping]] = ..., expected_version: _Optional[int] = ...) -> None: ...

class PutClusterResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("put_instance", "remove_instance", "put_group", "remove_group", "put_task", "remove_task", "set_instance_status")
    PUT_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    REMOVE_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    PUT_GROUP_FIELD_NUMBER: _ClassVar[int]
    REMOVE_GROUP_FIELD_NUMBER: _ClassVar[int]
    PUT_TASK_FIELD_NUMBER: _ClassVar[int]
    REMOVE_TASK_FIELD_NUMBER: _ClassVar[int]
    SET_INSTANCE_STATUS_FIELD_NUMBER: _ClassVar[int]
    put_instance: _cluster_pb2.Instance
    remove_instance: str
    put_group: _task_group_pb2.TaskGroup
    remove_group: str
    put_task: _task_group_pb2.RunningTask
    remove_task: str
    set_instance_status: InstanceStatusChange
    def __init__(self, put_instance: _Optional[_Union[_cluster_pb2.Instance, _Mapping]] = ..., remove_instance: _Optional[str] = ..., put_group: _Optional[_Union[_task_group_pb2.TaskGroup, _Mapping]] = ..., remove_group: _Optional[str] = ..., put_task: _Optional[_Union[_task_group_pb2.RunningTask, _Mapping]] = ..., remove_task: _Optional[str] = ..., set_instance_status: _Optional[_Union[InstanceStatusChange, _Mapping]] = ...) -> None: ...

class InstanceStatusChange(_message.Message):
    __slots__ = ("instance", "status", "agent_disconnected")
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    AGENT_DISCONNECTED_FIELD_NUMBER: _ClassVar[int]
    instance: str
    status: _cluster_pb2.InstanceStatus
    agent_disconnected: bool
    def __init__(self, instance: _Optional[str] = ..., status: _Optional[_Union[_cluster_pb2.InstanceStatus, str]] = ..., agent_disconnected: _Optional[bool] = ...) -> None: ...

class ApplyChangesRequest(_message.Message):
    __slots__ = ("name", "changes", "expected_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    expected_version: int
    def __init__(self, name: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ..., expected_version: _Optional[int] = ...) -> None: ...

class ApplyChangesResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class GetClusterRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetClusterResponse(_message.Message):
    __slots__ = ("state", "version", "reservations")
    STATE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RESERVATIONS_FIELD_NUMBER: _ClassVar[int]
    state: ClusterState
    version: int
    reservations: _containers.RepeatedCompositeFieldContainer[Reservation]
    def __init__(self, state: _Optional[_Union[ClusterState, _Mapping]] = ..., version: _Optional[int] = ..., reservations: _Optional[_Iterable[_Union[Reservation, _Mapping]]] = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("id", "starting", "stopping", "lapses_at", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    STARTING_FIELD_NUMBER: _ClassVar[int]
    STOPPING_FIELD_NUMBER: _ClassVar[int]
    LAPSES_AT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    starting: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.RunningTask]
    stopping: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.RunningTask]
    lapses_at: str
    request_id: str
    def __init__(self, id: _Optional[str] = ..., starting: _Optional[_Iterable[_Union[_task_group_pb2.RunningTask, _Mapping]]] = ..., stopping: _Optional[_Iterable[_Union[_task_group_pb2.RunningTask, _Mapping]]] = ..., lapses_at: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class ListClustersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListClustersResponse(_message.Message):
    __slots__ = ("clusters",)
    CLUSTERS_FIELD_NUMBER: _ClassVar[int]
    clusters: _containers.RepeatedCompositeFieldContainer[ClusterSummary]
    def __init__(self, clusters: _Optional[_Iterable[_Union[ClusterSummary, _Mapping]]] = ...) -> None: ...

class ClusterSummary(_message.Message):
    __slots__ = ("name", "version", "instances", "tasks")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    instances: int
    tasks: int
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., instances: _Optional[int] = ..., tasks: _Optional[int] = ...) -> None: ...

class DeleteClusterRequest(_message.Message):
    __slots__ = ("name", "expected_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    expected_version: int
    def __init__(self, name: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class DeleteClusterResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CommitRequest(_message.Message):
    __slots__ = ("name", "version", "actions", "groups", "lapse_seconds", "request_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    LAPSE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    actions: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Action]
    groups: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.TaskGroup]
    lapse_seconds: float
    request_id: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., actions: _Optional[_Iterable[_Union[_plan_pb2.Action, _Mapping]]] = ..., groups: _Optional[_Iterable[_Union[_task_group_pb2.TaskGroup, _Mapping]]] = ..., lapse_seconds: _Optional[float] = ..., request_id: _Optional[str] = ...) -> None: ...

class CommitResponse(_message.Message):
    __slots__ = ("version", "reservation", "lapses_at")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    LAPSES_AT_FIELD_NUMBER: _ClassVar[int]
    version: int
    reservation: str
    lapses_at: str
    def __init__(self, version: _Optional[int] = ..., reservation: _Optional[str] = ..., lapses_at: _Optional[str] = ...) -> None: ...

class EcsDocument(_message.Message):
    __slots__ = ("file", "content")
    FILE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    file: str
    content: bytes
    def __init__(self, file: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class PutEcsDocumentsRequest(_message.Message):
    __slots__ = ("name", "documents")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    documents: _containers.RepeatedCompositeFieldContainer[EcsDocument]
    def __init__(self, name: _Optional[str] = ..., documents: _Optional[_Iterable[_Union[EcsDocument, _Mapping]]] = ...) -> None: ...

class PutEcsDocumentsResponse(_message.Message):
    __slots__ = ("version", "warnings", "drifts", "drift_count", "needs")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    DRIFTS_FIELD_NUMBER: _ClassVar[int]
    DRIFT_COUNT_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    version: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    drifts: _containers.RepeatedCompositeFieldContainer[EcsDrift]
    drift_count: int
    needs: _containers.RepeatedCompositeFieldContainer[EcsNeed]
    def __init__(self, version: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ..., drifts: _Optional[_Iterable[_Union[EcsDrift, _Mapping]]] = ..., drift_count: _Optional[int] = ..., needs: _Optional[_Iterable[_Union[EcsNeed, _Mapping]]] = ...) -> None: ...

class EcsDrift(_message.Message):
    __slots__ = ("arn", "reason")
    ARN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    arn: str
    reason: str
    def __init__(self, arn: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class EcsNeed(_message.Message):
    __slots__ = ("subject", "name", "reason")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    subject: str
    name: str
    reason: str
    def __init__(self, subject: _Optional[str] = ..., name: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ApplyEcsEventsRequest(_message.Message):
    __slots__ = ("name", "events")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    events: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, name: _Optional[str] = ..., events: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ApplyEcsEventsResponse(_message.Message):
    __slots__ = ("version", "results", "needs")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    version: int
    results: _containers.RepeatedCompositeFieldContainer[EcsEventResult]
    needs: _containers.RepeatedCompositeFieldContainer[EcsNeed]
    def __init__(self, version: _Optional[int] = ..., results: _Optional[_Iterable[_Union[EcsEventResult, _Mapping]]] = ..., needs: _Optional[_Iterable[_Union[EcsNeed, _Mapping]]] = ...) -> None: ...

class EcsEventResult(_message.Message):
    __slots__ = ("outcome", "problems")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    outcome: EcsEventOutcome
    problems: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, outcome: _Optional[_Union[EcsEventOutcome, str]] = ..., problems: _Optional[_Iterable[str]] = ...) -> None: ...

class WatchPlacementsRequest(_message.Message):
    __slots__ = ("name", "after")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    after: int
    def __init__(self, name: _Optional[str] = ..., after: _Optional[int] = ...) -> None: ...

class WatchPlacementsResponse(_message.Message):
    __slots__ = ("position", "event")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    position: int
    event: str
    def __init__(self, position: _Optional[int] = ..., event: _Optional[str] = ...) -> None: ...
