"""The curve of a rebalance: what so many moves can gain at most, budget by budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from solver.api import place, require_sensible
from solver.domain.answer import Answer
from solver.domain.curve import CurvePoint
from solver.domain.placement import Placement
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.domain.solution import TierResult
from solver.errors import InvalidRequest

LAST_SHARES = 3
"""The largest budget, whose bounds hold for all, gets so many shares of the time where each other one gets one."""

LEAST_SECONDS = 0.05
"""For the largest budget and for no moves, which are always answered; with less left, another gets the best plan of those."""


def curve(
    problem: Problem,
    limits: Limits | None = None,
    *,
    cancelled: Callable[[], bool] | None = None,
    warnings: Sequence[str] = (),
    clock: Callable[[], float] = time.monotonic,
) -> tuple[CurvePoint, ...]:
    """The best plan found for each budget of 0, 1, 2, 3, 5, 8, 13, ... moves, up to ``freedom.max_moves``, that one included.

    More budget is never worse: a plan serves every budget that it keeps, and a bound every smaller budget. Once a plan is
    as good as the best for the largest budget, the points after it repeat it.

    Parameters
    ----------
    problem
        A request that may move tasks, with ``freedom.max_moves``.
    limits
        For the whole curve: the time limit and the deterministic limit are shared out.
    cancelled
        Asked while searching; once true, what is known so far is returned.
    warnings
        Carried into the answers, from whoever read the input.
    clock
        Seconds, from any moment on.

    Raises
    ------
    InvalidRequest
        If there is no ``freedom.max_moves``, a rule cannot be read or a limit makes no sense.
    """
    most = problem.freedom.max_moves
    if most is None:
        raise InvalidRequest.at("freedom.max_moves", "is missing", "give the largest budget of the curve")
    limits, budgets = limits or Limits(), budgets_up_to(most)
    require_sensible(limits)
    end = clock() + limits.time_limit
    # The last one first: its plan may do for others, its bounds do, and the engines are loaded in the largest share.
    order = [most, 0, *budgets[1:-1]] if most else [0]
    found: dict[int, Answer] = {}
    shares = [LAST_SHARES if budget == most else 1 for budget in order]
    for k, budget in enumerate(order):
        left, fixed = end - clock(), limits.deterministic_limit
        if fixed is None:
            left *= shares[k] / sum(shares[k:])
        else:
            # The clock ends nothing early, so that the curve repeats.
            fixed *= shares[k] / sum(shares)
        gone = cancelled is not None and cancelled()
        if k and budget and (left < LEAST_SECONDS or gone or _is_reached(found, budget, most)):
            continue
        part = replace(limits, time_limit=max(left, LEAST_SECONDS), deterministic_limit=fixed)
        asked = replace(problem, freedom=replace(problem.freedom, max_moves=budget))
        found[budget] = place(asked, part, explain=False, cancelled=cancelled, warnings=warnings)
    return tuple(_point(budget, found) for budget in budgets)


def budgets_up_to(most: int) -> tuple[int, ...]:
    """0, 1, 2, 3, 5, 8, 13, ... and the last one."""
    found, one, two = [0], 1, 2
    while one < most:
        found.append(one)
        one, two = two, one + two
    return (*found, most) if most else (0,)


def _values(answer: Answer) -> tuple[int, ...]:
    return tuple(tier.value for tier in answer.tiers)


def _moves(answer: Answer) -> int:
    """Tasks that move."""
    placement = Placement(answer.problem, answer.tasks)
    return sum(placement.moved(g) for g in range(len(answer.problem.groups)))


def _needs(answer: Answer) -> int:
    """The budget that a plan needs: a task that makes way by a third instance moves twice."""
    steps = answer.steps.actions if answer.steps is not None else ()
    return max(_moves(answer), sum(action.kind == "move" for action in steps))


def _best(budget: int, found: dict[int, Answer]) -> Answer:
    """The best plan that keeps a budget; of equal ones that of the smallest."""
    known = [(_values(answer), given) for given, answer in found.items() if given <= budget or _needs(answer) <= budget]
    return found[min(known)[1]]


def _is_reached(found: dict[int, Answer], budget: int, most: int) -> bool:
    """Whether a plan within the budget is as good as the best that is known of the largest, or is proved for it."""
    best = _best(budget, found)
    return most in found and _values(best) == _values(_best(most, found)) and _point(budget, found).proven


def _point(budget: int, found: dict[int, Answer]) -> CurvePoint:
    best = _best(budget, found)
    return CurvePoint(budget, _moves(best), _tiers(best, budget, found), best)


def _tiers(best: Answer, budget: int, found: dict[int, Answer]) -> tuple[TierResult, ...]:
    """The tiers of a plan with the best bounds: of any answer to this budget or a larger one that speaks of such plans."""
    wider = [answer for given, answer in found.items() if given >= budget]
    tiers: list[TierResult] = []
    values, proven = _values(best), True
    for t, tier in enumerate(best.tiers):
        speaking = [
            answer.tiers[t]
            for answer in wider
            if all(value <= given for value, given in zip(values[:t], _values(answer)[:t], strict=True))
        ]
        bound, source = max(((one.bound, one.source) for one in speaking), default=(0, "counting"))
        proven = proven and bound >= tier.value
        tiers.append(replace(tier, bound=min(bound, tier.value), source=source, proven=proven))
    return tuple(tiers)


__all__ = ["CurvePoint", "budgets_up_to", "curve"]
