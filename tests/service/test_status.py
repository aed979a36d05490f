"""Every error has a status, and every status becomes its error again."""

from __future__ import annotations

import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2

from solver.errors import Fault, InvalidQuery, InvalidRequest, Overloaded, PlacementSolverError, ShuttingDown
from solver.service.status import DOMAIN, MAX_DETAILS, all_errors, from_status, internal, to_status
from tests.service.details import details_of


def example(kind: type[PlacementSolverError]) -> PlacementSolverError:
    """An error of a kind."""
    if issubclass(kind, InvalidQuery):
        return kind("attribute:stack = prod", 17, "'=' is no operator", "write '=='")
    if issubclass(kind, InvalidRequest):
        return kind([Fault("groups[0].start", "is -1", "must be 0 or more"), Fault("label", "is long", "cut it")])
    return kind("what happened; what to do")


@pytest.mark.parametrize("kind", list(all_errors()))
def test_every_error_has_a_status_and_comes_back(kind: type[PlacementSolverError]) -> None:
    """Each error of the tree has its own code, exactly one ErrorInfo with our domain, and is read back as itself."""
    error = example(kind)
    status = to_status(error)
    assert status.code == code_pb2.Code.Value(kind.grpc_code)
    (info,) = details_of(status, error_details_pb2.ErrorInfo)
    assert (info.domain, info.reason) == (DOMAIN, kind.reason)
    found = from_status(status_pb2.Status.FromString(status.SerializeToString()))
    assert (type(found), str(found)) == (kind, str(error))
    assert bool(details_of(status, error_details_pb2.BadRequest)) is issubclass(kind, InvalidRequest)
    assert bool(details_of(status, error_details_pb2.RetryInfo)) is issubclass(kind, Overloaded | ShuttingDown)


def test_no_two_errors_have_one_reason() -> None:
    """A reason names one error."""
    reasons = [kind.reason for kind in all_errors()]
    assert len(reasons) == len(set(reasons))


def test_faults_keep_their_parts() -> None:
    """Path, problem and remedy of each fault come back."""
    error = example(InvalidRequest)
    found = from_status(to_status(error))
    assert isinstance(error, InvalidRequest)
    assert isinstance(found, InvalidRequest)
    assert found.faults == error.faults


def test_a_query_keeps_its_expression_and_column() -> None:
    """The caret can be drawn on the client's side."""
    error, found = example(InvalidQuery), from_status(to_status(example(InvalidQuery)))
    assert isinstance(error, InvalidQuery)
    assert isinstance(found, InvalidQuery)
    assert (found.expression, found.column, found.caret()) == (error.expression, error.column, error.caret())


def test_a_status_fits_into_the_trailers() -> None:
    """However many and long the faults, a status has at most 5,000 bytes, and says how many faults there were."""
    error = InvalidRequest([Fault("é" * 1000, "ü" * 1000, "ß" * 1000) for _ in range(100)])
    status = to_status(error)
    assert status.ByteSize() <= MAX_DETAILS
    (info,) = details_of(status, error_details_pb2.ErrorInfo)
    (bad,) = details_of(status, error_details_pb2.BadRequest)
    assert info.metadata["faults"] == "100"
    assert 0 < len(bad.field_violations) < 100
    query = InvalidQuery("x" * 10_000, 5_000, "p" * 10_000, "r" * 10_000)
    assert to_status(query).ByteSize() <= MAX_DETAILS
    assert isinstance(from_status(to_status(query)), InvalidQuery)


def test_what_is_not_ours_is_the_base_class() -> None:
    """A status of another domain, without details, or of the server's own fault is a plain error with its message."""
    foreign = status_pb2.Status(code=3, message="m")
    foreign.details.add().Pack(error_details_pb2.ErrorInfo(reason="INVALID_REQUEST", domain="other"))
    for status in (foreign, status_pb2.Status(code=3, message="m"), internal()):
        found = from_status(status)
        assert type(found) is PlacementSolverError
        assert str(found) == status.message
