"""``placement-solver demo``: the main command on the cluster that comes with the package."""

from __future__ import annotations

from pathlib import Path

import typer

from solver.cli import options
from solver.cli.exits import errors_to_exit_codes, of_answer, say

WANTED = {"service:web": 12, "service:api": 6, "service:worker": 8, "service:reports": 12, "service:search": 6}
"""What the demo places."""


def demo(
    time_limit: options.TimeLimit = None,
    output: options.Form = options.Output.table,
    figure: options.Figure = None,
) -> None:
    """Place tasks of five services on the bundled cluster, and print how good the plan is."""
    with errors_to_exit_codes():
        from dataclasses import replace

        from solver.cli.arguments import Arguments
        from solver.cli.present import check_figure, present
        from solver.cli.search import search
        from solver.cli.source import read_cluster
        from solver.domain.request import Limits

        said = Arguments()
        limits = replace(Limits(), **said.limits(time_limit, None, None, None, None))
        with said.together():
            check_figure(figure)
        cluster = read_cluster(folder(), "held", None)
        problem, warnings = cluster.request(WANTED)
        if output is options.Output.table:
            asked = " ".join(f"--group {name}={count}" for name, count in WANTED.items())
            say(f"$ placement-solver place {folder()} {asked}\n")
        answer = search(problem, limits, (*cluster.warnings, *warnings), shows=output is options.Output.table)
        present(answer, output, figure)
        raise typer.Exit(of_answer(answer))


def folder() -> Path:
    """The documents of the demo cluster: inside the package where it is installed, in ``datasets`` in a checkout.

    Raises
    ------
    UnreadableDocument
        If they are in neither place.
    """
    import solver
    from solver.errors import UnreadableDocument

    package = Path(solver.__file__).parent
    for place in (package / "_demo", package.parent / "datasets" / "demo"):
        if place.is_dir():
            return place
    raise UnreadableDocument.at(str(package / "_demo"), "is missing", "install the package again")
