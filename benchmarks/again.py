"""Measures named suites again, then makes the report: ``python -m benchmarks.again --suite packing --suite priorities``.

A suite is a subject of ``make bench``, or one of the suites with a command of its own. Without any the report alone is made, from
what is recorded. This is what ``placement-solver bench --report`` runs.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import benchmarks.suites
from benchmarks import report
from benchmarks.subjects import subjects

ROOT = Path(__file__).resolve().parents[1]
MEASURED = "out/benchmarks.json"

Start = Callable[[Sequence[str]], int]


def own_commands() -> dict[str, str]:
    """The suites that ``make bench`` does not measure, with the command of each."""
    found = {}
    for module in pkgutil.iter_modules(benchmarks.suites.__path__):
        command = getattr(importlib.import_module(f"benchmarks.suites.{module.name}"), "COMMAND", "")
        if command.startswith("python -m "):
            found[module.name] = command
    return found


def known() -> list[str]:
    """Every name of a suite."""
    return [*(subject.name for subject in subjects()), *own_commands()]


def commands(names: Sequence[str]) -> list[list[str]]:
    """What measures these suites, as arguments of Python: the subjects of ``make bench`` in one run, then the others."""
    ours = {subject.name for subject in subjects()}
    chosen = [name for name in dict.fromkeys(names) if name in ours]
    found = []
    if chosen:
        options = ["--benchmark-only", f"--benchmark-json={MEASURED}", "--benchmark-columns=median,rounds", "-q"]
        # Of pytest's names the part in brackets begins with the subject's.
        found.append(["-m", "pytest", "benchmarks", *options, "-k", " or ".join(chosen)])
        found.append(["-m", "benchmarks.report", MEASURED])
    own = own_commands()
    return [*found, *(shlex.split(own[name])[1:] for name in dict.fromkeys(names) if name in own)]


def run(names: Sequence[str], start: Start) -> int:
    """Measure, one after the other; the exit code of the first command that fails, else 0 once the report is made."""
    for arguments in commands(names):
        code = start(arguments)
        if code:
            return code
    report.main([])
    return 0


def _start(arguments: Sequence[str]) -> int:
    (ROOT / MEASURED).parent.mkdir(exist_ok=True)
    print(f"python {shlex.join(arguments)}", flush=True)
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode


def main(arguments: Sequence[str]) -> int:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.again", description="Measure suites again and make the report.")
    parser.add_argument("--suite", action="append", default=[], metavar="NAME")
    names: list[str] = parser.parse_args(arguments).suite
    unknown = [name for name in names if name not in known()]
    for name in unknown:
        print(f"error: --suite: '{name}' is no suite; must be one of {', '.join(known())}", file=sys.stderr)
    return 2 if unknown else run(names, _start)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
