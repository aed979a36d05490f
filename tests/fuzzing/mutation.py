"""Inputs that are nearly right: bytes, texts and JSON values, changed in a few places.

Everything is drawn from the random source that is passed in, so that an input can be drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

LONG = 3_000
"""Characters of a long text: more than any limit on texts."""

TEXTS = (
    *("", " ", "\0", "\n", "a\tb", "é", "ß", "İ", "😀", "\u202e", "\ufeff", "\ud800", "x" * LONG, "é" * LONG),
    *("%s%n", "../../etc/passwd", "null", "NaN", "-0", "1e999", "0x10", "１２", "9" * 30, "-1", "1_000", "Ⅷ", "٣"),
    *("[", "]", "(", "'", '"', "\\", ",", ":", "/", "=", "a=b=c", "1.5", "1970-01-01", "9999-12-31T23:59:60Z"),
)
"""Texts that have broken programs."""

NUMBERS = (
    *(0, 1, -1, 2, 7, 100, 101, 255, 256, 1_000, 65_535, 65_536, 2**31 - 1, 2**31, -(2**31), 2**32 - 1),
    *(2**53 - 1, 2**53, 2**53 + 1, 2**62, 2**63 - 1, -(2**63)),
)
"""Numbers at the ends of what fits somewhere."""

FLOATS = (0.0, -0.0, 5e-324, 1e-9, 0.5, 1.0, -1.0, 86_400.0, 86_400.5, 1e300, float("inf"), float("-inf"), float("nan"))

_VARINTS = (
    b"\xff" * 9 + b"\x01",
    b"\xff" * 10,
    b"\x80" * 9 + b"\x01",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x00",
    b"\x0b",
    b"\x0c",
)
"""Long and odd numbers of the wire, and the beginning and the end of a group."""


def changed_bytes(payload: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Bytes changed in one to four places; ``others`` are spliced in."""
    found = bytearray(payload)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(found) + 1)
        end = min(at + random.choice((1, 1, 2, 4, 16, 200)), len(found))
        match random.randrange(8):
            case 0 if at < len(found):
                found[at] ^= 1 << random.randrange(8)
            case 1 if at < len(found):
                found[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
            case 2:
                del found[at:end]
            case 3:
                found[at:at] = found[at:end] * random.choice((1, 2, 50))
            case 4:
                found[at:at] = random.randbytes(random.randint(1, 8))
            case 5:
                del found[at:]
            case 6:
                found[at:at] = random.choice(_VARINTS)
            case _:
                other = random.choice(others)
                begin = random.randrange(len(other) + 1)
                found[at:end] = other[begin : begin + random.choice((4, 16, 200))]
    return bytes(found)


def changed_text(text: str, others: Sequence[str], random: Random) -> str:
    """A text changed in one to three places; ``others`` are spliced in, whole or in part."""
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(text) + 1)
        end = min(at + random.choice((1, 1, 2, 5, 20)), len(text))
        match random.randrange(6):
            case 0:
                text = text[:at] + text[end:]
            case 1:
                text = text[:at] + text[at:end] * random.choice((2, 3, 40)) + text[end:]
            case 2:
                text = text[:at] + chr(random.choice((random.randrange(128), random.randrange(0x3000)))) + text[end:]
            case 3:
                text = text[:at] + random.choice(TEXTS) + text[end:]
            case 4:
                other = random.choice(others)
                begin = random.randrange(len(other) + 1)
                text = text[:at] + other[begin : begin + random.choice((5, 20, 100))] + text[at:]
            case _:
                text = text[:at] + random.choice(others) + text[end:]
    return text[: 2 * LONG]


def changed_json(value: Any, pool: Sequence[Any], random: Random) -> Any:
    """A JSON value changed in one place: dropped, replaced, repeated, renamed.

    Only what leads to the place is copied. ``pool`` are values of the same kind of document.
    """
    if isinstance(value, dict) and value:
        key = random.choice(list(value))
        if random.random() < 0.93:
            return {**value, key: changed_json(value[key], pool, random)}
        return _changed_members(dict(value), key, pool, random)
    if isinstance(value, list) and value:
        at = random.randrange(len(value))
        if random.random() < 0.93:
            return [*value[:at], changed_json(value[at], pool, random), *value[at + 1 :]]
        return _changed_entries(list(value), at, pool, random)
    return _other(value, pool, random)


def _changed_members(value: dict[str, Any], key: str, pool: Sequence[Any], random: Random) -> Any:
    match random.randrange(5):
        case 0:
            del value[key]
        case 1:
            value[random.choice((key.upper(), f"{key} ", random.choice(TEXTS)))] = value.pop(key)
        case 2:
            value[key] = _strange(pool, random)
        case 3:
            value[random.choice(list(value))] = value[key]
        case _:
            return _strange(pool, random)
    return value


def _changed_entries(value: list[Any], at: int, pool: Sequence[Any], random: Random) -> Any:
    match random.randrange(6):
        case 0:
            del value[at]
        case 1:
            value.append(value[at])
        case 2:
            value[at:at] = [value[at]] * 40
        case 3:
            value.reverse()
        case 4:
            value[at] = _strange(pool, random)
        case _:
            return _strange(pool, random)
    return value


def _other(value: Any, pool: Sequence[Any], random: Random) -> Any:
    """Another value in the place of one without parts, of its kind or not."""
    if random.random() < 0.3:
        return _strange(pool, random)
    if isinstance(value, str):
        texts = _texts_of(pool)
        if random.random() < 0.5:
            return random.choice(texts)
        return changed_text(value, texts, random)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return random.choice((value + 1, -value, value * 1_000, *NUMBERS, *FLOATS[:-3]))
    return _strange(pool, random)


_last: list[tuple[Sequence[Any], list[str]]] = []
"""The pool of which the texts were asked for last, and they: a target has one or two pools, of thousands of values."""


def _texts_of(pool: Sequence[Any]) -> list[str]:
    for known, texts in _last:
        if known is pool:
            return texts
    _last[2:] = []
    _last.insert(0, (pool, [one for one in pool if isinstance(one, str)]))
    return _last[0][1]


def _strange(pool: Sequence[Any], random: Random) -> Any:
    draw: Callable[[], Any] = random.choice(
        (
            lambda: random.choice(pool),
            lambda: random.choice(TEXTS),
            lambda: random.choice(NUMBERS),
            lambda: random.choice(
                (None, True, False, 1.5, 1e300, 10**40, [], {}, [None], [[]], [{}], {"x": 1}, [0, "x"])
            ),
        )
    )
    return draw()
