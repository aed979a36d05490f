"""Right-size: the cheapest mix of new and existing instances that holds every task, with a proof of how cheap it can be.

The mix is found over types of tasks and offers (``solver.engines.patterns.mix``); which offers may hold which tasks, and
how many, the rules themselves say. Rules that tie instances or groups together are left to the placement engine, which
gets the mix as a cluster: where it cannot place everything, instances are added. The bound leaves such rules out, so it
holds for every plan that keeps them. A small question is then asked whole, instance by instance and with every rule
(``solver.capacity.whole``). No plan is returned that the checker does not pass.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver.api import require_sensible
from solver.capacity.candidates import candidates
from solver.capacity.catalogue import Catalogue
from solver.capacity.offers import Market, prices_there, unknown_zones
from solver.capacity.placing import placed
from solver.capacity.planned import Planned
from solver.capacity.question import Question
from solver.capacity.whole import ask, may_ask
from solver.domain.cluster import INSTANCE_TYPE, ZONE
from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.engines.deadline import Deadline
from solver.engines.patterns.mix.first_fit import first_fit
from solver.engines.patterns.mix.problem import Filled, Mix, MixProblem
from solver.engines.patterns.mix.search import MixResult, cheapest
from solver.errors import InvalidRequest

MOST_ADDITIONS, FEW_ADDITIONS = 8, 2
"""How often instances are added for what the rules left without a place; and where the question is asked whole after that."""

SEARCH_SHARE = 0.75
"""Of the time limit; the rest is for rules that the search does not know."""

SMALL_SHARE, RULES_SHARE, WHOLE_SHARE = 0.4, 0.5, 0.95
"""Where the question is asked whole: of the time limit for the search, of what is left then for rules that it does not know,
and of what is left after that for the whole question."""

MOST_KINDS = 1_000
"""Types of tasks: with more, no question is small, and a first mix takes too long to find out."""

Purchase = tuple[str, str]
"""Type and zone."""


@dataclass(frozen=True, eq=False)
class RightSized:
    """A mix as a plan, and what is known of all mixes.

    Parameters
    ----------
    problem, tasks
        The cluster with the new instances, those that are given up drained, and every task on it: the checker passes it.
    bought
        New instances by type and zone.
    kept, given_up
        Instances that were there, by index.
    moved
        Tasks that end elsewhere than they are.
    cost, bound
        Of the mix, and of any mix at least, for an hour in millionths of the currency.
    source
        Where the bound comes from: ``relaxation``, ``patterns``, ``counting``, or ``model`` with all rules.
    before
        What the instances that are there cost.
    first_fit
        What first fit decreasing costs, rules between instances left out; None where it leaves tasks over.
    """

    problem: Problem
    tasks: Counts
    bought: Mapping[Purchase, int]
    kept: tuple[int, ...]
    given_up: tuple[int, ...]
    moved: int
    cost: int
    bound: int
    source: str
    before: int
    first_fit: int | None
    warnings: tuple[str, ...]
    seconds: float

    @property
    def proven(self) -> bool:
        """No mix is cheaper."""
        return self.cost <= self.bound

    @property
    def gap(self) -> float:
        """How far the cost may be above the least, as a share of the bound; 0 where it is proved."""
        return 0.0 if self.proven else (self.cost - self.bound) / self.bound if self.bound else float(self.cost > 0)


def right_size(
    problem: Problem,
    catalogue: Catalogue,
    limits: Limits | None = None,
    *,
    zones: Sequence[str] = (),
    attributes: Mapping[str, str] | None = None,
    provider: str = "",
    cancelled: Callable[[], bool] | None = None,
    warnings: Sequence[str] = (),
) -> RightSized:
    """The cheapest mix found in the time given.

    Parameters
    ----------
    problem
        The cluster, perhaps without instances, its groups and what they want. Tasks move as its ``freedom`` allows
        (``max_moves``); an instance whose tasks may all move can be given up.
    catalogue
        What may be bought, and what the instances that are there cost.
    zones
        Where instances may be bought; left out, where the cluster has some.
    attributes, provider
        Of every new instance, beside its type, zone and architecture.
    cancelled
        Asked while searching; once true, the best mix so far is returned.

    Raises
    ------
    InvalidRequest
        If no type holds a task of some group, an instance has no price, or no mix was found on which the rules between
        instances leave every task a place.
    """
    limits = limits or Limits(time_limit=60.0)
    require_sensible(limits)
    begun = time.monotonic()
    deadline = Deadline(limits.time_limit, cancelled)
    market = Market.of(problem, catalogue, zones, attributes or {}, provider)
    prices = prices_there(problem, catalogue)
    question = Question.of(problem, market, prices)
    small = _is_small(question, deadline)
    result = cheapest(question.asked, deadline.part(SMALL_SHARE if small else SEARCH_SHARE), limits.seed)
    if result.mix is None and not small:
        raise InvalidRequest.at("right-size", "found no mix in the time given", "allow more time")
    adding = _Adding(question, limits, FEW_ADDITIONS if small else MOST_ADDITIONS)
    plan = adding.checked(result, deadline.part(RULES_SHARE) if small else deadline)
    bound, source = result.bound, result.source
    if small:
        whole = ask(question, plan, bound, limits, deadline.part(WHOLE_SHARE))
        if whole.bound is None:
            raise InvalidRequest.at("right-size", "no mix leaves every task a place under all rules (proved)", _REMEDY)
        source = "model" if whole.bound > bound else source
        plan, bound = whole.plan, whole.bound
    if plan is None:
        what = f"; without one: {', '.join(adding.short[:5])}" if adding.short else ""
        raise InvalidRequest.at(
            "right-size", f"found no mix on which the rules leave every task a place{what}", _REMEDY
        )
    shopping = Counter((market.offers[k].type.name, market.offers[k].zone) for k in plan.bought)
    return RightSized(
        problem=plan.problem,
        tasks=plan.tasks,
        bought=dict(sorted(shopping.items())),
        kept=tuple(sorted(plan.kept)),
        given_up=tuple(e for e in range(question.asked.there) if e not in plan.kept),
        moved=plan.moved,
        cost=plan.cost,
        bound=bound,
        source=source,
        before=sum(prices),
        first_fit=result.first_fit,
        warnings=(*catalogue.warnings, *warnings, *unknown_zones(problem, catalogue, zones)),
        seconds=time.monotonic() - begun,
    )


def _is_small(question: Question, deadline: Deadline) -> bool:
    """Whether the question can be asked whole, as far as a first mix tells."""
    if question.asked.kinds > MOST_KINDS:
        return False
    simple = first_fit(question.asked, deadline.part(0.05))
    return may_ask(question, candidates(question, None if simple is None else simple.cost(question.asked)))


class _Adding:
    """Makes mixes plans that the checker passes: with instances bought, or kept after all, where rules between instances ask.

    Parameters
    ----------
    most
        How often instances are added.
    """

    def __init__(self, question: Question, limits: Limits, most: int) -> None:
        self._question, self._limits, self._most = question, limits, most
        self.short: list[str] = []
        """Groups that were last without a place."""

    def checked(self, result: MixResult, deadline: Deadline) -> Planned | None:
        """The mix as such a plan; where that does not help, first fit decreasing, which keeps everything and moves nothing."""
        for mix, share in ((result.mix, 0.8), (result.simple, 1.0)):
            found = None if mix is None else self._with_additions(mix, deadline.part(share))
            if found is not None:
                return found
        return None

    def _with_additions(self, mix: Mix, deadline: Deadline) -> Planned | None:
        question, limits = self._question, self._limits
        for _ in range(self._most):
            plan = question.plan(mix)
            if plan.is_right:
                return plan
            plan = replace(plan, tasks=placed(plan.problem, limits, deadline.part(0.6)).tasks)
            if plan.is_right:
                return plan
            missing = plan.problem.missing(plan.tasks)
            self.short = [plan.problem.groups[g].name for g in np.flatnonzero(missing).tolist()]
            kept = {one.offer for one in mix.filled}
            offers = [k for k in range(question.asked.offers) if k >= question.asked.there or k not in kept]
            more = cheapest(_of_missing(question, missing, offers), deadline.part(0.3), limits.seed)
            if more.mix is None or deadline.passed():
                return None
            mix = Mix((*mix.filled, *(Filled(offers[one.offer], {}) for one in more.mix.filled)))
        return None


_REMEDY = "give new instances what their rules ask for (--attribute, --zone), allow more time, or loosen the rules"


def _of_missing(question: Question, missing: np.typing.NDArray[np.int64], offers: list[int]) -> MixProblem:
    """What else there should be for tasks that found no place: some of these offers, what is given up among them."""
    asked = question.asked
    wanted = np.zeros(asked.kinds, np.int64)
    some = (missing > 0) & (question.kind >= 0)
    np.add.at(wanted, question.kind[some], missing[some])
    return replace(
        asked,
        wanted=wanted,
        capacity=asked.capacity[offers],
        price=asked.price[offers],
        cap=asked.cap[:, offers],
        most=asked.most[offers],
        running=np.zeros((asked.kinds, 0), np.int64),
        must_keep=np.zeros(0, np.bool_),
        max_moves=None,
    )


def types_kept(found: RightSized) -> Mapping[Purchase, tuple[int, int]]:
    """By type and zone, how many of the instances that were there are kept, and how many are given up."""
    cluster = found.problem.cluster
    kinds, zones = cluster.column(INSTANCE_TYPE), cluster.column(ZONE)
    counts: dict[Purchase, list[int]] = {}
    for which, instances in enumerate((found.kept, found.given_up)):
        for e in instances:
            counts.setdefault((kinds[e] or "", zones[e] or ""), [0, 0])[which] += 1
    return {name: (kept, gone) for name, (kept, gone) in sorted(counts.items())}
