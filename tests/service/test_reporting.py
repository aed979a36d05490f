"""What a search reports, and when."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from solver.domain.request import Limits
from solver.engines.incumbent import Known
from solver.service import reporting
from solver.service.decode import PlaceCall
from solver.service.frames import Call, Reply
from solver.service.reporting import Reporter
from solver.service.verbs import STREAMS
from solver.v1 import placement_service_pb2 as wire
from tests.service import fake_api, problems


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def monotonic(self) -> float:
        """The moment."""
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The reporter's."""
    found = Clock()
    monkeypatch.setattr(reporting, "time", found)
    return found


class Reported:
    """A reporter of a stream, and what it has sent."""

    def __init__(self, finish_by: float = math.inf, *, whole: bool = False) -> None:
        self.sent: list[tuple[Reply, bytes]] = []
        self.problem = replace(problems.small(), all_or_nothing=whole)
        call = PlaceCall(self.problem, Limits())
        stream = STREAMS[Call.STREAM_PLACE]
        self.reporter = Reporter(call, stream, finish_by, self._send, fake_api.fingerprint, fake_api.versions())

    def _send(self, kind: Reply, payload: bytes) -> None:
        self.sent.append((kind, payload))

    def plan(self, value: int, bound: int = 0) -> Known:
        """Another plan, with the value and the bound of its first tier."""
        return fake_api.known(self.problem, problems.answer_to(self.problem).tasks, value, bound)

    def values(self) -> list[int]:
        """What was sent, by the first tier's value."""
        return [wire.PlaceResponse.FromString(payload).tiers[0].value for _, payload in self.sent]


def test_the_first_plan_is_reported_however_late(clock: Clock) -> None:
    """It may be all that there is when the time is up; a later one that would take until then is not."""
    found = Reported(finish_by=-1.0)
    found.reporter.told(found.plan(9))
    clock.now += reporting.INTERVAL
    found.reporter.told(found.plan(8))
    assert found.values() == [9]


def test_the_newest_of_what_was_too_early_is_reported_when_it_is_due(clock: Clock) -> None:
    """A look before the interval is over sends nothing, one after it the newest plan, and the next one nothing more."""
    found = Reported()
    for value in (9, 8, 7):
        found.reporter.told(found.plan(value))
    clock.now += 0.9 * reporting.INTERVAL
    found.reporter.looked()
    assert found.values() == [9]
    clock.now += reporting.INTERVAL
    found.reporter.looked()
    found.reporter.looked()
    assert found.values() == [9, 7]


@pytest.mark.parametrize("bound", [0, 3])
def test_a_plan_that_is_known_is_reported_again_by_its_bounds_alone(clock: Clock, bound: int) -> None:
    """Bounds go out where they have changed, and nothing where they have not."""
    found = Reported()
    plan = found.plan(9)
    found.reporter.told(plan)
    clock.now += reporting.INTERVAL
    found.reporter.told(fake_api.known(found.problem, plan.tasks, 9, bound))
    assert [kind for kind, _ in found.sent] == [Reply.PLAN, *[Reply.BOUNDS] * bool(bound)]


def test_half_of_what_must_be_whole_is_not_reported() -> None:
    """One of two tasks is no plan where it is all or nothing."""
    found = Reported(whole=True)
    found.reporter.told(found.plan(1))
    assert found.sent == []


def test_nothing_is_reported_once_it_is_closed() -> None:
    """The answer is the last thing that is said."""
    found = Reported()
    found.reporter.close()
    found.reporter.told(found.plan(9))
    found.reporter.looked()
    assert found.sent == []
