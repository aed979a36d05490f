"""What others publish and nothing here measures yet: shown as plainly as what is measured."""

from __future__ import annotations

from pathlib import Path

from benchmarks.page.blocks import Comparison, Content, Suite, Verdict

COMPARISONS = (
    Comparison(
        system="Cluster Autoscaler",
        workload="N6, right-sizing: nodes for 51,000 pods of two sizes",
        theirs="3.76 s; 0.0414 s on its fast path",
        ours="",
        verdict=Verdict.MISSING,
        measured=False,
        source="kubernetes/autoscaler, pull request 9145, on 24 threads",
        command="",
        note="right-sizing is not built here",
    ),
)


def read(folder: Path) -> Content:
    """The same whatever the folder holds."""
    return Content(comparisons=COMPARISONS)


SUITE = Suite("unmeasured", read)
