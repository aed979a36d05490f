from google.protobuf import any_pb2 as _any_pb2
from solver.v1 import placement_service_pb2 as _placement_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScenarioStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCENARIO_STATUS_UNSPECIFIED: _ClassVar[ScenarioStatus]
    SCENARIO_STATUS_OPTIMAL: _ClassVar[ScenarioStatus]
    SCENARIO_STATUS_FEASIBLE: _ClassVar[ScenarioStatus]
    SCENARIO_STATUS_INFEASIBLE: _ClassVar[ScenarioStatus]
    SCENARIO_STATUS_NOT_FOUND: _ClassVar[ScenarioStatus]
    SCENARIO_STATUS_FAILED: _ClassVar[ScenarioStatus]
SCENARIO_STATUS_UNSPECIFIED: ScenarioStatus
SCENARIO_STATUS_OPTIMAL: ScenarioStatus
SCENARIO_STATUS_FEASIBLE: ScenarioStatus
SCENARIO_STATUS_INFEASIBLE: ScenarioStatus
SCENARIO_STATUS_NOT_FOUND: ScenarioStatus
SCENARIO_STATUS_FAILED: ScenarioStatus

class RunAnalysisRequest(_message.Message):
    __slots__ = ("request", "study")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    STUDY_FIELD_NUMBER: _ClassVar[int]
    request: _placement_service_pb2.PlaceRequest
    study: str
    def __init__(self, request: _Optional[_Union[_placement_service_pb2.PlaceRequest, _Mapping]] = ..., study: _Optional[str] = ...) -> None: ...

class RunAnalysisResponse(_message.Message):
    __slots__ = ("name", "metadata", "done")
    NAME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    name: str
    metadata: _any_pb2.Any
    done: bool
    def __init__(self, name: _Optional[str] = ..., metadata: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., done: _Optional[bool] = ...) -> None: ...

class AnalysisProgress(_message.Message):
    __slots__ = ("total", "answered", "failed", "begun_at", "ended_at")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    BEGUN_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    total: int
    answered: int
    failed: int
    begun_at: str
    ended_at: str
    def __init__(self, total: _Optional[int] = ..., answered: _Optional[int] = ..., failed: _Optional[int] = ..., begun_at: _Optional[str] = ..., ended_at: _Optional[str] = ...) -> None: ...

class AnalysisResult(_message.Message):
    __slots__ = ("rows", "failed")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    rows: int
    failed: int
    def __init__(self, rows: _Optional[int] = ..., failed: _Optional[int] = ...) -> None: ...

class StreamRowsRequest(_message.Message):
    __slots__ = ("name", "after")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    after: int
    def __init__(self, name: _Optional[str] = ..., after: _Optional[int] = ...) -> None: ...

class StreamRowsResponse(_message.Message):
    __slots__ = ("position", "row", "terminal")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_FIELD_NUMBER: _ClassVar[int]
    position: int
    row: ScenarioRow
    terminal: bool
    def __init__(self, position: _Optional[int] = ..., row: _Optional[_Union[ScenarioRow, _Mapping]] = ..., terminal: _Optional[bool] = ...) -> None: ...

class ScenarioRow(_message.Message):
    __slots__ = ("scenario", "status", "reason", "wanted", "placed", "missing", "short", "displaced", "lost", "moved", "stopped", "instances", "used", "cost_millionths", "used_cost_millionths", "tiers", "warnings", "fingerprint", "seconds", "unsurvived")
    class ShortEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    PLACED_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    SHORT_FIELD_NUMBER: _ClassVar[int]
    DISPLACED_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    MOVED_FIELD_NUMBER: _ClassVar[int]
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    COST_MILLIONTHS_FIELD_NUMBER: _ClassVar[int]
    USED_COST_MILLIONTHS_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    UNSURVIVED_FIELD_NUMBER: _ClassVar[int]
    scenario: str
    status: ScenarioStatus
    reason: str
    wanted: int
    placed: int
    missing: int
    short: _containers.ScalarMap[str, int]
    displaced: int
    lost: int
    moved: int
    stopped: int
    instances: int
    used: int
    cost_millionths: int
    used_cost_millionths: int
    tiers: _containers.RepeatedCompositeFieldContainer[ScenarioTier]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    fingerprint: str
    seconds: float
    unsurvived: int
    def __init__(self, scenario: _Optional[str] = ..., status: _Optional[_Union[ScenarioStatus, str]] = ..., reason: _Optional[str] = ..., wanted: _Optional[int] = ..., placed: _Optional[int] = ..., missing: _Optional[int] = ..., short: _Optional[_Mapping[str, int]] = ..., displaced: _Optional[int] = ..., lost: _Optional[int] = ..., moved: _Optional[int] = ..., stopped: _Optional[int] = ..., instances: _Optional[int] = ..., used: _Optional[int] = ..., cost_millionths: _Optional[int] = ..., used_cost_millionths: _Optional[int] = ..., tiers: _Optional[_Iterable[_Union[ScenarioTier, _Mapping]]] = ..., warnings: _Optional[_Iterable[str]] = ..., fingerprint: _Optional[str] = ..., seconds: _Optional[float] = ..., unsurvived: _Optional[int] = ...) -> None: ...

class ScenarioTier(_message.Message):
    __slots__ = ("name", "title", "value", "bound", "proven")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    value: int
    bound: int
    proven: bool
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., value: _Optional[int] = ..., bound: _Optional[int] = ..., proven: _Optional[bool] = ...) -> None: ...
