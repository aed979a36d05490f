"""The files of a cluster directory, and what reads a JSON object field by field without ever failing on a wrong one.

A file is what one call of the AWS CLI prints, or a list of such answers, since the API pages. Faults are collected with
the file and the JSON path: ``container-instances.json[0].containerInstances[3].agentConnected``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from solver.errors import Fault, UnreadableDocument
from solver.formats.json_text import bytes_of, json_value

LARGEST_FILE = 1 << 30
"""Bytes of a file that are read (§11.3)."""

LARGEST_AMOUNT = 10**12
"""Amounts above are absurd: a million million MiB."""


@dataclass(frozen=True)
class Kind:
    """One file of the directory: the member its answers carry and the call that prints it."""

    file: str
    member: str
    call: str
    is_required: bool = False


KINDS = (
    Kind("container-instances.json", "containerInstances", "aws ecs describe-container-instances", True),
    Kind("tasks.json", "tasks", "aws ecs describe-tasks", True),
    Kind("task-definitions.json", "taskDefinition", "aws ecs describe-task-definition", True),
    Kind("services.json", "services", "aws ecs describe-services", True),
    Kind("task-protection.json", "protectedTasks", "aws ecs get-task-protection"),
    Kind("capacity-providers.json", "capacityProviders", "aws ecs describe-capacity-providers"),
    Kind("cluster.json", "clusters", "aws ecs describe-clusters"),
    Kind("load-balancers.json", "LoadBalancers", "aws elbv2 describe-load-balancers"),
    Kind("target-groups.json", "TargetGroups", "aws elbv2 describe-target-groups"),
    Kind("classic-load-balancers.json", "LoadBalancerDescriptions", "aws elb describe-load-balancers"),
    Kind("snapshot.json", "takenAt", "placement-solver import ecs"),
)


class Element:
    """A JSON object, where it stands, and the list that its faults go to.

    A field that is ``null`` counts as absent. A field of the wrong type is a fault and counts as absent.

    Parameters
    ----------
    where
        Its path; or the element that it is in, the field there, and its place in a list or None: there are many elements,
        and of few is the path ever asked for.
    """

    __slots__ = ("_where", "faults", "value")

    def __init__(
        self, value: Mapping[str, object], where: str | tuple[Element, str, int | None], faults: list[Fault]
    ) -> None:
        self.value = value
        self._where = where
        self.faults = faults

    @property
    def path(self) -> str:
        """Where it stands."""
        if isinstance(self._where, str):
            return self._where
        parent, name, at = self._where
        return f"{parent.path}.{name}" if at is None else f"{parent.path}.{name}[{at}]"

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.value.get(name) is not None

    def fault(self, name: str, problem: str, remedy: str) -> None:
        """Note what is wrong with a field."""
        self.faults.append(Fault(f"{self.path}.{name}" if name else self.path, problem, remedy))

    def text(self, name: str) -> str:
        """A text; empty where it is absent."""
        value = self.value.get(name)
        if value is None:
            return ""
        if type(value) is str and value.isascii():
            return value
        if not isinstance(value, str):
            self.fault(name, f"is {shown(value)}", "must be text")
            return ""
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            self.fault(name, "has half of a surrogate pair", "must be Unicode text")
            return ""
        return value

    def needed(self, name: str) -> str:
        """A text that must be there."""
        value = self.value.get(name)
        if type(value) is str and value and value.isascii():
            return value
        found = self.text(name)
        if self.value.get(name) in (None, ""):
            self.fault(name, "is missing" if not self.has(name) else "is empty", "must be a text")
        return found

    def amount(self, name: str, least: int = 0, most: int = LARGEST_AMOUNT) -> int:
        """A whole number, also where it is written as text, as tasks do; 0 where it is absent."""
        value = self.value.get(name)
        if value is None:
            return 0
        number = _whole(value)
        if number is None:
            self.fault(name, f"is {shown(value)}", "must be a whole number")
            return 0
        if not least <= number <= most:
            self.fault(name, f"is {shown(value)}", f"must be {least:,} to {most:,}")
            return 0
        return number

    def flag(self, name: str) -> bool:
        """True or false; false where it is absent."""
        value = self.value.get(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, f"is {shown(value)}", "must be true or false")
        return value is True

    def element(self, name: str) -> Element | None:
        """An object; None where it is absent."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(name, f"is {shown(value)}", "must be an object")
            return None
        return Element(value, (self, name, None), self.faults)

    def elements(self, name: str) -> list[Element]:
        """A list of objects; empty where it is absent."""
        listed, faults = self._listed(name), self.faults
        found = [Element(value, (self, name, at), faults) for at, value in enumerate(listed) if isinstance(value, dict)]
        if len(found) == len(listed):
            return found
        for at, value in enumerate(listed):
            if not isinstance(value, dict):
                self.fault(f"{name}[{at}]", f"is {shown(value)}", "must be an object")
        return found

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty where it is absent."""
        found = []
        for at, value in enumerate(self._listed(name)):
            if isinstance(value, str) and (value.isascii() or value.encode("utf-8", "ignore").decode() == value):
                found.append(value)
            else:
                self.fault(f"{name}[{at}]", f"is {shown(value)}", "must be text")
        return found

    def _listed(self, name: str) -> Sequence[object]:
        value = self.value.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fault(name, f"is {shown(value)}", "must be a list")
            return ()
        return value

    def instant(self, name: str) -> datetime | None:
        """A time: ISO 8601 (no zone means UTC) or seconds since 1970; None where it is absent."""
        value = self.value.get(name)
        if value is None:
            return None
        found = instant(value)
        if found is None:
            self.fault(name, f"is {shown(value)}", "must be an ISO 8601 time or seconds since 1970")
        return found

    def tags(self) -> dict[str, str]:
        """``tags``, a list of ``key`` and ``value``."""
        return {tag.text("key"): tag.text("value") for tag in self.elements("tags")}


def instant(value: object) -> datetime | None:
    """The moment that a text or a number names; None if it names none."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def shown(value: object) -> str:
    """A JSON value, short enough for a message."""
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 120:
        return f"a number of {value.bit_length()} bits"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else None
    if isinstance(value, str):
        text = value.strip()
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None
    return None


