"""What people look at: an answer in a terminal, as a figure, in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solver.domain.answer import Answer
    from solver.report.notebook import Shown


def show(answer: Answer) -> Shown:
    """Show an answer in a notebook as tables and a figure, as the last expression of a cell."""
    # matplotlib takes half a second to load: only when something is drawn.
    from solver.report.notebook import Shown

    return Shown(answer)
