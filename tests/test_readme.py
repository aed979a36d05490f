"""The README says what really happens."""

from __future__ import annotations

import re
import textwrap

import pytest

from tests.readme import README, ROOT, blocks, printed, without_durations

TEXT = README.read_text(encoding="utf-8")
SESSIONS = [session for block in blocks(TEXT) if block.language == "console" for session in block.sessions]
PROGRAMS = [block.text for block in blocks(TEXT) if block.language == "python"]


@pytest.mark.parametrize(("command", "output"), SESSIONS, ids=[command[:60] for command, _ in SESSIONS])
def test_a_session_prints_what_the_readme_shows(command: str, output: str) -> None:
    """Every command of the README is run; its output is the README's but for time spans."""
    assert without_durations(printed(command)) == without_durations(output)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_the_readme_runs(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every Python block runs from the checkout, and prints what its trailing comments say."""
    expected = re.findall(r"^print\(.*\)  # (.*)$", program, flags=re.MULTILINE)
    exec(compile(textwrap.dedent(program), "README.md", "exec"), {"__name__": "readme"})  # noqa: S102
    found = capsys.readouterr().out.splitlines()
    assert expected and found == expected


def test_the_readme_has_sessions_and_programs() -> None:
    """A block that is no longer found would be tested by nobody."""
    assert len(SESSIONS) >= 4 and len(PROGRAMS) >= 1


def test_every_link_into_the_checkout_leads_somewhere() -> None:
    """Links and pictures name files that exist."""
    targets = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []
