"""Puts an answer where it was asked for: a table, JSON or CSV on standard output, a figure into a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from solver.cli.exits import say
from solver.cli.options import Output
from solver.domain.answer import Answer
from solver.domain.curve import CurvePoint

if TYPE_CHECKING:
    from solver.robustness import Surviving


def check_figure(path: Path | None) -> None:
    """Refuse, before any search, a figure that cannot be written.

    Raises
    ------
    InvalidRequest
        If its name ends in something else than ``.svg`` or ``.png``, or its folder does not exist.
    """
    if path is None:
        return
    from solver.report.files import check_folder, check_picture

    check_picture("--figure", path)
    check_folder("--figure", path)


def check_out(path: Path | None) -> None:
    """Refuse, before any search, a folder in which no plan can be kept.

    Raises
    ------
    InvalidRequest
        If a file has its name, or the folder around it does not exist.
    """
    if path is None:
        return
    from solver.errors import InvalidRequest
    from solver.whatif.store import RESULTS

    if not path.parent.is_dir():
        raise InvalidRequest.at("--out", f"the folder '{path.parent}' does not exist", "make it first")
    if path.exists() and not path.is_dir():
        raise InvalidRequest.at("--out", f"'{path}' is no folder", "name a folder")
    if (path / RESULTS).exists():
        raise InvalidRequest.at("--out", f"'{path}' holds the results of what-if", "name another folder")


def keep(answer: Answer, folder: Path, operation: str) -> None:
    """Write an answer's plan into a folder: all that a report shows, and the rows that ``apply`` and ``check`` read.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from solver.formats.kept_curve import CURVE_JSON
    from solver.formats.kept_plan import kept_plan
    from solver.formats.plan import plan_to_csv
    from solver.report.files import write_whole

    folder.mkdir(exist_ok=True)
    # What the folder held before is no longer what it is about.
    (folder / CURVE_JSON).unlink(missing_ok=True)
    write_whole(folder / "plan.csv", plan_to_csv(answer).encode())
    write_whole(folder / "plan.json", kept_plan(answer, operation=operation).to_json().encode())
    say(f"kept: {folder}; placement-solver report {folder} -o report.html shows it")


def keep_curve(points: Sequence[CurvePoint], folder: Path, operation: str, warnings: Sequence[str]) -> None:
    """Write a curve into a folder: ``curve.json``, ``curve.csv``, and in ``plans`` each plan as JSON and as rows for ``apply``.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from solver.formats.curve import curve_to_csv
    from solver.formats.kept_curve import CURVE_CSV, CURVE_JSON, kept_curve, plans_of
    from solver.report.files import write_whole
    from solver.whatif.plans import keep_plans

    keep_plans(folder, plans_of(points), operation, "moves-*")
    write_whole(folder / CURVE_CSV, curve_to_csv(points).encode())
    write_whole(folder / CURVE_JSON, kept_curve(points, operation, warnings).to_json().encode())
    say(f"kept: {folder}; placement-solver report {folder} -o report.html shows it")


def present(answer: Answer, output: Output, figure: Path | None) -> None:
    """Print an answer and draw its figure.

    With JSON or CSV nothing else goes to standard output; the warnings go to standard error.
    """
    if output is Output.table:
        from rich.console import Console

        from solver.report.terminal import show

        show(answer, Console(highlight=False))
    else:
        for warning in (*answer.warnings, *(said for one in answer.targets for said in one.sentences())):
            say(f"warning: {warning}")
        write_out(_written(answer, output))
    if figure is not None:
        from solver.report.figure import draw

        draw(answer, figure)
        say(f"drawn: {figure}")


def present_survival(surviving: Surviving, output: Output) -> None:
    """Print what becomes of each loss after a plan; beside JSON or CSV, on standard error."""
    from solver.report.robustness import show_survival, survival_lines

    if output is Output.table:
        from rich.console import Console

        show_survival(surviving, Console(highlight=False))
    else:
        for line in survival_lines(surviving):
            say(line)


def present_curve(points: Sequence[CurvePoint], warnings: Sequence[str], output: Output, figure: Path | None) -> None:
    """Print a curve and draw its figure, as ``present`` does with an answer.

    Parameters
    ----------
    warnings
        Of whoever read the request: what each answer says of its own plan is none of the curve's.
    """
    if output is Output.table:
        from rich.console import Console

        from solver.report.curve import show_curve

        show_curve(points, warnings, Console(highlight=False))
    else:
        from solver.formats.curve import curve_to_csv, curve_to_json

        for warning in warnings:
            say(f"warning: {warning}")
        write_out(curve_to_csv(points) if output is Output.csv else curve_to_json(points))
    if figure is not None:
        from solver.report.curve import draw_curve

        draw_curve(points, figure)
        say(f"drawn: {figure}")


def _written(answer: Answer, output: Output) -> str:
    if output is Output.csv:
        from solver.formats.plan import plan_to_csv

        return plan_to_csv(answer)
    from solver.service.codec import answer_to_json

    return answer_to_json(answer)


def write_out(text: str) -> None:
    """Write to standard output, with a line feed at the end, and let go of it at once."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()
