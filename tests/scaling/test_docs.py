"""What docs/scaling.md says is all that is read and written."""

from __future__ import annotations

import re

from solver.scaling import reading
from solver.scaling.timeline import COLUMNS, SUMMARY
from tests.readme import ROOT


def test_every_key_and_column_is_documented() -> None:
    """Keys of the file, of its parts, and the columns of both tables."""
    said = set(re.findall(r"`(\w+)", (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")))
    keys = {*reading.KEYS, *reading.PROVIDER_KEYS, *reading.SERVICE_KEYS, *reading.TRACKING_KEYS}
    keys |= {*reading.STEPPING_KEYS, *reading.OUR_KEYS, *reading.DEMAND_KEYS}
    assert keys | {*COLUMNS, *SUMMARY} <= said
