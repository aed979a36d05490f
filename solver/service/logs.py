"""Logs of the server and its workers: a line a record, JSON for programs or text for people, and one for each call.

No line holds what a request says or what proves who calls. The message of an unexpected exception may repeat parts of a
request, so it is left out, unless the level is ``debug``: its type and the places it passed are said.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO

SAID = "placement_solver_said"
"""The attribute of a record with its fields."""

_OURS = "solver"


class Level(StrEnum):
    """From when on records are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Form(StrEnum):
    """How a record is written."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True)
class LogOptions:
    """What is logged, and how; it goes to standard error.

    Parameters
    ----------
    level
        debug, info (with a line for each call), warning (calls that the server could not answer) or error.
    form
        json: an object a line; text: words and key=value; auto: text on a terminal, else json.
    """

    level: Level = Level.INFO
    form: Form = Form.AUTO


@contextmanager
def logging_to(options: LogOptions, stream: TextIO | None = None) -> Iterator[None]:
    """Write records while this lasts; to standard error where no stream is given."""
    stream = stream or sys.stderr
    as_text = options.form is Form.TEXT or (options.form is Form.AUTO and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines(as_text, options.level is Level.DEBUG))
    root, ours = logging.getLogger(), logging.getLogger(_OURS)
    before = root.handlers[:], ours.level
    root.handlers[:] = [handler]
    ours.setLevel(options.level.upper())
    try:
        yield
    finally:
        root.handlers[:] = before[0]
        ours.setLevel(before[1])


class _Lines(logging.Formatter):
    """Records as lines.

    Parameters
    ----------
    as_text
        Whether people read them.
    whole
        Whether the messages of exceptions are written.
    """

    def __init__(self, as_text: bool, whole: bool) -> None:
        super().__init__()
        self._as_text = as_text
        self._whole = whole

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said: dict[str, object] = {
            "time": moment,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **getattr(record, SAID, {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            said["exception"] = _told(record.exc_info[1], self._whole)
        if not self._as_text:
            return json.dumps(said, ensure_ascii=False, separators=(",", ":"), default=str)
        head = f"{said.pop('time')} {said.pop('level'):7} {said.pop('logger')}: {said.pop('message')}"
        return " ".join((head, *(f"{name}={_quoted(value)}" for name, value in said.items())))


def _told(error: BaseException, whole: bool) -> list[str]:
    """An exception and those behind it: types, and the places that they passed."""
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(lines) < 100:
        kind = f"{type(seen).__module__}.{type(seen).__qualname__}"
        lines.append(f"{kind}: {seen}" if whole else kind)
        for frame in traceback.extract_tb(seen.__traceback__, limit=-20):
            lines.append(f"  {frame.filename}:{frame.lineno} {frame.name}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return lines


def _quoted(value: object) -> str:
    """As it is, if it is a word."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and (not text.isprintable() or not text or " " in text or '"' in text or "=" in text):
        return json.dumps(text, ensure_ascii=True)
    return text
