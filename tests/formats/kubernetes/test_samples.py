"""Objects that nobody on this project wrote: every sample is read, or is no object that the API could give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from solver.errors import InvalidRequest, UnreadableDocument
from solver.formats.kubernetes import read
from tests.formats.kubernetes.objects import node, write

SAMPLES = Path(__file__).parents[3].parent / "shared" / "data" / "k8s_samples"

NO_OBJECTS = {"master-1.json", "worker-1.json", "node-1.json"}
"""Notes of another tool on the disks of a node."""

IMPOSSIBLE = {"default-unhealthy.json", "other-unhealthy.json"}
"""Pods with a phase that is none, CrashLoopBackOff: made by hand."""


def test_every_sample_is_read(tmp_path: Path) -> None:
    """Each by itself, beside a node; kinds that are not read are counted in a warning."""
    if not SAMPLES.is_dir():
        pytest.skip("the optional samples of Kubernetes objects are not there")
    groups = 0
    paths = sorted(path for path in SAMPLES.rglob("*") if path.suffix in (".json", ".yaml"))
    assert len(paths) > 100
    for at, path in enumerate(paths):
        folder = write(tmp_path / str(at), [node("node-of-ours")])
        shutil.copy(path, folder / f"sample{path.suffix}")
        if path.name in NO_OBJECTS:
            with pytest.raises(UnreadableDocument, match="kind: is missing"):
                read(folder)
        elif path.name in IMPOSSIBLE:
            with pytest.raises(InvalidRequest, match=r"phase: is \"CrashLoopBackOff\"; must be one of Pending"):
                read(folder)
        else:
            groups += len(read(folder).groups)
    assert groups > 40


def test_the_nodes_of_a_dump(tmp_path: Path) -> None:
    """What ``kubectl get nodes`` printed for a real cluster: its amounts, zones and taints."""
    path = SAMPLES / "troubleshoot" / "nodes.json"
    if not path.is_file():
        pytest.skip("the optional samples of Kubernetes objects are not there")
    shutil.copy(path, tmp_path / "nodes.json")
    cluster = read(tmp_path).problem.cluster
    assert cluster.size > 1 and (cluster.capacity[:, :3] > 0).all()
