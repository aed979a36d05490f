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

class Preempt(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PREEMPT_UNSPECIFIED: _ClassVar[Preempt]
    PREEMPT_NONE: _ClassVar[Preempt]
    PREEMPT_LOWER: _ClassVar[Preempt]
    PREEMPT_ANY: _ClassVar[Preempt]

class Engine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENGINE_UNSPECIFIED: _ClassVar[Engine]
    ENGINE_AUTO: _ClassVar[Engine]
    ENGINE_EXACT: _ClassVar[Engine]
    ENGINE_SEQUENTIAL: _ClassVar[Engine]
PREEMPT_UNSPECIFIED: Preempt
PREEMPT_NONE: Preempt
PREEMPT_LOWER: Preempt
PREEMPT_ANY: Preempt
ENGINE_UNSPECIFIED: Engine
ENGINE_AUTO: Engine
ENGINE_EXACT: Engine
ENGINE_SEQUENTIAL: Engine

class PlaceRequest(_message.Message):
    __slots__ = ("cluster", "groups", "running", "running_columns", "tasks", "rules", "all_or_nothing", "frozen_instances", "limits", "explain", "validate_only", "label", "warnings", "drained_instances", "freedom", "cluster_name", "cluster_version", "request_id", "hint", "hint_columns", "survive", "survive_groups")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    RUNNING_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    ALL_OR_NOTHING_FIELD_NUMBER: _ClassVar[int]
    FROZEN_INSTANCES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    DRAINED_INSTANCES_FIELD_NUMBER: _ClassVar[int]
    FREEDOM_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_NAME_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HINT_FIELD_NUMBER: _ClassVar[int]
    HINT_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SURVIVE_FIELD_NUMBER: _ClassVar[int]
    SURVIVE_GROUPS_FIELD_NUMBER: _ClassVar[int]
    cluster: _cluster_pb2.Cluster
    groups: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.TaskGroup]
    running: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.TaskCount]
    running_columns: _task_group_pb2.TaskCountColumns
    tasks: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.RunningTask]
    rules: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.Rule]
    all_or_nothing: bool
    frozen_instances: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    explain: bool
    validate_only: bool
    label: str
    warnings: _containers.RepeatedScalarFieldContainer[str]
    drained_instances: _containers.RepeatedScalarFieldContainer[str]
    freedom: Freedom
    cluster_name: str
    cluster_version: int
    request_id: str
    hint: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.TaskCount]
    hint_columns: _task_group_pb2.TaskCountColumns
    survive: _containers.RepeatedScalarFieldContainer[str]
    survive_groups: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cluster: _Optional[_Union[_cluster_pb2.Cluster, _Mapping]] = ..., groups: _Optional[_Iterable[_Union[_task_group_pb2.TaskGroup, _Mapping]]] = ..., running: _Optional[_Iterable[_Union[_task_group_pb2.TaskCount, _Mapping]]] = ..., running_columns: _Optional[_Union[_task_group_pb2.TaskCountColumns, _Mapping]] = ..., tasks: _Optional[_Iterable[_Union[_task_group_pb2.RunningTask, _Mapping]]] = ..., rules: _Optional[_Iterable[_Union[_task_group_pb2.Rule, _Mapping]]] = ..., all_or_nothing: _Optional[bool] = ..., frozen_instances: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., explain: _Optional[bool] = ..., validate_only: _Optional[bool] = ..., label: _Optional[str] = ..., warnings: _Optional[_Iterable[str]] = ..., drained_instances: _Optional[_Iterable[str]] = ..., freedom: _Optional[_Union[Freedom, _Mapping]] = ..., cluster_name: _Optional[str] = ..., cluster_version: _Optional[int] = ..., request_id: _Optional[str] = ..., hint: _Optional[_Iterable[_Union[_task_group_pb2.TaskCount, _Mapping]]] = ..., hint_columns: _Optional[_Union[_task_group_pb2.TaskCountColumns, _Mapping]] = ..., survive: _Optional[_Iterable[str]] = ..., survive_groups: _Optional[_Iterable[str]] = ...) -> None: ...

