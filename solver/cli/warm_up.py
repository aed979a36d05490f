"""``placement-solver warm-up``: what is compiled once for each installation."""

from __future__ import annotations

import typer

from solver.cli.exits import errors_to_exit_codes


def warm_up() -> None:
    """Compile the search, once after installing; without it the first request that has the time does."""
    with errors_to_exit_codes():
        from solver.engines.kernels import compiled

        seconds = compiled.warm_up()
        typer.echo(
            f"{'loaded what was compiled before' if compiled.was_kept() else 'compiled'} in {seconds:.1f} s: {compiled.kept_in()}"
        )
