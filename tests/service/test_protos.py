"""The wire's own documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FILES = ("analysis_service", "audit", "cluster", "cluster_service", "placement_service", "plan", "task_group")


@pytest.mark.parametrize("name", FILES)
def test_everything_on_the_wire_is_explained(root: Path, name: str) -> None:
    """Every message, enum, value, field and method has a comment above it."""
    lines = (root / "protos" / "solver" / "v1" / f"{name}.proto").read_text(encoding="utf-8").splitlines()
    declared = re.compile(r"\s*(message|enum|service|rpc) |\s+[\w.<>, ]+ = \d+;")
    bare = [line for above, line in zip(lines, lines[1:], strict=False) if declared.match(line) and "//" not in above]
    assert bare == []


@pytest.mark.parametrize("name", FILES)
def test_every_number_says_its_range(root: Path, name: str) -> None:
    """The comment of each number says what it may be: a bound, or a word for it."""
    text = (root / "protos" / "solver" / "v1" / f"{name}.proto").read_text(encoding="utf-8")
    found = re.findall(
        r"((?:^ +//.*\n)+)^ +(?:optional |repeated )?(?:u?int(?:32|64)|double) (\w+) =", text, re.MULTILINE
    )
    bound = re.compile(r"\d|[Aa]bove|[Bb]elow|[Aa]t most", re.ASCII)
    assert [field for comment, field in found if not bound.search(comment)] == []


def test_the_list_of_files_is_whole(root: Path) -> None:
    """The tests above look at every proto."""
    assert sorted(path.stem for path in (root / "protos" / "solver" / "v1").glob("*.proto")) == sorted(FILES)
