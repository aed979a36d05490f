"""What a result comes to, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from solver.domain.money import MILLIONTHS
from solver.domain.solution import Status, Stop
from solver.formats.kept_plan import KeptPlan
from solver.report.headline import duration, plural
from solver.report.what_if import sentence
from solver.whatif.analysis import Analysis
from solver.whatif.row import Row
from solver.whatif.scenario import BASE

MOST_GROUPS = 6

_STATUS = {
    Status.OPTIMAL: "Every aim is proved: no plan is better.",
    Status.INFEASIBLE: "That everything finds a place is proved impossible; nothing is changed.",
    Status.NOT_FOUND: "No plan that places everything was found in the time given; nothing is changed.",
}
_STOPPED = {
    Stop.PROVED: "Not every aim is proved.",
    Stop.TIME: "Time was up before every aim was proved: a better plan may exist.",
    Stop.CANCELLED: "The search was cancelled: a better plan may exist.",
    Stop.ENGINE_DONE: "The engine proves nothing more: a better plan may exist.",
}


def of_analysis(analysis: Analysis) -> Iterator[str]:
    """What the scenarios come to: how many lack tasks, the worst of them, the cheapest that do not."""
    yield sentence(analysis) + "."
    base = analysis.base
    if base is not None and base.is_answered:
        lack = f"lacks {_tasks(base.missing)} ({_groups(base)})" if base.missing else "has a place for every task"
        yield f"The cluster as it is {lack}; {base.used:,} of {base.instances:,} instances are in use."
    before = 0 if base is None else base.missing
    others = [row for row in analysis.rows if row.is_answered and row.scenario != BASE]
    worse = [row for row in others if row.missing > before]
    if worse:
        worst = max(worse, key=lambda row: row.missing)
        yield f"Most tasks are missing in “{worst.scenario}”: {worst.missing:,} ({_groups(worst)})."
    good = [row for row in others if row.missing <= before]
    priced = [(row.cost, row.scenario) for row in good if row.cost is not None]
    if priced:
        cost, name = min(priced)
        yield f"The cheapest that lacks no more than the cluster as it is: “{name}”, {cost / MILLIONTHS:,.2f} an hour."
    unproved = sum(not row.shortfall_proven for row in others if row.missing)
    if unproved:
        yield f"Of {_scenarios(unproved)} with missing tasks it is not proved that no more fit: a longer limit may find some."
    if analysis.failed:
        verb = "has" if len(analysis.failed) == 1 else "have"
        yield f"{_scenarios(len(analysis.failed))} {verb} no answer; the table says why."


def of_plan(plan: KeptPlan) -> Iterator[str]:
    """What a plan does, what it lacks, what is proved, and how full the cluster is before and after."""
    yield f"{', '.join(_done(plan))}."
    lacking = [(group.missing, group.name) for group in plan.groups if group.missing]
    if lacking:
        count = sum(missing for missing, _ in lacking)
        yield f"Without a place: {_tasks(count)} ({_listed(lacking)})."
    yield _STATUS.get(plan.status) or _STOPPED[plan.stop]
    if plan.losses:
        survived, asked = sum(not one.short for one in plan.losses), len(plan.losses)
        yield f"Every task has a place after {survived:,} of the {asked:,} losses that the plan must survive."
    shares = []
    for r, name in enumerate(plan.resources):
        whole = sum(one.capacity[r] for one in plan.instances)
        if whole:
            before, after = (sum(used) / whole for used in _used(plan, r))
            shares.append(f"{name} {before:.1%} before, {after:.1%} after")
    if shares:
        yield f"Used of the whole cluster: {'; '.join(shares)}."
    held = (sum(one.held_before for one in plan.instances), sum(one.held_after for one in plan.instances))
    yield f"In use: {held[0]:,} of {len(plan.instances):,} instances before, {held[1]:,} after."


def origin(plan: KeptPlan) -> str:
    """Of which cluster, when, by what and how long."""
    said = [f"{len(plan.instances):,} {plural('instance', len(plan.instances))}"]
    said[0] += f" of {plan.cluster}" if plan.cluster else ""
    said += [f"as of {plan.taken_at}"] if plan.taken_at else []
    said.append(f"{plan.engine} engine, seed {plan.seed}, {duration(plan.seconds)}")
    said += [f"{name} {version}" for name, version in plan.versions.items()]
    return "; ".join([*said, f"request {plan.fingerprint[:16]}"])


def _used(plan: KeptPlan, r: int) -> tuple[list[int], list[int]]:
    return [one.used_before[r] for one in plan.instances], [one.used_after[r] for one in plan.instances]


def _done(plan: KeptPlan) -> Iterator[str]:
    """How many tasks start, stop and move."""
    gains = [group.after - group.before for group in plan.groups]
    wanted = sum(group.wanted for group in plan.groups)
    started, stopped = sum(max(gain, 0) for gain in gains), sum(max(-gain, 0) for gain in gains)
    yield f"{_tasks(started)} started" + (f" of {wanted:,} wanted" if wanted else "")
    if stopped:
        yield f"{stopped:,} stopped for good"
    if plan.moved:
        yield f"{plan.moved:,} moved"


def _groups(row: Row) -> str:
    return _listed([(count, name) for name, count in (row.short or {}).items()])


def _listed(counts: Sequence[tuple[int, str]]) -> str:
    shown = [f"{count:,} of {name}" for count, name in counts[:MOST_GROUPS]]
    more = len(counts) - len(shown)
    return ", ".join([*shown, *([f"and of {more:,} more groups"] if more else [])])


def _tasks(count: int) -> str:
    return f"{count:,} {plural('task', count)}"


def _scenarios(count: int) -> str:
    return f"{count:,} {plural('scenario', count)}"
