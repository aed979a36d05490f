"""``placement-solver demo``: the main command on the cluster that comes with the package."""

from __future__ import annotations

from pathlib import Path

import typer

from solver.cli import options
from solver.cli.exits import errors_to_exit_codes, of_answer, say

WANTED = {"service:web": 12, "service:api": 6, "service:worker": 8, "service:reports": 12, "service:search": 6}
"""What the demo places."""

MOVING, MOVES = ("service:checkout", "service:reports"), 4
"""What it then rebalances, as things were before, and how many tasks may move."""


def demo(
    time_limit: options.TimeLimit = None,
    output: options.Form = options.Output.table,
    figure: options.Figure = None,
) -> None:
    """Place tasks of five services on the bundled cluster, then rebalance two, and print how good the plans are.

    With -o json or csv the first plan alone; the second picture has -rebalanced in its name.
    """
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
        if output is not options.Output.table:
            raise typer.Exit(of_answer(answer))
        problem, warnings = cluster.rebalance(MOVES, groups=MOVING)
        named = " ".join(f"--group {name}" for name in MOVING)
        say(f"\n$ placement-solver rebalance {folder()} --max-moves {MOVES} {named}\n")
        moved = search(problem, limits, warnings, shows=True)
        second = None if figure is None else figure.with_stem(f"{figure.stem}-rebalanced")
        present(moved, output, second)
        raise typer.Exit(max(of_answer(answer), of_answer(moved)))


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
