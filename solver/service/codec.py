"""The two forms of a request and an answer: bytes for gRPC, protobuf JSON for files and for ``-o json``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf import json_format
from google.protobuf.message import Message

from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.explanation import Violation
from solver.domain.problem import Problem
from solver.domain.progress import Progress
from solver.domain.request import Limits
from solver.domain.solution import TierResult
from solver.domain.survival import Survival
from solver.service import answers, json_form
from solver.service.decode import PlaceCall, check_call, place_call
from solver.service.encode import check_request, place_request
from solver.service.messages import unpacked
from solver.service.sizes import CHECK, PLACE, WRAPPED, SizeLimits, require_small
from solver.service.verbs import PREFIX, Stream, Verb
from solver.v1 import placement_service_pb2 as wire

DEFAULT_SIZES = SizeLimits()


def request_from_json(text: str, sizes: SizeLimits = DEFAULT_SIZES) -> tuple[Problem, Limits]:
    """The problem and the limits of a request file.

    Raises
    ------
    UnreadableDocument
        If the text is not JSON, with line and column.
    InvalidRequest
        With every fault, each with its path.
    TooLarge
        If the request is larger than ``sizes`` allows.
    """
    call = call_from_json(text, sizes)
    return call.problem, call.limits


def call_from_json(text: str, sizes: SizeLimits = DEFAULT_SIZES) -> PlaceCall:
    """Everything that a request file says; raises as ``request_from_json``."""
    return place_call(json_form.read(text, wire.PlaceRequest(), 4 * sizes.message_bytes), sizes)


def request_to_json(
    problem: Problem,
    limits: Limits,
    *,
    label: str = "",
    warnings: Sequence[str] = (),
    survival: Survival | None = None,
) -> str:
    """A request file, as people read it.

    Raises
    ------
    InvalidRequest
        If something has no form in the file.
    """
    return _to_json(place_request(problem, limits, label=label, warnings=warnings, survival=survival, by_name=True))


def answer_to_json(answer: Answer) -> str:
    """An answer as protobuf JSON of ``PlaceResponse``."""
    return _to_json(answers.place_response(answer))


def answer_from_json(text: str, problem: Problem, sizes: SizeLimits = DEFAULT_SIZES) -> Answer:
    """The answer to a problem that ``answer_to_json`` wrote; raises as ``request_from_json``."""
    return answers.read_answer(json_form.read(text, wire.PlaceResponse(), 4 * sizes.message_bytes), problem)


def violations_to_json(found: Iterable[Violation]) -> str:
    """Violations as protobuf JSON of ``CheckResponse``."""
    return _to_json(wire.CheckResponse(violations=answers.violations(found)))


def call_from_bytes(payload: bytes, sizes: SizeLimits = DEFAULT_SIZES, verb: Verb | Stream | None = None) -> PlaceCall:
    """Read a ``PlaceRequest``, or the request of a verb or a stream, which must be of its kind.

    Raises
    ------
    InvalidRequest
        If the bytes are no such message, or with every fault of the request.
    TooLarge
        If the request is larger than ``sizes`` allows; found before it is unpacked.
    """
    if verb is None:
        require_small(payload, PLACE, sizes)
        return place_call(unpacked(payload, wire.PlaceRequest(), at_once=True), sizes)
    require_small(payload, WRAPPED, sizes)
    return place_call(unpacked(payload, verb.request_type(), at_once=True).request, sizes, verb.kind, PREFIX)


def call_to_bytes(call: PlaceCall, verb: Verb | Stream | None = None) -> bytes:
    """Write a ``PlaceRequest``, or the request of a verb or a stream.

    Raises
    ------
    InvalidRequest
        If something has no form on the wire.
    """
    request = place_request(
        call.problem,
        call.limits,
        explain=call.explain,
        validate_only=call.validate_only,
        label=call.label,
        warnings=call.warnings,
        hint=call.hint,
        request_id=call.request_id,
        survival=call.survival,
    )
    return (request if verb is None else verb.request_type(request=request)).SerializeToString()


def check_from_bytes(payload: bytes, sizes: SizeLimits = DEFAULT_SIZES) -> tuple[Problem, Counts]:
    """Read a ``CheckRequest``; raises as ``call_from_bytes``."""
    require_small(payload, CHECK, sizes)
    return check_call(unpacked(payload, wire.CheckRequest(), at_once=True), sizes)


def check_to_bytes(problem: Problem, tasks: Counts) -> bytes:
    """Write a ``CheckRequest``; raises as ``call_to_bytes``."""
    return check_request(problem, tasks).SerializeToString()


def answer_to_bytes(answer: Answer, verb: Verb | None = None) -> bytes:
    """Write a ``PlaceResponse``, or the response of a verb; the same answer always gives the same bytes."""
    return response_to_bytes(answers.place_response(answer), verb)


def incumbent_to_bytes(answer: Answer, verb: Verb | None = None) -> bytes:
    """Write a plan that a search has found and goes on from: an answer without the reason why it stopped."""
    response = answers.place_response(answer)
    response.ClearField("stop")
    return response_to_bytes(response, verb)


def bounds_to_bytes(tiers: Iterable[TierResult]) -> bytes:
    """Write a ``PlaceProgress`` with nothing but tiers."""
    return wire.PlaceProgress(tiers=answers.tiers(tiers)).SerializeToString(deterministic=True)


def progress_from_bytes(payload: bytes, problem: Problem, stream: Stream, last: Progress | None) -> Progress | Answer:
    """Read what is known of the answer to a problem, or the answer.

    Parameters
    ----------
    last
        What was known before; None at the beginning.

    Raises
    ------
    InvalidRequest
        If the bytes are no message of the stream, or not of this problem.
    """
    found = unpacked(payload, stream.response_type()).progress
    return answers.read_progress(found, problem, last)


def response_to_bytes(response: wire.PlaceResponse, verb: Verb | None = None) -> bytes:
    """Write a response, as that of a verb where there is one."""
    message = response if verb is None else verb.response_type(response=response)
    return message.SerializeToString(deterministic=True)


def answer_from_bytes(payload: bytes, problem: Problem, verb: Verb | None = None) -> Answer:
    """Read the answer to a problem, or the response of a verb.

    Raises
    ------
    InvalidRequest
        If the bytes are no answer to this problem.
    """
    if verb is None:
        return answers.read_answer(unpacked(payload, wire.PlaceResponse()), problem)
    return answers.read_answer(unpacked(payload, verb.response_type()).response, problem)


def violations_to_bytes(found: Iterable[Violation]) -> bytes:
    """Write a ``CheckResponse``."""
    return wire.CheckResponse(violations=answers.violations(found)).SerializeToString()


def violations_from_bytes(payload: bytes) -> tuple[Violation, ...]:
    """Read a ``CheckResponse``; raises ``InvalidRequest`` if the bytes are none."""
    return answers.read_violations(unpacked(payload, wire.CheckResponse()).violations)


def _to_json(message: Message) -> str:
    # Zeros are said, so that a program need not know which fields were left out for being zero.
    text = json_format.MessageToJson(message, ensure_ascii=False, always_print_fields_with_no_presence=True)
    return text + "\n"
