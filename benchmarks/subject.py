"""What is measured: a subject is a workload in some cases, each of them in some phases.

A subject is the constant ``SUBJECT`` of a module in ``benchmarks/subjects``; nothing else lists it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from solver.domain.problem import Problem
from solver.domain.request import Limits

TEN_SEEDS = tuple(range(1, 11))


@dataclass(frozen=True)
class Outcome:
    """What one run of a phase gave.

    Parameters
    ----------
    status
        The answer's status; empty for a phase that makes no answer.
    value, bound, proven
        Of the tier that the case looks at; empty where the phase has none.
    figures
        Further numbers for the report, by name.
    wrong
        What does not hold and must, at any speed and in any time limit; empty if all is well.
    """

    status: str = ""
    value: tuple[int, ...] = ()
    bound: tuple[int, ...] = ()
    proven: bool = False
    figures: Mapping[str, int | float | str] = field(default_factory=dict)
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Aim:
    """What a phase of a case is meant to reach; the report says whether it did, no test fails on it.

    Parameters
    ----------
    seconds
        The median of the wall time is to be below this.
    proven
        Every answer is to be proved.
    every
        Every run is to be below, not the median alone.
    """

    seconds: float
    proven: bool = False
    every: bool = False


@dataclass(frozen=True)
class Rival:
    """What somebody else reached on a case.

    Parameters
    ----------
    case
        The case's name.
    figure
        Their number with its unit.
    source
        Where it is from. It begins with *measured* where the system was run beside this one, on the same problems and
        computer; else the number is one that somebody published.
    value
        Theirs in the case's own measure, seed by seed or once, where it can be compared; smaller is better.
    seconds
        Theirs, the least and the most where they differ, where it can be compared with the median of the answer.
    """

    case: str
    system: str
    figure: str
    source: str
    value: tuple[int, ...] = ()
    seconds: tuple[float, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether the system was run beside this one."""
        return self.source.startswith("measured")


@dataclass(frozen=True)
class Case:
    """One size or shape of a workload.

    Parameters
    ----------
    build
        The problem of a seed at a scale in (0, 1]: 1 is the case itself, less a smaller one of the same kind.
    limits
        Of the answer; ``seed`` is replaced by the case's.
    seeds
        One run each, for the problem where it is random and for the engine.
    tier
        The tier whose value and bound are reported, as ``2/binpack/instances``; empty for the last.
    optimum
        Known optimal values of that tier at scale 1, by seed.
    all_placed
        Whether an answer must place everything, at scale 1.
    size
        The number that grows from case to case, in the subject's ``axis``; 0 where nothing does.
    series
        Cases with the same text are one line of growth.
    aims
        By phase.
    headlines
        By phase, the column that it fills in the row of a release.
    """

    name: str
    build: Callable[[int, float], Problem]
    limits: Limits = Limits()
    seeds: tuple[int, ...] = TEN_SEEDS
    tier: str = ""
    optimum: Mapping[int, int] = field(default_factory=dict)
    all_placed: bool = True
    size: int = 0
    series: str = ""
    aims: Mapping[str, Aim] = field(default_factory=dict)
    headlines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Phase:
    """A part of the work that is timed alone.

    Parameters
    ----------
    prepare
        Makes everything that is not timed from a case, a seed and a scale, and returns what is timed. What has to be
        released is put on the stack, which lives until the last seed is measured.
    judge
        From the case, the seed, the scale and what was returned to the outcome; not timed.
    """

    name: str
    prepare: Callable[[Case, int, float, ExitStack], Callable[[], object]]
    judge: Callable[[Case, int, float, object], Outcome]


@dataclass(frozen=True)
class Subject:
    """A workload.

    Parameters
    ----------
    name
        As on the command line and in the report.
    title
        One line.
    description
        The workload, so that anybody can make it, and the source of it.
    axis
        What grows from case to case (``instances``, ``tasks``); empty where nothing does.
    """

    name: str
    title: str
    description: str
    cases: tuple[Case, ...]
    phases: tuple[Phase, ...]
    rivals: tuple[Rival, ...] = ()
    axis: str = ""

    def case(self, name: str) -> Case:
        """The case of that name.

        Raises
        ------
        KeyError
            If there is none.
        """
        return {case.name: case for case in self.cases}[name]

    def phase(self, name: str) -> Phase:
        """The phase of that name.

        Raises
        ------
        KeyError
            If there is none.
        """
        return {phase.name: phase for phase in self.phases}[name]
