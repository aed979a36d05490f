"""The phases of placing: rules, first plan, model, whole answer, check. Each starts from a problem that nothing has read."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import cast

from benchmarks.milestones import Moment, milestones
from benchmarks.subject import Case, Outcome, Phase
from solver import api
from solver.domain.answer import Answer
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import TierResult
from solver.engines import sequential
from solver.engines.incumbent import Known
from solver.rules.bind import bind

SMOKE_SECONDS = 0.3
"""Time limit of an answer at less than full scale."""

History = list[Moment]
"""By the seconds since the call."""


def limits_of(case: Case, seed: int, scale: float) -> Limits:
    """The case's limits with the seed; a short time where the scale is not the case's own."""
    seconds = case.limits.time_limit if scale == 1 else min(SMOKE_SECONDS, case.limits.time_limit)
    return replace(case.limits, seed=seed, time_limit=seconds)


def judged(case: Case, seed: int, scale: float, answer: Answer) -> Outcome:
    """What an answer says of the case's tier, and what is wrong with it: the checker is asked once more."""
    wrong = [f"broken rule: {violation}" for violation in api.check(answer.problem, answer.tasks)]
    if not answer.tiers:
        return Outcome(status=f"{answer.status.name} (plan only)", wrong=tuple(wrong))
    tier = tier_of(case, answer)
    wrong += [
        f"{one.name}: bound {one.bound} above the value {one.value}" for one in answer.tiers if one.bound > one.value
    ]
    if tuple(one.value for one in answer.tiers) > tuple(one.sequential for one in answer.tiers):
        wrong.append("worse than the sequential scheduler")
    if scale == 1 and case.all_placed and not answer.complete:
        wrong.append(f"{int(answer.missing().sum())} tasks are not placed, and all could be")
    if scale == 1 and seed in case.optimum:
        best = case.optimum[seed]
        if not tier.bound <= best <= tier.value:
            wrong.append(f"{tier.name}: bound {tier.bound}, value {tier.value}, but the optimum is {best}")
    return Outcome(
        status=answer.status.name,
        value=(tier.value,),
        bound=(tier.bound,),
        proven=tier.proven,
        figures={
            "placed": int(answer.placed().sum()),
            "sequential": tier.sequential,
            "engine": answer.engine,
            "first plan (s)": answer.first_plan_seconds,
            "stop": answer.stop.name,
        },
        wrong=tuple(wrong),
    )


def tier_of(case: Case, answer: Answer) -> TierResult:
    """The tier that the case reports.

    Raises
    ------
    KeyError
        If the answer has no tier of that name.
    """
    return {tier.name: tier for tier in answer.tiers}[case.tier or answer.tiers[-1].name]


def _fine(case: Case, seed: int, scale: float, found: object) -> Outcome:
    return Outcome()


def _bind(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
    return partial(bind, case.build(seed, scale))


def _sequential(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
    return partial(sequential.place, bind(case.build(seed, scale)), seed)


def _model(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
    # Loaded here, so that the memory of the other phases is without ortools where they do without it.
    compile_model = importlib.import_module("solver.compile").compile_model
    return partial(compile_model, bind(case.build(seed, scale)))


def prepare_answer(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
    """The whole answer, reasons included; what it returns is an ``Answer`` and its ``History``."""
    return partial(timed, api.place, case.build(seed, scale), limits_of(case, seed, scale))


def timed(place: Callable[..., Answer], problem: Problem, limits: Limits) -> tuple[Answer, History]:
    """Place, and when each better plan and each bound was there."""
    begun = time.monotonic()
    history: History = []

    def note(known: Known) -> None:
        history.append(Moment(time.monotonic() - begun, known.values, known.floors))

    return place(problem, limits, on_progress=note), history


def judge_place(case: Case, seed: int, scale: float, found: object) -> Outcome:
    """What an answer with its history says."""
    answer, history = cast(tuple[Answer, History], found)
    outcome = judged(case, seed, scale, answer)
    return replace(outcome, figures={**outcome.figures, **reached(case, answer, history)})


def reached(case: Case, answer: Answer, history: History) -> Mapping[str, float]:
    """When the case's tier reached what: seconds by milestone."""
    return milestones(history, answer, [one.name for one in answer.tiers].index(tier_of(case, answer).name))


def _check(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
    rules = bind(case.build(seed, scale))
    tasks = sequential.place(rules, seed)
    # A problem of its own: what the engine has computed on the other is not to help the checker.
    return partial(api.check, case.build(seed, scale), tasks)


def _judge_check(case: Case, seed: int, scale: float, found: object) -> Outcome:
    return Outcome(wrong=tuple(f"broken rule: {violation}" for violation in cast(Sequence[object], found)))


BIND = Phase("rules", _bind, _fine)
SEQUENTIAL = Phase("first plan", _sequential, _fine)
MODEL = Phase("model", _model, _fine)
PLACE = Phase("answer", prepare_answer, judge_place)
CHECK = Phase("check", _check, _judge_check)

PLACING = (BIND, SEQUENTIAL, PLACE, CHECK)
"""What every workload of placing has; ``MODEL`` beside it where the count model is built."""
