"""A named list of edits, and what it makes of a question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from solver.errors import MAX_FAULTS, Fault, InvalidRequest, under
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit
from solver.whatif.edits.survival import Survive

BASE = "base"
"""The name of the scenario without edits, which comes before all others."""

LONGEST_NAME = 200


@dataclass(frozen=True)
class Scenario:
    """What is changed, under a name.

    Parameters
    ----------
    name
        Distinct among the scenarios; printable, at most 200 characters. ``base`` is the scenario without edits.
    edits
        In the order in which they apply.
    """

    name: str
    edits: tuple[Edit, ...] = ()

    def applied_to(self, asked: Asked, path: str = "edits") -> Asked:
        """The question after all edits.

        Raises
        ------
        InvalidRequest
            With everything that is wrong with the first edit that cannot apply, at ``path[k]``.
        """
        for k, edit in enumerate(self.edits):
            try:
                asked = edit.applied_to(asked)
            except InvalidRequest as invalid:
                where = f"{path}[{k}].{edit.NAME}"
                raise InvalidRequest(under(where, invalid.faults)) from invalid
        return asked


def faults_of(asked: Asked, edits: Iterable[tuple[str, Edit]]) -> Iterator[Fault]:
    """Everything that is wrong with some edits, in their order, each given with its path.

    One that cannot apply is supposed to be mended, so that those after it are tried too.
    """
    for path, edit in edits:
        try:
            asked = edit.applied_to(asked)
        except InvalidRequest as invalid:
            yield from under(path, invalid.faults)
            asked = edit.supposed(asked)


def clock_faults(deterministic_limit: float | None, asked: Asked, scenarios: Iterable[Scenario]) -> tuple[Fault, ...]:
    """A deterministic limit where a plan must survive losses: those searches share the wall clock."""
    edits = (edit for scenario in scenarios for edit in scenario.edits)
    surviving = asked.question.survival is not None or any(isinstance(edit, Survive) and edit.lose for edit in edits)
    if deterministic_limit is None or not surviving:
        return ()
    problem = "stands beside survive, whose searches share the wall clock"
    return (Fault("limits.deterministic_limit", problem, "set time_limit alone"),)


def name_faults(scenarios: Sequence[Scenario], path: str = "scenarios") -> list[Fault]:
    """What is wrong with the names of scenarios."""
    faults: list[Fault] = []
    first: dict[str, int] = {}
    for k, scenario in enumerate(scenarios):
        where, name = f"{path}[{k}].name", scenario.name
        if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
            remedy = f"must be 1 to {LONGEST_NAME} printable characters"
            faults.append(Fault(where, f"is '{name[: LONGEST_NAME // 4]}'", remedy))
        elif name == BASE:
            faults.append(Fault(where, f"is '{BASE}'", "the cluster as it is has this name already: take another"))
        elif name in first:
            faults.append(Fault(where, f"'{name}' is already that of {path}[{first[name]}]", "give each its own"))
        first.setdefault(name, k)
        if len(faults) >= MAX_FAULTS:
            break
    return faults


def require_applicable(asked: Asked, scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios that cannot apply to a cluster, or whose names clash.

    Raises
    ------
    InvalidRequest
        With every fault, at most 100.
    """
    faults = name_faults(scenarios)
    for k, scenario in enumerate(scenarios):
        if len(faults) >= MAX_FAULTS:
            break
        where = f"scenarios[{k}].edits"
        faults += faults_of(asked, ((f"{where}[{e}].{edit.NAME}", edit) for e, edit in enumerate(scenario.edits)))
    if faults:
        raise InvalidRequest(faults)
