"""The assignment engine applied to a request: the first tiers, which say what is missing, stopped for others, and moved."""

from __future__ import annotations

from solver.domain.counts import Counts, Ints
from solver.domain.request import Limits
from solver.engines import exact
from solver.engines.arrays import applicable, in_arrays
from solver.engines.assignment import search
from solver.engines.assignment.plan import Plan
from solver.engines.counted import counted_tiers
from solver.engines.deadline import Deadline
from solver.engines.incumbent import Incumbent
from solver.engines.kernels import compiled
from solver.rules.binpack import Opened

TIME_SHARE, LAST_SHARE = 0.6, 0.95
"""Of what is left, where other engines can use the rest: with tiers after these, and without."""

FEW_STARTS = 2_000
"""Of the count model: where it has no more it may prove what this engine cannot, which then does not take all of its time."""


def improve(incumbent: Incumbent, limits: Limits, deadline: Deadline) -> None:
    """Improve the first tiers of the incumbent and their bounds, where the request has the form for it."""
    rules = incumbent.rules
    tiers = counted_tiers(rules)
    if not tiers or incumbent.proven(len(tiers) - 1) or not applicable(rules):
        return
    if not compiled.ready(compiled.ASSIGNMENT, deadline.remaining()):
        incumbent.uncompiled = True
        return
    request = rules.problem
    asked = in_arrays(rules, tiers)
    share = LAST_SHARE if len(tiers) == len(rules.tiers) else TIME_SHARE
    types = incumbent.types
    packed = any(isinstance(cost, Opened) for cost in rules.tiers[len(tiers) :])
    alone = limits.deterministic_limit is not None or not (
        packed or exact.fits(exact.starts_of(types), deadline.remaining() * (1 - share))
    )
    whole = deadline if alone else deadline.part(share)
    fixed = request.operation.fixed

    def offer(counts: Ints) -> bool:
        return incumbent.offer(fixed + Counts.dense(counts), of_all_rules=False)

    def known(tier: int) -> tuple[int, int, Ints]:
        return incumbent.values[tier], incumbent.bound(tier).value, incumbent.least(tier)

    search.improve(
        asked,
        Plan(
            counts=lambda: (incumbent.tasks - fixed).to_dense(),
            offer=offer,
            known=known,
            prove=lambda tier, bound, given: incumbent.add_bound(tier, bound, "relaxation", given),
        ),
        limits,
        whole,
        others=not alone and (packed or sum(one.size for one in types) <= FEW_STARTS),
    )
