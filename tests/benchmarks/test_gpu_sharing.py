"""N8's benchmark: the decisions of a run played back by an evaluator that shares no code with it or the solver."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import gpu_sharing
from benchmarks.gpu_sharing import Found, Run, curve_table, drawn, policies, sampled
from solver.formats.openb import Trace, read_openb, trace_from_csv

NODES = "sn,cpu_milli,memory_mib,gpu,model\n" + "".join(
    f"n{i},{cpu},64000,{gpu},{model}\n" for i, (cpu, gpu, model) in enumerate([(16000, 2, "T4"), (32000, 4, "G2")] * 3)
)
HEAD = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
PODS = HEAD + "".join(
    f"p{i},{cpu},1000,{count},{each},{models}\n"
    for i, (cpu, count, each, models) in enumerate(
        [(2000, 1, 810, ""), (1000, 1, 460, ""), (1000, 1, 160, "T4"), (4000, 1, 1000, "G2|T4"), (4000, 0, 0, "")] * 6
        + [(8000, 4, 1000, ""), (4000, 2, 1000, "G2")]
    )
)


def played_back(nodes: str, requests: list[dict[str, str]], run: Run) -> list[tuple[int, int]]:
    """GPU thousandths that were asked for and that are allocated after each batch, every limit checked on the way.

    Plain dictionaries from the text of the files; pods by the number of their arrival.
    """
    rows = {row["sn"]: row for row in csv.DictReader(io.StringIO(nodes))}
    holds: dict[int, tuple[str, tuple[int, ...]]] = {}
    found = []
    for batch in range(-(-len(requests) // run.size)):
        for decision in (one for one in run.decisions if one.batch == batch):
            assert decision.pod < (batch + 1) * run.size, "a pod is placed before it arrives"
            holds[decision.pod] = (decision.node, decision.devices)
        cpu, memory, gpu = Counter[str](), Counter[str](), Counter[tuple[str, int]]()
        for pod, (node, devices) in holds.items():
            asked = requests[pod]
            cpu[node] += int(asked["cpu_milli"])
            memory[node] += int(asked["memory_mib"])
            assert len(devices) == len(set(devices)) == int(asked["num_gpu"])
            assert not asked["gpu_spec"] or rows[node]["model"] in asked["gpu_spec"].split("|")
            for device in devices:
                assert 0 <= device < int(rows[node]["gpu"])
                gpu[node, device] += int(asked["gpu_milli"])
        assert all(amount <= int(rows[node]["cpu_milli"]) for node, amount in cpu.items())
        assert all(amount <= int(rows[node]["memory_mib"]) for node, amount in memory.items())
        assert all(amount <= 1000 for amount in gpu.values())
        arrived = requests[: (batch + 1) * run.size]
        found.append((sum(int(r["num_gpu"]) * int(r["gpu_milli"]) for r in arrived), sum(gpu.values())))
    return found


def requests_of(trace: Trace, pods: str, arrivals: list[int]) -> list[dict[str, str]]:
    """A row of the pod list for each arrival."""
    example = dict(zip(trace.pods, csv.DictReader(io.StringIO(pods)), strict=True))
    return [example[group] for group in arrivals]


@pytest.mark.parametrize(("size", "moves"), [(1, 0), (1, 2), (7, 0), (7, 2)])
def test_decisions_keep_every_gpu_and_the_allocation_is_theirs(size: int, moves: int) -> None:
    """One by one and in batches, with moves and without: no device holds more than there is, and the curve is the same."""
    trace = trace_from_csv(NODES, PODS)
    run = Run(trace, drawn(trace, 1), size)
    if size == 1 and not moves:
        run.one_by_one()
    else:
        run.in_batches(moves, 5.0)
    capacity = 18_000
    expected = played_back(NODES, requests_of(trace, PODS, run.arrivals), run)
    shares = [(100 * arrived / capacity, 100 * allocated / capacity) for arrived, allocated in expected]
    assert np.allclose(list(run.allocation()), shares)
    assert shares[-1][0] > 110 and 60 < shares[-1][1] <= 100


def test_a_gpu_that_holds_too_much_is_found() -> None:
    """Both counts refuse a decision that is spoiled."""
    trace = trace_from_csv(NODES, PODS)
    run = Run(trace, drawn(trace, 1))
    run.one_by_one()
    whole = next(d for d in run.decisions if trace.groups[run.arrivals[d.pod]].demand["gpu"] == 1000)
    other = next(d for d in run.decisions if d.node == whole.node and d.pod != whole.pod and len(d.devices) == 1)
    run.decisions[run.decisions.index(other)] = gpu_sharing.Decision(other.batch, other.pod, other.node, whole.devices)
    with pytest.raises(AssertionError):
        list(run.allocation())
    with pytest.raises(AssertionError):
        played_back(NODES, requests_of(trace, PODS, run.arrivals), run)


def test_pods_arrive_as_the_protocol_says(published: Callable[[str], Path]) -> None:
    """All of the list first, then others drawn from it, up to 1.3 times the GPUs and not one more."""
    folder = published("openb")
    trace = read_openb(folder / gpu_sharing.NODES, folder / f"{gpu_sharing.WORKLOADS[0]}.csv")
    arrivals = drawn(trace, 3)
    assert Counter(arrivals[: len(trace.pods)]) == Counter(trace.pods)
    asked = sum(trace.groups[group].demand["gpu"] for group in arrivals)
    assert 1.3 * 6_212_000 - 8_000 <= asked <= 1.3 * 6_212_000
    assert drawn(trace, 3) == arrivals != drawn(trace, 4)


def test_a_run_on_published_data_holds_in_the_second_count(published: Callable[[str], Path]) -> None:
    """One by one on every fortieth node: nothing is over-committed, and nearly all GPUs are given away in the end."""
    folder = published("openb")
    pods = (folder / f"{gpu_sharing.WORKLOADS[1]}.csv").read_text()
    trace = sampled(read_openb(folder / gpu_sharing.NODES, folder / f"{gpu_sharing.WORKLOADS[1]}.csv"), 40)
    run = Run(trace, drawn(trace, 0))
    run.one_by_one()
    capacity = int(trace.cluster.devices.sum())
    nodes = (folder / gpu_sharing.NODES).read_text()
    expected = played_back(nodes, requests_of(trace, pods, run.arrivals), run)
    assert [share for _, share in run.allocation()] == pytest.approx([100 * a / capacity for _, a in expected])
    assert expected[-1][1] > 0.85 * capacity


def test_the_tables_have_the_mean_of_the_draws_beside_the_published_policies() -> None:
    """A row for each published policy and one for ours; a row for each batch size."""
    name = gpu_sharing.WORKLOADS[0]
    runs = [Found(name, 1, 1, 0, seed, 10, 9, 0, 90.0, 94.0 + seed, 95.0, 96.0 + seed, 0.1) for seed in (0, 1)]
    runs.append(Found(name, 10, 50, 5, 0, 10, 9, 3, 90.0, 94.0, 95.0, 97.25, 0.1))
    row = {"workload": name, "policy": "06-FGD", "runs": 10, "std_at_130": 0.077}
    listed = pd.DataFrame([row | {f"alloc_pct_at_arrived_{percent}": 95.0 for percent in gpu_sharing.ARRIVED}])
    lines = list(policies(runs, listed))
    assert lines[2] == "| default | FGD, published | 10 | 95.00 | 95.00 | 95.00 | 95.00 | 0.077 | |"
    assert "| 2 | **90.00** | **94.50** | **95.00** | **96.50** | 0.707 | 10.0 |" in lines[3]
    assert list(curve_table(runs))[-1] == "| default | 50 | 5 | 97.25 | 9 of 10 | 3 |"
