from solver.v1 import task_group_pb2 as _task_group_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATUS_UNSPECIFIED: _ClassVar[Status]
    STATUS_OPTIMAL: _ClassVar[Status]
    STATUS_FEASIBLE: _ClassVar[Status]
    STATUS_INFEASIBLE: _ClassVar[Status]
    STATUS_NOT_FOUND: _ClassVar[Status]

class StopReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STOP_REASON_UNSPECIFIED: _ClassVar[StopReason]
    STOP_REASON_PROVED: _ClassVar[StopReason]
    STOP_REASON_TIME: _ClassVar[StopReason]
    STOP_REASON_CANCELLED: _ClassVar[StopReason]
    STOP_REASON_ENGINE_DONE: _ClassVar[StopReason]

class ActionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTION_KIND_UNSPECIFIED: _ClassVar[ActionKind]
    ACTION_KIND_START: _ClassVar[ActionKind]
    ACTION_KIND_STOP: _ClassVar[ActionKind]
    ACTION_KIND_MOVE: _ClassVar[ActionKind]

class LossStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOSS_STATUS_UNSPECIFIED: _ClassVar[LossStatus]
    LOSS_STATUS_SURVIVED: _ClassVar[LossStatus]
    LOSS_STATUS_NOT_SURVIVED: _ClassVar[LossStatus]
    LOSS_STATUS_UNDECIDED: _ClassVar[LossStatus]
STATUS_UNSPECIFIED: Status
STATUS_OPTIMAL: Status
STATUS_FEASIBLE: Status
STATUS_INFEASIBLE: Status
STATUS_NOT_FOUND: Status
STOP_REASON_UNSPECIFIED: StopReason
STOP_REASON_PROVED: StopReason
STOP_REASON_TIME: StopReason
STOP_REASON_CANCELLED: StopReason
STOP_REASON_ENGINE_DONE: StopReason
ACTION_KIND_UNSPECIFIED: ActionKind
ACTION_KIND_START: ActionKind
ACTION_KIND_STOP: ActionKind
ACTION_KIND_MOVE: ActionKind
LOSS_STATUS_UNSPECIFIED: LossStatus
LOSS_STATUS_SURVIVED: LossStatus
LOSS_STATUS_NOT_SURVIVED: LossStatus
LOSS_STATUS_UNDECIDED: LossStatus

class Action(_message.Message):
    __slots__ = ("kind", "group", "task", "instance", "from_instance", "step", "count", "start_step", "stop_step")
    KIND_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    FROM_INSTANCE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    START_STEP_FIELD_NUMBER: _ClassVar[int]
    STOP_STEP_FIELD_NUMBER: _ClassVar[int]
    kind: ActionKind
    group: str
    task: str
    instance: str
    from_instance: str
    step: int
    count: int
    start_step: int
    stop_step: int
    def __init__(self, kind: _Optional[_Union[ActionKind, str]] = ..., group: _Optional[str] = ..., task: _Optional[str] = ..., instance: _Optional[str] = ..., from_instance: _Optional[str] = ..., step: _Optional[int] = ..., count: _Optional[int] = ..., start_step: _Optional[int] = ..., stop_step: _Optional[int] = ...) -> None: ...

class Block(_message.Message):
    __slots__ = ("waiting", "more", "proven", "remedies")
    WAITING_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    REMEDIES_FIELD_NUMBER: _ClassVar[int]
    waiting: _containers.RepeatedCompositeFieldContainer[Waiting]
    more: int
    proven: bool
    remedies: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, waiting: _Optional[_Iterable[_Union[Waiting, _Mapping]]] = ..., more: _Optional[int] = ..., proven: _Optional[bool] = ..., remedies: _Optional[_Iterable[str]] = ...) -> None: ...

class Waiting(_message.Message):
    __slots__ = ("kind", "group", "instance", "count", "rule", "waits_for", "tasks")
    KIND_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    WAITS_FOR_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    group: str
    instance: str
    count: int
    rule: str
    waits_for: _containers.RepeatedScalarFieldContainer[str]
    tasks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, kind: _Optional[str] = ..., group: _Optional[str] = ..., instance: _Optional[str] = ..., count: _Optional[int] = ..., rule: _Optional[str] = ..., waits_for: _Optional[_Iterable[str]] = ..., tasks: _Optional[_Iterable[str]] = ...) -> None: ...

