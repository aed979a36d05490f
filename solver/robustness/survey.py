"""Every loss of a kind, one after the other: which are survived, what the others lack, and what to add."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from solver.api import require_sensible
from solver.domain.cluster import INSTANCE_TYPE
from solver.domain.counts import LARGEST_SUM
from solver.domain.money import millionths, price_faults
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.errors import Fault, InvalidRequest, require, under
from solver.formats.choose import nearest
from solver.formats.cluster import Cluster
from solver.robustness.addition import Addition, Search
from solver.robustness.judging import Judgement, Verdict, judged, why
from solver.robustness.kinds import Kind, grown
from solver.robustness.loss import Loss, losses, lost_tasks

WHY_SHARE = 0.3
"""Of the time limit, for the reasons of a loss that fails."""

Told = Callable[[int, int], None]
"""Told how many losses are judged, and of how many."""


@dataclass(frozen=True, eq=False)
class Case:
    """One loss and what is known of it.

    Parameters
    ----------
    lost
        Tasks that run there, without those of DAEMON services.
    reasons
        For groups that lack tasks: what cannot hold together, proved.
    addition
        What repairs it, verified; None where it holds, or where none was found: ``no_addition`` says why.
    """

    loss: Loss
    lost: int
    judgement: Judgement
    reasons: tuple[str, ...] = ()
    addition: Addition | None = None
    no_addition: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Together:
    """All additions at once: of each kind as many as the loss that needs most of it.

    Parameters
    ----------
    unrepaired
        Losses that are not shown to hold with them, each judged again on the cluster with all additions.
    """

    counts: tuple[tuple[Kind, int], ...]
    price: int
    unrepaired: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Survey:
    """All losses of the kinds that were asked for.

    Parameters
    ----------
    priced
        Whether prices are of the currency; otherwise the fewest instances were looked for.
    whole
        Whether every loss was judged; otherwise somebody interrupted.
    """

    cases: tuple[Case, ...]
    total: int
    priced: bool
    together: Together | None = None
    warnings: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every loss was judged."""
        return len(self.cases) == self.total

    def of(self, verdict: Verdict) -> tuple[Case, ...]:
        """The cases with a verdict."""
        return tuple(case for case in self.cases if case.judgement.verdict is verdict)

    @property
    def holds(self) -> bool:
        """Whether it is proved that every loss is survived."""
        return self.whole and len(self.of(Verdict.HOLDS)) == len(self.cases)