class RequestOutline(_message.Message):
    __slots__ = ("limits", "cluster_name", "cluster_version", "request_id")
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_NAME_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    limits: Limits
    cluster_name: str
    cluster_version: int
    request_id: str
    def __init__(self, limits: _Optional[_Union[Limits, _Mapping]] = ..., cluster_name: _Optional[str] = ..., cluster_version: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class WrappedRequestOutline(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: RequestOutline
    def __init__(self, request: _Optional[_Union[RequestOutline, _Mapping]] = ...) -> None: ...

class ResponseOutline(_message.Message):
    __slots__ = ("status", "stop", "tiers", "timings")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    status: _plan_pb2.Status
    stop: _plan_pb2.StopReason
    tiers: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Tier]
    timings: _plan_pb2.Timings
    def __init__(self, status: _Optional[_Union[_plan_pb2.Status, str]] = ..., stop: _Optional[_Union[_plan_pb2.StopReason, str]] = ..., tiers: _Optional[_Iterable[_Union[_plan_pb2.Tier, _Mapping]]] = ..., timings: _Optional[_Union[_plan_pb2.Timings, _Mapping]] = ...) -> None: ...

class WrappedResponseOutline(_message.Message):
    __slots__ = ("response",)
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    response: ResponseOutline
    def __init__(self, response: _Optional[_Union[ResponseOutline, _Mapping]] = ...) -> None: ...

class Freedom(_message.Message):
    __slots__ = ("max_moves", "max_move_cost", "preempt", "consolidate", "interleaved", "repair", "empty", "min_gain", "slot")
    class SlotEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    MAX_MOVES_FIELD_NUMBER: _ClassVar[int]
    MAX_MOVE_COST_FIELD_NUMBER: _ClassVar[int]
    PREEMPT_FIELD_NUMBER: _ClassVar[int]
    CONSOLIDATE_FIELD_NUMBER: _ClassVar[int]
    INTERLEAVED_FIELD_NUMBER: _ClassVar[int]
    REPAIR_FIELD_NUMBER: _ClassVar[int]
    EMPTY_FIELD_NUMBER: _ClassVar[int]
    MIN_GAIN_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    max_moves: int
    max_move_cost: int
    preempt: Preempt
    consolidate: bool
    interleaved: bool
    repair: bool
    empty: int
    min_gain: int
    slot: _containers.ScalarMap[str, int]
    def __init__(self, max_moves: _Optional[int] = ..., max_move_cost: _Optional[int] = ..., preempt: _Optional[_Union[Preempt, str]] = ..., consolidate: _Optional[bool] = ..., interleaved: _Optional[bool] = ..., repair: _Optional[bool] = ..., empty: _Optional[int] = ..., min_gain: _Optional[int] = ..., slot: _Optional[_Mapping[str, int]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("time_limit_seconds", "deterministic_limit_seconds", "workers", "seed", "engine")
    TIME_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DETERMINISTIC_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    time_limit_seconds: float
    deterministic_limit_seconds: float
    workers: int
    seed: int
    engine: Engine
    def __init__(self, time_limit_seconds: _Optional[float] = ..., deterministic_limit_seconds: _Optional[float] = ..., workers: _Optional[int] = ..., seed: _Optional[int] = ..., engine: _Optional[_Union[Engine, str]] = ...) -> None: ...

class PlaceResponse(_message.Message):
    __slots__ = ("status", "stop", "engine", "actions", "tiers", "shortfalls", "warnings", "broken_before", "broken_after", "replay", "timings", "label", "block", "task_columns", "cluster_name", "cluster_version", "targets", "isolation", "losses")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    SHORTFALLS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    BROKEN_BEFORE_FIELD_NUMBER: _ClassVar[int]
    BROKEN_AFTER_FIELD_NUMBER: _ClassVar[int]
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    TASK_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_NAME_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    ISOLATION_FIELD_NUMBER: _ClassVar[int]
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    status: _plan_pb2.Status
    stop: _plan_pb2.StopReason
    engine: str
    actions: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Action]
    tiers: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Tier]
    shortfalls: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Shortfall]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    broken_before: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Violation]
    broken_after: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Violation]
    replay: _plan_pb2.Replay
    timings: _plan_pb2.Timings
    label: str
    block: _plan_pb2.Block
    task_columns: _task_group_pb2.TaskCountColumns
    cluster_name: str
    cluster_version: int
    targets: _containers.RepeatedCompositeFieldContainer[_plan_pb2.TargetZones]
    isolation: _containers.RepeatedCompositeFieldContainer[_plan_pb2.RoleIsolation]
    losses: _containers.RepeatedCompositeFieldContainer[_plan_pb2.LossOutcome]
    def __init__(self, status: _Optional[_Union[_plan_pb2.Status, str]] = ..., stop: _Optional[_Union[_plan_pb2.StopReason, str]] = ..., engine: _Optional[str] = ..., actions: _Optional[_Iterable[_Union[_plan_pb2.Action, _Mapping]]] = ..., tiers: _Optional[_Iterable[_Union[_plan_pb2.Tier, _Mapping]]] = ..., shortfalls: _Optional[_Iterable[_Union[_plan_pb2.Shortfall, _Mapping]]] = ..., warnings: _Optional[_Iterable[str]] = ..., broken_before: _Optional[_Iterable[_Union[_plan_pb2.Violation, _Mapping]]] = ..., broken_after: _Optional[_Iterable[_Union[_plan_pb2.Violation, _Mapping]]] = ..., replay: _Optional[_Union[_plan_pb2.Replay, _Mapping]] = ..., timings: _Optional[_Union[_plan_pb2.Timings, _Mapping]] = ..., label: _Optional[str] = ..., block: _Optional[_Union[_plan_pb2.Block, _Mapping]] = ..., task_columns: _Optional[_Union[_task_group_pb2.TaskCountColumns, _Mapping]] = ..., cluster_name: _Optional[str] = ..., cluster_version: _Optional[int] = ..., targets: _Optional[_Iterable[_Union[_plan_pb2.TargetZones, _Mapping]]] = ..., isolation: _Optional[_Iterable[_Union[_plan_pb2.RoleIsolation, _Mapping]]] = ..., losses: _Optional[_Iterable[_Union[_plan_pb2.LossOutcome, _Mapping]]] = ...) -> None: ...

class TerminateRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: PlaceRequest
    def __init__(self, request: _Optional[_Union[PlaceRequest, _Mapping]] = ...) -> None: ...

class TerminateResponse(_message.Message):
    __slots__ = ("response",)
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    response: PlaceResponse
    def __init__(self, response: _Optional[_Union[PlaceResponse, _Mapping]] = ...) -> None: ...

class DrainRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: PlaceRequest
    def __init__(self, request: _Optional[_Union[PlaceRequest, _Mapping]] = ...) -> None: ...

class DrainResponse(_message.Message):
    __slots__ = ("response",)
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    response: PlaceResponse
    def __init__(self, response: _Optional[_Union[PlaceResponse, _Mapping]] = ...) -> None: ...

class RebalanceRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: PlaceRequest
    def __init__(self, request: _Optional[_Union[PlaceRequest, _Mapping]] = ...) -> None: ...

class RebalanceResponse(_message.Message):
    __slots__ = ("response",)
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    response: PlaceResponse
    def __init__(self, response: _Optional[_Union[PlaceResponse, _Mapping]] = ...) -> None: ...

class ReconcileRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: PlaceRequest
    def __init__(self, request: _Optional[_Union[PlaceRequest, _Mapping]] = ...) -> None: ...

class ReconcileResponse(_message.Message):
    __slots__ = ("response",)
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    response: PlaceResponse
    def __init__(self, response: _Optional[_Union[PlaceResponse, _Mapping]] = ...) -> None: ...

class DeployRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: PlaceRequest
    def __init__(self, request: _Optional[_Union[PlaceRequest, _Mapping]] = ...) -> None: ...

class DeployResponse(_message.Message):
    __slots__ = ("response",)
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    response: PlaceResponse
    def __init__(self, response: _Optional[_Union[PlaceResponse, _Mapping]] = ...) -> None: ...

