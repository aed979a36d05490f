"""The ``placement-solver`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command; ends the process with one of the exit codes of ``solver.cli.exits``."""
    from solver.cli.app import app

    app(prog_name="placement-solver")
