"""Runs a batch of scenarios: the base first, each other one once, rows kept as they come."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from solver.api import fingerprint, require_sensible, versions
from solver.domain.money import millionths, price_faults
from solver.domain.request import Limits
from solver.errors import require, under
from solver.formats.cluster import Cluster
from solver.whatif.analysis import Analysis
from solver.whatif.answering import Batch
from solver.whatif.asked import Asked
from solver.whatif.executor import Executor
from solver.whatif.executors import LOCAL, executor_of
from solver.whatif.question import Question, Reconcile
from solver.whatif.row import Row
from solver.whatif.scenario import BASE, Scenario, clock_faults, require_applicable
from solver.whatif.store import Store

AHEAD = 2
"""Scenarios that are handed out for each worker: one that it answers, one that waits."""

POLL_SECONDS = 0.2
"""How long it takes at most until somebody who interrupts is heard."""

MOST_PLANS = 12
"""Scenarios whose plans are kept, the base among them: what a report draws."""

Told = Callable[[int, int], None]
"""Told how many scenarios are answered, and of how many."""

Retrying = Callable[[Sequence[Row]], None]
"""Told which rows have no answer and are answered once more."""


def what_if(
    cluster: Cluster,
    scenarios: Sequence[Scenario],
    question: Question | None = None,
    *,
    limits: Limits | None = None,
    prices: dict[str, float] | None = None,
    workers: int | None = None,
    out: Path | None = None,
    retry_failed: bool = False,
) -> Analysis:
    """Answer scenarios of a cluster, several at once.

    Parameters
    ----------
    cluster
        As ``solver.read_ecs`` gives it.
    scenarios
        With distinct names; none may be called ``base``.
    question
        What is asked of the cluster; by default to reconcile.
    limits
        Of each scenario. One thread answers one scenario, whatever ``workers`` says in them.
    prices
        Of an instance of each type for an hour.
    workers
        Processes; by default as many as there are processors.
    out
        A folder that keeps the rows: a run that ended early goes on where it was.
    retry_failed
        Answer once more the scenarios that the folder says could not be answered.

    Raises
    ------
    InvalidRequest
        With every fault of the scenarios, before anything is answered; if a limit makes no sense, or the folder holds other rows.
    """
    require(under("prices", price_faults(prices or {})))
    asked = Asked.of(cluster, question or Reconcile(), millionths(prices or {}))
    asked.problem()
    require_applicable(asked, scenarios)
    batch = batch_of(asked, limits or Limits(), scenarios if out is not None else ())
    return run(batch, scenarios, executor_of(LOCAL, batch, workers), out=out, retry_failed=retry_failed)


def batch_of(asked: Asked, limits: Limits, scenarios: Sequence[Scenario] = ()) -> Batch:
    """What every scenario needs; each is answered by one thread, so that rows repeat where the limits let them.

    Parameters
    ----------
    scenarios
        Those of which, after the base, the first plans are kept beside the rows.

    Raises
    ------
    InvalidRequest
        If a limit makes no sense.
    """
    require_sensible(limits)
    kept = frozenset([BASE, *(scenario.name for scenario in scenarios[: MOST_PLANS - 1])]) if scenarios else frozenset()
    return Batch(asked, replace(limits, workers=1), kept)


def run(
    batch: Batch,
    scenarios: Sequence[Scenario],
    executor: Executor,
    *,
    out: Path | None = None,
    retry_failed: bool = False,
    retrying: Retrying | None = None,
    told: Told | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Analysis:
    """Answer the base and the scenarios; close the executor.

    Parameters
    ----------
    out
        A folder that keeps the rows. Those that it has are not answered again,
    retry_failed
        but for those without an answer.
    retrying
        Told of these rows before any is answered once more.
    told
        Told of progress, first of what was there.
    cancelled
        Asked now and then; once true, what is answered so far is returned.

    Raises
    ------
    InvalidRequest
        If the folder holds rows of something else, or the limits are not for what is asked.
    """
    wanted = (Scenario(BASE), *scenarios)
    try:
        require(clock_faults(batch.limits.deterministic_limit, batch.asked, scenarios))
        if out is None:
            rows: dict[str, Row] = {}
            whole = _answer(wanted, executor, rows, rows.__setitem__, told, cancelled)
            return _analysis(wanted, rows, whole)
        with Store(out, identity(batch, scenarios)) as store:
            failed = store.forget_failed() if retry_failed else ()
            if retry_failed and retrying is not None:
                retrying(failed)
            whole = _answer(wanted, executor, store.rows, lambda name, row: store.append(row), told, cancelled)
            if whole:
                store.put_in_order(scenario.name for scenario in wanted)
            retried = tuple(row.scenario for row in failed) if retry_failed else None
            return _analysis(wanted, store.rows, whole, retried)
    finally:
        executor.close()


def identity(batch: Batch, scenarios: Sequence[Scenario]) -> dict[str, str]:
    """What the rows of a run are of: a folder with others is refused."""
    problem, _ = batch.asked.problem()
    asked = batch.asked
    said = (asked.question, sorted(asked.prices.items()), sorted((name, str(one)) for name, one in asked.types.items()))
    limits = batch.limits
    return {
        "cluster": fingerprint(asked.base),
        "question": _digest([fingerprint(problem), repr(said)]),
        "scenarios": _digest(repr(scenario) for scenario in scenarios),
        "limits": repr(limits),
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\x00")
    return digest.hexdigest()


def _answer(
    wanted: Sequence[Scenario],
    executor: Executor,
    rows: dict[str, Row],
    keep: Callable[[str, Row], None],
    told: Told | None,
    cancelled: Callable[[], bool] | None,
) -> bool:
    """Answer what has no row; whether every scenario has one in the end."""
    waiting = deque(scenario for scenario in wanted if scenario.name not in rows)
    done, out = len(wanted) - len(waiting), 0
    if told is not None:
        told(done, len(wanted))
    while waiting or out:
        while waiting and out < AHEAD * executor.workers:
            executor.submit(waiting.popleft())
            out += 1
        for row in executor.completed(POLL_SECONDS):
            keep(row.scenario, row)
            out, done = out - 1, done + 1
            if told is not None:
                told(done, len(wanted))
        if cancelled is not None and cancelled():
            return not (waiting or out)
    return True


def _analysis(
    wanted: Sequence[Scenario], rows: dict[str, Row], whole: bool, retried: tuple[str, ...] | None = None
) -> Analysis:
    found = tuple(rows[scenario.name] for scenario in wanted if scenario.name in rows)
    return Analysis(found, len(wanted), whole, retried)