class PlaceProgress(_message.Message):
    __slots__ = ("plan", "tiers", "terminal", "seconds")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    plan: PlaceResponse
    tiers: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Tier]
    terminal: bool
    seconds: float
    def __init__(self, plan: _Optional[_Union[PlaceResponse, _Mapping]] = ..., tiers: _Optional[_Iterable[_Union[_plan_pb2.Tier, _Mapping]]] = ..., terminal: _Optional[bool] = ..., seconds: _Optional[float] = ...) -> None: ...

class StreamPlaceRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: PlaceRequest
    def __init__(self, request: _Optional[_Union[PlaceRequest, _Mapping]] = ...) -> None: ...

class StreamPlaceResponse(_message.Message):
    __slots__ = ("progress",)
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    progress: PlaceProgress
    def __init__(self, progress: _Optional[_Union[PlaceProgress, _Mapping]] = ...) -> None: ...

class StreamReconcileRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: PlaceRequest
    def __init__(self, request: _Optional[_Union[PlaceRequest, _Mapping]] = ...) -> None: ...

class StreamReconcileResponse(_message.Message):
    __slots__ = ("progress",)
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    progress: PlaceProgress
    def __init__(self, progress: _Optional[_Union[PlaceProgress, _Mapping]] = ...) -> None: ...

class CheckRequest(_message.Message):
    __slots__ = ("request", "tasks", "task_columns")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    TASK_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    request: PlaceRequest
    tasks: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.TaskCount]
    task_columns: _task_group_pb2.TaskCountColumns
    def __init__(self, request: _Optional[_Union[PlaceRequest, _Mapping]] = ..., tasks: _Optional[_Iterable[_Union[_task_group_pb2.TaskCount, _Mapping]]] = ..., task_columns: _Optional[_Union[_task_group_pb2.TaskCountColumns, _Mapping]] = ...) -> None: ...

class CheckResponse(_message.Message):
    __slots__ = ("violations",)
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    violations: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Violation]
    def __init__(self, violations: _Optional[_Iterable[_Union[_plan_pb2.Violation, _Mapping]]] = ...) -> None: ...

class GetVersionRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetVersionResponse(_message.Message):
    __slots__ = ("version", "versions", "limits", "solving_processes")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    SOLVING_PROCESSES_FIELD_NUMBER: _ClassVar[int]
    version: str
    versions: _containers.ScalarMap[str, str]
    limits: SizeLimits
    solving_processes: int
    def __init__(self, version: _Optional[str] = ..., versions: _Optional[_Mapping[str, str]] = ..., limits: _Optional[_Union[SizeLimits, _Mapping]] = ..., solving_processes: _Optional[int] = ...) -> None: ...

class SizeLimits(_message.Message):
    __slots__ = ("max_message_bytes", "max_instances", "max_groups", "max_resources", "max_attributes", "max_counts", "max_tasks", "max_rules", "max_expression_length", "max_expression_nesting", "max_time_limit_seconds")
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_INSTANCES_FIELD_NUMBER: _ClassVar[int]
    MAX_GROUPS_FIELD_NUMBER: _ClassVar[int]
    MAX_RESOURCES_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    MAX_COUNTS_FIELD_NUMBER: _ClassVar[int]
    MAX_TASKS_FIELD_NUMBER: _ClassVar[int]
    MAX_RULES_FIELD_NUMBER: _ClassVar[int]
    MAX_EXPRESSION_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MAX_EXPRESSION_NESTING_FIELD_NUMBER: _ClassVar[int]
    MAX_TIME_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    max_message_bytes: int
    max_instances: int
    max_groups: int
    max_resources: int
    max_attributes: int
    max_counts: int
    max_tasks: int
    max_rules: int
    max_expression_length: int
    max_expression_nesting: int
    max_time_limit_seconds: float
    def __init__(self, max_message_bytes: _Optional[int] = ..., max_instances: _Optional[int] = ..., max_groups: _Optional[int] = ..., max_resources: _Optional[int] = ..., max_attributes: _Optional[int] = ..., max_counts: _Optional[int] = ..., max_tasks: _Optional[int] = ..., max_rules: _Optional[int] = ..., max_expression_length: _Optional[int] = ..., max_expression_nesting: _Optional[int] = ..., max_time_limit_seconds: _Optional[float] = ...) -> None: ...
