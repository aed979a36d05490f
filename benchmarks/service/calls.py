"""One call as its caller sees it, and what it came to: right, refused, late, wrong or lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2

from benchmarks.service.questions import Question
from solver import api
from solver.domain.answer import Answer
from solver.domain.solution import Status
from solver.errors import InvalidRequest
from solver.service import codec
from solver.service.placement import CUT_OFF
from solver.service.status import DETAILS_KEY

Detail = TypeVar("Detail", error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo)

PLACE = "/solver.v1.PlacementService/Place"
HEALTH = "/grpc.health.v1.Health/Check"

LOST_AFTER = 1.0
"""Seconds after its deadline when a call without answer and without error is lost."""

CODES = {
    "OVERLOADED": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "TOO_LARGE": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "WORKER_LOST": grpc.StatusCode.UNAVAILABLE,
    "STORE_FAILED": grpc.StatusCode.UNAVAILABLE,
    "SHUTTING_DOWN": grpc.StatusCode.UNAVAILABLE,
    "INVALID_REQUEST": grpc.StatusCode.INVALID_ARGUMENT,
    "STALE_VERSION": grpc.StatusCode.ABORTED,
    "CLUSTER_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
}
"""The code that a reason must come with."""

DEADLINE, CANCELLED, UNREACHABLE = "DEADLINE_EXCEEDED", "CANCELLED", "UNREACHABLE"
"""How a call ends that gRPC itself ends: its deadline has passed, its caller gave up, the server cannot be reached."""


class Outcome(Enum):
    """What a call came to."""

    RIGHT = "right"
    """An answer that passes every check."""
    REFUSED = "refused"
    """An error with its code and a reason of the service, or the end that gRPC gives a call."""
    WRONG = "wrong"
    """An answer that fails a check, or an error that says nothing."""
    LOST = "lost"
    """Neither an answer nor an error."""


@dataclass(frozen=True)
class Told:
    """What a caller was told.

    Parameters
    ----------
    reason
        Of a refusal; of what is wrong, a sentence.
    seconds
        From the call to its end.
    payload
        The answer's bytes.
    retry_after
        Seconds after which a caller that was refused is to come back; 0 where that was not said.
    """

    outcome: Outcome
    reason: str
    seconds: float
    payload: bytes = b""
    retry_after: float = 0.0


async def ask(channel: grpc.aio.Channel, method: str, payload: bytes, timeout: float, *, dated: bool = True) -> Told:
    """Make a call; its answer is not looked at yet.

    Parameters
    ----------
    timeout
        Seconds until its deadline; it is lost ``LOST_AFTER`` later.
    dated
        Whether the server is told of the deadline.
    """
    begun = time.monotonic()
    unary: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    call = unary(payload, timeout=timeout if dated else None)
    try:
        found = await asyncio.wait_for(_finished(call), timeout + LOST_AFTER)
    except TimeoutError:
        return Told(Outcome.LOST, f"neither answer nor error after {timeout + LOST_AFTER:.1f} s", timeout + LOST_AFTER)
    except grpc.aio.AioRpcError as error:
        return _refused(error, time.monotonic() - begun)
    finally:
        call.cancel()
    return Told(Outcome.RIGHT, "", time.monotonic() - begun, found)


async def _finished(call: grpc.aio.UnaryUnaryCall[bytes, bytes]) -> bytes:
    found: bytes = await call
    return found


def _refused(error: grpc.aio.AioRpcError, seconds: float) -> Told:
    code, reason = error.code(), reason_of(error)
    if reason:
        fits = CODES.get(reason) is code
        if not fits:
            return Told(Outcome.WRONG, f"{code.name} {reason}", seconds)
        return Told(Outcome.REFUSED, reason, seconds, retry_after=_retry_after(error))
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Told(Outcome.REFUSED, DEADLINE, seconds)
    if code is grpc.StatusCode.CANCELLED:
        return Told(Outcome.REFUSED, CANCELLED, seconds)
    if code is grpc.StatusCode.UNAVAILABLE:
        return Told(Outcome.REFUSED, UNREACHABLE, seconds)
    return Told(Outcome.WRONG, f"{code.name} without a reason: {error.details()}", seconds)


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The reason in the details of an error; empty where there is none."""
    return next((str(info.reason) for info in _details(error, error_details_pb2.ErrorInfo)), "")


