"""Peak memory of one phase in a fresh process: ``python -m benchmarks.peak_memory SUBJECT CASE PHASE SEED SCALE``.

The peak is that of the whole process, interpreter, imports and problem included. On Linux it is read from ``VmHWM``: the
``ru_maxrss`` of a process starts at what its parent held when it was started, which would count the benchmark runner.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.subjects import subject

_STATUS = Path("/proc/self/status")
_ROOT = Path(__file__).resolve().parent.parent


def peak_of_this_process() -> float:
    """Peak resident memory so far, MB (10^6 bytes)."""
    if _STATUS.is_file():
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def peak_of(subject_name: str, case: str, phase: str, seed: int, scale: float) -> float:
    """Peak resident memory, MB, of a process that does this and nothing else.

    Raises
    ------
    subprocess.CalledProcessError
        If the process fails.
    """
    command = [sys.executable, "-m", "benchmarks.peak_memory", subject_name, case, phase, str(seed), str(scale)]
    answer = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(answer.stdout.split()[-1])


def main(arguments: Sequence[str]) -> None:
    """Do the phase once and print the peak."""
    subject_name, case_name, phase_name, seed, scale = arguments
    found = subject(subject_name)
    with ExitStack() as stack:
        found.phase(phase_name).prepare(found.case(case_name), int(seed), float(scale), stack)()
        print(peak_of_this_process())


if __name__ == "__main__":
    main(sys.argv[1:])