class Tier(_message.Message):
    __slots__ = ("name", "title", "value", "bound", "proven", "source", "sequential", "remark")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SEQUENTIAL_FIELD_NUMBER: _ClassVar[int]
    REMARK_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    value: int
    bound: int
    proven: bool
    source: str
    sequential: int
    remark: str
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., value: _Optional[int] = ..., bound: _Optional[int] = ..., proven: _Optional[bool] = ..., source: _Optional[str] = ..., sequential: _Optional[int] = ..., remark: _Optional[str] = ...) -> None: ...

class Shortfall(_message.Message):
    __slots__ = ("group", "wanted", "placed", "proven", "funnel", "conflict", "repairs")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    PLACED_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    FUNNEL_FIELD_NUMBER: _ClassVar[int]
    CONFLICT_FIELD_NUMBER: _ClassVar[int]
    REPAIRS_FIELD_NUMBER: _ClassVar[int]
    group: str
    wanted: int
    placed: int
    proven: bool
    funnel: _containers.RepeatedCompositeFieldContainer[FunnelStage]
    conflict: Conflict
    repairs: _containers.RepeatedCompositeFieldContainer[Repair]
    def __init__(self, group: _Optional[str] = ..., wanted: _Optional[int] = ..., placed: _Optional[int] = ..., proven: _Optional[bool] = ..., funnel: _Optional[_Iterable[_Union[FunnelStage, _Mapping]]] = ..., conflict: _Optional[_Union[Conflict, _Mapping]] = ..., repairs: _Optional[_Iterable[_Union[Repair, _Mapping]]] = ...) -> None: ...

class FunnelStage(_message.Message):
    __slots__ = ("stage", "rule", "reason", "refused", "left")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    stage: str
    rule: str
    reason: str
    refused: int
    left: int
    def __init__(self, stage: _Optional[str] = ..., rule: _Optional[str] = ..., reason: _Optional[str] = ..., refused: _Optional[int] = ..., left: _Optional[int] = ...) -> None: ...

class Conflict(_message.Message):
    __slots__ = ("members", "minimal", "proven")
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    MINIMAL_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    members: _containers.RepeatedScalarFieldContainer[str]
    minimal: bool
    proven: bool
    def __init__(self, members: _Optional[_Iterable[str]] = ..., minimal: _Optional[bool] = ..., proven: _Optional[bool] = ...) -> None: ...

class Repair(_message.Message):
    __slots__ = ("kind", "change", "verified")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    kind: str
    change: str
    verified: bool
    def __init__(self, kind: _Optional[str] = ..., change: _Optional[str] = ..., verified: _Optional[bool] = ...) -> None: ...

class Violation(_message.Message):
    __slots__ = ("rule", "group", "place", "allowed", "after", "unit")
    RULE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    rule: str
    group: str
    place: str
    allowed: int
    after: int
    unit: str
    def __init__(self, rule: _Optional[str] = ..., group: _Optional[str] = ..., place: _Optional[str] = ..., allowed: _Optional[int] = ..., after: _Optional[int] = ..., unit: _Optional[str] = ...) -> None: ...

