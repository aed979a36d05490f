"""Whether a document could be an answer of the ECS API, by botocore's own model of the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape

_SCALARS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "double": float,
    "boolean": bool,
}


@cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("ecs")


def faults(operation: str, answer: Any) -> list[str]:
    """Members that the operation's answer does not have, and values of another type."""
    return list(_faults(operation, answer, _model().operation_model(operation).output_shape))


def _faults(path: str, value: Any, shape: Shape) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        for name, member in value.items():
            if name in shape.members:
                yield from _faults(f"{path}.{name}", member, shape.members[name])
            else:
                yield f"{path}.{name}: unknown"
    elif kind == "list":
        for position, element in enumerate(value):
            yield from _faults(f"{path}[{position}]", element, shape.member)
    elif kind == "map":
        for key, element in value.items():
            yield from _faults(f"{path}.{key}", element, shape.value)
    elif kind == "timestamp":
        datetime.fromisoformat(value)
    elif not isinstance(value, _SCALARS[kind]):
        yield f"{path}: {value!r} is no {kind}"
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"


def read(directory: Path, name: str, key: str) -> list[Any]:
    """The elements of all answers of a file."""
    document = json.loads((directory / name).read_text(encoding="utf-8"))
    answers = document if isinstance(document, list) else [document]
    return [element for answer in answers for element in answer[key]]


def amount(instance: Any, side: str, name: str) -> int:
    """An integer resource of a container instance; ``side`` is ``registered`` or ``remaining``."""
    return next(int(r["integerValue"]) for r in instance[f"{side}Resources"] if r["name"] == name)


def strings(instance: Any, side: str, name: str) -> list[str]:
    """A string-set resource; empty where the instance does not have it."""
    return next((list(r["stringSetValue"]) for r in instance[f"{side}Resources"] if r["name"] == name), [])
