"""When a plan was as good as it came to be: within 5 %, within 1 %, the best one, and proved; of one tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from solver.domain.answer import Answer
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.portfolio import count_bounds
from solver.rules.bind import bind

SHARES = (0.05, 0.01)
EVENNESS = "/spread/evenness"
"""How the name of a tier ends whose value has a part that no plan changes."""

COUNTING_SECONDS = 10.0
"""More than counting takes on any subject."""


@dataclass(frozen=True)
class Moment:
    """What was known after so many seconds: the best plan's tier values, and the bounds that held for it."""

    seconds: float
    values: tuple[int, ...]
    bounds: tuple[int, ...]


def gap(value: int, bound: int, fixed: int) -> float:
    """How far a value is above a bound, as a part of what a plan can change (§6.2).

    Parameters
    ----------
    fixed
        The part of the value that no plan changes.
    """
    return 0.0 if value <= bound else (value - bound) / (value - min(fixed, bound))


def milestones(history: Sequence[Moment], answer: Answer, tier: int) -> Mapping[str, float]:
    """Seconds until each milestone of a tier; those that were not reached are left out.

    A plan is *within* a share once its earlier tiers are as good as the answer's, and its gap, in the tier and in each before
    it, is at most the share, taken to the bound that was there at the end. *Best plan* is when the answer's value was there,
    *proved* when the bounds of the tier and of all before it met the plan of that moment.
    """
    final = tuple(one.value for one in answer.tiers[: tier + 1])
    least = fixed_parts(answer, tier)
    as_good = [moment for moment in history if moment.values[:tier] <= final[:tier]]

    def within(moment: Moment, share: float) -> bool:
        known = zip(moment.values, answer.tiers[: tier + 1], least, strict=False)
        return all(gap(value, one.bound, fixed) <= share for value, one, fixed in known)

    reached = {"first plan (s)": _first(history)} | {
        f"within {100 * share:g} % (s)": _first(one for one in as_good if within(one, share)) for share in SHARES
    }
    reached["best plan (s)"] = _first(one for one in history if one.values[: tier + 1] <= final)
    reached["proved (s)"] = _first(one for one in history if one.bounds[: tier + 1] == one.values[: tier + 1])
    return {name: found.seconds for name, found in reached.items() if found is not None}


def _first(moments: Iterable[Moment]) -> Moment | None:
    return min(moments, key=lambda one: one.seconds, default=None)


def fixed_parts(answer: Answer, tier: int) -> tuple[int, ...]:
    """What no plan changes of each tier up to this one: of the evenness of a spread what counting proves, else nothing."""
    counting = Incumbent(bind(answer.problem))
    counting.require_sequential(answer.tasks)
    count_bounds(counting, Deadline(COUNTING_SECONDS))
    return tuple(
        counting.bound(t).value if one.name.endswith(EVENNESS) else 0 for t, one in enumerate(answer.tiers[: tier + 1])
    )
