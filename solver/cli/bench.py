"""``placement-solver bench``: problems as they are published, and how good the plans are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from solver.cli import options
from solver.cli.exits import errors_to_exit_codes, say

SECONDS = 60.0
"""The time limit where none is given."""

Roadef = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        "--roadef",
        metavar="MODEL ASSIGNMENT",
        help="A machine reassignment problem of the ROADEF/EURO challenge 2012 as two text files, plain or .xz.",
    ),
]
TimeLimit = Annotated[
    str | None,
    typer.Option("--time-limit", metavar="DURATION", help="For the whole answer, like 10s or 5m. (default: 60s)"),
]
AssignmentFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the assignment found, in the challenge's format."),
]


Suites = Annotated[
    list[str] | None,
    typer.Option("--suite", metavar="NAME", help="With --report: a suite to measure again first. Repeatable."),
]
Report = Annotated[
    bool,
    typer.Option("--report", help="In a checkout: make benchmarks/RESULTS.md and report.html of what is recorded."),
]


def bench(
    roadef: Roadef = None,
    time_limit: TimeLimit = None,
    seed: options.Seed = None,
    workers: options.Workers = None,
    output: AssignmentFile = None,
    suite: Suites = None,
    report: Report = False,
) -> None:
    """Reassign tasks so that load, balance and moves together cost least; print each part of the cost, and the bound.

    Or, with --report, make the report of the benchmarks.

    Ctrl-C takes the best plan so far.
    """
    with errors_to_exit_codes():
        from dataclasses import replace

        from rich.console import Console

        from solver.api import require_sensible
        from solver.cli.arguments import Arguments
        from solver.cli.search import interrupts
        from solver.domain.request import Limits
        from solver.engines.kernels import compiled
        from solver.engines.reassignment.engine import reassign
        from solver.errors import InvalidRequest
        from solver.formats.machine_reassignment import assignment_text, read_reassignment
        from solver.report.files import check_folder, write_whole
        from solver.report.reassignment import print_reassignment

        said = Arguments()
        if suite and not report:
            said.fault("--suite", "stands without --report", "write --report too")
        if report and roadef is not None:
            said.fault("--roadef", "stands beside --report", "leave out one of the two")
        if roadef is None:
            if not report:
                said.fault("--roadef", "is missing", "name MODEL ASSIGNMENT, or write --report")
            with said.together():
                folder = _checkout()
            raise typer.Exit(_reported(folder, suite or ()))
        given = said.limits(time_limit, None, seed, None, workers)
        with said.together():
            if output is not None:
                check_folder("--output", output)
        limits = replace(Limits(time_limit=SECONDS), **given)
        try:
            require_sensible(limits)
        except InvalidRequest as invalid:
            raise InvalidRequest(
                replace(fault, path=fault.path.replace("limits.", "--").replace("_", "-")) for fault in invalid.faults
            ) from invalid
        asked = read_reassignment(*roadef)
        if not compiled.ready(compiled.REASSIGNMENT, compiled.LOADING_SECONDS):
            say("compiling the search, once for each installation; the time limit counts from then on")
        compiled.load_reassignment()
        with interrupts() as cancelled, _progress() as tell:
            found = reassign(
                asked, limits.time_limit, seed=limits.seed, workers=limits.workers, cancelled=cancelled, tell=tell
            )
        if output is not None:
            write_whole(output, assignment_text(found.place).encode("ascii"))
        print_reassignment(asked, found, Console(highlight=False))


def _checkout() -> Path:
    """The checkout that this package is from.

    Raises
    ------
    InvalidRequest
        If it is installed without the benchmarks.
    """
    import solver
    from solver.errors import InvalidRequest

    folder = Path(solver.__file__).resolve().parents[1]
    if not (folder / "benchmarks" / "again.py").is_file():
        raise InvalidRequest.at("--report", "the benchmarks are not installed", "run it in a checkout")
    return folder


def _reported(folder: Path, suites: Sequence[str]) -> int:
    """Measure suites again and make the report, in a process of its own; its exit code."""
    import subprocess
    import sys

    chosen = [word for name in suites for word in ("--suite", name)]
    return subprocess.run([sys.executable, "-m", "benchmarks.again", *chosen], cwd=folder, check=False).returncode


@contextmanager
def _progress() -> Iterator[Callable[[int], None] | None]:
    """Tells the best cost so far on standard error, where that is a terminal."""
    import sys

    from rich.console import Console

    if not sys.stderr.isatty():
        yield None
        return
    with Console(stderr=True).status("searching ...", spinner_style="cyan") as status:
        yield lambda cost: status.update(f"searching; best plan so far costs {cost:,} (Ctrl-C takes it)")
