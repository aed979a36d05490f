"""The plans of an answer that has several, such as a front: each kept as what a report shows and as rows for ``apply``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from solver.domain.answer import Answer
from solver.formats.kept_plan import kept_plan
from solver.formats.plan import plan_to_csv
from solver.whatif.store import PLANS, write_whole


def keep_plans(folder: Path, answers: Mapping[str, Answer], operation: str, earlier: str) -> None:
    """Write ``NAME.json`` and ``NAME.csv`` for each plan into ``plans`` of a folder.

    Parameters
    ----------
    answers
        By name.
    earlier
        The pattern of names that such a folder has: those of an earlier run go.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    plans = folder / PLANS
    plans.mkdir(parents=True, exist_ok=True)
    for old in plans.glob(earlier):
        old.unlink()
    for name, answer in answers.items():
        write_whole(plans / f"{name}.json", kept_plan(answer, operation=operation, scenario=name).to_json().encode())
        write_whole(plans / f"{name}.csv", plan_to_csv(answer).encode())
