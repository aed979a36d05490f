"""Options from a file, and options as a file."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from solver.errors import InvalidRequest, UnreadableDocument
from solver.service import configuration
from solver.service.configuration import described, options_of, printed, read_file
from solver.service.limits import PoolLimits
from solver.service.options import ServerOptions
from solver.service.ranges import above, faults_of, whole
from solver.service.sizes import SizeLimits


def faults(entries: str) -> list[str]:
    """What is wrong with a file."""
    with pytest.raises(InvalidRequest) as refused:
        options_of(ServerOptions, tomllib.loads(entries))
    return [str(fault) for fault in refused.value.faults]


def every(kind: type, prefix: str = "") -> list[tuple[str, type, str]]:
    """Path, dataclass and name of every field that can be set, in a dataclass and those within it."""
    found = []
    for each in dataclasses.fields(kind):
        if not each.metadata.get("configured", True):
            continue
        found.append((f"{prefix}{each.name}", kind, each.name))
        if each.default_factory is not dataclasses.MISSING and dataclasses.is_dataclass(each.default_factory()):
            found += every(type(each.default_factory()), f"{prefix}{each.name}.")
    return found


def test_an_empty_file_means_the_defaults() -> None:
    """Nothing has to be said."""
    assert options_of(ServerOptions, {}) == ServerOptions()


def test_a_file_says_what_differs() -> None:
    """Tables stand for what is grouped; whole numbers for numbers."""
    text = """
    workers = 3
    drain_seconds = 5
    [sizes]
    instances = 10
    [queue]
    caller_share = 0.25
    """
    assert options_of(ServerOptions, tomllib.loads(text)) == ServerOptions(
        workers=3, drain_seconds=5.0, sizes=SizeLimits(instances=10), queue=PoolLimits(caller_share=0.25)
    )


def test_what_is_printed_can_be_read() -> None:
    """The options that are printed, fed back, are the same: the defaults, and others, with texts that need quotes."""
    other = ServerOptions(
        address='unix:/run/a "b"\\é\x7f.sock',
        workers=2,
        sizes=SizeLimits(instances=7, time_limit=0.5),
        queue=PoolLimits(waiting=3, wait_seconds=1e-3),
        drain_seconds=0.0,
    )
    for options in (ServerOptions(), other):
        assert options_of(ServerOptions, tomllib.loads(printed(options))) == options


@pytest.mark.parametrize(("path", "kind", "name"), every(ServerOptions))
def test_every_option_is_explained(path: str, kind: type, name: str) -> None:
    """Each option has a sentence in the docstring of its class, which stands above it in what is printed."""
    said = described(kind)[name]
    assert len(said) > 10
    lines = printed(ServerOptions()).splitlines()
    (at,) = [
        k
        for k, line in enumerate(lines)
        if line in (f"[{path}]", f"# {name} is not set") or line.startswith(f"{name} = ")
    ]
    above = []
    while lines[at - 1].startswith("# "):
        at -= 1
        above.insert(0, lines[at].removeprefix("# "))
    assert " ".join(above) == said


def test_all_faults_are_told_with_their_paths() -> None:
    """Of every table and kind, at once."""
    text = """
    adress = "127.0.0.1:1"
    workers = "two"
    drain_seconds = -1
    state = 3
    allow_remote_plaintext = 1
    queue = 4
    [sizes]
    tasks = 99999999999999999999
    instances = -1
    groups = 1.5
    resources = true
    time_limit = inf
    nonsense = 1
    """
    assert faults(text) == [
        "adress: is no option; did you mean 'address'?",
        'workers: is "two"; must be a whole number',
        "state: is 3; must be a text in quotes",
        "allow_remote_plaintext: is 1; must be true or false",
        "queue: is 4; must be a table: [queue]",
        "sizes.tasks: is larger than any limit; must be at most 9,223,372,036,854,775,807",
        "sizes.groups: is 1.5; must be a whole number",
        "sizes.resources: is true; must be a whole number",
        "sizes.nonsense: is no option; there are: message_bytes, instances, groups, resources, attributes, counts, tasks, "
        "rules, time_limit",
        "sizes.instances: is -1; must be a whole number, 1 or more",
        "sizes.time_limit: is inf; must be above 0 and at most 86,400",
        "drain_seconds: is -1.0; must be 0 to 3,600",
    ]


class Colour(StrEnum):
    """One of few texts."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    """A part.

    Parameters
    ----------
    name
        What it is called.
    """

    name: str


@dataclass(frozen=True)
class Whole:
    """Every type that options may have.

    Parameters
    ----------
    colour
        Of it.
    names
        In order.
    parts
        With their names.
    limit
        None for none.
    """

    colour: Colour = Colour.RED
    names: tuple[str, ...] = ()
    limit: int | None = None
    part: Part = field(default_factory=lambda: Part("p"), metadata={"configured": False})
    parts: tuple[Part, ...] = ()


def test_types_that_options_may_have() -> None:
    """Texts of a choice, lists, tables in lists, and numbers that may be missing."""
    text = 'colour = "blue"\nnames = ["a", "b"]\nlimit = 3\n[[parts]]\nname = "x"\n[[parts]]\nname = "y"'
    assert options_of(Whole, tomllib.loads(text)) == Whole(Colour.BLUE, ("a", "b"), 3, parts=(Part("x"), Part("y")))
    text = 'colour = "green"\nnames = ["a", 2]\nlimit = "3"\npart = {}\n[[parts]]'
    with pytest.raises(InvalidRequest) as refused:
        options_of(Whole, tomllib.loads(text))
    assert [str(fault) for fault in refused.value.faults] == [
        'colour: is "green"; must be "red", "blue"',
        "names[1]: is 2; must be a text in quotes",
        'limit: is "3"; must be a whole number',
        "part: is no option; did you mean 'parts'?",
        "parts[0].name: is missing; must be said: What it is called.",
    ]


def test_a_value_that_is_not_set_is_a_comment() -> None:
    """TOML has no word for nothing."""
    assert "# limit is not set" in printed(Whole()).splitlines()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = \n", r"is not TOML: .*line 1, column 5"),
        (b"\xff", "is not UTF-8"),
        (b"a = " + 5000 * b"1", "is not TOML"),
        (b"a = " + 100_000 * b"[", "is not TOML"),
        (b"#" * (configuration.MOST_BYTES + 1), "more than 1,048,576 bytes"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    """With its path, and the place where it breaks off."""
    path = tmp_path / "server.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableDocument, match=message) as refused:
        read_file(path)
    assert refused.value.faults[0].path == str(path)


@pytest.mark.parametrize(
    ("kind", "values", "paths"),
    [
        (SizeLimits, {"message_bytes": 2**31, "tasks": 0}, ["message_bytes", "tasks"]),
        (
            PoolLimits,
            {"waiting": -1, "waiting_bytes": -1, "caller_share": 0.0},
            ["waiting", "waiting_bytes", "caller_share"],
        ),
        (PoolLimits, {"wait_seconds": 0.0, "grace_seconds": -1.0, "unread_seconds": float("nan")}, None),
        (PoolLimits, {"waiting": 1_001, "caller_share": 1.01}, ["waiting", "caller_share"]),
    ],
)
def test_limits_have_ranges(kind: type, values: dict[str, float], paths: list[str] | None) -> None:
    """What makes no sense is refused when the limits are made, all of it at once."""
    with pytest.raises(InvalidRequest) as refused:
        kind(**values)
    assert [fault.path for fault in refused.value.faults] == (paths or list(values))


def test_ranges_include_what_they_say() -> None:
    """The ends of a range, and what is just beyond."""

    @dataclass
    class Numbers:
        a: float
        b: float

    allowed = {"a": whole(1, 3), "b": above(0, 2)}
    assert faults_of(Numbers(1, 2), allowed) == faults_of(Numbers(3, 0.001), allowed) == []
    assert [str(fault) for fault in faults_of(Numbers(4, 0), allowed)] == [
        "a: is 4; must be a whole number, 1 to 3",
        "b: is 0; must be above 0 and at most 2",
    ]
