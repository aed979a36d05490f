"""What an answer depends on: the request, as a digest of all that matters of it, and the versions of what answers."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib import metadata

import numpy as np

from solver.domain.counts import Counts
from solver.domain.problem import Problem
from solver.domain.survival import Survival


@cache
def versions() -> dict[str, str]:
    """What an answer depends on: this package, ortools, numpy and Python."""
    named = {name: metadata.version(name) for name in ("placement-solver", "ortools", "numpy")}
    return {**named, "python": platform.python_version()}


def fingerprint(problem: Problem, hint: Counts | None = None, survival: Survival | None = None) -> str:
    """SHA-256 over everything that the answer depends on, as hexadecimal text (§10.2)."""
    digest = hashlib.sha256()
    hinted = () if hint is None else (b"hint", hint.group.tobytes(), hint.instance.tobytes(), hint.count.tobytes())
    survived = () if survival is None else (repr(survival).encode(),)
    for part in (*_parts(problem), *hinted, *survived):
        digest.update(part)
        digest.update(b"\x00")
    return digest.hexdigest()


def _parts(problem: Problem) -> Iterable[bytes]:
    cluster = problem.cluster
    yield repr((cluster.instance_ids, cluster.resources, cluster.name, cluster.taken_at)).encode()
    for array in (cluster.capacity, cluster.free, cluster.active, cluster.connected, cluster.unlisted_tasks):
        yield np.ascontiguousarray(array).tobytes()
    columns = {
        **{f"attribute:{name}": column for name, column in cluster.attributes.items()},
        "ec2": cluster.ec2_instance_id,
        "agent": cluster.agent_version,
        "registered": cluster.registered_at,
        "provider": cluster.capacity_provider,
    }
    for name in sorted(columns):
        yield name.encode()
        yield repr(columns[name].values).encode()
        yield columns[name].codes.tobytes()
    for port in sorted(cluster.used_ports):
        yield repr(port).encode() + cluster.used_ports[port].tobytes()
    for group in problem.groups:
        yield repr((replace(group, demand={}), sorted(group.demand.items()))).encode()
    if any(group.targets for group in problem.groups):
        # No plan depends on them, what the answer says of it does.
        yield repr([group.targets for group in problem.groups]).encode()
    running = problem.running
    yield running.group.tobytes() + running.instance.tobytes() + running.count.tobytes()
    if problem.device_groups or cluster.devices.size:
        yield repr([(group.devices, group.arrivals) for group in problem.groups]).encode()
        yield cluster.device_count.tobytes()
        yield np.ascontiguousarray(cluster.devices).tobytes() + repr(sorted(problem.seats.items())).encode()
    freedom = replace(problem.freedom, slot={})
    yield repr((problem.rules, problem.all_or_nothing, freedom, sorted(problem.freedom.slot.items()))).encode()
    yield problem.frozen.tobytes() + problem.drained.tobytes()
