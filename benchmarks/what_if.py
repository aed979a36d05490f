"""A sweep of a thousand scenarios that is killed in the middle: every row once, and how many a second.

    python -m benchmarks.what_if                  # 1,000 scenarios of the demo cluster, some minutes
    python -m benchmarks.what_if --scenarios 100  # a sample of them

The scenarios of ``examples/what_if_grid.yaml`` are answered by ``placement-solver what-if --out`` with the sequential engine.
Once half of the rows are there the whole group of processes gets SIGKILL, and a torn row is put behind what it left. The same
command then goes on. The exit code is 1 unless every scenario has one row, in order, and what was there before is there still.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from solver.formats import ecs
from solver.whatif.reading import read_study
from solver.whatif.scenario import BASE
from solver.whatif.store import RESULTS, read_rows

ROOT = Path(__file__).resolve().parent.parent
GRID = ROOT / "examples" / "what_if_grid.yaml"
DEMO = ROOT / "datasets" / "demo"
COMMAND = (sys.executable, "-c", "from solver.cli import main; main()", "what-if")
TORN = b'"lost=none growth=1 more=1",OPTIMAL,,3'
POLL_SECONDS = 0.02


def rows_in(path: Path) -> int:
    """Whole rows of a file."""
    return max(path.read_bytes().count(b"\n") - 1, 0) if path.exists() else 0


def scenarios_file(folder: Path, count: int) -> Path:
    """The grid, or a sample of it."""
    path = folder / "scenarios.yaml"
    text = GRID.read_text(encoding="utf-8")
    path.write_text(text if count >= 1_000 else f"{text}  sample: {count}\n", encoding="utf-8")
    return path


def begun(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """The command in a group of processes of its own."""
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)


def measured(folder: Path, count: int, workers: int) -> bool:
    """Run, kill, resume, print; whether everything is as it should be."""
    file, out = scenarios_file(folder, count), folder / "out"
    command = [*COMMAND, str(DEMO), str(file), "--engine", "sequential", "--workers", str(workers), "--out", str(out)]
    results = out / RESULTS
    start = time.monotonic()
    process = begun(command)
    while rows_in(results) < count // 2 and process.poll() is None:
        time.sleep(POLL_SECONDS)
    killed_at = time.monotonic() - start
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    content = results.read_bytes()
    kept = content[: content.rfind(b"\n") + 1].splitlines()
    with results.open("ab") as torn:
        torn.write(TORN)
    resumed = time.monotonic()
    code = begun(command).wait()
    seconds = killed_at + time.monotonic() - resumed
    wanted = [BASE, *(scenario.name for scenario in read_study(file, ecs.read(DEMO)).scenarios)]
    found = list(read_rows(out))
    right = code == 0 and found == wanted and set(kept) <= set(results.read_bytes().splitlines())
    print(
        f"{len(wanted):,} scenarios with {workers} workers, killed after {len(kept) - 1:,} rows and resumed: "
        f"{len(found):,} rows, {'each scenario once' if found == wanted else 'NOT each scenario once'}; "
        f"{seconds:.0f} s, {len(wanted) / seconds:.1f} a second"
    )
    return right


def main() -> int:
    """Measure once; 1 where a row is missing, double or changed."""
    parser = argparse.ArgumentParser(description="A sweep that is killed in the middle.")
    parser.add_argument("--scenarios", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if measured(Path(folder), given.scenarios, given.workers) else 1


if __name__ == "__main__":
    sys.exit(main())
