"""Answers one scenario: edits the cluster, asks, and sums up the plan as a row."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from solver import memory
from solver.api import place
from solver.domain.answer import Answer
from solver.domain.cluster import INSTANCE_TYPE, ClusterSnapshot
from solver.domain.counts import Bools
from solver.domain.explanation import Shortfall
from solver.domain.placement import Placement
from solver.domain.request import Limits
from solver.errors import PlacementSolverError
from solver.explain import funnel
from solver.formats.kept_plan import kept_plan
from solver.robustness.survival import answered as surviving
from solver.rules.bind import bind
from solver.whatif.asked import Asked
from solver.whatif.row import Outcome, Row, Tier
from solver.whatif.scenario import Scenario

MOST_FUNNELS = 20
"""Groups of a kept plan with a funnel."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What all scenarios of a run have in common; it goes to every worker once.

    Parameters
    ----------
    kept
        Scenarios whose plans are kept too, not their rows alone.
    """

    asked: Asked
    limits: Limits
    kept: frozenset[str] = frozenset()

    def answer(self, scenario: Scenario) -> tuple[Asked, Answer]:
        """The edited question, and the checked answer to it.

        Raises
        ------
        InvalidRequest
            If the edits make no sense together, on this cluster.
        """
        edited = scenario.applied_to(self.asked)
        problem, warnings = edited.problem()
        survival = edited.survival()
        if survival is None:
            return edited, place(problem, self.limits, explain=False, warnings=warnings)
        return edited, surviving(problem, survival, self.limits, explain=False, warnings=warnings).answer

    def row(self, scenario: Scenario) -> Row:
        """The row of a scenario; what goes wrong is its reason."""
        begun = time.monotonic()
        try:
            edited, answer = self.answer(scenario)
        except PlacementSolverError as refused:
            return Row.failed(scenario.name, "; ".join(str(refused).splitlines()))
        except MemoryError:
            return Row.failed(scenario.name, _too_large())
        except Exception as fault:
            # A fault of ours costs this scenario, and no other.
            return Row.failed(scenario.name, f"{type(fault).__name__}: {fault}")
        row = row_of(scenario.name, edited, answer, time.monotonic() - begun)
        return replace(row, plan=_plan(scenario.name, answer)) if scenario.name in self.kept else row


def _too_large() -> str:
    most = memory.limited_to()
    return "out of memory" if most is None else f"needs more than the {most // 2**20:,} MiB of memory that a worker has"


def _plan(name: str, answer: Answer) -> str:
    """The plan as JSON, with how many instances each rule refused to the groups that lack tasks."""
    return kept_plan(replace(answer, shortfalls=_funnels(answer)), scenario=name).to_json()


def _funnels(answer: Answer) -> tuple[Shortfall, ...]:
    """Of the groups that lack tasks, in the state that the plan ends in: what the rules alone say, without any search."""
    problem, missing = answer.problem, answer.problem.missing(answer.tasks)
    rules = bind(problem.after(answer.tasks))
    state = Placement(rules.problem, answer.tasks)
    wanted = problem.wanted + problem.operation.leaving.totals()
    proven = {tier.name for tier in answer.tiers if tier.proven}
    found = []
    for g in np.flatnonzero(missing)[:MOST_FUNNELS].tolist():
        group, lack = problem.groups[g], int(missing[g])
        asked = max(int(wanted[g]), lack)
        is_proven = f"unplaced/{group.priority}" in proven
        stages = funnel(rules, answer.tasks, g, state)
        found.append(Shortfall(group.name, asked, asked - lack, is_proven, stages))
    return tuple(found)


def row_of(name: str, asked: Asked, answer: Answer, seconds: float) -> Row:
    """The row of an answer."""
    problem, tasks = answer.problem, answer.tasks
    state = Placement(problem, tasks)
    moved = sum(state.moved(g) for g in range(len(problem.groups)))
    missing = problem.missing(tasks)
    in_use = problem.in_use(tasks)
    every = np.ones(problem.cluster.size, np.bool_)
    return Row(
        scenario=name,
        status=Outcome(answer.status.value),
        wanted=int(problem.wanted.sum()),
        placed=int(answer.started.totals().sum()) - moved,
        missing=int(missing.sum()),
        short={problem.groups[g].name: int(missing[g]) for g in np.flatnonzero(missing).tolist()} or None,
        displaced=sum(asked.displaced.values()),
        lost=sum(asked.lost.values()),
        moved=moved,
        stopped=int(answer.stopped.totals().sum()) - moved,
        unsurvived=None if asked.question.survival is None else sum(loss.without_place > 0 for loss in answer.losses),
        instances=problem.cluster.size,
        used=int(in_use.sum()),
        cost=cost(asked, problem.cluster, every),
        used_cost=cost(asked, problem.cluster, in_use),
        tiers=tuple(Tier.of(tier) for tier in answer.tiers),
        warnings=answer.warnings,
        fingerprint=answer.replay.fingerprint,
        seconds=seconds,
    )


def cost(asked: Asked, cluster: ClusterSnapshot, instances: Bools) -> int | None:
    """What some instances cost an hour, in millionths; None where nothing has a price, or one of them has none."""
    column = cluster.column(INSTANCE_TYPE)
    prices = [asked.prices.get(column[i] or "") for i in np.flatnonzero(instances).tolist()]
    known = [price for price in prices if price is not None]
    return sum(known) if asked.prices and len(known) == len(prices) else None
