"""N8: GPU sharing on the OpenB trace, against the best published online policy, and what batches with moves add."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.page.blocks import Comparison, Content, Section, Suite, Table, Verdict

FILE = "gpu_sharing.csv"
COMMAND = "python -m benchmarks.gpu_sharing --results benchmarks/gpu_sharing.csv --curve"
SOURCE = "Weng et al., USENIX ATC 2023, mean of 10 draws"
ORIGIN = "Two cores, placement-solver 0.1.0."
PREFIX = "openb_pod_list_"

FGD = {("default", 100): 95.23, ("default", 130): 95.39, ("gpuspec33", 100): 87.84, ("gpuspec33", 130): 94.55}
"""Percent of the GPUs allocated by the policy FGD, by workload and percent of the GPUs that had been asked for."""


def read(folder: Path) -> Content:
    """One by one against FGD; batches as a table."""
    if not (folder / FILE).is_file():
        return Content()
    found = pd.read_csv(folder / FILE)
    found = found.assign(workload=found["workload"].str.removeprefix(PREFIX))
    single = found[(found["sample"] == 1) & (found["batch"] == 1) & (found["moves"] == 0)]
    tables = [_draws(single), _batches(found[found["sample"] > 1])]
    return Content(
        note=f"Ours on N8: {ORIGIN}",
        comparisons=list(_comparisons(single)),
        sections=[
            Section(
                "gpu-sharing",
                "N8: GPU sharing",
                "The OpenB trace: pods arrive one by one in random order until 1.3 times the GPUs have been asked for, and none "
                "moves. Percent of the GPUs that is allocated; more is better. In batches, so many pods are decided at once, "
                "with so many moves each, on a tenth of the nodes.",
                COMMAND,
                ORIGIN,
                [table for table in tables if table.rows],
            )
        ],
    )


def _comparisons(single: pd.DataFrame) -> Iterator[Comparison]:
    for (workload, arrived), theirs in FGD.items():
        runs = single[single["workload"] == workload]
        if runs.empty:
            continue
        ours = float(runs[f"at_{arrived}"].mean())
        yield Comparison(
            system="FGD",
            workload=f"N8, {workload}: GPUs allocated, one by one, {arrived} % arrived",
            theirs=f"{theirs:.2f} %",
            ours=f"{ours:.2f} %, mean of {len(runs)} draws",
            verdict=_verdict(round(ours, 2), theirs),
            measured=False,
            source=SOURCE,
            command=COMMAND,
            note=f"ours {ours - theirs:+.2f} points",
        )


def _verdict(ours: float, theirs: float) -> Verdict:
    return Verdict.BETTER if ours > theirs else Verdict.EQUAL if ours == theirs else Verdict.WORSE


def _draws(single: pd.DataFrame) -> Table:
    columns = ["at_90", "at_100", "at_110", "at_130"]
    rows = [
        [str(workload), str(len(runs)), *(f"{runs[column].mean():.2f}" for column in columns)]
        for workload, runs in single.groupby("workload")
    ]
    head = ["workload", "draws", *(f"{column.removeprefix('at_')} % arrived" for column in columns)]
    return Table("One by one: percent of the GPUs allocated, mean over the draws", head, rows)


def _batches(curve: pd.DataFrame) -> Table:
    rows = [
        [
            f"{row['workload']}: {row['batch']} pods, {row['moves']} moves",
            f"{row['at_130']:.2f}",
            f"{row['placed']:,} of {row['pods']:,}",
            f"{row['moved']:,}",
            f"{row['seconds']:.0f}",
        ]
        for row in curve.to_dict("records")
    ]
    return Table("In batches with moves", ["batch", "allocated at the end, %", "pods placed", "moved", "seconds"], rows)


SUITE = Suite("gpu_sharing", read)
