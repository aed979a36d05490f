"""A figure as bytes: the same figure gives the same bytes wherever the same matplotlib draws it."""

from __future__ import annotations

import io
from collections.abc import Callable
from warnings import catch_warnings, filterwarnings

from matplotlib import rc_context
from matplotlib.figure import Figure

INK = "#1f2733"
FAINT = "#6b7482"


def rendered(make: Callable[[], Figure], kind: str) -> bytes:
    """The figure that ``make`` draws, as the bytes of an ``svg`` or a ``png``. A name is never set as a formula."""
    metadata: dict[str, str | None] = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    out = io.BytesIO()
    style = rc_context(
        {
            "svg.hashsalt": "placement-solver",
            "svg.fonttype": "path",
            "font.family": "DejaVu Sans",
            "font.size": 9.0,
            "text.color": INK,
            "text.parse_math": False,
            "hatch.linewidth": 0.6,
            "path.simplify": False,
        }
    )
    with style, catch_warnings():
        # A letter that the font lacks is drawn as a box; that is no news for whoever waits for the answer.
        filterwarnings("ignore", message="Glyph .* missing")
        make().savefig(out, format=kind, dpi=150, facecolor="white", metadata=metadata)
    return out.getvalue()
