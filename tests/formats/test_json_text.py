"""JSON texts, large ones read element by element (solver.formats.json_text)."""

from __future__ import annotations

import json
import random

import pytest

from solver.errors import UnreadableDocument
from solver.formats import json_text
from solver.formats.json_text import json_value
from tests.fuzzing.mutation import changed_bytes, changed_json

DEEP = '[{"a": [{"b": [[1, {"c": {}}], []]}, {}], "é\\u00e9": "\\ud83d\\ude00", "a": -1.5e3}, [], {}, null, true, "x"]'
SPACED = " \r\n\t[ ] "


def read(content: bytes, monkeypatch: pytest.MonkeyPatch, large: int) -> object:
    """The value, or that there is none."""
    monkeypatch.setattr(json_text, "LARGE", large)
    try:
        return ["is read", json_value(content, "tasks.json", "an answer")]
    except UnreadableDocument:
        return "is none"


def require_same(content: bytes, monkeypatch: pytest.MonkeyPatch) -> bool:
    expected = read(content, monkeypatch, 10**9)
    found = read(content, monkeypatch, -1)
    assert found == expected
    assert json.dumps(found) == json.dumps(expected)
    return expected != "is none"


@pytest.mark.parametrize(
    "text", [DEEP, SPACED, "{}", " { } ", "[[[[[1]]]]]", '{"a":{"b":{"c":{"d":1}}}}', "1", '"a"', "null"]
)
def test_a_large_text_has_the_value_of_a_small_one(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Space, depth, names that stand twice."""
    assert require_same(text.encode(), monkeypatch)
    assert require_same(text.replace(" ", " \n\t ").encode(), monkeypatch)


@pytest.mark.parametrize("cut", range(len(DEEP)))
def test_a_text_that_is_cut_off_is_none(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is."""
    assert not require_same(DEEP[:cut].encode(), monkeypatch)
    with pytest.raises(UnreadableDocument, match=r"tasks\.json: line 1, column \d+: "):
        json_value(DEEP[:cut].encode(), "tasks.json", "an answer")


@pytest.mark.parametrize(
    "text",
    [
        "[1,]",
        '{"a":1,}',
        "[1 2]",
        '{"a" 1}',
        "{1:2}",
        "[1]]",
        "[NaN]",
        '[{"a":[Infinity]}]',
        "[,1]",
        '{"a":}',
        "{,}",
        "[01]",
    ],
)
def test_what_is_no_json_is_none(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a large text as in a small one."""
    assert not require_same(text.encode(), monkeypatch)


@pytest.mark.parametrize("seed", range(40))
def test_texts_at_random_are_read_alike(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed in a few places, as values and as bytes."""
    draw, value = random.Random(seed), json.loads(DEEP)
    pool = [1, "x", None, {"y": [1, 2]}, [[]]]
    for _ in range(25):
        content = json.dumps(changed_json(value, pool, draw), indent=draw.choice((None, 1))).encode()
        require_same(content, monkeypatch)
        require_same(changed_bytes(content, [DEEP.encode()], draw), monkeypatch)
