"""The file of callers and roles (solver.service.callers.document)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from solver.errors import InvalidRequest, UnreadableDocument
from solver.service.callers.document import METHODS, read_callers
from solver.service.callers.roles import matches
from solver.service.callers.tokens import digest_of
from tests.service.callers.issuing import Signer

GOOD = """
[roles.all]
methods = ["*"]
[callers.one]
role = "all"
certificates = ["one"]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "callers.toml"
    file.write_text(text)
    return file


def faults(folder: Path, text: str) -> list[str]:
    """What is wrong with a file, without its name."""
    with pytest.raises(InvalidRequest) as refused:
        read_callers(written(folder, text))
    return [str(fault).replace(f"{folder / 'callers.toml'} ", "") for fault in refused.value.faults]


def test_the_file_of_the_documentation_is_read(root: Path, tmp_path: Path) -> None:
    """Its roles are those that its callers get, by certificate, token and subject."""
    (example,) = re.findall(r"```toml\n(.*?)```", (root / "docs" / "service.md").read_text(encoding="utf-8"), re.DOTALL)
    keys = Signer().written(tmp_path)
    file = written(tmp_path, example)
    found = read_callers(file)
    scheduler = found.certificates["spiffe://cluster.example/web-scheduler"]
    assert (scheduler.name, scheduler.role.name) == ("web-scheduler", "web-scheduling")
    assert (scheduler.role.calls_at_once, scheduler.role.max_time_limit, scheduler.role.carried) == (4, 30.0, False)
    assert found.subjects == {"web-scheduler": scheduler}
    assert found.tokens[digest_of("test")].role.name == "feeding"
    assert found.files == (file, keys)
    assert not found.reflection


def test_what_is_left_out_is_closed(tmp_path: Path) -> None:
    """A role with methods alone may use no cluster, touch no service and pass no role; reflection is closed."""
    found = read_callers(written(tmp_path, GOOD))
    role = found.certificates["one"].role
    assert (role.clusters, role.carried, role.services, role.pass_roles, found.reflection) == ((), False, (), (), False)


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    """Each with its path, and what would be right."""
    found = faults(
        tmp_path,
        """
        color = 1
        reflection = "yes"
        [roles.a]
        methods = ["PlacementService/Plaice"]
        clusters = "prod"
        carried = 1
        calls_at_once = 0
        max_time_limit_seconds = -1
        size = 3
        [roles.b]
        [callers.one]
        role = "c"
        tokens = ["secret-token"]
        [callers.two]
        role = "a"
        tokens = ["secret-token"]
        subjects = ["two"]
        [callers.three]
        role = "b"
        """,
    )
    paths = [fault.partition(": ")[0] for fault in found]
    assert paths == [
        "color",
        "roles.a.size",
        "roles.a.methods[0]",
        "roles.a.clusters",
        "roles.a.carried",
        "roles.a.calls_at_once",
        "roles.a.max_time_limit_seconds",
        "roles.b.methods",
        "callers.one.role",
        "callers.two.tokens[0]",
        "callers.three",
        "jwt",
        "reflection",
    ]
    assert "secret-token" not in "".join(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            GOOD + '[callers.two]\nrole = "all"\ncertificates = ["one"]',
            "callers.two.certificates[0]: is that of one too",
        ),
        ('[roles.all]\nmethods = ["*"]', "callers: names nobody"),
        ("callers = 1", "callers: is no table"),
        (GOOD + "[jwt]\n", "jwt.keys: is missing"),
        (GOOD + '[jwt]\nkeys = "none.json"\nissuer = "i"\naudience = "a"', "jwt.keys: "),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A proof of two callers, nobody at all, keys that are missing."""
    assert any(fault.startswith(said) for fault in faults(tmp_path, text))


@pytest.mark.parametrize("text", ["[roles", "\udcff"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    """With what the parser says of it."""
    file = tmp_path / "callers.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UnreadableDocument, match="is no TOML"):
        read_callers(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(UnreadableDocument, match="none.toml cannot be read"):
        read_callers(tmp_path / "none.toml")


def test_all_methods_are_known() -> None:
    """Those of both services."""
    assert {"PlacementService/Place", "PlacementService/GetVersion", "ClusterService/Commit"} <= set(METHODS)


@pytest.mark.parametrize(
    ("name", "pattern", "found"),
    [
        ("service:web", "service:web", True),
        ("service:web2", "service:web", False),
        ("service:web@web:7", "service:web@*", True),
        ("Service:web", "service:*", False),
        ("a/b/c", "a*c", True),
        ("a[1]", "a[1]", True),
        ("a1", "a[1]", False),
        ("ab", "a?", True),
        ("a\nb", "a*", True),
        ("a\n", "a", False),
        ("", "*", True),
        ("anything", "", False),
    ],
)
def test_patterns_are_as_they_are_said_to_be(name: str, pattern: str, found: bool) -> None:
    """``*`` is any characters, ``?`` one, everything else itself; a pattern takes all of a name."""
    assert matches(name, (pattern,)) is found
