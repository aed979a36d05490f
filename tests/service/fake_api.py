"""Verbs that do what a request's label says, in place of ``solver.api``: what a worker may go through."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from solver.domain.answer import Answer
from solver.domain.counts import Counts
from solver.domain.explanation import Violation
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.incumbent import Bound, Known, ProgressObserver
from solver.engines.memory import Memory
from solver.errors import Overloaded, PlanRejected
from solver.rules.bind import bind
from tests.service import problems

REMEMBERED = "remembered: "
"""Begins the warning that says how many tasks a memory has."""


def answered(
    problem: Problem, limits: Limits, *, warnings: Sequence[str], memory: Memory | None, **more: Any
) -> tuple[Answer, Memory]:
    """What is placed below, with a warning for what is remembered."""
    told = () if memory is None else (f"{REMEMBERED}{int(memory.tasks.totals().sum())}",)
    answer = _placed(problem, limits, warnings=(*warnings, *told), **more)
    return answer, Memory(problem, answer.tasks)


def _placed(
    problem: Problem,
    limits: Limits,
    *,
    explain: bool,
    on_incumbent: None,
    on_progress: ProgressObserver,
    cancelled: Callable[[], bool],
    warnings: Sequence[str],
    label: str,
    hint: Counts | None,
    kept_seconds: float,
) -> Answer:
    """One task on the first instance, unless the label says otherwise; the process's number is a warning."""
    answer = problems.answer_to(problem)
    if label == "until cancelled":
        while not cancelled():
            time.sleep(0.01)
    elif label == "stuck":
        time.sleep(3600)
    elif label == "stuck with a plan":
        on_progress(known(problem, answer.tasks, 1))
        time.sleep(3600)
    elif label == "reports, until cancelled":
        on_progress(known(problem, answer.tasks, 1))
        while not cancelled():
            time.sleep(0.01)
    elif label == "reports many":
        for value in range(60, 0, -1):
            on_progress(known(problem, problems.answer_to(problem).tasks, value))
            time.sleep(0.06)
    elif label.startswith("reports "):
        # Plans and bounds, one every so many seconds: tiers better and better, then bounds for the last one.
        for value in range(9, 4, -1):
            on_progress(known(problem, problems.answer_to(problem).tasks, value))
            time.sleep(float(label.removeprefix("reports ")))
        last = problems.answer_to(problem).tasks
        for bound in range(4):
            on_progress(known(problem, last, 4, bound))
            time.sleep(float(label.removeprefix("reports ")))
    elif label == "reports, then ends":
        on_progress(known(problem, answer.tasks, 1))
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    elif label == "ends":
        os.kill(os.getpid(), signal.SIGKILL)
    elif label == "ends with a plan":
        on_progress(known(problem, answer.tasks, 1))
        os.abort()
    elif label == "takes all memory":
        _take_all()
    elif label == "takes the memory of a thread":
        # What ``threading`` raises where there is no room for the stack.
        raise RuntimeError("can't start new thread")
    elif label == "takes all memory with a plan":
        on_progress(known(problem, answer.tasks, 1))
        _take_all()
    elif label == "fails":
        raise ZeroDivisionError("secret")
    elif label == "rejects":
        raise PlanRejected("no plan leaves")
    elif label == "overloaded":
        raise Overloaded("too much")
    elif label.startswith("takes "):
        time.sleep(float(label.removeprefix("takes ")))
    replay = replace(answer.replay, time_limit=limits.time_limit, seed=limits.seed)
    return replace(answer, label=label, warnings=(*warnings, str(os.getpid()), str(explain)), replay=replay)


def _take_all() -> None:
    """Until there is none, or 16 GiB."""
    taken = [np.ones(2**23) for _ in range(256)]
    raise AssertionError(f"{len(taken)} parts of 64 MiB were there")


def known(problem: Problem, tasks: Counts, value: int, bound: int = 0) -> Known:
    """A plan with a value and a bound of its first tier."""
    rules = bind(problem)
    rest = [0] * (len(rules.tiers) - 1)
    return Known(rules, tasks, (value, *rest), (9, *rest), {0: [Bound(bound, "counting")]})


def check(problem: Problem, tasks: Counts) -> tuple[Violation, ...]:
    """One violation that says how many tasks there are."""
    return (Violation("count", "", "cluster", 0, int(tasks.totals().sum()), "tasks"),)


def fingerprint(problem: Problem, hint: Counts | None = None) -> str:
    """The same for every problem."""
    return "f" * 64


def versions() -> dict[str, str]:
    """No real versions."""
    return {"placement-solver": "0"}
