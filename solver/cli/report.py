"""``placement-solver report``: what a command has kept in a folder, as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from solver.cli.exits import errors_to_exit_codes, say

ResultFolder = Annotated[
    Path, typer.Argument(metavar="RESULT_DIR", help="What what-if, place or another command has written with --out.")
]
Page = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page, an .html file.")]


def report(result_dir: ResultFolder, output: Page = Path("report.html")) -> None:
    """Make a page of results: summary, map by zone before and after, histograms, reasons, a table of scenarios.

    The page is one file that fetches nothing, for light and dark and for telephones.

    Example: placement-solver report results -o report.html
    """
    with errors_to_exit_codes():
        from solver.errors import InvalidRequest
        from solver.report.files import check_folder, write_whole
        from solver.report.result.folder import read_result
        from solver.report.result.html import html

        if output.suffix.lower() not in (".html", ".htm"):
            raise InvalidRequest.at("--output", f"'{output}' is no page", "must end in .html")
        check_folder("--output", output)
        page = html(read_result(result_dir))
        write_whole(output, page.encode("utf-8", "replace"))
        say(f"written: {output}, {len(page) / 1024:,.0f} kB")
