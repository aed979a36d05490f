"""Folders of results, made by hand: a what-if with plans, and a single plan; with names that a page must not obey."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from solver.domain.answer import Answer
from solver.formats.kept_plan import kept_plan
from solver.whatif.row import Outcome, Row, Tier, to_cells
from solver.whatif.store import PLANS, RESULTS, plan_file, rows_to_csv
from tests.report.answers import answer

EVIL = "<script>document.title='obeyed'</script><img src=x onerror=\"document.title='obeyed'\">"
SCENARIOS = ("base", "nine", "ten", "a hundred", EVIL, "broken")
MISSING = (1, 9, 10, 100, 1, 0)


def hostile() -> Answer:
    """A plan with a group, an instance, reasons and warnings that are markup."""
    made = answer(missing=2)
    groups = tuple(
        replace(group, name=f"{group.name}{EVIL if g == 2 else ''}") for g, group in enumerate(made.problem.groups)
    )
    cluster = replace(made.problem.cluster, name=EVIL)
    shortfalls = tuple(
        replace(
            one,
            group=EVIL,
            funnel=tuple(replace(stage, rule=EVIL, reason=EVIL) for stage in one.funnel),
            repairs=tuple(replace(repair, change=EVIL) for repair in one.repairs),
        )
        for one in made.shortfalls
    )
    problem = replace(made.problem, groups=groups, cluster=cluster)
    return replace(made, problem=problem, shortfalls=shortfalls, warnings=(EVIL,))


def rows() -> list[Row]:
    """One row a scenario: numbers that texts would put in another order, and one without an answer."""
    found = [
        Row(
            name,
            Outcome.FEASIBLE,
            wanted=120,
            placed=120 - missing,
            missing=missing,
            short={f"service:{EVIL}": missing},
            instances=60,
            used=30 + k,
            cost=1_500_000 * (k + 1),
            used_cost=750_000 * (k + 1),
            tiers=(Tier("unplaced/0", "tasks not placed", missing, 0, missing < 10),),
            warnings=(EVIL,),
            seconds=0.25,
        )
        for k, (name, missing) in enumerate(zip(SCENARIOS[:-1], MISSING[:-1], strict=True))
    ]
    return [*found, Row.failed("broken", f"edits[0].lose_zone: is {EVIL}")]


def what_if_folder(folder: Path) -> Path:
    """Rows, and the plans of the base and of the scenario whose name is markup."""
    (folder / PLANS).mkdir(parents=True)
    listed = rows()
    assert all(len(to_cells(row)) for row in listed)
    (folder / RESULTS).write_text(rows_to_csv(listed), encoding="utf-8")
    for name in ("base", EVIL):
        text = kept_plan(hostile(), scenario=name).to_json()
        (folder / PLANS / plan_file(name)).write_text(text, encoding="utf-8")
    return folder


def plan_folder(folder: Path, made: Answer | None = None) -> Path:
    """A single plan."""
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(kept_plan(made or hostile(), operation="place").to_json(), encoding="utf-8")
    return folder
