"""What a run of the benchmarks gave: figures of each phase of each case, and where and when they were measured."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.notation import NOTHING, counted, seconds, several, spanned

WORKERS = "Two CP-SAT workers."
PACKAGES = ("placement-solver", "ortools", "numpy")

SECONDS, PEAK, STATUS, VALUE, BOUND, PROVEN = "seconds", "peak MB", "status", "value", "bound", "proven"
"""Figures that the report has columns for; every other one is a remark."""

COLUMNS = (SECONDS, PEAK, STATUS, VALUE, BOUND, PROVEN)


@dataclass(frozen=True)
class Numbers:
    """A number of each seed.

    Parameters
    ----------
    count
        Seeds that have it.
    median, p95, least, most, total
        Over those seeds; None where it is not known any more. ``p95`` is interpolated between the two nearest seeds.
    each
        In the order of the seeds; empty where only the summary was kept.
    """

    count: int
    median: float | None = None
    p95: float | None = None
    least: float | None = None
    most: float | None = None
    total: float | None = None
    each: tuple[float, ...] = ()

    @classmethod
    def of(cls, values: Sequence[float]) -> Numbers:
        """The summary of one or more numbers."""
        return cls(
            count=len(values),
            median=float(np.median(values)),
            p95=float(np.percentile(values, 95)) if len(values) > 1 else None,
            least=min(values),
            most=max(values),
            total=sum(values),
            each=tuple(values),
        )

    @property
    def whole(self) -> bool:
        """Whether they are integers, of which the sum is worth saying; else the median is."""
        return isinstance(self.total, int)

    def text(self) -> str:
        """Integers in full or as their range and sum; of others the median."""
        if not self.whole:
            return NOTHING if self.median is None else seconds(self.median)
        if 0 < len(self.each) <= 3:
            return several([int(value) for value in self.each])
        if self.least is None or self.most is None or self.total is None:
            return NOTHING
        return spanned(int(self.least), int(self.most), int(self.total))


Texts = Mapping[str, int]
"""How many seeds had each text."""


@dataclass(frozen=True)
class Measurement:
    """One phase of one case.

    Parameters
    ----------
    run
        In which it was measured.
    figures
        By name. ``SECONDS`` and ``PEAK`` always; ``STATUS``, ``VALUE``, ``BOUND`` and ``PROVEN`` where the phase has an
        answer with tiers, whose ``PROVEN`` is 0 or 1.
    """

    run: str
    figures: Mapping[str, Numbers | Texts]

    def numbers(self, name: str) -> Numbers:
        """A figure that is a number; without seeds where the phase has none of that name."""
        found = self.figures.get(name)
        return found if isinstance(found, Numbers) else Numbers(0)

    def texts(self, name: str) -> Texts:
        """A figure that is a text; empty where the phase has none of that name."""
        found = self.figures.get(name)
        return {} if found is None or isinstance(found, Numbers) else found

    @property
    def seeds(self) -> int:
        """How many runs were timed."""
        return self.numbers(SECONDS).count

    @property
    def median(self) -> float:
        """Seconds."""
        return _known(self.numbers(SECONDS).median)

    @property
    def peak_mb(self) -> float:
        """Peak memory of a process that does this alone, MB."""
        return _known(self.numbers(PEAK).median)

    @property
    def proven(self) -> int:
        """Answers whose tier is proved."""
        return int(self.numbers(PROVEN).total or 0)

    @property
    def answers(self) -> int:
        """Answers that have the tier."""
        return self.numbers(PROVEN).count

    def remarks(self) -> Mapping[str, str]:
        """The further figures as text; beside a number that not every seed has, how many have it."""
        found = {}
        for name, figure in self.figures.items():
            if name in COLUMNS:
                continue
            if not isinstance(figure, Numbers):
                found[name] = counted(figure)
            elif figure.whole or figure.count == self.seeds:
                found[name] = figure.text()
            else:
                found[name] = f"{figure.text()} ({figure.count} of {self.seeds})"
        return found


def _known(amount: float | None) -> float:
    if amount is None:
        raise ValueError(
            "a measurement without time or memory: its rows in results.csv are not whole; measure it again"
        )
    return amount


Key = tuple[str, str, str]
"""Names of subject, case and phase."""

Measurements = Mapping[Key, Measurement]


@dataclass(frozen=True)
class Run:
    """When, where and of what was measured.

    Parameters
    ----------
    name
        What measurements call it.
    scale
        Of the subjects; 1 is the workload as described.
    loop_seconds
        How fast the machine was, as ``benchmarks.speed`` measures it.
    versions
        Of the packages that matter.
    """

    name: str
    date: str
    commit: str
    processor: str
    cores: int
    system: str
    python: str
    loop_seconds: float
    versions: Mapping[str, str]
    scale: float = 1.0

    def origin(self) -> str:
        """When, where and of what it was."""
        versions = ", ".join(f"{name} {self.versions[name]}" for name in PACKAGES)
        return (
            f"on {self.date}, at {self.commit}. {self.processor}, {self.cores} cores, {self.system}, Python {self.python}; "
            f"{versions}. {WORKERS} A million additions in Python took {self.loop_seconds * 1e3:.0f} ms meanwhile."
            + ("" if self.scale == 1 else f" **Scale {self.scale}, not the workloads as described.**")
        )


def read(path: Path) -> tuple[Measurements, Run]:
    """Read what ``pytest --benchmark-json`` wrote.

    Raises
    ------
    SystemExit
        If a measurement in it failed: what must hold did not.
    KeyError
        If it was not written by ``bench_subjects.py``.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    commit = document["commit_info"]
    at = str(commit.get("id") or "")[:10] + (" with changes" if commit.get("dirty") else "")
    name = f"{document['datetime'][:16]} at {at}"
    found: dict[Key, Measurement] = {}
    scales = set()
    for benchmark in document["benchmarks"]:
        extra = benchmark["extra_info"]
        if not extra:
            raise SystemExit(f"{path}: {benchmark['name']} failed: see what pytest says of it, and measure it again")
        scales.add(float(extra["scale"]))
        found[extra["subject"], extra["case"], extra["phase"]] = Measurement(name, _figures(benchmark))
    machine = document["machine_info"]
    return found, Run(
        name=name,
        date=document["datetime"][:10],
        commit=at,
        processor=machine.get("cpu", {}).get("brand_raw", machine.get("machine", "")),
        cores=os.cpu_count() or 1,
        system=machine["system"],
        python=machine["python_version"],
        loop_seconds=machine["loop_seconds"],
        versions={package: metadata.version(package) for package in PACKAGES},
        scale=max(scales, default=1.0),
    )


def _figures(benchmark: Mapping[str, object]) -> Mapping[str, Numbers | Texts]:
    stats = cast(Mapping[str, Sequence[float]], benchmark["stats"])
    extra = cast(Mapping[str, Sequence[object]], benchmark["extra_info"])
    found: dict[str, Numbers | Texts] = {
        SECONDS: Numbers.of(stats["data"]),
        PEAK: Numbers.of([cast(float, extra["peak_mb"])]),
    }
    status = [str(text) for text in extra["status"] if text]
    if status:
        found[STATUS] = Counter(status)
    for name in (VALUE, BOUND, PROVEN):
        if extra[name]:
            found[name] = Numbers.of([int(cast(int, value)) for value in extra[name]])
    further = cast(Sequence[Mapping[str, object]], extra["figures"])
    for name in dict.fromkeys(name for figures in further for name in figures):
        values = [figures[name] for figures in further if name in figures]
        if any(isinstance(value, str) for value in values):
            found[name] = Counter(str(value) for value in values)
        else:
            found[name] = Numbers.of(cast(Sequence[float], values))
    return found