def read_documents(directory: Path, faults: list[Fault]) -> dict[str, list[Element]]:
    """The answers of every file of the directory, by the member that they carry.

    Parameters
    ----------
    faults
        Where the elements put what is wrong with their fields.

    Raises
    ------
    UnreadableDocument
        With every file that is missing, is no JSON or is of another kind than its name says.
    TooLarge
        If a file is beyond the size limit.
    """
    if not directory.is_dir():
        problem = "is not a directory" if directory.exists() else "does not exist"
        raise UnreadableDocument.at(str(directory), problem, f"must be a folder with {_required()}")
    unreadable: list[Fault] = []
    found: dict[str, list[Element]] = {}
    for kind in KINDS:
        try:
            found[kind.member] = _answers(directory, kind, faults)
        except UnreadableDocument as unreadable_file:
            unreadable += unreadable_file.faults
    if unreadable:
        raise UnreadableDocument(unreadable)
    return found


PAGE = 100
"""Instances or tasks of an answer, as the describe calls have them at most."""


def read_pages(directory: Path) -> dict[str, list[bytes]]:
    """The JSON texts of a directory's answers, by file; answers with more than a page of elements are taken apart.

    Raises
    ------
    UnreadableDocument, TooLarge
        As ``read_documents``.
    """
    answers = read_documents(directory, [])
    return {
        kind.file: [
            json.dumps(page).encode() for answer in answers[kind.member] for page in _pages(answer, kind.member)
        ]
        for kind in KINDS
        if answers[kind.member]
    }


def _pages(answer: Element, member: str) -> Iterator[Mapping[str, object]]:
    listed = answer.value[member]
    if not isinstance(listed, list) or len(listed) <= PAGE:
        yield answer.value
        return
    for at in range(0, len(listed), PAGE):
        page = {member: listed[at : at + PAGE]}
        # Failures and whatever else the answer says stand with the first page.
        yield {**answer.value, **page} if at == 0 else page


def take_documents(documents: Mapping[str, Sequence[object]], faults: list[Fault]) -> dict[str, list[Element]]:
    """The same of answers that are in memory.

    Parameters
    ----------
    documents
        The answers of each file, as JSON values.

    Raises
    ------
    UnreadableDocument
        With every answer that is of another kind than its file's name says, every name that is none, and every file that is
        missing.
    """
    unreadable = [
        Fault(name, "is not a file of a cluster directory", f"must be one of {', '.join(kind.file for kind in KINDS)}")
        for name in documents
        if name not in {kind.file for kind in KINDS}
    ]
    found: dict[str, list[Element]] = {}
    for kind in KINDS:
        answers = documents.get(kind.file, ())
        if kind.is_required and not answers:
            unreadable.append(Fault(kind.file, "is missing", f"must be what `{kind.call}` prints"))
        found[kind.member] = []
        for at, answer in enumerate(answers):
            try:
                found[kind.member].append(_answer(answer, f"{kind.file}[{at}]", kind, faults))
            except UnreadableDocument as unreadable_answer:
                unreadable += unreadable_answer.faults
    if unreadable:
        raise UnreadableDocument(unreadable)
    return found


def _required() -> str:
    return ", ".join(kind.file for kind in KINDS if kind.is_required)


def _answers(directory: Path, kind: Kind, faults: list[Fault]) -> list[Element]:
    path = directory / kind.file
    if not path.exists():
        if kind.is_required:
            raise UnreadableDocument.at(kind.file, f"is missing in {directory}", f"must be what `{kind.call}` prints")
        return []
    document = _parse(path)
    pages = document if isinstance(document, list) else [document]
    answers = []
    for at, page in enumerate(pages):
        where = f"{kind.file}[{at}]" if isinstance(document, list) else kind.file
        answers.append(_answer(page, where, kind, faults))
    return answers


def _answer(page: object, where: str, kind: Kind, faults: list[Fault]) -> Element:
    if not isinstance(page, dict) or kind.member not in page:
        raise UnreadableDocument.at(where, _other_kind(page, kind), f"must be what `{kind.call}` prints")
    return Element(page, where, faults)


def _other_kind(page: object, kind: Kind) -> str:
    if isinstance(page, dict):
        for other in KINDS:
            if other.member in page and other is not kind:
                return f"looks like {other.file} (`{other.call}`)"
        return f"has no member {kind.member}"
    return f"is {shown(page)}"


def _parse(path: Path) -> object:
    return json_value(bytes_of(path, LARGEST_FILE), path.name, "an answer of the ECS API")
