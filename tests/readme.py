"""The code blocks of the README: what they say, and what they really print.

``python -m tests.readme`` writes the present output of every command into the README.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
DURATION = re.compile(r"\b\d+(\.\d+)?( |)(ms|s)\b")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text without the fences, and where the text stands in the README."""

    language: str
    text: str
    start: int
    end: int

    @property
    def sessions(self) -> list[tuple[str, str]]:
        """Each command of a console block (continued lines joined) with the output below it."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        found = []
        for part in parts:
            command, _, output = part.partition("\n")
            while command.endswith("\\"):
                more, _, output = output.partition("\n")
                command = command + "\n" + more
            found.append((command, output))
        return found


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a Markdown text, in order."""
    pattern = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [Block(m.group(1), m.group(2), m.start(2), m.end(2)) for m in pattern.finditer(text)]


def printed(command: str) -> str:
    """Standard output of a shell command in the checkout, as in a terminal of 90 columns without colours."""
    environment = {**os.environ, "COLUMNS": "90", "NO_COLOR": "1", "TERM": "dumb"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    answer = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    return "\n".join(line.rstrip() for line in answer.stdout.splitlines()).strip("\n") + "\n"


def without_durations(text: str) -> str:
    """The text with each time span replaced, since no two runs take the same time."""
    return DURATION.sub("…", text).strip()


def rewrite(text: str) -> str:
    """The README with the present output of each command."""
    for block in reversed([block for block in blocks(text) if block.language == "console"]):
        fresh = "\n".join(f"$ {command}\n{printed(command)}" for command, _ in block.sessions)
        text = text[: block.start] + fresh + text[block.end :]
    return text


if __name__ == "__main__":
    README.write_text(rewrite(README.read_text(encoding="utf-8")), encoding="utf-8")
