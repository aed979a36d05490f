"""What if: many scenarios of one cluster, each a list of edits, answered by the same model and checked like any plan.

``read_study`` reads a file of scenarios, ``what_if`` answers scenarios that are written in Python, ``run`` either of them by an
executor of one's own. ``edits`` has one class a kind of edit.
"""

from __future__ import annotations

from solver.whatif.analysis import Analysis, TierChange
from solver.whatif.asked import Asked
from solver.whatif.executor import Executor
from solver.whatif.grid import Axis, Choice, Grid
from solver.whatif.question import InstanceType, Place, Reconcile
from solver.whatif.reading import Study, read_study
from solver.whatif.row import Outcome, Row
from solver.whatif.run import batch_of, run, what_if
from solver.whatif.scenario import Scenario

__all__ = [
    "Analysis",
    "Asked",
    "Axis",
    "Choice",
    "Executor",
    "Grid",
    "InstanceType",
    "Outcome",
    "Place",
    "Reconcile",
    "Row",
    "Scenario",
    "Study",
    "TierChange",
    "batch_of",
    "read_study",
    "run",
    "what_if",
]
