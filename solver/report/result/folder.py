"""What a folder of results holds: the rows of a what-if, a Pareto front, a curve of budgets, a simulation of scaling, plans."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from solver.errors import Fault, InvalidRequest
from solver.formats.kept_curve import CURVE_JSON, KeptCurve, read_kept_curve
from solver.formats.kept_front import KeptFront, read_kept_front
from solver.formats.kept_plan import KeptPlan
from solver.formats.kept_plan_reading import read_kept_plan
from solver.pareto.keeping import FRONT_JSON
from solver.report.result.timeline import TIMELINE, Timeline, read_timeline
from solver.whatif.analysis import Analysis
from solver.whatif.scenario import BASE
from solver.whatif.store import PLANS, RESULTS, RUN, plan_file, read_rows

PLAN = "plan.json"

MOST_POINTS = 8
"""Points of a front, and plans of a curve, that are drawn."""


@dataclass(frozen=True)
class Result:
    """What there is to report.

    Parameters
    ----------
    name
        Of the folder.
    analysis
        The rows of a what-if, the base first; None where there are none.
    plans
        A single plan, or those of the scenarios that were kept, in the order of the rows.
    run
        Of what the rows are, by name: fingerprints, limits, versions.
    front
        A Pareto front, of which ``plans`` are some of the points; None where there is none.
    timeline
        A simulation of scaling; None where there is none.
    curve
        A curve of budgets, of which ``plans`` are some of the plans; None where there is none.
    """

    name: str
    analysis: Analysis | None
    plans: tuple[KeptPlan, ...]
    run: Mapping[str, str]
    front: KeptFront | None = None
    timeline: Timeline | None = None
    curve: KeptCurve | None = None


def read_result(folder: Path) -> Result:
    """What a folder holds.

    Raises
    ------
    InvalidRequest
        If there is no such folder, nothing in it, or something that cannot be read: with every fault.
    TooLarge
        If a plan has more bytes than are read.
    """
    remedy = "name a folder that `what-if`, `pareto`, `place` or another command has written with --out DIR"
    if not folder.is_dir():
        raise InvalidRequest.at(str(folder), "is no folder", remedy)
    faults: list[Fault] = []
    if (folder / RESULTS).is_file():
        rows = read_rows(folder)
        listed = sorted(rows.values(), key=lambda row: row.scenario != BASE)
        known = [folder / PLANS / plan_file(row.scenario) for row in listed]
        plans = _plans([path for path in known if path.is_file()], faults)
        result = Result(folder.resolve().name, Analysis(tuple(listed), len(listed)), plans, _run(folder / RUN, faults))
    elif (folder / FRONT_JSON).is_file():
        front = read_kept_front(folder / FRONT_JSON)
        plans = _named(folder, [point.plan for point in front.points], faults)
        result = Result(folder.resolve().name, None, plans, {}, front=front)
    elif (folder / CURVE_JSON).is_file():
        curve = read_kept_curve(folder / CURVE_JSON)
        plans = _named(folder, list(dict.fromkeys(one.plan for one in curve.budgets)), faults)
        result = Result(folder.resolve().name, None, plans, {}, curve=curve)
    elif (folder / TIMELINE).is_file():
        result = Result(folder.resolve().name, None, (), {}, timeline=read_timeline(folder))
    elif (folder / PLAN).is_file():
        result = Result(folder.resolve().name, None, _plans([folder / PLAN], faults), {})
    else:
        names = f"{RESULTS}, {FRONT_JSON}, {CURVE_JSON}, {TIMELINE} and {PLAN}"
        raise InvalidRequest.at(str(folder), f"holds none of {names}", remedy)
    if faults:
        raise InvalidRequest(faults)
    return result


def _named(folder: Path, names: Sequence[str], faults: list[Fault]) -> tuple[KeptPlan, ...]:
    """The plans that are drawn, of those that are there: all, or the first, the last and others evenly between them."""
    last = len(names) - 1
    drawn = names if last < MOST_POINTS else [names[round(k * last / (MOST_POINTS - 1))] for k in range(MOST_POINTS)]
    known = [folder / PLANS / f"{name}.json" for name in drawn]
    return _plans([path for path in known if path.is_file()], faults)


def _plans(paths: list[Path], faults: list[Fault]) -> tuple[KeptPlan, ...]:
    found = []
    for path in paths:
        try:
            found.append(read_kept_plan(path))
        except InvalidRequest as invalid:
            faults += invalid.faults
    return tuple(found)


def _run(path: Path, faults: list[Fault]) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_bytes())
    except ValueError as broken:
        faults.append(Fault(str(path), f"is no JSON ({broken})", "put the file of the run back, or delete it"))
        return {}
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}
