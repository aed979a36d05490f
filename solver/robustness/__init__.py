"""Robustness: whether every task still has a place once a zone, a rack, an instance type or any one instance is lost."""

from __future__ import annotations

from solver.robustness.addition import Addition
from solver.robustness.judging import Judgement, Verdict
from solver.robustness.kinds import Kind
from solver.robustness.loss import Loss, losses
from solver.robustness.outcome import Afterwards
from solver.robustness.survey import Case, Survey, Together, survey
from solver.robustness.survival import Surviving, survive

__all__ = [
    "Addition",
    "Afterwards",
    "Case",
    "Judgement",
    "Kind",
    "Loss",
    "Survey",
    "Surviving",
    "Together",
    "Verdict",
    "losses",
    "survey",
    "survive",
]
