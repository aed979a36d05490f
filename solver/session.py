"""Requests one after the other that resemble each other: each begins where the last one ended (a warm start).

What is kept is the last plan and what the packing engine found out; the request itself is given whole each time. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from solver.api import answered
from solver.domain.answer import Answer
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.incumbent import Observer, ProgressObserver
from solver.engines.memory import Memory


class Session:
    """Answers requests, and begins each with the answer to the one before.

    Groups and instances are known again by their names. Plans, bounds and proofs are those that ``solver.place`` gives: nothing
    that is remembered is believed before it is checked, or counted, for the request at hand. An answer depends on those
    before it, so that for the same answer again (§10.1) the same requests have to come in the same order.
    """

    def __init__(self) -> None:
        self._memory: Memory | None = None

    def place(
        self,
        problem: Problem,
        limits: Limits | None = None,
        *,
        explain: bool = True,
        on_incumbent: Observer | None = None,
        on_progress: ProgressObserver | None = None,
        cancelled: Callable[[], bool] | None = None,
        warnings: Sequence[str] = (),
        label: str = "",
    ) -> Answer:
        """As ``solver.place``, from what the last request left.

        Raises
        ------
        InvalidRequest
            If a rule cannot be read or a limit makes no sense; what was remembered stays.
        PlanRejected
            If the checker refuses the plan that every answer begins with: a fault of this package.
        """
        answer, self._memory = answered(
            problem,
            limits or Limits(),
            explain=explain,
            on_incumbent=on_incumbent,
            on_progress=on_progress,
            cancelled=cancelled,
            warnings=warnings,
            label=label,
            memory=self._memory,
        )
        return answer

    def forget(self) -> None:
        """Begin the next request from nothing."""
        self._memory = None
