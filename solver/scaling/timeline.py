"""The timeline as CSV: a row a minute, set of rules, and service, provider or the whole. The columns are stable."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from fractions import Fraction

from solver.domain.money import MILLIONTHS
from solver.scaling.simulator import Run

COLUMNS = (
    *("minute", "rules", "kind", "name", "demand", "metric", "desired", "running", "waiting", "short"),
    *("needed", "coming", "empty", "launched", "removed", "moved", "price"),
)
"""``kind`` is ``service`` (tasks), ``provider`` (instances) or ``cluster``; a cell that does not apply is empty."""

SUMMARY = (
    *("rules", "cost", "wanted", "ran", "unplaced", "short", "moved"),
    *("instance_minutes", "most_instances", "launched", "removed"),
)


def timeline_to_csv(runs: Iterable[Run]) -> str:
    """Every minute of some runs, run by run; ``metric`` in percent with two decimals, ``price`` of an hour."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for run in runs:
        writer.writerows(sorted(_rows(run), key=lambda row: int(str(row["minute"]))))
    return text.getvalue()


def _rows(run: Run) -> Iterable[dict[str, object]]:
    for service in run.services:
        yield {
            **{"minute": service.minute, "rules": run.rules, "kind": "service", "name": service.service},
            **{"demand": decimal(service.demand, 6), "metric": percent(service.metric), "desired": service.desired},
            **{"running": service.running, "waiting": service.waiting, "short": service.short},
        }
    for provider in run.providers:
        yield {
            **{"minute": provider.minute, "rules": run.rules, "kind": "provider", "name": provider.provider},
            **{"metric": percent(provider.reservation), "desired": provider.desired, "running": provider.running},
            **{"needed": provider.needed, "coming": provider.coming, "empty": provider.empty},
            **{"launched": provider.launched, "removed": provider.removed},
        }
    for whole in run.minutes:
        yield {
            **{"minute": whole.minute, "rules": run.rules, "kind": "cluster", "name": ""},
            **{"moved": whole.moved, "price": decimal(Fraction(whole.price, MILLIONTHS), 6)},
        }


def summary_to_csv(runs: Sequence[Run]) -> str:
    """A row a run: cost, task-minutes, tasks moved, instances."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(SUMMARY)
    for run in runs:
        writer.writerow(summary(run).values())
    return text.getvalue()


def summary(run: Run) -> dict[str, str | int]:
    """The columns of ``SUMMARY``."""
    values = (
        *(run.rules, decimal(run.cost, 6), run.wanted, run.ran, run.unplaced, run.short, run.moved),
        *(run.instance_minutes, run.most, run.launched, run.removed),
    )
    return dict(zip(SUMMARY, values, strict=True))


def decimal(value: Fraction, places: int) -> str:
    """A number, exactly as rounded half to even, without zeros at the end."""
    scaled = round(value * 10**places)
    whole, part = divmod(abs(scaled), 10**places)
    digits = f"{part:0{places}}".rstrip("0")
    return f"{'-' if scaled < 0 else ''}{whole}{'.' if digits else ''}{digits}"


def percent(value: Fraction | None) -> str:
    """Two decimals; empty where nothing is measured."""
    return "" if value is None else decimal(value, 2)
