"""Answers a reassignment: searches, checks, and says what it costs, term by term, and what no plan can cost less than."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from solver.domain.counts import Ints
from solver.domain.placement import Placement
from solver.domain.reassignment import Reassignment
from solver.engines.deadline import Deadline
from solver.engines.reassignment.bound import SOURCE, counting_bound
from solver.engines.reassignment.search import Budget, search
from solver.errors import InvalidRequest, PlanRejected
from solver.rules.bound import Rules
from solver.rules.reassignment import cost_of, rules_of
from solver.verify import check


@dataclass(frozen=True)
class Term:
    """A part of the cost: what it is of, its weight, and its value before and after, weight included."""

    title: str
    weight: int
    before: int
    after: int


@dataclass(frozen=True, eq=False)
class Reassigned:
    """A checked plan.

    Parameters
    ----------
    place
        ``int64[T]``: the instance of each task.
    initial, cost, bound
        What it costs to change nothing, what the plan costs, and what no plan can cost less than.
    source
        Where the bound is from.
    terms
        The parts of the cost.
    moved, steps, seconds
        Tasks that move; what the search tried, in all threads; how long it took.
    """

    place: Ints
    initial: int
    cost: int
    bound: int
    source: str
    terms: tuple[Term, ...]
    moved: int
    steps: int
    seconds: float

    @property
    def proven(self) -> bool:
        """Whether no plan costs less."""
        return self.cost == self.bound

    @property
    def gap(self) -> float:
        """By what part of the cost the bound is below it; 0 where nothing costs anything."""
        return (self.cost - self.bound) / self.cost if self.cost else 0.0


def reassign(
    asked: Reassignment,
    time_limit: float,
    *,
    seed: int = 0,
    workers: int = 2,
    steps: int = 0,
    cancelled: Callable[[], bool] | None = None,
    tell: Callable[[int], None] | None = None,
) -> Reassigned:
    """A cheap plan within a time limit in seconds.

    Parameters
    ----------
    steps
        Of each thread; 0 for as many as there is time for. With a number, the same seed and workers give the same plan, unless
        the time limit ends the search.
    cancelled
        Asked now and then; once it is true, the best plan so far is returned.
    tell
        Is told of each cost that is lower than all before, from any thread.

    Raises
    ------
    InvalidRequest
        If the assignment that is there breaks a rule: the search begins with it.
    PlanRejected
        If the checker refuses the plan that was found.
    """
    deadline = Deadline(time_limit, cancelled)
    rules = rules_of(asked)
    before = Placement(asked.problem)
    wrong = [str(found) for constraint in rules.constraints for found in constraint.broken(before)]
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise InvalidRequest.at("assignment", f"breaks a rule: {wrong[0]}{more}", "give one that keeps all of them")
    initial, bound = cost_of(rules).value(before), counting_bound(asked)
    found = search(asked, initial, bound, Budget(deadline, steps), seed=seed, workers=workers, tell=tell)
    after = _checked(asked, found.place, rules)
    terms = tuple(
        Term(cost.title, weight, weight * cost.value(before), weight * cost.value(after))
        for weight, cost in cost_of(rules).parts
    )
    cost = sum(term.after for term in terms)
    if cost != found.cost:
        raise PlanRejected(f"the search counts {found.cost:.0f} for its plan, the rules {cost}")
    moved = int((found.place != asked.home).sum())
    return Reassigned(found.place, initial, cost, bound, SOURCE, terms, moved, found.steps, deadline.elapsed())


def _checked(asked: Reassignment, place: Ints, rules: Rules) -> Placement:
    tasks = asked.counts(place)
    violations = check(asked.problem, tasks, rules)
    if violations:
        raise PlanRejected(f"the checker refused the plan: {violations[0]}")
    return Placement(asked.problem, tasks)
