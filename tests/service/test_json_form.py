"""Protobuf JSON is read whole: every fault at its path, nothing dropped."""

from __future__ import annotations

import pytest

from solver.errors import InvalidRequest, TooLarge, UnreadableDocument
from solver.service import codec, json_form
from solver.service.sizes import SizeLimits
from solver.v1 import placement_service_pb2 as wire


def read(text: str) -> wire.PlaceRequest:
    """The message of a text."""
    return json_form.read(text, wire.PlaceRequest(), 10**6)


def faults(text: str) -> list[str]:
    """What is wrong with a text."""
    with pytest.raises(InvalidRequest) as refused:
        read(text)
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1, column 1"),
        ('{"groups": [', "line 1, column 13"),
        ('{\n  "groups": [}\n', "line 2, column 14"),
        ('{"groups": []} x', "line 1, column 16"),
    ],
)
def test_malformed_json_gives_line_and_column(text: str, where: str) -> None:
    """Text that is not JSON, or ends too early, is refused with the place."""
    with pytest.raises(UnreadableDocument) as refused:
        read(text)
    assert refused.value.faults[0].path == where


@pytest.mark.parametrize("text", ['{"seed": NaN}', "[" * 100_000, "1" * 5000, '{"a": -Infinity}'])
def test_json_that_no_document_needs_is_unreadable(text: str) -> None:
    """No-numbers, absurd nesting and absurd digits are refused as a document, not with a crash."""
    with pytest.raises(UnreadableDocument):
        read(text)


def test_all_faults_are_listed_with_their_paths() -> None:
    """Unknown fields, wrong kinds and numbers out of range are listed together; a near name is suggested."""
    text = """{
      "cluster": {"resourcs": ["cpu"], "instances": [{"id": 5, "capacity": [1.5, "x", 9223372036854775808]}, null]},
      "groups": {"name": "a"},
      "limits": {"seed": 2147483648, "engine": "FAST", "timeLimitSeconds": "1e999"},
      "allOrNothing": "yes",
      "running": [{"count": true}],
      "tasks": [{"tags": {"a": 1}}],
      "rules": 7
    }"""
    assert faults(text) == [
        "cluster.resourcs: is not a field of Cluster; did you mean 'resources'?",
        "cluster.instances[0].id: is 5; must be text",
        "cluster.instances[0].capacity[0]: is 1.5; must be a whole number",
        'cluster.instances[0].capacity[1]: is "x"; must be a whole number',
        "cluster.instances[0].capacity[2]: is 9223372036854775808; must be a whole number from "
        "-9,223,372,036,854,775,808 to 9,223,372,036,854,775,807",
        "cluster.instances[1]: is null; must be an object, a Instance",
        "groups: is an object; must be a list",
        "limits.seed: is 2147483648; must be a whole number from -2,147,483,648 to 2,147,483,647",
        'limits.engine: is "FAST"; must be one of ENGINE_UNSPECIFIED, ENGINE_AUTO, ENGINE_EXACT, ENGINE_SEQUENTIAL',
        "limits.time_limit_seconds: is inf; must be a finite number",
        'all_or_nothing: is "yes"; must be true or false',
        "running[0].count: is true; must be a whole number",
        "tasks[0].tags[a]: is 1; must be text",
        "rules: is 7; must be a list",
    ]


def test_both_spellings_and_both_forms_of_numbers_are_read() -> None:
    """Fields in camel case or as in the proto, whole numbers as text or with a zero fraction, enums by number."""
    found = read(
        """{"all_or_nothing": true, "frozenInstances": ["a"], "limits": {"seed": "7", "workers": 2.0, "engine": 2,
            "timeLimitSeconds": 1}, "groups": [{"demand": {"cpu": "512"}}], "label": null}"""
    )
    assert (found.all_or_nothing, list(found.frozen_instances), found.label) == (True, ["a"], "")
    assert (found.limits.seed, found.limits.workers, found.limits.engine) == (7, 2, wire.ENGINE_EXACT)
    assert (found.limits.time_limit_seconds, dict(found.groups[0].demand)) == (1.0, {"cpu": 512})


def test_nothing_stands_twice() -> None:
    """A name that stands twice in an object is a fault: neither value is dropped in silence."""
    assert faults('{"label": "a", "label": "b"}') == ["label: stands twice; give each name once"]
    assert faults('{"groups": [{"demand": {"cpu": 1, "cpu": 2}}]}') == [
        "groups[0].demand.cpu: stands twice; give each name once"
    ]
    assert faults('{"allOrNothing": true, "all_or_nothing": false}') == [
        "all_or_nothing: stands twice, in both spellings; give each field once"
    ]


def test_text_must_be_unicode() -> None:
    """Half of a surrogate pair is no text, as a value or as a name."""
    assert faults(r'{"label": "\ud800"}')[0].startswith("label: ")
    assert faults(r'{"groups": [{"demand": {"\ud800": 1}}]}')[0].startswith("groups[0].demand: ")
    assert read(r'{"label": "\ud83d\ude00"}').label == "\U0001f600"


def test_a_document_is_an_object() -> None:
    """A list or a number is JSON but no request."""
    assert faults("[]") == ["document: is a list; must be an object, a PlaceRequest"]


def test_a_document_that_is_too_long_is_refused() -> None:
    """A text of more than four characters for each allowed byte is not even parsed."""
    with pytest.raises(TooLarge, match="has 9 characters; at most 8"):
        codec.request_from_json("{       }", SizeLimits(message_bytes=2))