class Replay(_message.Message):
    __slots__ = ("fingerprint", "seed", "time_limit_seconds", "deterministic_limit_seconds", "workers", "engine", "versions")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    TIME_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DETERMINISTIC_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    fingerprint: str
    seed: int
    time_limit_seconds: float
    deterministic_limit_seconds: float
    workers: int
    engine: str
    versions: _containers.ScalarMap[str, str]
    def __init__(self, fingerprint: _Optional[str] = ..., seed: _Optional[int] = ..., time_limit_seconds: _Optional[float] = ..., deterministic_limit_seconds: _Optional[float] = ..., workers: _Optional[int] = ..., engine: _Optional[str] = ..., versions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Timings(_message.Message):
    __slots__ = ("total_seconds", "first_plan_seconds")
    TOTAL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    FIRST_PLAN_SECONDS_FIELD_NUMBER: _ClassVar[int]
    total_seconds: float
    first_plan_seconds: float
    def __init__(self, total_seconds: _Optional[float] = ..., first_plan_seconds: _Optional[float] = ...) -> None: ...

class TargetZones(_message.Message):
    __slots__ = ("service", "target", "kind", "zones", "zones_known", "touched", "warnings")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ZONES_FIELD_NUMBER: _ClassVar[int]
    ZONES_KNOWN_FIELD_NUMBER: _ClassVar[int]
    TOUCHED_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    service: str
    target: str
    kind: _task_group_pb2.TargetKind
    zones: _containers.RepeatedCompositeFieldContainer[ZoneTasks]
    zones_known: bool
    touched: bool
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, service: _Optional[str] = ..., target: _Optional[str] = ..., kind: _Optional[_Union[_task_group_pb2.TargetKind, str]] = ..., zones: _Optional[_Iterable[_Union[ZoneTasks, _Mapping]]] = ..., zones_known: _Optional[bool] = ..., touched: _Optional[bool] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class ZoneTasks(_message.Message):
    __slots__ = ("zone", "before", "after", "enabled")
    ZONE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    zone: str
    before: int
    after: int
    enabled: bool
    def __init__(self, zone: _Optional[str] = ..., before: _Optional[int] = ..., after: _Optional[int] = ..., enabled: _Optional[bool] = ...) -> None: ...

class RoleIsolation(_message.Message):
    __slots__ = ("rule", "roles", "together", "shared_before", "shared_after")
    RULE_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    TOGETHER_FIELD_NUMBER: _ClassVar[int]
    SHARED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    SHARED_AFTER_FIELD_NUMBER: _ClassVar[int]
    rule: str
    roles: _containers.RepeatedCompositeFieldContainer[RoleUse]
    together: _containers.RepeatedCompositeFieldContainer[RolesTogether]
    shared_before: int
    shared_after: int
    def __init__(self, rule: _Optional[str] = ..., roles: _Optional[_Iterable[_Union[RoleUse, _Mapping]]] = ..., together: _Optional[_Iterable[_Union[RolesTogether, _Mapping]]] = ..., shared_before: _Optional[int] = ..., shared_after: _Optional[int] = ...) -> None: ...

class RoleUse(_message.Message):
    __slots__ = ("role", "instances_before", "instances_after", "tasks_before", "tasks_after", "known")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_BEFORE_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_AFTER_FIELD_NUMBER: _ClassVar[int]
    TASKS_BEFORE_FIELD_NUMBER: _ClassVar[int]
    TASKS_AFTER_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    role: str
    instances_before: int
    instances_after: int
    tasks_before: int
    tasks_after: int
    known: bool
    def __init__(self, role: _Optional[str] = ..., instances_before: _Optional[int] = ..., instances_after: _Optional[int] = ..., tasks_before: _Optional[int] = ..., tasks_after: _Optional[int] = ..., known: _Optional[bool] = ...) -> None: ...

class RolesTogether(_message.Message):
    __slots__ = ("first", "second", "before", "after")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    first: str
    second: str
    before: int
    after: int
    def __init__(self, first: _Optional[str] = ..., second: _Optional[str] = ..., before: _Optional[int] = ..., after: _Optional[int] = ...) -> None: ...

class LossOutcome(_message.Message):
    __slots__ = ("what", "value", "status", "instances", "tasks", "without_place", "at_least", "proven", "allowed", "allowed_proven", "fallbacks")
    class WithoutPlaceEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    WHAT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_PLACE_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_PROVEN_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    what: str
    value: str
    status: LossStatus
    instances: int
    tasks: int
    without_place: _containers.ScalarMap[str, int]
    at_least: int
    proven: bool
    allowed: int
    allowed_proven: bool
    fallbacks: _containers.RepeatedCompositeFieldContainer[_task_group_pb2.TaskCount]
    def __init__(self, what: _Optional[str] = ..., value: _Optional[str] = ..., status: _Optional[_Union[LossStatus, str]] = ..., instances: _Optional[int] = ..., tasks: _Optional[int] = ..., without_place: _Optional[_Mapping[str, int]] = ..., at_least: _Optional[int] = ..., proven: _Optional[bool] = ..., allowed: _Optional[int] = ..., allowed_proven: _Optional[bool] = ..., fallbacks: _Optional[_Iterable[_Union[_task_group_pb2.TaskCount, _Mapping]]] = ...) -> None: ...
