"""A call over gRPC with a deadline of 100 ms."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import cast
from weakref import WeakKeyDictionary

from benchmarks.growth import SERIES, TIERS, grown
from benchmarks.phases import PLACE, judged
from benchmarks.subject import Aim, Case, Outcome, Phase, Subject
from solver.domain.answer import Answer
from solver.domain.problem import Problem
from solver.domain.request import Limits
from solver.errors import DeadlineMissed
from solver.service.client import Client

DEADLINE = 0.100
WARM_UP_SECONDS = 0.5

_ROOT = Path(__file__).resolve().parents[2]
_SERVER = """
from solver.service.options import ServerOptions
from solver.service.server import serve
serve(ServerOptions(workers=1, address="127.0.0.1:0"), on_ready=lambda address: print(address, flush=True))
"""
_clients: WeakKeyDictionary[ExitStack, Client] = WeakKeyDictionary()


@contextmanager
def _server() -> Iterator[str]:
    """The address of a server with one worker, in processes of its own; it ends with the context."""
    with subprocess.Popen([sys.executable, "-c", _SERVER], cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("the server has no standard output")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _client(stack: ExitStack, first: Problem) -> Client:
    """One server and one client for all seeds of a measurement; the first call has been made."""
    if stack not in _clients:
        _clients[stack] = stack.enter_context(Client(stack.enter_context(_server())))
        _clients[stack].place(first, Limits(time_limit=WARM_UP_SECONDS))
    return _clients[stack]


def _prepare(case: Case, seed: int, scale: float, stack: ExitStack) -> Callable[[], object]:
    client = _client(stack, case.build(seed, min(scale, 0.1)))
    return partial(_call, client, case.build(seed, scale), Limits(seed=seed))


def _call(client: Client, problem: Problem, limits: Limits) -> Answer | None:
    """The answer; None where it was late."""
    try:
        return client.place(problem, limits, timeout=DEADLINE)
    except DeadlineMissed:
        return None


def _judge(case: Case, seed: int, scale: float, found: object) -> Outcome:
    answer = cast(Answer | None, found)
    return Outcome(status="LATE") if answer is None else judged(case, seed, scale, answer)


def _case(series: str, headline: str = "") -> Case:
    return Case(
        name=series,
        build=partial(_build, series),
        limits=Limits(time_limit=DEADLINE),
        tier=TIERS[series],
        # On a slow machine the time does not suffice for the last tasks of the sequential plan.
        all_placed=False,
        aims={"call": Aim(DEADLINE, every=True)},
        headlines={"call": headline} if headline else {},
    )


def _build(series: str, seed: int, scale: float) -> Problem:
    return grown(SERIES[series], 1_000, 1_000, 20, 1, seed, scale)


SUBJECT = Subject(
    name="grpc_deadline",
    title="A deadline of 100 ms over gRPC",
    description=(
        "1,000 tasks of 20 of N4's services on 1,000 of N4's instances, sent to a server with one worker process on the "
        "same computer; the call's deadline is 100 ms and covers encoding, both ways, the search, the check and decoding. "
        "*Pack* and *spread* as in the subjects of growth. *LATE*: the deadline passed. *Answer*: the same in this "
        "process, time limit 100 ms. The memory of a call is the client's."
    ),
    cases=(_case("pack", "gRPC, deadline 100 ms"), _case("spread")),
    phases=(Phase("call", _prepare, _judge), PLACE),
)