def _retry_after(error: grpc.aio.AioRpcError) -> float:
    found = _details(error, error_details_pb2.RetryInfo)
    return next((info.retry_delay.ToTimedelta().total_seconds() for info in found), 0.0)


def _details(error: grpc.aio.AioRpcError, kind: type[Detail]) -> Iterator[Detail]:
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            with suppress(DecodeError):
                for detail in status_pb2.Status.FromString(value).details:
                    info = kind()
                    if detail.Unpack(info):
                        yield info


async def place(channel: grpc.aio.Channel, question: Question, timeout: float, *, dated: bool = True) -> Told:
    """Ask a question, and check the answer independently of the server."""
    told = await ask(channel, PLACE, question.payload, timeout, dated=dated)
    return judged(question, told)


def judged(question: Question, told: Told) -> Told:
    """What was told, or why it is wrong."""
    if told.outcome is not Outcome.RIGHT:
        return told
    fault = fault_of(question, told.payload)
    return Told(Outcome.WRONG, fault, told.seconds, told.payload) if fault else told


def fault_of(question: Question, payload: bytes) -> str:
    """What is wrong with an answer to a question; empty where nothing is.

    Decoded as a client does, the plan by ``solver.api.check``, and by what answers must say of themselves: whose they are,
    bounds that hold, no more proved than was proved, nothing worse than the sequential scheduler's plan.
    """
    try:
        answer = codec.answer_from_bytes(payload, question.problem)
    except InvalidRequest as invalid:
        return f"cannot be read: {invalid}"
    if answer.label != question.label:
        return f"is the answer of '{answer.label}'"
    if answer.replay.fingerprint != question.fingerprint:
        return "is the answer to another problem"
    violations = api.check(question.problem, answer.tasks)
    if violations:
        return f"breaks a rule: {violations[0]}"
    return _tiers_fault(answer)


def _tiers_fault(answer: Answer) -> str:
    if answer.status in (Status.INFEASIBLE, Status.NOT_FOUND) and not answer.problem.all_or_nothing:
        return f"says {answer.status.value} where a part of the tasks may be placed"
    if not answer.tiers and CUT_OFF not in answer.warnings:
        return "has no tiers"
    for tier in answer.tiers:
        if tier.bound > tier.value or (tier.proven and tier.bound != tier.value):
            return f"states the bound {tier.bound} for the value {tier.value} of {tier.name}"
    if answer.status is Status.OPTIMAL and not all(tier.proven for tier in answer.tiers):
        return "says OPTIMAL where a tier is not proved"
    if [tier.value for tier in answer.tiers] > [tier.sequential for tier in answer.tiers]:
        return "is worse than the sequential plan that it states"
    return ""


async def health(channel: grpc.aio.Channel, timeout: float = 1.0) -> Told:
    """Ask whether the server is well; WRONG where it says that it is not."""
    asked = health_pb2.HealthCheckRequest().SerializeToString()
    told = await ask(channel, HEALTH, asked, timeout)
    if told.outcome is Outcome.RIGHT:
        said = health_pb2.HealthCheckResponse.FromString(told.payload).status
        if said != health_pb2.HealthCheckResponse.SERVING:
            return Told(Outcome.WRONG, "not SERVING", told.seconds)
    return told


def channel(address: str) -> grpc.aio.Channel:
    """A connection of its own, which comes back fast after the server was away."""
    return grpc.aio.insecure_channel(
        address,
        [
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 500),
        ],
    )