def survey(
    cluster: Cluster,
    lose: Sequence[str] = ("zone",),
    *,
    limits: Limits | None = None,
    max_moves: int = 0,
    prices: Mapping[str, float] | None = None,
    repair: bool = True,
    told: Told | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Survey:
    """Judge every loss of the kinds: has every task that runs there a place on the instances that are left?

    What survives stays where it is, but for ``max_moves``. DAEMON tasks go with their instance; what a DAEMON service owes the
    others is held back (§2.2). Tasks that no group has cannot be placed again and are not asked for.

    Parameters
    ----------
    lose
        Kinds of loss: ``zone``, ``type``, ``instance``, ``attribute:NAME``.
    limits
        The time limit is for one loss, and as much again for what to add to it.
    max_moves
        Tasks of REPLICA services elsewhere that may move to make room.
    prices
        Of an instance for an hour, by type: the cheapest addition is looked for; without, the fewest and smallest instances.
    repair
        Whether to look for additions.
    cancelled
        Asked while searching; once true, what is judged so far is returned.

    Raises
    ------
    InvalidRequest
        If a kind of loss means nothing on the cluster, a price or a limit makes no sense.
    """
    limits = limits or Limits()
    require_sensible(limits)
    types = cluster.problem.cluster.column(INSTANCE_TYPE).values
    unknown = [
        Fault(name, "is the type of no instance", nearest(name, types)) for name in prices or {} if name not in types
    ]
    require(under("prices", [*price_faults(prices or {}), *unknown]))
    if not 0 <= max_moves <= LARGEST_SUM:
        raise InvalidRequest.at("max_moves", f"is {max_moves:,}", f"must be 0 to {LARGEST_SUM:,}")
    if not lose:
        raise InvalidRequest.at("lose", "names nothing", "name a kind of loss, such as zone")
    problem, known = cluster.problem, millionths(prices or {})
    wanted = [loss for what in dict.fromkeys(lose) for loss in losses(problem.cluster, what)]
    cases: list[Case] = []
    if told is not None:
        told(0, len(wanted))
    for loss in wanted:
        if cancelled is not None and cancelled():
            break
        case = _case(problem, loss, limits, max_moves, known if repair else None, cancelled)
        if case is None:
            break
        cases.append(case)
        if told is not None:
            told(len(cases), len(wanted))
    together = None
    if repair and len(cases) == len(wanted) and any(case.addition for case in cases):
        together = _together(problem, cases, lose, limits, max_moves, cancelled)
    return Survey(tuple(cases), len(wanted), bool(known), together, _warnings(cluster))


def _case(
    problem: Problem,
    loss: Loss,
    limits: Limits,
    max_moves: int,
    prices: Mapping[str, int] | None,
    cancelled: Callable[[], bool] | None,
) -> Case | None:
    """One loss; None where somebody interrupted before it was judged."""
    begun = time.monotonic()
    judgement = judged(problem, loss.gone, limits, max_moves, cancelled)
    if cancelled is not None and cancelled() and judgement.verdict is Verdict.UNDECIDED:
        return None
    lost = int(lost_tasks(problem, loss.gone).sum())
    if judgement.verdict is Verdict.HOLDS:
        return Case(loss, lost, judgement, seconds=time.monotonic() - begun)
    reasons = why(judgement, limits, WHY_SHARE * limits.time_limit) if judgement.verdict is Verdict.FAILS else ()
    addition, no_addition = None, ""
    if prices is not None:
        found = Search(problem, loss, prices, limits, max_moves, cancelled).run(judgement)
        addition, no_addition = found.addition, found.reason
    return Case(loss, lost, judgement, reasons, addition, no_addition, time.monotonic() - begun)


def _together(
    problem: Problem,
    cases: Sequence[Case],
    lose: Sequence[str],
    limits: Limits,
    max_moves: int,
    cancelled: Callable[[], bool] | None,
) -> Together:
    """The cluster with the additions of all cases, every loss judged again; the new instances may be lost with the others."""
    most: dict[tuple[str, str], tuple[Kind, int]] = {}
    for case in cases:
        for kind, count in case.addition.counts if case.addition is not None else ():
            key = (kind.label, repr(sorted(kind.attributes.items())))
            most[key] = max(most.get(key, (kind, 0)), (kind, count), key=lambda one: one[1])
    counts = tuple(most.values())
    larger = grown(problem, [kind for kind, _ in counts], [count for _, count in counts])
    unrepaired = []
    for loss in (loss for what in dict.fromkeys(lose) for loss in losses(larger.cluster, what)):
        gone = cancelled is not None and cancelled()
        if gone or judged(larger, loss.gone, limits, max_moves, cancelled).verdict is not Verdict.HOLDS:
            unrepaired.append(loss.name)
    return Together(counts, sum(kind.price * count for kind, count in counts), tuple(unrepaired))


def _warnings(cluster: Cluster) -> tuple[str, ...]:
    """What the survey takes for granted and the documents contradict."""
    running = cluster.problem.running.totals().tolist()
    names = cluster.names.groups
    said = [
        f"{cluster.problem.groups[g].name}: {running[g]:,} of its tasks would not start again by themselves: "
        f"it {names[g].refusal.partition('; ')[0]}"
        for g in range(len(cluster.problem.groups))
        if running[g] and g < len(names) and names[g].refusal
    ]
    unlisted = int(cluster.problem.cluster.unlisted_tasks.sum())
    if unlisted:
        said.append(f"{unlisted:,} tasks that belong to no group go with their instance and are asked for nowhere")
    return tuple(said)


__all__ = ["Case", "Survey", "Together", "survey"]
