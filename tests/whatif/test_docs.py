"""What docs/what-if.md and the README write is what is read and runs."""

from __future__ import annotations

import re

import pytest

from solver.whatif.edits import EDITS
from solver.whatif.reading import HOLDS, KEYS, study_of
from solver.whatif.row import COLUMNS
from solver.whatif.yaml_text import parse_yaml
from tests.readme import README, ROOT, blocks
from tests.whatif.clusters import demo

PAGE = (ROOT / "docs" / "what-if.md").read_text(encoding="utf-8")
FILES = [
    block.text
    for text in (PAGE, README.read_text(encoding="utf-8"))
    for block in blocks(text)
    if block.language == "yaml"
]
PROGRAMS = [block.text for block in blocks(PAGE) if block.language == "python"]


@pytest.mark.parametrize("text", FILES)
def test_a_file_of_the_documentation_fits_the_demo_cluster(text: str) -> None:
    """Every YAML block is a whole file."""
    assert study_of(parse_yaml(text, "documentation", HOLDS), demo()).scenarios


def test_a_program_of_the_documentation_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the checkout; it prints a row for the base and for each scenario."""
    monkeypatch.chdir(ROOT)
    (program,) = PROGRAMS
    exec(compile(program, "what-if.md", "exec"), {"__name__": "documentation"})
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("base", "a is lost", "a is lost, two more", "missing_change"))


def test_every_key_edit_and_column_is_documented() -> None:
    """The tables of the page have all of them, and the README names every edit."""
    said = set(re.findall(r"`(\w+)", PAGE))
    assert set(KEYS) | set(EDITS) | set(COLUMNS) <= said
    assert set(EDITS) <= set(re.findall(r"`(\w+)`", README.read_text(encoding="utf-8")))
