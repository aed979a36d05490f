"""A request for an analysis -> scenarios of a cluster, with every fault at its path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from solver.errors import Fault, InvalidRequest, TooLarge, require, under
from solver.formats.table_cluster import TableCluster
from solver.service.analysis.process import Order
from solver.service.decode import place_call
from solver.service.messages import unpacked
from solver.service.sizes import WRAPPED, require_small
from solver.service.verbs import PREFIX
from solver.v1 import analysis_service_pb2 as wire
from solver.v1 import placement_service_pb2 as placing
from solver.whatif.answering import Batch
from solver.whatif.reading import HOLDS, study_of
from solver.whatif.run import batch_of
from solver.whatif.scenario import Scenario, clock_faults
from solver.whatif.yaml_text import MOST_BYTES, parse_yaml

STUDY = "study"

NOT_TAKEN = (
    "rules",
    "all_or_nothing",
    "frozen_instances",
    "explain",
    "validate_only",
    "drained_instances",
    "freedom",
    "hint",
    "hint_columns",
    "request_id",
    "survive",
    "survive_groups",
)
"""Fields of the ``PlaceRequest`` that ask for something: the study asks."""


def read_request(order: Order) -> tuple[Batch, tuple[Scenario, ...]]:
    """What is to be answered.

    Raises
    ------
    InvalidRequest
        With every fault of the request; once it has none, with every fault of the study.
    TooLarge
        If the request or the study is larger than the server allows.
    """
    require_small(order.request, WRAPPED, order.sizes)
    message = unpacked(order.request, wire.RunAnalysisRequest(), at_once=True)
    faults = list(_not_taken(message.request))
    if faults:
        raise InvalidRequest(faults)
    if len(message.study.encode()) > MOST_BYTES:
        raise TooLarge(f"{STUDY}: has more than {MOST_BYTES:,} bytes; write a grid in place of a long list")
    call = place_call(message.request, order.sizes, prefix=PREFIX)
    cluster = TableCluster(call.problem, call.warnings)
    document = parse_yaml(message.study, STUDY, HOLDS)
    try:
        study = study_of(document, cluster)
    except InvalidRequest as invalid:
        raise InvalidRequest(under(STUDY, invalid.faults)) from invalid
    if len(study.scenarios) > order.most:
        raise TooLarge(
            f"{STUDY}: has {len(study.scenarios):,} scenarios; at most {order.most:,}: write `sample` into a grid"
        )
    limits = study.limited(call.limits)
    longest = order.sizes.time_limit
    if limits.time_limit > longest:
        where = f"{STUDY}.limits.time_limit"
        raise InvalidRequest.at(where, f"is {limits.time_limit:,g} s", f"must be at most {longest:,g}")
    if order.longest is not None:
        limits = replace(limits, time_limit=min(limits.time_limit, order.longest))
    require(under(STUDY, clock_faults(limits.deterministic_limit, study.asked, study.scenarios)))
    return batch_of(study.asked, limits), study.scenarios


def _not_taken(request: placing.PlaceRequest) -> Iterator[Fault]:
    said = {field.name for field, _ in request.ListFields()}
    for name in NOT_TAKEN:
        if name in said:
            yield Fault(
                f"{PREFIX}{name}", "is said of an analysis", "leave it out, and write what is asked into the study"
            )
