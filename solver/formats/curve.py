"""A curve as CSV and as JSON: what each budget of moves gains, one row or point a budget."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from solver.domain.curve import CurvePoint


def curve_to_csv(points: Sequence[CurvePoint]) -> str:
    """One row a budget: ``max_moves``, ``moves``, ``proven``, then of each tier its value, its bound, whether it is proven."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [tier.name for tier in points[0].tiers] if points else []
    columns = (f"{name} {what}" for name in names for what in ("value", "bound", "proven"))
    writer.writerow(("max_moves", "moves", "proven", *columns))
    for point in points:
        cells = (cell for tier in point.tiers for cell in (tier.value, tier.bound, _word(tier.proven)))
        writer.writerow((point.max_moves, point.moves, _word(point.proven), *cells))
    return out.getvalue()


def curve_to_json(points: Sequence[CurvePoint]) -> str:
    """``points``, with the tiers of each as in an answer: 64-bit numbers as strings."""
    found = [
        {
            "maxMoves": str(point.max_moves),
            "moves": str(point.moves),
            "proven": point.proven,
            "tiers": [
                {
                    "name": tier.name,
                    "title": tier.title,
                    "value": str(tier.value),
                    "bound": str(tier.bound),
                    "proven": tier.proven,
                    "source": tier.source,
                    "remark": tier.remark,
                }
                for tier in point.tiers
            ],
        }
        for point in points
    ]
    return json.dumps({"points": found}, indent=2, ensure_ascii=False)


def _word(proven: bool) -> str:
    return "yes" if proven else "no"
