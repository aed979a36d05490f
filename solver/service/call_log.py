"""A line in the log for each call: what it was called, who called, how it ended, how long it took."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from solver.service.gate import Ended
from solver.service.logs import SAID

_LEVELS = {
    "UNAVAILABLE": logging.WARNING,
    "RESOURCE_EXHAUSTED": logging.WARNING,
    "DEADLINE_EXCEEDED": logging.WARNING,
    "INTERNAL": logging.ERROR,
    "UNKNOWN": logging.ERROR,
}
"""By code; what the caller did wrong, and what went well, are for information."""

_log = logging.getLogger(__name__)


class CallLog:
    """Writes the lines."""

    async def ended(self, call: Ended) -> None:
        """Write one."""
        level = _LEVELS.get(call.code, logging.INFO)
        if _log.isEnabledFor(level):
            _log.log(level, "call", extra={SAID: fields_of(call)})


def fields_of(call: Ended) -> Mapping[str, object]:
    """What is said of a call, without what does not apply."""
    course, waited = call.call.course, call.call.course.waited()
    said: dict[str, object] = {
        "request_id": course.request_id,
        "method": call.call.method,
        "caller": call.call.caller.name,
        "peer": call.call.context.peer(),
        "code": call.code,
        "reason": call.reason,
        "seconds": round(call.seconds, 6),
        "waited_seconds": None if waited is None else round(waited, 6),
        "request_bytes": len(call.call.request),
        "response_bytes": None if call.response is None else len(call.response),
        "call": course.number or None,
        "worker": course.worker or None,
        "repeated": course.repeated or None,
    }
    return {name: value for name, value in said.items() if value is not None and value != ""}
